"""The head that ships: what its shapes do, seen on its vertices."""

import numpy as np
import pytest

from bridge.frames import ARKIT, ARKIT_INDEX, Floats
from bridge.head import Head, load_head
from bridge.head.model import HEAD_FILE, eye_turn, gaze_of
from bridge.retarget import mirrored_order

UPPER_LIP = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)
LIDS = {"Right": ((160, 159, 158), (144, 145, 153)), "Left": ((387, 386, 385), (373, 374, 380))}
"""Facing points of the rims; the first 468 vertices are MediaPipe's points."""


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


def weights(**values: float) -> Floats:
    out = np.zeros(len(ARKIT), np.float32)
    for name, value in values.items():
        out[ARKIT_INDEX[name]] = value
    return out


def part(head: Head, *names: str) -> np.ndarray:
    return np.unique(np.concatenate([head.triangles_of(p) for p in head.parts if p.name in names]))


def rise(points: Floats, upper: tuple[int, ...], lower: tuple[int, ...]) -> Floats:
    return points[list(upper), 1] - points[list(lower), 1]


def test_every_shape_moves_something(head: Head) -> None:
    for name in ARKIT:
        assert np.abs(head.shape(name)).max() > 0.05, name


def test_shapes_differ(head: Head) -> None:
    flat = np.stack([head.shape(n).ravel() for n in ARKIT])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    alike = flat @ flat.T - np.eye(len(ARKIT))
    assert alike.max() < 0.97


def test_the_file_is_small_and_plain() -> None:
    assert HEAD_FILE.stat().st_size < 1.5e6
    with np.load(HEAD_FILE, allow_pickle=False) as data:
        assert data["vertices"].shape[1:] == (3,)


def test_sides_mirror_each_other(head: Head) -> None:
    face = head.vertices[:468]
    flip = np.array([-1, 1, 1], np.float32)
    across = ((face[:, None] * flip - face[None]) ** 2).sum(-1).argmin(1)
    np.testing.assert_allclose(face, face[across] * flip, atol=2e-3)
    shapes = np.stack([head.shape(n)[:468] for n in ARKIT])
    np.testing.assert_allclose(shapes, shapes[list(mirrored_order())][:, across] * flip, atol=6e-3)


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_shuts_the_eye(head: Head, side: str) -> None:
    upper, lower = LIDS[side]
    assert rise(head.vertices, upper, lower).min() > 0.6
    shut = head.pose(weights(**{f"eyeBlink{side}": 1.0}))
    assert np.abs(rise(shut, upper, lower)).max() < 0.06
    half = rise(head.pose(weights(**{f"eyeBlink{side}": 0.5})), upper, lower)
    assert 0.2 < half.min() < half.max() < 0.9


def test_lids_stay_off_the_eyeball(head: Head) -> None:
    lids = part(head, "skin")
    for name in ARKIT:
        for w in (0.0, 0.25, 0.5, 0.75, 1.0):
            posed = head.pose(weights(**{name: w}))
            for centre in head.eyes:
                distance = np.linalg.norm(posed[lids] - centre, axis=1)
                assert distance.min() > head.eye_radius, (name, w, distance.min())


def test_mouth_close_shuts_the_open_jaw(head: Head) -> None:
    rest = rise(head.vertices, UPPER_LIP, LOWER_LIP)
    assert np.abs(rest).max() < 0.05
    wide = rise(head.pose(weights(jawOpen=1)), UPPER_LIP, LOWER_LIP)
    assert wide.max() > 2.0
    for w in (0.3, 0.6, 1.0):
        closed = rise(head.pose(weights(jawOpen=w, mouthClose=w)), UPPER_LIP, LOWER_LIP)
        np.testing.assert_allclose(closed, rest, atol=0.06)


def test_the_jaw_takes_lower_teeth_and_tongue_along(head: Head) -> None:
    move = head.shape("jawOpen")
    chin, lower, upper = move[152, 1], part(head, "teeth_lower"), part(head, "teeth_upper")
    assert chin < -2
    assert move[lower, 1].max() < -1
    assert np.abs(move[upper]).max() == 0
    assert move[part(head, "tongue"), 1].min() < -1
    posed, rest = (head.vertices + move)[lower], head.vertices[lower]
    size = np.linalg.norm(np.ptp(rest, axis=0))
    assert abs(np.linalg.norm(posed[0] - posed[-1]) - np.linalg.norm(rest[0] - rest[-1])) < 0.01 * size


