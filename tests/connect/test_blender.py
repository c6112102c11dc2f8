"""The Blender add-on: what needs no Blender is tried everywhere, the rest where there is one, with the real bridge."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.frames import ARKIT, EMOTIONS
from bridge.sinks.osc_packet import bundle, message
from bridge.sinks.unity import eye_rotation
from bridge.trackers.osc_message import messages

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "docs" / "connect" / "blender" / "facecue_blender.py"
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture
def facecue(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The add-on, imported beside a Blender of cardboard."""
    bpy = ModuleType("bpy")
    bpy.types = SimpleNamespace(PropertyGroup=object, Operator=object, Panel=object, Object=0, Text=0)  # type: ignore[attr-defined]
    nothing = lambda **_: None  # noqa: E731
    kinds = (
        "PointerProperty",
        "StringProperty",
        "IntProperty",
        "CollectionProperty",
        "FloatProperty",
        "BoolProperty",
    )
    bpy.props = SimpleNamespace(**dict.fromkeys(kinds, nothing))  # type: ignore[attr-defined]
    handlers = SimpleNamespace(persistent=lambda function: function)
    bpy.app = SimpleNamespace(handlers=handlers)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bpy", bpy)
    spec = importlib.util.spec_from_file_location("facecue_blender", ADDON)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "facecue_blender", module)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


# ---- without Blender


def test_names_and_order_are_the_wires(facecue: Any) -> None:
    assert facecue.ARKIT == ARKIT
    assert facecue.EMOTIONS == EMOTIONS


