"""Closed lips: when a mouth counts as closed, and how well two of them agree about it.

p, b and m are what people notice first. Frames are compared one by one, inside speech, with `SLACK_FRAMES` of
slack: a frame that is said to be closed is right if the tracked lips are closed within a frame of it, and a
closed frame is found if the prediction closes within a frame of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.frames import Floats

CLOSED_SHARE = 0.12
"""Lips are closed below the 5 % quantile of a clip's gap plus this share of its 5–95 % range, each mouth by its own."""
OTHER_SHARES = (0.05, 0.2, 0.3)
"""Thresholds that are reported beside it."""
OTHER_GAPS_CM = (0.1, 0.2)
"""Thresholds in cm, the same for both mouths, that are reported beside it."""
SLACK_FRAMES = 1  # 20 ms


@dataclass(frozen=True, slots=True)
class Closures:
    """How closed frames agree; NaN throughout where the truth never closes."""

    precision: float
    """Share of the predicted closed frames that are right; 0 if there are none."""
    recall: float
    """Share of the tracked closed frames that are found."""
    f1: float


def closed(gap: Floats, share: float = CLOSED_SHARE) -> np.ndarray:
    """(T,) bool of a gap (T,); a mouth that does not move is never closed."""
    low, high = np.quantile(gap, [0.05, 0.95])
    return np.asarray(gap < low + share * (high - low))


def near(mask: np.ndarray, frames: int = SLACK_FRAMES) -> np.ndarray:
    """(T,) bool: within `frames` of a frame that is set."""
    return np.asarray(np.convolve(mask, np.ones(2 * frames + 1), "same") > 0)


def agreement(said: np.ndarray, true: np.ndarray) -> Closures:
    """Compares closed frames (T,) bool."""
    if not true.any():
        return Closures(float("nan"), float("nan"), float("nan"))
    precision = float((said & near(true)).sum() / max(1, said.sum()))
    recall = float((true & near(said)).sum() / true.sum())
    return Closures(precision, recall, 2 * precision * recall / max(1e-9, precision + recall))


def compare(predicted: Floats, tracked: Floats, speech: np.ndarray, share: float = CLOSED_SHARE) -> Closures:
    """Closures of two gaps (T,) inside speech (T,) bool."""
    return agreement(closed(predicted, share) & speech, closed(tracked, share) & speech)


def f1_elsewhere(predicted: Floats, tracked: Floats, speech: np.ndarray) -> dict[str, float]:
    """F1 at other thresholds, by their names."""
    found = {f"{share:.2f} of range": compare(predicted, tracked, speech, share).f1 for share in OTHER_SHARES}
    for gap_cm in OTHER_GAPS_CM:
        found[f"{gap_cm} cm"] = agreement((predicted < gap_cm) & speech, (tracked < gap_cm) & speech).f1
    return found
