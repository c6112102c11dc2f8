"""A performance at another rate: frames made in time between those of the face, as films and scenes count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.sinks.between import between, held

RATES = (24, 25, 30, 50, 60)
"""Frames a second that films and scenes have."""
MIDDLE = 0.5
"""Frame n shows the middle of its stretch of time, (n + 0.5) / rate: for takes that say when a frame is."""
START = 0.0
"""Frame n shows its beginning, n / rate: for takes whose readers count frames from time 0."""
_TIE_S = 1e-9
"""A frame that would lie on the very end is left out, however the sum was rounded."""


class Retimed:
    """Frames in, frames at another rate out; keeps nothing but the last frame.

    Raises:
        ValueError: if the rate is not above zero.
    """

    def __init__(self, rate_hz: float, *, given_hz: float = CUE_RATE_HZ, phase: float = MIDDLE) -> None:
        if rate_hz <= 0:
            raise ValueError(f"{rate_hz:g} frames a second cannot be; {RATES[0]} to {RATES[-1]} are usual")
        self._rate_hz = rate_hz
        self._half_s = 0.5 / given_hz
        self._phase = phase
        self._n = 0
        self._before: RigFrame | None = None

    def __call__(self, frame: RigFrame) -> Iterator[RigFrame]:
        """The frames up to the time of the next one given."""
        while (time_s := self._time_s) <= frame.cues.time_s:
            before = self._before
            yield held(frame, time_s, self._n) if before is None else between(before, frame, time_s, self._n)
            self._n += 1
        self._before = frame

    def rest(self) -> Iterator[RigFrame]:
        """The frames after the last one given, held, to the end of its stretch of time."""
        if self._before is None:
            return
        end_s = self._before.cues.time_s + self._half_s - _TIE_S
        while (time_s := self._time_s) < end_s:
            yield held(self._before, time_s, self._n)
            self._n += 1

    @property
    def _time_s(self) -> float:
        return (self._n + self._phase) / self._rate_hz


def at_rate(
    frames: Iterable[RigFrame], rate_hz: float, *, given_hz: float = CUE_RATE_HZ, phase: float = MIDDLE
) -> Iterator[RigFrame]:
    """The frames of a performance at (n + `phase`) / `rate_hz`, n = 0, 1, …, as many as its length holds.

    What lies before the first frame's time or after the last one's is that frame, held. Nothing is kept but two frames.

    Args:
        frames: in order of time.
        rate_hz: frames a second wanted.
        given_hz: frames a second of `frames`.
        phase: `MIDDLE` or `START`.

    Raises:
        ValueError: if the rate is not above zero.
    """
    retimed = Retimed(rate_hz, given_hz=given_hz, phase=phase)
    for frame in frames:
        yield from retimed(frame)
    yield from retimed.rest()
