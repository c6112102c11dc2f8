"""Rigs and visemes on the wires, as python-osc and plain msgpack, which are not ours, read them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import msgpack
import numpy as np
import pytest
import zmq
from pythonosc.osc_bundle import OscBundle

from bridge.frames import RigFrame
from bridge.rigs import Rig, load_rig
from bridge.sinks import SinkError, open_sink
from bridge.sinks.between import between
from bridge.sinks.datagram import DatagramSink
from bridge.sinks.rigging import VISEME_RIGS, Extras
from bridge.sinks.zeromq import ZeroMqSink

ROBOT = """
title = "My robot"

[curves]
Jaw = "jawOpen"

[curves.Tilt]
cues = { headRoll = 1.0 }
clamp = [-1.0, 1.0]

[bones.Head]
yaw = { cues = { headYaw = 0.5 } }

[bones.Jaw]
unit = "degrees"
pitch = { weights = { jawOpen = -22.0 } }

[bones.EyeLeft]
side = "both"
yaw = { cues = { gazeYawLeft = 1.0 } }
pitch = { cues = { gazePitchLeft = 1.0 } }
"""


@pytest.fixture
def robot(tmp_path: Path) -> Path:
    path = tmp_path / "my robot.toml"
    path.write_text(ROBOT, encoding="utf-8")
    return path


def messages(uri: str, frame: RigFrame) -> list[tuple[str, list[Any]]]:
    """What a datagram sink sends for a frame, read by python-osc."""
    sink = open_sink(uri, actor="anna")
    assert isinstance(sink, DatagramSink)
    packets = sink.packets(frame)
    sink.close()
    assert all(len(packet) <= 1452 for packet in packets)
    return [(m.address, list(m.params)) for packet in packets for m in OscBundle(packet)]


def about(axis: int, radians: float) -> np.ndarray:
    turn = np.zeros(4)
    turn[axis], turn[3] = math.sin(radians / 2), math.cos(radians / 2)
    return turn


# curves


@pytest.mark.parametrize("name", ["vrm1", "metahuman", "microsoft22", "vts"])
def test_osc_sends_a_shipped_rig_an_address_each(name: str, frame: RigFrame) -> None:
    rig = load_rig(name)
    sent = messages(f"osc://127.0.0.1:9000?rig={name}", frame)
    curves = {a.removeprefix("/facecue/anna/rig/"): p for a, p in sent if a.startswith("/facecue/anna/rig/")}
    assert list(curves) == list(rig.names)
    assert all(len(values) == 1 for values in curves.values())
    assert {n: v[0] for n, v in curves.items()} == pytest.approx(rig(frame.weights, frame.cues), abs=1e-6)
    assert sent[-1][0] == "/facecue/anna/frame"  # still the last: whoever acts on it has them all


def test_vmc_sends_a_rig_under_its_names(robot: Path, frame: RigFrame) -> None:
    sent = messages(f"vmc://127.0.0.1?rig={quote(str(robot))}", frame)
    blends = {p[0]: p[1] for a, p in sent if a == "/VMC/Ext/Blend/Val"}
    assert blends == pytest.approx(load_rig(robot)(frame.weights, frame.cues), abs=1e-6)
    assert list(blends) == ["Jaw", "Tilt"]
    assert sent[-1] == ("/VMC/Ext/Blend/Apply", [])


@pytest.mark.parametrize("names", ["vrm0", "vrm1"])
def test_a_rig_by_name_is_what_names_says_of_vrm(names: str, frame: RigFrame) -> None:
    rig, name = (messages(f"vmc://127.0.0.1?{key}={names}", frame) for key in ("rig", "names"))
    assert rig == name


# bones


def test_osc_sends_bones_in_the_axes_of_the_wire(robot: Path, resting: Callable[..., RigFrame]) -> None:
    frame = resting(gaze=[[0.1, 0.0], [0.3, 0.2]])
    sent = dict(messages(f"osc://127.0.0.1:9000?rig={quote(str(robot))}", frame))
    eye = sent["/facecue/anna/bone/EyeLeft"]
    assert eye[4:] == pytest.approx([0.3, 0.2, 0.0])
    x, y, z, w = eye[:4]
    # where the eye then looks: right-handed, x the subject's left, y up, z out of the face
    looks = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
    yaw, pitch = 0.3, 0.2
    assert looks == pytest.approx(
        (math.cos(pitch) * math.sin(yaw), math.sin(pitch), math.cos(pitch) * math.cos(yaw)), abs=1e-6
    )
    assert sent["/facecue/anna/bone/EyeRight"][4] == pytest.approx(0.1)  # + is the subject's left for both


def bones(sent: list[tuple[str, list[Any]]]) -> dict[str, list[float]]:
    """Bones by name, each sent once."""
    found = [p for a, p in sent if a == "/VMC/Ext/Bone/Pos"]
    assert len({p[0] for p in found}) == len(found)
    return {p[0]: p[1:] for p in found}


def test_vmc_turns_bones_as_unity_does(robot: Path, resting: Callable[..., RigFrame]) -> None:
    frame = resting({"jawOpen": 1.0}, head_rotation=about(1, 0.4), head_translation=[1, 2, 3])
    got = bones(messages(f"vmc://127.0.0.1?rig={quote(str(robot))}", frame))
    # yaw to the subject's left is − about Unity's Y; a jaw that opens turns down, + about Unity's X
    assert got["Head"][3:] == pytest.approx(about(1, -0.2), abs=1e-6)
    assert got["Jaw"] == pytest.approx([0, 0, 0, *about(0, math.radians(22))], abs=1e-6)
    assert got["Head"][:3] == pytest.approx([-0.01, 0.02, 0.03])  # a table has no shift: it stays the head's
    assert "Neck" not in got  # it would turn with the head that the table turns
    assert {"LeftEye", "RightEye"} < set(got)  # this table calls its eyes otherwise: the sink's own are sent


def test_a_rigs_eyes_take_the_place_of_the_sinks_own(
    tmp_path: Path, resting: Callable[..., RigFrame]
) -> None:
    table = tmp_path / "eyes.toml"
    table.write_text(
        'title = "eyes"\n[curves]\nA = "jawOpen"\n[bones.LeftEye]\nside = "both"\n'
        "yaw = { cues = { gazeYawLeft = 2.0 } }\n"
    )
    sent = messages(f"vmc://127.0.0.1?rig={quote(str(table))}", resting(gaze=[[0.1, 0.2], [0.1, 0.2]]))
    got = bones(sent)
    assert got["LeftEye"] == pytest.approx([0, 0, 0, *about(1, -0.2)], abs=1e-6)
    assert got["RightEye"] == pytest.approx([0, 0, 0, *about(1, -0.2)], abs=1e-6)
    assert {"Neck", "Head"} < set(got)
    assert "/VMC/Ext/Set/Eye" not in dict(sent)


# ZeroMQ


@pytest.mark.parametrize("scheme", ["zmq", "zmq+connect"])
def test_zeromq_has_them_in_the_map(scheme: str, robot: Path, resting: Callable[..., RigFrame]) -> None:
    frame = resting({"jawOpen": 0.5}, head_rotation=about(1, 0.4))
    query = f"?rig={quote(str(robot))}&visemes=rhubarb9"
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.linger = 0
        sub.subscribe(b"")
        where = "127.0.0.1:0"
        if scheme == "zmq+connect":
            where = f"127.0.0.1:{sub.bind_to_random_port('tcp://127.0.0.1')}"
        sink = open_sink(f"{scheme}://{where}{query}")
        assert isinstance(sink, ZeroMqSink)
        if scheme == "zmq":
            sub.connect(sink.endpoints[0])
        for _ in range(200):
            sink.send(frame)
            if sub.poll(20):
                break
        wire = msgpack.unpackb(sub.recv_multipart()[1])
        sink.close()
    assert wire["v"] == 1
    assert wire["rig"] == pytest.approx({"Jaw": 0.5, "Tilt": 0.0}, abs=1e-6)
    turns = {name: np.frombuffer(raw, "<f4") for name, raw in wire["bones"].items()}
    assert turns["Head"] == pytest.approx(about(1, 0.2), abs=1e-6)
    assert set(turns) == {"Head", "Jaw", "EyeLeft", "EyeRight"}
    assert (wire["viseme"], wire["viseme_index"]) in list(zip(load_rig("rhubarb9").names, itertools.count()))


def test_a_table_too_large_for_a_reader_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "large.toml"
    table.write_text("[curves]\n" + "".join(f'{"c" * 50}{i} = "jawOpen"\n' for i in range(900)))
    with pytest.raises(SinkError, match="900 names of"):
        open_sink(f"zmq://127.0.0.1:0?rig={quote(str(table))}")


# visemes


@pytest.fixture(scope="module")
def spoken() -> list[RigFrame]:
    """The bundled speech, all of it."""
    from bridge.assembly import assemble
    from bridge.config import LiveConfig
    from bridge.pipeline import run
    from bridge.sources.demo import DemoSource

    frames: list[RigFrame] = []
    run(DemoSource(realtime=False), assemble(LiveConfig()).pipeline, (), stop=Event(), on_frame=frames.append)
    return frames


def at_rate(frames: list[RigFrame], rate: float) -> Iterator[RigFrame]:
    """The frames that a sink with `?rate=` is given: as `bridge.sinks.rated` makes them."""
    if rate == 50:
        yield from frames
        return
    for n in range(int(frames[-1].cues.time_s * rate)):
        time_s = (n + 0.5) / rate
        i = min(max(int(time_s * 50 - 0.5), 0), len(frames) - 2)
        yield between(frames[i], frames[i + 1], time_s, n)


@pytest.mark.parametrize("rate", [24, 50, 60, 120])
@pytest.mark.parametrize("name", VISEME_RIGS)
def test_real_speech_keeps_hold_and_rate(name: str, rate: float, spoken: list[RigFrame]) -> None:
    rig = load_rig(name)
    sink = open_sink(f"osc://127.0.0.1:9000?landmarks=0&visemes={name}")
    assert isinstance(sink, DatagramSink)
    seen: list[tuple[float, str, int]] = []
    for frame in at_rate(spoken, rate):
        sent = {m.address: list(m.params) for packet in sink.packets(frame) for m in OscBundle(packet)}
        viseme, index = sent["/facecue/face/viseme"]
        assert rig.names[index] == viseme
        seen.append((frame.cues.time_s, viseme, index))
    sink.close()
    changes = [b[0] for a, b in itertools.pairwise(seen) if a[1] != b[1]]
    assert len(changes) > 40  # 20 s of speech
    assert min(b - a for a, b in itertools.pairwise(changes)) > 0.12 - 1e-6
    assert all(ninth - first > 1.0 for first, ninth in zip(changes, changes[8:], strict=False))
    shown = {viseme for _, viseme, _ in seen}
    assert {"rhubarb9": {"A", "F", "X"}, "oculus15": {"PP", "ou", "sil"}, "microsoft22": {"21", "7", "0"}}[
        name
    ] <= shown


def test_python_osc_hears_the_viseme(osc_peer: Callable[..., Any], spoken: list[RigFrame]) -> None:
    peer = osc_peer()
    sink = open_sink(f"osc://127.0.0.1:{peer.port}?visemes=oculus15&landmarks=0")
    for frame in spoken[:60]:
        sink.send(frame)
    heard = peer.wait_for("/facecue/face/viseme", 60)
    sink.close()
    assert all(isinstance(name, str) and isinstance(index, int) for name, index in heard)
    assert heard[0] == ("sil", 0)
    assert len({name for name, _ in heard}) > 2


def test_a_jump_of_the_sound_begins_anew(spoken: list[RigFrame]) -> None:
    more = Extras("zmq://", {"visemes": "rhubarb9"})
    first = [more(frame)["viseme"] for frame in spoken[:50]]
    assert [more(frame)["viseme"] for frame in spoken[:50]] == first


# mistakes


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("osc://127.0.0.1:9000?rig=vrm2", "rig=vrm2 is not known; shipped: .*vrm0, vrm1.* ends in .toml"),
        ("osc://127.0.0.1:9000?rig=../secret", "is not known"),
        ("vmc://127.0.0.1?rig=none.toml", "none.toml: No such file"),
        ("vmc://127.0.0.1?rig=vrm0&names=vrm1", "both say what expressions are called"),
        (
            "osc://127.0.0.1:9000?visemes=vrm1",
            "visemes=vrm1 is not known; choose rhubarb9, oculus15, microsoft22",
        ),
        ("zmq://127.0.0.1:0?visemes=", "visemes= is not known"),
        ("vmc://127.0.0.1?visemes=rhubarb9", "unknown option 'visemes'"),
        ("livelink://127.0.0.1?rig=vrm1", "unknown option 'rig'"),
    ],
)
def test_a_wrong_wish_is_one_line(uri: str, says: str) -> None:
    with pytest.raises(SinkError, match=says) as caught:
        open_sink(uri)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "scheme", "says"),
    [
        ('[curves]\n"Mouth Open" = "jawOpen"', "osc", "'Mouth Open' in .* cannot stand in an OSC address"),
        ('[curves]\n"あ" = "jawOpen"', "osc", "cannot stand in an OSC address"),
        ('[curves]\n"a\\u0000b" = "jawOpen"', "vmc", "cannot be sent"),
        (f'[curves]\n{"x" * 300} = "jawOpen"', "vmc", "names have 1 to 256 bytes"),
        ('[curves]\nA = "jawOpne"', "vmc", ":2: .*jawOpen"),
    ],
)
def test_a_table_that_fits_no_wire(table: str, scheme: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(table + "\n", encoding="utf-8")
    with pytest.raises(SinkError, match=says):
        open_sink(f"{scheme}://127.0.0.1:9000?rig={quote(str(path))}")


def test_other_scripts_leave_by_vmc(tmp_path: Path, frame: RigFrame) -> None:
    path = tmp_path / "mmd.toml"
    path.write_text('[curves]\n"あ" = "jawOpen"\n', encoding="utf-8")
    sent = messages(f"vmc://127.0.0.1?rig={quote(str(path))}", frame)
    rig: Rig = load_rig(path)
    assert (
        "/VMC/Ext/Blend/Val",
        ["あ", pytest.approx(rig(frame.weights, frame.cues)["あ"], abs=1e-6)],
    ) in sent
