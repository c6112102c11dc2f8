"""iFacialMocap text, read by a parser written from the format."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.ifacialmocap import IFacialMocapSink

_SHAPES = """
browDown_L browDown_R browInnerUp browOuterUp_L browOuterUp_R cheekPuff cheekSquint_L cheekSquint_R
eyeBlink_L eyeBlink_R eyeLookDown_L eyeLookDown_R eyeLookIn_L eyeLookIn_R eyeLookOut_L eyeLookOut_R eyeLookUp_L
eyeLookUp_R eyeSquint_L eyeSquint_R eyeWide_L eyeWide_R jawForward jawLeft jawOpen jawRight mouthClose
mouthDimple_L mouthDimple_R mouthFrown_L mouthFrown_R mouthFunnel mouthLeft mouthLowerDown_L mouthLowerDown_R
mouthPress_L mouthPress_R mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper
mouthSmile_L mouthSmile_R mouthStretch_L mouthStretch_R mouthUpperUp_L mouthUpperUp_R noseSneer_L noseSneer_R tongueOut
"""
SHAPES = _SHAPES.split()
"""As the app writes them, in the order of `ARKIT`."""
NUMBER = re.compile(r"-?\d+\.\d+")


class Face(NamedTuple):
    shapes: dict[str, int]
    head: list[float]
    right: list[float]
    left: list[float]


def read(data: bytes, joint: str = "-") -> Face:
    """Reads a packet and refuses what one or another receiver would stumble over."""
    text = data.decode("ascii")
    assert text.endswith("|")
    assert text.count("=") == 1
    assert " " not in text
    before, after = text.split("=")
    *pairs, end = before.split("|")
    assert end == ""
    shapes: dict[str, int] = {}
    for pair in pairs:
        name, value = pair.split(joint)  # more than one joint is refused, and with it a minus
        assert value.isdigit()
        assert name not in shapes
        shapes[name] = int(value)
    assert shapes.pop("trackingStatus") == 1
    assert all(0 <= value <= 100 for value in shapes.values())
    parts = {}
    for section in after.rstrip("|").split("|"):
        name, numbers = section.split("#")
        assert all(NUMBER.fullmatch(number) for number in numbers.split(","))
        parts[name] = [float(number) for number in numbers.split(",")]
    assert list(parts) == ["head", "rightEye", "leftEye"]
    assert [len(numbers) for numbers in parts.values()] == [6, 3, 3]
    return Face(shapes, *parts.values())


def opened(query: str = "") -> IFacialMocapSink:
    sink = open_sink(f"ifacialmocap://127.0.0.1{query}")
    assert isinstance(sink, IFacialMocapSink)
    return sink


def sent(frame: RigFrame, query: str = "", joint: str = "-") -> Face:
    sink = opened(query)
    (data,) = sink.packets(frame)
    sink.close()
    assert len(data) < 1400
    return read(data, joint)


def test_names_and_hundredths(frame: RigFrame) -> None:
    shapes = sent(frame).shapes
    assert list(shapes) == SHAPES
    for name, value, weight in zip(SHAPES, shapes.values(), frame.weights, strict=True):
        assert abs(value - 100 * weight) <= 0.5 + 1e-4, name
    both = sent(frame, "?version=2", "&")
    assert both.shapes == shapes


def test_left_is_the_subjects_left(resting: Callable[..., RigFrame]) -> None:
    shapes = sent(resting({"mouthSmileRight": 0.5, "mouthLeft": 0.25, "jawRight": 1.0})).shapes
    assert {name: value for name, value in shapes.items() if value} == {
        "mouthSmile_R": 50,
        "mouthLeft": 25,
        "jawRight": 100,
    }


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_the_head_turns_about_arkits_axes(resting: Callable[..., RigFrame], axis: str) -> None:
    half = math.radians(20) / 2
    turn = [*(math.sin(half) * (a == axis) for a in "xyz"), math.cos(half)]
    face = sent(resting(head_rotation=turn))
    assert face.head[:3] == pytest.approx([20 * (a == axis) for a in "xyz"], abs=1e-3)


def test_the_head_moves_in_metres(resting: Callable[..., RigFrame]) -> None:
    face = sent(resting(head_translation=[1, 2, -3]))
    assert face.head[3:] == pytest.approx([0.01, 0.02, -0.03], abs=1e-5)


def test_eyes_agree_with_their_shapes(resting: Callable[..., RigFrame]) -> None:
    """The app's own example: eyes 6° down, the right one 2.4° to the left, the left one 1.7° to the right, has
    eyeLookDown 17, eyeLookIn_R 6, eyeLookIn_L 4 and rightEye#6.03,2.44,... leftEye#6.03,-1.67,..."""
    from bridge.retarget import Retarget

    looking = resting(gaze=np.radians([[2.44, -6.03], [-1.67, -6.03]]))
    face = sent(RigFrame(looking.cues, Retarget()(looking.cues), 0.1))
    assert face.right == pytest.approx([6.03, 2.44, 0], abs=1e-3)
    assert face.left == pytest.approx([6.03, -1.67, 0], abs=1e-3)
    looks = {name for name, value in face.shapes.items() if name.startswith("eyeLook") and value}
    assert looks == {"eyeLookDown_L", "eyeLookDown_R", "eyeLookIn_R", "eyeLookIn_L"}


