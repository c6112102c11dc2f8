"""Breath, hum, typing and music made in another way than `models.data.noises` makes them.

The speech gate learned on those; whether it knows breath, or only our formula for breath, shows on these. Each is a
function (rng, samples) → (N,) at 16 kHz, any level. No sound in here has a voice in it.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from bridge.frames import RATE_HZ, Floats


def resonance(sound: np.ndarray, hz: float, width_hz: float) -> np.ndarray:
    """The sound through one resonance of a throat, a body or a desk."""
    radius = np.exp(-np.pi * width_hz / RATE_HZ)
    poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE_HZ), radius**2]
    return np.asarray(lfilter([1 - radius], poles, sound))


def place(out: np.ndarray, sound: np.ndarray, at: int) -> None:
    """Adds a sound at a sample, as far as it fits."""
    fits = min(sound.size, out.size - at)
    if fits > 0:
        out[at : at + fits] += sound[:fits]


def stroke(length: int, rise: float) -> np.ndarray:
    """An envelope that swells over the share `rise` of its length and fades over the rest."""
    t = np.linspace(0, 1, max(2, length))
    return np.asarray(np.minimum(t / rise, (1 - t) / (1 - rise)) ** 0.7)


def breath(rng: np.random.Generator, n: int) -> Floats:
    """Air through an open throat, in and out, with a pause: turbulence, three broad resonances, a little rasp."""
    out = np.zeros(n)
    at = int(rng.integers(RATE_HZ // 2))
    mouth = rng.uniform(0.85, 1.2)
    while at < n:
        for inwards in (True, False):
            length = int(RATE_HZ * (rng.uniform(0.6, 1.2) if inwards else rng.uniform(1.0, 2.0)))
            air = np.diff(rng.normal(size=length + 1))
            for hz in (600, 1500, 2600) if inwards else (450, 1150, 2300):
                air = air + 3 * resonance(air, hz * mouth, rng.uniform(200, 500))
            rasp = 1 + 0.2 * np.repeat(rng.normal(size=length // 160 + 1), 160)[:length]
            place(out, air * rasp * stroke(length, 0.3) * (0.7 if inwards else 1.0), at)
            at += length + int(RATE_HZ * rng.uniform(0.05, 0.3))
        at += int(RATE_HZ * rng.uniform(0.2, 1.2))
    return np.asarray(out, np.float32)


def hum(rng: np.random.Generator, n: int) -> Floats:
    """A fan or a fridge: a rotor's harmonics that drift and beat, over rumbling air."""
    t = np.arange(n) / RATE_HZ
    base = rng.uniform(45, 130)
    drift = np.cumsum(base * (1 + 0.004 * np.sin(2 * np.pi * rng.uniform(0.05, 0.3) * t))) / RATE_HZ
    out = np.zeros(n)
    for k in range(1, int(rng.integers(5, 25))):
        beat = 1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(0.3, 4) * t + rng.uniform(0, 6))
        out += rng.uniform(0.2, 1) / k**0.8 * beat * np.sin(2 * np.pi * k * drift + rng.uniform(0, 6))
    air = lfilter([1], [1, -0.97], rng.normal(size=n))
    return np.asarray(out + rng.uniform(0.05, 0.5) * air / air.std() * out.std(), np.float32)


def typing(rng: np.random.Generator, n: int) -> Floats:
    """Keys go down and come up again, in words, on a desk that answers; at times the space bar."""
    out = np.zeros(n)
    desk, cap = rng.uniform(120, 350), rng.uniform(1800, 4500)
    at = int(rng.integers(RATE_HZ // 2))
    while at < n:
        for _ in range(int(rng.integers(2, 9))):
            bar = rng.random() < 0.15
            for delay_s, weight in ((0.0, 1.0), (rng.uniform(0.05, 0.11), 0.5)):
                blow = rng.normal(size=1600) * np.exp(-np.arange(1600) / rng.uniform(15, 60))
                key = resonance(blow, cap * rng.uniform(0.8, 1.2), 300) + 0.3 * blow
                thump = resonance(blow, desk * (0.7 if bar else 1.0), 60) * (4 if bar else 1.5)
                place(out, weight * rng.uniform(0.5, 1) * (key + thump), at + int(delay_s * RATE_HZ))
            at += int(RATE_HZ * rng.uniform(0.09, 0.25))
        at += int(RATE_HZ * rng.uniform(0.1, 1.0))
    return np.asarray(out + 0.002 * np.abs(out).max() * rng.normal(size=n), np.float32)


def plucked(rng: np.random.Generator, hz: float, seconds: float) -> np.ndarray:
    """A string (Karplus and Strong, 1983): noise that goes round a delay and loses its edges."""
    period = max(2, round(RATE_HZ / hz))
    burst = np.zeros(int(RATE_HZ * seconds))
    burst[:period] = rng.uniform(-1, 1, period)
    loop = np.zeros(period + 2)
    loop[0] = 1
    loop[period] = loop[period + 1] = -0.498
    return np.asarray(lfilter([1], loop, burst))


def blown(rng: np.random.Generator, hz: float, seconds: float) -> np.ndarray:
    """A flute or a reed: few harmonics, vibrato, some air."""
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    phase = 2 * np.pi * hz * (t + 0.0006 * np.sin(2 * np.pi * 5.3 * t) * np.minimum(t, 1))
    tone = sum(rng.uniform(0.1, 1) / k * np.sin(k * phase) for k in range(1, 6))
    return np.asarray((tone + 0.05 * rng.normal(size=t.size)) * stroke(t.size, 0.15))


def music(rng: np.random.Generator, n: int) -> Floats:
    """A band: strings in arpeggios, a blown tune, a bass, drums, any of them silent; no voice."""
    out = np.zeros(n)
    beat = int(RATE_HZ * rng.uniform(0.3, 0.65))
    scale = np.array([0, 2, 4, 7, 9, 12, 14, 16]) + int(rng.integers(-5, 6))
    strings, tune, bass, drums = rng.random(4) < (0.9, 0.6, 0.7, 0.6)
    for i, start in enumerate(range(0, n, beat)):

        def pitch(octave: float) -> float:
            return float(220.0 * 2 ** (octave + rng.choice(scale) / 12))

        seconds = beat / RATE_HZ
        if strings:
            for half in (0, beat // 2):
                place(out, 0.8 * plucked(rng, pitch(0), 3 * seconds), start + half)
        if tune and rng.random() < 0.7:
            place(out, 0.4 * blown(rng, pitch(1), seconds * rng.choice([1, 2])), start)
        if bass and i % 2 == 0:
            place(out, 1.2 * plucked(rng, pitch(-2), 2 * seconds), start)
        if drums:
            t = np.arange(RATE_HZ // 4) / RATE_HZ
            kick = np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t * 40)))) * np.exp(-t * 18)
            hat = np.diff(rng.normal(size=t.size + 1)) * np.exp(-t * 70)
            place(out, 1.5 * kick if i % 2 == 0 else 0.5 * np.exp(-t * 25) * rng.normal(size=t.size), start)
            place(out, 0.4 * hat, start + beat // 2)
    if not (strings or tune or bass or drums):
        place(out, blown(rng, 330.0, n / RATE_HZ), 0)
    return np.asarray(out, np.float32)


KINDS = {"breath": breath, "hum": hum, "typing": typing, "music": music}
"""Every kind by name."""
