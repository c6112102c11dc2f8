"""Lids that go with the eyes: where the director turns the eyes up or down, the rims of the lids are taken along.

What the network gives has lids for its own gaze already. So only what was added to its pitch counts: by a target, or by
the gain of the gaze. A blink comes after this and closes whatever is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge import landmarks as face
from bridge.frames import Floats

UPPER_CM = 1.6
"""The rim of the upper lid, for each radian of pitch, upward and downward: the mean over 36 tracked clips."""
LOWER_CM = 0.4
"""The rim of the lower lid, on the way down. It goes along on the way up too, where it would pass for a squint."""
NARROWEST, WIDEST = 0.35, 1.25
"""Shares of the resting gap at which a gaze leaves off narrowing and widening it: far out a line is no lid."""
STILL_RAD = 1e-5


def follow(landmarks: Floats, turned: Sequence[float], gain: float, open_cm: Sequence[float]) -> None:
    """Moves the lids of (68, 3) landmarks in place.

    Args:
        landmarks: (68, 3) cm, changed in place.
        turned: pitch that was added to the right and to the left eye, rad, + up.
        gain: of the lids, 1 = as people do.
        open_cm: heights of the gaps of the resting face, one for each point of `UPPER_LID`.
    """
    for i, (up, low) in enumerate(zip(face.UPPER_LID, face.LOWER_LID, strict=True)):
        pitch = turned[i // 2]  # two points of the right eye, two of the left
        if abs(pitch) < STILL_RAD:
            continue
        gap = float(landmarks[up, 1] - landmarks[low, 1])
        sinks = gain * LOWER_CM * min(pitch, 0.0)
        wanted = gap + gain * UPPER_CM * pitch - sinks
        limited = min(max(wanted, min(gap, NARROWEST * open_cm[i])), max(gap, WIDEST * open_cm[i]))
        landmarks[low, 1] += sinks
        landmarks[up, 1] = landmarks[low, 1] + limited
