"""Lids go along with eyes that the director turns, and nothing else of the face does."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.assembly import assemble
from bridge.config import LiveConfig
from bridge.controls import DirectionConfig
from bridge.direction import Direction
from bridge.frames import ARKIT, Cues, RigFrame, rest_cues
from bridge.lids import LOWER_CM, NARROWEST, UPPER_CM, WIDEST, follow
from bridge.pipeline import run
from bridge.sources.demo import DemoSource, load_clip

NEUTRAL = face.neutral_face()
UPPER, LOWER = list(face.UPPER_LID), list(face.LOWER_LID)
OPEN = (NEUTRAL[UPPER] - NEUTRAL[LOWER])[:, 1].tolist()
LIDS = [*UPPER, *LOWER]
REST = [i for i in range(68) if i not in LIDS]
PLAIN = DirectionConfig(blink=False, smoothing_ms=0, target="point", target_mix=1.0, target_z=60)


def looking(config: DirectionConfig, frames: int = 60) -> Cues:
    """A face at rest, directed so, when all has eased in."""
    direction = Direction(config, NEUTRAL)
    for n in range(frames):
        cues = direction(rest_cues(n, NEUTRAL), 1.0)
    return cues


@pytest.mark.parametrize("y", [-12.0, -5.0, 2.9, 8.0])
def test_upper_lids_follow_the_pitch_of_a_target(y: float) -> None:
    cues = looking(replace(PLAIN, target_y=y))
    pitch = float(cues.gaze[0, 1])
    moved = cues.landmarks - NEUTRAL
    np.testing.assert_array_equal(moved[REST], 0)  # mouth, brows, nose and the corners of the eyes
    np.testing.assert_allclose(moved[LOWER, 1], min(pitch, 0) * LOWER_CM, atol=1e-4)
    np.testing.assert_allclose(moved[UPPER, 1], pitch * UPPER_CM, atol=1e-4)
    np.testing.assert_array_equal(moved[LIDS][:, [0, 2]], 0)


def test_eyes_that_go_very_far_leave_lids_open_and_unstretched() -> None:
    for y, share in ((-500.0, NARROWEST), (500.0, WIDEST)):
        cues = looking(replace(PLAIN, target_y=y))
        assert abs(float(cues.gaze[0, 1])) == pytest.approx(0.6)
        gaps = (cues.landmarks[UPPER] - cues.landmarks[LOWER])[:, 1]
        np.testing.assert_allclose(gaps, share * np.array(OPEN), atol=1e-4)


def test_the_gain_of_the_lids_holds_for_this_too() -> None:
    still = looking(replace(PLAIN, target_y=-12.0, lids=0.0))
    np.testing.assert_array_equal(still.landmarks, NEUTRAL)
    half, whole = (
        looking(replace(PLAIN, target_y=-5.0, lids=gain)).landmarks - NEUTRAL for gain in (0.5, 1.0)
    )
    np.testing.assert_allclose(half, whole / 2, atol=1e-5)


def test_eyes_that_are_held_still_hold_the_lids() -> None:
    config = replace(PLAIN, target="none", gaze=0.0)
    direction = Direction(config, NEUTRAL)
    cues = rest_cues(0, NEUTRAL).with_(gaze=np.array([[0, -0.2], [0, -0.2]], np.float32))
    landmarks = NEUTRAL.copy()
    landmarks[UPPER, 1] -= np.float32(UPPER_CM * 0.2)  # lids as the network gives them with such a gaze
    landmarks[LOWER, 1] -= np.float32(LOWER_CM * 0.2)
    shown = direction(cues.with_(landmarks=landmarks), 1.0)
    np.testing.assert_allclose(shown.landmarks[UPPER], NEUTRAL[UPPER], atol=0.1)
    unturned = Direction(replace(config, gaze=1.0), NEUTRAL)(cues.with_(landmarks=landmarks), 1.0)
    np.testing.assert_array_equal(unturned.landmarks, landmarks)  # nothing is added: nothing is moved


def test_a_blink_still_closes_them() -> None:
    config = replace(PLAIN, blink=True, blinks=3, target_y=-10.0)
    direction = Direction(config, NEUTRAL)
    gaps = []
    for n in range(2000):
        shown = direction(rest_cues(n, NEUTRAL), 1.0).landmarks
        gaps.append((shown[UPPER] - shown[LOWER])[:, 1].min())
    assert min(gaps) == pytest.approx(0, abs=1e-5)
    assert min(gaps) > -1e-5  # and never cross


@given(
    st.lists(st.floats(-0.6, 0.6), min_size=2, max_size=2),
    st.floats(0, 2),
    st.lists(st.floats(-1, 2), min_size=4, max_size=4),
)
def test_lids_stay_between_what_they_were_and_the_limits(
    turned: list[float], gain: float, shares: list[float]
) -> None:
    before = NEUTRAL.copy()
    before[UPPER, 1] = before[LOWER, 1] + np.array(shares, np.float32) * np.array(OPEN, np.float32)
    after = before.copy()
    follow(after, turned, gain, OPEN)
    was, now = ((points[UPPER] - points[LOWER])[:, 1] for points in (before, after))
    assert (now >= np.minimum(was, NARROWEST * np.array(OPEN)) - 1e-4).all()
    assert (now <= np.maximum(was, WIDEST * np.array(OPEN)) + 1e-4).all()
    np.testing.assert_array_equal(after[REST], before[REST])
    mirror = face.mirrored(before).copy()
    follow(mirror, turned[::-1], gain, [OPEN[i] for i in (3, 2, 1, 0)])
    np.testing.assert_allclose(mirror, face.mirrored(after), atol=1e-4)


def spoken(**values: object) -> list[RigFrame]:
    source = DemoSource(realtime=False)
    source._parts = lambda: iter([load_clip("bbbm2p")])  # type: ignore[method-assign]
    frames: list[RigFrame] = []
    config = DirectionConfig(blink=False, **values)  # type: ignore[arg-type]
    run(source, assemble(LiveConfig(direction=config)).pipeline, (), stop=Event(), on_frame=frames.append)
    return frames


def test_a_talking_face_looks_down_with_its_lids_and_talks_on() -> None:
    free = spoken()
    down = spoken(target="point", target_y=-15.0, target_mix=1.0)
    names = [i for i, name in enumerate(ARKIT) if name.startswith(("mouth", "jaw", "tongue", "brow"))]
    for a, b in zip(free, down, strict=True):
        np.testing.assert_array_equal(a.cues.landmarks[REST], b.cues.landmarks[REST])
        np.testing.assert_array_equal(a.weights[names], b.weights[names])
    late = slice(30, None)
    blink = ARKIT.index("eyeBlinkLeft")
    look = ARKIT.index("eyeLookDownLeft")
    assert np.mean([f.weights[look] for f in down[late]]) > 0.4
    lower = np.mean(
        [b.weights[blink] - a.weights[blink] for a, b in zip(free[late], down[late], strict=True)]
    )
    assert 0.2 < lower < 0.8  # lowered, not shut
