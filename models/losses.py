"""What faces are trained for: position, the lip gap itself, movement, and the shape that distances make."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bridge import landmarks as face
from models.basis import point_weights

NEARLY_CM = 0.12
"""A gap at which lips count as nearly closed."""


def lip_gap(points: Tensor) -> Tensor:
    """(…, 68, 3) → (…, 3): signed vertical distances of the facing inner-lip points, cm."""
    gap: Tensor = points[..., list(face.GAP_UPPER), 1] - points[..., list(face.GAP_LOWER), 1]
    return gap


def mouth_width(points: Tensor) -> Tensor:
    """(…, 68, 3) → (…): corner distance along x, cm."""
    width: Tensor = points[..., 54, 0] - points[..., 48, 0]
    return width


class DisplacementLoss(torch.nn.Module):
    """Weighted L1 on points + lip gap + mouth width + velocity, over frames where `mask` holds.

    `closed` weighs the gap once more where the true lips are closed or nearly: an eye sees at once
    that they do not meet.
    """

    weights: Tensor
    neutral: Tensor

    def __init__(
        self, gap: float = 2.0, width: float = 0.5, velocity: float = 2.0, closed: float = 2.0
    ) -> None:
        super().__init__()
        self.gap, self.width, self.velocity, self.closed = gap, width, velocity, closed
        self.register_buffer("neutral", torch.from_numpy(face.neutral_face().copy()))
        weights = torch.from_numpy(point_weights())
        self.register_buffer("weights", weights / weights.mean())

    def forward(self, predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """predicted, target (B, T, 68, 3) cm; mask (B, T) 0..1, a frame's share in the loss."""
        norm = mask.sum().clamp(min=1.0)
        error = predicted - target
        points = ((error.abs().sum(-1) * self.weights).mean(-1) * mask).sum() / norm
        gap = (lip_gap(error).abs().mean(-1) * mask).sum() / norm
        width = (mouth_width(error).abs() * mask).sum() / norm
        step = error[:, 1:] - error[:, :-1]
        both = mask[:, 1:] * mask[:, :-1]
        velocity = ((step.abs().sum(-1) * self.weights).mean(-1) * both).sum() / norm
        nearly = torch.exp(-lip_gap(target + self.neutral).clamp(min=0.0) / NEARLY_CM) * mask.unsqueeze(-1)
        closed = (lip_gap(error).abs() * nearly).sum() / nearly.sum().clamp(min=1.0)
        total: Tensor = (
            points + self.gap * gap + self.width * width + self.velocity * velocity + self.closed * closed
        )
        return total


class Relations(torch.nn.Module):
    """Relative spatial relations (EAM): mean squared error of all distances between two points."""

    neutral: Tensor
    first: Tensor
    second: Tensor

    def __init__(self) -> None:
        super().__init__()
        first, second = np.triu_indices(face.COUNT, 1)
        self.register_buffer("neutral", torch.from_numpy(face.neutral_face().copy()))
        self.register_buffer("first", torch.from_numpy(first))
        self.register_buffer("second", torch.from_numpy(second))

    def distances(self, displacement: Tensor) -> Tensor:
        """(…, 68, 3) → (…, 2278) cm."""
        points = displacement + self.neutral
        between = points[..., self.first, :] - points[..., self.second, :]
        return (between.square().sum(-1) + 1e-6).sqrt()

    def forward(self, predicted: Tensor, target: Tensor, share: Tensor) -> Tensor:
        """(B, T, 68, 3) twice, (B, T, 68): a distance counts as much as its lesser end."""
        weight = torch.minimum(share[..., self.first], share[..., self.second])
        error = (self.distances(predicted) - self.distances(target)).square() * weight
        total: Tensor = error.sum() / weight.sum().clamp(min=1.0)
        return total
