"""The cell that says what eyes and head are likely to do next, from what they did and what is said and felt.

Emotional Conversation (Liang & Lu 2024): gaze is discrete, a class of direction and a residual, so that eyes dart
and rest instead of averaging; the head moves by a step out of a Student distribution around a mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.frames import EMOTIONS, STYLES, Floats

YAWS_RAD = (-0.42, -0.24, -0.11, 0.0, 0.11, 0.24, 0.42)
PITCHES_RAD = (-0.28, -0.12, 0.0, 0.12, 0.28)
DIRECTIONS = len(YAWS_RAD) * len(PITCHES_RAD)
"""Classes of gaze, row by row of pitch."""
HEAD = 6
"""Rotation vector (rad), translation (cm)."""
MOUTH = 3
"""What the cell sees of the mouth: opening, its fast and its slow liveliness."""
FAST_STEPS, SLOW_STEPS = 4.0, 32.0
"""Time constants of that liveliness, in steps."""
HIDDEN = 64
UNIT = [0.03] * 3 + [0.3] * 3
"""Size of a step's head state as the cell sees it."""
GAZE_SEEN, AGE_SEEN, HEAD_SEEN, STEP_SEEN = 5.0, 0.04, 0.25, 4.0
"""What the cell sees gaze (rad), age (steps), head and its step (units) multiplied by."""
MOMENTUM, DRIVE, RETURN = 0.75, 0.1, 1 / 128
"""Shares of the last step, of what the cell says, and of the way back to rest in the mean of a head step."""
RESIDUAL = 0.02
"""Rad of a residual's mean."""
LEAST, MOST, MOST_HEAD = -6.0, 2.0, 1.0
"""What the cell says of residuals and of the head's deviation lies between these."""
USUAL_SHIFT, USUAL_RESIDUAL, USUAL_STEP = -3.0, -3.5, -2.5
"""Logit of a new fixation, log deviations of a residual and of a head step, where the cell says nought."""
SACCADE = 0.75
"""Share of the way to a new fixation that the eyes go in one step of 40 ms."""
COUNTER = 0.45
"""Share of a head turn that the eyes take back, as tracked eyes do (vestibulo-ocular reflex)."""
SHARPNESS = 1.5
"""Takes back what smoothing of the labels gave to directions that nobody looked in."""
SHORTEST = 4
"""Steps that a fixation lasts at least: 160 ms."""
EAGERNESS = 2.0
"""How far emotion and style together may move the logit of a new fixation: what was set on a few seconds of
actors must not add up to eyes that never rest."""
LIVELINESS = 1.2
"""The same for the logarithm of a head step's size."""
STIR_STAYS = 3 / 4
"""Share of a head's stir that is left a step later: tracked heads move in bursts of an eighth of a second."""
STIRRED, MOST_STIR = 0.24, 1.2
"""Largest deviation of what a step adds to the stir, and most of it that counts: no head is thrown by one draw."""
HOMEWARD = 4.0
"""How far emotion and style together may move the logarithm of `RETURN`: a head that is drawn back harder swings."""
SWING = 4.0
"""Most that a unit of stress moves the logarithm of a head step's size."""
WANDER, WANDER_STAYS = 0.006, 123 / 128
"""Largest deviation (rad) of what a step adds to how far eyes are off their fixation, and the share of it that stays:
eyes that rest still make small jumps, and drift back within a second (a share that 16 bits hold exactly)."""
SIDEWAYS = (1.3, 0.4)
"""Of that deviation, along yaw and pitch: eyes wander to the side."""
MAX_AGE_STEPS = 125.0
LEAST_TEMPERATURE = 0.05
"""Of the draw of a direction: none is no division."""
SAID = len(EMOTIONS) + len(STYLES)


def centres() -> Tensor:
    """(DIRECTIONS, 2) yaw and pitch of each class."""
    return torch.tensor([[yaw, pitch] for pitch in PITCHES_RAD for yaw in YAWS_RAD])


