"""Sets how often eyes turn and how fast and far a head moves, so that what is generated comes out as tracked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, NEUTRAL, STYLES, Floats
from models.cell import EAGERNESS, LIVELINESS, STIRRED
from models.data.motion import steadied
from models.data.performances import Acting
from models.performance import Performance

ROUNDS, MOUTHS = 10, 24
"""Of setting the rates: how often, and how many runs each time."""
BEGINS, RUN_STEPS = 50, 300
"""Steps of a run that are left out, because everybody begins at rest, and steps that are looked at."""
SLOWEST = 1e-5
"""Rad a step: slower is still."""
TURN = np.tan(np.radians(4.0))


def acted(
    network: Performance, emotion: int, style: int, mouths: Floats, seed: int = 0
) -> tuple[Floats, Floats]:
    """Gaze (S, T, 2) and head (S, T, 6), generated to S mouths (S, T), 25 a second; the first `BEGINS` are left out."""
    size, steps = mouths.shape
    felt, manner = torch.zeros(size, 2 * steps, len(EMOTIONS)), torch.zeros(size, len(STYLES))
    felt[..., emotion] = 1.0
    manner[:, style] = 1.0
    noise = np.random.default_rng(seed).standard_normal((size, 2 * steps, NOISE), np.float32)
    opening = torch.from_numpy(np.repeat(mouths, 2, axis=1))[..., None]
    with torch.no_grad():
        motion, _ = network(
            felt, manner, opening, torch.from_numpy(noise), torch.ones(size, 1), network.initial_state(size)
        )
    frames = motion[:, 2 * BEGINS :: 2].numpy()
    return frames[..., :2], frames[..., 4:]


class Rates(NamedTuple):
    """How somebody moves."""

    shifts: float
    """Of gaze, a step: more than 4° within 100 ms."""
    speed: float
    """Median angle of a head step."""
    fast: float
    """Its 90 % quantile by its median."""
    pitch: float
    yaw: float
    roll: float
    """5 to 95 % range of the head's angles."""


def rates(gaze: Floats, head: Floats, covered: np.ndarray | None = None) -> Rates:
    """Of gaze (T, 2) rad and head (T, 6), 25 a second, medians of three steps first; (T,) where lids hide the eyes."""
    steady, turns = steadied(gaze), steadied(head[:, :3])
    turned = np.linalg.norm(steady[2:] - steady[:-2], axis=1) > TURN
    if covered is not None:
        turned &= ~(covered[2:] | covered[:-2])
    shifts = int((np.diff(turned.astype(int), prepend=0) == 1).sum())
    angles = np.linalg.norm(np.diff(turns, axis=0), axis=1)
    middle = float(np.median(angles))
    low, high = np.quantile(turns, (0.05, 0.95), axis=0)
    fast = float(np.quantile(angles, 0.9)) / max(middle, 1e-6)
    return Rates(shifts / len(gaze), middle, fast, *(high - low).tolist())


def middle_of(found: list[Rates], seconds: Floats) -> Rates:
    """Shifts by all the time there was, the others by the median clip."""
    shifts, *others = np.array(found).T
    return Rates(float(np.average(shifts, weights=seconds)), *(float(np.median(x)) for x in others))


def pieces(gaze: Floats, head: Floats, steps: int) -> list[Rates]:
    """Rates of generated runs (S, T, …), cut into pieces as long as the tracks: the longer, the further one wanders."""
    return [
        rates(gaze[i, at : at + steps], head[i, at : at + steps])
        for i in range(len(gaze))
        for at in range(0, gaze.shape[1] - steps + 1, steps)
    ]


def settle(network: Performance, actings: list[Acting], seed: int) -> None:
    """Sets `eager`, `lively` and `restless` so that generated rates meet tracked ones, by emotion (actors) and style.

    The mouths are anybody's, as they will be.
    """
    rng = np.random.default_rng(seed)
    kinds: dict[int, list[Acting]] = {}
    for acting in actings:
        actor = STYLES[acting.style] == "actor"
        key = acting.emotion if actor else len(EMOTIONS) + acting.style
        if actor or acting.emotion == NEUTRAL:
            kinds.setdefault(key, []).append(acting)
    step = network.loop.step
    # emotions first: a style's own setting comes on top of what neutral talk has
    for key, found in sorted(kinds.items()):
        chosen = found[:: max(1, len(found) // 40)]
        length = np.array([len(a.opening) for a in chosen], np.float32)
        wanted = middle_of([rates(a.gaze, a.head, a.covered) for a in chosen], length)
        pool = [a for a in actings if a.group == "talk"] + chosen if key < len(EMOTIONS) else chosen
        mouths = np.stack(
            [np.resize(pool[int(rng.integers(len(pool)))].opening, BEGINS + RUN_STEPS) for _ in range(MOUTHS)]
        )
        emotion, style = (
            (key, STYLES.index("actor")) if key < len(EMOTIONS) else (NEUTRAL, key - len(EMOTIONS))
        )
        got, size = wanted, min(RUN_STEPS, int(np.median(length)))
        for turn in range(ROUNDS):
            made = pieces(*acted(network, emotion, style, mouths, seed + turn), size)
            got = middle_of(made, np.ones(len(made), np.float32))
            share = 1.0 / (1.0 + turn / 4)
            step.eager[key] += share * float(
                np.clip(np.log((wanted.shifts + 2e-4) / (got.shifts + 2e-4)), -0.7, 0.7)
            )
            step.eager[key].clamp_(-EAGERNESS, EAGERNESS)
            faster = np.log(max(wanted.speed, SLOWEST) / max(got.speed, SLOWEST))
            further = np.log(np.maximum(wanted[3:], 1e-4) / np.maximum(got[3:], 1e-4))
            each = np.concatenate([0.5 * (faster + further), [0.5 * (faster + further.mean())] * 3])
            step.lively[key] += share * torch.from_numpy(np.clip(each, -0.5, 0.5)).float()
            step.lively[key].clamp_(-LIVELINESS, LIVELINESS)
            step.restless[key] += share * float(
                0.3 * np.clip(np.log(max(wanted.fast, 1.0) / max(got.fast, 1.0)), -0.5, 0.5)
            )
            step.restless[key].clamp_(0.0 if key < len(EMOTIONS) else -STIRRED, STIRRED)
        named = EMOTIONS[emotion] if key < len(EMOTIONS) else STYLES[style]
        print(f"{named:10s} shifts/s {25 * got.shifts:.2f} of {25 * wanted.shifts:.2f}, head °/s "
              f"{25 * np.degrees(got.speed):.1f} of {25 * np.degrees(wanted.speed):.1f}, fast by median "
              f"{got.fast:.2f} of {wanted.fast:.2f}, ranges ° {np.degrees(got[3:]).round(1)} of "
              f"{np.degrees(wanted[3:]).round(1)}", flush=True)  # fmt: skip
    for style, name in enumerate(STYLES):
        mouths = np.stack([np.resize(a.opening, BEGINS + RUN_STEPS) for a in actings[:MOUTHS]])
        told = []
        for emotion in range(len(EMOTIONS)):
            every = zip(*acted(network, emotion, style, mouths), strict=True)
            shifts = float(np.mean([rates(*one).shifts for one in every]))
            told.append(f"{EMOTIONS[emotion]} {25 * shifts:.2f}")
        print(f"shifts/s as a {name}: {', '.join(told)}", flush=True)
