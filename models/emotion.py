"""The emotion of a voice: log-mel → eight probabilities per frame, from all that was heard so far."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.features import BINS
from bridge.frames import EMOTIONS
from models.streaming import Recurrent, Stack, State


@dataclass(frozen=True)
class EmotionConfig:
    """Shape of the emotion branch."""

    width: int = 80
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = 96
    dropout: float = 0.2


class Emotion(nn.Module):
    """Features (B, T, 160) → logits (B, T, 8) in the order of EMOTIONS."""

    def __init__(self, config: EmotionConfig) -> None:
        super().__init__()
        self.inward = nn.Linear(2 * BINS, config.width)
        self.stack = Stack("emotion", config.width, config.dilations, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.recurrent = Recurrent("emotion_memory", config.width, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.outward = nn.Linear(config.hidden, len(EMOTIONS))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stack.initial_state(batch) | self.recurrent.initial_state(batch)

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        x, after = self.stack(self.inward(pairs), state)
        y, memory = self.recurrent(self.norm(x), state)
        return self.outward(self.dropout(torch.tanh(y))), after | memory
