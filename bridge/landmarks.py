"""The 68-point map (iBUG-68): regions, mirror pairs, the neutral face, and the distances eyes look at.

Points are numbered as iBUG does, from the *viewer's* left: 36–41 is the subject's right eye.
Knows nothing of time, audio or networks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from bridge.frames import Floats

COUNT = 68
JAW = tuple(range(17))
RIGHT_BROW = tuple(range(17, 22))
LEFT_BROW = tuple(range(22, 27))
NOSE = tuple(range(27, 36))
RIGHT_EYE = tuple(range(36, 42))
LEFT_EYE = tuple(range(42, 48))
OUTER_LIPS = tuple(range(48, 60))
INNER_LIPS = tuple(range(60, 68))

BROWS = RIGHT_BROW + LEFT_BROW
EYES = RIGHT_EYE + LEFT_EYE
MOUTH = OUTER_LIPS + INNER_LIPS
LOWER_FACE = tuple(range(3, 14)) + MOUTH
"""What speech moves: the chin side of the jaw line, and the lips."""

UPPER_LID = (37, 38, 43, 44)
LOWER_LID = (41, 40, 47, 46)
"""Lid points facing those of `UPPER_LID`."""

GAP_UPPER = (61, 62, 63)
GAP_LOWER = (67, 66, 65)
"""Facing points of the inner lips."""

MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""MIRROR[i] is the point across the face from i."""


def mirrored(landmarks: Floats) -> Floats:
    """The mirror image of (..., 68, 3): points swapped across the face and x negated."""
    return landmarks[..., MIRROR, :] * np.array([-1, 1, 1], landmarks.dtype)


def lip_gap(landmarks: Floats) -> Floats:
    """Inner-lip gap in cm of (..., 68, 3): mean distance of 61–67, 62–66 and 63–65."""
    d = landmarks[..., GAP_UPPER, :] - landmarks[..., GAP_LOWER, :]
    gap: Floats = np.sqrt((d * d).sum(-1)).mean(-1)
    return gap


def mouth_width(landmarks: Floats) -> Floats:
    """Distance of the outer mouth corners, cm, of (..., 68, 3)."""
    d = landmarks[..., 48, :] - landmarks[..., 54, :]
    width: Floats = np.sqrt((d * d).sum(-1))
    return width


def lid_gap(landmarks: Floats) -> Floats:
    """Lid gap in cm of (..., 68, 3): (..., 2), right eye then left eye, mean of the two facing pairs."""
    d = landmarks[..., UPPER_LID, :] - landmarks[..., LOWER_LID, :]
    gap = np.sqrt((d * d).sum(-1))
    pairs: Floats = gap.reshape(*gap.shape[:-1], 2, 2).mean(-1)
    return pairs


@cache
def neutral_face() -> Floats:
    """(68, 3) cm: lips closed, eyes open, left-right symmetric. Read-only.

    Learned from the silent frames of the GRID speaker (CC BY 4.0) by `models.training.neutral`.
    """
    face: Floats = np.load(Path(__file__).with_name("neutral_face.npy"), allow_pickle=False)
    face.setflags(write=False)
    return face
