"""Causal layers with explicit state: `forward(x, state) -> y, state`. One forward for training and serving.

A state is a dict of named tensors; every layer owns the names under its own prefix, so the whole network's
state is flat and each tensor can become an input and an output of an ONNX file.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

State = dict[str, Tensor]


class CausalConv(nn.Module):
    """Dilated convolution over time that sees the past only. State: the last (kernel − 1)·dilation inputs."""

    def __init__(self, name: str, inward: int, outward: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.name, self.inward = name, inward
        self.context = (kernel - 1) * dilation
        self.conv = nn.Conv1d(inward, outward, kernel, dilation=dilation)

    def initial_state(self, batch: int) -> State:
        """Zeros: nothing was heard yet."""
        return {self.name: torch.zeros(batch, self.inward, self.context)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, C, T) → (B, C', T)."""
        seen = torch.cat([state[self.name].to(x.dtype), x], dim=2)
        return self.conv(seen), {self.name: seen[:, :, -self.context :]}


class Block(nn.Module):
    """Pre-norm residual: x + W·GELU(conv(norm(x)))."""

    def __init__(self, name: str, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = CausalConv(name, width, width, 3, dilation)
        self.mix = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T, C) → (B, T, C)."""
        y, after = self.conv(self.norm(x).transpose(1, 2), state)
        return x + self.dropout(self.mix(nn.functional.gelu(y.transpose(1, 2)))), after


class Stack(nn.Module):
    """Residual blocks in a row. (B, T, C) → (B, T, C)."""

    def __init__(self, name: str, width: int, dilations: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(f"{name}_{i}", width, dilation, dropout) for i, dilation in enumerate(dilations)
        )

    def initial_state(self, batch: int) -> State:
        """One tensor a block."""
        state: State = {}
        for block in self.blocks:
            assert isinstance(block, Block)  # noqa: S101  nn.ModuleList forgets the type
            state |= block.conv.initial_state(batch)
        return state

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        after: State = {}
        for block in self.blocks:
            x, part = block(x, state)
            after |= part
        return x, after


class Recurrent(nn.Module):
    """One GRU layer. (B, T, C) → (B, T, H). State: its hidden vector."""

    def __init__(self, name: str, inward: int, hidden: int) -> None:
        super().__init__()
        self.name, self.hidden = name, hidden
        self.gru = nn.GRU(inward, hidden, batch_first=True)

    def initial_state(self, batch: int) -> State:
        """Zeros."""
        return {self.name: torch.zeros(1, batch, self.hidden)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        y, after = self.gru(x, state[self.name])
        return y, {self.name: after}


def faded(values: Tensor, before: Tensor, stays: float) -> Tensor:
    """Sums of all values so far, of which `stays` is left a frame later. All T frames at once.

    Args:
        values: (B, T, C).
        before: (B, 1, C), the last sum.
        stays: 0..1.
    """
    steps = torch.arange(values.shape[1], device=values.device, dtype=values.dtype)
    age = steps.unsqueeze(1) - steps.unsqueeze(0)
    window = torch.where(age >= 0, stays ** age.clamp(min=0.0), torch.zeros_like(age))
    return window @ values + (stays ** (steps + 1.0)).view(1, -1, 1) * before


def eased(values: Tensor, before: Tensor, stays: float) -> Tensor:
    """First-order filter over time: `stays` of a frame is what the one before was. All T frames at once.

    Args:
        values: (B, T, C).
        before: (B, 1, C), the last frame put out.
        stays: 0..1; after 1 / (1 − stays) frames about two thirds of a change have arrived.
    """
    return faded((1.0 - stays) * values, before, stays)
