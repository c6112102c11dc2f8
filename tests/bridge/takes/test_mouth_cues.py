"""Rhubarb's two files and their like: syntax as Rhubarb writes it, times without gaps, holds kept."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame, rest_cues
from bridge.landmarks import GAP_LOWER, neutral_face
from bridge.rigs import load_rig
from bridge.takes import VISEME_RIGS, open_take
from bridge.visemes import TAKE_HOLD_FRAMES


def mouth(n: int) -> RigFrame:
    """Shut for a third of a second, wide open for the next, and so on."""
    weights = np.zeros(len(ARKIT), np.float32)
    face = neutral_face().copy()
    if n // 17 % 2:
        weights[ARKIT_INDEX["jawOpen"]] = 0.8
        face[[55, 56, 57, 58, 59, *GAP_LOWER]] -= np.float32([0, 2.0, 0])
    return RigFrame(rest_cues(n, face), weights, 0.0)


def baked(path: Path, format_: str, count: int = 102) -> str:
    with open_take(path, format_, sound="line.wav") as take:
        for n in range(count):
            take.add(mouth(n))
    return path.read_text(encoding="utf-8")


def test_tsv_is_lines_of_time_and_shape(tmp_path: Path) -> None:
    text = baked(tmp_path / "a.rhubarb.tsv", "rhubarb.tsv")
    assert re.fullmatch(r"(\d+\.\d\d\t[A-HX]\n)+", text)
    rows = [line.split("\t") for line in text.splitlines()]
    times = [float(time) for time, _ in rows]
    assert times[0] == 0
    assert times[-1] == 2.04
    assert rows[-1][1] == "X"
    assert all(b - a >= TAKE_HOLD_FRAMES / 50 - 1e-9 for a, b in pairwise(times))
    shown = [shape for _, shape in rows[:-1]]
    assert len(shown) == 6
    assert shown[::2] == ["X", "X", "X"]
    assert set(shown[1::2]) <= {"C", "D", "E"}  # open
    assert np.allclose(times[1:-1], [0.34, 0.68, 1.02, 1.36, 1.7], atol=0.021)


@pytest.mark.parametrize("format_", [name for name in VISEME_RIGS if name.endswith("json")])
def test_json_has_metadata_and_cues(tmp_path: Path, format_: str) -> None:
    whole = json.loads(baked(tmp_path / f"a.{format_}", format_))
    assert list(whole) == ["metadata", "mouthCues"]
    about = {"soundFile": "line.wav", "duration": 2.04}
    if format_ != "rhubarb.json":
        about["visemes"] = VISEME_RIGS[format_]
    assert whole["metadata"] == about
    cues = whole["mouthCues"]
    assert all(list(cue) == ["start", "end", "value"] for cue in cues)
    assert cues[0]["start"] == 0
    assert cues[-1]["end"] == 2.04
    assert all(a["end"] == b["start"] for a, b in pairwise(cues))
    rig = load_rig(VISEME_RIGS[format_])
    assert {cue["value"] for cue in cues} <= set(rig.names)
    assert cues[0]["value"] == rig.table.rest
    assert len(cues) == 6


def test_both_files_of_rhubarb_say_the_same(tmp_path: Path, performance: list[RigFrame]) -> None:
    for format_ in ("rhubarb.tsv", "rhubarb.json"):
        with open_take(tmp_path / f"a.{format_}", format_) as take:
            for frame in performance:
                take.add(frame)
    cues = json.loads((tmp_path / "a.rhubarb.json").read_text())["mouthCues"]
    rows = [line.split("\t") for line in (tmp_path / "a.rhubarb.tsv").read_text().splitlines()]
    assert [(cue["start"], cue["value"]) for cue in cues] == [(float(t), s) for t, s in rows[:-1]]


@pytest.mark.parametrize("format_", VISEME_RIGS)
def test_nothing_lasts_nothing(tmp_path: Path, format_: str) -> None:
    text = baked(tmp_path / f"a.{format_}", format_, 0)
    assert text == "0.00\tX\n" if format_.endswith("tsv") else json.loads(text)["mouthCues"] == []
