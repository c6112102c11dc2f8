"""Closed lips, coarse shapes and crop pixels, where the right answer is known by hand."""

from pathlib import Path

import numpy as np
import pytest

from bridge import landmarks as face
from models.evaluation import closures, visemes
from models.evaluation.crop import CROP_PX, SIDE_PER_FACE, crop_maps, frontal_map, in_pixels, maps_of

SPEECH = np.ones(200, bool)


def talking_gap() -> np.ndarray:
    """Open at 1 cm, closed for 4 frames every 20."""
    gap = np.ones(200, np.float32)
    for start in range(10, 200, 20):
        gap[start : start + 4] = 0.05
    return gap


def test_closures_that_are_missing_give_no_recall() -> None:
    tracked = talking_gap()
    open_only = 1 + 0.3 * np.sin(np.arange(200) / 9).astype(np.float32)
    open_only[closures.near(tracked < 0.5, 2)] = 1.3  # widest where it should be closed
    found = closures.compare(open_only, tracked, SPEECH)
    assert found.recall == 0
    assert found.f1 == 0


def test_half_of_the_closures_give_half_the_recall() -> None:
    tracked = talking_gap()
    some = tracked.copy()
    some[100:] = 1
    found = closures.compare(some, tracked, SPEECH)
    assert found.recall == pytest.approx(0.5)
    assert found.precision == 1
    assert found.f1 == pytest.approx(2 / 3)


def test_invented_closures_cost_precision() -> None:
    tracked = talking_gap()
    more = tracked.copy()
    for start in range(0, 200, 20):
        more[start : start + 4] = 0.05
    found = closures.compare(more, tracked, SPEECH)
    assert found.precision == pytest.approx(0.5)
    assert found.recall == 1


def test_one_frame_of_slack_and_no_more() -> None:
    tracked = np.ones(100, np.float32)
    tracked[[20, 40, 60, 61, 62, 80, 81, 82]] = 0
    truth = closures.closed(tracked)
    for late, want in ((1, 1.0), (5, 0.0)):
        assert closures.agreement(np.roll(truth, late), truth).f1 == pytest.approx(want)


def test_closures_outside_speech_do_not_count() -> None:
    tracked = talking_gap()
    silent = np.zeros(200, bool)
    assert np.isnan(closures.compare(tracked, tracked, silent).f1)


def test_thresholds_are_relative_or_in_centimetres_as_named() -> None:
    tracked = talking_gap()
    wide = tracked + 0.5  # the same mouth, never nearer than 0.55 cm
    found = closures.f1_elsewhere(wide, tracked, SPEECH)
    assert found["0.20 of range"] == pytest.approx(1)
    assert found["0.1 cm"] == found["0.2 cm"] == 0
    assert np.isnan(closures.f1_elsewhere(tracked, wide, SPEECH)["0.1 cm"])


def test_shapes_change_as_often_as_they_do() -> None:
    gap, width = talking_gap(), np.full(200, 5, np.float32)
    assert visemes.change_rate(gap, width, SPEECH) == pytest.approx(
        20 / 4
    )  # ten closures, in and out, in 4 s
    flicker = gap.copy()
    flicker[5::20] = 0.05  # single frames are not held
    assert visemes.change_rate(flicker, width, SPEECH) == pytest.approx(20 / 4)
    assert visemes.change_rate(np.full(200, 0.3, np.float32), width, SPEECH) == 0
    assert visemes.change_rate(0.1 * gap, width, SPEECH) == pytest.approx(20 / 4)


def test_width_makes_shapes_of_its_own() -> None:
    gap = np.full(200, 0.8, np.float32)
    gap[:15] = 0
    width = np.where(np.arange(200) // 25 % 2, 5.5, 4.5).astype(np.float32)
    found = visemes.shapes(gap, width)
    assert set(found[:15]) == {0}
    assert set(found[15:]) == {4, 6}  # open and rounded, open and spread


def test_pixels_of_a_face_seen_from_the_front() -> None:
    """A face of 15 cm fills 1/1.75 of the crop: 256 / 26.25 = 9.75 pixels a cm."""
    landmarks = np.zeros((3, 68, 3), np.float32)
    landmarks[:, :, 0] = np.linspace(-6, 6, 68)
    landmarks[:, :, 1] = 7.5 * np.cos(np.arange(68))
    landmarks[:, :, 2] = np.sin(np.arange(68) * 2.0)
    landmarks[:, 0, 1], landmarks[:, 22, 1] = 7.5, -7.5
    pixels = 20 * landmarks[:, :, :2] * [1, -1] + [300, 200]  # 20 pixels a cm in the picture
    maps = maps_of(landmarks, pixels.astype(np.float32))
    error = np.zeros((3, 1, 3), np.float32)
    error[:, 0] = [0.3, 0.4, 9.0]  # depth is not seen
    want = 0.5 * CROP_PX / (SIDE_PER_FACE * 15)
    np.testing.assert_allclose(in_pixels(error, maps)[:, 0], want, rtol=1e-3)


def test_a_turned_head_shortens_what_is_seen() -> None:
    rng = np.random.default_rng(0)
    landmarks = rng.normal(0, 4, (2, 68, 3)).astype(np.float32)
    yaw = np.radians(60)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0]])
    pixels = 10 * landmarks @ turn.T * [1, -1]
    maps = maps_of(landmarks, pixels.astype(np.float32))
    sideways = in_pixels(np.tile(np.float32([1, 0, 0]), (2, 1, 1)), maps)
    upwards = in_pixels(np.tile(np.float32([0, 1, 0]), (2, 1, 1)), maps)
    np.testing.assert_allclose(sideways / upwards, 0.5, rtol=1e-3)


def test_a_track_without_pixels_is_looked_at_from_the_front(tmp_path: Path) -> None:
    neutral = face.neutral_face()[None].repeat(4, 0)
    common = {"landmarks": neutral, "ok": np.array([True, True, False, True]), "time_s": np.arange(4.0)}
    np.savez(tmp_path / "without.npz", **common)
    times, maps = crop_maps(tmp_path / "without.npz")
    assert times.shape == (1,)
    np.testing.assert_allclose(maps[0], frontal_map())
    pixels = 7 * neutral[:, :, :2] * [1, -1] + 50
    pixels[2] = np.nan  # no face in that frame
    np.savez(tmp_path / "with.npz", pixels=pixels, **common)
    times, maps = crop_maps(tmp_path / "with.npz")
    np.testing.assert_array_equal(times, [0, 1, 3])
    np.testing.assert_allclose(maps, frontal_map()[None].repeat(3, 0), atol=1e-3)
