"""What all renderers are built of: a convolution, normalised, with a smooth bend."""

from __future__ import annotations

from torch import nn


def block(inputs: int, outputs: int) -> nn.Sequential:
    """(B, `inputs`, H, W) → (B, `outputs`, H, W)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU(inplace=True)
    )
