import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.features import BINS, CONTEXT_SAMPLES, HOP_SAMPLES, SILENCE, LogMel, log_mel


def speechlike(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 0.1, n) * np.abs(np.sin(np.arange(n) / 900))).astype(np.float32)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_chunked_equals_whole(sizes: list[int], seed: int) -> None:
    audio = speechlike(sum(sizes), seed)
    stream, parts, at = LogMel(), [], 0
    for size in sizes:
        parts.append(stream(audio[at : at + size]))
        at += size
    np.testing.assert_allclose(np.concatenate(parts), log_mel(audio), atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 159, 160, 161, 441, 4096])
def test_state_does_not_grow(chunk: int) -> None:
    stream = LogMel()
    audio = speechlike(chunk)
    for _ in range(300):
        stream(audio)
        assert stream._tail.size < CONTEXT_SAMPLES + HOP_SAMPLES
        assert stream._tail.base is None  # owns its memory: does not keep the blocks alive


def test_causal_new_audio_does_not_change_old_rows() -> None:
    audio = speechlike(8000)
    louder = audio.copy()
    louder[4000:] *= 5
    hops = 4000 // HOP_SAMPLES
    np.testing.assert_array_equal(log_mel(audio)[:hops], log_mel(louder)[:hops])


def test_silence_and_a_tone_land_where_they_should() -> None:
    assert np.allclose(log_mel(np.zeros(1600, np.float32)), SILENCE)
    tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    peak = int(log_mel(tone)[50].argmax())
    mel_1k = 2595 * np.log10(1 + 1000 / 700)
    lo, hi = (2595 * np.log10(1 + f / 700) for f in (60, 7600))
    assert abs(peak - ((mel_1k - lo) / (hi - lo) * (BINS + 1) - 1)) <= 1


def test_reset_forgets_and_stereo_is_refused() -> None:
    stream = LogMel()
    audio = speechlike(5000)
    first = stream(audio)
    stream.reset()
    np.testing.assert_array_equal(stream(audio), first)
    with pytest.raises(ValueError, match=r"mono.*\(10, 2\)"):
        stream(np.zeros((10, 2), np.float32))
