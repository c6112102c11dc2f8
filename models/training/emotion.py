"""Trains the emotion of the voice: `python -m models.training.emotion --data DIR -o runs/emotion`.

RAVDESS speech, four actors held out; GRID's commands stand for neutral talk from another room. Contempt is
not in RAVDESS: smoothing of the labels is all it gets, and the card says so.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import SILENCE
from bridge.frames import EMOTIONS
from models.data import corpus
from models.data.augment import augment, noise_only
from models.data.corpus import Clip
from models.data.tracks import read_audio
from models.data.windows import pairs_of
from models.emotion import Emotion, EmotionConfig

FRAMES = 150
NEUTRAL = EMOTIONS.index("neutral")


def batch(
    clips: list[Clip], weights: np.ndarray, rng: np.random.Generator, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Features (B, 2·FRAMES, 80), label (B,), weight of each frame (B, FRAMES): certainty grows with what was heard."""
    mel = np.full((size, 2 * FRAMES, 80), SILENCE, np.float32)
    label = np.zeros(size, np.int64)
    weight = np.zeros((size, FRAMES), np.float32)
    for row in range(size):
        clip = clips[int(rng.choice(len(clips), p=weights))]
        lead = int(rng.integers(0, 25))
        start = int(rng.integers(0, max(1, clip.frames - (FRAMES - lead) + 1)))
        heard = clip.mel[2 * start : 2 * (start + FRAMES - lead)]
        mel[row, 2 * lead : 2 * lead + len(heard)] = heard
        label[row] = clip.emotion
        n = len(heard) // 2
        weight[row, lead : lead + n] = np.clip((np.arange(n) - 10) / 40, 0, 1)
    return torch.from_numpy(mel), torch.from_numpy(label), torch.from_numpy(weight)


def accuracy(model: nn.Module, clips: list[Clip]) -> tuple[float, np.ndarray]:
    """Unweighted accuracy at the end of each clip over the classes present, and the confusion matrix."""
    model.eval()
    assert isinstance(model, Emotion)  # noqa: S101  narrows the type
    initial = model.initial_state(1)
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    with torch.no_grad():
        for clip in clips:
            logits, _ = model(pairs_of(torch.from_numpy(clip.mel)[None], 0), initial)
            tail = logits[0, -40:].softmax(-1).mean(0)
            confusion[clip.emotion, int(tail.argmax())] += 1
    model.train()
    present = confusion.sum(1) > 0
    return float((confusion.diagonal()[present] / confusion.sum(1)[present]).mean()), confusion


def main() -> None:
    """Trains and writes `emotion.pt`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    acted = list(corpus.ravdess(args.data / "ravdess_speech", held_out=False))
    if not acted:
        parser.error(f"{args.data / 'ravdess_speech'} holds no actor folders")
    acted += [
        corpus.speed_changed(c, f) for c in acted for f in (rng.uniform(0.88, 0.95), rng.uniform(1.05, 1.15))
    ]
    plain = [corpus.clip_from(p, "grid", read_audio(p), None, None)
             for p in sorted((args.data / "grid_s1" / "train").glob("*.ogg"))[::8]]  # fmt: skip
    for clip in plain:
        clip.emotion = NEUTRAL
    judged = list(corpus.ravdess(args.data / "ravdess_speech", held_out=True))
    clips = acted + plain
    counts = np.bincount([c.emotion for c in acted], minlength=len(EMOTIONS))
    odds = np.array([1.0 / counts[c.emotion] for c in acted] + [0.5 / len(plain)] * len(plain))
    odds /= odds.sum()
    model = Emotion(EmotionConfig())
    ema = torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)  # type: ignore[no-untyped-call]
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=ema)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=args.steps + 1, pct_start=0.1)
    started, shown = time.monotonic(), 0.0
    for step in range(1, args.steps + 1):
        mel, label, weight = batch(clips, odds, rng, args.batch)
        mel = augment(mel, 0.3)
        mel[:1], label[:1], weight[:1] = noise_only((1, mel.shape[1])), NEUTRAL, 0.5
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, _ = model(pairs_of(mel, 1), model.initial_state(args.batch))
        logits = logits.float()[:, :FRAMES]
        each = nn.functional.cross_entropy(
            logits.transpose(1, 2), label[:, None].expand(-1, FRAMES), reduction="none", label_smoothing=0.1
        )
        # probabilities must not flicker from frame to frame
        flicker = (logits[:, 1:].softmax(-1) - logits[:, :-1].softmax(-1)).abs().sum(-1).mean()
        loss = (each * weight).sum() / weight.sum() + 0.5 * flicker
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        shown += float(loss.detach())
        if step % 250 == 0 or step == args.steps:
            score, _ = accuracy(average.module, judged)
            print(f"step {step}/{args.steps} loss {shown / 250:.3f} held-out actors {score:.3f} "
                  f"({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
            shown = 0.0
            saved = {"emotion": average.module.state_dict(), "config": asdict(EmotionConfig()), "step": step}
            torch.save(saved, args.out / "emotion.pt")
    print(accuracy(average.module, judged)[1])


if __name__ == "__main__":
    main()
