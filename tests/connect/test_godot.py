"""The Godot addon: the real bridge speaks to a headless Godot 3."""

from __future__ import annotations

import json
import math
import random
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from bridge.frames import ARKIT, RigFrame
from bridge.sinks.osc_packet import bundle, message
from bridge.sinks.wire import decode
from bridge.trackers.osc_message import OscError, messages

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

pytestmark = pytest.mark.godot


def numbers(texts: list[str]) -> np.ndarray:
    return np.array([float(text) for text in texts])


# ---- the bridge speaks, Godot listens


def garbage(draw: random.Random) -> bytes:
    """A packet that must be refused whole: no OSC, or one of ours with something in it that cannot be."""
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.choice([1, 7, 64, 1400]))
    if kind == 1:
        return (GOLDEN / "osc_v1_2.bin").read_bytes()[: draw.choice([3, 17, 60, 300])]
    if kind == 2:
        return message("/facecue/face/arkit", *[0.5] * 51)
    if kind == 3:
        return message("/facecue/face/head", *[math.nan] * 7)
    if kind == 4:
        return message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 1.0)
    return message("/VMC/Ext/Blend/Val", "jawOpen", math.inf)


def heard(sub: zmq.Socket[bytes], until: subprocess.Popen[str]) -> Iterator[RigFrame]:
    """The frames of the bridge as its ZeroMQ subscribers get them."""
    while until.poll() is None or sub.poll(200):
        if sub.poll(50):
            yield decode(sub.recv_multipart()[1])


@pytest.mark.parametrize("wire", ["osc", "vmc"])
def test_frames_of_the_bridge_arrive_as_they_were_sent(godot: Any, bridge: Any, wire: str) -> None:
    udp, tcp = bridge.free_port(socket.SOCK_DGRAM), bridge.free_port(socket.SOCK_STREAM)
    listener = godot.start("listen", port=udp)
    context = zmq.Context()
    sub = context.socket(zmq.SUB)
    sub.subscribe(b"")
    sub.connect(f"tcp://127.0.0.1:{tcp}")
    draw = random.Random(1)
    noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent = {}
    strange = 0
    try:
        process = bridge.speak(f"{wire}://127.0.0.1:{udp}", f"zmq://127.0.0.1:{tcp}")
        for frame in heard(sub, process):
            sent[frame.cues.n] = frame
            if len(sent) > 5:  # Godot listens by now
                noise.sendto(garbage(draw), ("127.0.0.1", udp))
                strange += 1
    finally:
        context.destroy(0)
        noise.close()
    first, *received, last = godot.answers(listener)

    assert first["state"] == "listening"
    assert first["report"] == "52 of 52 names move a blend shape; bones: head, neck, left_eye, right_eye"
    pairs = [(sent[n], told) for told in received if (n := round(50 * float(told["t"]) - 0.5)) in sent]
    assert len(pairs) > 140
    assert len(received) - len(pairs) < 10  # those that went before the subscription had arrived
    for frame, told in pairs:
        cues = frame.cues
        np.testing.assert_allclose(numbers(told["arkit"]), frame.weights, atol=1e-6)
        np.testing.assert_allclose(numbers(told["gaze"]), cues.gaze.ravel(), atol=2e-6)
        np.testing.assert_allclose(numbers(told["emotion"]), cues.emotion, atol=1e-6)
        head = numbers(told["head"])
        np.testing.assert_allclose(head * np.sign(head @ cues.head_rotation), cues.head_rotation, atol=2e-6)
        if wire == "osc":
            assert told["n"] == cues.n
            assert float(told["t"]) == pytest.approx(cues.time_s, abs=1e-8)
            np.testing.assert_allclose(numbers(told["shift"]), cues.head_translation, atol=1e-6)
    times = [float(told["t"]) for told in received]
    np.testing.assert_allclose(np.diff(times), 0.02, atol=1e-6)  # in order, none missing, none twice
    assert last["received"] == len(received)
    assert last["rejected"] == strange > 100
    assert last["incomplete"] == last["late"] == 0
    assert last["names"] == list(ARKIT)
    assert last["presence"] == 0.0  # at rest again when frames have stopped
    assert np.abs(numbers(last["weights_at_rest"])).max() == 0.0
    assert last["delay_s"] < 0.1


