"""A rig from pose pairs: bounded least squares with few inputs a curve. numpy alone.

A curve is clamp(Σ factor·input + offset, low, high), so a pair whose curve stands at a limit asks only that the sum
be there or beyond. For all curves at once, accelerated projected gradient descent minimises

    mean over pairs of (what is missing)² / 2  +  SPARSITY · Σ |factor|        |factor| ≤ LARGEST_FACTOR

in units of each curve's range; the inputs that keep a factor worth having are then fitted again without the second
term. What remains is told as a residual, also of pairs left out of the fit.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np

from bridge.rigs.pairs import POSED, Array, Pairs
from bridge.rigs.row import Curve, RigError

FEWEST_PAIRS = 3
LARGEST_FACTOR = 10.0
"""Of an input, in units of the curve's range."""
SPARSITY = 0.002
LEAST_FACTOR = 0.03
"""Smaller ones are left out, in units of the curve's range."""
RIDGE = 1e-6
"""Keeps a fit determined where inputs always move together."""
STEPS = 3000
FOLDS = 10
"""Pairs are left out in at most so many groups."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it."""

    curves: tuple[Curve, ...]
    residual: Array
    """(curves,) root mean square of what the rig misses the pairs by, in the curve's own units."""
    left_out: Array
    """(curves,) the same for pairs that the fit did not see."""
    inputs: int
    """How many weights and emotions move in the pairs."""


def learn(pairs: Pairs) -> Learned:
    """The rig that pairs ask for.

    Raises:
        RigError: if there are too few pairs, or a curve never moves.
    """
    count = len(np.unique(pairs.poses, axis=0))
    if count < FEWEST_PAIRS:
        raise RigError(
            f"{count} different poses are too few to learn from; give {FEWEST_PAIRS} at least, and one for "
            "every weight that matters"
        )
    still = [n for n, v in zip(pairs.curves, pairs.values.T, strict=True) if np.ptp(v) == 0]
    if still:
        raise RigError(f"{still[0]!r} has the same value in every pair; move it in one, or leave it out")
    low, high = np.minimum(pairs.values.min(0), 0.0), pairs.values.max(0)
    high = np.where((low == 0) & (high <= 1), 1.0, np.maximum(high, 0.0))
    scale = high - low
    moving = np.flatnonzero(np.ptp(pairs.poses, axis=0) > 0)
    x = np.concatenate([pairs.poses[:, moving], np.ones((len(pairs.poses), 1))], 1)
    goal, limits = pairs.values / scale, (low / scale, high / scale)
    factors = _fitted(x, goal, limits)
    groups = np.arange(len(x)) % min(FOLDS, len(x))
    missed = np.empty_like(goal)
    for group in range(int(groups.max()) + 1):
        out = groups == group
        missed[out] = _shown(x[out], _fitted(x[~out], goal[~out], limits), limits) - goal[out]
    curves = []
    for i, name in enumerate(pairs.curves):
        # the offset is the last
        written = np.round(factors[:, i] * scale[i], 3) + 0.0
        inputs = {POSED[k]: float(f) for k, f in zip(moving, written, strict=False) if f}
        curves.append(Curve(name, inputs, 1.0, float(written[-1]), float(low[i]), float(high[i])))
    residual = (_shown(x, factors, limits) - goal) * scale
    return Learned(tuple(curves), _rms(residual), _rms(missed * scale), moving.size)


def _rms(errors: Array) -> Array:
    rms: Array = np.sqrt(np.mean(errors**2, 0))
    return rms


def _shown(x: Array, factors: Array, limits: tuple[Array, Array]) -> Array:
    shown: Array = np.clip(x @ factors, *limits)
    return shown


def _fitted(x: Array, goal: Array, limits: tuple[Array, Array]) -> Array:
    """(inputs + 1, curves): first with few inputs, then those again without a price."""
    factors = _descend(x, goal, limits, SPARSITY, np.ones((x.shape[1], goal.shape[1])))
    kept = np.abs(factors) >= LEAST_FACTOR
    return _descend(x, goal, limits, 0.0, kept.astype(float), factors)


def _descend(
    x: Array, goal: Array, limits: tuple[Array, Array], price: float, free: Array, start: Array | None = None
) -> Array:
    """Accelerated proximal gradient descent; a factor whose `free` is 0 stays 0."""
    n = len(x)
    step = 1.0 / (np.linalg.norm(x, 2) ** 2 / n + RIDGE)
    at_low, at_high = goal <= limits[0], goal >= limits[1]
    prices = np.full((x.shape[1], 1), price)
    prices[-1] = 0.2 * price  # an offset is cheap, but not free: most curves rest at 0
    factors = np.zeros_like(free) if start is None else start * free
    ahead, momentum = factors, 1.0
    for _ in range(STEPS):
        missing = x @ ahead - goal
        missing[at_low] = np.maximum(missing[at_low], 0)
        missing[at_high] = np.minimum(missing[at_high], 0)
        moved: Array = ahead - step * (x.T @ missing / n + RIDGE * ahead)
        size = np.minimum(np.maximum(np.abs(moved) - step * prices, 0), LARGEST_FACTOR)
        moved = np.copysign(size * free, moved)
        if np.abs(moved - factors).max(initial=0.0) < 1e-7:
            return moved
        if float(((ahead - moved) * (moved - factors)).sum()) > 0:
            momentum = 1.0  # it overshot: begin to gather speed anew
        later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / later * (moved - factors)
        factors, momentum = moved, later
    return factors


def table_text(title: str, curves: tuple[Curve, ...]) -> str:
    """The TOML of learned curves."""
    lines = [f"title = {_quoted(title)}"]
    for curve in curves:
        lines += ["", f"[curves.{_key(curve.name)}]"]
        for key, names in (("weights", POSED[:52]), ("emotion", POSED[52:])):
            factors = [f"{name} = {curve.inputs[name]:g}" for name in names if name in curve.inputs]
            if factors:
                lines.append(f"{key} = {{ {', '.join(factors)} }}")
        if curve.offset:
            lines.append(f"offset = {curve.offset:g}")
        if (curve.low, curve.high) != (0.0, 1.0):
            lines.append(f"clamp = [{curve.low:g}, {curve.high:g}]")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
