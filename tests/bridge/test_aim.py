import itertools
import math

import numpy as np
import pytest

from bridge import landmarks as face
from bridge.aim import AVERTED_RAD, EYEBALL_CM, MAX_GAZE_RAD, Aim
from bridge.controls import DirectionConfig
from bridge.frames import Floats

NEUTRAL = face.neutral_face()
EYES = [NEUTRAL[list(eye)].mean(0) - (0, 0, EYEBALL_CM) for eye in (face.RIGHT_EYE, face.LEFT_EYE)]
WANDERING = np.array([[0.2, -0.1], [0.2, -0.1]], np.float32)
LEVEL = np.array([0, 0, 0, 1], np.float32)
HERE = np.zeros(3, np.float32)


def asked(**values: object) -> DirectionConfig:
    return DirectionConfig(**{"target": "point", "target_mix": 1.0, **values})  # type: ignore[arg-type]


def settled(config: DirectionConfig, rotation: Floats = LEVEL, shift: Floats = HERE, seed: int = 0) -> Floats:
    aim = Aim(NEUTRAL, seed)
    for n in range(40):
        gaze = aim(config, n / 50, WANDERING, rotation, shift)
    return gaze


def turned(yaw: float, pitch: float = 0.0) -> Floats:
    """A head turned to the subject's left, then looking up."""
    a, b = yaw / 2, -pitch / 2
    return np.array(
        [
            math.cos(a) * math.sin(b),
            math.sin(a) * math.cos(b),
            -math.sin(a) * math.sin(b),
            math.cos(a) * math.cos(b),
        ],
        np.float32,
    )


def rotated(q: Floats, v: Floats) -> Floats:
    u, w = q[:3].astype(float), float(q[3])
    return v + 2 * np.cross(u, np.cross(u, v) + w * v)  # type: ignore[no-any-return]


def sight(eye: int, gaze: Floats) -> Floats:
    """The direction in which an eye looks, in the head."""
    yaw, pitch = (float(x) for x in gaze[eye])
    return np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])  # type: ignore[return-value]


def test_without_a_target_the_eyes_are_left_alone() -> None:
    assert Aim(NEUTRAL, 0)(asked(target="none"), 0.0, WANDERING, LEVEL, HERE) is WANDERING


@pytest.mark.parametrize("place", [(0, 3, 60), (20, -10, 60), (-6, 8, 40), (0, 2.9, 25)])
@pytest.mark.parametrize("head", [(0.0, 0.0), (0.25, 0.1), (-0.2, -0.15)])
def test_both_eyes_meet_the_point_whatever_the_head_does(
    place: tuple[float, float, float], head: tuple[float, float]
) -> None:
    rotation, shift = turned(*head), np.array([1, -0.5, 2], np.float32)
    x, y, z = place
    gaze = settled(asked(target_x=x, target_y=y, target_z=z), rotation, shift)
    assert np.abs(gaze).max() < MAX_GAZE_RAD
    for eye in (0, 1):
        start = rotated(rotation, EYES[eye]) + shift
        ray = rotated(rotation, sight(eye, gaze))
        way = np.array(place) - start
        miss_cm = np.linalg.norm(way - ray * (way @ ray))
        assert miss_cm < 0.02
        assert way @ ray > 0


def test_near_places_make_eyes_converge_and_far_ones_do_not() -> None:
    near = settled(asked(target_z=15.0))
    far = settled(asked(target_z=1000.0))
    assert near[0, 0] > 0.2 > -0.2 > near[1, 0]  # the right eye turns to the subject's left
    np.testing.assert_allclose(far[:, 0], 0, atol=0.005)


def test_eyes_go_no_further_than_eyes_do() -> None:
    gaze = settled(asked(target_x=500.0, target_y=-400.0, target_z=10.0))
    np.testing.assert_allclose(gaze, [[MAX_GAZE_RAD, -MAX_GAZE_RAD]] * 2, atol=1e-6)


def test_the_camera_is_straight_ahead_and_away_is_not() -> None:
    camera = settled(asked(target="camera"))
    np.testing.assert_allclose(camera.mean(0), 0, atol=1e-3)
    away = settled(asked(target="away"))
    assert abs(float(away[:, 0].mean())) == pytest.approx(AVERTED_RAD[0], abs=0.03)
    assert float(away[:, 1].mean()) == pytest.approx(AVERTED_RAD[1], abs=0.03)


def test_averted_eyes_change_sides_as_chance_has_it_and_repeat_for_a_seed() -> None:
    def sides(seed: int) -> list[bool]:
        aim = Aim(NEUTRAL, seed)
        config = asked(target="away")
        return [bool(aim(config, n / 50, WANDERING, LEVEL, HERE)[0, 0] > 0) for n in range(1500)]

    first = sides(1)
    assert first == sides(1)
    assert first != sides(2)
    changes = sum(a != b for a, b in itertools.pairwise(first))
    assert 30 / 4 - 1 <= changes <= 30 / 1.5  # half a minute


def test_turning_to_a_target_and_back_is_eased_and_what_is_left_of_wandering_is_its_share() -> None:
    aim = Aim(NEUTRAL, 0)
    gazes = [WANDERING]
    for n in range(120):
        config = asked(target="camera" if 10 <= n < 60 else "none", target_mix=0.75)
        gazes.append(aim(config, n / 50, WANDERING, LEVEL, HERE))
    track = np.array(gazes)
    assert np.abs(np.diff(track, axis=0)).max() < 0.04
    middle = settled(asked(target="camera"))
    np.testing.assert_allclose(track[60], 0.25 * WANDERING + 0.75 * middle, atol=1e-5)
    np.testing.assert_array_equal(track[-1], WANDERING)


def test_a_new_point_is_reached_as_by_a_glance() -> None:
    aim = Aim(NEUTRAL, 0)
    for n in range(40):
        aim(asked(target_x=-15.0), n / 50, WANDERING, LEVEL, HERE)
    goal = settled(asked(target_x=15.0))
    way = [aim(asked(target_x=15.0), 1 + n / 50, WANDERING, LEVEL, HERE)[0, 0] for n in range(8)]
    assert way == sorted(way)
    assert way[3] == pytest.approx(float(goal[0, 0]), abs=0.03)
    assert way[0] < goal[0, 0] - 0.1
