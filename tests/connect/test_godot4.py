"""The addon for Godot 4: the twin of the one for Godot 3, which test_godot.py runs, and of the right grammar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[2] / "docs" / "connect" / "godot"
SPELLINGS = [
    ("extends Reference", "extends RefCounted"),
    ("PoolByteArray", "PackedByteArray"),
    ("Quat(", "Quaternion("),
    (".subarray(_at, end - 1)", ".slice(_at, end)"),
    (".empty()", ".is_empty()"),
    ("turn.xform(Vector3(0, 0, 1))", "turn * Vector3(0, 0, 1)"),
    ("a.shift.linear_interpolate(b.shift, share)", "a.shift.lerp(b.shift, share)"),
    (
        "(Godot 3; the same in ../../../godot4 for Godot 4.)",
        "(Godot 4; the same in ../../../godot3 for Godot 3.)",
    ),
]
"""All that separates the two, in the rooms that neither a socket nor a scene has."""
OFFER = re.compile(r"^(?:@?export.*)?(?:var|func|signal|const) (\w+)", re.MULTILINE)
THREE, FOUR = (ADDONS / f"godot{version}" / "addons" / "facecue" for version in (3, 4))


@pytest.mark.parametrize("room", ["osc", "wire", "frame", "buffer", "names"])
def test_both_versions_do_the_same(room: str) -> None:
    three = (THREE / f"facecue_{room}.gd").read_text(encoding="utf-8")
    for old, new in SPELLINGS:
        three = three.replace(old, new)
    assert (FOUR / f"facecue_{room}.gd").read_text(encoding="utf-8") == three


def test_both_versions_offer_the_same() -> None:
    assert {path.name for path in THREE.iterdir()} == {path.name for path in FOUR.iterdir()}
    for room in ("puppet", "receiver"):
        texts = [(side / f"facecue_{room}.gd").read_text(encoding="utf-8") for side in (THREE, FOUR)]
        offered = [OFFER.findall(text) for text in texts]
        assert offered[0] == offered[1]
        assert len(offered[0]) > 10


def test_godot_4_scripts_have_its_grammar() -> None:
    parser = pytest.importorskip("gdtoolkit.parser", reason="pip install gdtoolkit").parser
    for path in FOUR.glob("*.gd"):
        parser.parse(path.read_text(encoding="utf-8"))
