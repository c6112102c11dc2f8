"""The commands of `python -m models.evaluation` on mouths that are right or wrong by construction."""

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge import landmarks as face
from bridge.frames import RATE_HZ, frame_count
from bridge.weights import shipped
from models.data.phones import Phone, write_phones
from models.data.tracks import cue_times
from models.evaluation import __main__ as evaluation
from models.evaluation import clips, languages, lips, noise, plots, robust, tables, utterances
from models.evaluation.systems import named_path
from models.training.espeak import Espeak

LIVE = shipped()["live"]


def mouth_of(gap: np.ndarray) -> np.ndarray:
    """A face (T, 68, 3) with a lip gap (T,) in cm above the neutral one."""
    out = np.repeat(face.neutral_face()[None], len(gap), 0).astype(np.float32)
    out[:, [*range(55, 60), 65, 66, 67], 1] -= gap[:, None].astype(np.float32)
    return out


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["evaluation", *map(str, arguments)])
    return evaluation.main()


def test_lips_command_writes_tables_json_and_plots(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, drawn = tmp_path / "lips.json", tmp_path / "plots"
    options = ("--network", f"mine={LIVE}", "--previous", f"old={LIVE}", "--json", out, "--plots", drawn)
    assert run(monkeypatch, "lips", "--data", data_folder, *options) == 0
    said = capsys.readouterr().out
    assert "gap under the 5 % quantile + 0.12" in said
    group = json.loads(out.read_text("utf-8"))["lips"][clips.SPEAKER_1]
    assert list(group) == ["static", "amplitude", "mine alone", "mine", "old (previous)"]
    assert group["mine"]["clips"] == group["old (previous)"]["clips"]
    assert set(group["mine"]["clips"]) == {"bbaf0n", "bbaf1n"}
    assert group["static"]["mean"]["mouth_ratio"] == pytest.approx(1, abs=1e-3)
    assert group["amplitude"]["mean"]["gap_r"] > 0.8
    assert "0.20 of range" in group["mine"]["clips"]["bbaf0n"]["closure_f1_at"]
    picture = drawn / "grid-speaker-1-validation.png"
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert picture.stat().st_size > 20_000


def test_unusable_arguments_are_said_in_a_line(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "lips", "--data", tmp_path) == 1
    assert "has no clips in grid_s1/val or dev_speakers" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(monkeypatch, "lips", "--data", data_folder, "--network", "x=/nowhere.onnx")
    assert "/nowhere.onnx is no file; write NAME=path.onnx" in capsys.readouterr().err
    for text, match in (("x=/nowhere.onnx", "is no file"), (f"={LIVE}", "has no name")):
        with pytest.raises(ArgumentTypeError, match=match):
            named_path(text)
    assert named_path(str(LIVE)) == ("live", LIVE)
    assert named_path(f"old={LIVE}") == ("old", LIVE)


def test_missing_matplotlib_is_said_before_the_work(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(plots.PlotError, match=r"pip install 'facecue\[train\]'"):
        plots.pyplot()
    assert run(monkeypatch, "lips", "--data", data_folder, "--plots", "x", "--network", LIVE) == 1
    said = capsys.readouterr()
    assert "error: --plots needs matplotlib" in said.err
    assert "amplitude" not in said.out


def test_sheets_show_best_median_and_worst() -> None:
    assert plots.chosen([0.2, 0.9, 0.5]) == {"best": 1, "median": 2, "worst": 0}
    assert plots.chosen([0.4]) == {"best": 0}
    assert plots.file_name("people elsewhere") == "people-elsewhere.png"


def test_json_has_no_nan() -> None:
    assert tables.plain({"a": [np.float32(1), float("nan")], "b": (float("inf"), "x")}) == {
        "a": [1.0, None],
        "b": [None, "x"],
    }


def test_clips_are_spread_evenly() -> None:
    paths = [Path(str(i)) for i in range(60)]
    assert [int(p.name) for p in clips.some(paths, 20)] == list(range(0, 60, 3))
    assert clips.some(paths[:3], 20) == paths[:3]


def test_robust_tells_a_deaf_mouth_from_a_steady_one(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = clips.groups(data_folder)
    tests = {
        "clean": lambda samples: samples,
        "silence": np.zeros_like,
        "quiet": lambda samples: samples / 30,
    }
    report = robust.robust_table({"amplitude": lips.amplitude_mouth}, groups, tests)
    said = capsys.readouterr().out
    assert "worst against" in said
    found = report["amplitude"]
    assert isinstance(found, dict)
    mean = {name: found[name]["groups"][clips.SPEAKER_1]["mean"] for name in tests}
    assert mean["clean"]["movement"] == 1
    assert mean["quiet"]["gap_r"] == pytest.approx(mean["clean"]["gap_r"], abs=0.01)
    assert mean["silence"]["gap_r"] == mean["silence"]["movement"] == 0
    assert found["silence"]["worst_against_clean"][0] == 0
    assert found["quiet"]["worst_against_clean"][0] > 0.9


def test_robust_command_runs_end_to_end(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "Klingon"
    folder.mkdir()
    soundfile.write(folder / "a.flac", np.random.default_rng(0).normal(0, 0.05, RATE_HZ), RATE_HZ)
    write_phones(folder / "a.phones", [Phone(0.1, 0.3, "M"), Phone(0.3, 0.9, "AA")])
    out = tmp_path / "robust.json"
    options = ("--network", f"mine={LIVE}", "--phones", folder, "--json", out)
    assert run(monkeypatch, "robust", "--data", data_folder, *options) == 0
    assert "whisper" in capsys.readouterr().out
    report = json.loads(out.read_text("utf-8"))["robust"]
    assert list(report["languages"]["mine"]) == ["Klingon"]
    assert report["movement"]["amplitude"]["GRID speaker 1"]["ratio"] > 3
    assert report["conditions"]["mine"]["clean"]["worst_against_clean"][0] == 1


def test_phone_times_judge_closures_and_vowels() -> None:
    times = cue_times(2 * RATE_HZ)
    phones = [
        Phone(0.2, 0.3, "M"), Phone(0.3, 0.7, "AA"), Phone(0.7, 0.8, "B"), Phone(0.8, 1.2, "IY"),
        Phone(1.2, 1.3, "T"), Phone(1.3, 1.7, "AE"),
    ]  # fmt: skip
    right = languages.target_openness(phones, times)
    found = languages.figures(right, phones, times)
    assert found.recall == found.precision == 1
    assert found.openness_r == pytest.approx(1)
    one = right.copy()
    one[(times > 0.65) & (times < 0.85)] = 0.6  # B is forgotten
    assert languages.figures(one, phones, times).recall == pytest.approx(0.5)
    wrong = right.copy()
    wrong[(times >= 0.95) & (times < 1.05)] = 0  # closed in the middle of a vowel
    assert languages.figures(wrong, phones, times).precision < 1
    assert languages.figures(1 - right, phones, times).openness_r == pytest.approx(-1)


@pytest.mark.skipif(bool(Espeak().missing()), reason="espeak-ng is not installed")
def test_espeak_says_every_sentence_with_its_phones() -> None:
    for language, found in utterances.languages().items():
        assert len(found) == 2 * len(utterances.SENTENCES[language])
        for utterance in found:
            names = [p.name for p in utterance.phones]
            assert names[0] == names[-1] == "SIL"
            assert len(names) > 12
            assert utterance.phones[-1].end_s == pytest.approx(utterance.samples.size / RATE_HZ, abs=1e-3)
        assert sum(p.name in languages.BILABIALS for u in found for p in u.phones) > 20


def test_folders_of_phones_are_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no NAME\.flac with NAME\.phones"):
        utterances.read_utterances(tmp_path)
    soundfile.write(tmp_path / "a.flac", np.zeros(RATE_HZ), RATE_HZ)
    write_phones(tmp_path / "a.phones", [Phone(0.0, 0.4, "P")])
    (found,) = utterances.read_utterances(tmp_path)
    assert found.phones == [Phone(0.0, 0.4, "P")]


def test_movement_is_told_apart_in_speech_and_silence() -> None:
    samples = np.zeros(3 * RATE_HZ, np.float32)
    samples[RATE_HZ : 2 * RATE_HZ] = np.random.default_rng(0).normal(0, 0.1, RATE_HZ)

    def chatters(sound: np.ndarray) -> np.ndarray:
        times = cue_times(sound.size)
        return mouth_of(np.where((times > 1.1) & (times < 1.9), 0.5 * (np.arange(times.size) % 2), 0))

    talking, silent = languages.movement(chatters, [samples])
    assert silent == 0
    assert talking == pytest.approx(
        0.5 * 8 / 20 * 40 / 52, rel=0.15
    )  # 8 of 20 points go 5 mm in 40 of about 52 frames


def test_noise_is_measured_as_a_share_of_speech(capsys: pytest.CaptureFixture[str]) -> None:
    speech = noise.demo_speech()

    def listens(to: Callable[[np.ndarray], bool]) -> lips.System:
        def mouth(samples: np.ndarray) -> np.ndarray:
            open_ = 0.4 * (np.arange(frame_count(samples.size)) % 2)
            return mouth_of(open_ if to(samples) else 0.01 * open_)

        return mouth

    gated = listens(lambda s: s.size == speech.size)
    report = noise.noise_table({"gated": gated, "open": listens(lambda s: s.size > 0)}, seeds=2, seconds=2)
    said = capsys.readouterr().out
    assert "0 of 8" in said
    assert "8 of 8" in said
    found = report["gated, learned formulas"]
    assert isinstance(found, dict)
    assert found["breath"] == pytest.approx([0.01, 0.01], rel=1e-3)
    with pytest.raises(ValueError, match="speech does not move this mouth"):
        noise.shares(lips.static_mouth, "other", 1, 1)