# ---- packets and frames


def taken(godot: Any, *packets: bytes, every_s: float = 0.01) -> list[Any]:
    """What the wire makes of packets that come one after another."""
    return list(
        godot.ask("take", [{"packet": p.hex(), "at": 1 + i * every_s} for i, p in enumerate(packets)])
    )


def test_the_golden_packets_are_the_golden_frame(godot: Any) -> None:
    golden = json.loads((GOLDEN / "frame.json").read_text(encoding="utf-8"))
    names = ["osc_v1_1", "osc_v1_2", "vmc_1", "vmc_2", "vmc_3"]
    answers = taken(godot, *[(GOLDEN / f"{name}.bin").read_bytes() for name in names], every_s=2.0)
    assert [len(answer["frames"]) for answer in answers] == [0, 1, 0, 0, 1]
    assert answers[-1]["rejected"] == answers[-1]["incomplete"] == 0
    native, vmc = answers[1]["frames"][0], answers[4]["frames"][0]
    assert native["n"] == golden["n"]
    for told in (native, vmc):
        np.testing.assert_allclose(numbers(told["arkit"]), golden["arkit"], atol=1e-6)
        np.testing.assert_allclose(numbers(told["gaze"]), np.ravel(golden["gaze"]), atol=2e-6)
        np.testing.assert_allclose(numbers(told["emotion"]), golden["emotion"], atol=1e-6)
        np.testing.assert_allclose(numbers(told["head"]), golden["head_rotation"], atol=2e-6)
    np.testing.assert_allclose(numbers(native["shift"]), golden["head_translation"], atol=1e-5)


