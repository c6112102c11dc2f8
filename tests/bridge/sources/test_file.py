import struct
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.frames import RATE_HZ
from bridge.sources import SourceError, open_source


def tone(rate: int, channels: int = 1, length_s: float = 1.0, click_s: float = 0.5) -> np.ndarray:
    t = np.arange(round(rate * length_s)) / rate - click_s
    return np.repeat(0.9 * np.exp(-0.5 * (t / 0.0004) ** 2)[:, None], channels, 1)


def heard(path: Path | str) -> np.ndarray:
    blocks = list(open_source(f"file://{path}", realtime=False))
    end = 0
    for block in blocks:
        assert block.samples.dtype == np.float32
        assert block.time_s == end / RATE_HZ
        end += block.samples.size
    return np.concatenate([b.samples for b in blocks])


def refusal(path: Path | str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(f"file://{path}", realtime=False)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_U8", 8000, 1),
        ("a.wav", "PCM_16", 44100, 2),
        ("a.wav", "PCM_24", 48000, 1),
        ("a.wav", "PCM_32", 22050, 1),
        ("a.wav", "FLOAT", 96000, 8),
        ("a.wav", "DOUBLE", 16000, 1),
        ("a.flac", "PCM_16", 44100, 2),
        ("a.flac", "PCM_24", 192000, 1),
        ("a.ogg", "VORBIS", 44100, 2),
        ("a.aiff", "PCM_16", 11025, 1),
    ],
)
def test_formats_rates_and_channels(
    tmp_path: Path, name: str, subtype: str, rate: int, channels: int
) -> None:
    audio = tone(rate, channels)
    soundfile.write(tmp_path / name, audio, rate, subtype=subtype)
    out = heard(tmp_path / name)
    assert abs(out.size - RATE_HZ) <= 1
    near = np.flatnonzero(out > 0.2)
    centre = (near * out[near]).sum() / out[near].sum() / RATE_HZ
    assert abs(centre - 0.5) < 0.0002
    assert out.max() == pytest.approx(0.9, abs=0.05)


def test_mp3(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", tone(44100, length_s=2.0), 44100)
    assert heard(tmp_path / "a.mp3").size == pytest.approx(2 * RATE_HZ, abs=0.1 * RATE_HZ)


def test_a_long_file_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((8000 * 60, 1)), 8000)
    sizes = [b.samples.size for b in open_source(f"file://{path}", realtime=False)]
    assert sum(sizes) == 60 * RATE_HZ
    assert max(sizes) <= RATE_HZ


def test_names_with_spaces_percent_signs_and_their_uri_spelling(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "my 100% take.wav", tone(16000), 16000)
    assert heard(tmp_path / "my 100% take.wav").size == RATE_HZ
    assert heard(str(tmp_path) + "/my%20100%25%20take.wav").size == RATE_HZ


def test_a_file_can_be_played_twice(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(44100), 44100)
    source = open_source(f"file://{tmp_path / 'a.wav'}", realtime=False)
    first, second = (np.concatenate([b.samples for b in source]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert source.status().state == "ended"


def test_not_there_a_folder_empty_and_not_audio(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is not sound at all, however it is called\n" * 50)
    (tmp_path / "zeros.wav").write_bytes(bytes(5000))
    assert "does not exist; looked in" in refusal(tmp_path / "gone.wav")
    assert "is a folder" in refusal(tmp_path)
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.wav")
    assert "is not audio that can be read" in refusal(tmp_path / "text.wav")
    assert "is not audio that can be read" in refusal(tmp_path / "zeros.wav")
    assert "names no file" in refusal("")
    assert "does not exist" in refusal("a\0b")


def test_zero_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), 16000)
    assert "holds no sound" in refusal(tmp_path / "none.wav")


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 2_000_000_000])
def test_an_absurd_sample_rate(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16000), 16000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[24:28] = struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(data)
    says = refusal(tmp_path / "a.wav")
    assert "sample rate" in says or "not audio" in says


def test_too_many_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((100, 65)), 16000)
    assert "has 65 channels; 1..64" in refusal(tmp_path / "a.wav")


def test_truncated_wav_names_both_counts(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16000), 16000, subtype="PCM_16")
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: 44 + 2 * 10_000])
    assert "promises 16000 samples, 10000 can be read" in refusal(tmp_path / "a.wav")


