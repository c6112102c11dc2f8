"""Does somebody speak: speech states and log-mel → probability per frame. Opens the mouth's gate.

The speech encoder knows speech from sound, but it levels loudness away; the features say how loud it is, through a
bottleneck too narrow to learn noises by heart. States come `config.delay` steps late against the features: the
convolutions see far enough back to bring both together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.features import BINS
from models.speech_encoder import WIDTH
from models.streaming import Stack, State


@dataclass(frozen=True)
class VoiceConfig:
    """Shape of the voice branch."""

    width: int = 96
    loudness: int = 12
    """Numbers a step that are kept of the features."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    dropout: float = 0.1


class Voice(nn.Module):
    """Speech states (B, T, 384) and features (B, T, 160) → logits (B, T)."""

    def __init__(self, config: VoiceConfig) -> None:
        super().__init__()
        self.loudness = nn.Linear(2 * BINS, config.loudness)
        self.inward = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(WIDTH + config.loudness, config.width)
        )
        self.stack = Stack("voice", config.width, config.dilations, config.dropout)
        self.outward = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, 1))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stack.initial_state(batch)

    def forward(self, states: Tensor, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        both = torch.cat([states, self.loudness(pairs)], dim=2)
        hidden, after = self.stack(self.inward(both), state)
        logits: Tensor = self.outward(hidden).squeeze(-1)
        return logits, after
