"""Gaze and head motion as a regression from speech: content hidden states → (B, T, 10). It does not ship.

It is what `models.performance` is measured against (`python -m models.evaluation ablation`).

A recurrent layer on top of the content branch, trained with the concordance correlation (Lin 1989): a mean
squared error would average all motion away, concordance keeps its size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.data.motion import MOTION_SIZE
from models.streaming import Recurrent, State


class Motion(nn.Module):
    """Hidden (B, T, W) → gaze 4 rad, head rotation vector 3 rad, head translation 3 cm."""

    scale: Tensor

    def __init__(self, width: int, hidden: int = 64, scale: Tensor | None = None) -> None:
        super().__init__()
        self.recurrent = Recurrent("motion", width, hidden)
        self.outward = nn.Linear(hidden, MOTION_SIZE)
        self.register_buffer("scale", torch.ones(MOTION_SIZE) if scale is None else scale)

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.recurrent.initial_state(batch)

    def forward(self, hidden: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        y, after = self.recurrent(hidden, state)
        return self.outward(y) * self.scale, after


def concordance_loss(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """1 − concordance correlation, mean over the last axis; all frames of the batch are one population.

    predicted, target (B, T, C); mask (B, T).
    """
    weight = mask.unsqueeze(-1)
    norm = weight.sum((0, 1)).clamp(min=1.0)
    mean_p = (predicted * weight).sum((0, 1)) / norm
    mean_t = (target * weight).sum((0, 1)) / norm
    p, t = (predicted - mean_p) * weight, (target - mean_t) * weight
    covariance = (p * t).sum((0, 1)) / norm
    variance = (p * p).sum((0, 1)) / norm + (t * t).sum((0, 1)) / norm
    ccc = 2 * covariance / (variance + (mean_p - mean_t) ** 2 + 1e-8)
    return (1 - ccc).mean()
