"""Mono in the place of an engine: compiles the Unity package's C#, receives with it, and measures what it saw.

`tests/unity` asserts on these measurements, `python -m benchmarks.unity` prints them. Truth is what pyzmq and our own
decoder read in this process, or a curve that is known at any time.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zmq

from bridge.frames import Cues, RigFrame, frame_time_s
from bridge.landmarks import neutral_face
from bridge.sinks import open_sink
from bridge.sinks.wire import decode

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "unity_sample" / "Packages" / "com.facecue.receiver"
GOLDEN = ROOT / "tests" / "golden"
LANGUAGE = "7.2"
"""C# of every file in the package: what Unity 2022 and Debian's mcs both know."""
PROGRAMS = ("mcs", "mono", "nunit-console")
PACKAGES = ("mono-mcs", "mono-runtime", "nunit-console", "libnunit-framework2.6.3-cil")
"""Debian's and Ubuntu's names of what brings them, and NUnit for tests to be compiled against."""
PICTURE_HZ = (60, 90, 144)
CURVE_HZ = 2.0
"""As fast as a mouth moves; at 50 frames a second the chord is 0.8 % off the curve at most."""
SMALL_NURSERY = {"MONO_GC_PARAMS": "nursery-size=256k"}
"""So that one object a frame, in whatever thread, would soon call for a collection."""
FRAME = np.dtype([("n", "<i8"), ("t", "<f8"), ("latency_s", "<f8"), ("arrival_s", "<f8"), ("has_landmarks", "<i8"),
                  ("landmarks", "<f4", 204), ("gaze", "<f4", 4), ("head_rotation", "<f4", 4),
                  ("head_translation", "<f4", 3), ("emotion", "<f4", 8), ("arkit", "<f4", 52)])  # fmt: skip
"""A frame as Receiver.cs writes it down."""
PICTURE = np.dtype([("now_s", "<f8"), ("audio_s", "<f8"), ("delay_s", "<f8"), ("presence", "<f8"), ("flags", "<i8"),
                    ("head_rotation", "<f4", 4), ("arkit", "<f4", 52)])  # fmt: skip
ARRAYS = ("landmarks", "gaze", "head_rotation", "head_translation", "emotion", "arkit")
Floats = npt.NDArray[np.float64]


def missing() -> str:
    """What has to be installed, as a sentence; "" where all is there."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if not absent and not Path(nunit_framework()).is_file():
        absent = ["nunit.framework.dll"]
    return f"{', '.join(absent)} not installed: apt-get install {' '.join(PACKAGES)}" if absent else ""


def nunit_framework() -> str:
    """Where nunit.framework.dll lies, on Debian or in another Mono's own cache; "" where it is not."""
    for place in ("cli/nunit.framework-*", "mono/gac/nunit.framework/*"):
        for folder in (Path("/usr/lib"), Path("/usr/local/lib")):
            found = sorted(folder.glob(f"{place}/nunit.framework.dll"))
            if found:
                return str(found[-1])
    return ""


class CompilerError(AssertionError):
    """C# that mcs does not take; what it said."""


