"""Triangles → pixels, without a display or a graphics card: a z-buffer compiled by numba (extra `studio`).

Colours are interpolated over each triangle; pictures are drawn at twice their size and averaged, so that edges
are smooth. Knows nothing of heads or lights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

GET_STUDIO = "pip install 'facecue[studio]' (numba)"
FINER = 2
"""Samples along each side of a pixel."""
FIXED = np.float32(1 << 15)
"""Colours are stepped along rows in whole numbers of this many a level."""


def _draw(screen, triangles, colour, depth, picture):  # type: ignore[no-untyped-def]  # pragma: no cover
    height, width = depth.shape
    one, tiny = np.float32(1), np.float32(1e-12)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = screen[a, 0], screen[a, 1], screen[a, 2]
        bx, by, cx, cy = screen[b, 0] - ax, screen[b, 1] - ay, screen[c, 0] - ax, screen[c, 1] - ay
        area = bx * cy - cx * by
        if area >= -tiny:  # y runs down: what faces us turns the other way
            continue
        left, right = min(np.float32(0), bx, cx) + ax, max(np.float32(0), bx, cx) + ax
        top, bottom = min(np.float32(0), by, cy) + ay, max(np.float32(0), by, cy) + ay
        y0, y1 = max(int(np.ceil(top)), 0), min(int(np.floor(bottom)), height - 1)
        least, most = max(int(np.ceil(left)), 0), min(int(np.floor(right)), width - 1)
        if most < least or y1 < y0:
            continue
        # barycentric weights of b and c are linear over the picture
        k = one / area
        bdx, cdx, bdy, cdy = cy * k, -by * k, -cx * k, bx * k
        adx = -bdx - cdx
        bz, cz = screen[b, 2] - az, screen[c, 2] - az
        zdx = bdx * bz + cdx * cz
        r0, g0, l0 = colour[a, 0] * FIXED, colour[a, 1] * FIXED, colour[a, 2] * FIXED
        rb, gb, lb = colour[b, 0] * FIXED - r0, colour[b, 1] * FIXED - g0, colour[b, 2] * FIXED - l0
        rc, gc, lc = colour[c, 0] * FIXED - r0, colour[c, 1] * FIXED - g0, colour[c, 2] * FIXED - l0
        rdx, gdx, ldx = (
            np.int32(bdx * rb + cdx * rc),
            np.int32(bdx * gb + cdx * gc),
            np.int32(bdx * lb + cdx * lc),
        )
        for y in range(y0, y1 + 1):
            dx, dy = np.float32(least) - ax, np.float32(y) - ay
            wb, wc = dx * bdx + dy * bdy, dx * cdx + dy * cdy
            wa = one - wb - wc
            # where each weight is positive along this row
            x0, x1 = np.float32(0), np.float32(most - least)
            if bdx > tiny:
                x0 = max(x0, -wb / bdx)
            elif bdx < -tiny:
                x1 = min(x1, -wb / bdx)
            elif wb < 0:
                continue
            if cdx > tiny:
                x0 = max(x0, -wc / cdx)
            elif cdx < -tiny:
                x1 = min(x1, -wc / cdx)
            elif wc < 0:
                continue
            if adx > tiny:
                x0 = max(x0, -wa / adx)
            elif adx < -tiny:
                x1 = min(x1, -wa / adx)
            elif wa < 0:
                continue
            first, last = int(np.ceil(x0)), int(np.floor(x1))
            if last < first:
                continue
            step = np.float32(first)
            wb += step * bdx
            wc += step * cdx
            z = az + wb * bz + wc * cz
            r = np.int32(r0 + wb * rb + wc * rc)
            g = np.int32(g0 + wb * gb + wc * gc)
            l = np.int32(l0 + wb * lb + wc * lc)  # noqa: E741
            for x in range(least + first, least + last + 1):
                if z > depth[y, x]:
                    depth[y, x] = z
                    picture[y, x] = ((r >> 15) << 20) | ((g >> 15) << 10) | (l >> 15)
                z += zdx
                r += rdx
                g += gdx
                l += ldx  # noqa: E741


def _shrink(picture, background, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    quarter = FINER * FINER
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            r, g, l, empty = 0, 0, 0, 0  # noqa: E741
            for j in range(FINER):
                for i in range(FINER):
                    v = picture[y * FINER + j, x * FINER + i]
                    if v < 0:
                        empty += 1
                    else:
                        r += v >> 20
                        g += (v >> 10) & 1023
                        l += v & 1023  # noqa: E741
            out[y, x, 0] = (r + empty * background[y, x, 0]) // quarter
            out[y, x, 1] = (g + empty * background[y, x, 1]) // quarter
            out[y, x, 2] = (l + empty * background[y, x, 2]) // quarter


@cache
def _compiled() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Both loops as machine code; the first time on a machine that takes seconds."""
    try:
        from numba import njit
    except ModuleNotFoundError as error:
        raise ImportError(f"pictures of the head need {error.name}: {GET_STUDIO}") from error
    return njit(cache=True, error_model="numpy")(_draw), njit(cache=True)(_shrink)


class Canvas:
    """Buffers of one picture size, drawn on again and again."""

    def __init__(self, background: npt.NDArray[np.uint8]) -> None:
        """`background` (H, W, 3).

        Raises:
            ImportError: if numba is missing.
        """
        self._fill, self._mix = _compiled()
        tall, wide = background.shape[:2]
        self._background = np.ascontiguousarray(background)
        self._picture = np.empty((tall * FINER, wide * FINER), np.int32)
        self._depth = np.empty(self._picture.shape, np.float32)

    def draw(
        self,
        screen: npt.NDArray[np.float32],
        triangles: npt.NDArray[np.int32],
        colour: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.uint8]:
        """(H, W, 3). `screen` (V, 3): pixels right and down, nearness > 0; `colour` (V, 3) 0..255."""
        self._picture.fill(-1)
        self._depth.fill(0)
        fine = screen * np.array([FINER, FINER, 1], np.float32)
        fine[:, :2] += np.float32((FINER - 1) / 2)
        self._fill(fine, triangles, colour, self._depth, self._picture)
        out = np.empty_like(self._background)
        self._mix(self._picture, self._background, out)
        return out
