"""JSON lines, read by the standard library line by line."""

import json
from pathlib import Path

import numpy as np

from bridge.frames import ARKIT, EMOTIONS, SHAPES, RigFrame, arrays_of
from bridge.landmarks import neutral_face
from bridge.takes import open_take


def test_header_and_frames_hold_what_was_added(tmp_path: Path, performance: list[RigFrame]) -> None:
    path = tmp_path / "take.jsonl"
    with open_take(path, "jsonl", sound="schön.wav") as take:
        for frame in performance:
            take.add(frame)
    header, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (header["facecue"], header["version"], header["rate_hz"]) == ("take", 1, 50)
    assert header["sound"] == "schön.wav"
    assert tuple(header["arkit_names"]) == ARKIT
    assert tuple(header["emotion_names"]) == EMOTIONS
    assert {name: tuple(field["shape"]) for name, field in header["fields"].items()} == SHAPES
    np.testing.assert_allclose(header["neutral"], neutral_face(), atol=5.1e-7)
    assert [row["n"] for row in rows] == list(range(len(performance)))
    for row, frame in zip(rows, performance, strict=True):
        assert row["time_s"] == frame.cues.time_s
        for name, values in arrays_of(frame).items():
            np.testing.assert_allclose(row[name], values, atol=1e-6)
