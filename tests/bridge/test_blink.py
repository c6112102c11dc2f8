import numpy as np
import pytest

from bridge import landmarks as face
from bridge.blink import BLINK_S, MIN_PAUSE_S, USUAL_PER_MIN, Blinks, close_lids, closure, usual_rate
from bridge.frames import EMOTIONS, STYLES

NEUTRAL = face.neutral_face()
OPEN_CM = (NEUTRAL[list(face.UPPER_LID)] - NEUTRAL[list(face.LOWER_LID)])[:, 1].tolist()


def talk(time_s: float) -> float:
    """Three seconds of speech, one of silence."""
    return float(time_s % 4 < 3)


def closures(blinks: Blinks, seconds: float, start_s: float = 0.0, gate=talk) -> np.ndarray:
    times = start_s + np.arange(int(seconds * 50)) / 50 + 0.01
    return np.array([blinks(t, gate(t)) for t in times])


def starts(closed: np.ndarray) -> np.ndarray:
    """Seconds at which either eye begins to close."""
    busy = np.concatenate([[False], closed.max(1) > 0])
    return np.flatnonzero(busy[1:] & ~busy[:-1]) / 50


def test_one_blink_has_a_human_shape() -> None:
    age = np.arange(-0.05, 0.4, 0.001)
    curve = np.array([closure(t) for t in age])
    assert curve.max() == 1.0
    assert (curve == 1).sum() == pytest.approx(40, abs=2)  # ms shut
    assert ((curve > 0) & (age < 0.08)).sum() == pytest.approx(80, abs=2)
    assert ((curve > 0) & (age > 0.12)).sum() == pytest.approx(150, abs=2)
    assert np.abs(np.diff(curve)).max() < 0.03  # no jump


@pytest.mark.parametrize("rate", [4.0, 17.0, 40.0])
@pytest.mark.parametrize("gate", [talk, lambda _: 1.0], ids=["pauses", "no pauses"])
def test_rate_and_pauses_between(rate: float, gate) -> None:
    minutes = 20
    begins = starts(closures(Blinks(rate, 3), minutes * 60, gate=gate))
    assert len(begins) / minutes == pytest.approx(rate, rel=0.15)
    gaps = np.diff(begins)
    assert gaps.min() >= BLINK_S + MIN_PAUSE_S - 0.04
    if rate < 40:
        assert gaps.std() / gaps.mean() > 0.3  # people are not metronomes


def test_blinks_gather_where_speech_ends() -> None:
    begins = starts(closures(Blinks(17, 0), 1800))
    after_speech = ((begins % 4 >= 3.0) & (begins % 4 < 3.3)).mean()
    assert after_speech > 2 * 0.3 / 4


def test_eyes_are_together_within_a_frame_and_each_shuts() -> None:
    closed = closures(Blinks(30, 5), 120)
    assert (closed[:, 0] != closed[:, 1]).any()  # not a machine
    for eye in (0, 1):
        peaks = [closed[i : i + 15, eye].max() for i in np.round(starts(closed)[:-1] * 50).astype(int)]
        assert min(peaks) == 1.0
    right, left = (starts(closed[:, [eye]]) for eye in (0, 1))
    assert len(right) == len(left) > 40
    assert np.abs(right - left).max() <= 1 / 50 + 1e-9


def test_repeatable_in_audio_time() -> None:
    blinks = Blinks(20, 7)
    first = closures(blinks, 60)
    blinks.reset()
    np.testing.assert_array_equal(closures(blinks, 60), first)
    np.testing.assert_array_equal(closures(Blinks(20, 7), 60), first)
    assert not np.array_equal(closures(Blinks(20, 8), 60), first)


def test_rate_zero_never_blinks_and_may_be_turned_up_again() -> None:
    blinks = Blinks(0, 0)
    assert not closures(blinks, 60).any()
    blinks.rate_per_min = 30
    assert closures(blinks, 60, start_s=60).any()


def test_manner_and_mood_say_how_often() -> None:
    assert set(USUAL_PER_MIN) == set(STYLES)
    mood = dict(zip(EMOTIONS, np.eye(len(EMOTIONS), dtype=np.float32), strict=True))
    rates = {name: usual_rate("actor", one, 1.0) for name, one in mood.items()}
    assert rates["angry"] < rates["surprised"] < rates["neutral"] < rates["contempt"] < rates["sad"]
    assert usual_rate("speaker", mood["sad"], 0.0) == USUAL_PER_MIN["speaker"]
    half = 0.5 * (mood["sad"] + mood["angry"])
    assert usual_rate("reader", half, 1.0) == pytest.approx(
        (usual_rate("reader", mood["sad"], 1.0) + usual_rate("reader", mood["angry"], 1.0)) / 2
    )


def test_a_jump_in_time_brings_no_burst() -> None:
    blinks = Blinks(17, 1)
    closures(blinks, 30)
    later = starts(closures(blinks, 600, start_s=100_000))
    assert len(later) / 10 == pytest.approx(17, rel=0.25)
    assert np.diff(later).min() >= BLINK_S + MIN_PAUSE_S - 0.04


def test_closed_lids_touch_and_the_smaller_gap_holds() -> None:
    shut = NEUTRAL.copy()
    close_lids(shut, 1.0, 1.0, OPEN_CM)
    np.testing.assert_array_equal(face.lid_gap(shut), [0, 0])
    still = [i for i in range(68) if i not in face.UPPER_LID and i not in face.BROWS]
    np.testing.assert_array_equal(shut[still], NEUTRAL[still])
    assert (shut[list(face.BROWS), 1] < NEUTRAL[list(face.BROWS), 1]).all()

    right_only = NEUTRAL.copy()
    close_lids(right_only, 0.5, 0.0, OPEN_CM)
    np.testing.assert_allclose(
        face.lid_gap(right_only), face.lid_gap(NEUTRAL) * np.array([0.5, 1.0]), rtol=1e-5
    )

    narrow = NEUTRAL.copy()  # the network squints to a third: half a blink changes nothing
    upper, lower = list(face.UPPER_LID), list(face.LOWER_LID)
    narrow[upper] = narrow[lower] + (NEUTRAL[upper] - NEUTRAL[lower]) / 3
    before = face.lid_gap(narrow)
    close_lids(narrow, 0.5, 0.5, OPEN_CM)
    np.testing.assert_allclose(face.lid_gap(narrow), before, rtol=1e-5)

    wide = NEUTRAL.copy()  # a wide eye closes from where it is, without a jump
    wide[upper, 1] += 0.3
    before = face.lid_gap(wide)
    close_lids(wide, 1e-3, 1e-3, OPEN_CM)
    np.testing.assert_allclose(face.lid_gap(wide), before, rtol=2e-3)


def test_lids_that_the_network_crossed_are_put_together() -> None:
    crossed = NEUTRAL.copy()
    crossed[37, 1] = crossed[41, 1] - 0.2
    brow = crossed[20].copy()
    close_lids(crossed, 0.0, 0.0, OPEN_CM)
    np.testing.assert_array_equal(crossed[37], crossed[41])
    np.testing.assert_array_equal(crossed[20], brow)
    np.testing.assert_allclose(crossed[38], NEUTRAL[38], atol=1e-6)
