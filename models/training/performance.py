"""Trains what eyes and head do: `python -m models.training.performance --data DIR -o runs/performance.pt`.

From tracks alone, silent ones as well: acted emotions, natural talk, read commands. The cell is taught to say how
likely what people did next is (maximum likelihood, teacher forced); then, run freely, it is set so that gaze
shifts and the head's speed come out as often and as large as they were tracked, for each emotion and style.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, STYLES, Floats
from models.cell import EAGERNESS, HEAD, HIDDEN, LIVELINESS, MOUTH, SACCADE, STIRRED, class_of, heard
from models.chance import TAIL
from models.data.motion import steadied
from models.data.performances import Acting, performances
from models.performance import Performance

STEPS = 64
SHARES = {"mead": 0.35, "acted": 0.2, "talk": 0.25, "grid": 0.2}
NEUTRAL = EMOTIONS.index("neutral")
HEAD_NOISE = 0.02
"""Of a step's unit, added to the head that the cell sees, so that it learns to come back."""
ROUNDS, MOUTHS = 10, 24
"""Of setting the rates: how often, and how many runs each time."""
BEGINS, RUN_STEPS = 50, 300
"""Steps of a run that are left out, because everybody begins at rest, and steps that are looked at."""
OTHER_MOUTH = 0.4
"""Share of windows whose mouth is another person's: a few clips are no ground to tie eyes to a mouth."""
SLOWEST = 1e-5
"""Rad a step: slower is still."""
TURN = np.tan(np.radians(4.0))


class Lesson(NamedTuple):
    """A batch: B windows of T steps."""

    fixation: Tensor
    begins: Tensor
    head: Tensor
    opening: Tensor
    counts: Tensor
    emotion: Tensor
    style: Tensor


def warped(acting: Acting, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Fixation, head and opening of a window, played slower or faster, at times mirrored."""
    length = len(acting.fixation)
    at = np.arange(0, length - 1, rng.uniform(0.87, 1.15))
    low = at.astype(int)
    share = (at - low)[:, None].astype(np.float32)
    head = acting.head[low] * (1 - share) + acting.head[low + 1] * share
    fixation, opening = acting.fixation[low].copy(), acting.opening[low]
    start = int(rng.integers(0, max(1, len(low) - STEPS)))
    part = slice(start, start + STEPS)
    fixation, head, opening = fixation[part], head[part].copy(), opening[part]
    if rng.random() < 0.5:
        fixation = fixation * np.array([-1, 1], np.float32)
        head *= np.array([1, -1, -1, -1, 1, 1], np.float32)
    return fixation, head, opening


def smoothed(head: Floats) -> Floats:
    """(T, 6) without the tracker's shiver."""
    padded = np.pad(head, ((1, 1), (0, 0)), mode="edge")
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], np.float32)


def lesson(groups: dict[str, list[Acting]], rng: np.random.Generator, size: int) -> Lesson:
    """A batch, drawn by group."""
    names = [name for name in SHARES if groups.get(name)]
    odds = np.array([SHARES[name] for name in names])
    rows: list[list[Floats]] = []
    for _ in range(size):
        group = groups[names[int(rng.choice(len(names), p=odds / odds.sum()))]]
        acting = group[int(rng.integers(len(group)))]
        fixation, head, opening = warped(acting, rng)
        if rng.random() < OTHER_MOUTH:
            other = group if rng.random() < 0.5 else groups[names[int(rng.integers(len(names)))]]
            borrowed = other[int(rng.integers(len(other)))].opening
            opening = np.resize(np.roll(borrowed, -int(rng.integers(len(borrowed)))), len(opening))
        opening = opening * rng.uniform(0.6, 1.4)
        head = smoothed(head)
        begins = np.concatenate([[0.0], np.abs(np.diff(fixation, axis=0)).sum(1) > 1e-6]).astype(np.float32)
        counts = np.ones(len(fixation), np.float32)
        lacking = STEPS - len(fixation)
        if lacking > 0:
            fixation, head = (np.pad(x, ((0, lacking), (0, 0)), mode="edge") for x in (fixation, head))
            opening = np.pad(opening, (0, lacking), mode="edge")
            begins, counts = (np.pad(x, (0, lacking)) for x in (begins, counts))
        emotion, style = np.zeros(len(EMOTIONS), np.float32), np.zeros(len(STYLES), np.float32)
        certain = rng.uniform(0.75, 1.0)
        emotion[acting.emotion] += certain
        emotion[NEUTRAL] += 1 - certain
        style[acting.style] = 1.0
        rows.append([fixation, begins, head, opening, counts, emotion, style])
    return Lesson(*(torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*rows, strict=True)))


