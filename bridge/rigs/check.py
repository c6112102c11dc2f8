"""What a rig does with a performance: ranges, curves that never move or stand at a limit, inputs nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, Cues, Floats, rest_cues
from bridge.rigs.measures import mirrored_input
from bridge.rigs.rig import Rig, turned
from bridge.rigs.row import AXES

STILL = 1e-3
"""A curve that covers less than this share of its range does not move."""
OFTEN = 0.25
"""Share of the frames at which standing at the maximum is worth a word."""
_TURNED = 0.3  # rad

Frame = tuple[Floats, Cues]
"""Weights (52,) and the cues they were made from."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What one curve, or one axis of a bone, did."""

    name: str
    low: float
    """Smallest value of the performance; a bone's in degrees."""
    high: float
    note: str
    """What is odd about it; empty if nothing is."""


def unread(rig: Rig) -> tuple[str, ...]:
    """Weights and emotions that no row of the table reads; what reads them through a cue does not count."""
    rows = [*rig.table.curves, *(row for bone in rig.table.bones for row in bone.turns.values())]
    read = {name for row in rows for name in (*row.inputs, *row.unless)}
    return tuple(name for name in (*ARKIT, *EMOTIONS) if name not in read)


def poses() -> Iterator[Frame]:
    """Rest; each weight and emotion alone, both sides together; lips parted, eyes and head turned."""
    rest = rest_cues(0, face.neutral_face())
    none = np.zeros(len(ARKIT), np.float32)
    yield none, rest
    for i in range(len(ARKIT)):
        weights = none.copy()
        weights[i] = 1
        yield weights, rest
    for i, name in enumerate(ARKIT):
        if name.endswith("Left"):
            weights = none.copy()
            weights[[i, ARKIT_INDEX[mirrored_input(name)[0]]]] = 1
            yield weights, rest
    for share in (1.0, 0.5):  # half of it is left neutral
        for i in range(len(EMOTIONS)):
            emotion = rest.emotion * np.float32(1 - share)
            emotion[i] += share
            yield none, rest.with_(emotion=emotion)
    for gap in (0.3, 0.6, 1.0, 1.5):
        landmarks = rest.landmarks.copy()
        landmarks[list(face.GAP_LOWER), 1] -= gap
        landmarks[48, 0] -= gap / 5
        yield none, rest.with_(landmarks=landmarks)
    for sign in (-_TURNED, _TURNED):
        for axis in range(2):
            gaze = np.zeros((2, 2), np.float32)
            gaze[:, axis] = sign
            yield none, rest.with_(gaze=gaze)
        for axis in range(3):
            rotation = turned(*(sign if i == axis else 0.0 for i in range(3))).rotation
            yield none, rest.with_(head_rotation=np.array(rotation, np.float32))
            shift = np.zeros(3, np.float32)
            shift[axis] = 10 * sign
            yield none, rest.with_(head_translation=shift)


def examined(rig: Rig, frames: Iterable[Frame]) -> list[Reached]:
    """What every curve and every axis of the bones did in `frames`, in the table's order.

    Raises:
        ValueError: if there are no frames.
    """
    frames = list(frames)
    if not frames:
        raise ValueError("there is no frame to look at; give a take that is not empty")
    return [*_curves(rig, frames), *_turns(rig, frames)]


def _curves(rig: Rig, frames: list[Frame]) -> list[Reached]:
    shown = np.array([rig.values(*frame) for frame in frames])
    before = np.array([rig.raw(*frame) for frame in frames])
    posed = np.array([rig.values(*frame) for frame in poses()])
    reached = []
    for i, curve in enumerate(rig.table.curves):
        span = (curve.high - curve.low) or 1.0
        low, high = float(shown[:, i].min()), float(shown[:, i].max())
        note = ""
        if high - low < STILL * span:
            still = float(np.ptp(posed[:, i])) < STILL * span
            note = "never moves" if still else "still here; single weights or emotions move it"
        elif curve.name != rig.table.rest:
            at_high = shown[:, i] >= curve.high - STILL * span
            at_low = before[:, i] <= curve.low
            if (at_high | at_low).all():
                note = "always at a limit: smaller gain or wider limits"
            elif at_high.mean() > OFTEN:
                note = (
                    f"at its max in {at_high.mean():.0%} of the frames, {before[:, i].max():.2g} without it"
                )
        reached.append(Reached(curve.name, low, high, note))
    return reached


def _turns(rig: Rig, frames: list[Frame]) -> list[Reached]:
    turns = [rig.bones(*frame) for frame in frames]
    reached = []
    for bone in rig.table.bones:
        for axis in (a for a in AXES if a in bone.turns):
            degrees = np.degrees([getattr(turn[bone.name], axis) for turn in turns])
            note = "" if np.ptp(degrees) > STILL else "still here"
            reached.append(Reached(f"{bone.name} {axis} °", float(degrees.min()), float(degrees.max()), note))
    return reached
