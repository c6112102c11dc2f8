"""A rig's table and its evaluation: ARKit weights, emotion and cues → named curves.

A table is TOML; `docs/retarget.md` describes it. Each curve is

    clamp(gain · Σ factor·input + offset, min, max) · (1 − clamp(Σ unless, 0, 1))

`parse_rig` reads a table strictly, `Rig` compiles it to two matrices. Knows nothing of how weights are made.
"""

from __future__ import annotations

import difflib
import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, Cues, Floats

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

MEASURES = ("lipGap", "mouthWidth", "gazeYaw", "gazePitch", "blinkBoth", "one")
"""What a table may read under `cues`: inner-lip gap (cm), mouth width over the neutral one (cm), mean gaze of
the two eyes (rad; + left, + up), the smaller of the two eyeBlink, and the constant 1."""
INPUTS = (*ARKIT, *EMOTIONS, *MEASURES)
LARGEST_FILE = 1 << 20  # a table is some kilobytes
_TABLE_KEYS = ("title", "rest", "curves")
_CURVE_KEYS = ("weights", "emotion", "cues", "gain", "offset", "min", "max", "unless")
_GROUPS = {"weights": ARKIT, "emotion": EMOTIONS, "cues": MEASURES}


class RigError(ValueError):
    """A rig table that cannot be used; one line that says where and what would do."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One named curve: what the module's header shows."""

    name: str
    inputs: dict[str, float]
    """Factor of each of `INPUTS`."""
    gain: float = 1.0
    offset: float = 0.0
    low: float = 0.0
    high: float = 1.0
    unless: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RigTable:
    """A table as written: parsed and checked, not yet compiled."""

    title: str
    curves: tuple[Curve, ...]
    rest: str | None = None
    """Curve that takes what the others leave of 1; the others are scaled down where they sum to more."""


class _Reader:
    """Reads one table; every complaint names file, line and what is known."""

    def __init__(self, text: str, where: str) -> None:
        self._lines = text.splitlines()
        self._where = where

    def fail(self, message: str, word: str | None = None, curve: str | None = None) -> RigError:
        """The error to raise; `word` is looked for from the line where `curve` begins."""
        line = 0
        if word is not None:
            begin = self._line_of(curve, 0) if curve else 0
            line = self._line_of(word, max(0, begin - 1)) or begin
        return RigError(f"{self._where}{f':{line}' if line else ''}: {message}")

    def _line_of(self, word: str, start: int) -> int:
        """Number of the first line from `start` on that holds `word` outside a comment; 0 if none does."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        for number, line in enumerate(self._lines[start:], start + 1):
            if pattern.search(line.partition("#")[0]):
                return number
        return 0

    def known(self, name: str, names: tuple[str, ...], what: str, curve: str | None = None) -> None:
        if name in names:
            return
        close = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise self.fail(f"unknown {what} {name!r}{hint} (known: {', '.join(names)})", name, curve)

    def number(self, value: Any, what: str, word: str, curve: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.fail(f"{what} of curve {curve!r} is {value!r}; a finite number is needed", word, curve)
        return float(value)

    def factors(self, value: Any, key: str, curve: str) -> dict[str, float]:
        if not isinstance(value, dict):
            raise self.fail(f"{key} of curve {curve!r} is {value!r}; write {{ name = factor }}", key, curve)
        what = {"weights": "weight", "emotion": "emotion", "cues": "cue", "unless": "input"}[key]
        for name in value:
            self.known(name, _GROUPS.get(key, INPUTS), what, curve)
        return {name: self.number(v, f"{key}.{name}", name, curve) for name, v in value.items()}

    def curve(self, name: str, value: Any) -> Curve:
        if isinstance(value, str):  # short form: the curve is that weight
            self.known(value, ARKIT, "weight", name)
            return Curve(name, {value: 1.0})
        if not isinstance(value, dict):
            raise self.fail(f"curve {name!r} is {value!r}; give a weight's name or a table", name)
        for key in value:
            self.known(key, _CURVE_KEYS, "key", name)
        inputs: dict[str, float] = {}
        for key in _GROUPS:
            inputs |= self.factors(value.get(key, {}), key, name)
        numbers = {
            k: self.number(value.get(k, d), k, k, name)
            for k, d in (("gain", 1.0), ("offset", 0.0), ("min", 0.0), ("max", 1.0))
        }
        if numbers["min"] > numbers["max"]:
            raise self.fail(
                f"curve {name!r} has min {numbers['min']} above max {numbers['max']}", "min", name
            )
        unless = self.factors(value.get("unless", {}), "unless", name)
        return Curve(name, inputs, numbers["gain"], numbers["offset"], numbers["min"], numbers["max"], unless)

    def table(self, data: dict[str, Any]) -> RigTable:
        for key in data:
            self.known(key, _TABLE_KEYS, "key")
        title, rest, curves = data.get("title", self._where), data.get("rest"), data.get("curves")
        if not isinstance(title, str):
            raise self.fail(f"title is {title!r}; a text is needed", "title")
        if not isinstance(curves, dict) or not curves:
            raise self.fail("no curves; write at least one [curves.NAME]")
        names = tuple(curves)
        if rest is not None:
            if not isinstance(rest, str):
                raise self.fail(f"rest is {rest!r}; the name of a curve is needed", "rest")
            self.known(rest, names, "curve")
        return RigTable(title, tuple(self.curve(n, v) for n, v in curves.items()), rest)


def parse_rig(text: str, where: str = "rig") -> RigTable:
    """Reads the TOML of a table; `where` names it in errors.

    Raises:
        RigError: on anything it does not know or cannot use.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RigError(f"{where}: not TOML: {error}") from error
    return _Reader(text, where).table(data)


