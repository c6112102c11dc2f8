"""How the head and the eyes of a frame turn and move the joints of the project's own head, for scenes."""

from __future__ import annotations

import math

import numpy as np

from bridge.frames import Floats, RigFrame


class Motion:
    """What a scene needs of a performance, gathered frame by frame."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._rows: list[tuple[Floats, ...]] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        cues = frame.cues
        self._times.append(cues.time_s)
        self._rows.append((frame.weights, cues.head_rotation, cues.head_translation, cues.gaze))

    @property
    def time_s(self) -> Floats:
        """(T,) seconds."""
        return np.array(self._times, np.float32)

    @property
    def weights(self) -> Floats:
        """(T, 52) in the order of `ARKIT`."""
        return np.array([row[0] for row in self._rows], np.float32)

    @property
    def head_rotation(self) -> Floats:
        """(T, 4) unit quaternions xyzw; neighbours lie on one half of the sphere, so that programs blend them."""
        turns = np.array([row[1] for row in self._rows], np.float32)
        flips = np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0)
        turns[1:] *= np.cumprod(flips)[:, None].astype(np.float32)
        return turns

    @property
    def head_translation(self) -> Floats:
        """(T, 3) cm."""
        return np.array([row[2] for row in self._rows], np.float32)

    def eye_rotation(self, side: int) -> Floats:
        """(T, 4) unit quaternions xyzw of the right (0) or left (1) eye: yaw first, then pitch."""
        return np.array([gaze_turn(row[3][side]) for row in self._rows], np.float32)


def gaze_turn(gaze: Floats) -> tuple[float, float, float, float]:
    """Unit quaternion xyzw that turns +z to a gaze (yaw, pitch) in radians."""
    yaw, pitch = (float(v) / 2 for v in gaze)
    sy, cy, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
    return -cy * sp, sy * cp, sy * sp, cy * cp
