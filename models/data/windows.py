"""Random training windows of lessons, and the alignment of features with a delayed target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bridge import landmarks as face
from bridge.features import BINS, SILENCE
from bridge.frames import Floats
from models.data.lessons import Lesson
from models.data.motion import MOTION_SIZE

FRAMES = 130
"""Cue frames of a training window (2.6 s), look-ahead not counted."""
SHARES = {
    "grid": 0.35,
    "dubbed": 0.16,
    "talk": 0.15,
    "acted": 0.15,
    "ravdess": 0.06,
    "tts": 0.15,
    "prompts": 0.13,
}
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


def delayed(mel: Floats, lookahead_hops: int) -> tuple[Tensor, int]:
    """(K, 80) features of a recording → pairs (1, T + delay, 160) with silence after it, and T."""
    tail = np.full((lookahead_hops + 2, BINS), SILENCE, np.float32)
    return pairs_of(torch.from_numpy(np.concatenate([mel, tail]))[None], lookahead_hops), len(mel) // 2


class Batch(NamedTuple):
    """T = FRAMES; shares say how much a frame counts."""

    mel: Tensor
    """(B, 2·(T + delay), 80)."""
    states: Tensor
    """(B, T, 384) of the strong encoder."""
    states_share: Tensor
    """(B, T)."""
    displacement: Tensor
    """(B, T, 68, 3) cm."""
    share: Tensor
    """(B, T)."""
    motion: Tensor
    """(B, T, 10)."""
    motion_share: Tensor
    """(B, T)."""


class Windows:
    """Batches without end, drawn by group and by length. `delay` is the look-ahead in cue frames."""

    def __init__(
        self, lessons: list[Lesson], delay: int, seed: int, shares: dict[str, float] | None = None
    ) -> None:
        self.groups: dict[str, list[Lesson]] = {}
        for lesson in lessons:
            self.groups.setdefault(lesson.group, []).append(lesson)
        wanted = SHARES if shares is None else shares
        self.names = [g for g in wanted if g in self.groups]
        odds = np.array([wanted[g] for g in self.names])
        self.odds = odds / odds.sum()
        self.delay = delay
        self.rng = np.random.default_rng(seed)
        self.lengths = {}
        for name, group in self.groups.items():
            frames = np.array([lesson.frames for lesson in group], np.float64)
            self.lengths[name] = frames / frames.sum()

    def minutes(self) -> dict[str, int]:
        """How much of each group there is."""
        return {name: round(sum(c.frames for c in group) / 3000) for name, group in self.groups.items()}

    def batch(self, size: int) -> Batch:
        """See the class."""
        steps = FRAMES + self.delay
        mel = np.full((size, 2 * steps, BINS), SILENCE, np.float32)
        states: np.ndarray | None = None
        displacement = np.zeros((size, FRAMES, face.COUNT, 3), np.float32)
        motion = np.zeros((size, FRAMES, MOTION_SIZE), np.float32)
        states_share, share, motion_share = (np.zeros((size, FRAMES), np.float32) for _ in range(3))
        for row in range(size):
            name = self.names[int(self.rng.choice(len(self.names), p=self.odds))]
            group = self.groups[name]
            lesson = group[int(self.rng.choice(len(group), p=self.lengths[name]))]
            start = int(self.rng.integers(0, max(1, lesson.frames - FRAMES + 1)))
            heard = lesson.mel[2 * start : 2 * (start + steps)]
            mel[row, : len(heard)] = heard
            part = slice(start, start + FRAMES)
            count = len(lesson.states[part])
            if states is None:
                states = np.zeros((size, FRAMES, lesson.states.shape[1]), np.float32)
            states[row, :count] = lesson.states[part]
            states_share[row, :count] = 1.0
            displacement[row, :count] = lesson.displacement[part]
            share[row, :count] = lesson.share[part]
            # a camera's asymmetry is articulation; a teacher's is chance, and talk's is one person's habit
            if name not in ("grid", "dubbed") and self.rng.random() < 0.5:
                displacement[row] = face.mirrored(displacement[row])
            if lesson.motion is not None:
                motion[row, :count] = lesson.motion[part]
                motion_share[row, :count] = lesson.share[part]
        assert states is not None  # noqa: S101  a batch has at least one row
        arrays = (mel, states, states_share, displacement, share, motion, motion_share)
        return Batch(*(torch.from_numpy(a) for a in arrays))
