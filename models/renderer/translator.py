"""The translator of AADU and AATU: a U-Net with CBAM in its first four encoder and decoder levels.

Input: the drawing of the wanted face, the reference picture and the reference's own drawing, stacked by channels
(papers: drawing + reference face; with the reference's drawing the network need not find the face in it first).
Output: a picture, and how much of it to take at each pixel; the rest is carried over from the reference (a person's
shoulders and room are best copied). Half of the picture's resolution is folded into channels at the stem, which makes
a frame four times cheaper and loses nothing: the last layer unfolds it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.renderer.attention import Cbam
from models.renderer.block import block

ATTENDED = 4
"""Levels with CBAM, of encoder and decoder each."""
CARRIED = -2.0
"""Where the share of what is made begins, as a logit."""
INPUTS = 9
"""Channels: drawing, reference, reference's drawing."""


@dataclass(frozen=True, slots=True)
class TranslatorConfig:
    """What a translator is built with."""

    widths: tuple[int, ...] = (32, 64, 128, 192, 256)
    """Channels of each level, from half of the picture's resolution down."""
    attention: bool = True
    """CBAM; False for the ablation."""


class Translator(nn.Module):
    """x (B, 9, H, W) in 0..1, H and W multiples of 32 → picture (B, 3, H, W) in 0..1."""

    def __init__(self, config: TranslatorConfig | None = None) -> None:
        super().__init__()
        self.config = TranslatorConfig() if config is None else config
        widths = self.config.widths

        def attention(level: int, channels: int) -> nn.Module:
            return Cbam(channels) if self.config.attention and level < ATTENDED else nn.Identity()

        self.down = nn.ModuleList()
        before = INPUTS * 4
        for level, width in enumerate(widths):
            self.down.append(
                nn.Sequential(block(before, width), block(width, width), attention(level, width))
            )
            before = width
        self.up = nn.ModuleList()
        for level, width in reversed(list(enumerate(widths[:-1]))):
            self.up.append(
                nn.Sequential(block(before + width, width), block(width, width), attention(level, width))
            )
            before = width
        self.out = nn.Conv2d(before, 16, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            bias: Tensor = self.out.bias  # type: ignore[assignment]
            bias.zero_()
            bias[12:] = CARRIED  # it begins as a copy of the reference

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        reference = x[:, 3:6]
        y = F.pixel_unshuffle(x - 0.5, 2)
        kept = []
        for level, layer in enumerate(self.down):
            y = layer(y if level == 0 else F.max_pool2d(y, 2))
            kept.append(y)
        for layer, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            y = layer(torch.cat([F.interpolate(y, scale_factor=2.0, mode="nearest"), skip], dim=1))
        made = F.pixel_shuffle(self.out(y), 2)
        share = torch.sigmoid(made[:, 3:])
        return torch.sigmoid(4.0 * made[:, :3]) * share + reference * (1.0 - share)
