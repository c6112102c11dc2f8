"""What a feeling does to a face: emotion → displacement, gaze and head offsets, learned from silent tracks.

A stand-in for a full emotion branch that is honest about its data: per emotion a posture, a part that grows
with how far the mouth is open (brows work while people talk), and gaze and head offsets. The lips' own gap is
left to the voice, so that an emotion never opens a closed mouth.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import EMOTIONS
from models.losses import lip_gap

POSTURE, PER_OPENING, GAZE, HEAD = "posture", "per_opening", "gaze", "head"


def keep_lip_gap(displacement: Tensor) -> Tensor:
    """(…, 68, 3) with the facing inner lips moved by their mean, outer lips following: no gap is added."""
    out = displacement.clone()
    inner_up, inner_low = list(face.GAP_UPPER), list(face.GAP_LOWER)
    outer_up, outer_low = [50, 51, 52], [58, 57, 56]
    half = (out[..., inner_up, :] - out[..., inner_low, :]) / 2
    out[..., inner_up, :] -= half
    out[..., inner_low, :] += half
    out[..., outer_up, :] -= half
    out[..., outer_low, :] += half
    return out


class Expression(nn.Module):
    """Emotion (B, T, 8) and content displacement → offsets. Tables are fitted, not descended to."""

    posture: Tensor
    per_opening: Tensor
    gaze: Tensor
    head: Tensor

    def __init__(self) -> None:
        super().__init__()
        count = len(EMOTIONS)
        self.register_buffer(POSTURE, torch.zeros(count, face.COUNT * 3))
        self.register_buffer(PER_OPENING, torch.zeros(count, face.COUNT * 3))
        self.register_buffer(GAZE, torch.zeros(count, 4))
        self.register_buffer(HEAD, torch.zeros(count, 6))

    def forward(self, emotion: Tensor, content: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Emotion (B, T, 8), already scaled by intensity, and content (B, T, 68, 3) cm.

        Returns displacement (B, T, 68, 3), gaze (B, T, 4), head (B, T, 6).
        """
        opening = lip_gap(content).mean(-1, keepdim=True).clamp(0.0, 1.5)
        flat = emotion @ self.posture + opening * (emotion @ self.per_opening)
        displacement = flat.reshape(*flat.shape[:-1], face.COUNT, 3)
        return displacement, emotion @ self.gaze, emotion @ self.head