def losses(network: Performance, given: Lesson) -> Tensor:
    """(4,) negative log likelihoods a step: shift, class and residual of a fixation, head step."""
    cell, size = network.loop.step.cell, len(given.head)
    hidden, mouth = torch.zeros(size, HIDDEN), torch.zeros(size, MOUTH)
    gaze, age = given.fixation[:, 0], torch.randint(0, 40, (size, 1)).float()
    shown = given.head + HEAD_NOISE * cell.unit * torch.randn_like(given.head)
    sums = [torch.zeros(())] * 4
    for t in range(2, STEPS):
        mouth = heard(mouth, given.opening[:, t : t + 1], given.opening[:, t - 1 : t])
        shift, classes, residual, step, hidden = cell(
            given.emotion,
            given.style,
            mouth,
            gaze,
            age,
            shown[:, t - 1],
            shown[:, t - 1] - shown[:, t - 2],
            hidden,
        )
        counts, begins = given.counts[:, t], given.begins[:, t] * given.counts[:, t]
        found, rest = class_of(given.fixation[:, t].numpy())
        off = (rest - residual[:, :2]) / residual[:, 2:].exp()
        far = ((given.head[:, t] - shown[:, t - 1]) / cell.unit - step[:, :HEAD]) / step[:, HEAD:].exp()
        student = 0.5 * (TAIL + 1) * torch.log1p(far.square() / TAIL) + step[:, HEAD:]
        begun = nn.functional.binary_cross_entropy_with_logits(
            shift[:, 0], given.begins[:, t], reduction="none"
        )
        which = nn.functional.cross_entropy(classes, found, reduction="none", label_smoothing=0.01)
        parts = (
            begun * counts,
            which * begins,
            (0.5 * off.square() + residual[:, 2:]).sum(1) * begins,
            student.sum(1) * counts,
        )
        sums = [total + part.sum() for total, part in zip(sums, parts, strict=True)]
        gaze = gaze + SACCADE * (given.fixation[:, t] - gaze)
        age = torch.where(given.begins[:, t : t + 1] > 0.5, torch.zeros_like(age), age + 1)
    all_steps, shifts = given.counts[:, 2:].sum(), given.begins.sum() + 1
    return torch.stack([sums[0] / all_steps, sums[1] / shifts, sums[2] / shifts, sums[3] / all_steps])


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


def main() -> None:
    """Trains, sets the rates, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    try:
        actings = list(performances(args.data))
    except ValueError as error:
        parser.error(str(error))
    if not actings:
        parser.error(
            f"{args.data} holds no tracks: mead_motion, cremad_motion, ravdess_motion, emotion_motion, talk or "
            "grid_s1/train"
        )
    groups: dict[str, list[Acting]] = {}
    for acting in actings:
        groups.setdefault(acting.group, []).append(acting)
    print(", ".join(f"{name} {len(found)}" for name, found in groups.items()), flush=True)
    network = Performance()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=args.steps + 1, pct_start=0.1)
    weights = torch.tensor([4.0, 0.3, 0.1, 0.5])
    started, shown = time.monotonic(), torch.zeros(4)
    for step in range(1, args.steps + 1):
        each = losses(network, lesson(groups, rng, args.batch))
        optimizer.zero_grad()
        (weights * each).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        shown += each.detach() / 100
        if step % 100 == 0 or step == args.steps:
            told = " ".join(f"{x:.3f}" for x in shown.tolist())
            print(f"step {step}/{args.steps} {told} ({time.monotonic() - started:.0f} s)", flush=True)
            shown.zero_()
    settle(network.eval(), actings, args.seed)
    print(f"rates are set ({time.monotonic() - started:.0f} s)")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    beside = args.out.with_suffix(".tmp")
    torch.save(network.state_dict(), beside)
    beside.replace(args.out)
    print("eager", network.loop.step.eager.tolist(), "lively", network.loop.step.lively.tolist())


if __name__ == "__main__":
    main()
