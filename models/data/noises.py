"""Sounds that are not speech, made by formula: what a microphone hears while nobody talks."""

from __future__ import annotations

import numpy as np

from bridge.frames import RATE_HZ, Floats


def _unit(sound: np.ndarray) -> Floats:
    """The sound at deviation 1."""
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)


def coloured(rng: np.random.Generator, n: int, slope: float) -> Floats:
    """Noise whose power falls with f^slope: 0 white, 1 pink, 2 brown. Deviation 1."""
    spectrum = np.fft.rfft(rng.normal(size=n))
    freqs = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    noise = np.fft.irfft(spectrum * freqs ** (-slope / 2), n)
    return _unit(noise)


def band(noise: Floats, low_hz: float, high_hz: float) -> Floats:
    """The part of a noise between two frequencies."""
    spectrum = np.fft.rfft(noise)
    freqs = np.fft.rfftfreq(noise.size, 1 / RATE_HZ)
    spectrum *= (freqs > low_hz) & (freqs < high_hz)
    out = np.fft.irfft(spectrum, noise.size)
    return _unit(out)


def room(rng: np.random.Generator, n: int) -> Floats:
    """Steady room tone."""
    return coloured(rng, n, rng.uniform(0, 2))


def hum(rng: np.random.Generator, n: int) -> Floats:
    """Mains hum with harmonics over a little hiss."""
    t = np.arange(n) / RATE_HZ
    base = rng.choice([50.0, 60.0]) * rng.choice([1, 1, 2])
    out = sum(
        rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6)) for k in range(1, 12)
    )
    return np.asarray(out + 0.05 * rng.normal(size=n), np.float32)


def breath(rng: np.random.Generator, n: int) -> Floats:
    """In and out: band noise that swells and fades."""
    low = rng.uniform(300, 1200)
    noise = band(coloured(rng, n, 0.5), low, low * rng.uniform(2.5, 6))
    t = np.arange(n) / RATE_HZ
    swell = np.clip(np.sin(2 * np.pi * t * rng.uniform(0.25, 0.8) + rng.uniform(0, 6)), 0, 1) ** 1.5
    return np.asarray(noise * swell, np.float32)


def typing(rng: np.random.Generator, n: int) -> Floats:
    """Key presses: short clicks with a body resonance."""
    out = np.zeros(n, np.float32)
    decay = np.exp(-np.arange(800) / rng.uniform(40, 200)).astype(np.float32)
    ring = np.sin(2 * np.pi * rng.uniform(200, 2500) * np.arange(800) / RATE_HZ).astype(np.float32)
    at = int(rng.integers(0, 2000))
    while at + 800 < n:
        press = decay * (rng.normal(size=800) + ring) * rng.uniform(0.3, 1)
        out[at : at + 800] += press.astype(np.float32)
        at += int(rng.integers(800, 6000))
    return out + 0.003 * rng.normal(size=n).astype(np.float32)


def music(rng: np.random.Generator, n: int) -> Floats:
    """Plucked and held chords with harmonics, and at times a beat: no voice."""
    out = np.zeros(n)
    note = int(RATE_HZ * rng.uniform(0.2, 0.6))
    scale = 110.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    held = rng.random() < 0.4
    for start in range(0, n, note):
        length = min(note, n - start)
        t = np.arange(length) / RATE_HZ
        for base in rng.choice(scale, rng.integers(1, 5)):
            base = base * rng.choice([1, 2, 4])
            envelope = np.ones(length) if held else np.exp(-t * rng.uniform(3, 9))
            tone = sum(
                np.sin(2 * np.pi * base * k * t) * rng.uniform(0.2, 1) / k
                for k in range(1, 8)
                if base * k < 7500
            )
            out[start : start + length] += envelope * tone
        if rng.random() < 0.5:
            hit = min(1500, length)
            out[start : start + hit] += 3 * rng.normal(size=hit) * np.exp(-np.arange(hit) / 300)
    return _unit(out)


KINDS = {"room": room, "hum": hum, "breath": breath, "typing": typing, "music": music}
"""Every kind by name."""


def any_noise(rng: np.random.Generator, n: int) -> Floats:
    """(n,) one or two kinds together, −60 … −12 dBFS."""
    kinds = list(KINDS.values())
    out = kinds[int(rng.integers(len(kinds)))](rng, n)
    if rng.random() < 0.4:
        out = out + 0.3 * kinds[int(rng.integers(len(kinds)))](rng, n)
    level = 10 ** (rng.uniform(-60, -12) / 20)
    return np.asarray(out / (np.sqrt((out**2).mean()) + 1e-9) * level, np.float32)
