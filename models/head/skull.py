"""What is around the face: skull, neck and shoulders, as lines of longitude from the face's edge to the neck.

Knots are placed by hand for seven of the 36 points of the edge (subject's left side); the rest is interpolated
and mirrored. cm, head frame.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from models.head.face import OVAL
from models.head.mesh import Floats, Ints

KNOTS = {
    0: ((0, 8.6, 4.5), (0, 11.0, 2.7), (0, 12.7, -0.6), (0, 13.2, -4.6), (0, 11.8, -9.2), (0, 7.6, -12.5),
        (0, 1.8, -13.0), (0, -3.4, -11.3), (0, -8, -10.3), (0, -13, -10.9), (0, -17, -12.0)),
    4: ((5.6, 6.2, 1.6), (6.7, 7.8, -0.4), (7.4, 8.4, -3), (7.6, 7.6, -6.2), (7.1, 5.5, -9.2), (6.1, 2.2, -10.8),
        (5.3, -1.2, -10.8), (4.6, -4.5, -10.1), (4.2, -8.5, -9.6), (4.3, -13, -9.9), (4.7, -17, -10.7)),
    6: ((7.1, 3.8, -0.6), (7.5, 4.6, -2.4), (7.8, 4.9, -4.4), (7.75, 4.2, -6.6), (7.2, 2.2, -8.8), (6.4, -0.6, -9.8),
        (5.8, -3.2, -9.6), (5.3, -6, -9.1), (5.0, -9.3, -8.7), (5.1, -13, -8.7), (5.6, -17, -9.0)),
    8: ((7.5, 0.6, -2.5), (7.6, 0.6, -4.0), (7.55, 0.2, -5.4), (7.3, -0.6, -6.8), (6.8, -2.0, -7.8), (6.2, -4.0, -8.0),
        (5.7, -6, -7.8), (5.4, -8.2, -7.4), (5.25, -10.6, -7.0), (5.35, -13.6, -6.8), (5.9, -17, -6.7)),
    11: ((6.7, -4.6, -1.7), (6.55, -5.0, -2.9), (6.15, -5.6, -4.0), (5.6, -6.6, -4.7), (5.2, -7.8, -5.0),
         (5.0, -9.1, -5.0), (4.9, -10.5, -4.9), (4.85, -12.0, -4.7), (4.9, -13.6, -4.4), (5.1, -15.3, -4.2),
         (5.6, -17, -4.1)),
    14: ((4.1, -8.2, 2.0), (3.95, -8.95, 0.9), (3.8, -9.3, -0.5), (3.65, -9.7, -1.8), (3.5, -10.4, -2.5),
         (3.4, -11.3, -2.8), (3.35, -12.3, -2.9), (3.35, -13.4, -2.8), (3.4, -14.5, -2.6), (3.5, -15.7, -2.3),
         (3.8, -17, -2.0)),
    18: ((0, -9.5, 4.1), (0, -10.2, 2.9), (0, -10.25, 1.3), (0, -10.2, -0.2), (0, -10.6, -1.2), (0, -11.5, -1.7),
         (0, -12.5, -1.85), (0, -13.6, -1.85), (0, -14.6, -1.75), (0, -15.8, -1.5), (0, -17, -1.1)),
}  # fmt: skip
RINGS = 14
"""Rings between the face's edge and the base of the neck."""
NECK_PIVOT = (0.0, -5.5, -5.5)
"""The head turns about it."""
SHIRT = np.array(
    [
        # half width, half depth, middle z, height at the side, drop at front
        (5.30, 4.85, -5.9, -14.2, 1.2),
        (5.95, 5.40, -6.0, -13.5, 1.5),
        (6.55, 5.90, -6.2, -13.5, 1.7),
        (7.0, 6.25, -6.3, -14.3, 1.8),
        (8.0, 6.9, -6.4, -15.4, 1.6),
        (10.4, 7.9, -6.5, -16.3, 1.5),
        (13.6, 8.8, -6.6, -17.3, 1.6),
        (16.2, 9.3, -6.7, -19.0, 1.4),
        (17.6, 9.6, -6.7, -21.6, 0.8),
        (17.9, 9.8, -6.6, -25.0, 0.3),
        (17.0, 9.6, -6.5, -28.5, 0),
        (14.5, 8.6, -6.5, -31.0, 0),
        (10.5, 6.6, -6.5, -32.2, 0),
        (5.0, 3.4, -6.5, -32.6, 0),
    ]
)
"""Rings of the shirt, from inside the collar to the underside of the bust."""


