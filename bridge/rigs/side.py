"""The other side of a face: names, rows and bones as a mirror shows them.

A mirrored row gives for a mirrored face what the row gives for the face: the inputs change sides, and those that
point across the face (yaw, roll, x) change sign. A mirrored bone also turns the other way in yaw and roll.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bridge.rigs.measures import mirrored_input
from bridge.rigs.row import Bone, Curve

_SWAP = {"Left": "Right", "left": "right", "LEFT": "RIGHT", "L": "R", "l": "r"}
_SWAP |= {right: left for left, right in _SWAP.items()}
_SIDE = re.compile(
    r"(?:Left|Right)(?![a-z])|(?<![a-z])(?:left|right)(?![a-z])|LEFT|RIGHT"
    r"|(?:(?<=[_.\- ])|^)[LRlr](?=[_.\- ]|$)"  # brow_L, L_brow
    r"|(?<=[a-z0-9])[LR]$|(?<=[a-z][UD])[LR]$"  # browDownL, mouthFunnelUL
)


def mirrored_name(name: str) -> str:
    """The name with every mark of a side exchanged; the name itself if it has none."""
    return _SIDE.sub(lambda mark: _SWAP[mark[0]], name)


def _across(factors: dict[str, float]) -> dict[str, float]:
    mirrored = ((mirrored_input(name), factor) for name, factor in factors.items())
    return {name: sign * factor for (name, sign), factor in mirrored}


def mirrored_curve(curve: Curve, name: str) -> Curve:
    """The row across the face."""
    return replace(curve, name=name, inputs=_across(curve.inputs), unless=_across(curve.unless))


def _turned(curve: Curve) -> Curve:
    """The row that gives the negative of what `curve` gives."""
    return replace(
        curve,
        inputs={name: -factor for name, factor in curve.inputs.items()},
        offset=-curve.offset,
        low=-curve.high,
        high=-curve.low,
        response=curve.response.turned(),
    )


def mirrored_bone(bone: Bone, name: str) -> Bone:
    """The bone across the face: pitch is the same there, yaw and roll are the opposite."""
    turns = {axis: mirrored_curve(row, axis) for axis, row in bone.turns.items()}
    return replace(
        bone,
        name=name,
        turns={axis: row if axis == "pitch" else _turned(row) for axis, row in turns.items()},
    )
