"""Trains content and motion: `python -m models.training.cues --data DIR --lookahead-ms 80 -o runs/live`.

Real articulation from GRID and natural talk; with `--teacher runs/teacher` also the voices it lent a mouth
to. Look-ahead is a delay of the targets. Checkpoints every `--every` steps and resumes from the last one.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.features import HOP_SAMPLES, SILENCE, log_mel
from models import basis as pca
from models.content import Content, ContentConfig
from models.data import corpus
from models.data.augment import augment
from models.data.corpus import Clip
from models.data.noises import any_noise
from models.losses import DisplacementLoss
from models.motion import Motion, concordance_loss

FRAMES = 130
"""Cue frames of a training window (2.6 s), look-ahead not counted."""
SHARES = {"grid": 0.46, "talk": 0.12, "ravdess": 0.2, "tts": 0.22}
"""Share of each group in a batch; what is absent leaves its share to the others."""


def pairs_of(mel: Tensor, lookahead_hops: int) -> Tensor:
    """(B, K, 80) features → (B, T, 160) two hops a step; the last hop of step m is 2·m + (look-ahead mod 2).

    So that frame n, emitted at step n + look-ahead // 2, has heard exactly `lookahead_hops` hops past its time.
    """
    lead = 1 - lookahead_hops % 2
    if lead:
        mel = torch.cat([torch.full_like(mel[:, :1], SILENCE), mel], dim=1)
    steps = mel.shape[1] // 2
    return mel[:, : 2 * steps].reshape(mel.shape[0], steps, -1)


class Windows:
    """Random training windows with their targets."""

    def __init__(self, clips: list[Clip], lookahead_hops: int, seed: int) -> None:
        self.groups: dict[str, list[Clip]] = {}
        for clip in clips:
            self.groups.setdefault(clip.group, []).append(clip)
        self.names = [g for g in SHARES if g in self.groups]
        shares = np.array([SHARES[g] for g in self.names])
        self.shares = shares / shares.sum()
        self.delay = lookahead_hops // 2
        self.hops = lookahead_hops
        self.rng = np.random.default_rng(seed)
        for group in self.groups.values():
            group.sort(key=lambda c: c.name)
        self.odds = {g: self._by_length(c) for g, c in self.groups.items()}

    @staticmethod
    def _by_length(clips: list[Clip]) -> np.ndarray:
        lengths = np.array([c.frames for c in clips], np.float64)
        return np.asarray(lengths / lengths.sum())

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Features (B, 2·(T + delay), 80), displacement (B, T, 68, 3), its mask (B, T), motion (B, T, 10), its mask."""
        steps = FRAMES + self.delay
        mel = np.full((size, 2 * steps, 80), SILENCE, np.float32)
        y = np.zeros((size, FRAMES, face.COUNT, 3), np.float32)
        y_mask = np.zeros((size, FRAMES), np.float32)
        motion = np.zeros((size, FRAMES, 10), np.float32)
        motion_mask = np.zeros((size, FRAMES), np.float32)
        for row in range(size):
            group = self.names[int(self.rng.choice(len(self.names), p=self.shares))]
            clips = self.groups[group]
            clip = clips[int(self.rng.choice(len(clips), p=self.odds[group]))]
            start = int(self.rng.integers(0, max(1, clip.frames - FRAMES + 1)))
            heard = clip.mel[2 * start : 2 * (start + steps)]
            mel[row, : len(heard)] = heard
            part = slice(start, start + FRAMES)
            if clip.displacement is not None:
                target = clip.displacement[part]
                y[row, : len(target)] = target
                sure = (
                    1.0 if clip.tracked is not None else 0.6
                )  # a teacher's word counts less than a camera's
                y_mask[row, : len(target)] = sure if clip.tracked is None else clip.tracked[part]
                # a camera's asymmetry is articulation; a teacher's is chance, and talk's is one person's habit
                if group != "grid" and self.rng.random() < 0.5:
                    y[row] = face.mirrored(y[row])
            if clip.motion is not None and clip.tracked is not None:
                moved = clip.motion[part]
                motion[row, : len(moved)] = moved
                motion_mask[row, : len(moved)] = clip.tracked[part]
        return tuple(torch.from_numpy(a) for a in (mel, y, y_mask, motion, motion_mask))  # type: ignore[return-value]


