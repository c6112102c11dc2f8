"""Curves, camera and brush of the drawn face: splines, tapering strokes, projection, clipped shapes.

Knows what a picture is and where the head is; knows no eye, no mouth and no landmark.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from bridge import look
from bridge.frames import Cues, Floats

STEPS = 6
"""Straight pieces between two control points of a spline."""
SPOT_SHRINK = 6
"""Soft spots are painted on a picture this much smaller: nobody sees it, and it is fast."""

_WIDEN = np.array([look.WIDENING, 1, 1], np.float32)


def vec(*values: Any) -> Floats:
    """Control points as float32; a plain float64 list would promote every curve after it."""
    return np.array(values[0] if len(values) == 1 else values, np.float32)


@cache
def _spline_matrix(count: int, closed: bool) -> Floats:
    """(M, count) Catmull-Rom as one matrix, so that a curve is one product."""
    pieces = count if closed else count - 1
    t = np.arange(STEPS)[:, None] / STEPS
    basis = 0.5 * np.hstack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]
    )
    matrix = np.zeros((pieces * STEPS + (not closed), count), np.float32)
    for i in range(pieces):
        for k in range(4):
            j = (i + k - 1) % count if closed else min(max(i + k - 1, 0), count - 1)
            matrix[i * STEPS : (i + 1) * STEPS, j] += basis[:, k]
    if not closed:
        matrix[-1, -1] = 1.0
    return matrix


def spline(points: Floats, *, closed: bool = False) -> Floats:
    """(N, D) control points → (M, D) points of a smooth curve through all of them."""
    curve: Floats = _spline_matrix(len(points), closed) @ points
    return curve


def taper(count: int, width: float, ends: float = 0.0) -> Floats:
    """(count,) widths of a stroke: thickest in the middle, `ends` of that at its ends."""
    rise = np.sqrt(np.sin(np.linspace(0, np.pi, count)).clip(0))
    widths: Floats = (width * np.maximum(rise, ends)).astype(np.float32)
    return widths


def ribbon(curve: Floats, widths: Floats) -> Floats:
    """(N, 2) curve and (N,) widths → (2N, 2) outline of a stroke whose width changes along the way."""
    along = np.empty_like(curve)
    along[1:-1] = curve[2:] - curve[:-2]
    along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], 1) * (0.5 * widths)[:, None]
    outline: Floats = np.concatenate([curve + side, (curve - side)[::-1]])
    return outline


def rotation_matrix(quaternion: Floats) -> Floats:
    """(3, 3) of a unit quaternion xyzw."""
    x, y, z, w = (float(v) for v in quaternion)
    return vec(
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    )


class View:
    """Centimetres → pixels of a picture with `size` pixels a side, seen from in front with perspective."""

    def __init__(self, cues: Cues, size: int) -> None:
        self.rotation = rotation_matrix(cues.head_rotation)
        self.translation = cues.head_translation.astype(np.float32)
        self.px_per_cm = size / look.VIEW_CM
        self._half = size / 2

    def moved(self, points: npt.ArrayLike) -> Floats:
        """(N, 3) cm in the head frame → where they are after the head has moved."""
        at: Floats = np.asarray(points, np.float32) * _WIDEN @ self.rotation.T + self.translation
        return at

    def head(self, points: npt.ArrayLike) -> Floats:
        """(N, 3) cm that move with the head → (N, 2) pixels."""
        return self.body(self.moved(points))

    def body(self, points: npt.ArrayLike) -> Floats:
        """(N, 3) cm that stay → (N, 2) pixels."""
        p = np.asarray(points, np.float32)
        depth = look.CAMERA_CM - np.minimum(p[:, 2], look.CAMERA_CM / 2)  # never behind the viewer
        scale = self.px_per_cm * look.CAMERA_CM / depth
        x, y = self._half + scale * p[:, 0], self._half - scale * (p[:, 1] - look.VIEW_CENTRE_Y)
        return np.stack([x, y], 1).astype(np.float32)

    def ellipsoid(self, centre: npt.ArrayLike, radii: npt.ArrayLike) -> Floats:
        """(48, 2): outline of an ellipsoid that moves with the head."""
        spread = self.rotation * (np.asarray(radii, np.float32) * _WIDEN)
        root = np.linalg.cholesky((spread @ spread.T)[:2, :2])
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        ring = np.stack([np.cos(angle), np.sin(angle)], 1) @ root.T * [1, -1] * self.px_per_cm
        outline: Floats = (self.head(vec(centre)[None]) + ring).astype(np.float32)
        return outline


class Paint:
    """Fills on a picture; `inside` paints into a loop and nowhere else."""

    def __init__(self, image: Image.Image, offset: tuple[int, int] = (0, 0)) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._offset = vec(*offset)

    def fill(self, outline: Floats, colour: str) -> None:
        """A shape in a colour of the palette."""
        self._draw.polygon((outline - self._offset).ravel().tolist(), fill=look.PALETTE[colour])

    def stroke(self, curve: Floats, width: float, colour: str, ends: float = 0.0) -> None:
        """A line that swells to `width` pixels in its middle."""
        self.fill(ribbon(curve, taper(len(curve), width, ends)), colour)

    def disc(self, centre: Floats, radius: float, colour: str) -> None:
        """A filled circle."""
        x, y = (float(v) for v in centre - self._offset)
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=look.PALETTE[colour])

    @contextmanager
    def inside(self, loop: Floats) -> Iterator[Paint]:
        """Everything painted with what this yields ends at the edge of `loop`."""
        low = np.floor(loop.min(0)).astype(int) - 1
        high = np.ceil(loop.max(0)).astype(int) + 2
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        at = (int(low[0] - self._offset[0]), int(low[1] - self._offset[1]))
        patch = Paint(self.image.crop((*at, at[0] + size[0], at[1] + size[1])), (int(low[0]), int(low[1])))
        yield patch
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon((loop - low).ravel().tolist(), fill=255)
        self.image.paste(patch.image, at, mask)


@cache
def _glow() -> Image.Image:
    """A round spot that fades smoothly to nothing, (64, 64) "L"."""
    axis = (np.arange(64) - 31.5) / 32
    r = np.minimum(np.hypot(axis[:, None], axis), 1)
    return Image.fromarray((255 * (1 - r) ** 2 * (1 + 2 * r)).astype(np.uint8))


def soft_spot(
    image: Image.Image, centre: Floats, radii: tuple[float, float], colour: str, strength: float
) -> None:
    """Light or shade without an edge."""
    size = (max(2, round(2 * radii[0])), max(2, round(2 * radii[1])))
    mask = _glow().resize(size, Image.Resampling.BILINEAR).point([int(v * strength) for v in range(256)])
    at = (round(float(centre[0]) - size[0] / 2), round(float(centre[1]) - size[1] / 2))
    image.paste(look.PALETTE[colour], at, mask)
