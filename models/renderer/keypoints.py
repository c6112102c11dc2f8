"""Relocated landmarks → latent keypoints → a picture (Emotional Conversation, step 2).

Keypoints are learned without labels: a small network places `KEYPOINTS` of them from landmarks, and a generator that
sees nothing else of the wanted face must make the picture by moving the reference (as in face-vid2vid and FOMM). The
generator is an interface: (reference, its keypoints, wanted keypoints) → picture; `WarpingGenerator` is ours, and any
ONNX with those three inputs takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.renderer.block import block
from models.renderer.translator import CARRIED

KEYPOINTS = 16
POINTS = 68 + 2
"""Landmarks and irises, in pixels of the picture."""
HEAT = 0.02
"""Variance of a keypoint's heat on a picture that spans -1..1."""


class Generator(Protocol):
    """Makes a picture of a reference (B, 3, H, W) whose keypoints (B, K, 2) go elsewhere; places in -1..1, x then y."""

    def __call__(self, reference: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """(B, 3, H, W)."""


@dataclass(frozen=True, slots=True)
class KeypointConfig:
    """What the route is built with."""

    keypoints: int = KEYPOINTS
    hidden: int = 256
    width: int = 32
    """Channels of the generator at half of the picture's resolution."""


class Placer(nn.Module):
    """Landmarks and irises (B, 70, 2) in -1..1 → latent keypoints (B, K, 2) in -1..1."""

    def __init__(self, config: KeypointConfig) -> None:
        super().__init__()
        self.keypoints = config.keypoints
        self.network = nn.Sequential(
            nn.Linear(POINTS * 2, config.hidden), nn.SiLU(), nn.Linear(config.hidden, config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.keypoints * 2),
        )  # fmt: skip

    def forward(self, points: Tensor) -> Tensor:  # noqa: D102
        placed: Tensor = torch.tanh(self.network(points.flatten(1))).view(-1, self.keypoints, 2)
        return placed


def grid(size: int, like: Tensor) -> Tensor:
    """(size, size, 2): where each pixel lies, -1..1, x then y."""
    line = torch.linspace(-1 + 1 / size, 1 - 1 / size, size, dtype=like.dtype, device=like.device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], dim=-1)


def heat(points: Tensor, size: int) -> Tensor:
    """(B, K, size, size): 1 at each of the keypoints (B, K, 2), falling off around it."""
    far = grid(size, points)[None, None] - points[:, :, None, None]
    return torch.exp(-(far**2).sum(-1) / (2 * HEAT))


class WarpingGenerator(nn.Module):
    """Moves the reference along a dense flow that keypoints agree on, and paints what was hidden.

    At a quarter of the resolution each pixel chooses, softly, which keypoint it follows (or none); the flow so found
    warps the reference's features and the picture itself, and a decoder mixes both.
    """

    def __init__(self, config: KeypointConfig) -> None:
        super().__init__()
        k, w = config.keypoints, config.width
        self.stem = block(12, w)
        self.features = nn.Sequential(nn.MaxPool2d(2), block(w, 2 * w), block(2 * w, 2 * w))
        self.agree_down = nn.ModuleList([block(2 * k + 3, 2 * w), block(2 * w, 2 * w), block(2 * w, 4 * w)])
        self.agree_up = nn.ModuleList([block(4 * w + 2 * w, 2 * w), block(2 * w + 2 * w, 2 * w)])
        self.choice = nn.Conv2d(2 * w, k + 1, 3, padding=1)
        self.shown = nn.Conv2d(2 * w, 1, 3, padding=1)
        self.middle = nn.Sequential(block(2 * w + 2 * w, 4 * w), block(4 * w, 2 * w))
        self.paint = block(2 * w + w, w)
        self.out = nn.Conv2d(w, 16, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            bias: Tensor = self.out.bias  # type: ignore[assignment]
            bias.zero_()
            bias[12:] = CARRIED  # it begins as the warped reference

    def flow(self, reference: Tensor, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor]:
        """How far off each pixel comes from (B, 2, H/4, W/4), and the features that said so (B, 2w, H/4, W/4)."""
        small = F.avg_pool2d(reference, 4)
        size = small.shape[-1]
        given = torch.cat([heat(driving, size) - heat(source, size), heat(driving, size), small - 0.5], dim=1)
        kept = []
        y = given
        for level, layer in enumerate(self.agree_down):
            y = layer(y if level == 0 else F.max_pool2d(y, 2))
            kept.append(y)
        for layer, skip in zip(self.agree_up, reversed(kept[:-1]), strict=True):
            y = layer(torch.cat([F.interpolate(y, scale_factor=2.0, mode="nearest"), skip], dim=1))
        share = self.choice(y).softmax(dim=1)[:, 1:]  # the first follows nobody
        step = (source - driving)[:, :, None, None]
        return (share[..., None] * step).sum(dim=1).permute(0, 3, 1, 2), y

    def forward(self, reference: Tensor, source: Tensor, driving: Tensor) -> Tensor:  # noqa: D102
        come, agreed = self.flow(reference, source, driving)
        stem = self.stem(F.pixel_unshuffle(reference - 0.5, 2))

        def warped(x: Tensor) -> Tensor:
            size = x.shape[-1]
            step = F.interpolate(come, size=(size, size), mode="bilinear", align_corners=False)
            path = grid(size, x)[None] + step.permute(0, 2, 3, 1)
            return F.grid_sample(x, path, padding_mode="border", align_corners=False)

        deep = warped(self.features(stem)) * torch.sigmoid(self.shown(agreed))
        y = self.middle(torch.cat([deep, agreed], dim=1))
        y = torch.cat([F.interpolate(y, scale_factor=2.0, mode="nearest"), warped(stem)], dim=1)
        made = F.pixel_shuffle(self.out(self.paint(y)), 2)
        share = torch.sigmoid(made[:, 3:])
        return torch.sigmoid(4.0 * made[:, :3]) * share + warped(reference) * (1.0 - share)


class KeypointRenderer(nn.Module):
    """The whole route: reference (B, 3, H, W), its points and the wanted ones (B, 70, 2) → picture."""

    def __init__(self, config: KeypointConfig | None = None) -> None:
        super().__init__()
        self.config = KeypointConfig() if config is None else config
        self.placer = Placer(self.config)
        self.generator = WarpingGenerator(self.config)

    def forward(self, reference: Tensor, source: Tensor, driving: Tensor) -> Tensor:  # noqa: D102
        made: Tensor = self.generator(reference, self.placer(source), self.placer(driving))
        return made
