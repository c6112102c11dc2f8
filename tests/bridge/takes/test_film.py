from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.takes import TakeError
from bridge.takes.film import SYNTHETIC, Film, read_soundtrack

av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'facecue[studio]'")


def ramp(n: int) -> np.ndarray:
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, : n * 3] = (200, 60, 30)
    return picture


def tone(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    """From 200 Hz up to 2 kHz: it fits itself in one place alone."""
    t = np.arange(int(rate * seconds)) / rate
    wave = 0.5 * np.sin(2 * np.pi * (200 * t + 900 * t * t / seconds))
    return np.repeat(wave[:, None], channels, 1).astype(np.float32)


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2), (44_100, 1)])
def test_pictures_and_sound_come_back_in_step(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "film.mp4"
    sound = tone(rate, 1.0, channels)
    with Film(path, 25, (96, 64), (sound, rate), "Said by a test.", synthetic=True) as film:
        for n in range(25):
            film.add(ramp(n))
        assert not path.exists()
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, float(video.average_rate)) == (96, 64, 25.0)
        assert (audio.rate, audio.channels) == (rate, channels)
        assert container.metadata["comment"].startswith("Synthetic: ")
        assert "Said by a test." in container.metadata["comment"]
        assert container.metadata["digitalSourceType"] == SYNTHETIC
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(shown) == 25
    for n in (3, 12, 24):
        assert np.abs(shown[n].astype(int) - ramp(n)).mean() < 6
    with av.open(str(path)) as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]
        start_s = float(container.streams.audio[0].start_time * container.streams.audio[0].time_base)
    piece = sound[rate // 4 : rate // 2, 0]
    found = int(np.correlate(heard, piece, "valid").argmax())
    assert np.corrcoef(heard[found : found + len(piece)], piece)[0, 1] > 0.98
    assert abs(found / rate + start_s - 0.25) < 0.002  # AAC's own delay is in the file's times


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    film = Film(tmp_path / "film.mp4", 25, (96, 64))
    with pytest.raises(ZeroDivisionError), film:
        film.add(ramp(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_film_without_sound_is_silent_and_says_nothing_of_networks(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with Film(path, 30, (96, 64)) as film:
        film.add(ramp(3))
    with av.open(str(path)) as container:
        assert not container.streams.audio
        assert "digitalSourceType" not in container.metadata


def test_odd_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="95 × 64 cannot be coded"):
        Film(tmp_path / "film.mp4", 25, (95, 64))


def test_a_soundtrack_keeps_rate_and_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(44_100, 0.1, 2), 44_100)
    samples, rate = read_soundtrack(tmp_path / "a.wav")
    assert (samples.shape, rate) == ((4410, 2), 44_100)
    soundfile.write(tmp_path / "b.wav", tone(8000, 0.1, 6), 8000)
    assert read_soundtrack(tmp_path / "b.wav")[0].shape == (800, 1)
    (tmp_path / "c.wav").write_text("no sound")
    with pytest.raises(TakeError, match=r"c\.wav cannot be read as sound"):
        read_soundtrack(tmp_path / "c.wav")
