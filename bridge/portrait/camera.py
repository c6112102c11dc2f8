"""Where points of a head lie in a picture: a weak-perspective camera, and the way back.

A point p of the head frame (cm) is seen at `shift + scale · (x, −y)` of its turned self: pictures count y downwards.
Tracked landmarks fit this to a twentieth of a pixel, because trackers flatten a face the same way.

Relocation (Emotional Conversation, step 2: neutral + displacement, posed, put into the picture) is `moved` and `seen`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.frames import Floats

FEWEST = 4
"""Points that place a camera; they must not lie in one plane."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """How one picture sees a head."""

    rotation: Floats
    """(3, 3): the head's turn; +x in the picture's right, +y up, +z to the viewer."""
    scale: float
    """Pixels a centimetre."""
    shift: Floats
    """(2,) pixels: where the head frame's origin is seen."""

    def seen(self, points: Floats) -> Floats:
        """(..., 3) cm → (..., 2) pixels."""
        turned = points @ self.rotation.T
        pixels: Floats = (turned[..., :2] * (self.scale, -self.scale) + self.shift).astype(np.float32)
        return pixels

    def moved(self, rotation: Floats, translation: Floats) -> Camera:
        """The same picture of a head that has turned by (3, 3) and shifted by (3,) cm since, as cues say it."""
        step = self.rotation @ translation
        nearer = 1.0 + float(step[2]) / DISTANCE_CM
        shift = self.shift + self.scale * step[:2] * (1.0, -1.0)
        return Camera(
            (self.rotation @ rotation).astype(np.float32), self.scale * nearer, shift.astype(np.float32)
        )

    def cropped(self, left: float, top: float, zoom: float) -> Camera:
        """As seen in a crop that begins at (left, top) and is enlarged by `zoom`."""
        shift = (self.shift - (left, top)) * zoom
        return Camera(self.rotation, self.scale * zoom, shift.astype(np.float32))


DISTANCE_CM = 60.0
"""A head this far away grows by a sixtieth with each centimetre it comes nearer."""


def fitted(points: Floats, pixels: Floats) -> Camera:
    """The camera that sees points (N, 3) cm nearest to pixels (N, 2), by least squares.

    Raises:
        ValueError: with fewer than `FEWEST` points, or with points that are not finite.
    """
    if len(points) < FEWEST or not (np.isfinite(points).all() and np.isfinite(pixels).all()):
        raise ValueError(f"{len(points)} points do not place a camera; {FEWEST} finite ones are needed")
    upward = pixels.astype(np.float64) * (1.0, -1.0)
    middle, centre = points.mean(axis=0, dtype=np.float64), upward.mean(axis=0)
    solved, *_ = np.linalg.lstsq(points - middle, upward - centre, rcond=None)
    u, _, vt = np.linalg.svd(solved.T, full_matrices=False)
    rows = u @ vt
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    flat = (points - middle) @ rows.T
    scale = float((flat * (upward - centre)).sum() / max((flat * flat).sum(), 1e-12))
    shift = (centre - scale * (rows @ middle)) * (1.0, -1.0)
    return Camera(rotation.astype(np.float32), scale, shift.astype(np.float32))


def matrix_of(quaternion: Floats) -> Floats:
    """(4,) unit quaternion xyzw → (3, 3) rotation."""
    x, y, z, w = quaternion.tolist()
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ],
        np.float32,
    )
