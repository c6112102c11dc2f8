"""VMC as python-osc's parser, which is not ours, reads it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pythonosc.osc_bundle import OscBundle

from bridge.frames import ARKIT, EMOTIONS, Cues, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.sinks import SinkError, open_sink
from bridge.sinks.vmc import VmcSink

Message = tuple[str, list[Any]]


def sent(frame: RigFrame, options: dict[str, str] | None = None) -> list[list[Message]]:
    """The messages of a frame, packet by packet."""
    sink = VmcSink("vmc://127.0.0.1", "127.0.0.1", options or {}, "face")
    packets = sink.packets(frame)
    sink.close()
    assert all(len(packet) <= 1500 for packet in packets)
    return [[(m.address, m.params) for m in OscBundle(packet)] for packet in packets]


def flat(packets: list[list[Message]]) -> list[Message]:
    return [message for packet in packets for message in packet]


def bones(packets: list[list[Message]]) -> dict[str, list[float]]:
    return {p[0]: p[1:] for a, p in flat(packets) if a == "/VMC/Ext/Bone/Pos"}


def blends(packets: list[list[Message]]) -> dict[str, float]:
    return {p[0]: p[1] for a, p in flat(packets) if a == "/VMC/Ext/Blend/Val"}


def resting(**changes: Any) -> RigFrame:
    return RigFrame(rest_cues(0, neutral_face()).with_(**changes), np.zeros(52, np.float32), 0.1)


def about(axis: str, degrees: float) -> np.ndarray:
    half = math.radians(degrees) / 2
    return np.array([*(math.sin(half) * (a == axis) for a in "xyz"), math.cos(half)], np.float32)


def test_order_of_a_frame(frame: RigFrame) -> None:
    messages = flat(sent(frame))
    addresses = list(dict.fromkeys(address for address, _ in messages))
    assert addresses == [
        "/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Bone/Pos", "/VMC/Ext/Set/Eye", "/VMC/Ext/Blend/Val",
        "/VMC/Thru/facecue/emotion", "/VMC/Ext/Blend/Apply",
    ]  # fmt: skip
    assert messages[0][1] == [1, 3, 0, 1]
    assert messages[1][1] == pytest.approx([frame.cues.time_s])


def test_apply_is_the_last_message_and_the_only_one(frame: RigFrame) -> None:
    packets = sent(frame)
    assert len(packets) > 1
    assert packets[-1][-1] == ("/VMC/Ext/Blend/Apply", [])
    assert [a for a, _ in flat(packets)].count("/VMC/Ext/Blend/Apply") == 1


numbers = st.floats(-100, 100, width=32)
frames = st.builds(
    RigFrame,
    st.builds(
        Cues,
        n=st.integers(0, 2**40),
        time_s=st.floats(0, 1e6),
        landmarks=st.just(neutral_face()),
        gaze=hnp.arrays(np.float32, (2, 2), elements=numbers),
        head_rotation=hnp.arrays(np.float32, 4, elements=numbers),
        head_translation=hnp.arrays(np.float32, 3, elements=numbers),
        emotion=hnp.arrays(np.float32, 8, elements=numbers),
    ),
    hnp.arrays(np.float32, 52, elements=numbers),
    st.just(0.1),
)


@given(frames, st.sampled_from(["perfectsync", "PerfectSync"]), st.sampled_from(["assistant", "performer"]))
def test_packets_fit_whatever_the_frame(frame: RigFrame, names: str, role: str) -> None:
    packets = sent(frame, {"names": names, "role": role})  # asserts the size of each
    assert packets[-1][-1][0] == "/VMC/Ext/Blend/Apply"
    assert len(blends(packets)) == 52


def test_names(frame: RigFrame) -> None:
    camel = blends(sent(frame))
    assert camel == dict(zip(ARKIT, frame.weights.tolist(), strict=True))
    pascal = blends(sent(frame, {"names": "PerfectSync"}))
    assert pascal["JawOpen"] == camel["jawOpen"]
    assert list(pascal.values()) == list(camel.values())


@pytest.mark.parametrize("names", ["vrm0", "vrm1"])
def test_vrm_names_are_the_rigs(frame: RigFrame, names: str) -> None:
    from bridge.retarget import load_rig

    rig = load_rig(names)
    want = rig(frame.weights, frame.cues)
    got = blends(sent(frame, {"names": names}))
    assert set(got) == set(rig.names)
    assert got == pytest.approx(want, abs=1e-6)
    assert ("A" if names == "vrm0" else "aa") in got


def test_values_are_osc_floats(frame: RigFrame) -> None:
    raw = b"".join(VmcSink("u", "127.0.0.1", {}, "face").packets(frame))
    assert raw.count(b"/VMC/Ext/Blend/Val\0\0,sf\0") == 52
    assert raw.count(b"/VMC/Ext/Bone/Pos\0\0\0,sfffffff\0\0\0") == 4


def test_emotion_goes_through(frame: RigFrame) -> None:
    got = {p[0]: p[1] for a, p in flat(sent(frame)) if a == "/VMC/Thru/facecue/emotion"}
    assert got == dict(zip(EMOTIONS, frame.cues.emotion.tolist(), strict=True))


@pytest.mark.parametrize(
    ("axis", "degrees", "unity"),
    [
        ("y", 20, ("y", -20)),  # yaw to the subject's left: - about Unity's Y
        ("x", -20, ("x", -20)),  # pitch up: - about Unity's X
        ("z", 20, ("z", -20)),  # the left ear rises: - about Unity's Z
    ],
    ids=["yaw left", "pitch up", "roll right"],
)
def test_head_turns_as_in_unity(axis: str, degrees: float, unity: tuple[str, float]) -> None:
    head = bones(sent(resting(head_rotation=about(axis, degrees)), {"neck": "0"}))
    assert "Neck" not in head
    assert head["Head"] == pytest.approx([0, 0, 0, *about(*unity)], abs=1e-6)


def test_neck_and_head_share_the_turn() -> None:
    pose = bones(sent(resting(head_rotation=about("y", 30))))
    assert pose["Neck"] == pytest.approx([0, 0, 0, *about("y", -9)], abs=1e-6)
    assert pose["Head"] == pytest.approx([0, 0, 0, *about("y", -21)], abs=1e-6)


def test_head_shift_is_in_metres() -> None:
    pose = bones(sent(resting(head_translation=np.array([1, 2, 3], np.float32))))
    assert pose["Head"] == pytest.approx([-0.01, 0.02, 0.03, 0, 0, 0, 1])


def test_eyes_look_left_and_up() -> None:
    gaze = np.radians([[10, 0], [0, 15]]).astype(np.float32)  # right eye to the subject's left, left eye up
    pose = bones(sent(resting(gaze=gaze)))
    assert pose["RightEye"] == pytest.approx([0, 0, 0, *about("y", -10)], abs=1e-6)
    assert pose["LeftEye"] == pytest.approx([0, 0, 0, *about("x", -15)], abs=1e-6)
    half = bones(sent(resting(gaze=gaze), {"eyes": "0.5"}))
    assert half["RightEye"] == pytest.approx([0, 0, 0, *about("y", -5)], abs=1e-6)
    assert set(bones(sent(resting(gaze=gaze), {"eyes": "0"}))) == {"Neck", "Head"}


def test_an_assistant_sends_a_face_and_no_body(frame: RigFrame) -> None:
    packets = sent(frame)
    assert "/VMC/Ext/Root/Pos" not in dict(flat(packets))
    assert set(bones(packets)) == {"Neck", "Head", "LeftEye", "RightEye"}
    assert len(blends(packets)) == 52


def test_an_assistant_tells_the_performer_where_the_eyes_look() -> None:
    gaze = np.array([[0.1, 0.2], [0.3, 0.2]], np.float32)  # 0.2 to the subject's left and 0.2 up, together
    enabled, *place = dict(flat(sent(resting(gaze=gaze))))["/VMC/Ext/Set/Eye"]
    assert enabled == 1
    assert isinstance(enabled, int)
    x, y, z = place
    assert math.atan2(-x, z) == pytest.approx(0.2, abs=1e-6)  # Unity's +X is the avatar's right
    assert math.atan2(y, math.hypot(x, z)) == pytest.approx(0.2, abs=1e-6)
    assert math.dist((0, 0, 0), place) == pytest.approx(10, abs=1e-4)
    ahead = dict(flat(sent(resting())))["/VMC/Ext/Set/Eye"]
    assert ahead == [1, 0, 0, 10]
    assert "/VMC/Ext/Set/Eye" not in dict(flat(sent(resting(gaze=gaze), {"eyes": "0"})))


def test_a_performer_sends_root_and_bones_and_no_wish_for_the_eyes(frame: RigFrame) -> None:
    messages = flat(sent(frame, {"role": "performer"}))
    addresses = list(dict.fromkeys(address for address, _ in messages))
    assert addresses == [
        "/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Root/Pos", "/VMC/Ext/Bone/Pos", "/VMC/Ext/Blend/Val",
        "/VMC/Thru/facecue/emotion", "/VMC/Ext/Blend/Apply",
    ]  # fmt: skip
    assert dict(messages)["/VMC/Ext/Root/Pos"] == ["root", 0, 0, 0, 0, 0, 0, 1]
    assert dict(messages)["/VMC/Ext/OK"] == [1, 3, 0, 1]


@pytest.mark.parametrize("body", ["tpose", "stand"])
def test_a_performer_may_bring_a_body(frame: RigFrame, body: str) -> None:
    packets = sent(frame, {"role": "performer", "body": body})
    pose = bones(packets)
    assert [p[0] for a, p in flat(packets) if a == "/VMC/Ext/Bone/Pos"].count("Hips") == 1
    assert len(pose) == 55  # all of UnityEngine.HumanBodyBones
    plain = bones(sent(frame, {"role": "performer"}))
    assert {name: pose[name] for name in plain} == plain
    assert pose["Hips"] == pose["LeftIndexDistal"] == [0, 0, 0, 0, 0, 0, 1]
    for side, out in (("Left", -1.0), ("Right", 1.0)):
        z, w = pose[f"{side}UpperArm"][5:]
        # a T pose's arm along ±X, turned about Z
        x, y = out * (1 - 2 * z * z), out * 2 * z * w
        assert (x, y) == pytest.approx(
            (out, 0) if body == "tpose" else (out * math.cos(math.radians(75)), -math.sin(math.radians(75)))
        )


def test_a_body_has_every_bone_whoever_turns_it(frame: RigFrame) -> None:
    pose = bones(sent(frame, {"role": "performer", "body": "stand", "eyes": "0", "neck": "0"}))
    assert len(pose) == 55
    assert pose["LeftEye"] == pose["Neck"] == [0, 0, 0, 0, 0, 0, 1]


def test_ports_of_roles() -> None:
    for role, port in (("assistant", 39540), ("performer", 39539)):
        sink = open_sink(f"vmc://127.0.0.1?role={role}")
        assert f"127.0.0.1:{port}" in sink.status().detail
        sink.close()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("names=vrm2", "perfectsync, PerfectSync, vrm0, vrm1"),
        ("role=marionette", "assistant, performer"),
        ("neck=2", "from 0 to 1"),
        ("colour=red", "names, rig, role, body, neck, eyes"),
        ("body=sitting", "none, tpose, stand"),
        ("body=stand", "add role=performer"),
    ],
)
def test_a_wrong_option_lists_the_right_ones(query: str, says: str) -> None:
    with pytest.raises(SinkError, match=says):
        open_sink(f"vmc://127.0.0.1:39540?{query}")


def test_two_receivers_get_a_whole_frame(
    osc_peer: Callable[..., Any], frame: RigFrame, absent_port: int
) -> None:
    peers = [osc_peer(), osc_peer()]
    sink = open_sink(f"vmc://127.0.0.1:{peers[0].port},127.0.0.1:{absent_port},127.0.0.1:{peers[1].port}")
    for _ in range(3):
        sink.send(frame)
    for peer in peers:
        assert len(peer.wait_for("/VMC/Ext/Blend/Val", 3 * 52)) == 3 * 52
        peer.wait_for("/VMC/Ext/Blend/Apply", 3)
    assert sink.status().sent == 3
    sink.close()
