"""Sets how often eyes turn and how fast and far a head moves, so that what is generated comes out as tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, NEUTRAL, STYLES, Floats
from models.cell import EAGERNESS, HOMEWARD, LIVELINESS, STIRRED, SWING, WANDER, WANDER_STAYS
from models.data.motion import steadied, swing_of
from models.data.performances import Acting
from models.emphasis import BANDS
from models.emphasis import SIZE as EMPHASIS
from models.performance import Performance

ROUNDS, MOUTHS = 24, 40
"""Of setting the rates: how often, and how many runs each time."""
BEGINS, RUN_STEPS = 50, 500
"""Steps of a run that are left out, because everybody begins at rest, and steps that are looked at."""
SLOWEST = 1e-5
"""Rad a step: slower is still."""
SECOND = 25
ASKEW = 0.3
"""How much of what one axis moves too far against the others is taken from its steps; the rest from its way home."""
TURN = np.tan(np.radians(4.0))


class Talk(NamedTuple):
    """What heads move to: S runs of T steps."""

    opening: Floats
    """(S, T) cm."""
    emphasis: Floats
    """(S, T, 3) of `models.emphasis`."""


def acted(network: Performance, emotion: int, style: int, talk: Talk, seed: int = 0) -> tuple[Floats, Floats]:
    """Gaze (S, T, 2) and head (S, T, 6), generated to talk, 25 a second; the first `BEGINS` are left out."""
    size, steps = talk.opening.shape
    felt, manner = torch.zeros(size, 2 * steps, len(EMOTIONS)), torch.zeros(size, len(STYLES))
    felt[..., emotion] = 1.0
    manner[:, style] = 1.0
    noise = torch.from_numpy(
        np.random.default_rng(seed).standard_normal((size, 2 * steps, NOISE), np.float32)
    )
    opening, emphasis = (torch.from_numpy(np.repeat(part, 2, axis=1)) for part in talk)
    with torch.no_grad():
        motion, _ = network(
            felt,
            manner,
            opening[..., None],
            emphasis,
            noise,
            torch.ones(size, 1),
            network.initial_state(size),
        )
    frames = motion[:, 2 * BEGINS :: 2].numpy()
    return frames[..., :2], frames[..., 4:]


class Talked(NamedTuple):
    """One recording that a head may move to, T steps."""

    opening: Floats
    """(T,) cm."""
    emphasis: Floats | None
    """(T, 3); nothing is stressed without sound."""


def talked(actings: Sequence[Acting]) -> list[Talked]:
    """What people said as they moved."""
    return [Talked(a.opening, a.emphasis) for a in actings]


def talk_of(said: Sequence[Talked]) -> Talk:
    """Runs of mouths and of what is stressed, over again where they are shorter."""
    steps = BEGINS + RUN_STEPS
    at = [np.arange(steps) % len(one.opening) for one in said]
    still = np.zeros((steps, EMPHASIS), np.float32)
    return Talk(
        np.stack([one.opening[i] for one, i in zip(said, at, strict=True)]),
        np.stack(
            [still if one.emphasis is None else one.emphasis[i] for one, i in zip(said, at, strict=True)]
        ),
    )


class Rates(NamedTuple):
    """How somebody moves."""

    shifts: float
    """Of gaze, a step: more than 4° within 100 ms."""
    speed: float
    """Median angle of a head step."""
    fast: float
    """Its 90 % quantile by its median."""
    spread: float
    """Of gaze: root of the mean variance of yaw and pitch, rad."""
    pitch: float
    yaw: float
    roll: float
    """2 to 98 % range of the head's angles: bursts count."""


def rates(gaze: Floats, head: Floats, covered: np.ndarray | None = None) -> Rates:
    """Of gaze (T, 2) rad and head (T, 6), 25 a second, medians of three steps first; (T,) where lids hide the eyes."""
    steady, turns = steadied(gaze), steadied(head[:, :3])
    turned = np.linalg.norm(steady[2:] - steady[:-2], axis=1) > TURN
    if covered is not None:
        turned &= ~(covered[2:] | covered[:-2])
    shifts = int((np.diff(turned.astype(int), prepend=0) == 1).sum())
    angles = np.linalg.norm(np.diff(turns, axis=0), axis=1)
    middle = float(np.median(angles))
    low, high = np.quantile(turns, (0.02, 0.98), axis=0)
    fast = float(np.quantile(angles, 0.9)) / max(middle, 1e-6)
    seen = steady if covered is None or covered.all() else steady[~covered]
    spread = float(np.sqrt(seen.var(axis=0).mean()))
    return Rates(shifts / len(gaze), middle, fast, spread, *(high - low).tolist())


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


