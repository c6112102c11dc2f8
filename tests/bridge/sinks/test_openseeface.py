"""OpenSeeFace packets, read as OpenSee in Unity reads them, and held against the tracker's own geometry."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import Floats, RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.openseeface import OpenSeeFaceSink
from bridge.sinks.unity import eye_rotation, unity_rotation

_FEATURES = """
eye_l eye_r eyebrow_steepness_l eyebrow_updown_l eyebrow_quirk_l eyebrow_steepness_r eyebrow_updown_r eyebrow_quirk_r
mouth_corner_updown_l mouth_corner_inout_l mouth_corner_updown_r mouth_corner_inout_r mouth_open mouth_wide
"""
FEATURES = _FEATURES.split()
MIDDLE = (8, 27, 28, 29, 30, 33, 50, 55, 60, 64)
"""Points of the tracker's model that lie on the plane of symmetry."""
PAIRS = (
    (0, 16),
    (17, 26),
    (36, 45),
    (39, 42),
    (48, 52),
    (57, 53),
    (58, 62),
    (59, 61),
    (65, 63),
    (66, 67),
    (68, 69),
)
"""Right and left, by the tracker's numbers."""


@dataclass
class Packet:
    time: float
    face: int
    picture: tuple[float, float]
    right_open: float
    left_open: float
    error: float
    quaternion: Floats
    euler: Floats
    translation: Floats
    confidence: Floats
    seen: Floats
    """(68, 2) column and row."""
    solid: Floats
    """(70, 3) of the tracker's model: +x the subject's right, +y up, +z out."""
    features: dict[str, float]


def read(data: bytes) -> Packet:
    """Reads one face and refuses what a receiver would drop."""
    assert len(data) == 1785
    fields = struct.unpack("<di2f2fBf4f3f3f68f136f210f14f", data)
    assert all(math.isfinite(value) for value in fields)
    time, face, width, height, right, left, success, error = fields[:8]
    rest = np.array(fields[8:])
    assert success == 1
    assert 0 <= error < 100
    assert 0 <= right <= 1
    assert 0 <= left <= 1
    quaternion, euler, translation, confidence, seen, solid, features = np.split(
        rest, np.cumsum([4, 3, 3, 68, 136, 210])
    )
    assert float(quaternion @ quaternion) == pytest.approx(1, abs=1e-5)
    assert ((confidence > 0) & (confidence <= 1)).all()
    assert np.abs(features).max() <= 1
    return Packet(
        time, face, (width, height), right, left, error, quaternion, euler, translation, confidence,
        seen.reshape(68, 2), solid.reshape(70, 3) * (1, -1, -1), dict(zip(FEATURES, features.tolist(), strict=True)),
    )  # fmt: skip


def sent(frame: RigFrame) -> Packet:
    sink = open_sink("openseeface://127.0.0.1")
    assert isinstance(sink, OpenSeeFaceSink)
    (data,) = sink.packets(frame)
    sink.close()
    return read(data)


def times(a: Any, b: Any) -> Floats:
    """Hamilton product of xyzw, which Unity's operator * is too."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.append(vector, a[3] * b[3] - a[:3] @ b[:3])


def same_rotation(a: Any, b: Any, atol: float = 1e-5) -> None:
    assert abs(float(np.dot(a, b))) == pytest.approx(1, abs=atol)


def unity_head(packet: Packet) -> Floats:
    """As OpenSeeIKTarget turns an avatar's head before it was calibrated."""
    x, y, z, w = packet.quaternion
    return np.array([-y, -x, z, w])


def unity_place(packet: Packet) -> Floats:
    x, y, z = packet.translation
    return np.array([y, x, z])


def model_rotation(packet: Packet) -> Floats:
    """R (3, 3), from the quaternion of its transpose."""
    x, y, z, w = packet.quaternion * (-1, -1, -1, 1)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def turned(axis: str, degrees: float) -> list[float]:
    half = math.radians(degrees) / 2
    return [*(math.sin(half) * (a == axis) for a in "xyz"), math.cos(half)]


def test_a_resting_face(resting: Callable[..., RigFrame]) -> None:
    packet = sent(resting())
    assert (packet.face, packet.right_open, packet.left_open) == (0, 1, 1)
    assert set(packet.features.values()) == {0.0}
    # the tracker's own resting pose: receivers take 90 off the last and add 180 to the first
    assert np.abs(packet.euler) == pytest.approx([180, 0, 90], abs=1e-3)
    assert packet.euler[2] > 0
    np.testing.assert_allclose(model_rotation(packet), [[0, 1, 0], [1, 0, 0], [0, 0, -1]], atol=1e-6)
    assert packet.translation[2] < -1  # behind the camera, as the tracker solves it


