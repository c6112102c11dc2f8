import numpy as np
import pytest

from bridge.frames import ARKIT, CUE_RATE_HZ, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes.rate import RATES, at_rate


def frames(count: int) -> list[RigFrame]:
    """jawOpen is the time."""
    made = []
    for n in range(count):
        weights = np.zeros(len(ARKIT), np.float32)
        weights[24] = (n + 0.5) / CUE_RATE_HZ
        made.append(RigFrame(rest_cues(n, neutral_face()), weights, 0.0))
    return made


@pytest.mark.parametrize("rate", RATES)
def test_frames_lie_where_the_rate_says_and_show_that_moment(rate: int) -> None:
    made = list(at_rate(frames(100), rate))  # two seconds
    assert len(made) == 2 * rate
    assert [frame.cues.n for frame in made] == list(range(2 * rate))
    times = np.array([frame.cues.time_s for frame in made])
    assert np.allclose(times, (np.arange(2 * rate) + 0.5) / rate)
    shown = np.array([frame.weights[24] for frame in made])
    assert np.allclose(shown, np.clip(times, 0.01, 1.99), atol=1e-5)


def test_fifty_is_left_as_it_is() -> None:
    given = frames(30)
    made = list(at_rate(given, 50))
    assert all(np.array_equal(a.weights, b.weights) for a, b in zip(given, made, strict=True))


def test_nothing_gives_nothing_and_a_rate_is_above_zero() -> None:
    assert list(at_rate([], 25)) == []
    with pytest.raises(ValueError, match="0 frames a second cannot be"):
        list(at_rate(frames(2), 0))
