"""What a rig's table comes to: rows, bones and the table itself, and the complaint about one that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.rigs.response import Response

AXES = ("yaw", "pitch", "roll")
"""Turns of a bone in the head frame: yaw + to the subject's left, pitch + up, roll + with the left side up."""
UNITS = {"radians": 1.0, "degrees": 0.017453292519943295}
"""Unit of a bone's turns → radians."""


class RigError(ValueError):
    """A rig table that cannot be used; one line that says where and what would do."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One row: clamp(response(gain · Σ factor·input + offset), low, high) · (1 − clamp(Σ unless, 0, 1))."""

    name: str
    inputs: dict[str, float]
    """Factor of each of `INPUTS`."""
    gain: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0
    unless: dict[str, float] = field(default_factory=dict)
    response: Response = field(default_factory=Response)


@dataclass(frozen=True, slots=True)
class Bone:
    """How a bone turns from rest."""

    name: str
    turns: dict[str, Curve]
    """Axis of `AXES` → its row; axes that are not there stay at rest."""
    unit: str = "radians"
    """What the rows give: one of `UNITS`."""


@dataclass(frozen=True, slots=True)
class RigTable:
    """A table as written: parsed and checked, sides written out, not yet compiled."""

    title: str
    curves: tuple[Curve, ...]
    rest: str | None = None
    """Curve that takes what the others leave of 1; the others are scaled down where they sum to more."""
    bones: tuple[Bone, ...] = ()
