"""A take at another rate than the face's: what is added to it is made in time between, then written."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from bridge.frames import RigFrame
from bridge.takes import Take
from bridge.takes.rate import MIDDLE, Retimed


class RatedTake:
    """Hands to another take what was added to it, at that take's rate."""

    def __init__(self, take: Take, rate_hz: float, *, phase: float = MIDDLE) -> None:
        self.path: Path = take.path
        self._take = take
        self._retimed: Retimed | None = Retimed(rate_hz, phase=phase)

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame, 50 a second.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        if self._retimed is None:
            raise ValueError(f"{self.path} is finished; open another take")
        for made in self._retimed(frame):
            self._take.add(made)

    def finish(self) -> None:
        """Writes what is left to write; `close` then only renames.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        if self._retimed is not None:
            for made in self._retimed.rest():
                self._take.add(made)
            self._retimed = None
        self._take.finish()

    def close(self) -> None:
        """Completes the take, finishing it if need be.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        try:
            self.finish()
        except OSError:
            self.discard()
            raise
        self._take.close()

    def discard(self) -> None:
        """Forgets the take and removes what was written of it."""
        self._take.discard()

    def __enter__(self) -> RatedTake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
