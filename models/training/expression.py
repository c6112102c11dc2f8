"""Trains what a feeling does to a face: `python -m models.training.expression --data DIR -o runs/expression.pt`.

EAM's loss on landmarks and on their relative spatial relations (ACSEF), inside MSEF's joint loss
L_pca + α L_landmark + β L_lip + γ L_ec (eq. 4), where the emotion is read from the generated cues by a collaborative
classifier (Emotional Conversation) that learns from the tracks beside it. Silent tracks of people who act eight
emotions, a textbook's prototypes beside them, and anybody's movement around their own mean.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import EMOTIONS, NEUTRAL, Floats
from models import basis as pca
from models.collaborative import Collaborative
from models.data import showings
from models.data.postures import postures
from models.data.showings import Showing
from models.expression import COMPONENTS, GESTURE, Expression, gapless, keep_lip_gap
from models.losses import Relations
from models.training import results

FRAMES = 100
"""Of a window: 2 s."""
SHARES = {"acted": 0.4, "textbook": 0.4, "moving": 0.2}
ALPHA = BETA = 10.0
"""Of MSEF's joint loss, eq. 4: landmarks, lips."""
GAMMA = 1.0
"""Of the collaborative classifier. The paper has 10 on losses of another scale."""
HAZE = 1.0
"""Noise on the cues that it reads, in their deviations: so few people are told apart too easily without."""
RELATIONS = 10.0
EVERY = 10
"""Frames from one whose 2,278 distances are compared to the next."""
MIXED = 0.5
"""Share of windows that show an emotion by halves."""
OTHER_GESTURE = 0.3
"""Share of windows whose eyes, head and mouth are those of another clip: few clips tie nothing to a feeling."""
ABLATIONS = ("relations", "collaboration", "textbook", "module")


class Windows(NamedTuple):
    """A batch: B windows of T frames."""

    emotion: Tensor
    target: Tensor
    share: Tensor
    mouth: Tensor
    gesture: Tensor
    relative: Tensor
    label: Tensor


def articulation(clips: list[Showing]) -> Floats:
    """(8,) how much wider mouths opened under each emotion, half of what was measured: four seconds are little."""
    out = np.zeros(len(EMOTIONS), np.float32)
    for k in range(len(EMOTIONS)):
        found = [clip.articulation for clip in clips if clip.emotion == k]
        if found and k != NEUTRAL:
            out[k] = float(np.clip(0.5 * np.mean(found), -0.2, 0.3))
    return out


