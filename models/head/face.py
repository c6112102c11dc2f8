"""The face itself: 468 points (MediaPipe's topology, Apache-2.0) brought to rest, symmetric and a little stylised.

The neutral is learned from frames of the GRID speaker with the mouth closed, mixed with the canonical face so that
it is nobody's portrait. Lips meet; eyes are larger than life, for a bust is seen from afar.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.head.mesh import Floats, Ints

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The face's edge from the top of the forehead over the subject's left ear and the chin back."""
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner rims from the right corner to the left one; corners are shared, the others face each other."""
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
RIGHT_UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_LOWER_LID = (263, 249, 390, 373, 374, 380, 381, 382, 362)
"""Rims of the lids from the outer corner to the inner one."""
GRID_SHARE = 0.5
"""How much of the tracked face is in the head; the rest is the canonical one."""
EYE_LARGER = 1.27


def topology() -> Ints:
    """(852, 3) triangles over 468 points: MediaPipe's, the left half made the mirror image of the right."""
    return np.load(Path(__file__).with_name("topology.npy"), allow_pickle=False).astype(np.int64)


def bump(distance: Floats, radius: float) -> Floats:
    """1 at 0, 0 from `radius` on, smooth between."""
    x = np.clip(1 - distance / radius, 0, 1)
    return x * x * (3 - 2 * x)


def symmetric(points: Floats, mirror: Ints) -> Floats:
    """The mean of (V, 3) and its mirror image."""
    return (points + points[mirror] * np.array([-1, 1, 1], points.dtype)) / 2


def neutral(tracked: Floats, canonical: Floats, mirror: Ints) -> Floats:
    """(468, 3) cm. `tracked` (N, 468, 3): frames of one person at rest."""
    own = symmetric(np.median(tracked, axis=0), mirror)
    face = GRID_SHARE * own + (1 - GRID_SHARE) * symmetric(canonical, mirror)
    face = _larger_eyes(face)
    face = _full_lips(_smaller_nose(face))
    return face.astype(np.float32)


def _larger_eyes(face: Floats) -> Floats:
    out = face.copy()
    for rims in ((*RIGHT_UPPER_LID, *RIGHT_LOWER_LID), (*LEFT_UPPER_LID, *LEFT_LOWER_LID)):
        centre = face[list(rims)].mean(0)
        away = face - centre
        share = bump(np.linalg.norm(away * (1, 1.25, 0.7), axis=1), 3.6)[:, None]
        out += share * away * (np.array([EYE_LARGER, EYE_LARGER * 1.26, 1.0]) - 1)
    return out


def _smaller_nose(face: Floats) -> Floats:
    at = np.array([0.0, -1.2, 5.6])
    share = bump(np.linalg.norm((face - at) * (1, 0.75, 0.8), axis=1), 3.2)[:, None]
    return face + share * (face - at) * (-0.12, -0.06, -0.16)


def _full_lips(face: Floats) -> Floats:
    """Inner rims meet, a hair's breadth past each other; the corners rise a little: a friendly face."""
    out = face.copy()
    for sign in (-1, 1):
        near = bump(np.linalg.norm(face - (2.5 * sign, -4.6, 4.1), axis=1), 1.9)[:, None]
        out += near * (0.05 * sign, 0.14, -0.03)
    for up, low in zip(UPPER_LIP[1:-1], LOWER_LIP[1:-1], strict=True):
        middle = (out[up] + out[low]) / 2
        out[up], out[low] = middle - np.array([0, 0.012, 0]), middle + np.array([0, 0.012, 0])
    return out
