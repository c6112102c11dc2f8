"""Triangles → pixels, without a display or a graphics card: a z-buffer compiled by numba (extra `studio`).

Colours are interpolated over each triangle; pictures are drawn at twice their size and averaged, so that edges
are smooth. Knows nothing of heads or lights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

FINER = 2
"""Samples along each side of a pixel."""


@njit(cache=True, fastmath=True)
def _draw(screen, triangles, colour, depth, picture):  # type: ignore[no-untyped-def]  # pragma: no cover
    height, width = depth.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = screen[a, 0], screen[a, 1], screen[a, 2]
        bx, by, bz = screen[b, 0], screen[b, 1], screen[b, 2]
        cx, cy, cz = screen[c, 0], screen[c, 1], screen[c, 2]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0:  # y runs down: what faces us turns the other way
            continue
        x0 = max(int(np.ceil(min(ax, bx, cx))), 0)
        x1 = min(int(np.floor(max(ax, bx, cx))), width - 1)
        y0 = max(int(np.ceil(min(ay, by, cy))), 0)
        y1 = min(int(np.floor(max(ay, by, cy))), height - 1)
        if x1 < x0 or y1 < y0:
            continue
        k = np.float32(1.0) / area
        # barycentric weights are linear over the picture
        bdx, cdx = (cy - ay) * k, -(by - ay) * k
        bdy, cdy = -(cx - ax) * k, (bx - ax) * k
        zdx, zdy = bdx * (bz - az) + cdx * (cz - az), bdy * (bz - az) + cdy * (cz - az)
        r0, g0, l0 = colour[a, 0], colour[a, 1], colour[a, 2]
        rb, gb, lb = colour[b, 0] - r0, colour[b, 1] - g0, colour[b, 2] - l0
        rc, gc, lc = colour[c, 0] - r0, colour[c, 1] - g0, colour[c, 2] - l0
        for y in range(y0, y1 + 1):
            wb = (x0 - ax) * bdx + (y - ay) * bdy
            wc = (x0 - ax) * cdx + (y - ay) * cdy
            z = az + (x0 - ax) * zdx + (y - ay) * zdy
            for x in range(x0, x1 + 1):
                if wb >= 0 and wc >= 0 and wb + wc <= 1 and z > depth[y, x]:
                    depth[y, x] = z
                    picture[y, x, 0] = r0 + wb * rb + wc * rc
                    picture[y, x, 1] = g0 + wb * gb + wc * gc
                    picture[y, x, 2] = l0 + wb * lb + wc * lc
                wb += bdx
                wc += cdx
                z += zdx


@njit(cache=True, fastmath=True)
def _shrink(picture, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for k in range(3):
                total = np.float32(0.5)
                for j in range(FINER):
                    for i in range(FINER):
                        total += picture[y * FINER + j, x * FINER + i, k] * np.float32(1 / FINER**2)
                out[y, x, k] = np.uint8(min(max(total, np.float32(0)), np.float32(255)))


class Canvas:
    """Buffers of one picture size, drawn on again and again."""

    def __init__(self, background: npt.NDArray[np.uint8]) -> None:
        """`background` (H, W, 3)."""
        big = background.repeat(FINER, axis=0).repeat(FINER, axis=1)
        self._background = np.ascontiguousarray(big, np.float32)
        self._picture = np.empty_like(self._background)
        self._depth = np.empty(big.shape[:2], np.float32)
        self._size = background.shape

    def draw(
        self,
        screen: npt.NDArray[np.float32],
        triangles: npt.NDArray[np.int32],
        colour: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.uint8]:
        """(H, W, 3). `screen` (V, 3): pixels right and down, nearness; `colour` (V, 3) 0..255."""
        np.copyto(self._picture, self._background)
        self._depth.fill(-np.inf)
        fine = screen * np.array([FINER, FINER, 1], np.float32) + np.array(
            [(FINER - 1) / 2, (FINER - 1) / 2, 0], np.float32
        )
        _draw(fine.astype(np.float32), triangles, colour.astype(np.float32), self._depth, self._picture)
        out = np.empty(self._size, np.uint8)
        _shrink(self._picture, out)
        return out
