"""Figures of how eyes, lids and head move, the same for tracked and for generated faces."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bridge.frames import Floats
from models.data.motion import rotation_vectors, steadied

RATE_HZ = 25
SHIFT_DEG = 4.0
MIN_BLINK, MAX_BLINK = 2, 15
"""Frames."""


@dataclass(frozen=True)
class Moves:
    """Figures of one clip or, weighted by their seconds, of many."""

    seconds: float
    blinks_per_min: float
    shifts_per_s: float
    fixation_s: float
    gaze_spread_deg: float
    """Root of the mean variance of yaw and pitch."""
    head_speed_deg_s: float
    """Median."""
    head_fast_deg_s: float
    """90 %."""
    pitch_range_deg: float
    yaw_range_deg: float
    roll_range_deg: float


FIGURES = tuple(f.name for f in fields(Moves) if f.name != "seconds")


def onsets(mask: np.ndarray) -> np.ndarray:
    """Indices where a run of True begins."""
    return np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int)])) == 1)


def blinks(lid_gap: Floats) -> tuple[int, np.ndarray]:
    """(T, 2) cm → number of blinks, and (T,) frames in or beside a closure."""
    closed = np.asarray((lid_gap < 0.5 * np.quantile(lid_gap, 0.7, axis=0)).all(axis=1))
    starts, ends = onsets(closed), onsets(~closed)
    count = 0
    for start in starts:
        later = ends[ends > start]
        length = (int(later[0]) if later.size else len(closed)) - start
        count += MIN_BLINK <= length <= MAX_BLINK
    return count, np.convolve(closed, np.ones(5), "same") > 0


def turns_of(rotation: Floats) -> Floats:
    """(T, 3, 3) → (T, 3) rad, against the middle of the clip."""
    middle = rotation[len(rotation) // 2]
    return rotation_vectors(np.einsum("ji,tjk->tik", middle, rotation).astype(np.float32))


def moves(gaze: Floats, lid_gap: Floats, rotation: Floats) -> Moves:
    """Figures of (T, 2) gaze in rad, (T, 2) lid gaps in cm and (T, 3, 3) head rotations, 25 a second."""
    seconds = len(gaze) / RATE_HZ
    degrees = np.degrees(gaze)
    count, covered = blinks(lid_gap)
    steady = steadied(degrees)
    open_eyed = steady[~covered] if (~covered).any() else steady
    lag = round(0.1 * RATE_HZ)
    turned = np.linalg.norm(steady[lag:] - steady[:-lag], axis=1) if len(steady) > lag else np.zeros(0)
    hidden = covered[lag:] | covered[:-lag] if turned.size else np.zeros(0, bool)
    shifts = onsets(np.asarray((turned > SHIFT_DEG) & ~hidden)).size
    vectors = np.degrees(steadied(turns_of(rotation)))
    speed = np.linalg.norm(np.diff(vectors, axis=0), axis=1) * RATE_HZ
    pitch, yaw, roll = (np.quantile(vectors, 0.95, axis=0) - np.quantile(vectors, 0.05, axis=0)).tolist()
    return Moves(
        seconds=seconds,
        blinks_per_min=60 * count / seconds,
        shifts_per_s=shifts / seconds,
        fixation_s=seconds / (shifts + 1),
        gaze_spread_deg=float(np.sqrt(open_eyed.var(axis=0).mean())),
        head_speed_deg_s=float(np.median(speed)),
        head_fast_deg_s=float(np.quantile(speed, 0.9)),
        pitch_range_deg=pitch,
        yaw_range_deg=yaw,
        roll_range_deg=roll,
    )


def quaternion_matrices(quaternions: Floats) -> Floats:
    """(T, 4) xyzw → (T, 3, 3)."""
    x, y, z, w = quaternions.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrices: Floats = np.array(rows, np.float32).transpose(2, 0, 1)
    return matrices


def middle(found: list[Moves]) -> Moves:
    """Medians over clips; rates of rare events are means, weighted by seconds (a median of so few would be 0)."""
    seconds = np.array([m.seconds for m in found])
    rare = ("blinks_per_min", "shifts_per_s")
    values = {
        name: float(np.average([getattr(m, name) for m in found], weights=seconds))
        if name in rare
        else float(np.median([getattr(m, name) for m in found]))
        for name in FIGURES
    }
    values["fixation_s"] = float(
        seconds.sum() / (sum(m.seconds * m.shifts_per_s for m in found) + len(found))
    )
    return Moves(seconds=float(seconds.sum()), **values)