@pytest.mark.parametrize("query", ["", "?version=2"])
def test_a_face_at_rest_is_never_the_same_packet_twice(resting: Callable[..., RigFrame], query: str) -> None:
    sink, frame = opened(query), resting()
    packets = [sink.packets(frame)[0] for _ in range(25)]
    sink.close()
    assert all(a != b for a, b in pairwise(packets))
    # what differs is a millionth of a metre, and nothing else
    depths = [read(p, "&" if query else "-").head[5] for p in packets]
    assert max(map(abs, depths)) < 1e-5
    assert len({re.sub(rb"(=head#(?:[^,]*,){5})[^|]*", rb"\1", p) for p in packets}) == 1


@given(st.data())
def test_any_faces_are_packets_that_differ(faces: st.SearchStrategy[RigFrame], data: st.DataObject) -> None:
    joint = data.draw(st.sampled_from("-&"))
    sink = opened("?version=2" if joint == "&" else "")
    frames = data.draw(st.lists(faces, min_size=1, max_size=3))
    packets = [sink.packets(frame)[0] for frame in frames for _ in range(data.draw(st.integers(1, 3)))]
    sink.close()
    assert all(a != b for a, b in pairwise(packets))
    face = read(packets[-1], joint)
    assert list(face.shapes) == SHAPES
    np.testing.assert_allclose(list(face.shapes.values()), 100 * frames[-1].weights, atol=0.501)
    np.testing.assert_allclose(face.head[3:], frames[-1].cues.head_translation / 100, atol=1.6e-5)
    (right_yaw, right_pitch), (left_yaw, left_pitch) = np.degrees(frames[-1].cues.gaze)
    np.testing.assert_allclose(face.right, [-right_pitch, right_yaw, 0], atol=1e-3)
    np.testing.assert_allclose(face.left, [-left_pitch, left_yaw, 0], atol=1e-3)


def test_a_weight_out_of_range_is_cut(resting: Callable[..., RigFrame]) -> None:
    shapes = sent(resting({"jawOpen": -0.2, "tongueOut": 1.3})).shapes
    assert (shapes["jawOpen"], shapes["tongueOut"]) == (0, 100)


def test_two_programs_get_it(udp_peers: Any, absent_port: int, frame: RigFrame) -> None:
    one, two = udp_peers
    sink = open_sink(f"ifacialmocap://127.0.0.1:{one.port},127.0.0.1:{absent_port},127.0.0.1:{two.port}")
    for _ in range(3):
        sink.send(frame)
    for peer in (one, two):
        assert all(list(read(data).shapes) == SHAPES for data in peer.take(3))
    assert sink.status().sent == 3
    sink.close()


def test_options_and_port() -> None:
    with pytest.raises(SinkError, match="choose one of 1, 2"):
        open_sink("ifacialmocap://127.0.0.1?version=3")
    with pytest.raises(SinkError, match="known: version"):
        open_sink("ifacialmocap://127.0.0.1?v=2")
    sink = opened()
    assert "127.0.0.1:49983" in sink.status().detail
    sink.close()


def test_the_names_here_are_all() -> None:
    assert len(SHAPES) == len(ARKIT) == len(ARKIT_INDEX) == 52