class Mono:
    """Compiles with mcs and runs with mono, in a folder of its own; whatever is compiled is compiled once."""

    package = PACKAGE
    golden = GOLDEN

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Path] = {}

    def library(self, name: str, sources: Iterable[Path], references: Sequence[Path | str] = ()) -> Path:
        """The assembly NAME.dll of these files and folders; a second call gives the first one's."""
        return self._compile(f"{name}.dll", "library", sources, references)

    def program(self, name: str, sources: Iterable[Path], references: Sequence[Path | str] = ()) -> Path:
        """The same, as NAME.exe."""
        return self._compile(f"{name}.exe", "exe", sources, references)

    def wire(self) -> Path:
        """Facecue.Wire.dll."""
        return self.library("Facecue.Wire", [PACKAGE / "Runtime" / "Wire"])

    def _compile(
        self, name: str, target: str, sources: Iterable[Path], references: Sequence[Path | str]
    ) -> Path:
        if name in self._made:
            return self._made[name]
        files = [
            str(file)
            for source in sources
            for file in ([source] if source.is_file() else sorted(source.rglob("*.cs")))
        ]
        assert files, f"no C# for {name}"
        path = self.folder / name
        command = [
            "mcs",
            f"-langversion:{LANGUAGE}",
            "-warnaserror+",
            "-warn:4",
            "-optimize+",
            "-r:System.Core",
        ]
        command += [f"-target:{target}", f"-out:{path}", *(f"-r:{reference}" for reference in references)]
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompilerError(f"mcs does not take {name}:\n{done.stdout}{done.stderr}")
        self._made[name] = path
        return path

    def start(
        self, program: Path, *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        env = os.environ | {"FACECUE_GOLDEN": str(GOLDEN)} | (environment or {})
        return subprocess.Popen(
            ["mono", str(program), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env,
        )  # fmt: skip

    def run(self, program: Path, *arguments: str) -> str:
        """What a program prints; it has to end well within a minute."""
        process = self.start(program, *arguments)
        try:
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, f"{program.name} ended with {process.returncode}:\n{out}"
        return out

    def nunit(self, tests: Path) -> dict[str, str]:
        """Every test of an assembly by its full name: "" where it held, else what it said."""
        report = tests.with_suffix(".xml")
        command = ["nunit-console", str(tests), "-nologo", "-nodots", "-nothread", "-noshadow"]
        done = subprocess.run(
            [*command, f"-xml={report}"],
            capture_output=True, text=True, check=False, cwd=self.folder, timeout=150,
            env=os.environ | {"FACECUE_GOLDEN": str(GOLDEN)},
        )  # fmt: skip
        assert report.is_file(), f"nunit-console wrote no report:\n{done.stdout}{done.stderr}"
        found = {}
        for case in ET.parse(report).iter("test-case"):  # noqa: S314  written here a moment ago
            said = " ".join(text.strip() for text in case.itertext() if text.strip())
            held = case.get("result") in ("Success", "Ignored", "Skipped")
            found[case.get("name", "")] = "" if held else said or "failed"
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What a receiver wrote down."""

    says: dict[str, str]
    frames: npt.NDArray[np.void]
    pictures: dict[int, npt.NDArray[np.void]]

    def number(self, name: str) -> float:
        return float(self.says[name])


class Receiver:
    """Receiver.cs, running."""

    def __init__(
        self, mono: Mono, wire: str, port: int, *, write: bool = True, keys: Sequence[str] = ()
    ) -> None:
        program = mono.program(
            "Receiver", [Path(__file__).parent / "receiver" / "Receiver.cs"], [mono.wire()]
        )
        self._file = mono.folder / f"{wire}-{port}-{len(list(mono.folder.iterdir()))}"
        self._write = write
        self.process = mono.start(
            program, wire, "127.0.0.1", str(port), "face", "-", str(self._file) if write else "-",
            ",".join(map(str, PICTURE_HZ)), *keys, environment=SMALL_NURSERY,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", line

    def end(self) -> Seen:
        """Ends it and reads what it saw."""
        out, _ = self.process.communicate("end\n", timeout=20)
        assert self.process.returncode == 0, out
        says = dict(line.split("=", 1) for line in out.splitlines())
        if not self._write:
            return Seen(says, np.zeros(0, FRAME), {})
        pictures = {hz: np.fromfile(f"{self._file}.{hz}", PICTURE) for hz in PICTURE_HZ}
        return Seen(says, np.fromfile(f"{self._file}.frames", FRAME), pictures)


@contextmanager
def receivers(mono: Mono, *, write: bool = True) -> Iterator[dict[str, tuple[int, Receiver]]]:
    """One for each wire, on ports of their own: wire → (port, receiver)."""
    found = {}
    try:
        for wire, kind in (("zmq", socket.SOCK_STREAM), ("osc", socket.SOCK_DGRAM)):
            port = free_port(kind)
            found[wire] = (port, Receiver(mono, wire, port, write=write))
        yield found
    finally:
        for _, receiver in found.values():
            receiver.process.kill()
            receiver.process.wait()


def free_port(kind: socket.SocketKind) -> int:
    """A port that nobody has."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# the bridge itself, against pyzmq and our own decoder


def bridge_run(mono: Mono, seconds: float) -> tuple[dict[int, RigFrame], dict[str, Seen]]:
    """`facecue live` on bundled speech: what Python read of it by number, and what each receiver saw."""
    truth: dict[int, RigFrame] = {}
    with receivers(mono) as found:
        command = [sys.executable, "-m", "bridge", "live", "--source", "demo://?loop=1"]
        command += ["--duration", str(seconds)]
        for wire, (port, _) in found.items():
            command += ["--sink", f"{wire}://127.0.0.1:{port}"]
        with zmq.Context() as context, context.socket(zmq.SUB) as sub:
            sub.linger = 0
            sub.reconnect_ivl = 5
            sub.subscribe("face")
            sub.connect(f"tcp://127.0.0.1:{found['zmq'][0]}")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=ROOT)
            try:
                while process.poll() is None or sub.poll(200):
                    if sub.poll(100):
                        frame = decode(sub.recv_multipart()[1])
                        truth[frame.cues.n] = frame
            finally:
                process.kill()
                process.wait()
        return truth, {wire: receiver.end() for wire, (_, receiver) in found.items()}


def difference(truth: dict[int, RigFrame], seen: Seen) -> float:
    """The largest difference of any number of any frame; infinite where a frame is none of the truth's."""
    largest = 0.0
    for frame in seen.frames:
        want = truth.get(int(frame["n"]))
        if want is None:
            return float("inf")
        for name in ARRAYS:
            values = want.weights if name == "arkit" else getattr(want.cues, name)
            if name == "landmarks" and not frame["has_landmarks"]:
                continue
            largest = max(largest, float(np.abs(np.ravel(values) - frame[name]).max()))
        largest = max(largest, abs(frame["t"] - want.cues.time_s))
    return largest


# a curve that is known at any time


def curve_weight(t: Floats) -> Floats:
    """Every weight at audio time t, (N,) → (N,); from 0.05 to 0.95."""
    return 0.5 + 0.45 * np.sin(2 * np.pi * CURVE_HZ * t)


def curve_angle(t: Floats) -> Floats:
    """The head's turn, radians."""
    return 0.4 * np.sin(2 * np.pi * CURVE_HZ * t)


def curve_frame(n: int) -> RigFrame:
    """Frame n of the curve."""
    t = np.array([frame_time_s(n)])
    half = float(curve_angle(t)[0]) / 2
    turn = np.array([0.6 * np.sin(half), 0.8 * np.sin(half), 0, np.cos(half)], np.float32)
    cues = Cues(
        n=n, time_s=frame_time_s(n), landmarks=neutral_face(), gaze=np.zeros((2, 2), np.float32),
        head_rotation=turn, head_translation=np.zeros(3, np.float32), emotion=np.full(8, 0.125, np.float32),
    )  # fmt: skip
    return RigFrame(cues, np.full(52, curve_weight(t)[0], np.float32), 0.1)


def curve_run(mono: Mono, seconds: float) -> dict[str, Seen]:
    """The curve at 50 frames a second through the real sinks, seen on screens of every rate."""
    with receivers(mono) as found:
        _send(found, [curve_frame(n) for n in range(round(50 * seconds))], 0.02)
        return {wire: receiver.end() for wire, (_, receiver) in found.items()}


def flood_run(mono: Mono, count: int) -> dict[str, Seen]:
    """So many frames as fast as they are taken, to receivers that write nothing down: what do they allocate?"""
    with receivers(mono, write=False) as found:
        frames = [curve_frame(n) for n in range(200)]
        _send(found, frames, 0.02)  # until everything is warm
        _send(found, (frames * (count // 200 + 1))[:count], 0.0003)
        return {wire: receiver.end() for wire, (_, receiver) in found.items()}


def _send(found: dict[str, tuple[int, Receiver]], frames: Sequence[RigFrame], pause_s: float) -> None:
    sinks = [open_sink(f"{wire}://127.0.0.1:{port}") for wire, (port, _) in found.items()]
    time.sleep(1.5)  # until receivers have found them
    start = time.perf_counter()
    for i, frame in enumerate(frames):
        time.sleep(max(0.0, start + i * pause_s - time.perf_counter()))
        for sink in sinks:
            sink.send(frame)
    time.sleep(0.2)
    for sink in sinks:
        sink.close()


@dataclass(frozen=True, slots=True)
class OffCurve:
    """How far pictures are from the curve, shares of its range."""

    weight: float
    turn: float
    settled: float
    """Share of the pictures that lay between two frames, after the first second."""
    pictures: int


def off_curve(pictures: npt.NDArray[np.void]) -> OffCurve:
    """Measures the pictures from a second after the first frame on."""
    played = pictures[(pictures["flags"] & 2) > 0]
    shown = played[played["now_s"] > played["now_s"][0] + 1.0]
    settled = shown[(shown["flags"] & 1) > 0]
    weight = np.abs(settled["arkit"] - curve_weight(settled["audio_s"])[:, None]).max() / 0.9
    turn = settled["head_rotation"].astype(float)
    angle = 2 * np.arctan2(np.hypot(turn[:, 0], turn[:, 1]) * np.sign(turn[:, 1]), turn[:, 3])
    off = np.abs(angle - curve_angle(settled["audio_s"])).max() / 0.8
    return OffCurve(float(weight), float(off), len(settled) / len(shown), len(shown))


# a bridge that dies again and again, amid rubbish


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of receivers whose bridge was killed."""

    kills: int
    seen: dict[str, Seen]
    misread: int
    """Frames that were no frame of the curve."""
    back_s: dict[str, list[float]]
    """Of each life the seconds until its first frame was read here."""


def kill_run(mono: Mono, kills: int) -> Killed:
    """A bridge that sends the curve and rubbish on both wires, killed after 1.7 s and started again."""
    with receivers(mono) as found:
        ports = [found[wire][0] for wire in ("zmq", "osc")]
        command = [sys.executable, str(Path(__file__).with_name("dying_bridge.py")), *map(str, ports)]
        for life in range(kills + 1):
            process = subprocess.Popen([*command, str(life)], stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            time.sleep(1.7)
            process.kill()
            process.wait()
            process.stdout.close()
            if life % 4 == 1:
                _babble(ports[0], life)
        seen = {wire: receiver.end() for wire, (_, receiver) in found.items()}
    wrong = sum(misread(frame) for of in seen.values() for frame in of.frames)
    return Killed(kills, seen, wrong, {wire: _returns(of.frames) for wire, of in seen.items()})


def _babble(port: int, seed: int) -> None:
    """Something else takes the bridge's port for a moment, and speaks rubbish to whoever connects."""
    rng = random.Random(seed)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()
        sock.settimeout(1.0)
        with suppress(OSError):
            peer, _ = sock.accept()
            with peer:
                peer.sendall(b"\xff" + rng.randbytes(5000))


def misread(frame: np.void) -> bool:
    """Whether a frame is none of the curve."""
    want = curve_frame(int(frame["n"]))
    return not (
        abs(frame["t"] - want.cues.time_s) < 1e-6
        and np.abs(frame["arkit"] - want.weights).max() < 1e-6
        and np.abs(frame["head_rotation"] - want.cues.head_rotation).max() < 1e-6
    )


def _returns(frames: npt.NDArray[np.void]) -> list[float]:
    """Audio time of the first frame that was read of each life: what was missed of it."""
    firsts = np.flatnonzero(np.diff(frames["n"], prepend=1 << 40) < 0)
    return [float(t) for t in frames["t"][firsts]]
