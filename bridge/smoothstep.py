"""The curve that everything eased follows: a soft start and a soft end."""

from __future__ import annotations


def smoothstep(x: float) -> float:
    """0..1 → 0..1, level at both ends: 3x² − 2x³."""
    return x * x * (3.0 - 2.0 * x)
