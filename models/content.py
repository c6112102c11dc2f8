"""What is said → what the mouth does: log-mel → displacement (the content branch of ACSEF, streaming).

Dilated causal convolutions; look-ahead is a delay of the target, not a wider window: one recipe for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.features import BINS
from bridge.frames import Floats
from models.streaming import Stack, State


@dataclass(frozen=True)
class ContentConfig:
    """Shape of the content branch."""

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1, 2, 4, 8)
    components: int = 32
    dropout: float = 0.1


class Content(nn.Module):
    """Features (B, T, 160: two hops of 80 bins) → displacement (B, T, 68, 3) cm and hidden (B, T, width)."""

    basis: Tensor

    def __init__(self, config: ContentConfig, basis: Floats | None = None) -> None:
        super().__init__()
        self.inward = nn.Linear(2 * BINS, config.width)
        self.stack = Stack("content", config.width, config.dilations, config.dropout)
        self.norm = nn.LayerNorm(config.width)
        self.outward = nn.Linear(config.width, config.components)
        blank = torch.zeros(config.components, face.COUNT * 3)
        self.register_buffer("basis", blank if basis is None else torch.from_numpy(basis))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stack.initial_state(batch)

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """See the class."""
        hidden, after = self.stack(self.inward(pairs), state)
        hidden = self.norm(hidden)
        displacement = (self.outward(hidden) @ self.basis).unflatten(-1, (face.COUNT, 3))
        return displacement, hidden, after
