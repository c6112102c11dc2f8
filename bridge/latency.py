"""The stage clock: what a frame costs, how late it is, what was lost.

The wall clock of this house is `time.perf_counter`: `time.monotonic` ticks only every 16 ms on Windows before
Python 3.13, and a cue frame is 20 ms long.

Everything is bounded: rings of the last `WINDOW` values, a short list of heard blocks, a fixed set of
counters. One thread writes (the loop), any thread may ask for `summary()`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from bridge.frames import RATE_HZ, AudioBlock

WINDOW = 3000
"""Values kept for percentiles: one minute of frames."""
HEARD_BLOCKS = 512
"""Blocks whose hearing time is kept: seconds of audio at any usual block size."""
FPS_SECONDS = 2.0
"""Span over which frames a second are counted."""

STAGES = ("features", "network", "direction", "retarget", "sinks")
"""Names of the stages a frame passes, in order."""
COUNTERS = ("gaps", "gap_samples", "jumps", "late_blocks", "bad_samples", "sink_errors")
"""What may go wrong in the loop, each counted:

gaps filled with silence and their samples, gaps too long to fill, blocks from the past (dropped or cut),
samples that were not finite or absurdly loud, and sends on which a sink raised.
"""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """p50 and p99 of a window, milliseconds; 0 while nothing was measured."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """One reading of the meter, for a status line."""

    frames: int
    """Frames since the start or the last reset."""
    fps: float
    """Frames a second, over the last `FPS_SECONDS`."""
    latency: Percentiles
    """From sound heard to frame made; 0 for sources that are not in real time."""
    compute: Percentiles
    """Time of one frame in all stages together."""
    stages: dict[str, Percentiles]
    """Time of one frame in each of `STAGES`."""
    counts: dict[str, int]
    """Each of `COUNTERS`."""


class _Ring:
    """The last `WINDOW` values."""

    __slots__ = ("_values", "count")

    def __init__(self) -> None:
        self._values = np.zeros(WINDOW)
        self.count = 0

    def add(self, value: float) -> None:
        self._values[self.count % WINDOW] = value
        self.count += 1

    def last(self) -> float:
        return float(self._values[(self.count - 1) % WINDOW])

    def percentiles(self) -> Percentiles:
        held = self._values[: min(self.count, WINDOW)]
        if not held.size:
            return Percentiles(0.0, 0.0)
        p50, p99 = np.percentile(held, (50, 99))
        return Percentiles(1e3 * float(p50), 1e3 * float(p99))


class _Stage:
    """Times a `with` block and adds it to what the stage has cost since the last frame."""

    __slots__ = ("_started", "spent_s")

    def __init__(self) -> None:
        self.spent_s = 0.0
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.spent_s += time.perf_counter() - self._started


class LatencyMeter:
    """Stage clock, percentiles and counters of one loop.

    Args:
        realtime: whether blocks arrive as they are spoken; if not, every latency is 0.
    """

    def __init__(self, *, realtime: bool = True) -> None:
        self.realtime = realtime
        self.reset()

    def reset(self) -> None:
        """Forgets all measurements."""
        self._heard: deque[tuple[float, float, float]] = deque(maxlen=HEARD_BLOCKS)
        self._stages = {name: _Stage() for name in STAGES}
        self._costs = {name: _Ring() for name in STAGES}
        self._compute = _Ring()
        self._latency = _Ring()
        self._stamps: deque[float] = deque(maxlen=512)
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._frames = 0

    def heard(self, block: AudioBlock) -> None:
        """Notes when a block of sound was heard."""
        end_s = block.time_s + block.samples.size / RATE_HZ
        self._heard.append((block.time_s, end_s, block.captured_at))

    def latency_of(self, time_s: float) -> float:
        """Seconds since the sound at audio time `time_s` was heard; 0.0 when not in real time.

        A time outside all blocks that are remembered is reckoned from the nearest of them.
        """
        if not self.realtime or not self._heard:
            return 0.0
        _, end_s, captured_at = self._heard[-1]
        for start_s, earlier_end_s, earlier_captured_at in reversed(self._heard):
            if earlier_end_s <= time_s:
                break  # in a gap: the block after it tells the time
            end_s, captured_at = earlier_end_s, earlier_captured_at
            if start_s <= time_s:
                break
        return max(0.0, time.perf_counter() - (captured_at - (end_s - time_s)))

    def stage(self, name: str) -> _Stage:
        """`with meter.stage("network"):` adds the time of the block to that stage."""
        return self._stages[name]

    def frames_made(self, latencies_s: list[float]) -> None:
        """Closes the account of some frames (≥ 1) that left the loop together, given their latencies.

        What the stages cost since the last call is shared out evenly among the frames.
        """
        made = len(latencies_s)
        total = 0.0
        for name, stage in self._stages.items():
            total += stage.spent_s
            self._costs[name].add(stage.spent_s / made)
            stage.spent_s = 0.0
        self._compute.add(total / made)
        now = time.perf_counter()
        for latency_s in latencies_s:
            self._latency.add(latency_s)
            self._stamps.append(now)
        self._frames += made

    def last_ms(self, name: str) -> float:
        """Milliseconds that a stage took for the newest frame; 0 before the first."""
        return 1e3 * self._costs[name].last()

    def count(self, name: str, by: int = 1) -> None:
        """Adds to one of `COUNTERS`."""
        self._counts[name] += by

    def summary(self) -> LatencySummary:
        """The state of things now; may be called from another thread than the loop's."""
        now = time.perf_counter()
        stamps = list(self._stamps)
        recent = sum(1 for stamp in stamps if now - stamp <= FPS_SECONDS)
        # at the start less than the whole span has passed
        span = min(FPS_SECONDS, now - stamps[0]) if stamps else FPS_SECONDS
        return LatencySummary(
            frames=self._frames,
            fps=recent / span if span > 0 else 0.0,
            latency=self._latency.percentiles(),
            compute=self._compute.percentiles(),
            stages={name: ring.percentiles() for name, ring in self._costs.items()},
            counts=dict(self._counts),
        )


class Pace:
    """Ticks of the wall clock, for frames that no sound drives: returns from `wait()` every `period_s`.

    The first tick is at once; a late caller is not hurried to catch up.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next = time.perf_counter()
        self._never = threading.Event()

    def wait(self) -> None:
        """Sleeps until the next tick."""
        now = time.perf_counter()
        if self._next > now:
            self._never.wait(self._next - now)
        self._next = max(self._next, now) + self._period_s
