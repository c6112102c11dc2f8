"""The emotion of a voice: log-mel → eight probabilities per frame, from all that was heard so far."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bridge.features import BINS
from bridge.frames import EMOTIONS
from models.streaming import Stack, State, Statistics


@dataclass(frozen=True)
class EmotionConfig:
    """Shape of the emotion branch."""

    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = 96
    memory_frames: float = 150.0
    """Frames (of 20 ms) after which what was heard counts 1/e: 3 s."""
    dropout: float = 0.25


class Emotion(nn.Module):
    """Features (B, T, 160) → logits (B, T, 8) in the order of EMOTIONS."""

    def __init__(self, config: EmotionConfig) -> None:
        super().__init__()
        self.inward = nn.Linear(2 * BINS, config.width)
        self.stack = Stack("emotion", config.width, config.dilations, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.statistics = Statistics("emotion_memory", config.width, config.memory_frames)
        self.outward = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(2 * config.width, config.hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, len(EMOTIONS)),
        )

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stack.initial_state(batch) | self.statistics.initial_state(batch)

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        x, after = self.stack(self.inward(pairs), state)
        pooled, memory = self.statistics(self.norm(x), state)
        logits: Tensor = self.outward(pooled)
        return logits, after | memory
