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
from models.data import lessons  # noqa: E402
from models.evaluation import __main__ as evaluation  # noqa: E402
from models.training import cues, emotion, expression, performance, style, teacher  # noqa: E402
from models.voice import Voice, VoiceConfig  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def command(monkeypatch: pytest.MonkeyPatch, room: object, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["x", *map(str, arguments)])
    return room.main()  # type: ignore[attr-defined]


def live(data_folder: Path, whisper: Path, out: Path, *more: object) -> tuple[object, ...]:
    """The command line of a small network."""
    shape = ("--width", 24, "--batch", 6, "--every", 2, "--lookahead-ms", 40)
    where = ("--data", data_folder, "--lessons", out / "lessons", "--whisper", whisper, "-o", out / "live")
    return (*where, *shape, *more)


@pytest.fixture(scope="module")
def trained(
    data_folder: Path,
    whisper_folder: tuple[Path, dict[str, np.ndarray]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    out = tmp_path_factory.mktemp("runs")
    whisper = whisper_folder[0]
    with pytest.MonkeyPatch.context() as patch:
        common = ("--data", data_folder, "--whisper", whisper)
        command(patch, teacher, *common, "-o", out / "lessons", "--epochs", 1)
        command(patch, cues, *live(data_folder, whisper, out, "--steps", 2))
        command(patch, emotion, *common, "-o", out / "emotion", "--steps", 2, "--batch", 8)
        command(patch, expression, "--data", data_folder, "-o", out / "expression.pt", "--steps", 2)
        small = ("--steps", 2, "--batch", 4)
        mouth = ("--cues", out / "live" / "cues.pt")
        command(patch, performance, "--data", data_folder, *mouth, "-o", out / "performance.pt", *small)
        where = (*mouth, "-o", out / "style.pt")
        command(patch, style, "--data", data_folder, *where)
    state = Voice(VoiceConfig(width=16, dilations=(1, 2))).state_dict()
    saved = {
        "voice": state,
        "config": {"width": 16, "dilations": (1, 2), "dropout": 0.1},
        "lookahead_hops": 4,
    }
    torch.save(saved, out / "voice.pt")
    return out


def parts(out: Path) -> list[Path]:
    names = ("live/cues.pt", "emotion/emotion.pt", "expression.pt", "voice.pt", "performance.pt", "style.pt")
    return [out / name for name in names]


def test_lessons_hold_every_voice_with_a_mouth(trained: Path) -> None:
    groups = {lesson.group for lesson in lessons.load(trained / "lessons")}
    assert groups == {"grid", "talk", "ravdess"}
    for lesson in lessons.load(trained / "lessons"):
        assert lesson.states.shape == (lesson.frames, 384)
        assert lesson.displacement.shape == (lesson.frames, 68, 3)
        assert len(lesson.mel) == 2 * lesson.frames
        assert (lesson.motion is None) == (lesson.group == "ravdess")
        assert 0 < lesson.share.max() <= (0.6 if lesson.group == "ravdess" else 1.0) + 1e-3
    names = {lesson.name for lesson in lessons.load(trained / "lessons", ["ravdess"])}
    assert all(name.startswith("actor_01__") for name in names)  # 24 is held out


def test_cues_resume_where_they_stopped(
    trained: Path,
    data_folder: Path,
    whisper_folder: tuple[Path, dict[str, np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command(monkeypatch, cues, *live(data_folder, whisper_folder[0], trained, "--steps", 4))
    said = capsys.readouterr().out
    assert "resumed at step 2" in said
    assert "step 4/4" in said
    assert torch.load(trained / "live" / "cues.pt", weights_only=True)["step"] == 4


def test_another_look_ahead_starts_from_a_trained_one(
    trained: Path, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (
        "--data",
        data_folder,
        "--lessons",
        trained / "lessons",
        "-o",
        tmp_path,
        "--width",
        24,
        "--batch",
        4,
    )
    source = trained / "live" / "cues.pt"
    command(
        monkeypatch, cues, *arguments, "--warm", source, "--lookahead-ms", 120, "--steps", 1, "--rate", 1e-9
    )
    before, after = (torch.load(p, weights_only=True) for p in (source, tmp_path / "cues.pt"))
    assert after["lookahead_hops"] == 12
    assert after["config"]["encoder"]["ahead"] == (3, 2)
    name = "encoder.layers.0.feed_in.weight"
    torch.testing.assert_close(after["content"][name], before["content"][name], atol=1e-6, rtol=0)
    bias = "encoder.layers.0.attention.bias"
    assert after["content"][bias].shape[1] == before["content"][bias].shape[1] + 2


def test_export_makes_a_network_that_the_bridge_runs(
    trained: Path,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mouth, ears, face, gate, eyes, manner = parts(trained)
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
        "--performance",
        eyes,
        "--style",
        manner,
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
    mouth, ears, face, gate, eyes, manner = parts(trained)
    saved = torch.load(gate, weights_only=True) | {"lookahead_hops": 60}
    other = tmp_path / "voice.pt"
    torch.save(saved, other)
    with pytest.raises(ValueError, match=r"40 ms ahead.*600 ms"):
        assemble(mouth, ears, face, other, eyes, manner)
    with pytest.raises(FileNotFoundError, match=r"models\.training\.emotion first"):
        assemble(mouth, tmp_path / "no.pt", face, gate, eyes, manner)
    arguments = ("--cues", mouth, "--emotion", ears, "--expression", face, "--voice", other)
    arguments += ("--performance", eyes, "--style", manner, "--name", "x")
    assert command(monkeypatch, export_command, *arguments, "-o", tmp_path / "x.onnx") == 1
    assert "train both for one" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists()


def test_a_corpus_that_was_tracked_is_enough_to_learn_from(
    acted_folder: Path,
    whisper_folder: tuple[Path, dict[str, np.ndarray]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whisper = whisper_folder[0]
    common = ("--data", acted_folder, "--whisper", whisper)
    command(monkeypatch, teacher, *common, "-o", tmp_path / "lessons", "--epochs", 1)
    learned = {lesson.name for lesson in lessons.load(tmp_path / "lessons", ["acted"])}
    judged = {lesson.name for lesson in lessons.load(tmp_path / "lessons" / "val")}
    assert judged == {"M003_front_neutral_level1_005", "M003_front_angry_level3_005"}
    assert {name.partition("×")[0] for name in learned}.isdisjoint(judged)
    assert len(learned) == 8 * 3
    command(monkeypatch, cues, *live(acted_folder, whisper, tmp_path, "--steps", 2))
    assert (tmp_path / "live" / "cues.pt").exists()
    command(monkeypatch, expression, "--data", acted_folder, "-o", tmp_path / "expression.pt", "--steps", 2)
    assert (tmp_path / "expression.pt").exists()


def test_the_ablation_tells_what_each_part_is_worth(
    trained: Path,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, other = tmp_path / "whole", tmp_path / "other"
    whole.mkdir()
    other.mkdir()
    for path in parts(trained):
        (whole / path.name).write_bytes(path.read_bytes())
    without = ("--data", data_folder, "--without", "module", "-o", other / "expression.pt")
    command(monkeypatch, expression, *without)
    arguments = (
        "ablation",
        "--data",
        data_folder,
        "--variant",
        f"full={whole}",
        "--variant",
        f"none={other}",
    )
    assert command(monkeypatch, evaluation, *arguments) == 0
    said = capsys.readouterr().out
    figures = {line[:28].strip(): line.split()[-7:] for line in said.splitlines() if line[:1] in "fn"}
    assert float(figures["none"][0]) == pytest.approx(
        1 / 8
    )  # a face that shows nothing is one emotion, always
    assert figures["none"][3] == figures["full"][3]  # the voice is the same
    saved = torch.load(whole / "performance.pt", weights_only=True)
    del saved["loop.step.lively"]
    torch.save(saved, other / "performance.pt")
    assert command(monkeypatch, evaluation, *arguments) == 1
    assert "other version of the recipe" in capsys.readouterr().err.replace("another", "other")
    with pytest.raises(SystemExit):
        command(monkeypatch, evaluation, "ablation", "--data", data_folder, "--variant", "nameless")
    assert "write NAME=FOLDER" in capsys.readouterr().err
