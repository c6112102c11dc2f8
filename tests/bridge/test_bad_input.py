"""Everything that may be wrong with what a person hands in, through the command: one clear line each.

What is merely unusual (8 channels, 96 kHz, silence, clipping) is baked like anything else.
"""

import os
import socket
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge import cli, landmarks, portaudio, weights
from bridge.batch.ledger import NAME as LEDGER

RATE = 16_000
T = np.arange(RATE // 2) / RATE
VOICE = (0.3 * np.sin(2 * np.pi * 140 * T) * (1 + np.sin(2 * np.pi * 4 * T))).astype(np.float32)


def wav(path: Path, samples: np.ndarray = VOICE, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def patched(path: Path, at: int, data: bytes) -> None:
    wav(path)
    whole = bytearray(path.read_bytes())
    whole[at : at + len(data)] = data
    path.write_bytes(whole)


def cut(path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE)
    soundfile.write(path, noise, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def with_nan(path: Path) -> None:
    samples = VOICE.copy()
    samples[100:200] = np.nan
    wav(path, samples, subtype="FLOAT")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.wav": (lambda p: p.touch(), "is empty (0 bytes)"),
    "zero_length.wav": (lambda p: wav(p, VOICE[:0]), "holds no sound"),
    "text.wav": (lambda p: p.write_text("not sound\n" * 400), "is not audio"),
    "picture.flac": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(4000)), "is not audio"),
    "header.wav": (lambda p: wav(p) and p.write_bytes(p.read_bytes()[:30]), "is not audio"),
    "cut_wav.wav": (cut, "is cut short"),
    "cut_flac.flac": (cut, "is cut short"),
    "cut_mp3.mp3": (cut, "is cut short"),  # its decoder would print warnings of its own
    "cut_ogg.ogg": (cut, "is cut short"),
    "rate_0.wav": (lambda p: patched(p, 24, struct.pack("<I", 0)), "is not audio"),
    "channels_0.wav": (lambda p: patched(p, 22, struct.pack("<H", 0)), "is not audio"),
    "nan.wav": (with_nan, "NaN or infinite from 0.006 s on"),
}
"""Name → how it is made, and what is said of it."""
UNUSUAL: dict[str, Callable[[Path], object]] = {
    "channels_8.wav": lambda p: wav(p, np.repeat(VOICE[:, None], 8, 1)),
    "rate_96000.wav": lambda p: wav(p, np.repeat(VOICE, 6), 96_000),
    "silent.wav": lambda p: wav(p, 0 * VOICE),
    "clipped.wav": lambda p: wav(p, np.clip(50 * VOICE, -1, 1)),
    "one_sample.wav": lambda p: wav(p, np.ones(161, np.float32)),
}


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def files(folder: Path) -> set[str]:
    """Takes and what is on its way; not the ledger of what was baked."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {LEDGER}


def complaint(capfd: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    error = capfd.readouterr().err
    assert error.startswith("facecue: ")
    assert error.count("\n") == 1, error
    return error


@pytest.mark.parametrize("processes", [1, 2])
def test_bad_recordings_are_named_and_the_others_bake(
    processes: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    for name, (make, _) in BAD.items():
        make(tmp_path / "in" / name)
    for name, make in UNUSUAL.items():
        make(tmp_path / "in" / name)
    arguments = ("bake", tmp_path / "in", tmp_path / "missing.wav", "-o", tmp_path / "out")
    assert run(*arguments, "--format", "npz,csv", "-j", processes) == 1
    said = capfd.readouterr()
    assert f"{len(UNUSUAL)} baked" in said.out
    assert f"{len(BAD) + 1} failed:" in said.out
    lines = said.err.splitlines()
    assert len(lines) == len(BAD) + 1
    for name, says in [*((name, says) for name, (_, says) in BAD.items()), ("missing.wav", "does not exist")]:
        (line,) = (line for line in lines if name in line)
        assert line.startswith("facecue: ")
        assert says in line
    assert files(tmp_path / "out") == {
        f"{Path(name).stem}.{format_}" for name in UNUSUAL for format_ in ("npz", "csv")
    }
    for name in UNUSUAL:
        take = np.load(tmp_path / "out" / f"{Path(name).stem}.npz", allow_pickle=False)
        for key in take.files:
            assert take[key].dtype.kind == "U" or np.isfinite(take[key]).all(), (name, key)
        assert len(take["time_s"]) == (1 if name == "one_sample.wav" else 25)


@pytest.mark.parametrize("name", sorted({*BAD, "missing.wav"} - {"nan.wav"}))
def test_live_refuses_a_bad_recording(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, says = BAD.get(name, (Path.exists, "does not exist"))
    make(tmp_path / name)
    assert run("live", "--source", f"file://{tmp_path / name}", "--sink", "null://") == 1
    assert says in complaint(capfd)


def test_a_live_face_goes_on_through_nan(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with_nan(tmp_path / "nan.wav")
    assert run("live", "--source", f"file://{tmp_path / 'nan.wav'}", "--sink", "null://") == 0
    assert "100 samples not finite: silenced" in capfd.readouterr().out


def other_contract(whole: bytes) -> bytes:
    old, new = b'"rate_hz": 16000', b'"rate_hz": 48000'
    assert whole.count(old) == 1
    return whole.replace(old, new)


@pytest.mark.parametrize("verb", ["bake", "live"])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda _: b"not a network", "is no whole ONNX model"),
        (lambda _: b"", "is no whole ONNX model"),
        (lambda whole: whole[: len(whole) // 2], "is no whole ONNX model"),
        (other_contract, "has rate_hz 48000; this bridge needs 16000"),
        (
            lambda whole: whole.replace(b"facecue.contract", b"another.contract"),
            "carries no facecue.contract",
        ),
    ],
    ids=["text", "empty", "cut short", "another rate", "no contract"],
)
def test_a_network_that_cannot_be_used(
    verb: str, spoil: Callable[[bytes], bytes], says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "face.onnx"
    model.write_bytes(spoil(weights.choose("live").read_bytes()))
    recording = wav(tmp_path / "a.wav")
    rest = (
        [recording, "-o", tmp_path / "out"]
        if verb == "bake"
        else ["--source", "demo://", "--sink", "null://"]
    )
    assert run(verb, *rest, "--model", model) == 1
    error = complaint(capfd)
    assert "face.onnx" in error
    assert says in error
    assert files(tmp_path) == {"a.wav", "face.onnx"}


@pytest.mark.parametrize(
    ("verb", "option", "uri"),
    [
        ("live", "--source", "tcp://127.0.0.1:{port}"),
        ("live", "--sink", "zmq://127.0.0.1:{port}"),
        ("live", "--sink", "preview://127.0.0.1:{port}"),
        ("demo", "--sink", "preview://127.0.0.1:{port}"),
    ],
)
def test_a_port_that_is_taken(
    verb: str, option: str, uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        others = {"--source": ["--sink", "null://"], "--sink": ["--source", "demo://"]}[option]
        others = ["--fast", "-o", str(tmp_path)] if verb == "demo" else others
        assert run(verb, option, uri.format(port=port), *others) == 1
    error = complaint(capfd)
    assert str(port) in error
    assert "choose another port" in error
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["live", "--sink", "null://"],
        ["live", "--source", "mic://", "--sink", "null://"],
        ["live", "--source", "demo://", "--sink", "null://", "--monitor", "default"],
    ],
)
def test_no_device(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(portaudio, "devices", lambda _: [])
    assert run(*arguments) == 1
    kind = "output" if "--monitor" in arguments else "input"
    assert f"there is no {kind} device; plug one in" in complaint(capfd)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["devices"], 1),
        (["live", "--sink", "null://"], 1),
        (["live", "--source", "demo://", "--sink", "null://", "--monitor", "default"], 1),
        (["live", "--source", "demo://", "--sink", "null://", "--duration", "0.2"], 0),
    ],
)
def test_no_portaudio(arguments: list[str], code: int) -> None:
    """On a system whose loader finds no PortAudio; whoever asks for no sound card does not notice."""
    program = f"""
        import ctypes.util, sys
        find = ctypes.util.find_library
        ctypes.util.find_library = lambda name: None if "portaudio" in name else find(name)
        sys.modules["_sounddevice_data"] = None  # the copy in the wheels of Windows and macOS
        from bridge import cli
        sys.exit(cli.run({arguments!r}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    if code:
        assert done.stderr.startswith("facecue: no sound card can be used: ")
        assert done.stderr.count("\n") == 1
    else:
        assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is POSIX's")
@pytest.mark.parametrize("processes", [1, 2])
def test_a_disk_that_fills_up_while_baking(processes: int, tmp_path: Path) -> None:
    """The system itself refuses to write more than 100 kB into a file, as it does on a full disk."""
    (tmp_path / "in").mkdir()
    for name, seconds in (("a", 1), ("long", 20), ("z", 1)):
        wav(tmp_path / "in" / f"{name}.wav", np.resize(VOICE, seconds * RATE))
    program = f"""
        import resource, sys
        from bridge import cli
        if __name__ == "__main__":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            sys.exit(cli.run(["bake", "in", "-o", "out", "--format", "npz,csv", "-j", "{processes}"]))
    """
    (tmp_path / "start.py").write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, "start.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("facecue: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"{Path('in', 'long.wav')}: File too large" in done.stderr
    assert "2 baked" in done.stdout
    assert "1 failed" in done.stdout
    assert files(tmp_path / "out") == {"a.npz", "a.csv", "z.npz", "z.csv"}


def test_the_face_of_silence_is_at_rest(tmp_path: Path) -> None:
    wav(tmp_path / "silent.wav", np.zeros(3 * RATE, np.float32))
    assert run("bake", tmp_path / "silent.wav", "-o", tmp_path / "out") == 0
    take = np.load(tmp_path / "out" / "silent.npz", allow_pickle=False)
    assert landmarks.lip_gap(take["landmarks"][50:]).max() < 1e-3
