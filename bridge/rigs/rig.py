"""A compiled rig: ARKit weights, emotion and cues → named curves and turns of bones. Stateless.

Each curve, and each axis of a bone, is

    clamp(response(gain · Σ factor·input + offset), min, max) · (1 − clamp(Σ unless, 0, 1))

Knows nothing of how weights are made, and of a table only what `bridge.rigs.row` says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bridge.frames import Cues, Floats
from bridge.rigs.measures import INPUTS, MEASURES, measured
from bridge.rigs.row import UNITS, Curve, RigError, RigTable
from bridge.rigs.table import parse_rig

LARGEST_FILE = 1 << 20  # a table is some kilobytes
_FIRST_MEASURE = len(INPUTS) - len(MEASURES)
_COLUMN = {name: i for i, name in enumerate(INPUTS)}


class Turn(NamedTuple):
    """A bone's turn from rest, in the head frame: right-handed, x the subject's left, y up, z out of the face."""

    rotation: tuple[float, float, float, float]
    """Unit quaternion xyzw; yaw is turned first, roll last, each about the axes as turned so far."""
    yaw: float
    """Radians, + to the subject's left (about +y)."""
    pitch: float
    """Radians, + up (about −x)."""
    roll: float
    """Radians, + with the subject's left side up (about +z)."""


def turned(yaw: float, pitch: float, roll: float) -> Turn:
    """The turn of three angles in radians."""
    sy, cy = math.sin(yaw / 2), math.cos(yaw / 2)
    sp, cp = math.sin(pitch / 2), math.cos(pitch / 2)
    sr, cr = math.sin(roll / 2), math.cos(roll / 2)
    x, y, z, w = -cy * sp, sy * cp, sy * sp, cy * cp  # yaw and pitch
    return Turn((x * cr + y * sr, y * cr - x * sr, w * sr + z * cr, w * cr - z * sr), yaw, pitch, roll)


class _Rows:
    """Rows compiled to two matrices, evaluated together."""

    def __init__(self, rows: Sequence[Curve]) -> None:
        self._matrix = np.zeros((len(rows), len(INPUTS)), np.float32)
        self._unless = np.zeros_like(self._matrix)
        for row, curve in enumerate(rows):
            for name, factor in curve.inputs.items():
                self._matrix[row, _COLUMN[name]] = factor * curve.gain
            for name, factor in curve.unless.items():
                self._unless[row, _COLUMN[name]] = factor
        self._has_unless = bool(self._unless.any())
        self._offset = np.array([c.offset for c in rows], np.float32)
        self._low = np.array([c.low for c in rows], np.float32)
        self._high = np.array([c.high for c in rows], np.float32)
        self._bent = [(i, c.response) for i, c in enumerate(rows) if not c.response.linear]
        used = {name for c in rows for name in (*c.inputs, *c.unless)}
        self._measures = tuple(name for name in MEASURES if name in used)  # only those are measured
        self._measure_columns = [_COLUMN[name] for name in self._measures]

    def inputs(self, weights: Floats, cues: Cues) -> Floats:
        """(len(INPUTS),) what these rows read; measures that none reads stay 0."""
        inputs: Floats = np.zeros(len(INPUTS), np.float32)
        inputs[: weights.size] = weights
        inputs[weights.size : _FIRST_MEASURE] = cues.emotion
        if self._measures:
            inputs[self._measure_columns] = measured(self._measures, weights, cues)
        return inputs

    def raw(self, inputs: Floats) -> Floats:
        """(rows,) before limits and `unless`."""
        values: Floats = self._matrix @ inputs + self._offset
        for row, response in self._bent:
            values[row] = response(np.float64(values[row]))
        return values

    def __call__(self, inputs: Floats) -> Floats:
        """(rows,) values."""
        values: Floats = np.clip(self.raw(inputs), self._low, self._high)
        if self._has_unless:
            values *= 1 - np.clip(self._unless @ inputs, 0, 1)
        return values


class Rig:
    """A compiled table: (weights, cues) → curves, and turns of bones."""

    def __init__(self, table: RigTable) -> None:
        self.table = table
        self.title = table.title
        self.names = tuple(c.name for c in table.curves)
        self.bone_names = tuple(b.name for b in table.bones)
        self._curves = _Rows(table.curves)
        self._turns = _Rows([row for bone in table.bones for row in bone.turns.values()])
        self._bones = [(bone.name, tuple(bone.turns), UNITS[bone.unit]) for bone in table.bones]
        self._rest = None if table.rest is None else self.names.index(table.rest)

    def values(self, weights: Floats, cues: Cues) -> Floats:
        """(len(names),) curve values for weights (52,) and the cues they were made from."""
        values = self._curves(self._curves.inputs(weights, cues))
        if self._rest is not None:
            values[self._rest] = 0
            total = float(values.sum())
            if total > 1:
                values /= total
            values[self._rest] = max(0.0, 1 - total)
        return values

    def raw(self, weights: Floats, cues: Cues) -> Floats:
        """(len(names),) curve values before min, max, `unless` and rest: for whoever tunes a table."""
        return self._curves.raw(self._curves.inputs(weights, cues))

    def __call__(self, weights: Floats, cues: Cues) -> dict[str, float]:
        """Curves by name for weights (52,) and the cues they were made from."""
        return dict(zip(self.names, self.values(weights, cues).tolist(), strict=True))

    def bones(self, weights: Floats, cues: Cues) -> dict[str, Turn]:
        """Turns of the table's bones by name, for weights (52,) and the cues they were made from."""
        if not self._bones:
            return {}
        angles = iter(self._turns(self._turns.inputs(weights, cues)).tolist())
        turns = {}
        for name, axes, unit in self._bones:
            about = {axis: next(angles) * unit for axis in axes}
            turns[name] = turned(about.get("yaw", 0.0), about.get("pitch", 0.0), about.get("roll", 0.0))
        return turns


def rig_names() -> tuple[str, ...]:
    """The rigs that ship."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.toml")))


def load_rig(name_or_path: str | Path) -> Rig:
    """A shipped rig by name, or a table of one's own: what ends in .toml or holds a separator is a path.

    Raises:
        RigError: if there is no such rig, or its table cannot be used.
    """
    text_name = str(name_or_path)
    path = Path(name_or_path)
    if path.suffix.lower() != ".toml" and path.name == text_name:
        if text_name not in rig_names():
            raise RigError(
                f"no rig {text_name!r}; shipped: {', '.join(rig_names())}; a file of your own ends in .toml"
            )
        path = Path(__file__).with_name(f"{text_name}.toml")
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise RigError(f"{path}: {size} bytes; a rig table has at most {LARGEST_FILE}")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RigError(
            f"{path}: {error.strerror or error}; give a rig table or one of {', '.join(rig_names())}"
        ) from error
    except UnicodeDecodeError as error:
        raise RigError(f"{path}: not UTF-8 text at byte {error.start}; save the table as UTF-8") from error
    return Rig(parse_rig(text, str(path)))
