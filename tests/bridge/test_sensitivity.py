import pytest

from bridge.sensitivity import AUTO_RANGE, EFFECTIVE_RANGE, FOLLOW_S, NATURAL_MOUTH_CM, USUAL_CM, Sensitivity


def after(seconds: float, extent_cm: float, *, speaking: bool = True, asked: float = 1.0) -> Sensitivity:
    follower = Sensitivity()
    for _ in range(round(50 * seconds)):
        follower(extent_cm, asked, auto=True, speaking=speaking)
    return follower


def test_by_hand_it_is_itself_for_small_motion_and_one_for_a_wide_mouth() -> None:
    hand = Sensitivity()
    for asked in (0.25, 1.0, 3.0):
        assert hand(0.0, asked, auto=False, speaking=True) == pytest.approx(asked)
        assert hand(NATURAL_MOUTH_CM, asked, auto=False, speaking=True) == pytest.approx(1.0)
    assert hand.auto == 1.0  # it was not listening


def test_it_follows_a_speaker_who_hardly_opens_slowly_and_within_bounds() -> None:
    assert after(0.5, USUAL_CM / 2).auto < 1.1
    assert after(FOLLOW_S, USUAL_CM / 2).auto == pytest.approx(1 / (1 - 0.5 * (1 - 0.3679)), rel=0.01)
    assert after(60, USUAL_CM / 1.5).auto == pytest.approx(1.5, rel=0.01)
    assert after(60, 0.01).auto == AUTO_RANGE[1]
    assert after(60, 5.0).auto == AUTO_RANGE[0]
    assert after(60, USUAL_CM).auto == pytest.approx(1.0)


def test_silence_teaches_nothing() -> None:
    assert after(60, 0.0, speaking=False).auto == 1.0


def test_with_what_is_asked_by_hand_it_stays_in_range_and_reset_forgets() -> None:
    follower = after(60, 0.01)
    assert follower(0.0, 4.0, auto=True, speaking=True) == EFFECTIVE_RANGE[1]
    follower.reset()
    assert follower.auto == 1.0