class Rig:
    """A compiled table: (weights, cues) → curves. Stateless."""

    def __init__(self, table: RigTable) -> None:
        self.title = table.title
        self.names = tuple(c.name for c in table.curves)
        used = {name for c in table.curves for name in (*c.inputs, *c.unless)}
        self._measures = bool(used.intersection(MEASURES))  # only measured where a table reads one
        self._matrix = np.zeros((len(table.curves), len(INPUTS)), np.float32)
        self._unless = np.zeros_like(self._matrix)
        column = {name: i for i, name in enumerate(INPUTS)}
        for row, curve in enumerate(table.curves):
            for name, factor in curve.inputs.items():
                self._matrix[row, column[name]] = factor * curve.gain
            for name, factor in curve.unless.items():
                self._unless[row, column[name]] = factor
        self._has_unless = bool(self._unless.any())
        self._offset = np.array([c.offset for c in table.curves], np.float32)
        self._low = np.array([c.low for c in table.curves], np.float32)
        self._high = np.array([c.high for c in table.curves], np.float32)
        self._rest = None if table.rest is None else self.names.index(table.rest)
        self._width = float(face.mouth_width(face.neutral_face()))

    def values(self, weights: Floats, cues: Cues) -> Floats:
        """(len(names),) curve values for weights (52,) and the cues they were made from."""
        measures = np.zeros(len(MEASURES), np.float32)
        if self._measures:
            points, (yaw, pitch) = cues.landmarks, cues.gaze.mean(0)
            blink = min(weights[ARKIT_INDEX["eyeBlinkLeft"]], weights[ARKIT_INDEX["eyeBlinkRight"]])
            width = float(face.mouth_width(points)) - self._width
            measures[:] = (face.lip_gap(points), width, yaw, pitch, blink, 1.0)
        inputs = np.concatenate([weights, cues.emotion, measures])
        values: Floats = np.clip(self._matrix @ inputs + self._offset, self._low, self._high)
        if self._has_unless:
            values *= 1 - np.clip(self._unless @ inputs, 0, 1)
        if self._rest is not None:
            values[self._rest] = 0
            total = float(values.sum())
            if total > 1:
                values /= total
            values[self._rest] = max(0.0, 1 - total)
        return values

    def __call__(self, weights: Floats, cues: Cues) -> dict[str, float]:
        """Curves by name for weights (52,) and the cues they were made from."""
        return dict(zip(self.names, self.values(weights, cues).tolist(), strict=True))


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
