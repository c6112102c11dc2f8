"""A face as a drawing: 68 landmarks as soft lines and the eyes' irises, in three colours, as translators read it.

Red holds outline, brows and nose; green the lids and, filled, the irises; blue the lips and, at half strength, the open
mouth. Lines are `LINE` pixels wide at 256 and fade over one pixel, so that a tenth of a pixel shows: lips that just
part must not look closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bridge.frames import Floats
from bridge.landmarks import INNER_LIPS, LEFT_EYE, OUTER_LIPS, RIGHT_EYE

SIZE = 256
LINE = 1.6
OPEN = 0.5
_LEVEL = 1e-6
"""An edge that rises by less crosses no row."""
_RED: tuple[Sequence[int], ...] = (range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36))
_GREEN = ((*RIGHT_EYE, RIGHT_EYE[0]), (*LEFT_EYE, LEFT_EYE[0]))
_BLUE = ((*OUTER_LIPS, OUTER_LIPS[0]), (*INNER_LIPS, INNER_LIPS[0]))

Picture = npt.NDArray[np.uint8]


def _segments(lines: Sequence[Sequence[int]]) -> npt.NDArray[np.intp]:
    return np.array([pair for line in lines for pair in pairwise(line)], np.intp)


_CHANNELS = tuple(_segments(lines) for lines in (_RED, _GREEN, _BLUE))


def drawn(points: Floats, irises: Floats, radii: Floats, size: int = SIZE) -> Picture:
    """(size, size, 3) uint8.

    Args:
        points: (68, 2) pixels of that picture; what lies outside of it is not drawn.
        irises: (2, 2) pixels: centres, right and left.
        radii: (2,) pixels.
        size: of the picture.
    """
    canvas = np.zeros((3, size, size), np.float32)
    half = LINE * size / SIZE / 2
    for channel, pairs in zip(canvas, _CHANNELS, strict=True):
        for a, b in zip(points[pairs[:, 0]], points[pairs[:, 1]], strict=True):
            _line(channel, a, b, half)
    for centre, radius in zip(irises, radii, strict=True):
        _line(canvas[1], centre, centre, float(radius))
    _fill(canvas[2], points[list(INNER_LIPS)])
    return np.ascontiguousarray((canvas * 255.0 + 0.5).astype(np.uint8).transpose(1, 2, 0))


def _box(low: Floats, high: Floats, margin: float, size: int) -> tuple[slice, slice] | None:
    left, top = np.maximum(np.floor(low - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + margin) + 1, size).astype(int)
    if left >= right or top >= bottom:
        return None
    return slice(top, bottom), slice(left, right)


def _line(channel: Floats, a: Floats, b: Floats, half: float) -> None:
    """Draws from a to b, `half` pixels to either side; brighter of what was there and what comes."""
    box = _box(np.minimum(a, b), np.maximum(a, b), half + 1.0, channel.shape[0])
    if box is None:
        return
    y, x = np.ogrid[box]
    along = b - a
    length = float(along @ along)
    dx, dy = x - a[0], y - a[1]
    t = np.clip((dx * along[0] + dy * along[1]) / length, 0, 1) if length > 1e-9 else 0.0
    distance = np.hypot(dx - t * along[0], dy - t * along[1])
    part = channel[box]
    np.maximum(part, np.clip(half + 0.5 - distance, 0.0, 1.0), out=part)


def _fill(channel: Floats, ring: Floats) -> None:
    """Fills the inside of a polygon at half strength, by even and odd crossings of rows of four a pixel."""
    box = _box(ring.min(axis=0), ring.max(axis=0), 1.0, channel.shape[0])
    if box is None:
        return
    rows, columns = box
    y = (np.arange(rows.start * 4, rows.stop * 4) + 0.5) / 4 - 0.5
    x = np.arange(columns.start, columns.stop)
    a, b = ring, np.roll(ring, -1, axis=0)
    rise = b[:, 1] - a[:, 1]
    level = np.abs(rise) < _LEVEL
    crosses = ((a[:, 1] > y[:, None]) != (b[:, 1] > y[:, None])) & ~level  # (rows, edges)
    slope = (b[:, 0] - a[:, 0]) / np.where(level, 1.0, rise)
    at = np.where(crosses, a[:, 0] + (y[:, None] - a[:, 1]) * slope, np.inf)
    at.sort(axis=1)
    covered = np.zeros((y.size, x.size), np.float32)
    for k in range(0, at.shape[1] - 1, 2):
        left, right = at[:, k, None], at[:, k + 1, None]
        if not np.isfinite(left).any():
            break
        with np.errstate(invalid="ignore"):
            span = np.minimum(right, x + 0.5) - np.maximum(left, x - 0.5)
        covered += np.where(np.isfinite(right), np.clip(span, 0.0, 1.0), 0.0)
    share = covered.reshape(-1, 4, x.size).mean(axis=1).clip(0, 1)
    part = channel[box]
    np.maximum(part, share * OPEN, out=part)
