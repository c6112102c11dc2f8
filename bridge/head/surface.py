"""Normals of a surface whose triangles stay and whose vertices move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bridge.frames import Floats


class Surface:
    """Sums over the triangles around each vertex, prepared once."""

    def __init__(self, triangles: npt.NDArray[np.int32], vertices: int) -> None:
        """`triangles` (T, 3) over `vertices` vertices, each of which has a triangle."""
        corners = triangles.ravel()
        order = np.argsort(corners, kind="stable")
        self._of = (order // 3).astype(np.int32)
        present, starts = np.unique(corners[order], return_index=True)
        self._starts, self._present = starts, present
        self._a, self._b, self._c = (np.ascontiguousarray(triangles[:, k]) for k in range(3))
        self._count = vertices

    def normals(self, vertices: Floats) -> Floats:
        """(V, 3) unit normals of (V, 3), triangles weighed by their area."""
        corner = vertices[self._a]
        u, v = vertices[self._b] - corner, vertices[self._c] - corner
        face = np.empty_like(u)
        face[:, 0] = u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1]
        face[:, 1] = u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2]
        face[:, 2] = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        out = np.zeros((self._count, 3), np.float32)
        out[self._present] = np.add.reduceat(face[self._of], self._starts, axis=0)
        length = np.sqrt((out * out).sum(1, keepdims=True))
        unit: Floats = out / np.maximum(length, np.float32(1e-12))
        return unit