def test_closed_lips_stay_closed(head: Head) -> None:
    for name in (
        "mouthPucker",
        "mouthRollUpper",
        "mouthRollLower",
        "mouthPressLeft",
        "mouthSmileLeft",
        "cheekPuff",
    ):
        gap = rise(head.pose(weights(**{name: 1})), UPPER_LIP, LOWER_LIP)
        assert gap.max() < 0.08, (name, gap.max())


def test_lips_move_as_their_names_say(head: Head) -> None:
    corner = {"Right": 61, "Left": 291}
    for side, at in corner.items():
        assert head.shape(f"mouthSmile{side}")[at, 1] > 0.5
        assert head.shape(f"mouthFrown{side}")[at, 1] < -0.2
    assert head.shape("mouthLeft")[13, 0] > 0.5
    assert head.shape("jawForward")[152, 2] > 0.5
    assert head.shape("mouthPucker")[0, 2] > 0.3
    assert head.shape("cheekPuff")[[205, 425], 2].min() > 0.3
    assert head.shape("tongueOut")[part(head, "tongue"), 2].max() > 2.5


def test_eyes_turn_about_their_centres(head: Head) -> None:
    rest = head.vertices
    for side, name in enumerate(("right", "left")):
        pupil = part(head, f"pupil_{name}")
        gaze = np.zeros((2, 2), np.float32)
        gaze[side] = (0.3, 0.2)
        turned = head.pose(gaze=gaze)
        away = turned[pupil] - head.eyes[side]
        assert away[:, 0].mean() > 0.2
        assert away[:, 1].mean() > 0.1
        np.testing.assert_allclose(
            np.linalg.norm(away, axis=1), np.linalg.norm(rest[pupil] - head.eyes[side], axis=1), atol=1e-4
        )
        other = part(head, f"pupil_{('left', 'right')[side]}")
        np.testing.assert_array_equal(turned[other], rest[other])


def test_look_weights_mean_the_gaze_they_came_from() -> None:
    gaze = gaze_of(weights(eyeLookInRight=0.5, eyeLookOutLeft=0.5, eyeLookUpLeft=1, eyeLookDownRight=0.5))
    np.testing.assert_allclose(gaze, np.radians([[17.5, -15.0], [17.5, 25.0]]), atol=1e-6)
    ahead = eye_turn(gaze[1]) @ np.array([0, 0, 1])
    assert ahead[0] > 0
    assert ahead[1] > 0


def test_the_head_turns_and_the_bust_stays(head: Head) -> None:
    angle = 0.3
    rotation = np.array([0, np.sin(angle / 2), 0, np.cos(angle / 2)], np.float32)
    posed = head.pose(rotation=rotation, translation=np.array([0, 0, 1], np.float32))
    shirt = part(head, "shirt")
    np.testing.assert_allclose(posed[shirt], head.vertices[shirt], atol=1e-5)
    nose = posed[1] - head.pivot - (0, 0, 1)
    before = head.vertices[1] - head.pivot
    np.testing.assert_allclose(
        nose,
        (np.cos(angle) * before[0] + np.sin(angle) * before[2], before[1], np.cos(angle) * before[2]),
        atol=1e-3,
    )


def test_weights_add_up(head: Head) -> None:
    both = head.pose(weights(jawOpen=0.5, mouthSmileLeft=1.0)) - head.vertices
    np.testing.assert_allclose(both, 0.5 * head.shape("jawOpen") + head.shape("mouthSmileLeft"), atol=1e-4)


def test_normals_point_out(head: Head) -> None:
    normals = head.surface.normals(head.vertices)
    assert normals[1, 2] > 0.7, "the tip of the nose faces forward"
    hair = part(head, "hair")
    out = head.vertices[hair] - np.array([0, 4, -4])
    assert ((normals[hair] * out).sum(1) > 0).mean() > 0.97


def test_a_file_that_is_no_head_is_named(tmp_path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, vertices=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="is no head: it lacks triangles"):
        load_head(path)
