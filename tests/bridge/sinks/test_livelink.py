"""Live Link Face packets, read by PyLiveLinkFace and by a strict reader written from the format."""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import ARKIT_INDEX, RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.livelink import LiveLinkSink, device_of

_NAMES = """
EyeBlinkLeft EyeLookDownLeft EyeLookInLeft EyeLookOutLeft EyeLookUpLeft EyeSquintLeft EyeWideLeft
EyeBlinkRight EyeLookDownRight EyeLookInRight EyeLookOutRight EyeLookUpRight EyeSquintRight EyeWideRight
JawForward JawLeft JawRight JawOpen MouthClose MouthFunnel MouthPucker MouthLeft MouthRight
MouthSmileLeft MouthSmileRight MouthFrownLeft MouthFrownRight MouthDimpleLeft MouthDimpleRight
MouthStretchLeft MouthStretchRight MouthRollLower MouthRollUpper MouthShrugLower MouthShrugUpper
MouthPressLeft MouthPressRight MouthLowerDownLeft MouthLowerDownRight MouthUpperUpLeft MouthUpperUpRight
BrowDownLeft BrowDownRight BrowInnerUp BrowOuterUpLeft BrowOuterUpRight CheekPuff CheekSquintLeft CheekSquintRight
NoseSneerLeft NoseSneerRight TongueOut HeadYaw HeadPitch HeadRoll LeftEyeYaw LeftEyePitch LeftEyeRoll
RightEyeYaw RightEyePitch RightEyeRoll
"""
NAMES = _NAMES.split()
"""Unreal's EARFaceBlendShape, in its order."""


class Packet(NamedTuple):
    device: str
    subject: str
    frame: int
    part: float
    rate: int
    values: dict[str, float]


def read(data: bytes) -> Packet:
    """Reads a packet and refuses whatever the engine would not take."""
    offset = 0

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal offset
        values = struct.unpack_from(">" + layout, data, offset)
        offset += struct.calcsize(">" + layout)
        return values

    def text() -> str:
        (length,) = take("i")
        assert 0 < length < 256
        (raw,) = take(f"{length}s")
        return str(raw, "ascii")

    assert take("B") == (6,)
    device, subject = text(), text()
    frame, part, rate, denominator, count = take("ifiiB")
    assert denominator == 1
    assert frame >= 0
    assert 0 <= part < 1
    assert count == len(NAMES) == 61
    values = take("61f")
    assert offset == len(data)
    assert all(math.isfinite(value) for value in values)
    return Packet(device, subject, frame, part, rate, dict(zip(NAMES, values, strict=True)))


def sent(frame: RigFrame, query: str = "", actor: str = "face") -> Packet:
    sink = open_sink(f"livelink://127.0.0.1{query}", actor=actor)
    assert isinstance(sink, LiveLinkSink)
    (data,) = sink.packets(frame)
    sink.close()
    return read(data)


def test_values_stand_under_their_own_names(frame: RigFrame) -> None:
    values = sent(frame).values
    for name, i in ARKIT_INDEX.items():
        assert values[name[0].upper() + name[1:]] == frame.weights[i]


def test_pylivelinkface_reads_it(frame: RigFrame) -> None:
    theirs = pytest.importorskip("pylivelinkface", reason="pip install PyLiveLinkFace")
    sink = open_sink("livelink://127.0.0.1?name=iPhone", actor="anna")
    assert isinstance(sink, LiveLinkSink)
    (data,) = sink.packets(frame)
    sink.close()
    assert len(data) == 312  # the one length that VRCFaceTracking's reader of this app takes
    found, face = theirs.PyLiveLinkFace.decode(data)
    assert found
    assert (face.name, face.uuid, face.fps) == (
        "iPhone",
        "$" + device_of("anna"),
        60,
    )  # it takes the length for a $
    packet = read(data)
    assert (face._frames, face._sub_frame) == (packet.frame, packet.part)
    for shape in theirs.FaceBlendShape:
        assert face.get_blendshape(shape) == packet.values[shape.name]


@pytest.mark.parametrize("fps", [60, 50])
def test_the_time_is_audio_time(resting: Callable[..., RigFrame], fps: int) -> None:
    for n in (0, 1, 49, 50, 12345, 9_000_001):
        packet = sent(resting(n=n), f"?fps={fps}")
        assert packet.rate == fps
        assert (packet.frame + packet.part) / fps == pytest.approx((n + 0.5) / 50, abs=1e-6)


def test_the_part_of_a_frame_is_never_a_whole_one(frame: RigFrame) -> None:
    frame = RigFrame(frame.cues.with_(time_s=7.0 - 1e-12), frame.weights, 0.1)
    packet = sent(frame)
    assert (packet.frame, packet.part) == (420, 0)


