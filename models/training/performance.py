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

from bridge.frames import EMOTIONS, NEUTRAL, STYLES, Floats
from bridge.frames import RATE_HZ as SOUND_HZ
from models.cell import HEAD, HIDDEN, MOUTH, SACCADE, class_of, heard
from models.chance import TAIL
from models.collaborative import Collaborative
from models.cue_network import content_of
from models.data import corpus
from models.data.performances import STEP_S, Acting, emphasis_of, performances
from models.losses import lip_gap
from models.performance import Performance
from models.training import results
from models.training.played import READ, gaze_at, played, read_of
from models.training.rates import Talked, settle
from models.training.style import given

STEPS = 64
SHARES = {"mead": 0.35, "acted": 0.2, "talk": 0.25, "grid": 0.2}
ACTED = ("mead", "acted")
GAMMA = 0.1
"""How much the collaborative classifier pulls."""
HEAD_NOISE = 0.02
"""Of a step's unit, added to the head that the cell sees, so that it learns to come back."""
TAKE_S, TAKES = 22.0, 12
"""Seconds of a take of acted voices, and takes of an emotion."""
OTHER_MOUTH = 0.4
"""Share of windows whose mouth is another person's: a few clips are no ground to tie eyes to a mouth."""


class Lesson(NamedTuple):
    """A batch: B windows of T steps."""

    fixation: Tensor
    begins: Tensor
    head: Tensor
    opening: Tensor
    counts: Tensor
    emotion: Tensor
    style: Tensor
    label: Tensor
    """(B,) the emotion that was acted; −1 where nobody acted one."""


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
        label = np.float32(acting.emotion if acting.group in ACTED and lacking <= 0 else -1)
        rows.append([fixation, begins, head, opening, counts, emotion, style, label])
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


def collaboration(network: Performance, reader: Collaborative, given: Lesson) -> tuple[Tensor, Tensor]:
    """How far what is played is from being read as it was meant, and the reader's own loss on tracks."""
    acted = given.label >= 0
    cell, label = network.loop.step.cell, given.label[acted].long()
    if not len(label):
        return torch.zeros(()), torch.zeros(())
    fixation, head = given.fixation[acted], given.head[acted]
    own = nn.functional.cross_entropy(reader(read_of(gaze_at(fixation), head, cell.unit)), label)
    parts = given.emotion[acted], given.style[acted], given.opening[acted]
    gaze, turned = played(cell, *parts, fixation[:, 0], head[:, 0])
    reader.requires_grad_(False)  # it learns from tracks alone
    pull = nn.functional.cross_entropy(reader(read_of(gaze, turned, cell.unit)), label)
    reader.requires_grad_(True)
    # no further than people show it: who overacts is read best
    return (pull - own.detach()).clamp(min=0.0), own


def acted_voices(data: Path, cues: Path) -> dict[int, list[Talked]]:
    """Emotion → takes of acted voices that are trained on, and the mouths that a content branch gives them.

    Raises:
        FileNotFoundError: if there are no such voices or no such result.
    """
    content, hops = content_of(torch.load(cues, weights_only=True))
    said: dict[int, list[Floats]] = {}
    for clip in corpus.emotional(data, held_out=False):
        said.setdefault(clip.emotion, []).append(clip.samples)
    found: dict[int, list[Talked]] = {}
    for emotion, every in said.items():
        each = max(1, round(TAKE_S * SOUND_HZ / np.mean([len(one) for one in every])))
        for take in range(min(TAKES, len(every) // each)):
            samples = np.concatenate(every[take :: len(every) // each][:each])
            opening = lip_gap(torch.from_numpy(given(content, hops, samples)))
            steps = opening.mean(-1).clamp(min=0.0).numpy()[::2]
            times = (STEP_S * (np.arange(len(steps)) + 0.25)).astype(np.float32)
            found.setdefault(emotion, []).append(Talked(steps, emphasis_of(samples, times)))
    return found


def main() -> None:
    """Trains, sets the rates, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--cues", type=Path, action="append", default=[], metavar="FILE",
                        help="cues.pt of models.training.cues, for voices of actors; again for another")  # fmt: skip
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", choices=("collaboration",), action="append", default=[],
                        help="leave a part out, to see what it is worth")  # fmt: skip
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    try:
        actings = list(performances(args.data))
        voices: dict[int, list[Talked]] = {}
        for cues in args.cues:
            for emotion, takes in acted_voices(args.data, cues).items():
                voices.setdefault(emotion, []).extend(takes)
    except (FileNotFoundError, ValueError) as error:
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
    reader = Collaborative(READ)
    optimizer = torch.optim.AdamW([*network.parameters(), *reader.parameters()], lr=3e-3, weight_decay=0.03)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=args.steps + 1, pct_start=0.1)
    weights = torch.tensor([4.0, 0.3, 0.1, 0.5])
    started, shown = time.monotonic(), torch.zeros(6)
    for step in range(1, args.steps + 1):
        seen = lesson(groups, rng, args.batch)
        each = losses(network, seen)
        pull, own = torch.zeros(()), torch.zeros(())
        if "collaboration" not in args.without:
            pull, own = collaboration(network, reader, seen)
        optimizer.zero_grad()
        ((weights * each).sum() + GAMMA * pull + own).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        shown += torch.cat([each, pull.reshape(1), own.reshape(1)]).detach() / 100
        if step % 100 == 0 or step == args.steps:
            told = " ".join(f"{x:.3f}" for x in shown.tolist())
            print(f"step {step}/{args.steps} {told} ({time.monotonic() - started:.0f} s)", flush=True)
            shown.zero_()
    settle(network.eval(), actings, args.seed, voices)
    print(f"rates are set ({time.monotonic() - started:.0f} s)")
    results.write(args.out, network.state_dict())
    print("eager", network.loop.step.eager.tolist(), "lively", network.loop.step.lively.tolist())


if __name__ == "__main__":
    main()
