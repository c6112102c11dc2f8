"""Perceptual loss (Johnson et al., ECCV 2016): distances of a picture classifier's features.

The papers take VGG-19. Its weights come with torchvision (`vgg19`), which is used where a file of them is given; here
the convolutions of VGG-16, read from a file of weights, serve as well. Either is read with `weights_only`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions of each stage."""
WIDTHS = (64, 128, 256, 512, 512)
DEEPEST = 3
"""Stages compared: relu1_2, relu2_2, relu3_*."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg(nn.Module):
    """x (B, 3, H, W) in 0..1 → features at the end of each of the first `stages` stages."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, depth: int = 16, stages: int = DEEPEST) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        before = 3
        for width, count in list(zip(WIDTHS, LAYERS[depth], strict=True))[:stages]:
            layers: list[nn.Module] = []
            for _ in range(count):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(inplace=True)]
                before = width
            self.stages.append(nn.Sequential(*layers))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:  # noqa: D102
        x = (x - self.mean) / self.deviation
        found = []
        for k, stage in enumerate(self.stages):
            x = stage(x if k == 0 else F.max_pool2d(x, 2))
            found.append(x)
        return found

    def loss(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Mean distance of features over the stages, each divided by its own mean size."""
        with torch.no_grad():
            targets = self(wanted)
        parts = [
            (a - b).abs().mean() / (b.abs().mean() + 1e-3) for a, b in zip(self(made), targets, strict=True)
        ]
        return torch.stack(parts).mean()


def _from_keras(path: Path) -> tuple[list[Tensor], list[Tensor]]:
    """Kernels and biases of a Keras VGG in ONNX, whose input is blue, green, red in 0..255 less its mean."""
    import onnx
    from onnx import numpy_helper

    found: dict[str, dict[int, Tensor]] = {}
    for value in onnx.load(path).graph.initializer:
        place = re.search(r"block(\d)_conv(\d)", value.name)
        if place:
            array = torch.from_numpy(numpy_helper.to_array(value).copy())
            found.setdefault("".join(place.groups()), {})[array.ndim] = array
    ordered = [found[name] for name in sorted(found) if set(found[name]) == {1, 4}]
    kernels, biases = [one[4] for one in ordered], [one[1] for one in ordered]
    if kernels:
        kernels[0] = kernels[0].flip(1) * 255.0 * torch.tensor(DEVIATION).view(1, 3, 1, 1)
    return kernels, biases


def read_vgg(path: Path, stages: int = DEEPEST) -> Vgg:
    """A file of torchvision's (`features.0.weight` …), or an ONNX of Keras's (`block1_conv1` …).

    Raises:
        ValueError: if its convolutions are not those of VGG-16 or VGG-19.
    """
    if path.suffix == ".onnx":
        kernels, biases = _from_keras(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
        kernels = [v for v in state.values() if isinstance(v, Tensor) and v.ndim == 4]
        biases = [
            v for k, v in state.items() if isinstance(v, Tensor) and v.ndim == 1 and "classifier" not in k
        ]
    shapes: Sequence[tuple[int, int]] = [(v.shape[0], v.shape[1]) for v in kernels]
    for depth in LAYERS:
        vgg = Vgg(depth, stages)
        convolutions = [m for m in vgg.modules() if isinstance(m, nn.Conv2d)]
        if [(m.out_channels, m.in_channels) for m in convolutions] != list(shapes[: len(convolutions)]):
            continue
        if len(kernels) != sum(LAYERS[depth]) and stages == len(WIDTHS):
            continue
        for convolution, kernel, bias in zip(convolutions, kernels, biases, strict=False):
            convolution.weight.data.copy_(kernel)
            convolution.bias.data.copy_(bias)  # type: ignore[union-attr]
        return vgg
    raise ValueError(f"{path} holds no VGG-16 or VGG-19: its convolutions begin {list(shapes[:4])}")
