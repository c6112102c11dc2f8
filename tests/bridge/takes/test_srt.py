"""Emotions as subtitles, read by the package `srt`."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bridge.frames import EMOTIONS, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes import open_take
from bridge.takes.srt import stamp

srt = pytest.importorskip("srt", reason="the package srt is not here (the dev extra)")


def feeling(n: int, name: str, share: float) -> RigFrame:
    emotion = np.full(len(EMOTIONS), (1 - share) / 7, np.float32)
    emotion[EMOTIONS.index(name)] = share
    return RigFrame(rest_cues(n, neutral_face()).with_(emotion=emotion), np.zeros(52, np.float32), 0.0)


def test_cues_follow_the_strongest_emotion_and_skip_flickers(tmp_path: Path) -> None:
    path = tmp_path / "take.srt"
    with open_take(path, "srt") as take:
        for n in range(200):
            flicker = n in range(40, 46)  # 0.12 s: nobody reads it
            take.add(feeling(n, "angry" if flicker else "happy" if n < 120 else "sad", 0.79))
    first, second = srt.parse(path.read_text(encoding="utf-8"))
    assert (first.index, second.index) == (1, 2)
    assert (first.start, first.end) == (timedelta(0), timedelta(seconds=2.4))
    assert (second.start, second.end) == (timedelta(seconds=2.4), timedelta(seconds=4))
    assert first.content == f"happy {(114 * 0.79 + 6 * 0.03) / 120:.2f}"
    assert second.content == "sad 0.79"


def test_no_cue_is_shorter_than_half_a_second(tmp_path: Path) -> None:
    path = tmp_path / "take.srt"
    rng = np.random.default_rng(3)
    with open_take(path, "srt") as take:
        for n in range(1000):
            take.add(feeling(n, EMOTIONS[rng.integers(8)] if n % 9 == 0 else EMOTIONS[n // 45 % 8], 0.6))
    cues = list(srt.parse(path.read_text(encoding="utf-8")))
    assert len(cues) > 10
    assert all(cue.end - cue.start >= timedelta(seconds=0.5) for cue in cues)
    assert cues[-1].end == timedelta(seconds=20)
    assert all(a.end == b.start and a.content[:3] != b.content[:3] for a, b in pairwise(cues))


def test_stamps_carry_over() -> None:
    assert stamp(3599.9996) == "01:00:00,000"
    assert stamp(83.04) == "00:01:23,040"
