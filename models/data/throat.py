"""Another throat for the same words: pitch and formants moved apart, or a whisper, with every moment kept in place.

A voice is taken apart into a spectral envelope (the throat: cepstrally smoothed log spectrum that rides on the
harmonics) and what is left when it is divided out (the excitation). The excitation is stretched and resampled,
which moves its pitch and keeps its duration, or replaced by noise, and sent through the envelope again, warped
along frequency. Knows no faces.
"""

from __future__ import annotations

import numpy as np
import soxr

from bridge.frames import RATE_HZ, Floats

SIZE, HOP = 512, 128  # 32 ms windows, 8 ms apart
LIFTER = 32  # 2 ms of quefrency: formants stay, harmonics of voices below 400 Hz go
TRUE_ENVELOPE_ROUNDS = 8
FLOOR = 1e-6
GRAIN = 400  # 25 ms, for the stretch
SEARCH = 160  # 10 ms: a pitch period of the deepest voice
_WINDOW = np.hanning(SIZE + 1)[:-1]


def spectra(samples: Floats) -> np.ndarray:
    """(F, 257) complex, frame i centred at sample 128 · i."""
    padded = np.pad(samples.astype(np.float64), (SIZE // 2, SIZE))
    frames = np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::HOP][: samples.size // HOP + 2]
    return np.fft.rfft(frames * _WINDOW)


def resynthesis(spectra_: np.ndarray, length: int) -> Floats:
    """(length,) samples of spectra by weighted overlap-add; undoes `spectra`."""
    frames = np.fft.irfft(spectra_, SIZE) * _WINDOW
    total = SIZE + HOP * (len(frames) - 1)
    out, weight = np.zeros(total), np.zeros(total)
    for i, frame in enumerate(frames):
        out[i * HOP : i * HOP + SIZE] += frame
        weight[i * HOP : i * HOP + SIZE] += _WINDOW**2
    inside = slice(SIZE // 2, SIZE // 2 + length)
    return np.asarray(out[inside] / np.maximum(weight[inside], 1e-3), np.float32)


def envelope(magnitudes: np.ndarray) -> np.ndarray:
    """(F, 257) smooth envelope of magnitudes, over the harmonics rather than between them."""
    log = np.log(magnitudes + FLOOR)
    smooth = np.full_like(log, -np.inf)
    for _ in range(TRUE_ENVELOPE_ROUNDS):
        cepstrum = np.fft.irfft(np.maximum(log, smooth))
        cepstrum[:, LIFTER : SIZE - LIFTER + 1] = 0
        smooth = np.fft.rfft(cepstrum).real
    return np.asarray(np.exp(smooth))


def stretched(samples: Floats, factor: float) -> Floats:
    """`factor` times as long at the same pitch: grains 12.5 ms apart, each the best continuation of the one before."""
    half = GRAIN // 2
    length = round(samples.size * factor)
    padded = np.pad(samples, (SEARCH + half, SEARCH + 2 * GRAIN))
    window = np.hanning(GRAIN + 1)[:-1]
    out = np.zeros(length + 2 * GRAIN)
    follow = 0  # where the last grain goes on in the input
    for at in range(0, length + half, half):
        centre = min(round(at / factor) + SEARCH, padded.size - GRAIN - SEARCH)
        start = centre
        if at and follow + GRAIN <= padded.size:
            field = padded[centre - SEARCH : centre + SEARCH + GRAIN]
            start += int(np.correlate(field, padded[follow : follow + GRAIN], "valid").argmax()) - SEARCH
        out[at : at + GRAIN] += window * padded[start : start + GRAIN]
        follow = start + half
    return np.asarray(out[half : half + length], np.float32)


def other_throat(samples: Floats, pitch: float, formants: float, seed: int = 0) -> Floats:
    """(N,) → (N,): pitch and formants multiplied by their factors, duration kept."""
    seen = spectra(samples)
    shape = envelope(np.abs(seen))
    flat = resynthesis(seen / shape, samples.size)
    moved = soxr.resample(stretched(flat, pitch), RATE_HZ * pitch, RATE_HZ)
    moved = np.pad(moved, (0, max(0, samples.size - moved.size)))[: samples.size].astype(np.float32)
    excitation = spectra(moved)
    bins = np.arange(SIZE // 2 + 1)
    empty = bins > 0.95 * pitch * SIZE / 2  # a lower pitch leaves nothing up there: breath fills it
    noise = spectra(np.random.default_rng(seed).normal(size=samples.size).astype(np.float32))
    excitation[:, empty] = noise[:, empty] / np.sqrt((_WINDOW**2).sum()) * _level(seen / shape)
    warped = np.stack([np.interp(bins / formants, bins, np.log(row)) for row in shape])
    return _as_loud(resynthesis(excitation * np.exp(warped), samples.size), samples)


def whispered(samples: Floats, seed: int = 0) -> Floats:
    """(N,) → (N,): noise through the same throat; no pitch is left."""
    shape = envelope(np.abs(spectra(samples)))
    noise = spectra(np.random.default_rng(seed).normal(size=samples.size).astype(np.float32))
    return _as_loud(resynthesis(noise * shape, samples.size), samples)


def _level(flat: np.ndarray) -> float:
    """Typical magnitude of whitened spectra."""
    return float(np.median(np.abs(flat)))


def _as_loud(made: Floats, samples: Floats) -> Floats:
    """`made` at the RMS of `samples`."""
    rms = np.sqrt((made.astype(np.float64) ** 2).mean())
    return np.asarray(made * np.sqrt((samples.astype(np.float64) ** 2).mean()) / (rms + 1e-12), np.float32)
