"""Keeps audio time true: what a source hands out becomes one run of samples without holes or repeats."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from bridge.frames import FRAME_SAMPLES, RATE_HZ, AudioBlock, Floats
from bridge.latency import LatencyMeter

MAX_FILL_SAMPLES = 2 * RATE_HZ
"""A longer gap is jumped over instead of filled with silence."""
LOUDEST = 8.0
"""Samples beyond ± this are damage, not sound; full scale is 1."""


def cleaned(samples: Floats, meter: LatencyMeter) -> Floats:
    """The samples (N,) as float32, with what cannot be sound silenced and counted.

    Raises:
        ValueError: if they are not one-dimensional.
    """
    if samples.ndim != 1:
        raise ValueError(f"audio must be mono, shape (N,); got {samples.shape}: mix the channels first")
    samples = samples.astype(np.float32, copy=False)
    # a NaN makes both comparisons false
    if not samples.size or (samples.max() <= LOUDEST and samples.min() >= -LOUDEST):
        return samples
    with np.errstate(invalid="ignore"):
        good = np.abs(samples) <= LOUDEST
    meter.count("bad_samples", samples.size - int(good.sum()))
    return np.where(good, samples, np.float32(0))


def continued(block: AudioBlock, position: int, meter: LatencyMeter) -> tuple[int | None, Floats]:
    """What `block` adds to a stream that has `position` samples so far.

    Returns:
        The frame at which the stream goes on if the gap before the block is too long to fill, else None; and
        the samples (N,) to add, with silence in front for a gap, without what lies before `position`.
    """
    samples = cleaned(block.samples, meter)
    if not math.isfinite(block.time_s):
        meter.count("late_blocks")
        return None, samples[:0]
    start = math.floor(block.time_s * RATE_HZ + 0.5)
    ahead = start - position
    if ahead < 0:
        meter.count("late_blocks")
        return None, samples[-ahead:]
    if ahead == 0:
        return None, samples
    first = None
    if ahead > MAX_FILL_SAMPLES:
        meter.count("jumps")
        first, ahead = divmod(start, FRAME_SAMPLES)  # frames begin on the grid of the whole stream
    else:
        meter.count("gaps")
        meter.count("gap_samples", ahead)
    return first, np.concatenate([np.zeros(ahead, np.float32), samples])


class FrameLevels:
    """Loudness of every frame of 20 ms, the same whatever the blocks. State: what does not fill a frame yet."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all sound; the next sample is the first of a frame."""
        self._rest: Floats = np.zeros(0, np.float32)
        self._levels: deque[float] = deque()

    def feed(self, samples: Floats) -> None:
        """Takes (N,) samples."""
        heard = np.concatenate([self._rest, samples])
        whole = heard.size // FRAME_SAMPLES * FRAME_SAMPLES
        frames = heard[:whole].reshape(-1, FRAME_SAMPLES)
        self._levels.extend((10 * np.log10((frames * frames).mean(axis=1) + 1e-12)).tolist())
        self._rest = heard[whole:]

    def take(self) -> float:
        """Loudness (RMS) of the next frame in dBFS; −120 for one that was not heard."""
        return self._levels.popleft() if self._levels else -120.0


def level_dbfs(samples: Floats) -> float:
    """Loudness (RMS) of (N,) samples against full scale; −120 for silence and for none."""
    power = float(samples @ samples) / samples.size if samples.size else 0.0
    return 10 * math.log10(power + 1e-12)
