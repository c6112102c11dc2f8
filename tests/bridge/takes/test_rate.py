import numpy as np
import pytest

from bridge.frames import ARKIT, CUE_RATE_HZ, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes.rate import MIDDLE, RATES, START, at_rate


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


PACE_HZ = 3.0


def waving(count: int) -> list[RigFrame]:
    """jawOpen and the head's yaw (its quaternion's angle) are sines of the time."""
    made = []
    for n in range(count):
        wave = np.sin(2 * np.pi * PACE_HZ * (n + 0.5) / CUE_RATE_HZ)
        weights = np.zeros(len(ARKIT), np.float32)
        weights[24] = 0.5 + 0.5 * wave
        turn = np.array([0, np.sin(0.2 * wave), 0, np.cos(0.2 * wave)], np.float32)
        made.append(RigFrame(rest_cues(n, neutral_face()).with_(head_rotation=turn), weights, 0.0))
    return made


@pytest.mark.parametrize("phase", [MIDDLE, START])
@pytest.mark.parametrize("rate", RATES)
def test_a_sine_stays_one_to_the_error_of_straight_lines(rate: int, phase: float) -> None:
    shown = [f for f in at_rate(waving(150), rate, phase=phase) if 0.01 <= f.cues.time_s <= 2.99]
    times = np.array([frame.cues.time_s for frame in shown])
    wave = np.sin(2 * np.pi * PACE_HZ * times)
    bend = (2 * np.pi * PACE_HZ / CUE_RATE_HZ) ** 2 / 8  # of a chord, for amplitude 1: h² max|f''| / 8
    weights = np.array([frame.weights[24] for frame in shown])
    assert np.abs(weights - (0.5 + 0.5 * wave)).max() <= 0.5 * bend + 1e-6
    angles = np.array([2 * np.arctan2(*frame.cues.head_rotation[[1, 3]]) for frame in shown])
    assert np.abs(angles - 0.4 * wave).max() <= 0.4 * bend + 1e-6
    assert np.allclose([np.linalg.norm(frame.cues.head_rotation) for frame in shown], 1, atol=1e-6)
    # a clock wrong by a tenth of a frame would show
    late = 0.5 + 0.5 * np.sin(2 * np.pi * PACE_HZ * (times + 0.1 / CUE_RATE_HZ))
    assert np.abs(late - (0.5 + 0.5 * wave)).max() > 0.5 * bend + 1e-6


@pytest.mark.parametrize("count", range(1, 60))
def test_a_take_is_never_longer_than_the_sound(count: int) -> None:
    for rate in (*RATES, 23, 59):
        made = list(at_rate(frames(count), rate))
        assert made == [] or made[-1].cues.time_s < count / CUE_RATE_HZ
        started = list(at_rate(frames(count), rate, phase=START))
        assert len(started) == -(-count * rate // CUE_RATE_HZ)


def test_a_take_is_brought_back_to_the_rate_of_the_face() -> None:
    slow = list(at_rate(frames(100), 25))
    again = list(at_rate(slow, 50, given_hz=25))
    assert len(again) == 100
    shown = np.array([frame.weights[24] for frame in again])
    assert np.allclose(shown[1:-1], [(n + 0.5) / 50 for n in range(1, 99)], atol=1e-5)
