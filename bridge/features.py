"""Audio blocks → log-mel, streaming: 80 bins, 25 ms window, 10 ms hop. Used by training too.

Hop `i` ends at sample 160·(i+1) and sees the 400 samples up to there, so it belongs to the sound
between 10·i and 10·(i+1) ms and nothing of it waits for later audio. Chunked equals whole: the
state is the last 240 samples and what did not fill a hop.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from bridge.frames import RATE_HZ, Floats

BINS = 80
HOP_SAMPLES = RATE_HZ // 100  # 160 = 10 ms
WINDOW_SAMPLES = RATE_HZ // 40  # 400 = 25 ms
FFT_SIZE = 512
CONTEXT_SAMPLES = WINDOW_SAMPLES - HOP_SAMPLES  # 240: what a hop needs from before it
LOW_HZ, HIGH_HZ = 60.0, 7600.0
FLOOR = 1e-8
"""Added to mel power: about the energy of 16-bit dither, so that digital silence is finite and quiet."""
MEAN, SCALE = -9.0, 4.0
"""log-mel is handed out as (log(power + FLOOR) − MEAN) / SCALE: about −2.4 (silence) … 2.5 (full scale)."""
SILENCE = (float(np.log(FLOOR)) - MEAN) / SCALE
"""Value of every bin for digital silence."""


@cache
def mel_filters() -> Floats:
    """(257, 80) triangular filters on the mel scale of O'Shaughnessy (2595·log10(1 + f/700))."""

    def to_mel(hz: float) -> float:
        return float(2595.0 * np.log10(1.0 + hz / 700.0))

    mels = np.linspace(to_mel(LOW_HZ), to_mel(HIGH_HZ), BINS + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    freqs = np.fft.rfftfreq(FFT_SIZE, 1.0 / RATE_HZ)
    rising = (freqs[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - freqs[:, None]) / (edges[2:] - edges[1:-1])
    filters: Floats = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return filters


@cache
def _window() -> Floats:
    window: Floats = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)  # periodic Hann
    return window


def _log_mel(frames: Floats) -> Floats:
    """(N, 400) samples → (N, 80)."""
    spectrum = np.fft.rfft(frames * _window(), FFT_SIZE)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) / WINDOW_SAMPLES
    mel: Floats = (np.log(power @ mel_filters() + np.float32(FLOOR)) - np.float32(MEAN)) / np.float32(SCALE)
    return mel


class LogMel:
    """Streaming log-mel. State: at most 240 + 159 samples, whatever was fed."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all audio: the next sample is the first of a stream."""
        self._tail: Floats = np.zeros(CONTEXT_SAMPLES, np.float32)

    def __call__(self, samples: Floats) -> Floats:
        """Feeds (N,) samples, returns (K, 80): one row for each hop that they completed.

        Raises:
            ValueError: if samples are not one-dimensional.
        """
        if samples.ndim != 1:
            raise ValueError(f"audio must be mono, shape (N,); got {samples.shape}: mix the channels first")
        audio = np.concatenate([self._tail, samples.astype(np.float32, copy=False)])
        hops = (audio.size - CONTEXT_SAMPLES) // HOP_SAMPLES
        if hops <= 0:
            self._tail = audio
            return np.empty((0, BINS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(audio, WINDOW_SAMPLES)[::HOP_SAMPLES][:hops]
        mel = _log_mel(frames)
        self._tail = audio[hops * HOP_SAMPLES :].copy()  # copy: a view would keep the whole block alive
        return mel


def log_mel(samples: Floats) -> Floats:
    """Log-mel of a whole recording: (N,) → (N // 160, 80)."""
    return LogMel()(samples)