def test_truncated_wav_with_a_chunk_of_odd_length_before_the_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16000), 16000, subtype="PCM_16")
    data = (tmp_path / "a.wav").read_bytes()
    odd = data[:36] + b"note" + struct.pack("<I", 5) + b"hello\0" + data[36:]
    odd = odd[:4] + struct.pack("<I", len(odd) - 8) + odd[8:]
    (tmp_path / "a.wav").write_bytes(odd)
    assert heard(tmp_path / "a.wav").size == RATE_HZ
    (tmp_path / "a.wav").write_bytes(odd[:-2000])
    assert "promises 16000 samples, 15000 can be read" in refusal(tmp_path / "a.wav")


def test_a_wav_written_into_a_pipe_has_no_length_and_is_played(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(16000), 16000, subtype="PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(data)
    assert heard(tmp_path / "a.wav").size == RATE_HZ


def test_truncated_flac_names_both_counts(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 48000)
    soundfile.write(tmp_path / "a.flac", noise, 16000)
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    says = refusal(tmp_path / "a.flac")
    assert "promises 48000 samples" in says
    found = int(says.split("samples, ")[1].split()[0])
    assert 19_500 < found < 20_500  # 20,480 are whole


def test_truncated_mp3_names_both_counts(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 48000)
    soundfile.write(tmp_path / "a.mp3", noise, 16000)
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(data[: len(data) // 2])
    assert "promises 48000 samples, 2" in refusal(tmp_path / "a.mp3")


def damaged(path: Path) -> Path:
    audio = np.full((16000, 2), 0.25, np.float32)
    audio[4000:4010, 1] = np.nan
    audio[8000, 0] = np.inf
    soundfile.write(path, audio, 16000, subtype="FLOAT")
    return path


def test_truncated_ogg(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * 16000)
    soundfile.write(tmp_path / "a.ogg", noise, 16000)
    data = (tmp_path / "a.ogg").read_bytes()
    assert heard(tmp_path / "a.ogg").size == 5 * RATE_HZ
    (tmp_path / "a.ogg").write_bytes(data + b"TAG" + bytes(125))  # some programs add what is no page
    assert heard(tmp_path / "a.ogg").size == 5 * RATE_HZ
    for end in (len(data) // 2, len(data) - 1):
        (tmp_path / "a.ogg").write_bytes(data[:end])
        assert "cut short: it ends amid a page" in refusal(tmp_path / "a.ogg")


def test_a_tilde_is_the_home_folder_unless_it_is_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    soundfile.write(tmp_path / "home" / "a.wav", tone(16000), 16000)
    soundfile.write(tmp_path / "~b.wav", tone(16000), 16000)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert heard("~/a.wav").size == RATE_HZ
    assert heard("~b.wav").size == RATE_HZ
    assert "does not exist" in refusal("~nobody-of-this-name/a.wav")


def test_samples_that_are_not_finite_are_silenced_and_counted_in_real_time(tmp_path: Path) -> None:
    source = open_source(f"file://{damaged(tmp_path / 'a.wav')}")
    out = np.concatenate([b.samples for b in source])
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(out[4000:4010], 0.125)
    assert "11 samples not finite" in source.status().detail


def test_samples_that_are_not_finite_are_an_error_flat_out(tmp_path: Path) -> None:
    source = open_source(f"file://{damaged(tmp_path / 'a.wav')}", realtime=False)
    with pytest.raises(SourceError, match=r"a\.wav holds samples that are NaN or infinite from 0\.250 s on"):
        list(source)


def test_all_zero_and_clipped_files_are_sound_like_any(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros(16000), 16000)
    assert not heard(tmp_path / "zero.wav").any()
    square = np.sign(np.sin(np.arange(16000) / 10))
    soundfile.write(tmp_path / "clipped.wav", square, 16000)
    assert np.abs(heard(tmp_path / "clipped.wav")).max() <= 1.0


def test_in_real_time_a_block_comes_when_its_last_sample_is_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(44100, length_s=0.5), 44100)
    source = open_source(f"file://{tmp_path / 'a.wav'}")
    began = time.perf_counter()
    early = []
    blocks = []
    for block in source:
        early.append(block.captured_at - time.perf_counter())
        blocks.append(block)
    took = time.perf_counter() - began
    assert max(early) <= 0.001
    assert 0.49 < took < 3
    assert sum(b.samples.size for b in blocks) == 8000
    assert {b.samples.size for b in blocks[:-1]} == {160}
    steps = np.diff([b.captured_at for b in blocks])
    np.testing.assert_allclose(steps, 0.01, atol=1e-6)


def test_close_ends_the_wait(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16000 * 30), 16000)
    source = open_source(f"file://{tmp_path / 'a.wav'}")
    closing = threading.Timer(0.1, source.close)
    began = time.perf_counter()
    closing.start()
    count = sum(b.samples.size for b in source)
    assert time.perf_counter() - began < 1
    assert 0 < count < 16000
    source.close()
    assert source.status().state == "ended"
