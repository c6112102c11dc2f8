"""A mouth for voices without a camera: `python -m models.training.teacher --data DIR --whisper DIR -o runs/teacher`.

A bidirectional LSTM reads Whisper's encoder states over the whole clip and learns the displacement of tracked
talk (GRID and `talk`). Whisper has heard thousands of voices, so this mouth holds for strangers; it then
says what the mouths of untracked voices (RAVDESS, synthetic speech) would do, and the streaming networks
learn from that (`models.training.cues --teacher runs/teacher`). Never shipped, not causal.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import Floats
from models import basis as pca
from models.data import corpus
from models.data.corpus import Clip
from models.data.whisper import WhisperEncoder
from models.losses import DisplacementLoss

COMPONENTS = 32
STATES = 384


class Teacher(nn.Module):
    """Encoder states (B, T, 384) → displacement (B, T, 68, 3)."""

    basis: Tensor

    def __init__(self, basis: Floats, width: int = 192) -> None:
        super().__init__()
        self.inward = nn.Sequential(
            nn.LayerNorm(STATES), nn.Linear(STATES, width), nn.GELU(), nn.Dropout(0.2)
        )
        self.lstm = nn.LSTM(width, width, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.outward = nn.Linear(2 * width, len(basis))
        self.register_buffer("basis", torch.from_numpy(basis))

    def forward(self, states: Tensor) -> Tensor:
        """See the class."""
        hidden, _ = self.lstm(self.inward(states))
        out: Tensor = (self.outward(hidden) @ self.basis).unflatten(-1, (face.COUNT, 3))
        return out


def batches(
    clips: list[Clip], rng: np.random.Generator, size: int, frames: int
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """One epoch: random windows of `frames`, padded where a clip is shorter."""
    # a long clip is cut into as many windows as it holds; talk is scarce and counts double
    order = [c for c in clips for _ in range(max(1, c.frames // frames) * (2 if c.group == "talk" else 1))]
    rng.shuffle(order)
    out = []
    for i in range(0, len(order) - size + 1, size):
        x = np.zeros((size, frames, STATES), np.float32)
        y = np.zeros((size, frames, face.COUNT, 3), np.float32)
        m = np.zeros((size, frames), np.float32)
        for row, clip in enumerate(order[i : i + size]):
            assert clip.displacement is not None  # noqa: S101  narrows the type
            assert clip.tracked is not None  # noqa: S101
            start = int(rng.integers(0, max(1, clip.frames - frames + 1)))
            part = slice(start, start + frames)
            n = len(clip.displacement[part])
            x[row, :n] = clip.extras["whisper"][part]
            y[row, :n] = clip.displacement[part]
            m[row, :n] = clip.tracked[part]
            if rng.random() < 0.5:
                y[row] = face.mirrored(y[row])
        out.append((torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(m)))
    return out


def correlation(model: Teacher, clips: list[Clip]) -> float:
    """Mean lip-gap r at lag 0 over clips."""
    scores = []
    model.eval()
    with torch.no_grad():
        for clip in clips:
            assert clip.displacement is not None  # noqa: S101
            out = model(torch.from_numpy(clip.extras["whisper"])[None])[0].numpy()
            neutral = face.neutral_face()
            scores.append(
                float(
                    np.corrcoef(face.lip_gap(out + neutral), face.lip_gap(clip.displacement + neutral))[0, 1]
                )
            )
    model.train()
    return float(np.mean(scores))


def main() -> None:
    """Trains, then writes a displacement for every untracked clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--whisper", type=Path, required=True, help="CTranslate2 folder of Whisper tiny.en")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/teacher"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    encoder = WhisperEncoder(args.whisper)
    train = [
        *corpus.paired(args.data / "grid_s1" / "train", "grid"),
        *corpus.paired(args.data / "talk", "talk"),
    ]
    val = list(corpus.paired(args.data / "grid_s1" / "val", "grid"))
    # the same sentences 15 % slower and 20 % faster: two more throats from one
    train += [
        corpus.speed_changed(c, f) for c in train for f in (rng.uniform(0.82, 0.92), rng.uniform(1.1, 1.25))
    ]
    started = time.monotonic()
    for clip in [*train, *val]:
        clip.extras["whisper"] = encoder(clip.samples)
    print(f"encoded {len(train)} + {len(val)} clips in {time.monotonic() - started:.0f} s", flush=True)

    tracked = np.concatenate([c.displacement[c.tracked][::4] for c in train if c.displacement is not None])
    model = Teacher(pca.fit(tracked, COMPONENTS))
    loss_of = DisplacementLoss()
    epoch_steps = len(batches(train, rng, 32, 150))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.5e-3, total_steps=args.epochs * epoch_steps + 1
    )
    for epoch in range(args.epochs):
        total = 0.0
        for x, y, mask in batches(train, rng, 32, 150):
            loss = loss_of(model(x + 0.02 * torch.randn_like(x)), y, mask)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            if schedule.last_epoch < schedule.total_steps - 1:
                schedule.step()
            total += float(loss.detach())
        score = correlation(model, val)
        print(f"epoch {epoch + 1}/{args.epochs} loss {total / epoch_steps:.4f} val gap r {score:.3f} "
              f"({time.monotonic() - started:.0f} s)", flush=True)  # fmt: skip
    torch.save(model.state_dict(), args.out / "teacher.pt")

    model.eval()
    untracked = [
        *corpus.ravdess(args.data / "ravdess_speech", held_out=False),
        *corpus.spoken(args.data / "tts", "tts"),
    ]
    out: dict[str, Floats] = {}
    with torch.no_grad():
        for clip in untracked:
            states = torch.from_numpy(encoder(clip.samples))[None]
            out[f"{clip.group}/{clip.name}"] = model(states)[0].numpy().astype(np.float16)
    np.savez(args.out / "displacement.npz", **out)  # type: ignore[arg-type]
    print(f"{args.out}/displacement.npz: {len(out)} clips", flush=True)


if __name__ == "__main__":
    main()
