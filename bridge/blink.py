"""When the eyes blink, and how the lids move then: human statistics, in audio time, repeatable for a seed."""

from __future__ import annotations

import math
import random

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats
from bridge.smoothstep import smoothstep

CLOSING_S, CLOSED_S, OPENING_S = 0.08, 0.04, 0.15
MAX_LAG_S = 0.015
"""One eye may follow the other by this much: less than a frame."""
BLINK_S = CLOSING_S + CLOSED_S + OPENING_S + MAX_LAG_S
MIN_PAUSE_S = 0.5
"""Eyes stay open at least this long between two blinks."""
SPREAD = 0.7
"""Sigma of the log-normal part of the intervals."""
PAUSE_CHANCE = 0.4
"""Chance that the end of a phrase brings the next blink forward."""
PAUSE_REACH = 0.6
"""A blink is brought forward if it was due within this share of a mean interval: the debt stays bounded."""
PAUSE_DELAY_S = (0.04, 0.25)
"""A blink brought forward starts this long after the voice fell silent."""
MAX_RATE_PER_MIN = 60.0
USUAL_PER_MIN = {"reader": 48.0, "speaker": 21.0, "actor": 8.0}
"""As people were tracked: one who reads commands and blinks after each, ten in natural talk, actors before a camera."""
MOODS = np.array([0.56, 1.37, 0.97, 0.63, 0.98, 0.99, 1.75, 0.75], np.float32)
"""How much more often under each of `EMOTIONS`: 18 blinks in 141 s of tracked actors and acted talk, each emotion's
rate drawn to an actor's usual one as if half a minute of that had been seen (so little says no more)."""
SPEAKING = 0.5
"""Gate openness that counts as speech."""

BROW_DIP_CM = 0.06
"""Brows sink by this in a full blink."""

_UPPER, _LOWER = np.array(face.UPPER_LID), np.array(face.LOWER_LID)  # right eye twice, left eye twice
_RIGHT_BROW = slice(face.RIGHT_BROW[0], face.RIGHT_BROW[-1] + 1)
_LEFT_BROW = slice(face.LEFT_BROW[0], face.LEFT_BROW[-1] + 1)


def closure(age_s: float) -> float:
    """How far a lid is closed, 0..1, `age_s` seconds after its blink began."""
    if age_s <= 0.0 or age_s >= CLOSING_S + CLOSED_S + OPENING_S:
        return 0.0
    if age_s < CLOSING_S:
        x = age_s / CLOSING_S
    elif age_s <= CLOSING_S + CLOSED_S:
        return 1.0
    else:
        x = 1.0 - (age_s - CLOSING_S - CLOSED_S) / OPENING_S
    return smoothstep(x)


def usual_rate(style: str, emotion: Floats, share: float) -> float:
    """Mean blinks a minute in the manner of `style`, `share` (0..1) of them as often as under emotion (8,)."""
    return USUAL_PER_MIN[style] * (1.0 + share * (float(emotion @ MOODS) - 1.0))


class Blinks:
    """The blinks of one face. Feed it frames in order of time.

    Intervals from blink to blink are a shortest interval plus a log-normal one, so that the mean is
    60 / rate; a blink that a pause in speech brings forward lengthens the interval after it by as much.

    Args:
        rate_per_min: mean blinks a minute, 0..60; 0 = never.
        seed: two streams with one seed and the same gate blink alike.
    """

    def __init__(self, rate_per_min: float, seed: int) -> None:
        self.rate_per_min = rate_per_min
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Starts the stream again, blink for blink."""
        self._random = random.Random(self._seed)
        self._start_s: float | None = None  # of the blink under way or to come; None before the first frame
        self._lags_s = (0.0, 0.0)
        self._earliest_s = 0.0
        self._owed_s = 0.0
        self._moved = False
        self._spoke = False

    def __call__(self, time_s: float, gate: float) -> tuple[float, float]:
        """The closure of (right eye, left eye), 0 open … 1 closed, at audio time `time_s`."""
        fell = self._spoke and gate < SPEAKING
        self._spoke = gate >= SPEAKING
        if self.rate_per_min <= 0.0:
            self._start_s = None
            return 0.0, 0.0
        start_s = self._start_s
        if start_s is None:
            start_s = self._schedule(time_s)
        elif time_s >= start_s + BLINK_S:
            # a blink long past (time jumped) counts as one that has just ended
            start_s = self._schedule(max(start_s, time_s - 2 * BLINK_S))
        elif fell and not self._moved and time_s < start_s and self._random.random() < PAUSE_CHANCE:
            start_s = self._bring_forward(time_s, start_s)
        self._start_s = start_s
        right, left = self._lags_s
        return closure(time_s - start_s - right), closure(time_s - start_s - left)

    def _schedule(self, last_s: float) -> float:
        """Draws the start of the next blink, counted from the start of the last one."""
        shortest_s = BLINK_S + MIN_PAUSE_S
        mean_s = 60.0 / min(self.rate_per_min, MAX_RATE_PER_MIN) - shortest_s
        more_s = self._random.lognormvariate(math.log(mean_s) - SPREAD * SPREAD / 2, SPREAD)
        lag_s = self._random.uniform(-MAX_LAG_S, MAX_LAG_S)
        self._lags_s = (max(0.0, lag_s), max(0.0, -lag_s))
        start_s = last_s + shortest_s + more_s + self._owed_s
        self._earliest_s = last_s + shortest_s
        self._owed_s = 0.0
        self._moved = False
        return start_s

    def _bring_forward(self, time_s: float, start_s: float) -> float:
        sooner_s = max(time_s + self._random.uniform(*PAUSE_DELAY_S), self._earliest_s)
        if sooner_s >= start_s or start_s - time_s > PAUSE_REACH * 60.0 / self.rate_per_min:
            return start_s
        self._owed_s = start_s - sooner_s
        self._moved = True
        return sooner_s


def close_lids(landmarks: Floats, right: float, left: float, open_cm: list[float]) -> None:
    """Closes the eyes of (68, 3) landmarks in place; upper lids meet lower lids and never pass them.

    The lids' own motion is kept: of its gap and the blink's, the smaller holds.

    Args:
        landmarks: (68, 3) cm, changed in place.
        right: closure of the right eye, 0..1.
        left: closure of the left eye, 0..1.
        open_cm: heights of the gaps of the resting face, one for each point of `UPPER_LID`.
    """
    gaps = landmarks[_UPPER] - landmarks[_LOWER]
    heights: list[float] = gaps[:, 1].tolist()
    if right <= 0.0 and left <= 0.0:
        if min(heights) >= 0.0:
            return
        right = left = 0.0
    shares = []
    for height, open_height, closed in zip(heights, open_cm, (right, right, left, left), strict=True):
        allowed = (1.0 - closed) * max(height, open_height)
        shares.append(min(1.0, max(0.0, allowed) / height) if height > 0.0 else 0.0)
    landmarks[_UPPER] = landmarks[_LOWER] + gaps * np.array(shares, np.float32)[:, None]
    landmarks[_RIGHT_BROW, 1] -= np.float32(BROW_DIP_CM * right)
    landmarks[_LEFT_BROW, 1] -= np.float32(BROW_DIP_CM * left)