def test_points_lie_where_the_trackers_lie(resting: Callable[..., RigFrame]) -> None:
    packet = sent(resting())
    solid = packet.solid
    assert np.abs(solid[list(MIDDLE), 0]).max() < 0.03
    np.testing.assert_array_equal(solid[30], 0)  # the model's origin
    for right, left in PAIRS:
        assert solid[right, 0] > 0.03, right
        np.testing.assert_allclose(solid[right] * (-1, 1, 1), solid[left], atol=0.03)
    # the model's proportions, within what people differ: its outer eye corners, chin, mouth corners, in its unit
    assert solid[36, 0] - solid[45, 0] == pytest.approx(0.6318, abs=0.01)
    assert solid[8, 1] == pytest.approx(-0.62, abs=0.12)
    assert solid[58, 0] == pytest.approx(0.18, abs=0.05)
    assert solid[58, 1] == pytest.approx(-0.24, abs=0.08)
    assert solid[0, 2] == pytest.approx(-0.76, abs=0.25)
    # rows of points from above: brow, eye, nose, upper lip, its inner edge, lower inner edge, lower lip, chin
    heights = [solid[i, 1] for i in (19, 37, 30, 50, 60, 64, 55, 8)]
    assert heights == sorted(heights, reverse=True)
    # eyeballs behind their lids, pupils before them
    for pupil, ball, corner in ((66, 68, 36), (67, 69, 45)):
        assert solid[ball, 2] < solid[corner, 2] < solid[pupil, 2] + 0.1
        assert np.linalg.norm(solid[pupil] - solid[ball]) == pytest.approx(0.0725, abs=0.02)


def test_the_picture_is_not_mirrored(resting: Callable[..., RigFrame]) -> None:
    packet = sent(resting())
    width, height = packet.picture
    assert (packet.seen > 0).all()
    assert (packet.seen < (width, height)).all()
    assert packet.seen[45, 0] > packet.seen[36, 0]  # the subject's left eye at the right
    assert packet.seen[8, 1] > packet.seen[27, 1]  # the chin below the nose
    assert 80 < packet.seen[16, 0] - packet.seen[0, 0] < 400


@pytest.mark.parametrize(
    ("axis", "degrees"), [("y", 20), ("x", -20), ("z", 15)], ids=["left", "up", "left side up"]
)
def test_a_receiver_turns_the_head_as_meant(
    resting: Callable[..., RigFrame], axis: str, degrees: float
) -> None:
    """Against the calibrated pose, in Unity's axes."""
    rest, now = sent(resting()), sent(resting(head_rotation=turned(axis, degrees)))
    x, y, z, w = unity_head(rest)
    got = times(unity_head(now), (-x, -y, -z, w))
    same_rotation(got, unity_rotation(tuple(turned(axis, degrees))))  # type: ignore[arg-type]


def test_a_receiver_moves_the_head_as_meant(resting: Callable[..., RigFrame]) -> None:
    rest = unity_place(sent(resting()))
    move = [unity_place(sent(resting(head_translation=t))) - rest for t in ([2, 0, 0], [0, 2, 0], [0, 0, 2])]
    unit = 0.6318 / 9  # about 14 cm
    np.testing.assert_allclose(move, np.diag([-2, 2, 2]) * unit, atol=0.04)  # +x is the avatar's right


@pytest.mark.parametrize(
    ("yaw", "pitch"),
    [(0, 0), (0.2, 0), (-0.2, 0), (0, 0.2), (0, -0.2)],
    ids=["ahead", "left", "right", "up", "down"],
)
def test_pupils_go_where_the_eye_looks(resting: Callable[..., RigFrame], yaw: float, pitch: float) -> None:
    ahead, packet = sent(resting()), sent(resting(gaze=[[yaw, pitch], [yaw, pitch]]))
    for pupil, ball in ((66, 68), (67, 69)):
        x, y, z = packet.solid[pupil] - packet.solid[ball]
        assert math.atan2(-x, z) == pytest.approx(yaw, abs=1e-4)  # + to the subject's left
        assert math.atan2(y, math.hypot(x, z)) == pytest.approx(pitch, abs=1e-4)
        moved = packet.seen[pupil] - ahead.seen[pupil]
        assert np.sign(np.trunc(moved)).tolist() == [np.sign(yaw), -np.sign(pitch)]  # whole pixels


def test_unity_reads_the_gaze(resting: Callable[..., RigFrame]) -> None:
    """OpenSee's LookRotation of each eye is the turn of an avatar's eye, sideways; its x is mirrored by design."""
    packet = sent(resting(gaze=[[0.2, 0], [0.3, 0]]))
    for pupil, ball, yaw in ((66, 68, 0.2), (67, 69, 0.3)):
        # read as (x, -y, z) of the wire, then x mirrored: (-x, y, -z) of the model
        x, _, z = (packet.solid[pupil] - packet.solid[ball]) * (-1, 1, -1)
        look = math.atan2(x, z)  # LookRotation about +Y, then half a turn
        half = (look + math.pi) / 2
        same_rotation((0, math.sin(half), 0, math.cos(half)), eye_rotation_unity(yaw))


