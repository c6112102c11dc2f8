from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sinks.unity import Quaternion, eye_rotation, unity_position, unity_rotation

MIRROR = np.diag([-1.0, 1.0, 1.0])
"""Head frame → Unity: +x subject's left becomes +X the avatar's right."""


def matrix(q: Quaternion) -> np.ndarray:
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def turn(axis: str, degrees: float) -> Quaternion:
    half = math.radians(degrees) / 2
    x, y, z = (math.sin(half) * (a == axis) for a in "xyz")
    return x, y, z, math.cos(half)


unit = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.1)
rotations = unit.map(lambda q: tuple(c / math.hypot(*q) for c in q))


@given(rotations)
def test_rotation_is_the_mirrored_one(q: Quaternion) -> None:
    np.testing.assert_allclose(matrix(unity_rotation(q)), MIRROR @ matrix(q) @ MIRROR, atol=1e-12)


def test_yaw_to_the_left() -> None:
    ours = turn("y", 20)
    assert (matrix(ours) @ [0, 0, 1])[0] > 0  # the nose moves to +x, the subject's left
    nose = matrix(unity_rotation(ours)) @ [0, 0, 1]
    assert nose == pytest.approx([-math.sin(math.radians(20)), 0, math.cos(math.radians(20))])  # -X: left


def test_pitch_up() -> None:
    ours = turn("x", -20)
    assert (matrix(ours) @ [0, 0, 1])[1] > 0  # the nose rises
    assert unity_rotation(ours) == pytest.approx(turn("x", -20))  # in Unity, too, - about X looks up
    assert (matrix(unity_rotation(ours)) @ [0, 0, 1])[1] > 0


def test_roll_onto_the_right_shoulder() -> None:
    ours = turn("z", 20)
    assert (matrix(ours) @ [1, 0, 0])[1] > 0  # the left ear rises
    left_ear = matrix(unity_rotation(ours)) @ [-1, 0, 0]  # left is -X in Unity
    assert left_ear[1] == pytest.approx(math.sin(math.radians(20)))


def test_position() -> None:
    assert unity_position((1.0, 2.0, 3.0)) == pytest.approx((-0.01, 0.02, 0.03))


@given(st.floats(-0.8, 0.8), st.floats(-0.8, 0.8))
def test_an_eye_looks_where_gaze_says(yaw: float, pitch: float) -> None:
    look = matrix(eye_rotation(yaw, pitch)) @ [0, 0, 1]
    want = [math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)]
    assert look == pytest.approx(want, abs=1e-9)
    assert abs((matrix(eye_rotation(yaw, pitch)) @ [1, 0, 0])[1]) < 1e-9  # no roll
