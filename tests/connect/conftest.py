"""Engines that are at hand: a headless Godot 3 with the addon, and the bridge in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
GODOT = ROOT / "docs" / "connect" / "godot"
SPEECH = ROOT / "bridge" / "sources" / "demo" / "bbbm2p.flac"
"""Three seconds of a voice."""


class Godot:
    """A project in a folder of its own: the tests' scripts, and the addon as a user drops it in."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder
        self.project = folder / "project"
        shutil.copytree(Path(__file__).parent / "godot3", self.project)
        shutil.copytree(GODOT / "godot3" / "addons", self.project / "addons")
        (folder / "home").mkdir()
        self._running: list[subprocess.Popen[bytes]] = []

    def start(
        self, task: str, given: Any = None, port: int = 0, program: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Godot at work on a task of tests/connect/godot3/main.gd."""
        path = self.folder / f"{task}.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        self.said = self.folder / f"{task}.log"  # a pipe that nobody reads would stop it
        with self.said.open("wb") as log:
            return self._started(program or [self.program], task, path, port, log)

    def _started(
        self, program: Sequence[str], task: str, path: Path, port: int, log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*program, "--path", str(self.project)],
            env=os.environ
            | {"FACECUE_TASK": task, "FACECUE_INPUT": str(path), "FACECUE_PORT": str(port)}
            | {"LC_ALL": "C.UTF-8", "LANG": "en", "HOME": str(self.folder / "home")},
            stdout=log,
            stderr=log,
        )
        self._running.append(process)
        return process

    def answers(self, process: subprocess.Popen[bytes]) -> list[Any]:
        """What it said until its end; whatever else it said is a failure, errors of the engine above all."""
        process.wait(timeout=120)
        said = self.said.read_text(encoding="utf-8", errors="replace")
        _, _, said = said.partition("Godot Engine")  # before it: a fresh home that has no folders yet
        lines = [
            line
            for line in said.splitlines()[1:]
            if line.strip() and not line.startswith(("Godot Engine", "OpenGL ES"))
        ]
        answers = [json.loads(line[5:]) for line in lines if line.startswith("JSON ")]
        assert [line for line in lines if not line.startswith("JSON ")] == []
        assert process.returncode == 0
        return answers

    def ask(self, task: str, given: Any) -> list[Any]:
        """The answers to a task."""
        return self.answers(self.start(task, given))

    def draw(self, poses: Sequence[dict[str, float]]) -> list[npt.NDArray[np.float64]]:
        """Pictures of the character, (height, width, 3), 0..255, with these weights by name."""
        if shutil.which("godot3-runner") is None or shutil.which("xvfb-run") is None:
            pytest.skip("godot3-runner or xvfb-run is not installed: apt-get install godot3-runner xvfb")
        files = [self.folder / f"{i}.png" for i in range(len(poses))]
        given = [{"weights": pose, "file": str(file)} for pose, file in zip(poses, files, strict=True)]
        screen = ["xvfb-run", "-a", "-s", "-screen 0 320x320x24", "godot3-runner", "--video-driver", "GLES3"]
        engine = [*screen, "--audio-driver", "Dummy", "--resolution", "240x240"]
        assert self.answers(self.start("picture", given, program=engine)) == [0] * len(poses)
        return [np.asarray(Image.open(file).convert("RGB"), np.float64) for file in files]

    def stop(self) -> None:
        """Ends what still runs."""
        for process in self._running:
            process.kill()
            process.wait()


@pytest.fixture
def godot(tmp_path: Path) -> Iterator[Godot]:
    """Godot 3 without a screen."""
    program = shutil.which("godot3-server")
    if program is None:
        pytest.skip("godot3-server is not installed: apt-get install godot3-server")
    engine = Godot(program, tmp_path)
    yield engine
    engine.stop()


class Bridge:
    """`facecue` from this tree, in processes that end with the test however it ends."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command with these arguments; what it says is caught."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        self._running.append(process)
        return process

    def speak(self, *sinks: str) -> subprocess.Popen[str]:
        """Three seconds of a voice, in real time, to these sinks."""
        named = [word for sink in sinks for word in ("--sink", sink)]
        return self.start("live", "--source", f"file://{SPEECH}", *named)

    @staticmethod
    def free_port(kind: socket.SocketKind) -> int:
        """A port that was free a moment ago."""
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
            return port

    def stop(self) -> None:
        """Ends what still runs."""
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    """The command, ready to be started."""
    started = Bridge()
    yield started
    started.stop()
