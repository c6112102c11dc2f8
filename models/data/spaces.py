"""Where a sound is and what hears it: rooms and microphones by chance, for sounds made by formula."""

from __future__ import annotations

import numpy as np

from bridge.frames import RATE_HZ, Floats


def unit(sound: np.ndarray) -> Floats:
    """The sound at deviation 1; silence stays silence."""
    return np.asarray(sound / (sound.std() + 1e-9), np.float32)


def curve(points_hz: np.ndarray, gains_db: np.ndarray, n: int) -> np.ndarray:
    """(n // 2 + 1,) amplitude of a spectrum's bins, linear in dB over log frequency between the points."""
    freqs = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    order = np.argsort(points_hz)
    return np.asarray(10 ** (np.interp(np.log(freqs), np.log(points_hz[order]), gains_db[order]) / 20))


def shaped(sound: np.ndarray, amplitude: np.ndarray) -> Floats:
    """(N,) the sound with its spectrum multiplied by (N // 2 + 1,) amplitudes."""
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * amplitude, sound.size), np.float32)


def coloured(rng: np.random.Generator, n: int, slope: float) -> Floats:
    """Noise whose power falls with f^slope: 0 white, 1 pink, 2 brown. Deviation 1."""
    freqs = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    return unit(shaped(rng.normal(size=n), freqs ** (-slope / 2)))


def through_room(rng: np.random.Generator, sound: Floats) -> Floats:
    """The sound with a tail that fades by 60 dB in 0.08 … 1.2 s, its treble sooner; a random share of it direct."""
    seconds = rng.uniform(0.08, 1.2)
    length = min(sound.size, int(RATE_HZ * seconds))
    t = np.arange(length) / RATE_HZ
    fade = 10 ** (-3 * t / seconds)
    low = coloured(rng, length, 1.5) * fade
    high = rng.normal(size=length) * fade ** rng.uniform(1.5, 4)
    tail = low + rng.uniform(0.1, 1) * high
    tail[: int(RATE_HZ * rng.uniform(0.0, 0.02))] = 0
    for _ in range(int(rng.integers(0, 6))):  # walls and desk
        tail[int(rng.integers(0, min(length, 800)))] += rng.uniform(-1, 1) * 6
    tail *= 10 ** (rng.uniform(-18, 6) / 20) / (np.sqrt((tail**2).sum()) + 1e-9)
    tail[0] += 1
    size = sound.size + length
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)
    return np.asarray(wet[: sound.size], np.float32)


def through_microphone(rng: np.random.Generator, sound: Floats) -> Floats:
    """The sound with a microphone's colour: a random curve, and now and then no bass or no treble."""
    points = np.geomspace(60, 8000, 8)
    gains = rng.normal(0, rng.uniform(0.5, 4), 8)
    if rng.random() < 0.4:
        gains = gains - np.clip(24 * np.log2(rng.uniform(80, 400) / points), 0, 40)
    if rng.random() < 0.25:
        gains = gains - np.clip(30 * np.log2(points / rng.uniform(2500, 6000)), 0, 40)
    return shaped(sound, curve(points, gains, sound.size))


def somewhere(rng: np.random.Generator, sound: Floats) -> Floats:
    """The sound as it arrives: most often in a room, nearly always through a microphone."""
    if rng.random() < 0.6:
        sound = through_room(rng, sound)
    if rng.random() < 0.85:
        sound = through_microphone(rng, sound)
    return sound
