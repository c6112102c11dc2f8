"""An actor's own neutral: a face, caught as it is, that is to count as the resting one from then on.

Catches landmarks alone: a glance or a turn of the head is no feature of a face.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import Floats
from bridge.gains import SPEECH

OFFSET_FRAMES = 20  # 0.4 s
"""A neutral that was caught, or let go, is reached in so many frames."""


class OwnNeutral:
    """What is taken off every displacement. `catch` and `let_go` from any thread; the loop calls `offset_for`."""

    def __init__(self) -> None:
        self._wish: bool | None = None  # catch, let go, or nothing
        self._to: Floats | None = None
        self._now: Floats | None = None  # None: nothing is taken off
        self._left = 0

    @property
    def held(self) -> bool:
        """Whether an own neutral is in force, or about to be."""
        return self._to is not None if self._wish is None else self._wish

    def catch(self) -> None:
        """The face of the next frame becomes the neutral one."""
        self._wish = True

    def let_go(self) -> None:
        """Back to the neutral face that the bridge knows."""
        self._wish = False

    def settle(self) -> None:
        """A stream begins: what was on its way has arrived."""
        self._now, self._left = self._to, 0

    def offset_for(self, moved: Floats, openness: float) -> Floats | None:
        """What to take off this frame; None for nothing.

        Args:
            moved: (68, 3) cm, displacement of this frame from the bridge's neutral.
            openness: how far speech is let through, 0..1: a mouth that is held shut shows nothing of its motion.
        """
        wish = self._wish
        if wish is not None:
            self._wish = None
            self._to = moved * (1 - SPEECH + SPEECH * np.float32(openness)) if wish else None
            self._left = OFFSET_FRAMES
        if self._left:
            now = np.zeros_like(moved) if self._now is None else self._now
            goal = np.float32(0) if self._to is None else self._to
            self._now = now + (goal - now) * np.float32(1 / self._left)
            self._left -= 1
            if not self._left:
                self._now = self._to
        return self._now