def native_parts(actor: str = "face", n: int = 7, version: int = 1) -> list[bytes]:
    root = f"/facecue/{actor}"
    return [
        message(f"{root}/gaze", *[0.1] * 4),
        message(f"{root}/head", 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        message(f"{root}/emotion", *[0.125] * 8),
        message(f"{root}/arkit", *[0.5] * 52),
        message(f"{root}/frame", n, (n + 0.5) / 50, 0.1, version),
    ]


def test_a_frame_counts_when_all_of_it_has_come(godot: Any) -> None:
    whole = native_parts()
    answers = taken(
        godot,
        bundle(whole),
        bundle([*whole[:3], whole[4]]),  # no weights since the last frame
        bundle(native_parts("anna")),
        bundle(native_parts(version=2)),
        bundle([*whole[:4], message("/facecue/face/news", 1), message("/facecue/face/frame", 8, 0.17, 0.1, 1, "more")]),
    )  # fmt: skip
    assert [len(answer["frames"]) for answer in answers] == [1, 0, 0, 0, 1]
    assert [answer["incomplete"] for answer in answers] == [0, 1, 1, 1, 1]
    assert [answer["rejected"] for answer in answers] == [0, 0, 0, 1, 1]
    assert answers[3]["detail"] == "version 2 of the wire; this receiver knows 1"


def test_vmc_keeps_what_a_frame_does_not_name(godot: Any) -> None:
    apply = message("/VMC/Ext/Blend/Apply")
    answers = taken(
        godot,
        bundle([message("/VMC/Ext/Blend/Val", "JawOpen", 0.5), message("/VMC/Ext/Blend/Val", "Joy", 0.25), apply]),
        bundle([message("/VMC/Ext/Blend/Val", "joy", 0.75), apply]),
        bundle([message("/VMC/Ext/OK", 1, 3, 0, 0), apply]),  # the sender has lost the face
        bundle([message("/VMC/Ext/OK", 1, 3, 0, 1), message("/VMC/Ext/T", 3.5), apply]),
        apply,  # of a frame whose first packet, with its time, was lost
        bundle([message("/VMC/Ext/Blend/Val", f"x{i}", 0.5) for i in range(120)]),
        bundle([message("/VMC/Ext/Blend/Val", f"y{i}", 0.5) for i in range(120)]),
    )  # fmt: skip
    jaw = ARKIT.index("jawOpen")
    first, second, lost, timed, headless, *flood = answers
    assert first["names"] == ["Joy"]
    assert [first["frames"][0]["arkit"][i] for i in (jaw, 52)] == ["0.500000000", "0.250000000"]
    assert [second["frames"][0]["arkit"][i] for i in (jaw, 52)] == ["0.500000000", "0.750000000"]
    assert lost["frames"] == headless["frames"] == []
    assert timed["frames"][0]["t"] == "3.500000000"
    assert headless["incomplete"] == 1
    assert flood[0]["rejected"] == 0
    assert flood[1]["rejected"] == 1  # 52 and 204 names, no more


def test_one_of_two_wires_is_heard(godot: Any) -> None:
    apply = message("/VMC/Ext/Blend/Apply")
    answers = taken(godot, bundle(native_parts()), apply, bundle(native_parts(n=8)), every_s=0.5)
    assert [len(answer["frames"]) for answer in answers] == [1, 0, 1]
    answers = taken(godot, bundle(native_parts()), apply, bundle(native_parts(n=8)), every_s=1.5)
    assert [len(answer["frames"]) for answer in answers] == [1, 1, 1]


# ---- bytes that mean harm


def damaged() -> list[bytes]:
    """Packets of ours, many of them with bytes changed, cut off or put in."""
    draw = random.Random(2)
    whole = [
        path.read_bytes() for path in sorted(GOLDEN.glob("*.bin")) if path.name.startswith(("osc", "vmc"))
    ]
    whole += [
        message("/a", 1, 0.5, "text"), message("/leer"), message("/VMC/Ext/Blend/Val", "笑顔", 0.25),
        bundle([bundle([bundle([message("/deep", 1)])]), message("/b", "x")]), b"/bare\0\0\0",
    ]  # fmt: skip
    packets = [b"", b"\0\0\0\0", b"#bundle\0", *whole]
    for _ in range(1500):
        packet = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 4)):
            packet[draw.randrange(len(packet))] = draw.choice([0, 0x2C, 0x80, 0xFF, draw.randrange(256)])
        kind = draw.randrange(3)
        if kind == 0:
            packet = packet[: draw.randrange(len(packet))]
        elif kind == 1:
            at = draw.randrange(len(packet))
            packet[at:at] = draw.randbytes(draw.choice([1, 4, 8]))
        packets.append(bytes(packet))
    packets += [draw.randbytes(draw.randrange(200)) for _ in range(200)]
    packets.append(bundle([message("/x", 1)] * 257))
    packets.append(b"/" + b"a" * 9000)
    deep = message("/x", 1)
    for _ in range(6):
        deep = bundle([deep])
    packets.append(deep)
    return packets


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float):
        return (
            math.isnan(ours) or math.isinf(ours) or float(theirs) == pytest.approx(ours, rel=1e-6, abs=1e-9)
        )
    if isinstance(ours, int) and not isinstance(ours, bool):
        return float(theirs) == float(ours)
    return bool(ours == theirs or ours is None)


def test_any_bytes_are_messages_or_a_reason(godot: Any) -> None:
    packets = damaged()
    answers = godot.ask("osc", [packet.hex() for packet in packets])  # errors of the engine fail in there
    assert len(answers) == len(packets)
    read = 0
    for packet, answer in zip(packets, answers, strict=True):
        if answer["reason"]:
            assert answer["messages"] == []
            continue
        read += 1
        # what Godot takes, the bridge's own strict reader takes too, and finds the same in it
        expected = messages(packet)
        assert [address for address, _ in answer["messages"]] == [address for address, _ in expected]
        for (_, theirs), (_, ours) in zip(answer["messages"], expected, strict=True):
            assert len(theirs) == len(ours)
            assert all(same(a, b) for a, b in zip(ours, theirs, strict=True))
    assert 100 < read < 1600
    for packet, answer in zip(packets, answers, strict=True):
        if packet in (bundle([message("/x", 1)] * 257), b"/" + b"a" * 9000, b""):
            assert answer["reason"]
    refused = [packet for packet in packets[:20] if not _reads(packet)]
    assert all(answer["reason"] for p, answer in zip(packets, answers, strict=True) if p in refused)