def warped(clip: Showing, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Displacement, share, opening and gesture of a window: played slower or faster, on a larger or smaller face."""
    rate = rng.uniform(0.85, 1.18)
    need = int(FRAMES * rate) + 2
    start = int(rng.integers(0, max(1, len(clip.opening) - need + 1)))
    at = np.clip(np.round(start + np.arange(FRAMES) * rate).astype(int), 0, len(clip.opening) - 1)
    size = rng.normal(1.0, 0.08, 3).astype(np.float32)
    moved, share = clip.displacement[at] * size, clip.share[at]
    opening, gesture = clip.opening[at] * rng.uniform(0.7, 1.3), clip.gesture[at].copy()
    if clip.person != "textbook" and rng.random() < 0.5:
        moved, share = face.mirrored(moved), share[:, list(face.MIRROR)]
        gesture *= np.array([-1, 1, 1, -1, -1, -1, 1, 1], np.float32)
    return moved, share, opening.astype(np.float32), gesture


def windows(groups: dict[str, list[Showing]], rng: np.random.Generator, size: int) -> Windows:
    """A batch, drawn by group; inside acted clips, every emotion as often."""
    names = [name for name in SHARES if groups.get(name)]
    odds = np.array([SHARES[name] for name in names])
    rows: list[tuple[Floats, ...]] = []
    flags, labels = [], []
    for _ in range(size):
        group = groups[names[int(rng.choice(len(names), p=odds / odds.sum()))]]
        present = sorted({clip.emotion for clip in group})
        wanted = present[int(rng.integers(len(present)))]
        of_it = [clip for clip in group if clip.emotion == wanted]
        clip = of_it[int(rng.integers(len(of_it)))]
        moved, share, opening, gesture = warped(clip, rng)
        if not clip.relative and rng.random() < OTHER_GESTURE:
            every = groups[names[int(rng.integers(len(names)))]]
            _, _, opening, gesture = warped(every[int(rng.integers(len(every)))], rng)
        whole = 1.0 if rng.random() > MIXED else rng.uniform(0.2, 1.0)
        emotion = np.zeros(len(EMOTIONS), np.float32)
        emotion[clip.emotion] += whole
        emotion[NEUTRAL] += 1 - whole
        if not clip.relative:
            moved = moved * whole
        rows.append(
            (np.broadcast_to(emotion, (FRAMES, len(EMOTIONS))), moved, share, opening[:, None], gesture)
        )
        flags.append(clip.relative)
        labels.append(clip.emotion if whole > 0.5 and not clip.relative else -1)
    emotions, targets, counts, mouths, gestures = (
        torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*rows, strict=True)
    )
    return Windows(emotions, targets, counts, mouths, gestures, torch.tensor(flags), torch.tensor(labels))


def centred(values: Tensor, relative: Tensor) -> Tensor:
    """(B, T, …) minus its mean over time where only movement is known."""
    mean = values.mean(1, keepdim=True)
    return values - mean * relative.reshape(-1, *[1] * (values.dim() - 1)).float()


def cues_of(coefficients: Tensor, gesture: Tensor, unit: Tensor) -> Tensor:
    """What the collaborative classifier reads: (B, T, COMPONENTS + 8), in a haze that stays for the window."""
    cues = torch.cat([coefficients, gesture / unit], -1)
    return cues + HAZE * torch.randn_like(cues[:, :1])


class Course:
    """The losses of one training, and what they need."""

    def __init__(self, model: Expression, without: tuple[str, ...]) -> None:
        self.model, self.without = model, without
        self.relations = Relations()
        self.reader = Collaborative(COMPONENTS + GESTURE)
        inverse = np.linalg.pinv(model.basis.numpy().astype(np.float64)).astype(np.float32)
        self.inverse = torch.from_numpy(inverse)
        """(204, COMPONENTS): displacement → coefficients."""

    def losses(self, given: Windows) -> tuple[Tensor, Tensor]:
        """The generator's loss and the classifier's own."""
        start = self.model.initial_state(len(given.label))
        coefficients, _ = self.model.coefficients(given.emotion, given.mouth, given.gesture, start)
        made = self.model.points(coefficients)
        target = keep_lip_gap(given.target)
        wanted = target.flatten(2) @ self.inverse
        predicted, real = centred(made, given.relative), centred(target, given.relative)
        error = (predicted - real).square().sum(-1) * given.share
        landmark = error.sum() / given.share.sum().clamp(min=1.0)
        lips = list(face.MOUTH)
        lip = error[..., lips].sum() / given.share[..., lips].sum().clamp(min=1.0)
        whole = (~given.relative).float().reshape(-1, 1, 1)
        component = ((coefficients - wanted).square() * whole).mean()
        total = component + ALPHA * landmark + BETA * lip
        if "relations" not in self.without:
            total = total + RELATIONS * self.relations(
                *(part[:, ::EVERY] for part in (predicted, real, given.share))
            )
        asked = given.label >= 0
        reading = torch.zeros(())
        if "collaboration" not in self.without and bool(asked.any()):
            unit = self.model.unit
            label = given.label[asked]
            logits = self.reader(cues_of(wanted[asked], given.gesture[asked], unit))
            reading = nn.functional.cross_entropy(logits, label)
            self.reader.requires_grad_(False)  # it learns from tracks alone
            seen = self.reader(cues_of(coefficients[asked], given.gesture[asked], unit))
            self.reader.requires_grad_(True)
            total = total + GAMMA * nn.functional.cross_entropy(seen, label)
        return total, reading


def groups_of(data: Path, only: tuple[str, ...], without: tuple[str, ...]) -> dict[str, list[Showing]]:
    """What there is to learn from, by group."""
    clips = list(showings.acted(data, only))
    calm = [
        showings.calm_map(tracks["neutral"])
        for person, tracks in showings.people(data).items()
        if not only or person in only
    ]
    groups = {"acted": clips, "moving": list(showings.moving(data, calm))}
    if "textbook" not in without:
        groups["textbook"] = list(showings.textbook(data, clips))
    return groups


def train(
    groups: dict[str, list[Showing]], steps: int, batch: int, seed: int, without: tuple[str, ...] = ()
) -> Expression:
    """An expression that shows what the clips show."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    shown = [clip.displacement for clip in (*groups["acted"], *groups.get("textbook", []))]
    kept = keep_lip_gap(torch.from_numpy(np.concatenate(shown)[::3])).numpy()
    model = Expression(gapless(pca.fit(kept, COMPONENTS)))
    model.articulation.copy_(torch.from_numpy(articulation(groups["acted"])))
    course = Course(model, without)
    trained = [*model.parameters(), *course.reader.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps + 1)
    began = time.monotonic()
    for step in range(1, steps + 1):
        loss, reading = course.losses(windows(groups, rng, batch))
        optimizer.zero_grad()
        (loss + reading).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        if step % 200 == 0 or step == steps:
            print(f"{step}/{steps} loss {loss.item():.3f}, classifier {reading.item():.3f} "
                  f"({time.monotonic() - began:.0f} s)", flush=True)  # fmt: skip
    return model.eval()


def described(model: Expression) -> str:
    """What each emotion does, in cm and rad."""
    lines = [f"{'emotion':10s} brow up  corner up  corner out  lids  wider  gaze pitch  head pitch"]
    with torch.no_grad():
        emotion = torch.eye(len(EMOTIONS)).unsqueeze(1).expand(-1, 50, -1)
        still = torch.zeros(len(EMOTIONS), 50, GESTURE)
        coefficients, _ = model.coefficients(
            emotion, still[..., :1] + 0.2, still, model.initial_state(len(EMOTIONS))
        )
    shape = model.points(model.emphasis * coefficients[:, -1]).numpy()
    for k, name in enumerate(EMOTIONS):
        d = shape[k]
        lids = float((d[list(face.UPPER_LID), 1] - d[list(face.LOWER_LID), 1]).mean())
        lines.append(
            f"{name:10s} {d[[19, 24], 1].mean():7.2f} {d[[48, 54], 1].mean():9.2f} "
            f"{(d[54, 0] - d[48, 0]) / 2:10.2f} {lids:6.2f} {float(model.articulation[k]):6.2f} "
            f"{float(model.gaze[k, 1]):9.3f} {float(model.head[k, 0]):10.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--people", nargs="+", default=[], help="only these of mead_motion, such as M030")
    parser.add_argument("--without", nargs="+", default=[], choices=ABLATIONS, help="for the ablation")
    parser.add_argument("--emphasis", type=float, default=1.3, help="of the displacement at intensity 1")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    only, without = tuple(args.people), tuple(args.without)
    try:
        groups = groups_of(args.data, only, without)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    if "textbook" not in without and not groups["textbook"]:
        print(f"{args.data} has no {showings.TABLE}: actors alone, no textbook", flush=True)
    print(", ".join(f"{len(found)} {name}" for name, found in groups.items()), flush=True)
    if "module" in without:
        model = Expression()  # whose basis is nought: it shows nothing
    else:
        model = train(groups, args.steps, args.batch, args.seed, without)
        gaze, head = postures(args.data, only)
        model.gaze.copy_(torch.from_numpy(gaze))
        model.head.copy_(torch.from_numpy(head))
        model.emphasis.fill_(args.emphasis)
    results.write(args.out, model.state_dict())
    print(described(model))


if __name__ == "__main__":
    main()
