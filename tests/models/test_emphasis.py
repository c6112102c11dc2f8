"""What is stressed, and what a head makes of it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from bridge.features import BINS, SILENCE  # noqa: E402
from models.data.corpus import features_of  # noqa: E402
from models.data.performances import emphasis_of  # noqa: E402
from models.data.windows import pairs_of  # noqa: E402
from models.emphasis import CLIPPED, LEAD, SIZE, Emphasis  # noqa: E402

pytestmark = pytest.mark.torch

RATE = 16000


def spoken(gain: float = 1.0) -> np.ndarray:
    """Four seconds of a buzz with a louder syllable of 0.2 s every second, at .5."""
    t = np.arange(4 * RATE) / RATE
    loud = ((t % 1 >= 0.5) & (t % 1 < 0.7)).astype(np.float32)
    buzz = np.sign(np.sin(2 * np.pi * 120 * t)) + np.random.default_rng(0).normal(0, 0.5, len(t))
    return (gain * (0.02 + 0.2 * loud) * buzz).astype(np.float32)


def heard(samples: np.ndarray, lookahead_frames: int, sizes: list[int] | None = None) -> np.ndarray:
    """(T, SIZE) as a network with that look-ahead puts it out, by frame."""
    made = Emphasis(lookahead_frames)
    mel = features_of(samples)
    mel = np.concatenate([mel, np.full((2 * lookahead_frames, BINS), SILENCE, np.float32)])
    pairs = pairs_of(torch.from_numpy(mel)[None], 2 * lookahead_frames)
    state, parts, at = made.initial_state(1), [], 0
    for size in sizes or [pairs.shape[1]]:
        out, state = made(pairs[:, at : at + size], state)
        parts.append(out[0].numpy())
        at += size
    return np.concatenate(parts)[lookahead_frames:]


def test_a_louder_syllable_is_stressed_a_little_before_it_is_heard() -> None:
    stress = heard(spoken(), LEAD)[:, 0]
    for second in (1, 2, 3):
        at = 50 * second + 25
        assert stress[at + 2] > 0.2  # by the time it begins, it is known
        assert stress[at - 10] < 0.0
        assert stress[at + 10 : at + 20].min() < -0.2  # and then the voice is softer than it was
    assert np.abs(stress).max() <= CLIPPED


def test_how_far_away_the_microphone_is_does_not_matter() -> None:
    near, far = heard(spoken(), LEAD), heard(spoken(0.1), LEAD)
    assert np.quantile(np.abs(near[100:] - far[100:]), 0.98) < 0.03


def test_a_longer_look_ahead_waits() -> None:
    live, studio = heard(spoken(), LEAD), heard(spoken(), 30)
    shortest = min(len(live), len(studio))
    np.testing.assert_allclose(studio[:shortest], live[:shortest], atol=1e-4)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
@settings(max_examples=15, deadline=None)
def test_chunked_equals_whole(sizes: list[int]) -> None:
    samples = spoken()
    sizes = [*sizes, 230 - sum(sizes)] if sum(sizes) < 230 else sizes
    whole = heard(samples, 30)
    np.testing.assert_allclose(
        heard(samples, 30, sizes)[:100], whole[: max(0, sum(sizes) - 30)][:100], atol=1e-5
    )


def test_silence_stresses_nothing() -> None:
    assert not heard(np.zeros(RATE, np.float32), LEAD).any()


def test_tracks_are_taught_what_the_network_will_hear() -> None:
    times = np.arange(0.1, 3.5, 0.04).astype(np.float32)
    found = emphasis_of(spoken(), times)
    assert found.shape == (len(times), SIZE)
    np.testing.assert_allclose(found, heard(spoken(), LEAD)[np.floor(times * 50).astype(int)], atol=1e-5)
