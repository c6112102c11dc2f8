"""What is said → what the mouth does: log-mel → speech states → displacement (the content branch of ACSEF, streaming).

The speech encoder answers `encoder.delay` steps late; whatever look-ahead is left, the mouth's own dilated
causal convolutions use, because the target is delayed by all of it: one recipe for every look-ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import Floats
from models.speech_encoder import WIDTH, EncoderConfig, SpeechEncoder
from models.streaming import Stack, State


@dataclass(frozen=True)
class ContentConfig:
    """Shape of the content branch."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1, 2, 4)
    components: int = 32
    dropout: float = 0.1


class Content(nn.Module):
    """Features (B, T, 160: two hops of 80 bins) → displacement (B, T, 68, 3) cm and hidden (B, T, width)."""

    basis: Tensor

    def __init__(self, config: ContentConfig, basis: Floats | None = None) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(config.encoder)
        self.inward = nn.Sequential(nn.Linear(WIDTH, config.width), nn.Dropout(config.dropout))
        self.stack = Stack("content", config.width, config.dilations, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.outward = nn.Linear(config.width, config.components)
        blank = torch.zeros(config.components, face.COUNT * 3)
        self.register_buffer("basis", blank if basis is None else torch.from_numpy(basis))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.encoder.initial_state(batch) | self.stack.initial_state(batch)

    def mouth(self, states: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Speech states (B, T, 384) → displacement, hidden, state of the mouth's own layers."""
        hidden, after = self.stack(self.inward(states), state)
        hidden = self.norm(hidden)
        displacement = (self.outward(hidden) @ self.basis).unflatten(-1, (face.COUNT, 3))
        return displacement, hidden, after

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """See the class."""
        states, heard = self.encoder(pairs, state)
        displacement, hidden, after = self.mouth(states, state)
        return displacement, hidden, heard | after
