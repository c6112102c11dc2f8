"""The `facecue` command as a person meets it: what it leaves, what it says, how it ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgpack
import numpy as np
import pytest
import soundfile
import zmq

from bridge import cli, portaudio, weights
from bridge.batch.ledger import NAME as LEDGER
from bridge.commands import demo as demo_verb
from bridge.direction import Direction, DirectionConfig
from bridge.frames import ARKIT, RigFrame, frame_count, rest_cues
from bridge.landmarks import neutral_face
from bridge.takes import draft
from bridge.takes.csv import HEADER
from bridge.takes.npz import KEYS

RATE = 16_000
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and /dev/full are POSIX's")


def speech(path: Path, seconds: float = 0.5, rate: int = RATE, channels: int = 1) -> Path:
    """A recording of something like a voice."""
    t = np.arange(round(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * 140 * t) * (1 + np.sin(2 * np.pi * 4 * t))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate)
    return path


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    error = capsys.readouterr().err
    assert error.startswith("facecue: ")
    assert error.count("\n") == 1, error
    assert "Traceback" not in error
    return error


def files(folder: Path) -> set[str]:
    """Takes and what is on its way; not the ledger of what was baked."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {LEDGER}


# errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["live", "--sink", "nul://x"], "unknown sink 'nul'"),
        (["live", "--sink", "null://", "--source", "mike://"], "unknown source 'mike'"),
        (["live", "--sink", "null://", "--source", "file://gone.wav"], "gone.wav does not exist"),
        (["live", "--sink", "null://", "--emotion", "merry"], "emotion is 'merry'; choose auto, angry"),
        (["live", "--sink", "null://", "--mix", "7"], "mix is 7; it must lie in 0..1"),
        (["live", "--sink", "null://", "--mix", "uper=vmc://"], "unknown region 'uper'; known: upper, brows"),
        (["live", "--sink", "null://", "--mix", "upper=vmd://"], "unknown tracker 'vmd'; known: vmc://"),
        (["live", "--sink", "null://?rate=10"], "rate=10 is not a number from 24 to 120"),
        (["live", "--sink", "null://", "--intensity", "7"], "intensity is 7; it must lie in 0..2"),
        (["live", "--sink", "null://", "--lookahead", "soon"], "lookahead is 'soon'; choose live, studio"),
        (["live", "--sink", "null://", "--config", "gone.toml"], "gone.toml: No such file"),
        (["live", "--sink", "null://", "--model", "gone.onnx"], "gone.onnx: no such model file"),
        (["bake", "x.wav", "-o", "out", "--format", "npz,fbx"], "'fbx' is not one of those"),
        (["bake", "x.wav", "-o", "out", "--lookahead", "-3"], "lookahead is '-3'"),
    ],
)
def test_a_wrong_value_is_one_line(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 1
    assert says in complaint(capsys)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["live"], "no sink is named"),
        (["live", "--frobnicate"], "No such option: --frobnicate (facecue live --help"),
        (["sing"], "No such command 'sing'"),
        (["bake"], "Missing"),
        (["live", "--sink", "null://", "--mix", "much"], "'--mix'"),
        (["live", "--sink", "null://", "--mix", "0.5", "--mix", "1"], "2 numbers are given; keep one"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert says in complaint(capsys)


def test_an_unknown_key_lists_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "face.toml").write_text("[direction]\nemoton = 'sad'\n")
    assert run("live", "--sink", "null://", "--config", tmp_path / "face.toml") == 1
    assert "unknown key 'emoton'; known: emotion" in complaint(capsys)


