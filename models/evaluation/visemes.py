"""Coarse mouth shapes and how often they change: a mouth that mumbles changes too seldom, one that trembles too often.

Seven classes: closed lips (`closures.CLOSED_SHARE`); else half open or open (gap below or above half of the
clip's 5–95 % range), each rounded, neutral or spread (width in the lower, middle or upper third of its 5–95 %
range). Every mouth is measured by its own ranges, so an under-moving mouth is not punished here again. A shape
counts once it has lasted `HOLD_FRAMES`.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import CUE_RATE_HZ, Floats
from models.evaluation.closures import closed

HOLD_FRAMES = 2  # 40 ms: one frame of a 25 fps camera
STILL_CM = 0.01
"""A range below this is a mouth that does not move: one shape."""


def third(values: Floats) -> np.ndarray:
    """(T,) 0, 1 or 2: the third of the 5–95 % range; 1 where nothing moves."""
    low, high = np.quantile(values, [0.05, 0.95])
    if high - low < STILL_CM:
        return np.ones(values.size, int)
    return np.asarray(np.clip(np.floor(3 * (values - low) / (high - low)), 0, 2), int)


def shapes(gap: Floats, width: Floats) -> np.ndarray:
    """(T,) class 0..6 of gap and width (T,) cm: 0 closed, 1–3 half open, 4–6 open, rounded to spread."""
    low, high = np.quantile(gap, [0.05, 0.95])
    if high - low < STILL_CM:
        return 1 + third(width)
    wide = gap >= low + 0.5 * (high - low)
    return np.asarray(np.where(closed(gap), 0, 1 + 3 * wide + third(width)))


def changes(classes: np.ndarray) -> np.ndarray:
    """(T,) bool: frames where a new shape begins that will be held."""
    begins = np.zeros(classes.size, bool)
    current = classes[0]
    for t in range(1, classes.size - HOLD_FRAMES + 1):
        if classes[t] != current and (classes[t : t + HOLD_FRAMES] == classes[t]).all():
            begins[t] = True
            current = classes[t]
    return begins


def change_rate(gap: Floats, width: Floats, speech: np.ndarray) -> float:
    """Changes of shape a second of speech (T,) bool; NaN without speech."""
    if not speech.any():
        return float("nan")
    return float((changes(shapes(gap, width)) & speech).sum() * CUE_RATE_HZ / speech.sum())
