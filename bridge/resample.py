"""Any rate and channel count → 16 kHz mono float32, streaming, aligned in time.

Two ways, one contract: output sample m is the sound at m/16000 s of the input, N input samples give
round(N·16000/rate) output samples, and chunked equals whole.

* for files, soxr HQ: it works in large FFT blocks and holds back 40–120 ms, which a file does not mind;
* for live sound, a windowed sinc of our own that holds back 24 zero crossings (1.5 ms at 16 kHz and above):
  soxr's least delay with an anti-alias filter is 20 ms, and without one hiss folds into the speech band.

Samples that are not finite become 0 and are counted: one NaN would stay in every filter and network after.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
import numpy.typing as npt

from bridge.frames import RATE_HZ, Floats

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 768_000
"""Rates that are believed; others are a broken header."""
ZERO_CROSSINGS = 24
KAISER_BETA = 8.0  # 80 dB down, falling from about 7.3 kHz to 8.7 kHz
MAX_PHASES = 512  # sub-sample positions held; more are rounded to these: noise below -70 dB
LIMIT = 1e4  # keeps squares of absurd but finite samples finite
_SLICE = 4096  # output samples made at once, so that memory stays bounded whatever is fed


@lru_cache(maxsize=8)
def _kernel(rate_hz: int, out_hz: int) -> tuple[int, Floats]:
    """Half length H in input samples, and the filter (phases + 1, 2·H) for sub-sample positions p/phases."""
    cutoff = min(1.0, out_hz / rate_hz)  # of the input's Nyquist frequency
    half = ceil(ZERO_CROSSINGS / cutoff)
    phases = min(out_hz // gcd(rate_hz, out_hz), MAX_PHASES)
    offset = np.arange(1 - half, half + 1) - np.arange(phases + 1)[:, None] / phases
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (offset / half) ** 2)))
    table = np.sinc(cutoff * offset) * window
    table /= table.sum(1, keepdims=True)  # a constant stays what it is at every phase
    return half, table.astype(np.float32)


class Sinc:
    """Streaming windowed-sinc resampler of mono sound, any rate to any rate, low delay."""

    def __init__(self, rate_hz: int, out_hz: int = RATE_HZ) -> None:
        self._rate_hz, self._out_hz = rate_hz, out_hz
        self._half, self._table = _kernel(rate_hz, out_hz)
        self.delay_s = self._half / rate_hz
        """Seconds of input that must follow a sample before it comes out."""
        self.reset()

    def reset(self) -> None:
        """Forgets all sound: the next sample is the first of a stream."""
        self._first = 1 - self._half  # input index of the first sample held
        self._held: Floats = np.zeros(self._half - 1, np.float32)
        self._fed = 0
        self._made = 0

    def __call__(self, samples: Floats) -> Floats:
        """Feeds (N,) samples, returns the (K,) output samples that they complete."""
        self._fed += samples.size
        return self._run(samples, None)

    def flush(self) -> Floats:
        """The samples held back; the stream ends here."""
        total = (2 * self._fed * self._out_hz + self._rate_hz) // (2 * self._rate_hz)
        return self._run(np.zeros(self._half + 1, np.float32), total)

    def _run(self, samples: Floats, until: int | None) -> Floats:
        audio = np.concatenate([self._held, samples])
        # Output m sits at input position m·rate/out and needs H samples past it.
        last = self._first + audio.size - 1 - self._half
        end = 0 if last < 0 else ((last + 1) * self._out_hz - 1) // self._rate_hz + 1
        end = end if until is None else min(end, until)
        parts = []
        while self._made < end:
            m = np.arange(self._made, min(end, self._made + _SLICE), dtype=np.int64)
            whole, rest = np.divmod(m * self._rate_hz, self._out_hz)
            phase = (rest * (len(self._table) - 1) + self._out_hz // 2) // self._out_hz
            windows = np.lib.stride_tricks.sliding_window_view(audio, 2 * self._half)
            parts.append(
                np.einsum("kt,kt->k", windows[whole - self._half + 1 - self._first], self._table[phase])
            )
            self._made += m.size
        keep = max(0, self._made * self._rate_hz // self._out_hz - self._half + 1 - self._first)
        self._first += min(keep, audio.size)
        self._held = audio[keep:].copy()  # copy: a view would keep the whole block alive
        return np.concatenate(parts) if parts else np.empty(0, np.float32)


class Resampler:
    """Mix-down and conversion to 16 kHz, with its own small delay stated."""

    def __init__(self, rate_hz: int, channels: int, *, live: bool) -> None:
        """Sets up a stream of `channels` at `rate_hz`.

        Args:
            rate_hz: samples a second of the input, 1000..768000.
            channels: channels of the input, mixed by their mean.
            live: True for the least delay, False for soxr HQ.

        Raises:
            ValueError: if the rate or the channel count is absurd.
        """
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"sample rate {rate_hz} Hz is outside {MIN_RATE_HZ}..{MAX_RATE_HZ} Hz")
        if channels < 1:
            raise ValueError(f"sound has at least 1 channel; got {channels}")
        self.rate_hz, self.channels = rate_hz, channels
        self.bad_samples = 0
        """Input samples that were NaN or infinite, and are 0 in the output."""
        self.delay_s = 0.0
        """Seconds of input held back, live; for files this is bounded by 0.12 s and does not matter."""
        self._live = live
        self.reset()

    def reset(self) -> None:
        """Forgets all sound; the count of bad samples stays."""
        self._sinc: Sinc | None = None
        self._soxr = None
        if self.rate_hz == RATE_HZ:
            return
        if self._live:
            self._sinc = Sinc(self.rate_hz)
            self.delay_s = self._sinc.delay_s
        else:
            import soxr

            self._soxr = soxr.ResampleStream(self.rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")

    def __call__(self, frames: npt.NDArray[np.floating]) -> Floats:
        """Feeds (N, channels) or, if there is one channel, (N,); returns (K,) at 16 kHz."""
        return self._convert(self._mixed(frames))

    def flush(self) -> Floats:
        """What was held back. Feed no more before `reset()`."""
        if self._sinc is not None:
            return self._sinc.flush()
        return self._convert(np.empty(0, np.float32), last=True)

    def _mixed(self, frames: npt.NDArray[np.floating]) -> Floats:
        if frames.ndim == 1 and self.channels == 1:
            frames = frames[:, None]
        if frames.ndim != 2 or frames.shape[1] != self.channels:
            raise ValueError(f"sound has shape {frames.shape}; this stream takes (N, {self.channels})")
        finite = np.isfinite(frames)
        if not finite.all():
            self.bad_samples += int(frames.size - np.count_nonzero(finite))
            frames = np.where(finite, frames, 0.0)
        mono: Floats = np.clip(frames, -LIMIT, LIMIT).mean(1, dtype=np.float32)
        return mono

    def _convert(self, mono: Floats, *, last: bool = False) -> Floats:
        if self._sinc is not None:
            return self._sinc(mono)
        if self._soxr is None:
            return mono
        converted: Floats = self._soxr.resample_chunk(mono, last=last)
        return converted
