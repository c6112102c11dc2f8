"""A film's mouth for another voice: sentences by name, alignment, what happens at the ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data import dubbing


def track(rng: np.random.Generator, phones: int, frames_each: np.ndarray) -> np.ndarray:
    """States that stay near a random vector a phone."""
    centres = rng.normal(size=(phones, 24))
    return np.repeat(centres, frames_each, axis=0) + 0.1 * rng.normal(size=(int(frames_each.sum()), 24))


def test_names_of_grid_are_sentences() -> None:
    assert dubbing.grid_sentence("bbaf2n") == "bin blue at f two now"
    assert dubbing.grid_sentence("swwazs") == "set white with eigh zero soon"


@pytest.mark.parametrize("name", ["bbaf2", "bbaf2nn", "xbaf2n", "bbaf2×", ""])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no GRID sentence"):
        dubbing.grid_sentence(name)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_a_path_finds_the_same_phone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 12
    lengths = rng.integers(5, 10, size=(2, count))
    voice, film = (track(np.random.default_rng(seed + 1), count, each) for each in lengths)
    found = dubbing.path(dubbing.costs(voice, film))
    assert found[0] == 0
    assert found[-1] == len(film) - 1
    steps = np.diff(found)
    assert steps.min() >= 1 / 3 - 1e-4
    assert steps.max() <= 3 + 1e-4
    phone_of_voice, phone_of_film = (np.repeat(np.arange(count), each) for each in lengths)
    assert (phone_of_film[found.round().astype(int)] == phone_of_voice).mean() > 0.8


def test_a_sentence_of_another_length_by_far_is_refused() -> None:
    with pytest.raises(ValueError, match="three times"):
        dubbing.path(np.ones((10, 40)))


def test_time_runs_as_in_the_film_before_and_after_speech() -> None:
    rng = np.random.default_rng(3)
    each = np.full(8, 8)
    centre = track(rng, 8, each)
    film = np.concatenate([np.zeros((40, 24)), centre, np.zeros((30, 24))])
    voice = np.concatenate([np.zeros((25, 24)), centre, np.zeros((60, 24))])
    times, distance = dubbing.film_times(voice, film, (25, 89), (40, 104))
    assert times.shape == (149,)
    np.testing.assert_allclose(np.diff(times)[:10], 1, atol=1e-3)
    np.testing.assert_allclose(np.diff(times)[-10:], 1, atol=1e-3)
    np.testing.assert_allclose(times[25:89], np.arange(40, 104), atol=0.6)
    assert distance < 0.3
    assert times.max() > len(film)  # there the film says nothing: the caller's to leave out


def test_between_frames_the_film_is_linear() -> None:
    film = np.arange(10, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    out = dubbing.at_frames(film, np.array([-2, 0.25, 8.5, 12], np.float32))
    np.testing.assert_allclose(out[:, 0], [0, 0.25, 8.5, 9])
