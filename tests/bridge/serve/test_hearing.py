from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.direction import DirectionConfig
from bridge.frames import ARKIT, FRAME_SAMPLES, RATE_HZ, AudioBlock, RigFrame, frame_count, rest_cues
from bridge.landmarks import neutral_face
from bridge.pipeline import Pipeline
from bridge.serve.hearing import Answer, Hearing
from bridge.serve.wishes import Wishes

LOOKAHEAD_FRAMES = 4


class Ramp:
    """A pipeline whose weights are the time of the frame."""

    def __init__(self) -> None:
        self._heard = self._made = 0

    def feed(self, block: AudioBlock) -> list[RigFrame]:
        assert round(block.time_s * RATE_HZ) == self._heard
        self._heard += block.samples.size
        return self._until(self._heard // FRAME_SAMPLES - LOOKAHEAD_FRAMES)

    def flush(self) -> list[RigFrame]:
        return self._until(frame_count(self._heard))

    def _until(self, end: int) -> list[RigFrame]:
        made = []
        for n in range(self._made, end):
            cues = rest_cues(n, neutral_face())
            made.append(RigFrame(cues, np.full(len(ARKIT), cues.time_s, np.float32), 0.0))
        self._made = max(end, self._made)
        return made


def wishes(rate_hz: int) -> Wishes:
    one, zero = np.ones(len(ARKIT), np.float32), np.zeros(len(ARKIT), np.float32)
    return Wishes(
        rate_hz, DirectionConfig(), one, zero,
        clamp=False, follow=True, mix=0.5, transition_s=0.4, beginning=None, unmet=(),
    )  # fmt: skip


def heard(pcm: bytes, sizes: Sequence[int], rate_hz: int = RATE_HZ, fps: int = 50) -> list[Answer]:
    hearing = Hearing(cast(Pipeline, Ramp()), wishes(rate_hz), fps)
    answers, at, n = [], 0, 0
    while at < len(pcm):
        size = sizes[n % len(sizes)]
        for piece in hearing.pieces(pcm[at : at + size]):
            answers += hearing.feed(piece)
        at, n = at + size, n + 1
    return answers + hearing.end()


def noise(samples: int) -> bytes:
    return np.random.default_rng(0).integers(-3000, 3000, samples).astype("<i2").tobytes()


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("fps", [24, 30, 50, 60, 120])
def test_frames_stand_at_their_times_and_share_out_the_sound(rate_hz: int, fps: int) -> None:
    pcm = noise(2 * rate_hz)
    answers = heard(pcm, [4001], rate_hz, fps)
    assert len(answers) == 2 * fps
    assert b"".join(a.audio for a in answers) == pcm
    for k, a in enumerate(answers):
        assert a.time_s == pytest.approx((k + 0.5) / fps)
        assert a.audio_time_s == pytest.approx(k / fps, abs=1 / rate_hz)
        assert a.weights is not None
        # between the middle of the first frame and that of the last, interpolation is exact
        assert a.weights[0] == pytest.approx(min(max(a.time_s, 0.01), 1.99), abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=9000), st.lists(st.integers(1, 4000), min_size=1, max_size=5))
def test_any_bytes_come_back_as_they_were(pcm: bytes, sizes: list[int]) -> None:
    answers = heard(pcm, sizes)
    assert b"".join(a.audio for a in answers) == pcm
    assert sum(a.weights is not None for a in answers) == frame_count(len(pcm) // 2)


def test_chunked_equals_whole() -> None:
    pcm = noise(44_100)
    for a, b in zip(heard(pcm, [len(pcm)], 44_100, 30), heard(pcm, [1, 777], 44_100, 30), strict=True):
        assert (a.time_s, a.audio) == (b.time_s, b.audio)
        assert a.weights is not None
        np.testing.assert_array_equal(a.weights, b.weights)


def test_no_more_is_kept_than_the_network_looks_ahead() -> None:
    hearing = Hearing(cast(Pipeline, Ramp()), wishes(RATE_HZ), 50)
    for _ in range(200):
        hearing.feed(noise(1600))
        assert len(hearing._sound) <= 2 * FRAME_SAMPLES * (LOOKAHEAD_FRAMES + 1)
