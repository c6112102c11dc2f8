"""What goes wrong again and again, because strangers do it: counted, and told once a minute."""

from __future__ import annotations

import threading

QUIET_S = 60.0
"""So long nothing more is said; what comes meanwhile is counted."""


class Mishaps:
    """Counts, and says when a line of the log is due. Safe from any thread."""

    def __init__(self) -> None:
        self.count = 0
        """All of them."""
        self._lock = threading.Lock()
        self._told_at = -float("inf")
        self._untold = 0

    def add(self, now: float) -> int:
        """One more, at `now` seconds: how many are to be told now, this one among them; 0 = no line is due."""
        with self._lock:
            self.count += 1
            self._untold += 1
            if now - self._told_at < QUIET_S:
                return 0
            untold, self._untold, self._told_at = self._untold, 0, now
            return untold
