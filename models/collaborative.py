"""Reads an emotion from a face's cues together: landmarks, gaze and head (Emotional Conversation, Liang & Lu 2024).

Trained on tracks, it pulls what is generated to the emotion that was asked for; it is no part of what ships.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.frames import EMOTIONS

WIDTH = 64


class Collaborative(nn.Module):
    """Cues (B, T, C) → logits (B, 8): frame by frame, then mean and deviation over the window."""

    def __init__(self, cues: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.frame = nn.Sequential(nn.Linear(cues, WIDTH), nn.GELU(), nn.Dropout(dropout))
        self.window = nn.Sequential(
            nn.Linear(2 * WIDTH, WIDTH), nn.GELU(), nn.Dropout(dropout), nn.Linear(WIDTH, len(EMOTIONS))
        )

    def forward(self, cues: Tensor) -> Tensor:
        """See the class."""
        seen = self.frame(cues)
        pooled = torch.cat([seen.mean(1), (seen.var(1) + 1e-5).sqrt()], -1)
        logits: Tensor = self.window(pooled)
        return logits