def meridians(edge: Floats) -> Floats:
    """(36, RINGS + 1, 3): lines from the face's edge (36, 3) on, the edge included."""
    keys, rows = [], []
    for s, line in sorted(KNOTS.items()):
        keys.append(s)
        rows.append(line)
    for s in sorted(KNOTS, reverse=True)[1:]:
        keys.append(36 - s)
        rows.append(tuple((-x, y, z) for x, y, z in KNOTS[s]))  # type: ignore[arg-type]
    knots = np.array(rows, float)
    knots[-1] = knots[0]
    around = CubicSpline(keys, knots, bc_type="periodic")(np.arange(36))  # (36, knots, 3)
    fade = np.clip(1 - np.arange(around.shape[1]) / 4, 0, 1)[:, None] ** 1.5
    around += (edge - around[:, 0])[:, None] * fade
    step = np.linalg.norm(np.diff(around, axis=1), axis=2).mean(0)
    along = np.concatenate([[0], np.cumsum(step)])
    lines = CubicSpline(along, around, axis=1)(np.linspace(0, along[-1], RINGS + 1))
    lines[:, 0] = edge
    for _ in range(2):  # what is left of the edge's own unevenness
        smooth = (np.roll(lines, 1, 0) + 2 * lines + np.roll(lines, -1, 0)) / 4
        lines[:, 1:] = smooth[:, 1:]
    return lines.astype(np.float32)


def ring_triangles(inner: Ints, outer: Ints, left: Ints | None = None) -> list[tuple[int, int, int]]:
    """A closed band between two rings of as many points, seen where `inner` runs clockwise around a nearer hole.

    `left`: places whose quads are cut the other way, so that the band is its own mirror image.
    """
    out = []
    n = len(inner)
    for i in range(n):
        a, b, c, d = int(inner[i]), int(inner[(i + 1) % n]), int(outer[i]), int(outer[(i + 1) % n])
        out += [(a, d, c), (a, b, d)] if left is None or i not in left else [(a, b, c), (b, d, c)]
    return out


def shirt(points: int = 40) -> tuple[Floats, Ints]:
    """A bust in a round-necked shirt."""
    turn = -np.arange(points) / points * 2 * np.pi
    side, front = np.sin(turn), np.cos(turn)
    steps = np.concatenate([np.arange(4), np.arange(4, len(SHIRT) - 1, 0.5), [len(SHIRT) - 1]])
    rows = []
    for width, depth, middle, height, drop in PchipInterpolator(np.arange(len(SHIRT)), SHIRT)(steps):
        squarer = 2.0 if width < 9 else 2.4
        x = width * np.sign(side) * np.abs(side) ** (2 / squarer)
        z = middle + depth * np.sign(front) * np.abs(front) ** (2 / squarer)
        y = height - drop * np.clip(front, -0.35, 1)
        rows.append(np.stack([x, y, z], 1))
    bottom = np.array([[0, SHIRT[-1, 3] - 0.1, SHIRT[-1, 2]]])
    vertices = np.concatenate([*rows, bottom]).astype(np.float32)
    triangles = []
    for k in range(len(rows) - 1):
        a = np.arange(points) + k * points
        triangles += ring_triangles(a, a + points)
    last, tip = (len(rows) - 1) * points, len(vertices) - 1
    triangles += [(last + i, last + (i + 1) % points, tip) for i in range(points)]
    return vertices, np.array(triangles, np.int64)


def edge_of(face: Floats) -> Floats:
    """(36, 3) the face's edge."""
    return face[list(OVAL)]
