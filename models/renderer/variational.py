"""The conditional VAE of the real-time paper: masked face, spectrogram and emotion → the face that speaks.

A U-Net over the face with its mouth masked out; at the bottleneck a variational code, and beside it what the sound and
the emotion say (an MLP each). Losses: reconstruction, KL, sync, perceptual, emotion. The critic of sync says whether a
mouth and a stretch of sound belong together; the critic of emotion names the emotion of a picture. Both are trained on
real frames, then frozen while the VAE is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bridge.features import BINS
from bridge.frames import EMOTIONS
from models.renderer.block import block

HOPS = 20
"""Of sound around a frame: 200 ms."""
CODE = 64


@dataclass(frozen=True, slots=True)
class VariationalConfig:
    """What it is built with."""

    widths: tuple[int, ...] = (32, 64, 96, 128, 192)
    """Channels of each level, from half of the picture's resolution down."""
    hidden: int = 256
    code: int = CODE


def masked(faces: Tensor, boxes: Tensor) -> Tensor:
    """Faces (B, 3, H, W) with grey boxes (B, 4: left, top, right, bottom in pixels), and the mask: (B, 4, H, W)."""
    size = faces.shape[-1]
    line = torch.arange(size, device=faces.device)
    left, top, right, bottom = (boxes[:, i, None, None] for i in range(4))
    inside = (line[None, None] >= left) & (line[None, None] < right)
    inside = inside & (line[None, :, None] >= top) & (line[None, :, None] < bottom)
    mask = inside[:, None].to(faces.dtype)
    return torch.cat([faces * (1 - mask) + 0.5 * mask, mask], dim=1)


class VariationalRenderer(nn.Module):
    """(masked (B, 4, H, W), reference (B, 3, H, W), sound (B, 20, 80), emotion (B, 8)) → picture, code."""

    def __init__(self, config: VariationalConfig | None = None) -> None:
        super().__init__()
        self.config = VariationalConfig() if config is None else config
        widths, hidden = self.config.widths, self.config.hidden
        self.down = nn.ModuleList()
        before = 7 * 4
        for width in widths:
            self.down.append(nn.Sequential(block(before, width), block(width, width)))
            before = width
        self.sound = nn.Sequential(
            nn.Linear(HOPS * BINS, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.emotion = nn.Sequential(nn.Linear(len(EMOTIONS), hidden // 4), nn.SiLU())
        said = hidden + hidden // 4
        self.code = nn.Linear(widths[-1] + said, 2 * self.config.code)
        self.spread = nn.Linear(self.config.code + said, widths[-1])
        self.up = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.up.append(nn.Sequential(block(before + width, width), block(width, width)))
            before = width
        self.out = nn.Conv2d(before, 12, 3, padding=1)

    def forward(
        self, given: Tensor, reference: Tensor, sound: Tensor, emotion: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`noise` (B, code) draws the code; None takes its mean, as at run time."""
        y = F.pixel_unshuffle(torch.cat([given, reference], dim=1) - 0.5, 2)
        kept = []
        for level, layer in enumerate(self.down):
            y = layer(y if level == 0 else F.max_pool2d(y, 2))
            kept.append(y)
        said = torch.cat([self.sound(sound.flatten(1)), self.emotion(emotion)], dim=1)
        mean, log_variance = self.code(torch.cat([y.mean(dim=(2, 3)), said], dim=1)).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8, 4)
        code = mean if noise is None else mean + noise * (log_variance / 2).exp()
        y = y + self.spread(torch.cat([code, said], dim=1))[:, :, None, None]
        for layer, skip in zip(self.up, reversed(kept[:-1]), strict=True):
            y = layer(torch.cat([F.interpolate(y, scale_factor=2.0, mode="nearest"), skip], dim=1))
        made = torch.sigmoid(F.pixel_shuffle(self.out(y), 2))
        mask = given[:, 3:]
        return made * mask + given[:, :3] * (1 - mask), mean, log_variance


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL from the code's distribution to the standard normal one, mean over batch and code."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()


class SyncCritic(nn.Module):
    """A mouth (B, 3, 64, 64) and sound (B, 20, 80) → logit that they belong together, from a cosine as SyncNet's."""

    def __init__(self, width: int = 24, size: int = 128) -> None:
        super().__init__()
        sees = [block(3, width)]
        for k in range(4):
            sees += [nn.MaxPool2d(2), block(width * min(2**k, 4), width * min(2 ** (k + 1), 4))]  # type: ignore[list-item]
        self.sees = nn.Sequential(*sees, nn.Flatten(), nn.Linear(width * 4 * 16, size))
        self.hears = nn.Sequential(nn.Linear(HOPS * BINS, 256), nn.SiLU(), nn.Linear(256, size))
        self.scale = nn.Parameter(torch.tensor([8.0, 0.0]))

    def forward(self, mouth: Tensor, sound: Tensor) -> Tensor:  # noqa: D102
        alike = F.cosine_similarity(self.sees(mouth - 0.5), self.hears(sound.flatten(1)))
        return alike * self.scale[0] + self.scale[1]


class EmotionCritic(nn.Module):
    """A face (B, 3, H, W) → logits of the eight emotions."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.AvgPool2d(2), block(3, width)]
        for k in range(4):
            layers += [nn.MaxPool2d(2), block(width * min(2**k, 4), width * min(2 ** (k + 1), 4))]
        self.network = nn.Sequential(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width * 4, len(EMOTIONS))
        )

    def forward(self, faces: Tensor) -> Tensor:  # noqa: D102
        found: Tensor = self.network(faces - 0.5)
        return found
