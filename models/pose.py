"""A pose of eyes and head from step to step: all that is linear of it, as functions whose matrices a stream uses."""

from __future__ import annotations

import torch
from torch import Tensor

from models.cell import (
    FAST_STEPS,
    GAZE_SEEN,
    HEAD,
    HEAD_SEEN,
    MOMENTUM,
    RETURN,
    SACCADE,
    SLOW_STEPS,
    STEP_SEEN,
    STIR_STAYS,
    UNIT,
    WANDER_STAYS,
    counter,
)
from models.stride import LOOK


def carried(known: Tensor) -> Tensor:
    """(B, POSE + DRAWN − LOOK) a pose with its new look, and what was drawn → the pose after. Linear."""
    sizes = [2, 2, 2, 1, HEAD, HEAD, 2, 1, HEAD, 2, 2, 1]
    lively, gaze, fixation, age, head, step, off, stir, drawn, livelier, further, more = torch.split(
        known, sizes, 1
    )
    faded = known.new_tensor([1.0 - 1.0 / FAST_STEPS, 1.0 - 1.0 / SLOW_STEPS]) * (lively + livelier)
    gaze = gaze + SACCADE * (GAZE_SEEN * fixation - gaze)
    step = MOMENTUM * step - RETURN * STEP_SEEN / HEAD_SEEN * head + STEP_SEEN * drawn
    off, stir = WANDER_STAYS * off + further, STIR_STAYS * stir + more
    return torch.cat([faded, gaze, fixation, age, head + HEAD_SEEN / STEP_SEEN * step, step, off, stir], 1)


def shown(pose: Tensor) -> Tensor:
    """(B, POSE) → motion (B, 10) when the step is over. Linear."""
    _, gaze, _, head, _, off, _ = torch.split(pose, [2, 2, LOOK, HEAD, HEAD, 2, 1], 1)
    head = head / HEAD_SEEN * pose.new_tensor(UNIT)
    gaze = gaze / GAZE_SEEN + off - counter(head)
    return torch.cat([gaze, gaze, head], 1)
