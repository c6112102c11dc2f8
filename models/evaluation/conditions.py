"""What a voice goes through before it is heard: noise, rooms, wires, levels, other throats.

A condition is a function samples (N,) → samples (N,), 16 kHz. The voice stays where it was in time, to the sample
where it is not made anew, so the tracked face stays true. What is random about a condition follows from its seed and
from the sound: the same clip always meets the same noise, another clip other noise.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soxr

from bridge.frames import RATE_HZ, Floats, frame_count
from models.data.noises import band, music
from models.data.throat import other_throat, whispered
from models.data.tracks import AUDIO_SUFFIXES, read_audio, speech_mask

Condition = Callable[[Floats], Floats]

SNRS_DB = (20, 10, 5)
BABBLE_VOICES = 6
RT60_S = 0.5
FIRST_ECHO_S = 0.003
CHILD = (1.7, 1.25)
"""Pitch and formants of the child-shifted voice, as factors."""
GIANT = (0.7, 0.82)
"""Pitch and formants of the giant-shifted voice, as factors."""
TELEPHONE_HZ = (300.0, 3400.0)
MU = 255.0


def rng_for(samples: Floats, seed: int) -> np.random.Generator:
    """Randomness that belongs to this sound and this seed."""
    return np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(samples).tobytes())])


def speech_power(samples: Floats) -> float:
    """Mean power where somebody speaks: pauses do not make a voice quieter."""
    mask = np.repeat(speech_mask(samples, frame_count(samples.size)), 320)[: samples.size]
    talking = samples[: mask.size][mask]
    return float((talking.astype(np.float64) ** 2).mean()) if talking.size else 0.0


def at_snr(samples: Floats, noise: Floats, snr_db: float) -> Floats:
    """Speech with noise (N,) under it: power of the speech where it is, over that of all the noise."""
    power = float((noise.astype(np.float64) ** 2).mean())
    scale = np.sqrt(speech_power(samples) / (power + 1e-20) * 10 ** (-snr_db / 10))
    return np.asarray(samples + scale * noise, np.float32)


def babble(samples: Floats, voices: Sequence[Floats], snr_db: float, seed: int = 0) -> Floats:
    """Six people talk at once, equally loud, each repeating what they say from somewhere in it."""
    rng = rng_for(samples, seed)
    total = np.zeros(samples.size, np.float32)
    for i in rng.choice(len(voices), min(BABBLE_VOICES, len(voices)), replace=False):
        voice = voices[i] / np.sqrt(speech_power(voices[i]) + 1e-12)
        start = int(rng.integers(voice.size))
        total += np.resize(np.roll(voice, -start), samples.size)
    return at_snr(samples, total, snr_db)


def with_music(samples: Floats, snr_db: float, seed: int = 0) -> Floats:
    """Music without singing."""
    return at_snr(samples, music(rng_for(samples, seed), samples.size), snr_db)


def room(samples: Floats, seed: int = 0) -> Floats:
    """A room that decays by 60 dB in 0.5 s: direct sound at lag 0, from 3 ms on as much energy in echoes."""
    length = round(1.2 * RT60_S * RATE_HZ)
    t = np.arange(length) / RATE_HZ
    tail = np.random.default_rng(seed).normal(size=length) * 10 ** (-3 * t / RT60_S) * (t >= FIRST_ECHO_S)
    response = tail / np.sqrt((tail**2).sum())
    response[0] += 1.0
    size = samples.size + length
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[: samples.size]
    rms = np.sqrt((samples.astype(np.float64) ** 2).mean() / ((wet**2).mean() + 1e-20))
    return np.asarray(wet * rms, np.float32)


def telephone(samples: Floats) -> Floats:
    """300–3400 Hz at 8 kHz and 8-bit µ-law, from a peak of half of full scale."""
    peak = float(np.abs(samples).max()) + 1e-9
    rms = float(samples.std()) + 1e-12
    narrow = soxr.resample(band(samples, *TELEPHONE_HZ) * rms, RATE_HZ, 8000) * (0.5 / peak)
    pressed = np.sign(narrow) * np.log1p(MU * np.minimum(np.abs(narrow), 1)) / np.log1p(MU)
    coded = np.round(pressed * 127) / 127
    wide = np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU
    out = soxr.resample(wide * (peak / 0.5), 8000, RATE_HZ)
    return np.pad(out, (0, max(0, samples.size - out.size)))[: samples.size].astype(np.float32)


def gain(samples: Floats, db: float) -> Floats:
    """Louder or quieter."""
    return np.asarray(samples * 10 ** (db / 20), np.float32)


def clipping(samples: Floats, db: float) -> Floats:
    """Peak at full scale, then so many dB more into a converter that ends there."""
    return np.clip(gain(samples / (np.abs(samples).max() + 1e-9), db), -1, 1).astype(np.float32)


def child(samples: Floats) -> Floats:
    """Pitch × 1.7, formants × 1.25."""
    return other_throat(samples, *CHILD)


def giant(samples: Floats) -> Floats:
    """Pitch × 0.7, formants × 0.82."""
    return other_throat(samples, *GIANT)


def whisper(samples: Floats) -> Floats:
    """Noise through the same throat, as loud as the voice was."""
    return whispered(samples)


def other_voices(data: Path, count: int = 40) -> list[Floats]:
    """Speech to make babble of: RAVDESS, else synthetic voices, spread evenly over what is there.

    Raises:
        FileNotFoundError: if there is neither.
    """
    for folder in (data / "ravdess_speech", data / "tts"):
        files = sorted(p for p in folder.rglob("*") if p.suffix in AUDIO_SUFFIXES) if folder.is_dir() else []
        if files:
            picked = [files[i * len(files) // count] for i in range(count)] if len(files) > count else files
            return [read_audio(p) for p in picked]
    raise FileNotFoundError(
        f"{data} has no ravdess_speech and no tts: babble needs voices; "
        "`python -m models.training.voices --out DATA/tts` makes some"
    )


def conditions(voices: Sequence[Floats], seed: int = 0) -> dict[str, Condition]:
    """Every condition by name; the first is none."""
    found: dict[str, Condition] = {"clean": lambda samples: samples}
    found |= {f"babble {snr} dB": partial(babble, voices=voices, snr_db=snr, seed=seed) for snr in SNRS_DB}
    found |= {f"music {snr} dB": partial(with_music, snr_db=snr, seed=seed) for snr in SNRS_DB}
    return found | {
        "room, RT60 0.5 s": partial(room, seed=seed),
        "telephone": telephone,
        "-30 dB": partial(gain, db=-30.0),
        "+20 dB, clipped": partial(clipping, db=20.0),
        "child": child,
        "giant": giant,
        "whisper": whisper,
    }
