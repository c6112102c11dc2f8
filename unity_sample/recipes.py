"""Writes the package's recipes of VRM and Oculus shapes from the rig tables of the Python side.

    python unity_sample/recipes.py

Two places then tell one story: `bridge/rigs/*.toml` and `Runtime/Mapping/RecipeTables.cs`. A test compares values.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bridge import landmarks as face  # noqa: E402 - found by the line above
from bridge.frames import ARKIT  # noqa: E402
from bridge.rigs import load_rig  # noqa: E402
from bridge.rigs.row import Curve  # noqa: E402

OUT = HERE / "Packages/com.facecue.receiver/Runtime/Mapping/RecipeTables.cs"

KNOWN = {*ARKIT, "lipGap", "mouthWidth", "blinkBoth", "one"}
"""Inputs that FaceInputs.cs has, besides the emotions."""

CALLED = {
    "A": ("aa", "Fcl_MTH_A", "\\u3042"),
    "I": ("ih", "Fcl_MTH_I", "\\u3044"),
    "U": ("ou", "Fcl_MTH_U", "\\u3046"),
    "E": ("ee", "Fcl_MTH_E", "\\u3048"),
    "O": ("oh", "Fcl_MTH_O", "\\u304a"),
    "Joy": ("happy", "Fcl_ALL_Joy"),
    "Angry": ("Fcl_ALL_Angry",),
    "Sorrow": ("sad", "Fcl_ALL_Sorrow"),
    "Fun": ("relaxed", "Fcl_ALL_Fun"),
    "Surprised": ("Fcl_ALL_Surprised",),
    "Neutral": ("Fcl_ALL_Neutral",),
    "Blink": ("Fcl_EYE_Close", "\\u307e\\u3070\\u305f\\u304d"),
    "Blink_L": ("Fcl_EYE_Close_L",),
    "Blink_R": ("Fcl_EYE_Close_R",),
}
"""Other spellings of VRM 0 names: VRM 1, VRoid's meshes, and the vowels and blink of MMD."""

PARTERS = (
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthFunnel",
    "jawOpen", "mouthClose",
)  # fmt: skip
"""Weights whose gaps add up; all others only ever add to them (bridge/retarget.py)."""


def number(value: float) -> str:
    """A float of C#: 0.5f."""
    return np.format_float_positional(np.float32(value), trim="-") + "f"


def part(name: str) -> str:
    """The part of the face that a VRM shape moves."""
    for start, what in (("Blink", "Eyes"), ("Look", "Look")):
        if name.startswith(start):
            return what
    return "Mouth" if len(name) == 1 else "Emotion"


def recipe(curve: Curve, what: str, called: tuple[str, ...] = ()) -> str:
    """One row of a table as C#."""
    text = f'new Recipe("{curve.name}", FacePart.{what})'
    for name, factor in curve.inputs.items():
        text += f'.Of("{name}", {number(factor * curve.gain)})'
    for name, factor in curve.unless.items():
        text += f'.Unless("{name}", {number(factor)})'
    if curve.offset:
        text += f".Offset({number(curve.offset)})"
    if (curve.low, curve.high) != (0.0, 1.0):
        text += f".Between({number(curve.low)}, {number(curve.high)})"
    shape = curve.response.shape
    if isinstance(shape, tuple):
        text += f".Curve({', '.join(number(v) for point in shape for v in point)})"
    elif not curve.response.linear:
        sys.exit(f"{curve.name}: Recipe.cs knows no response {shape!r}")
    if called:
        text += ".Called(" + ", ".join(f'"{name}"' for name in called) + ")"
    return f"            yield return {text};"


def lines() -> Iterator[str]:
    """The file, line by line."""
    neutral = face.neutral_face()
    parting = np.load(HERE.parent / "bridge/rigs/arkit_map.npz", allow_pickle=False)["parting"]
    yield "// Written by unity_sample/recipes.py from bridge/rigs; change it there."
    yield "using System.Collections.Generic;"
    yield ""
    yield "namespace Facecue.Mapping"
    yield "{"
    yield "    static class RecipeTables"
    yield "    {"
    yield "        // distance of the resting face's mouth corners, cm"
    yield f"        public const float RestingMouthWidth = {number(float(face.mouth_width(neutral)))};"
    yield ""
    for name, among in (("PartingLips", True), ("FollowingLips", False)):
        values = [number(p) if (a in PARTERS) is among else "0f" for a, p in zip(ARKIT, parting, strict=True)]
        yield f"        // cm of inner-lip gap at weight 1: {'what parts lips' if among else 'all else'}"
        yield f"        public static readonly float[] {name} ="
        yield "        {"
        for row in range(0, len(values), 8):
            yield f"            {', '.join(values[row : row + 8])},"
        yield "        };"
        yield ""
    for name, rig in (("Vrm", "vrm0"), ("Oculus", "oculus15")):
        table = load_rig(rig).table
        yield f"        // bridge/rigs/{rig}.toml"
        yield f"        public static IEnumerable<Recipe> {name}()"
        yield "        {"
        for curve in table.curves:
            called = CALLED.get(curve.name, ()) if name == "Vrm" else ()
            yield recipe(curve, part(curve.name) if name == "Vrm" else "Mouth", called)
        yield "        }"
        if name == "Vrm":
            yield ""
    yield "    }"
    yield "}"


def main() -> None:
    """Write the file."""
    OUT.write_text("\n".join(lines()) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
