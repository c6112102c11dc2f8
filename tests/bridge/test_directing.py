"""Direction as a person gives it: by options, presets and settings files, and from outside while the command runs."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zmq
from pythonosc.udp_client import SimpleUDPClient
from rich.console import Console

from bridge import cli, control
from bridge import landmarks as face
from bridge.assembly import assemble
from bridge.commands.demo import EmotionWalk
from bridge.commands.options import directed
from bridge.commands.status import LiveStatus
from bridge.control import ControlDesk
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.frames import RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote import ControlStatus
from bridge.sinks.wire import decode
from bridge.sources import SourceStatus
from bridge.tokens import FOLDER_VARIABLE

NEUTRAL = neutral_face()


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def frames_at(port: int) -> Iterator["zmq.Socket[bytes]"]:
    context = zmq.Context()
    sub = context.socket(zmq.SUB)
    sub.rcvtimeo = 20_000
    sub.connect(f"tcp://127.0.0.1:{port}")
    sub.subscribe("")
    try:
        yield sub
    finally:
        context.destroy(linger=0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_live_face_is_directed_from_outside(capsys: pytest.CaptureFixture[str]) -> None:
    out, osc, rep = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    codes = []
    arguments = [
        "live", "--source", "demo://?loop=1", "--sink", f"zmq://127.0.0.1:{out}", "--duration", "9",
        "--control", f"osc://127.0.0.1:{osc}", "--control", f"zmq://127.0.0.1:{rep}",
        "--set", "blink=no", "--style", "reader",
    ]  # fmt: skip
    thread = threading.Thread(target=lambda: codes.append(run(*arguments)))
    thread.start()
    surface = SimpleUDPClient("127.0.0.1", osc)
    try:
        with frames_at(out) as sub:

            def still(seconds: float) -> bool:
                """Whether a resting face comes within so much time."""
                ends = time.perf_counter() + seconds
                while time.perf_counter() < ends:
                    frame = decode(sub.recv_multipart()[1])
                    if np.array_equal(frame.cues.landmarks, NEUTRAL) and not frame.cues.gaze.any():
                        return True
                return False

            assert not still(0.5)
            surface.send_message("/facecue/control/pause", 1)
            assert still(2.0)
            desk = sub.context.socket(zmq.REQ)
            desk.rcvtimeo = 5000
            desk.connect(f"tcp://127.0.0.1:{rep}")
            desk.send_json({"do": "set", "values": {"pause": False, "mouth": 9}})
            assert desk.recv_json() == {"ok": False, "error": "mouth is 9; it must lie in 0..2"}
            desk.send_json({"do": "get", "names": ["pause", "blink", "style"]})
            assert desk.recv_json()["values"] == {"pause": True, "blink": False, "style": "reader"}
            desk.send_json(
                {"do": "set", "values": {"pause": False, "target": "point", "target_x": 30, "target_mix": 1}}
            )
            assert desk.recv_json()["ok"]
            ends = time.perf_counter() + 3.0
            while time.perf_counter() < ends:
                gaze = decode(sub.recv_multipart()[1]).cues.gaze
                if gaze[:, 0].min() > 0.2:
                    break
            assert gaze[:, 0].min() > 0.2  # both eyes to the subject's left
    finally:
        surface._sock.close()
        thread.join()
    assert codes == [0]
    said = capsys.readouterr().out.splitlines()[-1]
    assert f"control osc://127.0.0.1:{osc} 1 taken, listens on UDP {osc}" in said
    assert f"control zmq://127.0.0.1:{rep} 2 taken, 1 refused" in said
    assert "last: mouth is 9; it must lie in 0..2" in said


def test_the_walk_of_the_demo_stands_back_when_somebody_else_asks() -> None:
    direction = Direction(DirectionConfig(), NEUTRAL)
    walk = EmotionWalk(direction, 1.0)

    def at(time_s: float) -> str:
        walk(RigFrame(rest_cues(0, NEUTRAL).with_(time_s=time_s), np.zeros(52, np.float32), 0.0))
        return direction.config.emotion

    assert (at(0.5), at(1.5)) == ("angry", "contempt")
    direction.set_emotion("happy")
    assert (at(2.5), at(3.5)) == ("happy", "happy")


def test_the_demo_is_directed_too(folder: Path) -> None:
    arguments = [
        "demo",
        "--fast",
        "--no-browser",
        "--sink",
        "null://",
        "--set",
        "pause=1",
        "-o",
        folder / "out",
    ]
    assert run(*arguments, "--control", "osc://127.0.0.1:0") == 0
    with np.load(folder / "out" / "demo.npz", allow_pickle=False) as take:
        np.testing.assert_array_equal(take["landmarks"], np.broadcast_to(NEUTRAL, take["landmarks"].shape))


def test_presets_and_assignments_come_together(folder: Path) -> None:
    Presets().save("calm", DirectionConfig(mouth=0.5, jaw=0.5))
    flags = directed("calm", ["jaw=2", "target=camera"], style="reader", seed=None)
    assert flags.pop("preset").direction["mouth"] == 0.5
    assert flags == {"jaw": 2.0, "target": "camera", "style": "reader"}


def test_a_captured_face_is_there_after_a_restart(folder: Path) -> None:
    direction = Direction(DirectionConfig(), NEUTRAL)
    desk = ControlDesk(direction)
    caught = NEUTRAL + np.random.default_rng(0).normal(0, 0.05, NEUTRAL.shape).astype(np.float32)
    assert desk.answer({"do": "capture"})["ok"]
    direction(rest_cues(0, caught), 1.0)
    assert desk.answer({"do": "save", "name": "anna"})["presets"] == ["anna"]

    # another process, which has nothing but the file
    soundfile.write(folder / "quiet.wav", np.zeros(16_000, np.float32), 16_000)
    baked = {}
    for name, more in (("plain", []), ("anna", ["--preset", "anna"])):
        command = [sys.executable, "-m", "bridge", "bake", str(folder / "quiet.wav"), "--lookahead", "live"]
        command += ["-o", str(folder / name), "--seed", "1", *more]
        env = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)
        assert done.returncode == 0, done.stderr
        with np.load(folder / name / "quiet.npz", allow_pickle=False) as take:
            baked[name] = take["landmarks"]
    brows = list(face.BROWS)  # nothing but the captured face moves them otherwise
    there = (baked["plain"] - baked["anna"])[:, brows]
    np.testing.assert_allclose(there, np.broadcast_to((caught - NEUTRAL)[brows], there.shape), atol=2e-5)


def test_a_desk_started_anew_takes_the_face_up_again(folder: Path) -> None:
    first = Direction(DirectionConfig(blink=False), NEUTRAL)
    desk = ControlDesk(first)
    frown = NEUTRAL.copy()
    frown[list(face.BROWS), 1] -= 0.3
    desk.answer({"do": "capture"})
    first(rest_cues(0, frown), 1.0)
    assert desk.answer({"do": "save", "name": "anna"})["ok"]
    first.own_neutral.let_go()
    first(rest_cues(1, frown), 1.0)
    assert desk.answer({"do": "save", "name": "nobody"})["ok"]

    second = Direction(DirectionConfig(blink=False), NEUTRAL)
    desk = ControlDesk(second)
    for name, held in (("anna", True), ("nobody", False), ("anna", True)):
        assert desk.answer({"do": "load", "name": name})["own_neutral"] is held
        for n in range(60):
            shown = second(rest_cues(n, frown), 1.0).landmarks
        np.testing.assert_allclose(shown, NEUTRAL if held else frown, atol=1e-5)
    (folder / "presets" / "few.toml").write_text("[direction]\nmouth = 0.5\n")
    assert desk.answer({"do": "load", "name": "few"})["own_neutral"] is True  # it says nothing of a face


def test_a_face_that_no_frame_brings_is_not_saved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "CATCH_WAIT_S", 0.05)
    desk = ControlDesk(Direction(DirectionConfig(), NEUTRAL))
    desk.answer({"do": "capture"})
    told = desk.answer({"do": "save", "name": "anna"})
    assert "no frame came yet" in told["error"]
    assert Presets().names() == []
    desk.answer({"do": "release"})  # needs no frame
    assert desk.answer({"do": "save", "name": "anna"})["presets"] == ["anna"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "mouth=3"], "mouth is 3; it must lie in 0..2"),
        (["--set", "moth=1"], "unknown control 'moth'; known: emotion"),
        (["--set", "mouth"], "'mouth' names no value; write it as in mouth=1.2"),
        (
            ["--set", "style=reader", "--style", "actor"],
            "--set style=reader and --style are both given; keep one",
        ),
        (["--preset", "gone"], "no preset is called 'gone'; there are: none yet"),
        (["--preset", "../x"], "a preset cannot be called '../x'"),
        (["--target", "moon"], "target is 'moon'; choose none, camera, point, away"),
        (["--control", "midi://x"], "control does not speak 'midi'; known: osc://, zmq://"),
        (["--control", "osc://0.0.0.0:0"], "nobody is heard there without a token"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACECUE_TOKEN", raising=False)
    assert run("live", "--source", "demo://", "--sink", "null://", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("facecue: ")
    assert error.count("\n") == 1
    assert says in error


def test_the_command_lists_every_control(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("controls") == 0
    said = capsys.readouterr().out
    for name, line in CONTROLS.items():
        assert f"| `{name}` | {line.meaning} | {line.span}" in said


def test_help_says_what_the_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("live", "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    for name in ("emotion", "mix", "intensity", "style", "target", "seed"):
        assert f"--{name} " in said
        assert CONTROLS[name].meaning[1:40] in said


def test_the_status_names_every_place_of_control() -> None:
    class Source:
        def status(self) -> SourceStatus:
            return SourceStatus("open", "here", 0, 0)

    class Place:
        def status(self) -> ControlStatus:
            return ControlStatus("osc://x", 3, 1, "listens on UDP 1, last: no")

    p = assemble().pipeline
    status = LiveStatus(p, Source(), [], controls=[Place()])  # type: ignore[arg-type, list-item]
    assert status.line().endswith("| control osc://x 3 taken, 1 refused, listens on UDP 1, last: no")
    console = Console(width=120)
    with console.capture() as shown:
        console.print(status.table(ascii_only=True))
    assert "control  osc://x  3 taken, 1 refused, listens on UDP 1" in shown.get()