def load_clips(data: Path, teacher: Path | None, seed: int) -> list[Clip]:
    """GRID and talk with two speed-changed copies; untracked voices if a teacher lent them a mouth."""
    rng = np.random.default_rng(seed)
    clips = [*corpus.paired(data / "grid_s1" / "train", "grid"), *corpus.paired(data / "talk", "talk")]
    if not clips:
        raise FileNotFoundError(f"{data} holds neither grid_s1/train nor talk: nothing to learn a mouth from")
    clips += [
        corpus.speed_changed(c, f) for c in clips for f in (rng.uniform(0.8, 0.92), rng.uniform(1.1, 1.25))
    ]
    if teacher is not None:
        with np.load(teacher / "displacement.npz", allow_pickle=False) as lent:
            mouths = {name: lent[name].astype(np.float32) for name in lent.files}
        others = [
            *corpus.ravdess(data / "ravdess_speech", held_out=False),
            *corpus.spoken(data / "tts", "tts"),
        ]
        for clip in others:
            clip.displacement = mouths.get(f"{clip.group}/{clip.name}")
        clips += [c for c in others if c.displacement is not None]
    for clip in clips:
        clip.mel = clip.mel.astype(np.float16).astype(np.float32)
    return clips


def gap_r(content: Content, clips: list[Clip], lookahead_hops: int) -> float:
    """Mean lip-gap r at lag 0 of the clips, streamed from a fresh state."""
    content.eval()
    scores = []
    neutral = face.neutral_face()
    delay = lookahead_hops // 2
    with torch.no_grad():
        for clip in clips:
            assert clip.displacement is not None  # noqa: S101  narrows the type
            mel = torch.full((1, 2 * (clip.frames + delay + 1), 80), SILENCE)
            mel[0, : len(clip.mel)] = torch.from_numpy(clip.mel)
            out, _, _ = content(pairs_of(mel, lookahead_hops), content.initial_state(1))
            predicted = out[0, delay : delay + clip.frames].numpy()
            a, b = face.lip_gap(predicted + neutral), face.lip_gap(clip.displacement + neutral)
            scores.append(float(np.corrcoef(a, b)[0, 1]))
    content.train()
    return float(np.mean(scores))


def rate_share(progress: float, warm_up: float = 0.08) -> float:
    """Learning rate as a share of its peak: a linear rise, then half a cosine down to 1 %.

    A function of progress alone: a run that resumes with other `--steps` goes on from where it stands.
    """
    if progress < warm_up:
        return 0.05 + 0.95 * progress / warm_up
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up)))


def motion_scale(clips: list[Clip]) -> Tensor:
    """(10,) deviation of each motion channel in the tracked clips."""
    rows = [c.motion[c.tracked] for c in clips if c.motion is not None and c.tracked is not None]
    return torch.from_numpy(np.concatenate(rows).std(axis=0).astype(np.float32))