def eye_rotation_unity(yaw: float) -> tuple[float, float, float, float]:
    return unity_rotation(eye_rotation(yaw, 0.0))


@pytest.mark.parametrize(
    ("weights", "signs"),
    [
        ({"eyeBlinkLeft": 0.8}, {"eye_l": -1}),
        ({"eyeWideRight": 0.5}, {"eye_r": 1}),
        ({"browDownRight": 0.5},
         {"eyebrow_steepness_r": -1, "eyebrow_updown_r": -1, "eyebrow_quirk_r": -1}),
        ({"browInnerUp": 0.5},
         {"eyebrow_steepness_l": 1, "eyebrow_updown_l": 1, "eyebrow_steepness_r": 1, "eyebrow_updown_r": 1}),
        ({"mouthSmileLeft": 0.5}, {"mouth_corner_updown_l": -1, "mouth_corner_inout_l": 1, "mouth_wide": 1}),
        ({"mouthFrownRight": 0.5}, {"mouth_corner_updown_r": 1}),
        ({"jawOpen": 0.3}, {"mouth_open": 1}),
        ({"jawOpen": 0.3, "mouthClose": 0.3}, {}),
        ({"mouthPucker": 0.5}, {"mouth_corner_inout_l": -1, "mouth_corner_inout_r": -1, "mouth_wide": -1}),
    ],
)  # fmt: skip
def test_features(resting: Callable[..., RigFrame], weights: dict[str, float], signs: dict[str, int]) -> None:
    features = sent(resting(weights)).features
    assert {name: int(np.sign(value)) for name, value in features.items() if value} == signs


def test_lids(resting: Callable[..., RigFrame]) -> None:
    packet = sent(resting({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.25}))
    assert (packet.right_open, packet.left_open) == (0.75, 0)


@given(st.data())
def test_any_face_is_a_packet_that_fits_itself(
    faces: st.SearchStrategy[RigFrame], data: st.DataObject
) -> None:
    frame = data.draw(faces)
    packet = sent(frame)
    # the pose and the picture agree: the model's origin is seen where the pose puts it
    w, (x, y, z) = packet.picture[0], packet.translation
    np.testing.assert_allclose(packet.seen[30], [w * y / z + w / 2, w * x / z + w / 2], atol=0.05)
    # Euler angles and quaternion tell one rotation: Rz·Ry·Rx
    a, b, c = np.radians(packet.euler)
    rx = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    ry = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    rz = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    np.testing.assert_allclose(rz @ ry @ rx, model_rotation(packet), atol=1e-5)
    # the points, turned by the pose, are what the picture shows; the tracker counts depth the other way round
    flat = packet.solid[:68] @ model_rotation(packet).T
    shown = w / 2 - w * (flat[:, 1::-1] + (y, x)) / (abs(z) + flat[:, 2:])
    np.testing.assert_allclose(packet.seen, shown, atol=0.1)


def test_time_goes_on_over_a_restart(resting: Callable[..., RigFrame]) -> None:
    before = sent(resting())
    assert before.time > 1.7e9  # of the calendar, in seconds
    sink = open_sink("openseeface://127.0.0.1")
    assert isinstance(sink, OpenSeeFaceSink)
    later = RigFrame(resting().cues.with_(time_s=2.5), resting().weights, 0.1)
    first, second = (read(sink.packets(frame)[0]).time for frame in (resting(), later))
    sink.close()
    assert first >= before.time
    assert second - first == pytest.approx(2.5 - 0.01, abs=1e-6)


def test_a_blink_of_the_quaternions_sign_never_comes(resting: Callable[..., RigFrame]) -> None:
    """q and -q are one rotation, but receivers that smooth number by number would swing through."""
    pose = np.array(turned("y", 30), np.float32)
    a, b = sent(resting(head_rotation=pose)), sent(resting(head_rotation=-pose))
    np.testing.assert_allclose(a.quaternion, b.quaternion, atol=1e-6)
    assert float(a.quaternion @ sent(resting()).quaternion) > 0.9


def test_two_programs_get_it(udp_peers: Any, absent_port: int, frame: RigFrame) -> None:
    one, two = udp_peers
    sink = open_sink(f"openseeface://127.0.0.1:{one.port},127.0.0.1:{absent_port},127.0.0.1:{two.port}")
    for _ in range(3):
        sink.send(frame)
    for peer in (one, two):
        assert {read(data).face for data in peer.take(3)} == {0}
    assert sink.status().sent == 3
    sink.close()


def test_options_and_port() -> None:
    with pytest.raises(SinkError, match="known: none"):
        open_sink("openseeface://127.0.0.1?face=1")
    sink = open_sink("openseeface://127.0.0.1")
    assert "127.0.0.1:11573" in sink.status().detail
    sink.close()
