"""Runs that the cell plays by itself, chance and all, through which a loss can pull it.

The collaborative classifier (Emotional Conversation, Liang & Lu 2024) learns on tracks to read an emotion from eyes and
head, reads what the cell plays, and pulls that to the emotion it was played for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.cell import (
    GAZE_SEEN,
    HEAD,
    HEAD_SEEN,
    HIDDEN,
    MOUTH,
    SACCADE,
    SHARPNESS,
    SHORTEST,
    STEP_SEEN,
    Cell,
    heard,
)
from models.chance import tailed

READ = 2 + 2 * HEAD
"""Gaze, head and its step, as the cell sees them."""
HAZE = 0.5
"""Noise that stays for a window on what is read: without, a classifier knows a few people by heart."""


def read_of(gaze: Tensor, head: Tensor, unit: Tensor) -> Tensor:
    """Gaze (B, T, 2) rad and head (B, T, 6) → (B, T − 1, READ), in a haze."""
    posed = head / unit
    cues = torch.cat(
        [GAZE_SEEN * gaze[:, 1:], HEAD_SEEN * posed[:, 1:], STEP_SEEN * torch.diff(posed, dim=1)], -1
    )
    return cues + HAZE * torch.randn_like(cues[:, :1])


def gaze_at(fixation: Tensor) -> Tensor:
    """(B, T, 2) fixations → where the eyes are on their way."""
    gaze, found = fixation[:, 0], []
    for t in range(fixation.shape[1]):
        gaze = gaze + SACCADE * (fixation[:, t] - gaze)
        found.append(gaze)
    return torch.stack(found, 1)


def played(
    cell: Cell, emotion: Tensor, style: Tensor, opening: Tensor, fixation: Tensor, head: Tensor
) -> tuple[Tensor, Tensor]:
    """Gaze (B, T, 2) and head (B, T, 6) from where a track begins, to its mouth.

    Whether a fixation begins and of which class it is are drawn straight through (Bengio et al. 2013, Jang et al.
    2017): forward a choice, backward its probability.

    Args:
        cell: what plays.
        emotion: (B, 8).
        style: (B, styles).
        opening: (B, T) cm.
        fixation: (B, 2) at the beginning.
        head: (B, 6) at the beginning.
    """
    size = len(emotion)
    hidden, mouth = torch.zeros(size, HIDDEN), torch.zeros(size, MOUTH)
    gaze, age, before = fixation, torch.zeros(size, 1), head
    gazes, heads = [gaze], [head]
    for t in range(1, opening.shape[1]):
        mouth = heard(mouth, opening[:, t : t + 1], opening[:, t - 1 : t])
        shift, classes, residual, step, hidden = cell(
            emotion, style, mouth, gaze, age, head, head - before, hidden
        )
        likely = shift.sigmoid()
        begins = ((torch.rand_like(likely) < likely) & (age >= SHORTEST)).float()
        chosen = nn.functional.gumbel_softmax(SHARPNESS * classes, hard=True)
        spread = residual[:, 2:].exp() * torch.randn_like(residual[:, 2:])
        aim = chosen @ cell.centres + residual[:, :2] + spread
        straight = begins + likely - likely.detach()
        fixation = straight * aim + (1.0 - straight) * fixation
        age = (age + 1.0) * (1.0 - begins)
        gaze = gaze + SACCADE * (fixation - gaze)
        # how far it moves may be pulled, not whither: a mean that is pulled learns to swing by itself
        mean, deviation = step[:, :HEAD].detach(), step[:, HEAD:]
        moved = mean + deviation.exp() * tailed(torch.randn_like(deviation))
        before, head = head, head + cell.unit * moved
        gazes.append(gaze)
        heads.append(head)
    return torch.stack(gazes, 1), torch.stack(heads, 1)
