"""What a mouth shows when it opens: its hollow, gums, teeth and tongue. Made by formula; cm, head frame."""

from __future__ import annotations

import numpy as np

from models.head.face import LOWER_LIP, UPPER_LIP
from models.head.mesh import Floats, Ints

LOOP = (*UPPER_LIP, *LOWER_LIP[-2:0:-1])
"""Inner rim of the lips: upper from right to left corner, lower back."""
HOLLOW = (
    # how far up or down, how far back, how much wider
    (0.16, -0.26, 1.0),
    (0.55, -0.42, 1.0),
    (1.15, -0.75, 1.03),
    (1.45, -2.6, 1.0),
    (1.1, -4.6, 0.7),
)
"""Rings behind the lips' rim; the last is closed by one point."""
LIP_RINGS = 1
"""Of `HOLLOW`'s rings, those that are lip."""
UPPER_TEETH = ((0.88, 1.0), (0.68, 0.92), (0.76, 1.0), (0.7, 0.86), (0.68, 0.8), (0.95, 0.72))
LOWER_TEETH = ((0.55, 0.86), (0.6, 0.86), (0.68, 0.9), (0.7, 0.8), (0.7, 0.75), (1.0, 0.7))
"""Width and height of the teeth of one side from the middle on, cm."""
TOOTH_HEIGHT = 0.92
TONGUE_ROWS, TONGUE_COLUMNS = 13, 14


def rings(face: Floats) -> list[Floats]:
    """Rings (20, 3) behind the rim, then the closing point (1, 3)."""
    rim = face[list(LOOP)]
    up = np.concatenate([np.sin(np.pi * np.arange(11) / 10), -np.sin(np.pi * np.arange(9, 0, -1) / 10)])
    out = []
    for height, back, wider in HOLLOW:
        ring = rim * (wider, 1, 1)
        ring[:, 1] += height * np.sign(up) * np.abs(up) ** 0.6
        ring[:, 2] += back * (0.55 + 0.45 * np.abs(up))
        out.append(ring.astype(np.float32))
    out[-1][:, 2] = out[-1][:, 2].mean()
    out.append(out[-1].mean(0, keepdims=True) - np.array([[0, 0, 0.4]], np.float32))
    return out


def _arch(along: Floats, front: float, width: float) -> tuple[Floats, Floats]:
    """Places (N, 2) x, z on a dental arch by length from its middle, and the directions (N, 2) along it."""
    t = np.linspace(-2.2, 2.2, 2001)
    bent, straight = np.clip(t, -np.pi / 2, np.pi / 2), np.maximum(np.abs(t) - np.pi / 2, 0)
    x, z = width * np.sin(bent), front - 2.9 * (1 - np.cos(bent) + straight)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    length -= length[1000]
    before, at, after = (
        np.stack([np.interp(along + step, length, x), np.interp(along + step, length, z)], 1)
        for step in (-0.05, 0, 0.05)
    )
    direction = after - before
    return at, direction / np.linalg.norm(direction, axis=1, keepdims=True)


def _rounded_box(size: tuple[float, float, float], flare: float) -> tuple[Floats, Ints]:
    """A superellipsoid of full `size` (x, y, z), wider at +y by `flare`."""
    rows, columns = 6, 10
    polar = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)
    turn = np.arange(columns) / columns * 2 * np.pi + np.pi / columns

    def power(v: Floats, e: float) -> Floats:
        return np.sign(v) * np.abs(v) ** e

    p, t = np.meshgrid(polar, turn, indexing="ij")
    x = power(np.cos(p), 0.45) * power(np.cos(t), 0.55)
    z = power(np.cos(p), 0.45) * power(np.sin(t), 0.55)
    y = power(np.sin(p), 0.6)
    points = np.stack([x * (1 + flare * y), y, z], -1).reshape(-1, 3) * np.array(size) / 2
    triangles = []
    for i in range(rows):
        for j in range(columns):
            a, b = i * columns + j, i * columns + (j + 1) % columns
            c, d = a + columns, b + columns
            if i > 0:
                triangles.append((a, d, b))
            if i < rows - 1:
                triangles.append((a, c, d))
    return points, np.array(triangles, np.int64)