def main() -> None:
    """Trains until `--steps` or `--minutes`, then writes `cues.pt` with the shape it needs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--lookahead-ms", type=int, default=80)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch likes")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    hops = args.lookahead_ms // 10
    clips = load_clips(args.data, args.teacher, args.seed)
    val = list(corpus.paired(args.data / "grid_s1" / "val", "grid"))[::2]
    tracked = [c for c in clips if c.tracked is not None and c.displacement is not None]
    basis = pca.fit(
        np.concatenate([c.displacement[c.tracked][::4] for c in tracked if c.displacement is not None]), 32
    )
    config = ContentConfig(width=args.width)
    content, motion = Content(config, basis), Motion(args.width, scale=motion_scale(clips))
    parameters = [*content.parameters(), *motion.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=args.rate, weight_decay=0.02)
    pair = nn.ModuleList([content, motion])
    average = torch.optim.swa_utils.AveragedModel(
        pair,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998),  # type: ignore[no-untyped-call]
    )
    step = 0
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        step = saved["step"]
        content.load_state_dict(saved["content"])
        motion.load_state_dict(saved["motion"])
        optimizer.load_state_dict(saved["optimizer"])
        average.load_state_dict(saved["average"])
        print(f"resumed at step {step}", flush=True)
    windows = Windows(clips, hops, args.seed + step)
    # rooms where nobody speaks: the mouth is to lie still in them
    quiet = [log_mel(any_noise(windows.rng, 2 * (FRAMES + hops) * HOP_SAMPLES)) for _ in range(300)]
    loss_of = DisplacementLoss()
    minutes = sum(c.frames for c in clips) / 3000
    size = sum(p.numel() for p in content.parameters()) / 1e6
    print(
        f"{len(clips)} clips, {minutes:.0f} minutes, content {size:.2f} M parameters, look-ahead {hops * 10} ms",
        flush=True,
    )
    started, shown = time.monotonic(), {"mouth": 0.0, "motion": 0.0}
    while step < args.steps:
        mel, y, y_mask, moved, moved_mask = windows.batch(args.batch)
        mel = augment(mel)
        hush = max(1, args.batch // 16)
        for row in range(hush):
            mel[row] = torch.from_numpy(quiet[int(windows.rng.integers(len(quiet)))][: mel.shape[1]])
        y[:hush], y_mask[:hush], moved_mask[:hush] = 0.0, 1.0, 0.0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out, hidden, _ = content(pairs_of(mel, hops), content.initial_state(args.batch))
            gesture, _ = motion(hidden.detach(), motion.initial_state(args.batch))
        delay = hops // 2
        mouth = loss_of(out.float()[:, delay : delay + FRAMES], y, y_mask)
        # motion: concordance, and no jerks
        gesture = gesture.float()[:, delay : delay + FRAMES] / motion.scale
        concord = concordance_loss(gesture, moved / motion.scale, moved_mask)
        smooth = (gesture[:, 2:] - 2 * gesture[:, 1:-1] + gesture[:, :-2]).abs().mean()
        loss = mouth + 0.2 * concord + 0.5 * smooth
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * rate_share(step / args.steps)
        optimizer.step()
        average.update_parameters(pair)
        step += 1
        shown["mouth"] += float(mouth.detach())
        shown["motion"] += float(concord.detach())
        if step % args.every == 0 or step == args.steps:
            mouth_average, motion_average = list(average.module.children())
            assert isinstance(mouth_average, Content)  # noqa: S101  narrows the type
            score = gap_r(mouth_average, val, hops)
            print(
                f"step {step}/{args.steps} mouth {shown['mouth'] / args.every:.4f} "
                f"motion {shown['motion'] / args.every:.3f} val gap r {score:.3f} "
                f"({time.monotonic() - started:.0f} s)",
                flush=True,
            )
            shown = dict.fromkeys(shown, 0.0)
            state = {"step": step, "content": content.state_dict(), "motion": motion.state_dict(),
                     "optimizer": optimizer.state_dict(), "average": average.state_dict()}  # fmt: skip
            beside = checkpoint.with_suffix(".tmp")
            torch.save(state, beside)
            beside.replace(checkpoint)
            best = {"content": mouth_average.state_dict(), "motion": motion_average.state_dict(),
                    "config": asdict(config), "lookahead_hops": hops, "step": step}  # fmt: skip
            torch.save(best, args.out / "cues.pt")


if __name__ == "__main__":
    main()
