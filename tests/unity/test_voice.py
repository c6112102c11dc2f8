"""The networks inside the engine: Facecue.Voice under mono, with the graphs that Unity would run in onnxruntime."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from bridge.assembly import assemble  # noqa: E402
from bridge.config import LiveConfig  # noqa: E402
from bridge.controls import DirectionConfig  # noqa: E402
from bridge.frames import RATE_HZ, AudioBlock, Floats, RigFrame  # noqa: E402
from bridge.predictor import Predictor  # noqa: E402
from bridge.resample import Sinc  # noqa: E402
from bridge.sources.demo import load_clip  # noqa: E402
from bridge.weights import choose  # noqa: E402
from export.engine import session, write_engine  # noqa: E402
from export.unpacking import unpack  # noqa: E402

pytestmark = pytest.mark.mono
SHAPES = {"arkit": 52, "gaze": 4, "head_rotation": 4, "head_translation": 3, "emotion": 8, "landmarks": 204}


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engine")
    write_engine(choose("live"), folder)
    return folder


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network with its 8 bits unpacked: what the graphs were made of."""
    path = tmp_path_factory.mktemp("plain") / "live.onnx"
    model = onnx.load(str(choose("live")))
    unpack(model)
    onnx.save(model, str(path))
    return path


def voice(mono: Any) -> Path:
    library: Path = mono.library("Facecue.Voice", [mono.package / "Runtime" / "Voice"], [mono.wire()])
    return library


def test_nunit(mono: Any, nunit_framework: str, networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACECUE_NETWORKS", str(networks))
    tests = mono.library(
        "Facecue.Voice.Tests",
        [mono.package / "Tests" / "Runtime" / "Voice"],
        [voice(mono), mono.wire(), nunit_framework],
    )
    found = mono.nunit(tests)
    failed = "\n\n".join(f"{name}: {said}" for name, said in found.items() if said)
    assert not failed, failed
    assert len(found) > 30


def test_the_golden_numbers_are_those_of_today(mono: Any) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("golden_writer", mono.golden / "write.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    for name, data in writer.golden_voice().items():
        kind = "<i2" if name == "voice_sound.bin" else "<f4"
        stored = np.frombuffer((mono.golden / name).read_bytes(), kind)
        np.testing.assert_allclose(np.frombuffer(data, kind), stored, atol=1e-5, err_msg=name)


class Replay:
    """Chance that was drawn elsewhere, in the predictor's own order."""

    def __init__(self, drawn: list[Floats]) -> None:
        self._left = list(drawn)

    def standard_normal(self, shape: tuple[int, ...], _: Any) -> Floats:
        frames = [self._left.pop(0) for _ in range(shape[1])] if self._left else [np.zeros((1, 1, 10))]
        noise: Floats = np.concatenate(frames, axis=1).astype(np.float32)
        return noise


def in_the_engine(
    mono: Any, networks: Path, sound: Floats, rate: int, block: int, emotion: int
) -> tuple[dict[str, Floats], list[Floats]]:
    """What C# makes of a sound, by the names of `SHAPES`, and the chance that it drew."""
    program = mono.program("Pipe", [Path(__file__).parent / "voice"], [voice(mono), mono.wire()])
    given, out = mono.folder / "sound.bin", mono.folder / "frames.bin"
    given.write_bytes(sound.astype("<f4").tobytes())
    graphs = [session((networks / f"live{part}.onnx").read_bytes()) for part in ("", "_feeling")]
    command = [
        "mono",
        str(program),
        str(networks),
        "live",
        str(given),
        str(rate),
        str(block),
        str(emotion),
        str(out),
    ]
    drawn: list[Floats] = []
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    try:
        while (which := process.stdout.read(1)) not in (b"", b"\xff"):
            feed = {}
            for port in graphs[which[0]].get_inputs():
                count = int(np.prod(port.shape))
                feed[port.name] = np.frombuffer(process.stdout.read(4 * count), "<f4").reshape(port.shape)
            if which[0] == 0:
                drawn.append(feed["noise"])
            for value in graphs[which[0]].run(None, feed):
                process.stdin.write(value.astype("<f4").tobytes())
            process.stdin.flush()
        assert which == b"\xff", "the program ended too soon"
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
    frames = np.frombuffer(out.read_bytes(), "<f4").reshape(-1, sum(SHAPES.values()))
    ends = np.cumsum(list(SHAPES.values()))[:-1]
    return dict(zip(SHAPES, np.split(frames, ends, axis=1), strict=True)), drawn


def in_the_bridge(
    plain: Path, sound: Floats, emotion: str, drawn: list[Floats], seed: int = 3
) -> list[RigFrame]:
    """What the bridge makes of it, with the same chance and without blinks."""
    direction = DirectionConfig(emotion=emotion, blink=False, seed=seed)
    predictor = Predictor.load(plain)
    pipeline = assemble(LiveConfig(direction=direction), predictor=predictor).pipeline
    predictor._seed, predictor._chance = seed, Replay(drawn)  # type: ignore[assignment]
    return pipeline.feed(AudioBlock(sound, 0.0, 0.0))


@pytest.mark.parametrize(("emotion", "number"), [("auto", -1), ("happy", 4)])
def test_a_voice_gives_the_same_face_in_the_engine(
    mono: Any, networks: Path, plain: Path, emotion: str, number: int
) -> None:
    sound = np.concatenate([load_clip("bbbm2p"), 0.001 * load_clip("lwie6p"), load_clip("pbap1a")])
    made, drawn = in_the_engine(mono, networks, sound, RATE_HZ, 441, number)
    wanted = in_the_bridge(plain, sound, emotion, drawn)
    assert len(made["arkit"]) == len(wanted) > 400
    theirs = {
        name: np.stack([f.weights if name == "arkit" else getattr(f.cues, name).ravel() for f in wanted])
        for name in SHAPES
    }
    apart = {name: float(np.abs(made[name] - theirs[name]).max()) for name in SHAPES}
    assert max(apart.values()) < 1e-3, apart
    assert np.abs(np.diff(made["arkit"], axis=0)).max() > 0.05, "nothing moves"


def test_an_engine_at_48_khz_says_what_the_bridge_says(mono: Any, networks: Path, plain: Path) -> None:
    sound = load_clip("bwbh1a")
    up = Sinc(RATE_HZ, 48000)
    fine = np.concatenate([up(sound), up.flush()])
    made, drawn = in_the_engine(mono, networks, fine, 48000, 1024, -1)
    back = Sinc(48000)
    wanted = in_the_bridge(plain, back(fine), "auto", drawn)
    theirs = np.stack([f.weights for f in wanted])
    assert len(theirs) == len(made["arkit"])
    assert np.abs(made["arkit"] - theirs).max() < 1e-3


def test_a_game_moves_a_face_by_itself(mono: Any, networks: Path) -> None:
    runtime, stub = mono.package / "Runtime", Path(__file__).parent / "stub"
    engine = mono.library("UnityEngine", [stub / "Engine"])
    inference = mono.library("Unity.InferenceEngine", [stub / "UnityInference.cs"], [engine])
    wire, mapping = mono.wire(), mono.library("Facecue.Mapping", [runtime / "Mapping"], [mono.wire()])
    receiver = mono.library("Facecue", [runtime / "Unity"], [engine, wire, mapping])
    below = [engine, inference, wire, voice(mono), receiver]
    component = mono.library("Facecue.Inference", [runtime / "Inference"], below)
    game = mono.program("Game", [Path(__file__).parent / "game"], [*below, component])
    assert mono.run(game, str(networks)).strip() == "held"
