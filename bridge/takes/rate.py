"""A performance at another rate: frames made in time between those of the face, as films and scenes count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.sinks.between import between, held

RATES = (24, 25, 30, 50, 60)
"""Frames a second that films and scenes have."""


def at_rate(frames: Iterable[RigFrame], rate_hz: float) -> Iterator[RigFrame]:
    """The frames of a performance at (n + 0.5) / `rate_hz`, n = 0, 1, …, as many as its length holds.

    What lies before the first frame's time or after the last one's is that frame, held. Nothing is kept but two frames.
    """
    if rate_hz <= 0:
        raise ValueError(f"{rate_hz:g} frames a second cannot be; {RATES[0]} to {RATES[-1]} are usual")
    n, before = 0, None
    for frame in frames:
        while (time_s := (n + 0.5) / rate_hz) <= frame.cues.time_s:
            yield held(frame, time_s, n) if before is None else between(before, frame, time_s, n)
            n += 1
        before = frame
    if before is None:
        return
    end_s = before.cues.time_s + 0.5 / CUE_RATE_HZ
    while (time_s := (n + 0.5) / rate_hz) < end_s:
        yield held(before, time_s, n)
        n += 1
