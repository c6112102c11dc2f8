"""Phones put lips right, and lessons keep what was put in."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bridge import landmarks as face
from models import articulation
from models.data import lessons
from models.data.lessons import Lesson
from models.data.phones import Phone
from models.data.windows import FRAMES, Windows

LOW = [*range(5, 12), *range(55, 60), 65, 66, 67]
PHONES = [
    Phone(0.0, 0.2, "SIL"), Phone(0.2, 0.32, "M"), Phone(0.32, 0.5, "AA"), Phone(0.5, 0.62, "UW"),
    Phone(0.62, 0.8, "AA"), Phone(0.8, 0.9, "F"), Phone(0.9, 1.0, "SIL"),
]  # fmt: skip


def mouth(opening: np.ndarray, narrowing: np.ndarray) -> np.ndarray:
    """(T, 68, 3) displacement with a lip gap of `opening` cm and corners `narrowing` cm closer together."""
    out = np.zeros((len(opening), 68, 3), np.float32)
    out[:, LOW, 1] -= opening[:, None]
    out[:, 48, 0] += narrowing / 2  # the subject's right corner lies at −x
    out[:, 54, 0] -= narrowing / 2
    return out


def filmed(count: int = 12) -> list[tuple[Lesson, list[Phone]]]:
    """A speaker who closes for m, rounds for u, nearly closes for f."""
    times = (np.arange(50) + 0.5) / 50
    found = []
    for number in range(count):
        opening, narrowing = np.full(50, 0.1), np.zeros(50)
        for phone in PHONES:
            inside = (times >= phone.start_s) & (times < phone.end_s)
            opening[inside] = {"M": 0.0, "AA": 1.0, "UW": 0.4, "F": 0.2, "SIL": 0.1}[phone.name]
            narrowing[inside] = 0.8 if phone.name == "UW" else 0.0
        body = mouth(opening, narrowing)
        zeros = np.zeros((50, 384), np.float32)
        lesson = Lesson(
            f"clip{number}", "grid", np.zeros((100, 80), np.float32), zeros, body, np.ones(50, np.float32)
        )
        found.append((lesson, PHONES))
    return found


def gap(displacement: np.ndarray) -> np.ndarray:
    return face.lip_gap(displacement + face.neutral_face())


def test_targets_are_what_was_filmed_and_kin_fill_in() -> None:
    knowledge = articulation.learn(filmed())
    assert knowledge.gap_cm["M"] == pytest.approx(0, abs=1e-3)
    assert knowledge.gap_cm["B"] == knowledge.gap_cm["P"] == knowledge.gap_cm["M"]
    assert knowledge.width_cm["UW"] == pytest.approx(-0.8, abs=1e-2)
    assert knowledge.width_cm["SH"] == knowledge.width_cm["UW"]
    assert "TH" not in knowledge.gap_cm
    with pytest.raises(ValueError, match="alignment"):
        articulation.learn([])


def test_open_lips_close_at_a_bilabial_and_nowhere_else() -> None:
    knowledge = articulation.learn(filmed())
    open_mouth = mouth(np.full(100, 0.9), np.zeros(100))
    phones = [Phone(0.0, 0.9, "AA"), Phone(0.9, 1.0, "P"), Phone(1.0, 2.0, "AA")]
    put_right = gap(articulation.articulated(open_mouth, phones, knowledge))
    before = gap(open_mouth)
    assert put_right[47] < 0.1 * before[47]
    away = np.r_[0:39, 56:100]
    np.testing.assert_allclose(put_right[away], before[away], atol=1e-5)
    assert np.abs(np.diff(put_right)).max() < 0.4  # a movement, not a jump


def test_lips_that_are_closed_enough_stay_as_they_are() -> None:
    knowledge = articulation.learn(filmed())
    shut = mouth(np.full(50, knowledge.gap_cm["M"]), np.full(50, 1.2))
    np.testing.assert_allclose(articulation.articulated(shut, PHONES, knowledge), shut, atol=1e-3)


def test_rounded_phones_narrow_the_mouth() -> None:
    knowledge = articulation.learn(filmed())
    wide = mouth(np.full(50, 0.4), np.zeros(50))
    out = articulation.articulated(wide, PHONES, knowledge)
    change = face.mouth_width(out + face.neutral_face()) - face.mouth_width(wide + face.neutral_face())
    middle = int((0.5 + 0.62) / 2 * 50)
    assert change[middle] < -0.3
    assert change[10] == pytest.approx(0, abs=1e-4)


def test_lessons_come_back_as_they_went(tmp_path: Path) -> None:
    made = [lesson for lesson, _ in filmed(3)]
    made[1].motion = np.ones((50, 10), np.float32)
    assert lessons.save(tmp_path / "grid.npz", made) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["grid.npz"]
    back = lessons.load(tmp_path)
    assert [lesson.name for lesson in back] == ["clip0", "clip1", "clip2"]
    assert back[0].group == "grid"
    assert back[0].motion is None
    assert back[1].motion is not None
    np.testing.assert_allclose(back[2].displacement, made[2].displacement, atol=1e-3)
    assert lessons.load(tmp_path, ["grid"])[0].frames == 50
    with pytest.raises(FileNotFoundError, match=r"models\.training\.teacher"):
        lessons.load(tmp_path, ["talk"])


def test_windows_draw_by_share_and_keep_sound_and_mouth_together() -> None:
    long = []
    for group, value in (("grid", 1.0), ("prompts", 2.0)):
        frames = 400
        mel = np.repeat(np.arange(2 * frames, dtype=np.float32)[:, None], 80, 1)
        body = np.zeros((frames, 68, 3), np.float32)
        body[:, 8, 1] = np.arange(frames)
        share = np.full(frames, value / 2, np.float32)
        long.append(Lesson("x", group, mel, np.full((frames, 384), value, np.float32), body, share))
    windows = Windows(long, delay=4, seed=0, shares={"grid": 0.9, "prompts": 0.1, "absent": 5.0})
    batch = windows.batch(200)
    assert batch.mel.shape == (200, 2 * (FRAMES + 4), 80)
    assert 0.8 < float((batch.states[:, 0, 0] == 1).float().mean()) < 0.97
    # hop 2·n of the sound lies beside frame n of the mouth
    np.testing.assert_allclose(batch.mel[:, 0, 0].numpy(), 2 * batch.displacement[:, 0, 8, 1].numpy())
    assert set(batch.share.unique().tolist()) == {0.5, 1.0}
