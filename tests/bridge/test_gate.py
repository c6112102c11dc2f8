import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.gate import ATTACK_S, EARNED, HANG_OVER_S, OFF, ON, QUIET_DB, QUIET_S, USUAL_DBFS, SpeechGate

HANG_OVER = round(HANG_OVER_S * 50)
ATTACK = round(ATTACK_S * 50)
LOUD, QUIET = -20.0, USUAL_DBFS - QUIET_DB - 1


def run(voices: list[float], level: float = LOUD) -> list[float]:
    """A gate that has been shut by noise."""
    gate = SpeechGate()
    for _ in range(HANG_OVER):
        gate(0.0, level)
    return [gate(v, level) for v in voices]


def test_starts_open_and_noise_shuts_it() -> None:
    assert SpeechGate()(0.9, LOUD) == 1.0  # in the middle of a word: nothing to rise from
    gate = SpeechGate()
    assert [gate(0.1, LOUD) for _ in range(HANG_OVER)] == [1.0] * (HANG_OVER - 1) + [0.0]


def test_quiet_rests_it_and_costs_no_patience() -> None:
    gate = SpeechGate()
    quiet = round(QUIET_S * 50)
    for level in (QUIET, LOUD - QUIET_DB - 1):
        assert [gate(0.0, level) for _ in range(quiet + 100)] == [1.0] * (quiet - 1) + [0.0] * 101
        for _ in range(50):
            gate(0.9, LOUD)
    for _ in range(quiet):
        gate(0.0, QUIET)
    assert not gate.speaking
    opened = [gate(0.0, LOUD) for _ in range(HANG_OVER)]  # sound again: it may be a word's first consonant
    assert opened[:ATTACK] == pytest.approx([(k + 1) / ATTACK for k in range(ATTACK)])
    assert opened[-2:] == [1.0, 0.0]


def test_quiet_does_not_open_it() -> None:
    gate = SpeechGate()
    for _ in range(HANG_OVER):
        gate(0.0, LOUD)
    assert max(gate(0.0, QUIET) for _ in range(50)) == 0.0


def test_opens_over_the_attack_and_shuts_after_the_hang_over() -> None:
    openness = run([0.0] * 5 + [0.9] * 20 + [0.0] * 40)
    assert openness[4] == 0.0
    assert openness[5] == pytest.approx(1 / ATTACK)
    assert openness[5 + ATTACK - 1] == 1.0
    assert openness[24 + HANG_OVER - 1] == 1.0
    assert openness[24 + HANG_OVER] == 0.0


def test_a_click_earns_little() -> None:
    openness = run([0.9] + [0.0] * 40)
    assert sum(v > 0 for v in openness) == EARNED


def test_hysteresis_holds_between_the_thresholds() -> None:
    between = (ON + OFF) / 2
    assert max(run([between] * 50)) == 0.0
    assert min(run([0.9] * 5 + [between] * 50)[5:]) == 1.0


def test_short_pauses_inside_words_do_not_shut_it() -> None:
    openness = run([0.9] * 10 + [0.1] * (HANG_OVER - 1) + [0.9] * 10)
    assert min(openness[ATTACK:]) == 1.0


def test_speaking_goes_on_over_short_pauses_alone() -> None:
    gate = SpeechGate()
    told = []
    for voice in [0.0] * 5 + [0.9] * 5 + [0.0] * (HANG_OVER + 5):
        gate(voice, QUIET)
        told.append(gate.speaking)
    assert told == [False] * 5 + [True] * (5 + HANG_OVER - 1) + [False] * 6


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-120, 10)), max_size=200))
def test_bounded_and_reset_restores_exactly(heard: list[tuple[float, float]]) -> None:
    gate = SpeechGate()
    first = [gate(*h) for h in heard]
    assert all(0.0 <= v <= 1.0 for v in first)
    assert np.all(np.diff([1.0, *first]) <= 1 / ATTACK + 1e-9)
    gate.reset()
    assert [gate(*h) for h in heard] == first
