"""The drawn face: what moves in the cues moves in the picture, and on the right side of it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageColor

from bridge import look
from bridge.frames import ARKIT_INDEX, Cues, Floats, rest_cues
from bridge.landmarks import GAP_LOWER, LOWER_LID, UPPER_LID, neutral_face
from bridge.takes.brush import View, rotation_matrix, spline
from bridge.takes.drawing import draw_face

SIZE = 128
MOUTH_BOX, EYE_BOX = (0.36, 0.64, 0.64, 0.9), (0.25, 0.36, 0.75, 0.5)


def rest() -> Cues:
    return rest_cues(0, neutral_face())


def moved(points: tuple[int, ...], by: tuple[float, float, float]) -> Cues:
    landmarks = neutral_face().copy()
    landmarks[list(points)] += np.float32(by)
    return rest().with_(landmarks=landmarks)


def turned(axis: int, degrees: float) -> Cues:
    half = np.radians(degrees) / 2
    rotation = np.zeros(4, np.float32)
    rotation[axis], rotation[3] = np.sin(half), np.cos(half)
    return rest().with_(head_rotation=rotation)


def near(picture: Image.Image, colour: str, tolerance: float = 40) -> np.ndarray:
    """(H, W) bool: pixels close to a colour of the palette."""
    rgb = np.asarray(picture.convert("RGB"), np.float32)
    return np.linalg.norm(rgb - np.float32(ImageColor.getrgb(look.PALETTE[colour])), axis=2) < tolerance


def middle_x(mask: np.ndarray) -> float:
    assert mask.any()
    return float(np.nonzero(mask)[1].mean())


def crop(picture: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    return picture.crop(tuple(round(v * picture.width) for v in box))  # type: ignore[arg-type]


def change(a: Image.Image, b: Image.Image) -> np.ndarray:
    return np.abs(np.asarray(a, np.float32) - np.asarray(b, np.float32)).max(2)


@pytest.mark.parametrize("size", [32, 128, 301])
def test_picture_has_size_and_transparent_corners(size: int) -> None:
    picture = draw_face(rest(), size=size)
    assert picture.size == (size, size)
    alpha = np.asarray(picture.getchannel("A"))
    assert alpha[[0, 0, -1, -1], [0, -1, 0, -1]].max() < 8
    assert alpha[size // 2].min() == 255


def test_same_cues_same_picture_and_cues_unchanged() -> None:
    cues = rest()
    before = cues.landmarks.copy()
    assert draw_face(cues, size=SIZE).tobytes() == draw_face(cues, size=SIZE).tobytes()
    np.testing.assert_array_equal(cues.landmarks, before)


def test_open_mouth_shows_its_cavity_and_changes_only_the_lower_face() -> None:
    shut = draw_face(rest(), size=SIZE)
    jaw = (*range(5, 12), 55, 56, 57, 58, 59, *GAP_LOWER)
    wide = draw_face(moved(jaw, (0, -2.0, 0)), size=SIZE)
    dark = [int(near(crop(p, MOUTH_BOX), "cavity").sum()) for p in (shut, wide)]
    assert dark[1] > 5 * max(dark[0], 5)
    assert change(shut, wide)[: SIZE // 2].max() == 0


def test_mouth_area_grows_with_the_gap() -> None:
    area = []
    for gap in (0.3, 0.8, 1.4, 2.0):
        cues = moved((55, 56, 57, 58, 59, *GAP_LOWER), (0, -gap, 0))
        area.append(int(near(crop(draw_face(cues, size=SIZE), MOUTH_BOX), "cavity", 60).sum()))
    assert area == sorted(area)
    assert area[-1] > area[0]


def test_shut_lids_hide_white_and_iris() -> None:
    landmarks = neutral_face().copy()
    landmarks[list(UPPER_LID)] = landmarks[list(LOWER_LID)] + np.float32([0, 0.15, 0])
    eyes = [crop(draw_face(c, size=SIZE), EYE_BOX) for c in (rest(), rest().with_(landmarks=landmarks))]
    iris = [int(near(e, "iris").sum()) for e in eyes]
    white = [int(near(e, "white").sum()) for e in eyes]
    assert iris[0] > 15
    assert white[0] > 15
    assert iris[1] == white[1] == 0


@pytest.mark.parametrize(("yaw", "sign"), [(0.35, 1), (-0.35, -1)])
def test_gaze_to_the_subjects_left_is_the_pictures_right(yaw: float, sign: int) -> None:
    right_eye = (0.25, 0.36, 0.5, 0.5)
    straight = crop(draw_face(rest(), size=256), right_eye)
    aside = crop(draw_face(rest().with_(gaze=np.float32([[yaw, 0], [yaw, 0]])), size=256), right_eye)
    assert sign * (middle_x(near(aside, "iris")) - middle_x(near(straight, "iris"))) > 3
    assert sign * (middle_x(near(aside, "white")) - middle_x(near(straight, "white"))) < -1


def test_each_eye_follows_its_own_gaze() -> None:
    straight = draw_face(rest(), size=SIZE)
    aside = draw_face(rest().with_(gaze=np.float32([[0, 0], [0.4, 0]])), size=SIZE)
    columns = np.nonzero(change(straight, aside).max(0))[0]
    assert columns.min() > SIZE // 2  # the second row is the left eye, in the picture's right half


@pytest.mark.parametrize(("degrees", "sign"), [(20, 1), (-20, -1)])
def test_head_turned_to_the_subjects_left_moves_lips_to_the_right(degrees: float, sign: int) -> None:
    lips = [middle_x(near(draw_face(c, size=SIZE), "lip", 25)) for c in (rest(), turned(1, degrees))]
    assert sign * (lips[1] - lips[0]) > 5


def test_translation_moves_the_head_and_leaves_the_shirt() -> None:
    still = draw_face(rest(), size=SIZE)
    up = draw_face(rest().with_(head_translation=np.float32([0, 1.5, 0])), size=SIZE)
    rows = [np.nonzero(near(p, "iris"))[0].mean() for p in (still, up)]
    assert rows[1] < rows[0] - 5
    assert change(still, up)[-4:, : SIZE // 4].max() == 0


def test_tongue_comes_from_the_weights() -> None:
    cues = moved((55, 56, 57, 58, 59, *GAP_LOWER), (0, -2.0, 0))
    weights: Floats = np.zeros(52, np.float32)
    inside = draw_face(cues, weights, SIZE)
    weights[ARKIT_INDEX["tongueOut"]] = 1.0
    out = draw_face(cues, weights, SIZE)
    assert near(out, "tongue", 25).sum() > near(inside, "tongue", 25).sum()


def test_wild_values_draw_and_nan_is_refused() -> None:
    rng = np.random.default_rng(1)
    wild = rest().with_(
        landmarks=(neutral_face() + rng.normal(0, 3, (68, 3))).astype(np.float32),
        gaze=np.float32([[3, -3], [-3, 3]]),
        head_translation=np.float32([30, -30, 500]),
        head_rotation=np.float32([0, 1, 0, 0]),
    )
    assert draw_face(wild, size=64).size == (64, 64)
    flat = rest().with_(landmarks=np.zeros((68, 3), np.float32))
    assert draw_face(flat, size=64).size == (64, 64)
    broken = neutral_face().copy()
    broken[3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        draw_face(rest().with_(landmarks=broken), size=64)


def test_spline_passes_through_its_points() -> None:
    points = np.random.default_rng(2).normal(size=(7, 2)).astype(np.float32)
    np.testing.assert_allclose(spline(points)[::6], points, atol=1e-6)
    np.testing.assert_allclose(spline(points, closed=True)[::6], points, atol=1e-6)


def test_projection_keeps_left_right_and_nearer_is_larger() -> None:
    view = View(rest(), 256)
    far, nearer = (float(np.ptp(view.body([[-5, 0, z], [5, 0, z]])[:, 0])) for z in (0.0, 10.0))
    assert nearer > far
    assert view.body([[3, 0, 0]])[0, 0] > 128  # the subject's left
    r = rotation_matrix(turned(1, 90).head_rotation)
    np.testing.assert_allclose(r @ [0, 0, 1], [1, 0, 0], atol=1e-6)
