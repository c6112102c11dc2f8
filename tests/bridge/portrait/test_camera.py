import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.landmarks import neutral_face
from bridge.portrait.camera import Camera, fitted, matrix_of

angles = st.floats(-0.6, 0.6)


def quaternion(yaw: float, pitch: float) -> np.ndarray:
    about_y = np.array([0, np.sin(yaw / 2), 0, np.cos(yaw / 2)])
    about_x = np.array([np.sin(pitch / 2), 0, 0, np.cos(pitch / 2)])
    x1, y1, z1, w1 = about_y
    x2, y2, z2, w2 = about_x
    return np.array(
        [
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        ],
        np.float32,
    )


@given(angles, angles, st.floats(2, 20), st.floats(-50, 300), st.floats(-50, 300))
def test_a_camera_is_found_again(yaw: float, pitch: float, scale: float, x: float, y: float) -> None:
    camera = Camera(matrix_of(quaternion(yaw, pitch)), scale, np.array([x, y], np.float32))
    found = fitted(neutral_face(), camera.seen(neutral_face()))
    assert np.abs(found.rotation - camera.rotation).max() < 2e-3
    assert found.scale == pytest.approx(scale, rel=1e-3)
    assert np.abs(found.seen(neutral_face()) - camera.seen(neutral_face())).max() < 0.02


def test_the_subjects_left_is_the_pictures_right_and_up_is_up() -> None:
    camera = Camera(np.eye(3, dtype=np.float32), 10.0, np.array([128, 128], np.float32))
    assert camera.seen(np.array([1, 2, 0], np.float32)).tolist() == [138, 108]


def test_a_head_that_turns_to_its_left_shows_its_nose_at_the_pictures_right() -> None:
    camera = Camera(np.eye(3, dtype=np.float32), 10.0, np.array([128, 128], np.float32))
    nose = neutral_face()[30]
    turned = camera.moved(matrix_of(quaternion(0.3, 0)), np.zeros(3, np.float32))
    assert turned.seen(nose)[0] > camera.seen(nose)[0] + 5


def test_a_head_that_comes_nearer_grows_and_one_that_rises_is_higher() -> None:
    camera = Camera(np.eye(3, dtype=np.float32), 10.0, np.array([128, 128], np.float32))
    straight = np.eye(3, dtype=np.float32)
    assert camera.moved(straight, np.array([0, 0, 6], np.float32)).scale == pytest.approx(11.0)
    assert camera.moved(straight, np.array([0, 2, 0], np.float32)).shift.tolist() == [128, 108]


def test_a_crop_sees_the_same_head() -> None:
    camera = Camera(np.eye(3, dtype=np.float32), 10.0, np.array([128, 128], np.float32))
    seen, cut = camera.seen(neutral_face()), camera.cropped(20, 30, 1.5).seen(neutral_face())
    assert np.abs((seen - (20, 30)) * 1.5 - cut).max() < 1e-3


def test_too_few_points_or_holes_place_no_camera() -> None:
    with pytest.raises(ValueError, match="3 points do not place a camera"):
        fitted(neutral_face()[:3], np.zeros((3, 2), np.float32))
    holes = neutral_face().copy()
    holes[4] = np.nan
    with pytest.raises(ValueError, match="finite"):
        fitted(holes, np.zeros((68, 2), np.float32))
