"""Whichever GRID speakers were tracked, the recipes read them all."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from models.data import corpus, scenes, showings
from models.data.performances import performances
from models.data.tracks import grid_folders
from models.training import cues, style

pytestmark = pytest.mark.torch


@pytest.fixture
def two(data_folder: Path, tmp_path: Path) -> Path:
    """Speakers 1 and 22, a clip each to train on, and one that was not tracked."""
    for speaker, clip in (("grid_s1", "bbaf0n"), ("grid_s22", "bbaf1n")):
        folder = tmp_path / speaker / "train"
        folder.mkdir(parents=True)
        for path in (data_folder / "grid_s1" / "train").glob(f"{clip}.*"):
            shutil.copy(path, folder)
    (tmp_path / "grid_s3").mkdir()
    return tmp_path


def test_every_speaker_is_read(two: Path) -> None:
    folders = grid_folders(two)
    assert [folder.parent.name for folder in folders] == ["grid_s1", "grid_s22"]
    assert grid_folders(two, "val") == []
    assert [acting.name for acting in performances(two)] == ["bbaf0n", "bbaf1n"]
    assert {clip.name for clip in corpus.plain(two)} == {"bbaf0n", "bbaf1n"}
    assert len(list(showings.moving(two, [np.zeros((2, 204), np.float32)]))) == 2
    assert [len(part) for part in style.pairs_of_style(two)["reader"]] == [2, 2]
    assert len(cues.some_recordings(two, np.random.default_rng(0))) == 2


def test_scenes_take_each_speaker_in_turn(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "silero", lambda _samples, frames, _before: np.ones(frames, np.float32))
    learn, judge = scenes.labelled(two, 2, 1.0, np.random.default_rng(0))
    assert {clip.name for clip in learn} == {"bbaf0n", "bbaf1n"}
    assert judge == []
