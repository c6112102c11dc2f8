"""Music without a voice, by formula: random instruments, scales, tempi and beats."""

from __future__ import annotations

import numpy as np

from bridge.frames import RATE_HZ, Floats
from models.data.spaces import coloured, curve, shaped, unit

SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 4, 7, 9),
    (0, 3, 5, 6, 7, 10),
    tuple(range(12)),
)
"""Semitones of an octave: major, minor, pentatonic, blues, all."""


def put(out: np.ndarray, sound: np.ndarray, at: int) -> None:
    """Adds a sound at a sample, as far as it fits."""
    fits = min(sound.size, out.size - at)
    if fits > 0:
        out[at : at + fits] += sound[:fits]


class Instrument:
    """Draws how it sounds once; then makes notes."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        count = int(rng.integers(1, 22))
        k = np.arange(1, count + 1)
        self.struck = rng.random() < 0.55
        if rng.random() < 0.25:  # bars, bells, glasses: no harmonic row
            self.ratios = np.sort(np.concatenate([[1.0], rng.uniform(1.2, 12, min(count, 7))]))
        else:
            self.ratios = k * np.sqrt(1 + 10 ** rng.uniform(-6, -3) * k**2)
            if rng.random() < 0.25:
                self.ratios = self.ratios[::2]  # reeds and square waves
        self.gains = self.ratios ** -rng.uniform(0.3, 2.2) * rng.uniform(0.2, 1, self.ratios.size)
        self.fade, self.treble_fade = rng.uniform(0.5, 12), rng.uniform(0, 3)
        self.attack_s = rng.uniform(0.001, 0.02) if self.struck else rng.uniform(0.01, 0.3)
        self.vibrato_hz, self.vibrato = rng.uniform(3, 8), rng.uniform(0, 0.012) * (rng.random() < 0.6)
        self.breath = 10 ** rng.uniform(-3, -0.8) * (rng.random() < 0.5)
        self.drive = rng.uniform(1, 8) if rng.random() < 0.25 else 0.0
        self.body_hz, self.body_db = rng.uniform(80, 7000, 6), rng.uniform(-10, 10, 6)

    def note(self, hz: float, seconds: float) -> np.ndarray:
        """(N,) one tone, faded out at its end."""
        rng, n = self.rng, max(400, int(RATE_HZ * seconds))
        t = np.arange(n) / RATE_HZ
        bend = hz * (1 + self.vibrato * np.sin(2 * np.pi * self.vibrato_hz * t) * np.minimum(1, 3 * t))
        fades = self.fade * (1 + self.treble_fade * np.log(self.ratios)) * self.struck
        # frequencies are ratios here: the pitch is in the bend
        low, high = 30 / hz, 7600 / hz
        inside = (self.ratios > low) & (self.ratios < high)
        phase = 2 * np.pi * np.cumsum(bend) / RATE_HZ
        sound = np.zeros(n)
        for ratio, gain, fade in zip(self.ratios[inside], self.gains[inside], fades[inside], strict=True):
            sound += gain * np.sin(ratio * phase + rng.uniform(0, 6.3)) * np.exp(-fade * t)
        sound = sound + self.breath * coloured(rng, n, 0.5) * (np.abs(sound).mean() + 0.1)
        if self.drive:
            sound = np.tanh(self.drive * sound / (sound.std() + 1e-9))
        ends = np.minimum(1, t / self.attack_s) * np.clip((seconds - t) / 0.02, 0, 1)
        return np.asarray(shaped(sound, curve(self.body_hz, self.body_db, n)) * ends)


def drum(rng: np.random.Generator) -> np.ndarray:
    """(N,) one of a kit: a skin that drops in pitch, a rattle, a cymbal."""
    n = int(RATE_HZ * rng.uniform(0.06, 0.6))
    t = np.arange(n) / RATE_HZ
    low, drop = rng.uniform(40, 400), rng.uniform(0, 6)
    skin = np.sin(2 * np.pi * low * (t + drop * (1 - np.exp(-t * 30)) / 30)) * np.exp(-t * rng.uniform(6, 40))
    rattle = coloured(rng, n, rng.uniform(-1, 1)) * np.exp(-t * rng.uniform(8, 90))
    mix = rng.random()
    return unit(mix * skin + (1 - mix) * rattle)


def music(rng: np.random.Generator, n: int) -> Floats:
    """(n,) one to four instruments, each with its own rhythm, at times with drums. Deviation 1."""
    out = np.zeros(n)
    beat = rng.uniform(0.22, 0.9)
    scale = np.array(SCALES[int(rng.integers(len(SCALES)))])
    tonic = 55 * 2 ** rng.uniform(0, 1)
    parts = int(rng.integers(1, 5))
    for _ in range(parts):
        instrument, octave = Instrument(rng), int(rng.integers(0, 5))
        step = beat * float(rng.choice([0.25, 0.5, 1, 1, 2, 4]))
        held = step * rng.uniform(0.4, 2.5)
        pitches = tonic * 2 ** (octave + rng.choice(scale, 6) / 12)
        chord = int(rng.choice([1, 1, 2, 3]))
        notes = [
            unit(sum(instrument.note(p, held) for p in rng.choice(pitches, chord, replace=False)))  # type: ignore[arg-type]
            for _ in range(5)
        ]
        loud, density = rng.uniform(0.2, 1), rng.uniform(0.4, 1)
        for start in np.arange(rng.uniform(0, step), n / RATE_HZ, step):
            if rng.random() < density:
                late = rng.uniform(0, 0.02)
                sound = loud * rng.uniform(0.5, 1) * notes[int(rng.integers(len(notes)))]
                put(out, sound, int((start + late) * RATE_HZ))
    if rng.random() < 0.5:
        kit = [drum(rng) for _ in range(3)]
        pattern = rng.random((3, 8)) < rng.uniform(0.15, 0.6)
        loud = out.std() * rng.uniform(0.5, 3) + 1e-3
        for i, start in enumerate(np.arange(0, n / RATE_HZ, beat / 2)):
            for sound, row in zip(kit, pattern, strict=True):
                if row[i % 8]:
                    put(out, loud * rng.uniform(0.4, 1) * sound, int(start * RATE_HZ))
    return unit(out)
