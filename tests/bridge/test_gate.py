import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.gate import ATTACK_S, HANG_OVER_S, OFF, ON, SpeechGate

HANG_OVER = round(HANG_OVER_S * 50)
ATTACK = round(ATTACK_S * 50)


def run(voices: list[float]) -> list[float]:
    """A gate that has been shut by silence."""
    gate = SpeechGate()
    gate(0.0)
    return [gate(v) for v in voices]


def test_the_first_frame_decides_how_it_starts() -> None:
    assert SpeechGate()(0.9) == 1.0  # in the middle of a word: nothing to rise from
    assert SpeechGate()(0.1) == 0.0


def test_opens_over_the_attack_and_shuts_after_the_hang_over() -> None:
    openness = run([0.0] * 5 + [0.9] * 20 + [0.0] * 40)
    assert openness[4] == 0.0
    assert openness[5] == pytest.approx(1 / ATTACK)
    assert openness[5 + ATTACK - 1] == 1.0
    assert openness[24 + HANG_OVER] == 1.0
    assert openness[25 + HANG_OVER] == 0.0


def test_hysteresis_holds_between_the_thresholds() -> None:
    between = (ON + OFF) / 2
    assert max(run([between] * 50)) == 0.0
    assert min(run([0.9] * 5 + [between] * 50)[5:]) == 1.0


def test_short_pauses_inside_words_do_not_shut_it() -> None:
    openness = run([0.9] * 10 + [0.1] * (HANG_OVER - 1) + [0.9] * 10)
    assert min(openness[ATTACK:]) == 1.0


@given(st.lists(st.floats(0, 1), max_size=200))
def test_bounded_and_reset_restores_exactly(voices: list[float]) -> None:
    gate = SpeechGate()
    first = [gate(v) for v in voices]
    assert all(0.0 <= v <= 1.0 for v in first)
    assert np.all(np.diff([1.0, *first]) <= 1 / ATTACK + 1e-9)
    gate.reset()
    assert [gate(v) for v in voices] == first
