import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.frames import RATE_HZ
from bridge.resample import Resampler, Sinc

RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 48001, 96000, 192000]


def pulse(rate: int, at_s: float, length_s: float) -> np.ndarray:
    t = np.arange(round(rate * length_s)) / rate - at_s
    return np.exp(-0.5 * (t / 0.0004) ** 2).astype(np.float32)


def streamed(resampler: Resampler, audio: np.ndarray, chunk: int) -> np.ndarray:
    parts = [resampler(audio[i : i + chunk]) for i in range(0, len(audio), chunk)]
    return np.concatenate([*parts, resampler.flush()])


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("rate", RATES)
def test_a_click_stays_where_it_was_and_no_sample_is_lost(rate: int, live: bool) -> None:
    audio = pulse(rate, 0.4, 1.0)
    out = streamed(Resampler(rate, 1, live=live), audio, rate // 100)
    assert abs(out.size - round(audio.size * RATE_HZ / rate)) <= 1
    heard = np.flatnonzero(out > 0.1)
    centre = (heard * out[heard]).sum() / out[heard].sum() / RATE_HZ
    assert abs(centre - 0.4) < 0.00002
    assert out.max() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("rate", [r for r in RATES if r != RATE_HZ])
def test_live_delay_is_what_it_says_and_small(rate: int) -> None:
    resampler = Resampler(rate, 1, live=True)
    assert resampler.delay_s <= ZERO_DELAY_S.get(rate, 0.0016)
    made = 0
    for i in range(100):
        made += resampler(np.zeros(rate // 100, np.float32)).size
        behind = (i + 1) * (rate // 100) / rate - made / RATE_HZ
        assert behind <= resampler.delay_s + 1.5 / RATE_HZ + 1 / rate


ZERO_DELAY_S = {8000: 0.0031, 11025: 0.0023}


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_hiss_above_the_band_does_not_fold_into_speech(rate: int) -> None:
    t = np.arange(rate) / rate
    folded = Sinc(rate)(np.sin(2 * np.pi * 11_000 * t).astype(np.float32))
    kept = Sinc(rate)(np.sin(2 * np.pi * 3_000 * t).astype(np.float32))
    assert folded[200:].std() < 1e-4
    assert kept[200:].std() == pytest.approx(2**-0.5, rel=1e-3)


@given(
    st.sampled_from([7999, 8000, 22050, 44100, 48000]),
    st.lists(st.integers(0, 2000), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_chunked_equals_whole(rate: int, sizes: list[int]) -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, sum(sizes)).astype(np.float32)
    whole, pieces = Resampler(rate, 1, live=True), Resampler(rate, 1, live=True)
    expected = np.concatenate([whole(audio), whole.flush()])
    cuts = np.cumsum(sizes)[:-1]
    got = np.concatenate([*(pieces(part) for part in np.split(audio, cuts)), pieces.flush()])
    assert expected.size == (2 * audio.size * RATE_HZ + rate) // (2 * rate)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_state_does_not_grow() -> None:
    sinc = Sinc(44100)
    for _ in range(500):
        sinc(np.ones(441, np.float32))
        assert sinc._held.size <= 2 * sinc._half + 3
        assert sinc._held.base is None


def test_channels_are_mixed_by_their_mean() -> None:
    frames = np.zeros((1000, 8), np.float32)
    frames[:, 3] = 0.8
    np.testing.assert_allclose(Resampler(RATE_HZ, 8, live=True)(frames), 0.1, atol=1e-7)


def test_samples_that_are_not_finite_become_silence_and_are_counted() -> None:
    audio = np.full((4800, 2), 0.5, np.float32)
    audio[100, 0], audio[200, 1], audio[300, 0] = np.nan, np.inf, -np.inf
    resampler = Resampler(48000, 2, live=True)
    out = streamed(resampler, audio, 480)
    assert resampler.bad_samples == 3
    assert np.isfinite(out).all()
    assert out[800:1500].mean() == pytest.approx(0.5, abs=1e-3)


def test_absurdly_loud_but_finite_samples_stay_finite() -> None:
    out = Resampler(RATE_HZ, 2, live=True)(np.full((10, 2), 3e38))
    assert np.isfinite(out).all()


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (-5, 1), (999, 1), (768_001, 1), (16000, 0)])
def test_absurd_streams_are_refused(rate: int, channels: int) -> None:
    with pytest.raises(ValueError, match=r"sample rate -?\d+|at least 1 channel"):
        Resampler(rate, channels, live=True)


def test_a_wrong_channel_count_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(10, 3\).*\(N, 2\)"):
        Resampler(RATE_HZ, 2, live=True)(np.zeros((10, 3), np.float32))