def test_the_golden_packets_are_the_golden_frame(facecue: Any) -> None:
    golden = json.loads((GOLDEN / "frame.json").read_text(encoding="utf-8"))
    wire = facecue.Wire()
    assert wire.take((GOLDEN / "osc_v1_1.bin").read_bytes()) == []
    (frame,) = wire.take((GOLDEN / "osc_v1_2.bin").read_bytes())
    assert frame.number == golden["n"]
    assert frame.time_s == (golden["n"] + 0.5) / 50
    np.testing.assert_allclose(frame.weights, golden["arkit"], atol=1e-7)
    np.testing.assert_allclose(frame.gaze, np.ravel(golden["gaze"]), atol=1e-7)
    np.testing.assert_allclose(frame.head, golden["head_rotation"], atol=1e-7)
    np.testing.assert_allclose(frame.emotion, golden["emotion"], atol=1e-7)
    assert (wire.received, wire.rejected, wire.incomplete) == (1, 0, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it keeps nothing
@given(st.binary(max_size=300), st.randoms(use_true_random=False))
def test_any_bytes_are_messages_or_one_error(facecue: Any, noise: bytes, draw: random.Random) -> None:
    damaged = bytearray((GOLDEN / "osc_v1_2.bin").read_bytes())
    for _ in range(draw.randint(1, 5)):
        damaged[draw.randrange(len(damaged))] = draw.randrange(256)
    wire = facecue.Wire("")
    for packet in (noise, b"#bundle\0" + noise, b"/a\0\0," + noise, bytes(damaged), bytes(damaged[:200])):
        wire.take(packet)  # never raises
        with suppress(facecue.OscError):
            ours = facecue.read_osc(packet)
            theirs = messages(packet)  # what the add-on takes, the bridge's own reader takes too
            assert [address for address, _ in ours] == [address for address, _ in theirs]


def test_what_is_refused_is_counted(facecue: Any) -> None:
    wire = facecue.Wire()
    whole = [
        message("/facecue/face/gaze", *[0.1] * 4),
        message("/facecue/face/head", 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        message("/facecue/face/emotion", *[0.125] * 8),
        message("/facecue/face/arkit", *[0.5] * 52),
    ]
    frame = message("/facecue/face/frame", 7, 0.15, 0.1, 1)
    assert len(wire.take(bundle([*whole, frame]))) == 1
    assert wire.take(bundle([*whole[1:], frame])) == []
    assert (wire.incomplete, wire.rejected) == (1, 0)
    strange = [
        bundle([*whole, message("/facecue/face/frame", 7, 0.15, 0.1, 2)]),
        bundle([*whole, message("/facecue/face/frame", 7, math.inf, 0.1, 1)]),
        bundle([*whole, message("/facecue/face/frame", 7, 1e30, 0.1, 1)]),
        message("/facecue/face/arkit", *[0.5] * 51),
        message("/facecue/face/arkit", *[math.nan] * 52),
        message("/facecue/face/head", *[9.0] * 7),
        bundle([message("/x", 1)] * 257),
        b"/" + b"a" * 9000,
    ]
    for packet in strange:
        assert wire.take(packet) == []
    assert wire.rejected == len(strange)
    assert wire.take(bundle([m.replace(b"/face/", b"/anna/") for m in whole])) == []
    assert wire.rejected == len(strange)


def test_names_are_found_across_spellings(facecue: Any) -> None:
    wild = [
        "Basis",
        "Face.M_F00_000_Fcl_MTH_A",
        "blendShape1.JawOpen",
        "eyeBlink_L",
        "Eye_Blink_R",
        "MOUTHCLOSE",
    ]
    wild += ["CC_Base_Body_mouthSmileL", "AlphaMap", "HeadMouthFunnel"]
    wanted = {
        "jawOpen": 2, "eyeBlinkLeft": 3, "eyeBlinkRight": 4, "mouthClose": 5, "mouthSmileLeft": 6, "A": 1,
        "mouthFunnel": 8,
    }  # fmt: skip
    for name, i in wanted.items():
        assert facecue.find(wild, [facecue.plain(name)]) == wild[i]
    assert facecue.find(wild, ["tongueout"]) is None
    assert facecue.read_map("a = b, c # d\n\nnothing\ne =") == {"a": ["b", "c"], "e": []}


def matrix(q: Any) -> np.ndarray:
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


HEAD_TO_BLENDER = np.array(
    [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
)  # x the subject's left, out of the face -Y, up Z


def test_turns_have_blenders_axes(facecue: Any) -> None:
    q = facecue.unit((0.3, -0.2, 0.1, 0.9))
    expected = HEAD_TO_BLENDER @ matrix(q) @ HEAD_TO_BLENDER.T
    np.testing.assert_allclose(matrix(facecue.blender_turn(q)), expected, atol=1e-12)
    np.testing.assert_allclose(facecue.looking(0.3, -0.2), eye_rotation(0.3, -0.2), atol=1e-12)
    rest = facecue.unit((0.5, 0.1, -0.4, 0.6))
    own = matrix(facecue.seen_from(rest, q))
    np.testing.assert_allclose(matrix(rest) @ own, matrix(q) @ matrix(rest), atol=1e-12)
    half = facecue.slerp((0, 0, 0, 1), (0, math.sin(0.4), 0, math.cos(0.4)), 0.5)
    np.testing.assert_allclose(half, (0, math.sin(0.2), 0, math.cos(0.2)), atol=1e-12)


def test_recording_goes_at_the_scenes_rate(facecue: Any) -> None:
    recorder = facecue.Recorder(first=100, fps=24)
    keys = []
    for n in range(151):
        frame = facecue.Frame(number=n, time_s=(n + 0.5) / 50)
        frame.weights[0] = frame.time_s / 4
        keys += recorder.take(frame)
    assert [at for at, _ in keys] == list(range(100, 100 + 73))
    for at, key in keys:
        assert key.time_s == pytest.approx(0.01 + (at - 100) / 24, abs=1e-9)
        assert key.weights[0] == pytest.approx(key.time_s / 4, abs=1e-9)
    again = recorder.take(facecue.Frame(number=0, time_s=0.01))
    assert [at for at, _ in again] == [173]  # another stream goes on behind


# ---- in Blender


def blender() -> list[str]:
    """A command that runs a script in Blender's Python; FACECUE_BPY may name a Python that has bpy."""
    if python := os.environ.get("FACECUE_BPY"):
        return [python]
    if importlib.util.find_spec("bpy") is not None:
        return [sys.executable]
    if program := shutil.which("blender"):
        return [program, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]
    pytest.skip("no Blender: install it, or bpy from PyPI for a Python that FACECUE_BPY names")


def test_blender_shows_and_records_what_the_bridge_says(bridge: Any, tmp_path: Path) -> None:
    command = blender()
    port = bridge.free_port(socket.SOCK_DGRAM)
    task = str(Path(__file__).parent / "blender_task.py")
    arguments = [*command, task, *(["--"] if len(command) > 1 else []), str(ADDON), str(port)]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out, env=os.environ | {"PYTHONPATH": ""})
        try:
            wait_for(log, "started", process)
            noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            speaking = bridge.speak(f"osc://127.0.0.1:{port}")
            while speaking.poll() is None:
                noise.sendto(b"/facecue/face/arkit\0,f\0\0", ("127.0.0.1", port))
                with suppress(subprocess.TimeoutExpired):
                    speaking.wait(0.1)
            noise.close()
            process.wait(60)
        finally:
            process.kill()
            process.wait()
    said = log.read_text(encoding="utf-8", errors="replace")
    first, heard, seen, last, end = (json.loads(x[5:]) for x in said.splitlines() if x.startswith("JSON "))
    assert end == {"done": True}, said
    assert first["started"] == ["FINISHED"]
    assert first["report"] == "3 of 52 shapes; bones: head, neck, right_eye"
    assert last["received"] == len(heard["frames"]) > 140
    assert last["rejected"] > 10
    assert last["incomplete"] == 0
    assert last["at_rest"] == [0.0, 0.0, 0.0]

    frames = {frame["n"]: frame for frame in heard["frames"]}
    assert len(seen["shown"]) > 60
    jaw = ARKIT.index("jawOpen")
    for shown in seen["shown"]:
        frame = frames[shown["n"]]
        for name, value in shown["weights"].items():
            assert value == pytest.approx(frame["arkit"][ARKIT.index(name)], abs=1e-6)
        whole = HEAD_TO_BLENDER @ matrix(frame["head"]) @ HEAD_TO_BLENDER.T
        rests = {name: np.array(rows) for name, rows in seen["rests"].items()}
        bones = {name: np.array(rows) for name, rows in shown["bones"].items()}
        np.testing.assert_allclose(bones["head"], whole @ rests["head"], atol=1e-4)
        yaw, pitch = frame["gaze"][:2]
        eye = HEAD_TO_BLENDER @ matrix(eye_rotation(yaw, pitch)) @ HEAD_TO_BLENDER.T
        np.testing.assert_allclose(bones["eye.R"], whole @ eye @ rests["eye.R"], atol=1e-4)
        assert np.abs(bones["DEF-neck"] - rests["DEF-neck"]).max() < np.abs(whole - np.eye(3)).max() + 1e-4

    # the recording is the weight at the scene's 24 frames a second
    times = [frame["t"] for frame in heard["frames"]]
    weights = [frame["arkit"][jaw] for frame in heard["frames"]]
    assert max(weights) > 0.2
    at = times[0] + np.arange(last["recorded"]) / 24
    assert 60 < last["recorded"] < 90
    np.testing.assert_allclose(last["keyed"], np.interp(at, times, weights), atol=2e-6)


def wait_for(log: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    """Until the task has said so."""
    for _ in range(600):
        if word in log.read_text(encoding="utf-8", errors="replace"):
            return
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))