def teeth(lips_at: Floats, lower: bool) -> tuple[Floats, Ints]:
    """One row of twelve. `lips_at` (3,): where the lips meet in the middle."""
    front, width = (lips_at[2] - 1.2, 2.1) if lower else (lips_at[2] - 0.95, 2.28)
    edge = lips_at[1] + (-0.17 if lower else -0.12)
    vertices, triangles, n = [], [], 0
    for side in (1, -1):
        along = 0.0
        for wide, share in LOWER_TEETH if lower else UPPER_TEETH:
            tall = TOOTH_HEIGHT * share + 0.25
            box, faces = _rounded_box((wide * 0.99, tall, 0.48), -0.06)
            if lower:
                box = box * (1, -1, -1)  # turned over, so that triangles still face outwards
                faces = faces.copy()
            at, direction = _arch(np.array([side * (along + wide / 2)]), front, width)
            tangent = direction[0]
            placed = np.empty_like(box)
            placed[:, [0, 2]] = (
                at[0] + box[:, :1] * tangent + box[:, 2:] * np.array([-tangent[1], tangent[0]])
            )
            middle = edge - tall / 2 if lower else edge + tall / 2
            placed[:, 1] = middle + box[:, 1]
            vertices.append(placed)
            triangles.append(faces + n)
            n += len(placed)
            along += wide
    return np.vstack(vertices).astype(np.float32), np.vstack(triangles)


def gum(lips_at: Floats, lower: bool, columns: int = 22, around: int = 8) -> tuple[Floats, Ints]:
    """The pink ridge that a row of teeth stands in."""
    front, width = (lips_at[2] - 1.22, 2.1) if lower else (lips_at[2] - 0.99, 2.28)
    level = lips_at[1] + (-0.17 - TOOTH_HEIGHT - 0.12 if lower else -0.12 + TOOTH_HEIGHT + 0.12)
    half = sum(w for w, _ in (LOWER_TEETH if lower else UPPER_TEETH))
    at, direction = _arch(np.linspace(-half, half, columns), front, width)
    turn = np.arange(around) / around * 2 * np.pi
    vertices = []
    for k in range(columns):
        across = np.array([-direction[k][1], direction[k][0]])
        ring = np.empty((around, 3))
        ring[:, [0, 2]] = at[k] + np.cos(turn)[:, None] * 0.34 * across
        ring[:, 1] = level + np.sin(turn) * 0.42
        vertices.append(ring)
    triangles = []
    for k in range(columns - 1):
        for i in range(around):
            a, b = k * around + i, k * around + (i + 1) % around
            triangles += [(a, b, b + around), (a, b + around, a + around)]
    return np.vstack(vertices).astype(np.float32), np.array(triangles, np.int64)


def tongue(lips_at: Floats) -> tuple[Floats, Ints, Floats]:
    """The tongue at rest behind the lower teeth: vertices, triangles, and each vertex's place 0 (tip) … 1 (root)."""
    tip, root = (
        np.array([0, lips_at[1] - 0.8, lips_at[2] - 1.75]),
        np.array([0, lips_at[1] - 1.2, lips_at[2] - 5.4]),
    )
    vertices, place = [], []
    for k in range(TONGUE_ROWS):
        u = (k / (TONGUE_ROWS - 1)) ** 1.6
        wide = 1.62 * np.sqrt(max(0.0, 1 - (1 - min(u / 0.45, 1)) ** 2)) + 0.02
        tall = 0.46 * np.sqrt(max(0.0, 1 - (1 - min(u / 0.3, 1)) ** 2)) + 0.01 + 0.25 * u
        turn = np.arange(TONGUE_COLUMNS) / TONGUE_COLUMNS * 2 * np.pi
        middle = tip + (root - tip) * u + (0, 0.4 * np.sin(np.pi * u), 0)
        ring = np.stack([wide * np.cos(turn), tall * np.sin(turn), 0 * turn], 1)
        groove = (
            0.12 * np.exp(-((ring[:, 0] / 0.3) ** 2)) * (np.sin(turn) > 0) * np.sin(np.pi * min(u * 1.3, 1))
        )
        ring[:, 1] -= groove
        vertices.append(middle + ring)
        place.append(np.full(TONGUE_COLUMNS, u))
    triangles = []
    for k in range(TONGUE_ROWS - 1):
        for i in range(TONGUE_COLUMNS):
            a, b = k * TONGUE_COLUMNS + i, k * TONGUE_COLUMNS + (i + 1) % TONGUE_COLUMNS
            triangles += [(a, b + TONGUE_COLUMNS, b), (a, a + TONGUE_COLUMNS, b + TONGUE_COLUMNS)]
    return np.vstack(vertices).astype(np.float32), np.array(triangles, np.int64), np.concatenate(place)
