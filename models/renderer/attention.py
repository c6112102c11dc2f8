"""CBAM: what to look at, channel by channel, then where (Woo et al., ECCV 2018, equations 2 and 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

REDUCTION = 8
KERNEL = 7


class Cbam(nn.Module):
    """x (B, C, H, W) → the same shape, weighed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(4, channels // REDUCTION)
        self.channel = nn.Sequential(
            nn.Conv2d(channels, inner, 1), nn.ReLU(inplace=True), nn.Conv2d(inner, channels, 1)
        )
        self.place = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        mean, most = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        x = x * torch.sigmoid(self.channel(mean) + self.channel(most))
        flat = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.place(flat))
