"""Does somebody speak: log-mel → probability per frame. Opens the mouth's gate; hum, breath and keys do not."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bridge.features import BINS
from models.streaming import Stack, State


@dataclass(frozen=True)
class VoiceConfig:
    """Shape of the voice branch."""

    width: int = 48
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    dropout: float = 0.1


class Voice(nn.Module):
    """Features (B, T, 160) → logits (B, T)."""

    def __init__(self, config: VoiceConfig) -> None:
        super().__init__()
        self.inward = nn.Linear(2 * BINS, config.width)
        self.stack = Stack("voice", config.width, config.dilations, config.dropout)
        self.outward = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, 1))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stack.initial_state(batch)

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        hidden, after = self.stack(self.inward(pairs), state)
        logits: Tensor = self.outward(hidden).squeeze(-1)
        return logits, after
