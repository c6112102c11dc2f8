import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.direction import DirectionConfig
from bridge.frames import EMOTIONS, NEUTRAL
from bridge.landmarks import neutral_face
from bridge.serve import WishError
from bridge.serve.feelings import MAPPING, Feelings, mixture, named_back


def at(feelings: Feelings, seconds: float) -> list[np.ndarray]:
    """(8 + share) of every frame's steering."""
    return [
        np.append(s.emotion, s.mix)
        for s in (feelings.steering_at(n / 50) for n in range(round(50 * seconds)))
    ]


def test_every_emotion_of_theirs_is_one_whole_of_ours() -> None:
    assert set(MAPPING) == {
        "amazement", "anger", "cheekiness", "disgust", "fear", "grief", "joy", "outofbreath", "pain", "sadness",
    }  # fmt: skip
    for shares in MAPPING.values():
        assert set(shares) <= set(EMOTIONS)
        assert math.isclose(sum(shares.values()), 1.0)


@given(st.dictionaries(st.sampled_from(sorted(MAPPING)), st.floats(0, 1, width=32)))
def test_a_mixture_is_a_probability(strengths: dict[str, float]) -> None:
    ours = mixture(strengths)
    assert ours.min() >= 0
    assert math.isclose(ours.sum(), 1.0, abs_tol=1e-5)


def test_mixtures() -> None:
    assert mixture({})[NEUTRAL] == 1
    weak = mixture({"joy": 0.25})
    assert weak[EMOTIONS.index("happy")] == 0.25
    assert weak[NEUTRAL] == 0.75
    both = mixture({"joy": 1.0, "grief": 0.5, "sadness": 0.5})
    assert both[EMOTIONS.index("happy")] == both[EMOTIONS.index("sad")] == 0.5
    assert named_back(weak)["joy"] == 0.25


@pytest.mark.parametrize(
    ("strengths", "says"),
    [({"bliss": 0.5}, "unknown emotion 'bliss'"), ({"joy": 1.5}, "0..1"), ({"joy": math.nan}, "0..1")],
)
def test_a_wrong_emotion_is_refused(strengths: dict[str, float], says: str) -> None:
    with pytest.raises(WishError, match=says):
        mixture(strengths)


def test_time_codes_hold_from_their_time_on() -> None:
    feelings = Feelings(DirectionConfig(), neutral_face(), mix=0.8, transition_s=0.2)
    feelings.feel(2.0, mixture({"sadness": 1.0}))  # out of order
    feelings.feel(1.0, mixture({"joy": 1.0}))
    assert not feelings.steady
    seen = at(feelings, 3.0)
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    assert all(s[-1] == 0 for s in seen[:51])  # the voice decides
    assert 0 < seen[54][-1] < 0.8  # eases in
    assert seen[61][happy] == 1
    assert seen[61][-1] == pytest.approx(0.8)
    assert seen[111][sad] == 1
    assert seen[111][happy] == 0
    assert feelings.steady
    feelings.reset()
    assert all(s[-1] == 0 for s in at(feelings, 3.0))


def test_a_look_ahead_is_allowed_for() -> None:
    feelings = Feelings(DirectionConfig(), neutral_face(), delay_s=0.08)
    feelings.feel(1.0, mixture({"joy": 1.0}))
    shares = [s[-1] for s in at(feelings, 2.0)]
    assert shares.index(next(s for s in shares if s > 0)) == 55  # its first step is after 1.08 s


def test_a_late_word_eases_in_from_now() -> None:
    feelings = Feelings(DirectionConfig(), neutral_face(), transition_s=0.4)
    at(feelings, 5.0)
    feelings.feel(1.0, mixture({"joy": 1.0}))
    assert 0 < feelings.steering_at(5.0).mix < 0.1


def test_of_two_at_one_time_the_later_word_holds() -> None:
    feelings = Feelings(DirectionConfig(), neutral_face(), transition_s=0)
    feelings.feel(0.0, mixture({"joy": 1.0}))
    feelings.feel(0.0, mixture({"fear": 1.0}))
    assert at(feelings, 0.2)[-1][EMOTIONS.index("fear")] == 1


def test_a_beginning_fades_to_what_follows() -> None:
    feelings = Feelings(
        DirectionConfig(), neutral_face(), transition_s=1.0, beginning=mixture({"anger": 1.0})
    )
    shares = [s[-1] for s in at(feelings, 1.2)]
    assert shares[0] == 1
    assert shares[25] == pytest.approx(0.5)
    assert shares[-1] == 0
    assert feelings.steady


def test_a_director_of_the_server_holds_until_the_first_code() -> None:
    feelings = Feelings(DirectionConfig(emotion="fear", mix=0.5), neutral_face())
    assert at(feelings, 0.1)[-1][EMOTIONS.index("fear")] == 1
    assert feelings.steering.mix == 0.5
    feelings.feel(0.2, mixture({"joy": 1.0}))
    assert at(feelings, 1.0)[-1][EMOTIONS.index("happy")] == 1


@pytest.mark.parametrize("code_s", [0.0, 0.5, 1.0, 2.03, 4.31, 9.99])
@pytest.mark.parametrize("delay_s", [0.0, 0.08])
def test_pieces_are_long_only_where_nothing_changes(code_s: float, delay_s: float) -> None:
    feelings = Feelings(DirectionConfig(), neutral_face(), transition_s=0.2, delay_s=delay_s)
    feelings.feel(code_s, mixture({"joy": 1.0}))
    time_s, long, shares = 0.0, 0, {}
    while time_s < 12.0:
        size_s = 1.0 if feelings.steady else 0.02  # as the pipeline takes them
        share = feelings.steering_at(time_s).mix
        for n in range(round(size_s * 50)):
            shares[round(50 * time_s) + n] = share
        long += size_s == 1.0
        time_s = round(time_s + size_s, 2)
    assert long >= 8
    other = Feelings(DirectionConfig(), neutral_face(), transition_s=0.2, delay_s=delay_s)
    other.feel(code_s, mixture({"joy": 1.0}))
    assert [shares[n] for n in range(600)] == [other.steering_at(n / 50).mix for n in range(600)]
