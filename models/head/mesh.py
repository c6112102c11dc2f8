"""Triangle meshes in numpy: normals, mirror maps, Loop subdivision as a matrix, loops of a boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
"""Geometry of any precision."""
Ints = npt.NDArray[np.int64]


def normals(vertices: Floats, triangles: Ints) -> Floats:
    """(V, 3) unit normals, triangles weighed by their area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    out = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(out, triangles[:, k], face)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return out / np.maximum(length, 1e-12)


def mirror_map(vertices: Floats, tolerance: float = 1e-3) -> Ints:
    """(V,) index of each vertex's mirror image across x = 0.

    Raises:
        ValueError: if the vertices are not symmetric within `tolerance` cm.
    """
    flipped = vertices * np.array([-1, 1, 1], vertices.dtype)
    out = np.empty(len(vertices), np.int64)
    for i in range(0, len(vertices), 512):
        d = ((flipped[i : i + 512, None] - vertices[None]) ** 2).sum(-1)
        out[i : i + 512] = d.argmin(1)
        if d.min(1).max() > tolerance**2:
            raise ValueError(
                f"not symmetric: a vertex is {d.min(1).max() ** 0.5:.4f} cm from its image's place"
            )
    return out


def boundary_loops(triangles: Ints) -> list[list[int]]:
    """Closed loops of edges that have one triangle only, in the direction of those triangles."""
    edges = {(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    following = {a: b for a, b in edges if (b, a) not in edges}
    loops = []
    while following:
        start = min(following)
        loop = [start]
        while (at := following.pop(loop[-1])) != start:
            loop.append(at)
        loops.append(loop)
    return loops


def subdivided(triangles: Ints, count: int) -> tuple[Floats, Ints]:
    """Loop's scheme once: matrix (V', V) that makes the new vertices, and the new triangles.

    Old vertices keep their numbers. Boundaries become cubic splines of themselves.
    """
    sides: dict[tuple[int, int], list[int]] = {}
    for t in triangles:
        for k in range(3):
            a, b, c = int(t[k]), int(t[(k + 1) % 3]), int(t[(k + 2) % 3])
            sides.setdefault((min(a, b), max(a, b)), []).append(c)
    middle = {edge: count + i for i, edge in enumerate(sides)}
    matrix = np.zeros((count + len(sides), count), np.float32)
    around: list[list[int]] = [[] for _ in range(count)]
    rim: list[list[int]] = [[] for _ in range(count)]
    for (a, b), far in sides.items():
        around[a].append(b)
        around[b].append(a)
        row = matrix[middle[a, b]]
        if len(far) == 2:
            row[[a, b]] = 3 / 8
            row[far] += 1 / 8
        else:
            row[[a, b]] = 1 / 2
            rim[a].append(b)
            rim[b].append(a)
    for v in range(count):
        if rim[v]:
            matrix[v, v] = 3 / 4
            matrix[v, rim[v]] = 1 / 4 / len(rim[v])
        elif around[v]:
            n = len(around[v])
            beta = (5 / 8 - (3 / 8 + np.cos(2 * np.pi / n) / 4) ** 2) / n
            matrix[v, v] = 1 - n * beta
            matrix[v, around[v]] = beta
        else:
            matrix[v, v] = 1
    new = []
    for t in triangles:
        a, b, c = (int(i) for i in t)
        ab, bc, ca = (middle[min(p), max(p)] for p in ((a, b), (b, c), (c, a)))
        new += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return matrix, np.array(new, np.int64)
