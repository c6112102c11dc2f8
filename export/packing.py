"""Large weights in 8 bits, for onnxruntime: a frame reads each weight once, so a frame costs what its bytes cost.

`pack` turns every large matrix product of a plain ONNX file into `com.microsoft.MatMulNBits`: weights in blocks
of 32 along the input with one scale each, activations in 8 bits row by row (`accuracy_level` 4), integer sums.
`export.unpacking` is the way back to standard operators for any other runtime. `unfolded` makes convolutions matrix
products first. What packing costs in quality is measured by `drift`, and by `python -m models.evaluation`.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from bridge.contract import INPUTS, NOISE, OUTPUTS, STATE_IN, STATE_OUT
from bridge.features import BINS
from bridge.frames import EMOTIONS, STYLES, Floats
from export.unpacking import BLOCK, DOMAIN, MIDDLE, Bytes, drop_unused, every_node
from export.unpacking import dequantised as dequantised
from export.unpacking import unpack as unpack
from models.cue_network import CueNetwork

LARGE = 65536
"""Matrices of fewer values are left as they are: they cost little, and the voice and emotion branches stay exact."""
DRIFT = 0.1
"""What packing may change: RMS of the difference over the RMS of the output about its mean, worst output."""
SMALL = {
    "displacement": 0.05,
    "gaze": 0.02,
    "head_rotation": 0.01,
    "head_translation": 0.05,
    "emotion": 0.1,
    "voice": 0.1,
}
"""An output that moves less than this (cm, rad, shares) in all is compared with this."""


class Unfolded(nn.Module):
    """A convolution over time as one matrix product over its taps side by side. (B, C, T) → (B, C', T')."""

    def __init__(self, conv: nn.Conv1d) -> None:
        super().__init__()
        outward, inward, self.taps = conv.weight.shape
        (self.dilation,), (self.stride,) = conv.dilation, conv.stride
        self.product = nn.Linear(inward * self.taps, outward)
        assert conv.bias is not None  # noqa: S101  all of ours have one
        with torch.no_grad():
            self.product.weight.copy_(conv.weight.transpose(1, 2).reshape(outward, -1))
            self.product.bias.copy_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = x.transpose(1, 2)
        span = (self.taps - 1) * self.dilation
        # ends counted from the back are constants of the graph
        starts = range(0, span + 1, self.dilation)
        parts = [x[:, at : at - span or None : self.stride] for at in starts]
        joined: Tensor = self.product(torch.cat(parts, dim=2))
        return joined.transpose(1, 2)


def unfolded(network: CueNetwork) -> CueNetwork:
    """A copy with every large convolution as a matrix product; it says the same."""
    copy = deepcopy(network)
    for module in list(copy.modules()):
        for name, part in list(module.named_children()):
            if isinstance(part, nn.Conv1d) and part.weight.numel() >= LARGE:
                setattr(module, name, Unfolded(part))
    return copy


def quantised(weight: Floats) -> tuple[Bytes, Floats]:
    """(K, N) → bytes (N, blocks, BLOCK) and scales (N, blocks): weight ≈ (byte − 128) · scale."""
    inward, outward = weight.shape
    blocks = -(-inward // BLOCK)
    padded = np.zeros((blocks * BLOCK, outward), np.float32)
    padded[:inward] = weight
    by_block = padded.reshape(blocks, BLOCK, outward).transpose(2, 0, 1)
    scale = np.abs(by_block).max(axis=2) / (MIDDLE - 1)
    steps = np.rint(by_block / np.where(scale == 0.0, 1.0, scale)[..., None])
    return (steps + MIDDLE).astype(np.uint8), np.ascontiguousarray(scale, np.float32)


def pack(model: onnx.ModelProto) -> int:
    """Packs every large matrix product, in place; how many there were."""
    graph = model.graph
    stored = {weight.name: weight for weight in graph.initializer}
    behind = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Cast" and n.input[0] in stored}
    packed = 0
    for node in every_node(graph):
        if node.op_type != "MatMul":
            continue
        held = stored.get(behind.get(node.input[1], node.input[1]))
        if held is None or len(held.dims) != 2 or np.prod(held.dims) < LARGE:
            continue
        weight = numpy_helper.to_array(held).astype(np.float32)
        data, scale = quantised(weight)
        names = [f"{node.output[0]}.{part}" for part in ("bytes", "scales")]
        graph.initializer.append(numpy_helper.from_array(data, names[0]))
        graph.initializer.append(numpy_helper.from_array(scale, names[1]))
        node.CopyFrom(
            helper.make_node(
                "MatMulNBits", [node.input[0], *names], list(node.output), name=node.name, domain=DOMAIN,
                K=weight.shape[0], N=weight.shape[1], bits=8, block_size=BLOCK, accuracy_level=4,
            )
        )  # fmt: skip
        packed += 1
    drop_unused(graph)
    if packed:
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return packed


def _streamed(path: Path, steps: int, seed: int) -> dict[str, Floats]:
    """Outputs of a network over `steps` single frames of noise that comes and goes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    state = {
        i.name: np.zeros(i.shape, np.float32) for i in session.get_inputs() if i.name.startswith(STATE_IN)
    }
    after = [STATE_OUT + name.removeprefix(STATE_IN) for name in state]
    mix, intensity = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    said: dict[str, list[Floats]] = {name: [] for name in OUTPUTS}
    for step in range(steps):
        loud = np.float32(np.sin(step / 15.0))
        mel = (rng.normal(0, 1, (1, 2, BINS)) + loud).astype(np.float32)
        request = np.eye(len(EMOTIONS), dtype=np.float32)[None, step // 40 % len(EMOTIONS)]
        style = np.eye(len(STYLES), dtype=np.float32)[None, step // 60 % len(STYLES)]
        noise = np.zeros((1, 1, NOISE), np.float32)  # a class that tips over is no drift
        given = (mel, request, mix, intensity, style, intensity, noise)
        inputs = dict(zip(INPUTS, given, strict=True))
        got = session.run([*OUTPUTS, *after], inputs | state)
        for name, value in zip(OUTPUTS, got, strict=False):
            said[name].append(value)
        state = dict(zip(state, got[len(OUTPUTS) :], strict=True))
    return {name: np.concatenate(values, axis=1)[0] for name, values in said.items()}


def drift(plain: Path, packed: Path, *, steps: int = 320, seed: int = 0) -> dict[str, float]:
    """How far a packed network is from the plain one, by output: RMS of the difference over that of the output."""
    one, other = (_streamed(path, steps, seed) for path in (plain, packed))
    return {
        name: float(
            np.sqrt(
                np.mean((one[name] - other[name]) ** 2) / max(one[name].var(axis=0).mean(), SMALL[name] ** 2)
            )
        )
        for name in OUTPUTS
    }
