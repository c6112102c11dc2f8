"""Good samples bent along the grain of their format, for every parser that listens: `benchmarks.fuzz` in seconds."""

import gc
import random
import re
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz.parsers import Parser, faults_told, makers, opened

NAMES = sorted({*makers(), "a2f"})
SLOW = {"a2f": 25, "pairs": 150}
"""Fewer samples where each takes long: a network runs for those of a2f."""


@pytest.fixture(scope="module", params=NAMES)
def parser(request: pytest.FixtureRequest) -> Iterator[Parser]:
    if request.param not in makers():
        pytest.skip("pip install 'facecue[a2f]'")
    with opened([request.param]) as (one,):
        yield one


def test_good_samples_are_taken(parser: Parser) -> None:
    assert parser.seeds
    for sample in parser.seeds:
        assert parser.feed(sample), sample


def test_bent_samples_are_taken_or_refused_and_counted(parser: Parser) -> None:
    @given(st.integers(0, 2**64), st.integers(0, len(parser.seeds) - 1), st.integers(1, 3))
    @settings(max_examples=SLOW.get(parser.name, 200), deadline=None, suppress_health_check=list(HealthCheck))
    def feed(chance: int, which: int, times: int) -> None:
        rng, data = random.Random(chance), parser.seeds[which]
        for _ in range(times):
            data = parser.bend(data, rng)
        outcomes.add(parser.feed(data))

    outcomes: set[bool] = set()
    with faults_told():
        feed()
        rng = random.Random(3)
        for _ in range(2000):  # of slow parsers few samples were drawn: all alike by chance
            if len(outcomes) == 2:
                break
            outcomes.add(parser.feed(parser.bend(rng.choice(parser.seeds), rng)))
    assert outcomes == {True, False}  # else the samples are bent too little, or too much


def test_nothing_is_kept_of_what_was_said(parser: Parser) -> None:
    rng, count = random.Random(7), SLOW.get(parser.name, 400)

    def feed() -> None:
        for _ in range(count):
            parser.feed(parser.bend(rng.choice(parser.seeds), rng))
        gc.collect()
        re.purge()

    feed()
    tracemalloc.start()
    try:
        feed()
        before = tracemalloc.get_traced_memory()[0]
        feed()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # what is kept of samples of some hundred bytes would be more
    assert grown < 100_000