def test_frame_numbers_begin_again(frame: RigFrame) -> None:
    late = RigFrame(frame.cues.with_(time_s=(2**31 + 3) / 60), frame.weights, 0.1)
    assert sent(late).frame == 3


@pytest.mark.parametrize(
    ("axis", "degrees", "name", "radians"),
    [
        ("y", 20, "HeadYaw", 20),  # to the subject's left
        ("x", 20, "HeadPitch", 20),  # our + about x turns z towards -y: down
        ("z", 20, "HeadRoll", 20),  # the left side rises
    ],
    ids=["left", "down", "left side up"],
)
def test_the_head_turns(
    resting: Callable[..., RigFrame], axis: str, degrees: float, name: str, radians: float
) -> None:
    half = math.radians(degrees) / 2
    turn = [*(math.sin(half) * (a == axis) for a in "xyz"), math.cos(half)]
    values = sent(resting(head_rotation=turn)).values
    for angle in NAMES[52:]:
        want = math.radians(radians) if angle == name else 0
        assert values[angle] == pytest.approx(want, abs=1e-6), angle


def test_eyes_agree_with_their_shapes(resting: Callable[..., RigFrame]) -> None:
    """As in a take of the app: LookDown stands beside + pitch, In of the left eye beside - yaw."""
    from bridge.retarget import Retarget

    looking = resting(
        gaze=[[0.05, -0.13], [-0.03, -0.13]]
    )  # both down; right eye to the left, left eye to the right
    looking = RigFrame(looking.cues, Retarget()(looking.cues), 0.1)
    values = sent(looking).values
    assert values["EyeLookDownLeft"] > 0.1
    assert values["EyeLookInLeft"] > 0.02
    assert values["EyeLookInRight"] > 0.05
    assert values["LeftEyePitch"] == values["RightEyePitch"] == pytest.approx(0.13)
    assert values["LeftEyeYaw"] == pytest.approx(-0.03)
    assert values["RightEyeYaw"] == pytest.approx(0.05)


def test_an_actor_is_one_device_for_ever(frame: RigFrame) -> None:
    anna = sent(frame, actor="anna")
    assert anna.subject == "anna"
    assert anna.device == "0af59150-b64d-5054-8598-196e5b53cb80"  # Unreal knows her by it: it must not change
    assert anna.device == sent(frame, "?name=Other", actor="anna").device != sent(frame, actor="bert").device
    mine = "9BA8E9A0-0000-4000-8000-000000000001"
    assert sent(frame, f"?device={mine}&name=A%20B")[:2] == (mine, "A B")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("fps=30", "choose one of 60, 50"),
        ("device=iPhone", "36 characters"),
        (f"device={uuid.UUID(int=1).hex}", "36 characters"),
        ("name=", "1 to 64"),
        ("name=J%C3%B6rg", "give name="),
        ("name=" + "x" * 65, "1 to 64"),
        ("colour=red", "name, device, fps"),
    ],
)
def test_a_wrong_option_says_what_would_do(query: str, says: str) -> None:
    with pytest.raises(SinkError, match=says):
        open_sink(f"livelink://127.0.0.1?{query}")


@given(st.data())
def test_any_face_is_a_packet(faces: st.SearchStrategy[RigFrame], data: st.DataObject) -> None:
    frame = data.draw(faces)
    values = sent(frame).values
    for name, i in ARKIT_INDEX.items():
        assert values[name[0].upper() + name[1:]] == frame.weights[i]
    # the three angles together are the rotation: yaw about y, pitch (down) about x, roll about z
    yaw, pitch, roll = (values[f"Head{angle}"] for angle in ("Yaw", "Pitch", "Roll"))
    cy, sy, cx, sx, cz, sz = (f(a) for a in (yaw, pitch, roll) for f in (math.cos, math.sin))
    turned = (
        np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    )
    x, y, z, w = frame.cues.head_rotation.astype(float)
    forward = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]
    np.testing.assert_allclose(turned[:, 2], forward, atol=1e-5)
    up = [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)]
    np.testing.assert_allclose(turned[:, 1], up, atol=1e-5)


def test_two_engines_get_it(udp_peers: Any, absent_port: int, frame: RigFrame) -> None:
    one, two = udp_peers
    sink = open_sink(f"livelink://127.0.0.1:{one.port},127.0.0.1:{absent_port},127.0.0.1:{two.port}")
    for _ in range(3):
        sink.send(frame)
    for peer in (one, two):
        assert {read(data).subject for data in peer.take(3)} == {"face"}
    assert sink.status().sent == 3
    sink.close()


def test_the_port_is_unreals() -> None:
    sink = open_sink("livelink://127.0.0.1")
    assert "127.0.0.1:11111" in sink.status().detail
    sink.close()
