"""Where the eyes are asked to look: a place in front of the resting head, and each eye's turn to it.

Eyes converge on a near place, counter what the head turns and shifts, and go no further than eyes do. A new place is
reached as by a glance: most of the way in two frames. Looking away is away from the camera, to one side and then the
other, as chance has it.
"""

from __future__ import annotations

import math
import random

import numpy as np

from bridge import landmarks as face
from bridge.controls import DirectionConfig
from bridge.frames import CUE_RATE_HZ, Floats
from bridge.smoothstep import smoothstep

MAX_GAZE_RAD = 0.6
"""Eyes turn no further, either way."""
CAMERA_CM = 60.0
"""The camera: straight ahead of the resting eyes."""
EYEBALL_CM = 1.2
"""The centre of an eyeball lies so far behind its lids."""
AVERTED_RAD = (0.42, -0.12)
"""Looking away: yaw to either side, and pitch."""
HOLD_S = (1.5, 4.0)
"""One side is held for a time between these."""
AWAY_CM = 150.0
GLANCE = 0.6
"""Share of what is left to a new place that the eyes go in a frame."""
JOIN_S = 0.3
"""Turning to a target and back to one's own wandering takes this long."""


class Aim:
    """The target's pull on the eyes. Feed it frames in order.

    Args:
        neutral: (68, 3) cm, the resting face.
        seed: to which side, and for how long.
    """

    def __init__(self, neutral: Floats, seed: int) -> None:
        eyes = (neutral[list(face.RIGHT_EYE)].mean(0), neutral[list(face.LEFT_EYE)].mean(0))
        self._eyes = [(float(x), float(y), float(z) - EYEBALL_CM) for x, y, z in eyes]
        self._middle = tuple(sum(axis) / 2 for axis in zip(*self._eyes, strict=True))
        self._random = random.Random(seed)
        self._place: tuple[float, ...] | None = None  # where the eyes look by now, cm
        self._pull = 0.0  # 0..1, linear
        self._side = 1.0
        self._turns_s = -math.inf  # when the averted eyes change sides

    def __call__(
        self, config: DirectionConfig, time_s: float, gaze: Floats, rotation: Floats, translation: Floats
    ) -> Floats:
        """The drawn `gaze` (2, 2) with the target blended in, for a head that is shown turned (4,) and shifted (3,)."""
        step = 1.0 / (JOIN_S * CUE_RATE_HZ)
        if config.target == "none":
            self._pull = max(0.0, self._pull - step)
            if self._pull == 0.0:
                self._place = None
        else:
            place = self._wanted(config, time_s)
            now = self._place
            self._place = (
                place if now is None else tuple(a + (b - a) * GLANCE for a, b in zip(now, place, strict=True))
            )
            self._pull = min(1.0, self._pull + step)
        if self._place is None:
            return gaze
        share = np.float32(config.target_mix * smoothstep(self._pull))
        aimed = np.array(self._turns(self._place, rotation, translation), np.float32)
        blended: Floats = gaze + (aimed - gaze) * share
        return blended

    def _wanted(self, config: DirectionConfig, time_s: float) -> tuple[float, ...]:
        """The target, cm in the head frame at rest."""
        if config.target == "point":
            return config.target_x, config.target_y, config.target_z
        x, y, z = self._middle
        if config.target == "camera":
            return x, y, z + CAMERA_CM
        if time_s >= self._turns_s:
            # the first time to either side, then from side to side
            self._side = -self._side if self._turns_s > -math.inf else self._random.choice((-1.0, 1.0))
            self._turns_s = time_s + self._random.uniform(*HOLD_S)
        yaw, pitch = AVERTED_RAD
        flat = AWAY_CM * math.cos(pitch)
        return (
            x + self._side * flat * math.sin(yaw), y + AWAY_CM * math.sin(pitch), z + flat * math.cos(yaw),
        )  # fmt: skip

    def _turns(
        self, place: tuple[float, ...], rotation: Floats, translation: Floats
    ) -> list[tuple[float, float]]:
        """Yaw and pitch of the right and the left eye toward a place, within the limit."""
        px, py, pz = (p - float(t) for p, t in zip(place, translation, strict=True))
        qx, qy, qz, qw = rotation.tolist()
        qx, qy, qz = -qx, -qy, -qz  # from the room into the turned head
        tx, ty, tz = 2 * (qy * pz - qz * py), 2 * (qz * px - qx * pz), 2 * (qx * py - qy * px)
        px, py, pz = (
            px + qw * tx + qy * tz - qz * ty, py + qw * ty + qz * tx - qx * tz, pz + qw * tz + qx * ty - qy * tx,
        )  # fmt: skip
        turns = []
        for ex, ey, ez in self._eyes:
            dx, dy, dz = px - ex, py - ey, pz - ez
            turns.append((_limited(math.atan2(dx, dz)), _limited(math.atan2(dy, math.hypot(dx, dz)))))
        return turns


def _limited(angle: float) -> float:
    return min(max(angle, -MAX_GAZE_RAD), MAX_GAZE_RAD)
