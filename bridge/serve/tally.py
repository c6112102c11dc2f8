"""What a server did since it opened, for a status line. Written by its own threads, read by any."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

RATE_S = 2.0
"""Span over which frames a second are counted."""


@dataclass(slots=True)
class Tally:
    """Counters."""

    running: int = 0
    """Streams now."""
    finished: int = 0
    """Streams that came to their end."""
    cancelled: int = 0
    """Streams that their clients left."""
    frames: int = 0
    sound_s: float = 0.0
    """Seconds of sound heard."""
    worked_s: float = 0.0
    """Seconds of processor time for them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=256))

    def add(
        self,
        *,
        finished: int = 0,
        cancelled: int = 0,
        frames: int = 0,
        sound_s: float = 0.0,
        worked_s: float = 0.0,
    ) -> None:
        """Adds to the counters."""
        with self._lock:
            self.finished += finished
            self.cancelled += cancelled
            self.frames += frames
            self.sound_s += sound_s
            self.worked_s += worked_s

    def fps(self) -> float:
        """Frames a second of late; ask now and then."""
        now = time.perf_counter()
        self._seen.append((now, self.frames))
        while len(self._seen) > 2 and now - self._seen[1][0] >= RATE_S:
            self._seen.popleft()
        then, frames = self._seen[0]
        return (self.frames - frames) / (now - then) if now > then else 0.0

    def line(self) -> str:
        """Everything in one line."""
        text = f"{self.running} running, {self.finished} finished, {self.cancelled} left"
        text += f" | {self.frames} frames, {self.fps():.0f} a second | {self.sound_s:.1f} s of sound"
        if self.worked_s > 0:
            text += f" at {self.sound_s / self.worked_s:.0f} x real time"
        return text
