"""A rig's table as it is written: TOML, read strictly. `docs/rigs.md` describes the language.

Every complaint is one line with file, line and what would do. Knows nothing of how a table is evaluated.
"""

from __future__ import annotations

from typing import Any

from bridge.frames import ARKIT, EMOTIONS
from bridge.rigs.document import Document
from bridge.rigs.literal import shown
from bridge.rigs.measures import INPUTS, MEASURES
from bridge.rigs.response import read_response
from bridge.rigs.row import AXES, UNITS, Bone, Curve, RigTable
from bridge.rigs.side import mirrored_bone, mirrored_curve, mirrored_name

HALF_TURN = {"radians": 3.141592653589793, "degrees": 180.0}
_TABLE_KEYS = ("title", "rest", "curves", "bones")
_CURVE_KEYS = (
    "weights", "emotion", "cues", "gain", "offset", "min", "max", "unless", "clamp", "curve", "side",
)  # fmt: skip
_AXIS_KEYS = _CURVE_KEYS[:-1]
_BONE_KEYS = (*AXES, "unit", "side")
_GROUPS = {"weights": ARKIT, "emotion": EMOTIONS, "cues": MEASURES}


class _Reader(Document):
    """Reads one table."""

    def factors(self, value: Any, key: str, of: str, *path: str) -> dict[str, float]:
        if not isinstance(value, dict):
            raise self.fail(f"{key} of {of} is {shown(value)}; write {{ name = factor }}", *path, key)
        what = {"weights": "weight", "emotion": "emotion", "cues": "cue", "unless": "input"}[key]
        for name in value:
            self.known(name, _GROUPS.get(key, INPUTS), what, *path, key)
        return {name: self.number(v, f"{key}.{name} of {of}", *path, key, name) for name, v in value.items()}

    def row(self, of: str, value: dict[str, Any], limit: tuple[float, float], *path: str) -> Curve:
        """What all rows have in common; `of` names it in messages, `limit` is its range unless it says so."""
        inputs: dict[str, float] = {}
        for key in _GROUPS:
            inputs |= self.factors(value.get(key, {}), key, of, *path)
        low, high = self.limits(of, value, limit, *path)
        gain, offset = (
            self.number(value.get(key, default), f"{key} of {of}", *path, key)
            for key, default in (("gain", 1.0), ("offset", 0.0))
        )
        try:
            response = read_response(value.get("curve", "linear"))
        except ValueError as error:
            about = f"curve of {of} is {shown(value['curve'])}; {error}"
            raise self.fail(about, *path, "curve") from None
        unless = self.factors(value.get("unless", {}), "unless", of, *path)
        return Curve(path[-1], inputs, gain, offset, low, high, unless, response)

    def limits(
        self, of: str, value: dict[str, Any], limit: tuple[float, float], *path: str
    ) -> tuple[float, float]:
        """Smallest and largest value, written as `clamp = [min, max]` or as `min` and `max`."""
        clamp = value.get("clamp")
        if clamp is not None:
            if "min" in value or "max" in value:
                raise self.fail(f"{of} has clamp and min or max; write one of them", *path, "clamp")
            if not isinstance(clamp, list) or len(clamp) != 2:
                raise self.fail(f"clamp of {of} is {shown(clamp)}; write [min, max]", *path, "clamp")
            low, high = (self.number(v, f"clamp of {of}", *path, "clamp") for v in clamp)
        else:
            low, high = (
                self.number(value.get(key, default), f"{key} of {of}", *path, key)
                for key, default in zip(("min", "max"), limit, strict=True)
            )
        if low > high:
            at = next((key for key in ("clamp", "min", "max") if key in value), "min")
            raise self.fail(f"{of} has min {low} above max {high}", *path, at)
        return low, high

    def curve(self, name: str, value: Any) -> list[Curve]:
        """The curve, and the one across the face where it says so."""
        path = ("curves", name)
        if not name:
            raise self.fail("a curve has no name; write [curves.NAME]", *path)
        if isinstance(value, str):  # short form: the curve is that weight
            self.known(value, ARKIT, "weight", *path)
            return [Curve(name, {value: 1.0})]
        if not isinstance(value, dict):
            raise self.fail(f"curve {shown(name)} is {shown(value)}; give a weight's name or a table", *path)
        for key in value:
            self.known(key, _CURVE_KEYS, "key", *path)
        curve = self.row(f"curve {shown(name)}", value, (0.0, 1.0), *path)
        other = self.other_side(f"curve {shown(name)}", name, value, *path)
        return [curve] if other is None else [curve, mirrored_curve(curve, other)]

    def bone(self, name: str, value: Any) -> list[Bone]:
        """The bone, and the one across the face where it says so."""
        path, of = ("bones", name), f"bone {shown(name)}"
        if not name:
            raise self.fail("a bone has no name; write [bones.NAME]", *path)
        if not isinstance(value, dict):
            raise self.fail(f"{of} is {shown(value)}; give a table of {', '.join(AXES)}", *path)
        for key in value:
            self.known(key, _BONE_KEYS, "key", *path)
        unit = value.get("unit", "radians")
        if not isinstance(unit, str) or unit not in UNITS:
            raise self.fail(f"unit of {of} is {shown(unit)}; choose {', '.join(UNITS)}", *path, "unit")
        turns = {}
        for axis in AXES:
            if axis not in value:
                continue
            row = value[axis]
            if not isinstance(row, dict):
                example = "{ cues = { headYaw = 1.0 } }"
                raise self.fail(f"{axis} of {of} is {shown(row)}; write {example}", *path, axis)
            for key in row:
                self.known(key, _AXIS_KEYS, "key", *path, axis)
            turns[axis] = self.row(f"{axis} of {of}", row, (-HALF_TURN[unit], HALF_TURN[unit]), *path, axis)
        if not turns:
            raise self.fail(f"{of} does not turn; write {', '.join(AXES[:-1])} or {AXES[-1]}", *path)
        bone = Bone(name, turns, unit)
        other = self.other_side(of, name, value, *path)
        return [bone] if other is None else [bone, mirrored_bone(bone, other)]

    def other_side(self, of: str, name: str, value: dict[str, Any], *path: str) -> str | None:
        """The name across the face, where a table asks for both sides."""
        side = value.get("side")
        if side is None:
            return None
        if side != "both":
            raise self.fail(
                f'side of {of} is {shown(side)}; write side = "both" or leave it out', *path, "side"
            )
        other = mirrored_name(name)
        if other == name:
            raise self.fail(f"{of} has no side in its name; write Left, left, _L or a last L", *path, "side")
        return other

    def table(self, data: dict[str, Any]) -> RigTable:
        for key in data:
            self.known(key, _TABLE_KEYS, "key")
        title, rest = data.get("title", self._where), data.get("rest")
        if not isinstance(title, str):
            raise self.fail(f"title is {shown(title)}; a text is needed", "title")
        rows, bones = (self.named(data.get(key, {}), key) for key in ("curves", "bones"))
        curves = [curve for name, value in rows.items() for curve in self.curve(name, value)]
        turned = [bone for name, value in bones.items() for bone in self.bone(name, value)]
        if not curves and not turned:
            raise self.fail("no curves; write at least one [curves.NAME] or [bones.NAME]", "curves")
        self.once([c.name for c in curves], "curves")
        self.once([b.name for b in turned], "bones")
        if rest is not None:
            if not isinstance(rest, str):
                raise self.fail(f"rest is {shown(rest)}; the name of a curve is needed", "rest")
            self.known(rest, tuple(c.name for c in curves), "curve", "rest")
        return RigTable(title, tuple(curves), rest, tuple(turned))

    def named(self, value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(f"{key} is {shown(value)}; write [{key}.NAME]", key)
        return value

    def once(self, names: list[str], kind: str) -> None:
        """No name twice: one may be written out, and be the other side of another."""
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            about = f'{kind[:-1]} {shown(twice)} is there twice; side = "both" writes both sides'
            raise self.fail(about, kind, twice)


def parse_rig(text: str, where: str = "rig") -> RigTable:
    """Reads the TOML of a table; `where` names it in errors.

    Raises:
        RigError: on anything it does not know or cannot use.
    """
    reader = _Reader(text, where)
    return reader.table(reader.toml())
