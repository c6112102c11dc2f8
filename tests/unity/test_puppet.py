"""A scene of two actors and a director, played by mono, at the other end of the real bridge."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.control import ControlDesk
from bridge.controls import DirectionConfig
from bridge.direction import Direction
from bridge.frames import EMOTIONS, Cues, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote import open_control
from bridge.sinks import open_sink

HERE = Path(__file__).resolve().parent
ARKIT = slice(7, 59)
LEFT_TURN = np.array([0, np.sin(0.2), 0, np.cos(0.2)], np.float32)
"""0.4 rad to the subject's left, in the head frame."""

pytestmark = pytest.mark.mono


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Puppet:
    """The mono process: orders in, lines out."""

    def __init__(self, mono, program: Path, *ports: int) -> None:
        self.process = mono.start(program, *map(str, ports))
        self.moods: list[str] = []
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def order(self, *words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def show(self, actor: str) -> list[str]:
        self.order("show", actor)
        while not (line := self.line()).startswith("face"):
            self.moods.append(line.removeprefix("mood "))
        return line.split()

    def end(self) -> int:
        self.order("quit")
        with self.process as process:
            return int(process.wait(timeout=20))


@pytest.fixture(scope="module")
def program(mono, build, unity) -> Path:
    package = [build(name) for name in ("Facecue", "Facecue.Wire", "Facecue.Mapping")]
    return mono.program("Puppet", [HERE / "puppet"], [*package, unity])


@pytest.fixture
def desk(tmp_path) -> ControlDesk:
    direction = Direction(DirectionConfig(blink=False, smoothing_ms=0), neutral_face())
    return ControlDesk(direction, "anna", Presets(tmp_path))


@pytest.fixture
def control(desk) -> Iterator[object]:
    opened = open_control("osc://127.0.0.1:0", desk)
    yield opened
    opened.close()


def frame(n: int, jaw: float, emotion: str, *, turned: bool) -> RigFrame:
    rest = rest_cues(n, neutral_face())
    feelings = np.zeros(8, np.float32)
    feelings[EMOTIONS.index(emotion)] = 1
    gaze = np.array([[0.2, 0.0], [0.3, 0.1]] if turned else [[0, 0], [0, 0]], np.float32)
    cues = Cues(
        n=n, time_s=rest.time_s, landmarks=rest.landmarks, gaze=gaze,
        head_rotation=LEFT_TURN if turned else rest.head_rotation,
        head_translation=rest.head_translation, emotion=feelings,
    )  # fmt: skip
    weights = np.zeros(52, np.float32)
    weights[24] = jaw
    weights[51] = jaw / 2
    return RigFrame(cues, weights, 0.05)


def play(sinks, count: int, begin: int = 0, emotion: str = "neutral") -> int:
    due = time.perf_counter()
    for n in range(begin, begin + count):
        for i, sink in enumerate(sinks):
            sink.send(frame(n, 0.8 if i == 0 else 0.2, emotion, turned=i == 0))
        due += 0.02
        time.sleep(max(0.0, due - time.perf_counter()))
    return begin + count


def wait_for(condition, seconds: float = 5.0) -> None:
    until = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < until, "it did not come to that"
        time.sleep(0.02)


def test_two_actors_on_two_wires_move_rest_and_are_directed(mono, program, desk, control):
    zmq_port, osc_port = free_port(), free_port(socket.SOCK_DGRAM)
    puppet = Puppet(mono, program, zmq_port, osc_port, control.port)
    sinks = [
        open_sink(f"zmq://127.0.0.1:{zmq_port}", actor="anna"),
        open_sink(f"osc://127.0.0.1:{osc_port}", actor="ben"),
    ]
    try:
        n = play(sinks, 100)
        n = play(sinks, 50, n, "happy")
        anna, ben = puppet.show("anna"), puppet.show("ben")
        assert (anna[2], anna[3], anna[6]) == ("Receiving", "True", "0")
        assert (ben[2], ben[3], ben[6]) == ("Receiving", "True", "0")
        assert abs(float(anna[5]) - 50) < 6
        for face, jaw in ((anna, 80), (ben, 20)):
            weights = np.array(face[ARKIT], float)
            assert weights[[24, 51]] == pytest.approx([jaw, jaw / 2], abs=1e-3)
            assert np.delete(weights, [24, 51]) == pytest.approx(0, abs=1e-3)
        # left is + about y in the head frame and - about y in Unity; eyes up are - about x
        head, left, right = (np.array(anna[i : i + 4], float) for i in (59, 63, 67))
        assert head == pytest.approx([0, -np.sin(0.2), 0, np.cos(0.2)], abs=1e-3)
        assert right == pytest.approx([0, -np.sin(0.1), 0, np.cos(0.1)], abs=1e-3)
        assert left[0] < -0.04
        assert left[1] == pytest.approx(-np.sin(0.15), abs=1e-2)
        assert np.array(ben[59:63], float) == pytest.approx([0, 0, 0, 1], abs=1e-3)
        assert puppet.moods.count("anna happy") == 1
        assert puppet.moods.count("ben happy") == 1

        puppet.order("emotion", "sad")
        puppet.order("set", "intensity", 1.5)
        wait_for(lambda: desk.values(["emotion", "intensity"]) == {"emotion": "sad", "intensity": 1.5})
        # half a metre ahead of the eyes, 20 cm to the subject's left (Unity's -x), 10 cm up
        puppet.order("look", -0.2, 1.65, 0.58)
        wait_for(lambda: desk.values()["target"] == "point")
        values = desk.values()
        assert values["target_x"] == pytest.approx(20, abs=0.1)
        assert values["target_y"] == pytest.approx(12.9, abs=0.1)
        assert values["target_z"] == pytest.approx(52.4, abs=0.1)
        puppet.order("look", 0, 1.65, -1)  # behind the head
        wait_for(lambda: desk.values()["target"] == "none")

        # both are lost and rest; the bridge is started anew, and the director tells it again what was asked for
        for sink in sinks:
            sink.close()
        desk.answer({"do": "reset"})
        wait_for(lambda: puppet.show("anna")[3] == "False" and puppet.show("ben")[3] == "False")
        assert np.array(puppet.show("anna")[ARKIT], float) == pytest.approx(0, abs=1e-3)
        assert desk.values()["emotion"] == "auto"
        sinks[0] = open_sink(f"zmq://127.0.0.1:{zmq_port}", actor="anna")
        wait_for(lambda: play(sinks[:1], 25) and puppet.show("anna")[3] == "True", 15)
        wait_for(lambda: desk.values()["emotion"] == "sad")
        assert desk.refused == 0, desk.last_refusal
    finally:
        for sink in sinks:
            sink.close()
        errors = puppet.end()
    assert errors == 0