def test_debug_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="unknown source"):
        run("live", "--sink", "null://", "--source", "mike://", "--debug")


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run("live", "--source", "demo://", "--sink", f"zmq://127.0.0.1:{port}") == 1
    assert str(port) in complaint(capsys)


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_a_damaged_network_is_one_line(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "face.onnx"
    model.write_bytes(b"no network" if damage == "text" else weights.choose("live").read_bytes()[:100_000])
    recording = speech(tmp_path / "x.wav")
    assert run("bake", recording, "-o", tmp_path / "out", "--model", model) == 1
    assert "face.onnx" in complaint(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_network_that_cannot_be_used_is_told_once(
    processes: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        speech(tmp_path / "in" / f"{name}.wav")
    (tmp_path / "face.onnx").write_bytes(b"")
    arguments = ("bake", tmp_path / "in", "-o", tmp_path / "out", "-j", processes)
    assert run(*arguments, "--model", tmp_path / "face.onnx") == 1
    assert "face.onnx (0 bytes) is no whole ONNX model" in complaint(capfd)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("library", ["onnxruntime", "soxr", "soundfile"])
def test_a_missing_library_is_one_line(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = speech(tmp_path / "x.wav", rate=48_000)
    monkeypatch.delitem(sys.modules, "bridge.sources.file", raising=False)  # so that it is imported again
    monkeypatch.setitem(sys.modules, library, None)
    assert run("bake", recording, "-o", tmp_path / "out") == 1
    error = complaint(capsys)
    assert library in error
    assert "install facecue again" in error
    assert files(tmp_path) == {"x.wav"}


def test_no_arguments_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    text = capsys.readouterr().err
    assert all(verb in text for verb in ("demo", "live", "bake", "devices", "doctor"))


# bake


def test_bake_makes_takes_of_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = speech(tmp_path / "line.one.wav", seconds=1.01, rate=44_100, channels=2)
    assert run("bake", recording, "-o", tmp_path / "out", "--format", "npz,csv") == 0
    assert files(tmp_path / "out") == {"line.one.npz", "line.one.csv"}
    assert "1 baked" in capsys.readouterr().out
    data = np.load(tmp_path / "out" / "line.one.npz", allow_pickle=False)
    assert set(data.files) == set(KEYS)
    frames = frame_count(round(1.01 * RATE))
    assert data["landmarks"].shape == (frames, 68, 3)
    np.testing.assert_allclose(data["time_s"], (np.arange(frames) + 0.5) / 50, rtol=1e-6)
    assert data["arkit"].min() >= 0
    assert data["arkit"].max() <= 1
    rows = (tmp_path / "out" / "line.one.csv").read_text().splitlines()
    assert rows[0] == HEADER
    assert len(rows) == frames + 1


def test_bake_makes_light_formats_at_a_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = speech(tmp_path / "line.wav", seconds=1.0)
    formats = "npz,csv,jsonl,bvh,rhubarb.tsv,rhubarb.json,oculus15.json,microsoft22.json,srt"
    assert run("bake", recording, "-o", tmp_path / "out", "--format", formats, "--fps", 24) == 0
    assert files(tmp_path / "out") == {f"line.{format_}" for format_ in formats.split(",")}
    data = np.load(tmp_path / "out" / "line.npz", allow_pickle=False)
    assert (data["rate_hz"], len(data["time_s"])) == (24, 24)
    assert '"soundFile": "line.wav"' in (tmp_path / "out" / "line.rhubarb.json").read_text()
    capsys.readouterr()
    assert run("bake", recording, "-o", tmp_path / "out", "--fps", 0) == 1
    assert "0 frames a second cannot be" in capsys.readouterr().err


def test_a_folder_keeps_its_sub_folders_and_a_bad_file_does_not_stop_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech(tmp_path / "in" / "a.wav")
    speech(tmp_path / "in" / "act 2" / "b.flac")
    (tmp_path / "in" / "notes.txt").write_text("not sound")
    (tmp_path / "in" / ".hidden.wav").write_text("not sound")
    (tmp_path / "in" / "broken.wav").write_text("not sound")
    (tmp_path / "in" / "empty.wav").write_bytes(b"")
    assert run("bake", tmp_path / "in", tmp_path / "gone.wav", "-o", tmp_path / "out") == 1
    assert files(tmp_path / "out") == {"a.npz", "act 2/b.npz"}
    said = capsys.readouterr()
    assert "2 baked" in said.out
    assert "3 failed" in said.out
    lines = said.err.splitlines()
    assert len(lines) == 3
    for name in ("broken.wav", "empty.wav", "gone.wav"):
        assert sum(name in line for line in lines) == 1
    assert all(line.startswith("facecue: ") for line in lines)


def test_bake_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b", "c"):
        speech(tmp_path / "in" / f"{name}.wav")
    out = tmp_path / "out"
    assert run("bake", tmp_path / "in", "-o", out) == 0
    before = {name: (out / f"{name}.npz").stat().st_mtime_ns for name in ("a", "b", "c")}
    (out / "b.npz").write_bytes((out / "b.npz").read_bytes()[:500])  # as a power cut may leave it
    speech(tmp_path / "in" / "c.wav", seconds=0.6)  # recorded again
    later = time.time() + 5
    os.utime(tmp_path / "in" / "a.wav", (later, later))  # copied again: the same sound
    assert run("bake", tmp_path / "in", "-o", out) == 0
    assert "2 baked" in (said := capsys.readouterr().out.splitlines()[-1])
    assert "1 there already" in said
    assert (out / "a.npz").stat().st_mtime_ns == before["a"]
    assert len(np.load(out / "b.npz")["time_s"]) == 25
    assert run("bake", tmp_path / "in", "-o", out, "--force") == 0
    assert "3 baked" in capsys.readouterr().out


def test_recordings_that_would_share_a_take_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = speech(tmp_path / "x.flac", 0.4), speech(tmp_path / "x.wav", 0.8)
    other = speech(tmp_path / "elsewhere" / "X.wav")
    # the same file named twice is no clash
    assert run("bake", first, second, other, first, "-o", tmp_path / "out") == 1
    assert files(tmp_path / "out") == {"x.npz"}
    assert len(np.load(tmp_path / "out" / "x.npz")["time_s"]) == 20
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("would overwrite the take of" in line for line in lines)


def test_a_folder_without_recordings_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert run("bake", tmp_path / "in", "-o", tmp_path / "out") == 1
    assert "holds no recording" in complaint(capsys)


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speech(tmp_path / "in" / "a.wav")
    speech(tmp_path / "in" / "locked" / "b.wav")
    scandir = os.scandir

    def guarded(path: object) -> object:
        if Path(str(path)).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", guarded)
    assert run("bake", tmp_path / "in", "-o", tmp_path / "out") == 1
    error = complaint(capsys)
    assert "locked: Permission denied" in error
    assert (tmp_path / "out" / "a.npz").exists()


@posix
def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = draft.Draft.__init__

    def full(self: draft.Draft, path: Path) -> None:
        keep(self, path)
        if path.name == "b.csv":
            self.file.close()
            self.file = Path("/dev/full").open("wb")  # noqa: SIM115

    monkeypatch.setattr(draft.Draft, "__init__", full)
    for name in ("a", "b", "c"):
        speech(tmp_path / "in" / f"{name}.wav")
    assert run("bake", tmp_path / "in", "-o", tmp_path / "out", "--format", "npz,csv") == 1
    assert "b.wav: No space left on device" in complaint(capsys)
    # b.npz had been written well, but a job is done whole or not at all
    assert files(tmp_path / "out") == {"a.npz", "a.csv", "c.npz", "c.csv"}


def test_bake_in_several_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for n in range(4):
        speech(tmp_path / "in" / f"{n}.wav")
    (tmp_path / "in" / "broken.wav").write_text("not sound")
    assert run("bake", tmp_path / "in", "-o", tmp_path / "out", "-j", 2) == 1
    assert files(tmp_path / "out") == {f"{n}.npz" for n in range(4)}
    assert "broken.wav" in complaint(capsys)


@posix
@pytest.mark.parametrize("processes", [1, 2])
def test_bake_that_is_interrupted_leaves_whole_takes_only(tmp_path: Path, processes: int) -> None:
    speech(tmp_path / "in" / "a.wav")
    for name in ("b", "c", "d"):
        speech(tmp_path / "in" / f"{name}.wav", seconds=900)
    arguments = ("bake", tmp_path / "in", "-o", tmp_path / "out", "--format", "csv", "-j", processes)
    with command(*arguments) as process:
        # a is whole and the others are begun
        wait_for(lambda: (tmp_path / "out" / "a.csv").exists() and len(files(tmp_path / "out")) > processes)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=20)
    assert process.returncode == cli.INTERRUPTED
    assert files(tmp_path / "out") == {"a.csv"}
    assert "1 baked" in out
    assert error == "facecue: interrupted\n"


def test_a_poor_console_is_no_reason_to_end(tmp_path: Path) -> None:
    (tmp_path / "λόγος.wav").write_text("not sound")
    with command(
        "bake", tmp_path, "-o", tmp_path / "out", PYTHONIOENCODING="cp1252", PYTHONUTF8="0"
    ) as process:
        _, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert error.startswith("facecue: ")
    assert "?????.wav" in error


# live


def command(*arguments: object, **environment: str) -> "subprocess.Popen[str]":
    """`facecue` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bridge", *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def wait_for(condition, seconds: float = 20.0) -> None:  # type: ignore[no-untyped-def]
    ends = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < ends, "it did not happen"
        time.sleep(0.02)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_live_ends_at_once_and_leaves_the_face_at_rest(number: signal.Signals) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as subscriber, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        subscriber.subscribe(b"hero")
        sink = f"zmq://127.0.0.1:{port}"
        with command("live", "--source", "demo://?loop=1", "--sink", sink, "--actor", "hero") as process:
            received = []
            while len(received) < 60:
                assert subscriber.poll(20_000), process.communicate(timeout=5)
                received.append(subscriber.recv_multipart())
            asked = time.perf_counter()
            process.send_signal(number)
            out, error = process.communicate(timeout=10)
            took = time.perf_counter() - asked
        while subscriber.poll(100):
            received.append(subscriber.recv_multipart())
    assert (process.returncode, error) == (0, "")
    assert took < 3.0  # 0.6 s on an idle machine
    first, last = (msgpack.unpackb(received[i][1]) for i in (0, -1))
    assert last["n"] - first["n"] + 1 == len(received)
    np.testing.assert_array_equal(np.frombuffer(last["landmarks"], "<f4").reshape(68, 3), neutral_face())
    np.testing.assert_array_equal(np.frombuffer(last["head_rotation"], "<f4"), [0, 0, 0, 1])
    assert "look-ahead 80" in out
    assert "frames/s, latency p50/p99" in out
    assert "the face is at rest" in out


def test_live_ends_with_its_source_or_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = speech(tmp_path / "x.wav", 0.6)
    assert run("live", "--source", f"file://{recording}", "--sink", "null://") == 0
    assert "null:// 45 sent" in capsys.readouterr().out  # 30 frames, and 15 to come to rest
    began = time.perf_counter()
    assert run("live", "--source", "demo://", "--sink", "null://", "--duration", "0.5") == 0
    assert time.perf_counter() - began < 8


def test_live_takes_regions_of_a_tracker_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"file://{speech(tmp_path / 'x.wav', 0.2)}"
    mix = ("--mix", "upper=vmc://:0", "--mix", "0.5")
    assert run("live", "--source", source, "--sink", "null://?rate=60", "--emotion", "happy", *mix) == 0
    out = capsys.readouterr().out
    assert "brows,eyes=vmc://:0 nothing heard yet" in out
    assert "null://?rate=60 " in out
    assert "goes nowhere · 60 a second" in out


def test_the_monitor_plays_delayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bridge import monitor

    opened: list[tuple[str, float]] = []
    fed: list[float] = []

    class Speaker:
        detail = "monitor: loud"

        def __init__(self, device: str, delay_s: float) -> None:
            opened.append((device, delay_s))
            self.delay_s = delay_s

        def feed(self, block: object) -> None:
            fed.append(block.time_s)  # type: ignore[attr-defined]

        def close(self) -> None:
            opened.append(("closed", self.delay_s))

    monkeypatch.setattr(monitor, "Monitor", Speaker)
    recording = speech(tmp_path / "x.wav", 2.5)
    arguments = ("live", "--source", f"file://{recording}", "--sink", "null://", "--monitor")
    assert run(*arguments, "default") == 0
    (device, delay_s), (closed, followed_s) = opened
    assert (device, closed) == ("", "closed")
    assert 0.1 <= delay_s < 1  # buffering 10 ms, look-ahead 80 ms and half a frame at least
    assert followed_s != delay_s  # measured meanwhile
    assert len(fed) == 250
    assert "monitor: loud" in capsys.readouterr().out


# demo


def test_demo_leaves_a_take_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--fast", "--sink", "null://", "-o", tmp_path / "shown") == 0
    assert files(tmp_path / "shown") == {"demo.npz", "demo.csv", "strip.png", "face.gif"}
    assert len(np.load(tmp_path / "shown" / "demo.npz")["time_s"]) > 1000
    out = capsys.readouterr().out
    assert "demo.npz" in out
    for emotion in ("angry", "contempt", "disgusted", "fear", "happy", "neutral", "sad", "surprised"):
        assert out.count(f"  {emotion}\n") == 1


def test_a_demo_that_cannot_leave_its_take_says_so_before_it_plays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shown").write_text("a file")
    assert run("demo", "--sink", "null://", "-o", tmp_path / "shown") == 1
    assert "shown: File exists" in complaint(capsys)
    assert files(tmp_path) == {"shown"}


def test_emotions_are_walked_through_in_time() -> None:
    asked: list[str] = []

    class Noted(Direction):
        def set_emotion(self, emotion: str, **more: float | None) -> None:
            asked.append(emotion)
            super().set_emotion(emotion, **more)

    walk = demo_verb.EmotionWalk(Noted(DirectionConfig(), neutral_face()), 2.5)
    for n in range(0, 1100, 5):
        walk(RigFrame(rest_cues(n, neutral_face()), np.zeros(len(ARKIT), np.float32), 0.0))
    assert asked[:3] == ["angry", "contempt", "disgusted"]
    assert asked[8] == "angry"
    assert len(asked) == 9


def test_a_taken_port_does_not_end_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(demo_verb, "PREVIEW", f"preview://127.0.0.1:{port}")
        monkeypatch.setattr(demo_verb, "DEFAULT_SINKS", (f"zmq://127.0.0.1:{port}", demo_verb.PREVIEW))
        with demo_verb._sinks(None) as sinks:
            assert len(sinks) == 1
            demo_verb._announce(sinks, browser=False)
    out = capsys.readouterr().out
    assert "going on without it" in out
    assert "the preview takes a free port instead" in out
    assert "watch the face at http://127.0.0.1:" in out


# devices and doctor


def test_devices_without_portaudio_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise portaudio.DeviceError(
            "no sound card can be used: PortAudio library not found; apt install libportaudio2"
        )

    monkeypatch.setattr(portaudio, "sounddevice", missing)
    assert run("devices") == 1
    assert "libportaudio2" in complaint(capsys)


def test_devices_are_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = {
        "input": [portaudio.Device(3, "Blue Yeti", "ALSA", 2, 48_000, is_default=True)],
        "output": [portaudio.Device(11, "Cable", "ALSA", 8, 44_100, is_default=False)],
    }
    monkeypatch.setattr(portaudio, "devices", found.__getitem__)
    assert run("devices") == 0
    out = capsys.readouterr().out
    assert "*  3       Blue Yeti  ALSA  48000 Hz  2" in out
    assert "   11      Cable  ALSA  44100 Hz  8" in out


def test_doctor_finds_everything_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor") == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    text = "\n".join(lines)
    for name in ("Python 3.", "onnxruntime ", "network live: look-ahead", "network studio:", "p50", "39540"):
        assert name in text


def test_doctor_names_a_library_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert run("doctor") == 1
    said = capsys.readouterr()
    (failed,) = (line for line in said.out.splitlines() if line.startswith("fail"))
    assert "onnxruntime" in failed
    assert said.err == ""


def test_doctor_fails_when_a_network_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(weights.choose("live"), tmp_path / "live.onnx")
    (tmp_path / "mine.onnx").write_bytes(b"no network")
    monkeypatch.setattr(weights, "shipped", lambda: {p.stem: p for p in sorted(tmp_path.glob("*.onnx"))})
    assert run("doctor") == 1
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("fail")]
    assert len(failed) == 2
    assert "studio is missing" in failed[0]
    assert "mine.onnx" in failed[1]
