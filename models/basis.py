"""A linear basis of facial displacement: principal components of tracked talk (ATVG, MSEF: L_pca)."""

from __future__ import annotations

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats

MOUTH_WEIGHT = 3.0
"""Lip points count this much more than others when components are chosen: eyes look there."""


def point_weights() -> Floats:
    """(68,) weight of each point in the principal components and in losses."""
    weights = np.ones(face.COUNT, np.float32)
    weights[list(face.MOUTH)] = MOUTH_WEIGHT
    return weights


def lower_face() -> Floats:
    """(68, 1): 1 at the points that talk moves most, 0 elsewhere."""
    share = np.zeros((face.COUNT, 1), np.float32)
    share[list(face.LOWER_FACE)] = 1.0
    return share


def fit(displacement: Floats, components: int) -> Floats:
    """(N, 68, 3) displacements → (components, 204) basis; rows have unit weighted norm times their deviation.

    No mean is removed: zero coefficients are the neutral face. Mirror images are added, so that the basis
    has no favourite side.
    """
    both = np.concatenate([displacement, face.mirrored(displacement)])
    weights = np.repeat(np.sqrt(point_weights()), 3)
    flat = both.reshape(len(both), -1) * weights
    _, vectors = np.linalg.eigh((flat.T @ flat / len(flat)).astype(np.float64))
    top = vectors[:, ::-1][:, :components].T  # (components, 204), orthonormal in the weighted space
    deviation = (flat @ top.T).std(axis=0)
    basis: Floats = (top * deviation[:, None] / weights).astype(np.float32)
    return basis