def nods_of(actings: list[Acting]) -> Floats:
    """(styles, BANDS) least squares of tracked pitch, its mean of a second aside; without sound, as a speaker has."""
    found: Floats = np.zeros((len(STYLES), BANDS), np.float32)
    for style in range(len(STYLES)):
        seen, pitch = [np.zeros((0, BANDS), np.float32)], [np.zeros(0)]
        for acting in actings:
            if acting.style == style and acting.emphasis is not None:
                turned = steadied(acting.head[:, :3])[:, 0]
                lately = np.convolve(np.pad(turned, SECOND // 2, "edge"), np.ones(SECOND) / SECOND, "valid")
                pitch.append(turned - lately)
                seen.append(acting.emphasis[:, 1:])
        if len(seen) > 1:
            found[style] = np.linalg.lstsq(np.concatenate(seen), np.concatenate(pitch), rcond=None)[0]
    actor, speaker = STYLES.index("actor"), STYLES.index("speaker")
    if not found[actor].any():
        found[actor] = found[speaker]
    return found


def settle(
    network: Performance,
    actings: list[Acting],
    seed: int,
    voices: Mapping[int, Sequence[Talked]] | None = None,
) -> None:
    """Sets what is no weight of a network so that tracked rates are met, by emotion (actors) and style.

    Args:
        network: whose cell is trained.
        actings: what was tracked.
        seed: of what is drawn.
        voices: emotion → acted voices and the mouths that the content branch gives them, for actors whose tracks
            are silent; where there are none they move to anybody's talk.
    """
    rng = np.random.default_rng(seed)
    kinds: dict[int, list[Acting]] = {}
    for acting in actings:
        actor = STYLES[acting.style] == "actor"
        key = acting.emotion if actor else len(EMOTIONS) + acting.style
        if actor or acting.emotion == NEUTRAL:
            kinds.setdefault(key, []).append(acting)
    network.nods.copy_(torch.from_numpy(nods_of(actings)))
    voiced = [a for a in actings if a.emphasis is not None]
    talking = [a for a in voiced if STYLES[a.style] == "speaker"] or voiced
    step = network.loop.step
    # emotions first: a style's own setting comes on top of what neutral talk has
    for key, found in sorted(kinds.items()):
        chosen = found[:: max(1, len(found) // 40)]
        length = np.array([len(a.opening) for a in chosen], np.float32)
        wanted = middle_of([rates(a.gaze, a.head, a.covered) for a in chosen], length)
        pressed = [(a.head[:, :3], a.emphasis[:, 0]) for a in chosen if a.emphasis is not None]
        pressed = pressed or [(a.head[:, :3], a.emphasis[:, 0]) for a in talking if a.emphasis is not None]
        swing = max(0.0, swing_of(*map(list, zip(*pressed, strict=True)))) if pressed else 0.0
        pool = talked([a for a in chosen if a.emphasis is not None])
        if not pool and voices and key < len(EMOTIONS):
            pool = list(voices.get(key, voices.get(NEUTRAL, ())))
        pool = pool or talked(talking or chosen)
        talk = talk_of([pool[int(i)] for i in rng.integers(len(pool), size=MOUTHS)])
        emotion, style = (
            (key, STYLES.index("actor")) if key < len(EMOTIONS) else (NEUTRAL, key - len(EMOTIONS))
        )
        got, size, swung = wanted, min(RUN_STEPS, int(np.median(length))), 0.0
        for turn in range(ROUNDS):
            gaze, head = acted(network, emotion, style, talk, seed + turn)
            made = pieces(gaze, head, size)
            got = middle_of(made, np.ones(len(made), np.float32))
            swung = swing_of(list(head[..., :3]), list(talk.emphasis[:, BEGINS:, 0]))
            share = 1.0 / (1.0 + turn / 4)
            step.eager[key] += share * float(
                np.clip(np.log((wanted.shifts + 2e-4) / (got.shifts + 2e-4)), -0.7, 0.7)
            )
            step.eager[key].clamp_(-EAGERNESS, EAGERNESS)
            faster = np.log(max(wanted.speed, SLOWEST) / max(got.speed, SLOWEST))
            further = np.log(np.maximum(wanted[4:], 1e-4) / np.maximum(got[4:], 1e-4))
            # a larger step is faster and goes further; a stronger pull keeps it from going as far
            larger = faster + ASKEW * (further - further.mean())
            homeward = 2.0 * (larger - further)
            for rate, each, most in ((step.lively, larger, LIVELINESS), (step.homeward, homeward, HOMEWARD)):
                each = np.clip(np.concatenate([each, [each.mean()] * 3]), -0.5, 0.5)
                rate[key] += share * torch.from_numpy(each).float()
                rate[key].clamp_(-most, most)
            step.restless[key] += share * float(
                0.3 * np.clip(np.log(max(wanted.fast, 1.0) / max(got.fast, 1.0)), -0.5, 0.5)
            )
            step.restless[key].clamp_(0.0 if key < len(EMOTIONS) else -STIRRED, STIRRED)
            step.swing[key] += share * (swing - swung)
            step.swing[key].clamp_(0.0 if key < len(EMOTIONS) else -SWING, SWING)
            base = 0.0 if key < len(EMOTIONS) else float(step.wander[emotion])
            variance = (base + float(step.wander[key])) ** 2
            variance += share * (1.0 - WANDER_STAYS**2) * (wanted.spread**2 - got.spread**2)
            step.wander[key] = float(np.clip(np.sqrt(max(variance, 0.0)), 0.0, WANDER)) - base
        named = EMOTIONS[emotion] if key < len(EMOTIONS) else STYLES[style]
        print(f"{named:10s} shifts/s {25 * got.shifts:.2f} of {25 * wanted.shifts:.2f}, head °/s "
              f"{25 * np.degrees(got.speed):.1f} of {25 * np.degrees(wanted.speed):.1f}, fast by median "
              f"{got.fast:.2f} of {wanted.fast:.2f}, ranges ° {np.degrees(got[4:]).round(1)} of "
              f"{np.degrees(wanted[4:]).round(1)}, gaze ° "
              f"{np.degrees(got.spread):.1f} of {np.degrees(wanted.spread):.1f}, "
              f"swing {swung:.2f} of {swing:.2f}", flush=True)  # fmt: skip
    mouths = talk_of(talked((talking or actings)[:MOUTHS]))
    for style, name in enumerate(STYLES):
        told = []
        for emotion in range(len(EMOTIONS)):
            every = zip(*acted(network, emotion, style, mouths), strict=True)
            shifts = float(np.mean([rates(*one).shifts for one in every]))
            told.append(f"{EMOTIONS[emotion]} {25 * shifts:.2f}")
        print(f"shifts/s as a {name}: {', '.join(told)}", flush=True)
