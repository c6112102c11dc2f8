"""An actor's own neutral: a face, caught as it is, that is to count as the resting one from then on.

Catches landmarks alone: a glance or a turn of the head is no feature of a face.
"""

from __future__ import annotations

import time

import numpy as np

from bridge.frames import Floats
from bridge.gains import SPEECH

OFFSET_FRAMES = 20  # 0.4 s
"""A neutral that was caught, or let go, is reached in so many frames."""
POLL_S = 0.005


class OwnNeutral:
    """What is taken off every displacement. All but `settle` and `offset_for` from any thread; the loop calls those."""

    def __init__(self) -> None:
        self._wish: Floats | bool | None = None  # a face kept, catch or let go, or nothing
        self._to: Floats | None = None
        self._now: Floats | None = None  # None: nothing is taken off
        self._left = 0
        self._asked_at = -float("inf")

    @property
    def held(self) -> bool:
        """Whether an own neutral is in force, or about to be."""
        wish = self._wish
        return self._to is not None if wish is None else wish is not False

    def caught(self, within_s: float) -> tuple[bool, Floats | None]:
        """Whether no face is to be caught any more, and the (68, 3) that is taken off.

        Waits for a face until `within_s` after it was asked for, so that asking again and again waits once.
        """
        ends_at = self._asked_at + within_s
        while self._wish is True and time.perf_counter() < ends_at:
            time.sleep(POLL_S)
        wish, to = self._wish, self._to  # in this order: the loop fills the one before it empties the other
        if isinstance(wish, np.ndarray):
            return True, wish
        return wish is not True, to if wish is None else None

    def catch(self) -> None:
        """The face of the next frame becomes the neutral one."""
        if self._wish is not True:
            self._asked_at = time.perf_counter()
        self._wish = True

    def let_go(self) -> None:
        """Back to the neutral face that the bridge knows."""
        self._wish = False

    def keep(self, offset: Floats) -> None:
        """A face (68, 3) that was caught at another time, as `caught` gave it, is the neutral one again."""
        self._wish = np.array(offset, np.float32)

    def settle(self) -> None:
        """A stream begins: what was on its way has arrived."""
        if isinstance(self._wish, np.ndarray):
            self._to, self._wish = self._wish, None
        self._now, self._left = self._to, 0

    def offset_for(self, moved: Floats, openness: float) -> Floats | None:
        """What to take off this frame; None for nothing.

        Args:
            moved: (68, 3) cm, displacement of this frame from the bridge's neutral.
            openness: how far speech is let through, 0..1: a mouth that is held shut shows nothing of its motion.
        """
        wish = self._wish
        if wish is not None:
            if isinstance(wish, np.ndarray):
                self._to = wish
            else:
                self._to = moved * (1 - SPEECH + SPEECH * np.float32(openness)) if wish else None
            if self._wish is wish:  # unless somebody asked for another meanwhile
                self._wish = None
            self._left = OFFSET_FRAMES
        if self._left:
            now = np.zeros_like(moved) if self._now is None else self._now
            goal = np.float32(0) if self._to is None else self._to
            self._now = now + (goal - now) * np.float32(1 / self._left)
            self._left -= 1
            if not self._left:
                self._now = self._to
        return self._now
