"""Response curves: how a row answers to what it is given, one function of one number.

    "linear"            x
    "smooth"            3x² − 2x³ of 0..1: slow at both ends
    "ease"              1 − (1 − x)² of 0..1: quick from rest, soft at full
    2.0                 x² (any exponent in 0.1..10): below 1 lifts small values, above 1 lowers them
    [[x, y], [x, y]]    straight lines through points, held beyond the ends

All but points are odd, −x gives −f(x); "smooth" and "ease" stay within ±1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bridge.rigs.literal import is_number, number, shown

NAMES = ("linear", "smooth", "ease")
EXPONENTS = (0.1, 10.0)
MOST_POINTS = 64

Points = tuple[tuple[float, float], ...]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `shape` is a name of `NAMES`, an exponent or points with rising x."""

    shape: str | float | Points = "linear"

    @property
    def linear(self) -> bool:
        """Whether it changes nothing."""
        return self.shape in ("linear", 1.0)

    def __call__(self, x: Array) -> Array:
        """The answer to each of `x` (any shape)."""
        if self.linear:
            return x
        if isinstance(self.shape, tuple):
            at, height = zip(*self.shape, strict=True)
            answer: Array = np.interp(x, at, height)
            return answer
        size = np.abs(x)
        if not isinstance(self.shape, str):
            powered: Array = np.copysign(size**self.shape, x)
            return powered
        size = np.minimum(size, 1.0)
        bent: Array = size * size * (3 - 2 * size) if self.shape == "smooth" else size * (2 - size)
        return np.copysign(bent, x)

    def turned(self) -> Response:
        """The response that gives −f(−x)."""
        if not isinstance(self.shape, tuple):
            return self  # odd as it is
        return Response(tuple((-x, -y) for x, y in reversed(self.shape)))


def read_response(value: object) -> Response:
    """What a table says under `curve`.

    Raises:
        ValueError: with what would do, if it is no response.
    """
    if isinstance(value, str):
        if value not in NAMES:
            raise ValueError(f"choose {', '.join(NAMES)}, an exponent or points")
        return Response(value)
    if is_number(value):
        exponent = number(value)
        if not EXPONENTS[0] <= exponent <= EXPONENTS[1]:
            raise ValueError(f"an exponent lies in {EXPONENTS[0]:g}..{EXPONENTS[1]:g}")
        return Response(exponent)
    if not isinstance(value, list) or not 2 <= len(value) <= MOST_POINTS:
        raise ValueError(f"choose {', '.join(NAMES)}, an exponent, or 2 to {MOST_POINTS} points [[x, y], …]")
    points = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2 or not all(is_number(v) for v in point):
            raise ValueError(f"the point {shown(point)} is not [x, y]")
        points.append((number(point[0]), number(point[1])))
    if any(a[0] >= b[0] for a, b in pairwise(points)):
        raise ValueError("the x of its points must rise")
    return Response(tuple(points))
