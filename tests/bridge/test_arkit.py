import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.arkit import angles, head_angles
from bridge.frames import rest_cues
from bridge.landmarks import neutral_face


@given(st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(-3, 3))
def test_head_angles_are_those_of_the_rotation(yaw: float, pitch: float, roll: float) -> None:
    def turn(axis: int, angle: float) -> np.ndarray:
        quaternion = np.zeros(4)
        quaternion[axis], quaternion[3] = math.sin(angle / 2), math.cos(angle / 2)
        return quaternion

    def times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
        return np.append(vector, a[3] * b[3] - a[:3] @ b[:3])

    # looking up turns +z towards +y: a negative turn about +x
    rotation = times(times(turn(1, yaw), turn(0, -pitch)), turn(2, roll))
    assert head_angles(rotation) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_pitch_is_down_as_the_app_records_it() -> None:
    gaze = np.array([[0.1, 0.2], [0.3, -0.4]], np.float32)
    nod = np.array([math.sin(0.15), 0.0, 0.0, math.cos(0.15)], np.float32)  # +x: the face goes down
    head, left, right = angles(rest_cues(0, neutral_face()).with_(gaze=gaze, head_rotation=nod))
    assert head == pytest.approx((0.0, 0.3, 0.0), abs=1e-6)
    assert left == pytest.approx((0.3, 0.4, 0.0))
    assert right == pytest.approx((0.1, -0.2, 0.0))
