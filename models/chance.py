"""Standard normal values, as a network is given them, made into what it needs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TAIL = 4.0
"""Degrees of freedom of a head step's Student distribution: heads rest, then move in bursts."""
FURTHEST = 2.5
"""Standard deviations of a step that are not passed."""


def uniform_of(normal: Tensor) -> Tensor:
    """Standard normal → uniform 0..1."""
    return 0.5 * (1.0 + torch.erf(normal / math.sqrt(2.0)))


def cubed(normal: Tensor) -> Tensor:
    """Standard normal → its cube, of unit variance: nearly nothing most of the time, and then a jump."""
    return normal**3 / math.sqrt(15.0)


def tailed(normal: Tensor) -> Tensor:
    """Standard normal → Student's t with `TAIL` degrees of freedom (Cornish-Fisher), at most `FURTHEST` in."""
    z = normal.clamp(-FURTHEST, FURTHEST)
    return z + (z**3 + z) / (4 * TAIL) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * TAIL**2)