def _reads(packet: bytes) -> bool:
    try:
        messages(packet)
    except OscError:
        return False
    return True


# ---- time


def truth(t: float) -> tuple[float, float]:
    """A weight and a turn that change slowly enough for straight lines between 50 frames a second."""
    return 0.5 + 0.4 * math.sin(2 * math.pi * 1.3 * t), 0.4 * math.sin(2 * math.pi * 0.7 * t)


def test_frames_are_played_at_audio_time_whatever_the_network_does(godot: Any) -> None:
    draw = random.Random(3)
    start = 1000.0  # the receiver's clock has another zero, and the network takes 5 to 30 ms
    events: list[dict[str, float]] = []
    for n in range(300):
        t = (n + 0.5) / 50
        weight, turn = truth(t)
        arrival = start + t + 0.005 + draw.random() * 0.025
        events.append({"at": arrival, "n": n, "t": t, "weight": weight, "turn": turn})
    events += [{"at": start + 0.001 + k / 144, "sample": start + 0.001 + k / 144} for k in range(7 * 144)]
    events.sort(key=lambda event: event["at"])
    answers = iter(godot.ask("buffer", events))
    times, delays = [], []
    for event in events:
        if "sample" not in event:
            continue
        answer = next(answers)
        now = event["sample"] - start
        if not 2.0 < now < 5.9:
            continue
        assert answer["presence"] == 1.0
        weight, turn = truth(float(answer["time"]))
        assert float(answer["weight"]) == pytest.approx(
            weight, abs=0.004
        )  # a straight line against the curve
        assert float(answer["turn"]) == pytest.approx(math.sin(turn / 2), abs=0.004)
        times.append(float(answer["time"]))
        delays.append(now - times[-1])
    steps = np.diff(times)
    assert steps.min() > 0.5 / 144  # it neither stops nor goes back
    assert steps.max() < 1.5 / 144
    assert 0.03 < np.mean(delays) < 0.08
    assert answer["late"] == answer["restarts"] == 0
    assert answer["presence"] == 0.0
    assert float(answer["weight"]) == 0.0


def test_overtaken_doubled_and_restarted(godot: Any) -> None:
    def frame(n: int, at: float) -> dict[str, float]:
        return {"at": at, "n": n, "t": (n + 0.5) / 50, "weight": 0.5, "turn": 0.0}

    events: list[dict[str, float]] = [frame(n, 1 + n / 50) for n in (0, 1, 3, 2, 3, 4)]
    events += [{"sample": 1.1}, frame(0, 1.12), {"sample": 1.13}]
    events += [frame(n, 5 + n / 50) for n in range(1000, 1003)]
    events += [{"sample": 5 + 1003 / 50}, {"sample": 5 + 1010 / 50}]
    answers = godot.ask("buffer", events)
    assert answers[0]["late"] == 1  # 3 came twice, and 2 found its place
    assert answers[1]["late"] == 2  # 0 was past
    assert answers[-1]["restarts"] == 1  # another stream
    assert float(answers[-1]["weight"]) == pytest.approx(0.5, abs=1e-6)


# ---- a character


def test_names_are_found_across_spellings(godot: Any) -> None:
    wild = [
        "Basis",
        "Face.M_F00_000_Fcl_MTH_A",
        "blendShape1.JawOpen",
        "eyeBlink_L",
        "Eye_Blink_R",
        "MOUTHCLOSE",
    ]
    wild += ["CC_Base_Body_mouthSmileL", "AlphaMap", "browInnerUp", "HeadMouthFunnel"]
    wanted = {
        "jawOpen": 2, "eyeBlinkLeft": 3, "eyeBlinkRight": 4, "mouthClose": 5, "mouthSmileLeft": 6, "A": 1,
        "browInnerUp": 8, "mouthFunnel": 9, "tongueOut": -1, "I": -1,
    }  # fmt: skip
    answers = godot.ask("names", [{"names": wild, "wanted": name} for name in wanted])
    assert dict(zip(wanted, answers, strict=True)) == wanted


