"""Film strip and GIF: whole, readable, small, and never half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bridge.frames import EMOTIONS, Floats, RigFrame, rest_cues
from bridge.landmarks import GAP_LOWER, neutral_face
from bridge.takes.drawing import draw_face
from bridge.takes.strip import MOOD, animated_gif, film_strip, telling


def take(count: int, open_at: tuple[int, ...] = ()) -> list[RigFrame]:
    frames = []
    for n in range(count):
        landmarks = neutral_face().copy()
        gap = 2.0 if n in open_at else 0.5 + 0.5 * np.sin(n / 3)
        landmarks[[55, 56, 57, 58, 59, *GAP_LOWER]] -= np.float32([0, gap, 0])
        weights: Floats = np.linspace(0, 1, 52, dtype=np.float32)
        frames.append(RigFrame(rest_cues(n, landmarks), weights, 0.1))
    return frames


def tone(seconds: float) -> Floats:
    return np.sin(np.arange(int(16_000 * seconds)) / 5).astype(np.float32)


def test_telling_takes_one_of_each_stretch_and_prefers_what_moves() -> None:
    frames = take(80, open_at=(13, 47))
    chosen = [f.cues.n for f in telling(frames, 4)]
    assert [n // 20 for n in chosen] == [0, 1, 2, 3]
    assert {13, 47} <= set(chosen)
    assert [f.cues.n for f in telling(frames[:3], 8)] == [0, 1, 2]


def test_strip_grows_with_rows_and_sound(tmp_path: Path) -> None:
    frames = take(60)
    sizes = {}
    for name, how in {
        "plain": {},
        "sound": {"audio": tone(1.2)},
        "rows": {"audio": tone(1.2), "rows": 2},
        "narrow": {"columns": 3},
    }.items():
        film_strip(frames, tmp_path / f"{name}.png", **how)  # type: ignore[arg-type]
        with Image.open(tmp_path / f"{name}.png") as strip:
            strip.load()
            sizes[name] = strip.size
            assert strip.getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert sizes["plain"][1] < sizes["sound"][1] < sizes["rows"][1]
    assert sizes["narrow"][0] < sizes["plain"][0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["narrow.png", "plain.png", "rows.png", "sound.png"]


def test_waveform_shows_the_sound(tmp_path: Path) -> None:
    frames = take(50)
    for name, sound in (("loud", tone(1.0)), ("still", np.zeros(16_000, np.float32)), ("short", tone(0.001))):
        film_strip(frames, tmp_path / name, audio=sound)
    with Image.open(tmp_path / "loud") as a, Image.open(tmp_path / "still") as b:
        loud, still = np.asarray(a.convert("RGB")), np.asarray(b.convert("RGB"))
    rows = np.nonzero((loud != still).any((1, 2)))[0]
    assert rows.size > 30
    assert rows.min() > loud.shape[0] - 90  # the faces above are the same


def test_strip_of_a_single_frame(tmp_path: Path) -> None:
    film_strip(take(1), tmp_path / "one.png", audio=tone(0.02))
    with Image.open(tmp_path / "one.png") as strip:
        assert strip.size[0] > 176


@pytest.mark.parametrize(("fps", "pictures", "delay_ms"), [(12.5, 13, 80), (25, 25, 40), (50, 50, 20)])
def test_gif_keeps_time_and_pictures(tmp_path: Path, fps: float, pictures: int, delay_ms: int) -> None:
    frames = take(50)
    animated_gif(frames, tmp_path / "a.gif", fps=fps, size=64)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == pictures  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        assert gif.info["duration"] == delay_ms
        for index in (0, 3, pictures - 1):
            gif.seek(index)
            shown = gif.convert("RGBA")
            drawn = draw_face(frames[min(49, round(index * 50 / fps))].cues, size=64)
            difference = np.abs(np.asarray(shown, int) - np.asarray(drawn, int))[10:54, 10:54, :3]
            assert difference.mean() < 6
            assert shown.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_gif_of_still_frames_still_shows_each(tmp_path: Path) -> None:
    frames = [RigFrame(rest_cues(n, neutral_face()), np.zeros(52, np.float32), 0.0) for n in range(50)]
    animated_gif(frames, tmp_path / "still.gif", size=48)
    with Image.open(tmp_path / "still.gif") as gif:
        total = 0
        for index in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(index)
            total += gif.info["duration"]
    assert total == 13 * 80  # equal pictures may be joined, their time may not be lost


@pytest.mark.slow
def test_eight_seconds_stay_small(tmp_path: Path) -> None:
    animated_gif(take(400), tmp_path / "long.gif")
    assert (tmp_path / "long.gif").stat().st_size < 2_500_000


def test_nothing_to_draw_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    for write in (film_strip, animated_gif):
        with pytest.raises(ValueError, match="at least one frame"):
            write([], tmp_path / "none")
    with pytest.raises(ValueError, match="choose 1 to 50"):
        animated_gif(take(3), tmp_path / "none", fps=0)
    with pytest.raises(ValueError, match="hold no face"):
        film_strip(take(3), tmp_path / "none", columns=0)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_older_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "strip.png"
    path.write_bytes(b"older")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left"):
        film_strip(take(3), path)
    assert path.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == ["strip.png"]


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert tuple(MOOD) == EMOTIONS
    assert len(set(MOOD.values())) == len(EMOTIONS)
