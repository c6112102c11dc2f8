"""One viseme at a time, for drawn and sprite characters: curves of a viseme rig → the name to show.

Mouths that change more than about 8 times a second, or for less than 120 ms, look like jitter: a viseme is held for
`HOLD_FRAMES` at least, and no second, wherever it begins, has more than `MOST_CHANGES`. A viseme is left only for
one that is clearly stronger. What was strong while another was held is remembered, fading: lips that close for p, b
or m close on the screen a little late rather than never.

`Visemes` streams, one frame in, one name out. `best_visemes` has the whole take before it and chooses, of all ways that
keep the rules, the one that shows most of the curves: nothing is late there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bridge.frames import CUE_RATE_HZ, Floats

HOLD_FRAMES = 6
"""120 ms."""
MOST_CHANGES = 8
"""Within any second."""
MARGIN = 0.2
"""By so much another viseme must be stronger than the one that is shown."""
MEMORY = 0.85
"""What a frame leaves of a viseme's strength while another is held."""

JUMP_S = 0.5
"""Frames further apart than this belong to two streams: the sound jumped."""
_EXACT_S = 1e-6  # sums of frame times are that exact

TAKE_HOLD_FRAMES = 7
"""In a take: nine changes then lie 56 frames apart at least, so that no count is needed."""
CHANGE_COST = 0.1
"""A change in a take must gain so much, in frames of a whole viseme."""


class Shown(NamedTuple):
    """A stretch of one viseme."""

    start_s: float
    """Audio time at which it begins: the beginning of its first frame."""
    end_s: float
    name: str


class Visemes:
    """Streaming, one frame at a time; the first frame's strongest viseme is shown from the start.

    Args:
        names: the curves of the rig, in its order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        if not names:
            raise ValueError("a rig of visemes has at least one curve; this one has none")
        self.names = tuple(names)
        self.reset()

    def reset(self) -> None:
        """Forgets the stream."""
        self._shown: int | None = None
        self._time_s = 0.0
        self._since_s = 0.0  # when what is shown began
        self._changes: deque[float] = deque(maxlen=MOST_CHANGES)
        self._strength: Floats = np.zeros(len(self.names), np.float32)

    def __call__(self, values: Floats, time_s: float | None = None) -> str:
        """The viseme of the next frame.

        Args:
            values: (len(names),) curves of the rig.
            time_s: its audio time, where frames come at another rate; a jump begins a new stream. None: 20 ms later.
        """
        step_s = 1 / CUE_RATE_HZ if time_s is None else time_s - self._time_s
        if self._shown is not None and not 0.0 < step_s <= JUMP_S:
            self.reset()
        if self._shown is None:
            now_s = self._since_s = 0.0 if time_s is None else time_s
        else:
            now_s = self._time_s + step_s
        self._time_s = now_s
        memory = MEMORY if time_s is None else MEMORY ** (step_s * CUE_RATE_HZ)
        np.maximum(values, self._strength * np.float32(memory), out=self._strength)
        if self._shown is None:
            self._shown = int(self._strength.argmax())
        elif self._may_change:
            self._strength[self._shown] = values[self._shown]  # it was seen: no memory of it is needed
            strongest = int(self._strength.argmax())
            if strongest != self._shown and self._strength[strongest] > values[self._shown] + MARGIN:
                self._shown = strongest
                self._changes.append(now_s)
                self._since_s = now_s
            self._strength[:] = values  # what waited has been heard
        return self.names[self._shown]

    @property
    def _may_change(self) -> bool:
        full = len(self._changes) == MOST_CHANGES and self._time_s - self._changes[0] < 1.0 + _EXACT_S
        return self._time_s - self._since_s > HOLD_FRAMES / CUE_RATE_HZ - _EXACT_S and not full


def best_visemes(names: Sequence[str], values: Floats, hold_frames: int | None = None) -> list[str]:
    """The viseme of each frame of a whole take: the most of `values` that can be shown within the rules.

    Args:
        names: the curves of the rig, in its order.
        values: (T, len(names)) curves of every frame.
        hold_frames: each is shown for so many at least; `TAKE_HOLD_FRAMES` by default.
    """
    frames, kinds = values.shape
    hold = min(TAKE_HOLD_FRAMES if hold_frames is None else hold_frames, frames)
    if not frames:
        return []
    values = values * values  # a sure viseme, such as lips shut, counts more than a long doubtful one
    mass = np.concatenate([np.zeros((1, kinds)), np.cumsum(values, 0, dtype=np.float64)])
    best = np.full((frames + 1, kinds), -np.inf)  # of the first t frames, ending in k held long enough
    came = np.full((frames + 1, kinds), -1)  # viseme before k's stretch if that is `hold` long; −1: k goes on
    best[hold] = mass[hold]
    for t in range(hold + 1, frames + 1):
        best[t] = best[t - 1] + values[t - 1]
        if t < 2 * hold:
            continue
        before = best[t - hold]
        first = int(before.argmax())
        from_other = np.full(kinds, before[first])
        from_other[first] = np.delete(before, first).max(initial=-np.inf)
        begun = from_other + mass[t] - mass[t - hold] - CHANGE_COST
        better = begun > best[t]
        best[t][better] = begun[better]
        came[t][better] = first
        if better[first]:
            came[t][first] = int(np.where(np.arange(kinds) == first, -np.inf, before).argmax())
    shown: list[str] = []
    t, k = frames, int(best[frames].argmax())
    while t > 0:
        length = t if t <= hold else 1 if came[t][k] < 0 else hold
        shown += [names[k]] * length
        if came[t][k] >= 0:
            t, k = t - hold, int(came[t][k])
        else:
            t -= length
    return shown[::-1]


def stretches(names: Iterable[str]) -> list[Shown]:
    """What is shown frame by frame (50 a second, from time 0) as stretches, in order and without gaps."""
    shown: list[Shown] = []
    for n, name in enumerate(names):
        start, end = n / CUE_RATE_HZ, (n + 1) / CUE_RATE_HZ
        if shown and shown[-1].name == name:
            shown[-1] = Shown(shown[-1].start_s, end, name)
        else:
            shown.append(Shown(start, end, name))
    return shown