def class_of(gaze: Floats) -> tuple[Tensor, Tensor]:
    """(N, 2) rad → class (N,) and residual (N, 2)."""
    given = torch.from_numpy(gaze)
    found = (given[:, None] - centres()).norm(dim=2).argmin(1)
    return found, given - centres()[found]


class Cell(nn.Module):
    """One step of 40 ms: everything known before it → how likely what comes next is.

    Inputs (B, …): emotion 8, style, mouth 3, gaze 2, age of the fixation 1, head 6, its last step 6, hidden.
    """

    unit: Tensor
    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        inward = len(EMOTIONS) + len(STYLES) + MOUTH + 2 + 1 + 2 * HEAD
        self.gates = nn.Linear(inward + HIDDEN, 2 * HIDDEN)
        self.fresh = nn.Linear(inward + HIDDEN, HIDDEN)
        self.shift = nn.Linear(HIDDEN, 1)
        self.direction = nn.Linear(HIDDEN, DIRECTIONS)
        self.residual = nn.Linear(HIDDEN, 4)
        self.head = nn.Linear(HIDDEN, 2 * HEAD)
        self.register_buffer("unit", torch.tensor(UNIT))
        self.register_buffer("centres", centres())

    def recur(self, seen: Tensor, hidden: Tensor) -> Tensor:
        """Gated recurrent unit (Cho et al. 2014)."""
        reset, keep = torch.sigmoid(self.gates(torch.cat([seen, hidden], 1))).chunk(2, 1)
        fresh = torch.tanh(self.fresh(torch.cat([seen, reset * hidden], 1)))
        return keep * hidden + (1 - keep) * fresh

    def forward(
        self,
        emotion: Tensor,
        style: Tensor,
        mouth: Tensor,
        gaze: Tensor,
        age: Tensor,
        head: Tensor,
        step: Tensor,
        hidden: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What is likely next.

        Returns:
            Logit of a new fixation (B, 1), logits of its class, its residual (mean 2, log deviation 2), head step
            (mean 6, log deviation 6, both in `unit`), hidden.
        """
        head, step = head / self.unit, step / self.unit
        seen = torch.cat(
            [
                *(emotion, style, mouth, GAZE_SEEN * gaze),
                *(AGE_SEEN * age, HEAD_SEEN * head, STEP_SEEN * step),
            ],
            1,
        )
        hidden = self.recur(seen, hidden)
        head_step = self.head(hidden)
        # what left the resting place is drawn back to it, however the cell was trained
        mean = MOMENTUM * step + DRIVE * head_step[:, :HEAD] - RETURN * head
        deviation = head_step[:, HEAD:].clamp(LEAST, MOST_HEAD) + USUAL_STEP
        rest = self.residual(hidden).clamp(LEAST, MOST)
        residual = torch.cat([RESIDUAL * rest[:, :2], rest[:, 2:] + USUAL_RESIDUAL], 1)
        return (
            self.shift(hidden) + USUAL_SHIFT,
            self.direction(hidden),
            residual,
            torch.cat([mean, deviation], 1),
            hidden,
        )


def heard(mouth: Tensor, opening: Tensor, before: Tensor) -> Tensor:
    """What the cell sees of the mouth, one step on. All (B, …): mouth 3, opening and the one before 1."""
    lively = (opening - before).abs() * 25.0
    fast = mouth[..., 1:2] + (lively - mouth[..., 1:2]) / FAST_STEPS
    slow = mouth[..., 2:3] + (lively - mouth[..., 2:3]) / SLOW_STEPS
    return torch.cat([opening, fast, slow], -1)


def counter(head: Tensor) -> Tensor:
    """(…, 6) head → (…, 2) yaw and pitch that the eyes take back; a rotation about +x lowers the face."""
    return COUNTER * torch.stack([head[..., 1], -head[..., 0]], -1)
