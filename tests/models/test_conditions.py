"""What a voice goes through: as strong as asked, in the same place, the same again by its seed."""

from pathlib import Path

import numpy as np
import pytest

from bridge.frames import RATE_HZ
from models.data import throat
from models.data.tracks import read_audio
from models.evaluation import conditions, noise, sounds


def spoken_vowel(f0: float, formants: tuple[float, ...], seconds: float = 1.5) -> np.ndarray:
    """A pulse train through resonances, with a pause in its middle."""
    n = int(seconds * RATE_HZ)
    pulses = np.diff(np.floor(np.arange(n + 1) * f0 / RATE_HZ))
    for hz in formants:
        pulses = sounds.resonance(pulses, hz, 80)
    pulses[n // 3 : n // 2] *= 1e-3
    return (0.3 * pulses / np.abs(pulses).max()).astype(np.float32)


VOICE = spoken_vowel(110, (700, 1200, 2500))
OTHERS = [spoken_vowel(90 + 15 * i, (500 + 60 * i, 1500, 2600), 0.8) for i in range(8)]
EVERY = conditions.conditions(OTHERS, seed=3)


def pitch_hz(sound: np.ndarray) -> float:
    part = sound[2000:6000].astype(float)
    auto = np.correlate(part, part, "full")[part.size - 1 :]
    lags = slice(RATE_HZ // 400, RATE_HZ // 60)
    peaks = [k for k in range(lags.start, lags.stop) if auto[k - 1] <= auto[k] >= auto[k + 1]]
    highest = max(auto[k] for k in peaks)
    return RATE_HZ / next(k for k in peaks if auto[k] > 0.85 * highest)  # not two periods at once


def throat_of(sound: np.ndarray) -> np.ndarray:
    """Mean log envelope of the first vowel."""
    return np.log(throat.envelope(np.abs(throat.spectra(sound[2000:6000])))).mean(0)


def formant_factor(sound: np.ndarray) -> float:
    """How far VOICE's envelope must be warped to look like this one, up to 4 kHz."""
    want, have = throat_of(VOICE), throat_of(sound)[2:128]
    factors = np.arange(0.6, 1.6, 0.01)
    scores = [
        np.corrcoef(np.interp(np.arange(2, 128) / f, np.arange(257), want), have)[0, 1] for f in factors
    ]
    return float(factors[int(np.argmax(scores))])


@pytest.mark.parametrize("name", EVERY)
def test_every_condition_keeps_length_and_place_and_repeats(name: str) -> None:
    heard = EVERY[name](VOICE)
    assert heard.shape == VOICE.shape
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    again = conditions.conditions(OTHERS, seed=3)[name](VOICE)
    np.testing.assert_array_equal(heard, again)
    assert np.array_equal(heard, VOICE) == (name == "clean")
    # the pause stays where it was, to a few milliseconds
    kernel = np.ones(160) / 160

    def level(sound: np.ndarray) -> np.ndarray:
        return np.sqrt(np.convolve(sound.astype(float) ** 2, kernel, "same"))

    a, b = level(VOICE), level(heard)
    lags = range(-400, 401, 20)
    scores = [np.corrcoef(a[800:-800], np.roll(b, -lag)[800:-800])[0, 1] for lag in lags]
    # 10 ms; the tail of a room drags the envelope, not the direct sound
    assert abs(lags[int(np.argmax(scores))]) <= (400 if name.startswith("room") else 160)


@pytest.mark.parametrize("kind", ["babble", "music"])
def test_another_seed_or_clip_meets_other_noise(kind: str) -> None:
    def noise_of(samples: np.ndarray, seed: int) -> np.ndarray:
        return conditions.conditions(OTHERS, seed)[f"{kind} 10 dB"](samples) - samples

    assert not np.allclose(noise_of(VOICE, 0), noise_of(VOICE, 1), atol=1e-4)
    assert not np.allclose(noise_of(VOICE, 0), noise_of(VOICE[:-1], 0)[: VOICE.size].mean(), atol=1e-4)


@pytest.mark.parametrize("kind", ["babble", "music"])
@pytest.mark.parametrize("snr_db", conditions.SNRS_DB)
def test_noise_is_as_loud_as_asked(kind: str, snr_db: int) -> None:
    added = EVERY[f"{kind} {snr_db} dB"](VOICE).astype(float) - VOICE
    ratio = conditions.speech_power(VOICE) / (added**2).mean()
    assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.1)


def test_pauses_do_not_make_a_voice_quieter() -> None:
    paused = np.concatenate([np.zeros(2 * VOICE.size, np.float32), VOICE])
    assert conditions.speech_power(paused) == pytest.approx(conditions.speech_power(VOICE), rel=0.2)


def test_a_room_decays_by_sixty_decibels_in_half_a_second() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[0] = 1
    heard = conditions.room(click).astype(float)
    direct, tail = heard[0] ** 2, heard[1:] ** 2
    assert tail.sum() == pytest.approx(direct, rel=0.2)
    early, late = tail[: RATE_HZ // 20].mean(), tail[RATE_HZ // 4 : RATE_HZ // 4 + RATE_HZ // 20].mean()
    assert 10 * np.log10(early / late) == pytest.approx(60 * 0.25 / conditions.RT60_S, abs=2)


def test_a_telephone_keeps_its_band_alone() -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE_HZ).astype(np.float32)
    power = np.abs(np.fft.rfft(conditions.telephone(hiss))) ** 2
    hz = np.fft.rfftfreq(RATE_HZ, 1 / RATE_HZ)
    inside = power[(hz > 400) & (hz < 3300)].mean()
    for outside in ((hz > 20) & (hz < 250), (hz > 4100) & (hz < 8000)):
        assert power[outside].mean() < 0.01 * inside  # µ-law's own noise is what is left
    assert conditions.telephone(hiss).std() == pytest.approx(hiss.std(), rel=0.1)


def test_levels() -> None:
    np.testing.assert_allclose(EVERY["-30 dB"](VOICE), VOICE * 10**-1.5, rtol=1e-5)
    clipped = EVERY["+20 dB, clipped"](VOICE)
    assert np.abs(clipped).max() == 1
    assert (np.abs(clipped) == 1).mean() > 0.05
    np.testing.assert_allclose(clipped, EVERY["+20 dB, clipped"](VOICE / 7), atol=1e-6)  # at any level before


@pytest.mark.parametrize("name", ["child", "giant"])
def test_pitch_and_formants_move_by_their_factors(name: str) -> None:
    pitch, formants = {"child": conditions.CHILD, "giant": conditions.GIANT}[name]
    heard = EVERY[name](VOICE)
    assert pitch_hz(heard) == pytest.approx(pitch_hz(VOICE) * pitch, rel=0.04)
    assert formant_factor(heard) == pytest.approx(formants, rel=0.05)
    assert heard.std() == pytest.approx(VOICE.std(), rel=0.01)


def test_a_whisper_has_the_throat_but_no_pitch() -> None:
    def periodicity(sound: np.ndarray) -> float:
        part = sound[2000:6000].astype(float)
        auto = np.correlate(part, part, "full")[part.size - 1 :] / (part**2).sum()
        return float(auto[RATE_HZ // 120 : RATE_HZ // 100].max())

    heard = EVERY["whisper"](VOICE)
    assert periodicity(VOICE) > 0.7
    assert periodicity(heard) < 0.4
    assert formant_factor(heard) == pytest.approx(1, abs=0.03)
    assert np.corrcoef(throat_of(heard), throat_of(VOICE))[0, 1] > 0.95


def test_spectra_and_back_is_the_sound() -> None:
    np.testing.assert_allclose(throat.resynthesis(throat.spectra(VOICE), VOICE.size), VOICE, atol=1e-6)


def test_stretching_keeps_the_pitch() -> None:
    longer = throat.stretched(VOICE[:8000], 1.6)
    assert longer.size == 12800
    assert pitch_hz(longer) == pytest.approx(110, rel=0.03)


def test_babble_is_made_of_what_the_folder_has(data_folder: Path, tmp_path: Path) -> None:
    voices = conditions.other_voices(data_folder, count=5)
    assert len(voices) == 5
    first = min((data_folder / "ravdess_speech").rglob("*.flac"))
    np.testing.assert_array_equal(voices[0], read_audio(first))
    with pytest.raises(FileNotFoundError, match=r"no ravdess_speech and no tts.*models\.training\.voices"):
        conditions.other_voices(tmp_path)


@pytest.mark.parametrize("maker", noise.MAKERS)
@pytest.mark.parametrize("kind", noise.JUDGED)
def test_sounds_without_a_voice_have_their_level_and_seed(maker: str, kind: str) -> None:
    made = noise.sound_of(maker, kind, seed=1, seconds=4)
    assert made.shape == (4 * RATE_HZ,)
    assert 10 * np.log10((made.astype(float) ** 2).mean()) == pytest.approx(noise.LEVEL_DBFS, abs=0.1)
    np.testing.assert_array_equal(made, noise.sound_of(maker, kind, seed=1, seconds=4))
    assert not np.allclose(made, noise.sound_of(maker, kind, seed=2, seconds=4))