def turned(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    """Rotation matrix about an axis of length 1, right-handed."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross


def test_a_character_does_what_the_frame_says(godot: Any) -> None:
    arkit = np.linspace(0.0, 1.0, 52)
    gaze = [0.2, 0.1, 0.3, -0.15]  # right yaw, right pitch, left yaw, left pitch
    half = 0.25
    # the head turns by half a radian to the subject's left: about + y
    line = {"map": {}, "arkit": arkit.tolist(), "gaze": gaze, "head": [0, math.sin(half), 0, math.cos(half)]}
    mapped = line | {"map": {"jawOpen": "browDownLeft", "browDownLeft": []}, "neck_share": 0.0}
    first, second = godot.ask("show", [line | {"neck_share": 0.4}, mapped])
    np.testing.assert_allclose(numbers(first["weights"]), arkit, atol=1e-6)
    assert float(second["weights"][0]) == pytest.approx(arkit[ARKIT.index("jawOpen")], abs=1e-6)

    rests = [numbers(axes).reshape(3, 3).T for axes in first["rests"]]
    for answer, share in ((first, 0.4), (second, 0.0)):
        hips, neck, head, left, right = (numbers(axes).reshape(3, 3).T for axes in answer["bones"])
        np.testing.assert_allclose(hips, rests[0], atol=1e-6)
        np.testing.assert_allclose(neck, turned((0, 1, 0), 0.5 * share) @ rests[1], atol=2e-6)
        turn = turned((0, 1, 0), 0.5)
        np.testing.assert_allclose(head, turn @ rests[2], atol=2e-6)
        for eye, rest, yaw, pitch in ((right, rests[4], 0.2, 0.1), (left, rests[3], 0.3, -0.15)):
            np.testing.assert_allclose(
                eye, turn @ turned((0, 1, 0), yaw) @ turned((1, 0, 0), -pitch) @ rest, atol=2e-6
            )
    # an eye that looks left and up: what looked out of the face goes to + x and + y
    looks = turned((0, 1, 0), 0.2) @ turned((1, 0, 0), -0.1) @ np.array([0, 0, 1])
    assert looks[0] > 0
    assert looks[1] > 0


def test_floats_are_read_as_the_golden_packets_have_them(godot: Any) -> None:
    (answer,) = godot.ask("osc", [(GOLDEN / "osc_v1_2.bin").read_bytes().hex()])
    by_address = dict(answer["messages"])
    packet = (GOLDEN / "osc_v1_2.bin").read_bytes()
    at = packet.index(b"/facecue/face/arkit") + 20 + 56  # address and type tags, padded
    expected = struct.unpack_from(">52f", packet, at)
    np.testing.assert_allclose(numbers(by_address["/facecue/face/arkit"]), expected, atol=1e-9)


def test_the_picture_moves_where_the_face_does(godot: Any) -> None:
    rest, again, jaw, blink = godot.draw([{}, {}, {"jawOpen": 1.0}, {"eyeBlinkLeft": 1.0}])
    assert rest.std() > 10  # there is a picture
    moved = [np.abs(picture - rest).max(axis=2) > 24 for picture in (again, jaw, blink)]
    assert not moved[0].any()
    rows, columns = (np.nonzero(moved[1].any(axis=axis))[0] for axis in (1, 0))
    assert moved[1].sum() > 800
    assert rows.min() > 125  # below the nose
    assert abs(columns.mean() - 120) < 6
    rows, columns = (np.nonzero(moved[2].any(axis=axis))[0] for axis in (1, 0))
    assert moved[2].sum() > 150
    assert rows.max() < 125
    assert columns.min() > 120  # the character's left is on the right of who looks at it
