"""Whether a voice is moved at all: a linear reading of the emotion embedding, trained last.

Acted emotions against neutral ones and against plain talk of many people. Taught to the emotions themselves, plain
talk makes every other corpus neutral; read beside them, it only says how much of an emotion a face should show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bridge.frames import NEUTRAL, RATE_HZ, Floats
from models.data import corpus
from models.data.tracks import AUDIO_SUFFIXES, read_audio
from models.emotion import Emotion

SHORTEST_S, LONGEST_S = 1.6, 8.0
"""Of a recording that is listened to, and of it what is."""
PROMPTS, EACH = 260, 3
"""Recorded prompts, and of one speaker label at most."""
STEPS, MOVED, NEUTRALS, PLAIN = 1500, 64, 24, 40
"""Lessons, and moments in each: of emotions, of neutral acting, of plain talk."""
HAZE = 0.2
"""Noise on the embedding, in deviations."""
STEEPER, EASIER = 2.0, 1.2
"""What its logit is multiplied by at the end, and what is added: a face is asked whether to show an emotion, not how
likely one is. Without, held-out actors are read in 0.56 of their lines instead of 0.64 (`live`)."""
SURE = 0.9
"""What a label is worth: actors act some lines as if they were none."""


def plain_talk(data: Path) -> Iterator[Floats]:
    """Features (2·T, 80) of natural talk and recorded prompts; nothing where there are none."""
    rng = np.random.default_rng(0)
    labels: dict[str, list[Path]] = {}
    for path in sorted((data / "prompts").glob("*")):
        if path.suffix in AUDIO_SUFFIXES:
            labels.setdefault(path.stem.rsplit("_", 1)[0], []).append(path)
    few = [path for paths in labels.values() for path in rng.permutation(np.array(paths, object))[:EACH]]
    chosen = [few[i] for i in rng.permutation(len(few))[:PROMPTS]]
    for path in chosen:
        yield from pieces(read_audio(path)[: int(LONGEST_S * RATE_HZ)])
    for path in sorted((data / "talk").glob("*")):
        if path.suffix in AUDIO_SUFFIXES:
            yield from pieces(read_audio(path))


def pieces(samples: Floats) -> Iterator[Floats]:
    """Features of a recording, `LONGEST_S` at a time, every half of it."""
    step, size = int(LONGEST_S / 2 * RATE_HZ), int(LONGEST_S * RATE_HZ)
    for at in range(0, max(1, samples.size - step), step):
        part = samples[at : at + size]
        if part.size >= SHORTEST_S * RATE_HZ:
            yield corpus.features_of(part)


def train(model: Emotion, seen: Tensor, label: Tensor, plain: Tensor, seed: int) -> None:
    """Trains `model.moved` on moments (N, 1536) with labels (N,), and on plain ones (M, 1536), which may be none."""
    torch.manual_seed(seed)
    with torch.no_grad():
        embedded, calm = model.embed(seen), model.embed(plain) if len(plain) else model.embed(seen[:0])
    emotional, neutral = torch.where(label != NEUTRAL)[0], torch.where(label == NEUTRAL)[0]
    deviation = embedded.std()
    optimizer = torch.optim.AdamW(model.moved.parameters(), lr=3e-3, weight_decay=0.05)

    def some(of: Tensor, count: int) -> Tensor:
        return of[torch.randint(len(of), (count,))] if len(of) else of

    for _ in range(STEPS):
        parts = [embedded[some(emotional, MOVED)], embedded[some(neutral, NEUTRALS)], some(calm, PLAIN)]
        given = torch.cat(parts)
        wanted = torch.full((len(given),), 0.5 - SURE / 2)
        wanted[: len(parts[0])] = 0.5 + SURE / 2
        answer = model.moved(given + HAZE * deviation * torch.randn_like(given))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(answer, wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        last = model.moved[-1]
        last.weight.mul_(STEEPER)  # type: ignore[operator]
        last.bias.mul_(STEEPER).add_(EASIER)  # type: ignore[operator]
