"""Whose manner of speaking it is: style → displacement on top of what is said (the style branch of ACSEF, MakeItTalk).

A manner is how far a mouth reaches along each axis, learned for each style and mixed in shares: half a reader and half
an actor is a style as well. What closes the lips closes them in every style.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.frames import STYLES
from models.basis import lower_face


class Style(nn.Module):
    """Shares of styles (B, S) and content (B, T, 68, 3) cm → displacement (B, T, 68, 3) cm."""

    reach: Tensor
    spoken: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("reach", torch.zeros(len(STYLES), 3))
        """Logarithm of how much further a mouth moves than the content branch says, along x, y and z."""
        self.register_buffer("spoken", torch.from_numpy(lower_face()), persistent=False)

    def forward(self, style: Tensor, content: Tensor) -> Tensor:
        """See the class."""
        further = (style @ self.reach).exp() - 1.0
        moved: Tensor = content * self.spoken * further.reshape(-1, 1, 1, 3)
        return moved
