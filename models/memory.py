"""Memories that all samples share: external attention (Guo et al. 2021), as MSEF's emotion extractor uses it.

Each token asks a fixed number of learned slots instead of the other tokens, so that the cost is linear in their
number, and what a slot holds was learned on every voice: a token is seen in the light of all of them. The tokens of
a frame are groups of its own pooled vector; nothing is kept from frame to frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

START = 0.2
"""What the memories add begins small beside the tokens, which are standardised."""
TINY = 1e-6
"""Keeps a slot that no token asks from dividing by nought."""


class ExternalAttention(nn.Module):
    """Tokens (B, N, d) → (B, N, d): A = F·M_kᵀ, normalised twice, times M_v.

    Args:
        width: d, size of a token.
        slots: size of both memories.
    """

    def __init__(self, width: int, slots: int) -> None:
        super().__init__()
        self.keys = nn.Linear(width, slots, bias=False)
        """M_k, as (slots, d)."""
        self.values = nn.Linear(slots, width, bias=False)
        """M_vᵀ, as (d, slots)."""

    def shares(self, tokens: Tensor) -> Tensor:
        """(B, N, d) → (B, N, slots): softmax over tokens, then each token's shares of the slots sum to one."""
        over_tokens: Tensor = self.keys(tokens).softmax(1)
        return over_tokens / (over_tokens.sum(2, keepdim=True) + TINY)

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        out: Tensor = self.values(self.shares(tokens))
        return out


class SharedMemory(nn.Module):
    """Vectors (…, N·d), each cut into N tokens, plus what the shared memories say of them. Same shape out.

    Args:
        tokens: N.
        width: d.
        slots: size of both memories.
    """

    def __init__(self, tokens: int, width: int, slots: int) -> None:
        super().__init__()
        self.tokens, self.width = tokens, width
        self.place = nn.Parameter(0.02 * torch.randn(tokens, width))
        """Which group a token is: attention itself does not know."""
        self.attention = ExternalAttention(width, slots)
        self.norm = nn.LayerNorm(width)
        nn.init.constant_(self.norm.weight, START)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        tokens = x.reshape(-1, self.tokens, self.width) + self.place
        told: Tensor = self.norm(self.attention(tokens))
        return x + told.reshape(x.shape)
