"""One viseme at a time: holds, counts, memory, and the best way through a take."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import visemes
from bridge.config import BakeConfig
from bridge.frames import Floats, RigFrame
from bridge.rigs import load_rig
from bridge.visemes import HOLD_FRAMES, MOST_CHANGES, TAKE_HOLD_FRAMES, Visemes, best_visemes, stretches

NAMES = ("X", "A", "B")


def any_curves(seed: int, frames: int, kinds: int, run: int) -> Floats:
    """Curves that favour another viseme every `run` frames, with noise."""
    rng = np.random.default_rng(seed)
    values = rng.random((frames, kinds)).astype(np.float32)
    favourite = np.repeat(rng.integers(0, kinds, frames), run)[:frames]
    values[np.arange(frames), favourite] += 0.7
    return values


def changes(names: list[str]) -> list[int]:
    return [n for n in range(1, len(names)) if names[n] != names[n - 1]]


def check_rules(names: list[str], hold: int) -> None:
    at = changes(names)
    assert all(b - a >= hold for a, b in itertools.pairwise([0, *at]))  # the last one may be cut by the end
    for first, ninth in zip(at, at[MOST_CHANGES:], strict=False):
        assert ninth - first > 50  # so no second, its ends included, holds nine


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 22), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_a_stream_keeps_the_rules_whatever_comes(seed: int, frames: int, kinds: int, run: int) -> None:
    values = any_curves(seed, frames, kinds, run)
    stage = Visemes([str(k) for k in range(kinds)])
    whole = [stage(v) for v in values]
    check_rules(whole, HOLD_FRAMES)
    assert whole[0] == str(int(values[0].argmax()))
    stage.reset()
    assert [stage(v) for v in values] == whole
    cut = frames // 2  # what comes later changes nothing
    stage.reset()
    assert [stage(v) for v in values[:cut]] == whole[:cut]


@given(st.integers(0, 2**32 - 1), st.integers(0, 400), st.integers(1, 22), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_a_take_keeps_the_rules_to_its_end(seed: int, frames: int, kinds: int, run: int) -> None:
    values = any_curves(seed, frames, kinds, run)
    shown = best_visemes([str(k) for k in range(kinds)], values)
    assert len(shown) == frames
    check_rules(shown, TAKE_HOLD_FRAMES)
    at = [0, *changes(shown), frames]
    assert len(at) == 2 or at[-1] - at[-2] >= TAKE_HOLD_FRAMES


@pytest.mark.parametrize("seed", range(8))
def test_a_take_shows_the_most_that_can_be_shown(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visemes, "TAKE_HOLD_FRAMES", 3)
    values = any_curves(seed, 9, 3, 2)

    def worth(way: tuple[int, ...]) -> float:
        lengths = [len(list(group)) for _, group in itertools.groupby(way)]
        if min(lengths) < 3:
            return -np.inf
        cost = visemes.CHANGE_COST * (len(lengths) - 1)
        return float(sum(float(values[n, k]) ** 2 for n, k in enumerate(way)) - cost)

    best = max(itertools.product(range(3), repeat=9), key=worth)
    shown = best_visemes(NAMES, values)
    assert worth(tuple(NAMES.index(n) for n in shown)) == pytest.approx(worth(best))


def test_a_change_must_be_worth_it() -> None:
    stage = Visemes(NAMES)
    shown = [stage(np.array(v, np.float32)) for v in [[0.5, 0.4, 0.1]] * 10 + [[0.45, 0.6, 0.1]] * 20]
    assert set(shown) == {"X"}
    assert stage(np.array([0.3, 0.6, 0.1], np.float32)) == "A"


def test_lips_that_close_while_another_is_held_close_a_little_late() -> None:
    stage = Visemes(NAMES)
    talk, closed = np.array([0, 0.0, 0.6], np.float32), np.array([0, 1.0, 0], np.float32)
    quiet = np.array([1.0, 0, 0], np.float32)
    frames = [quiet] * 10 + [talk] * 3 + [closed] * 3 + [talk] * 20
    shown = [stage(v) for v in frames]
    assert "A" in shown
    begin = shown.index("A")
    assert 13 <= begin <= 10 + HOLD_FRAMES
    assert shown[begin + HOLD_FRAMES + 1] == "B"


def test_stretches_have_no_gaps() -> None:
    assert stretches(["X"] * 3 + ["A"] * 2) == [(0.0, 0.06, "X"), (0.06, 0.1, "A")]
    assert stretches([]) == []


def test_a_rig_without_curves_has_no_visemes() -> None:
    with pytest.raises(ValueError, match="at least one curve"):
        Visemes(())


@pytest.mark.parametrize(
    ("rig", "closed", "wide"),
    [
        ("oculus15", "PP", {"aa", "E"}),
        ("rhubarb9", "A", {"C", "D"}),
        ("microsoft22", "21", {"1", "2", "3", "4"}),
    ],
)
def test_the_bundled_speech_closes_and_opens_where_it_is_heard(rig: str, closed: str, wide: set[str]) -> None:
    # "bin blue by m two please": lips meet for the b of blue at 0.88 s, are widest in "by" at 1.32 s
    one = load_rig(rig)
    values = np.array([one.values(frame.weights, frame.cues) for frame in spoken()])
    names = [one.names[k] for k in values.argmax(1)]
    assert closed in names[40:48]
    assert set(names[64:69]) <= wide
    rest = one.table.rest
    assert set(names[120:145]) == {rest}
    np.testing.assert_allclose(values.sum(1), 1, atol=1e-5)
    assert closed in best_visemes(one.names, values)[38:52]


def spoken() -> list[RigFrame]:
    from threading import Event

    from bridge.assembly import assemble
    from bridge.pipeline import run
    from bridge.sources.demo import DemoSource, load_clip

    if not _SPOKEN:
        source = DemoSource(realtime=False)
        source._parts = lambda: iter([load_clip("bbbm2p")])  # type: ignore[method-assign]
        run(source, assemble(BakeConfig()).pipeline, (), stop=Event(), on_frame=_SPOKEN.append)
    return _SPOKEN


_SPOKEN: list[RigFrame] = []
