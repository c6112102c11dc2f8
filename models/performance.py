"""What eyes and head do while somebody talks: generated step by step from what they did before.

Emotional Conversation (Liang & Lu 2024), streaming: an auto-regressive cell at 25 steps a second reads the
emotion, the style, what the mouth does, and its own last gaze and head pose. Gaze is discrete: each step may
begin a new fixation, whose direction is one of `DIRECTIONS` classes and a residual, so that eyes dart and rest
instead of averaging. Head pose moves by a normal step around a mean that the cell predicts. All chance comes
in as an input, so that a seed says everything and blocks of any size give the same face.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, STYLES, Floats
from models.chance import tailed, uniform_of
from models.data.motion import MOTION_SIZE
from models.streaming import State

YAWS_RAD = (-0.42, -0.24, -0.11, 0.0, 0.11, 0.24, 0.42)
PITCHES_RAD = (-0.28, -0.12, 0.0, 0.12, 0.28)
DIRECTIONS = len(YAWS_RAD) * len(PITCHES_RAD)
"""Classes of gaze, row by row of pitch."""
HEAD = 6
"""Rotation vector (rad), translation (cm)."""
MOUTH = 3
"""What the cell sees of the mouth: opening, its fast and its slow liveliness."""
FAST_STEPS, SLOW_STEPS = 4.0, 25.0
"""Time constants of that liveliness, in steps."""
HIDDEN = 64
ROTATION_UNIT, TRANSLATION_UNIT = 0.03, 0.3
"""Size of a step's head state as the cell sees it."""
SACCADE = 0.75
"""Share of the way to a new fixation that the eyes go in one step of 40 ms."""
COUNTER = 0.45
"""Share of a head turn that the eyes take back, as tracked eyes do (vestibulo-ocular reflex)."""
SHARPNESS = 1.5
"""Takes back what smoothing of the labels gave to directions that nobody looked in."""
SHORTEST = 4
"""Steps that a fixation lasts at least: 160 ms."""
LIVELINESS = 0.3
"""The same for the logarithm of a head step's size."""
EAGERNESS = 1.0
"""How far emotion and style together may move the logit of a new fixation: what was set on a few seconds of
actors must not add up to eyes that never rest."""
MAX_AGE_STEPS = 125.0


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
        self.register_buffer("unit", torch.tensor([ROTATION_UNIT] * 3 + [TRANSLATION_UNIT] * 3))
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
        seen = torch.cat(
            [emotion, style, mouth, 5.0 * gaze, age / 25.0, head / self.unit / 4.0, 4.0 * step / self.unit], 1
        )
        hidden = self.recur(seen, hidden)
        head_step = self.head(hidden)
        # what left the resting place is drawn back to it, however the cell was trained
        mean = 0.9 * step / self.unit + 0.1 * head_step[:, :HEAD] - 0.004 * head / self.unit
        deviation = head_step[:, HEAD:].clamp(-6.0, 1.0) - 2.5
        rest = self.residual(hidden).clamp(-6.0, 2.0)
        residual = torch.cat([0.02 * rest[:, :2], rest[:, 2:] - 3.5], 1)
        return (
            self.shift(hidden) - 3.0,
            self.direction(hidden),
            residual,
            torch.cat([mean, deviation], 1),
            hidden,
        )


def heard(mouth: Tensor, opening: Tensor, before: Tensor) -> Tensor:
    """What the cell sees of the mouth, one step on. All (B, …): mouth 3, opening and the one before 1."""
    lively = (opening - before).abs() * 25.0
    fast = mouth[:, 1:2] + (lively - mouth[:, 1:2]) / FAST_STEPS
    slow = mouth[:, 2:3] + (lively - mouth[:, 2:3]) / SLOW_STEPS
    return torch.cat([opening, fast, slow], 1)


def counter(head: Tensor) -> Tensor:
    """(…, 6) head → (…, 2) yaw and pitch that the eyes take back; a rotation about +x lowers the face."""
    return COUNTER * torch.stack([head[..., 1], -head[..., 0]], -1)


LAYOUT = [2, 1, 2, 2, HEAD, HEAD, 1, MOUTH, 1]
"""The packed state: fixation, its age, gaze now and before, head now and before, phase, mouth, opening before."""
SIZE, PHASE = sum(LAYOUT), sum(LAYOUT[:6])
"""Its values, and where among them stands whether the next frame lies between two steps."""
assert MOTION_SIZE == 2 * 2 + HEAD and NOISE == 4 + HEAD  # noqa: S101, PT018  shapes agree across rooms


class Step(nn.Module):
    """One cue frame of 20 ms: every second one the cell takes its step, the one between is half way."""

    eager: Tensor
    lively: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.cell = Cell()
        self.register_buffer("eager", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """Added to the logit of a new fixation, by emotion and by style: set so that measured rates are met."""
        self.register_buffer("lively", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """The same for the logarithm of a head step's size."""

    def forward(
        self,
        emotion: Tensor,
        style: Tensor,
        opening: Tensor,
        noise: Tensor,
        temperature: Tensor,
        hidden: Tensor,
        packed: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All (B, …): what is asked, drawn and remembered → motion (B, 10) and what is remembered next."""
        fixation, age, gaze, gaze_before, head, head_before, phase, mouth, opening_before = torch.split(
            packed, LAYOUT, 1
        )
        due = phase < 0.5  # the first frame of a pair takes the step
        now_heard = torch.where(due, heard(mouth, opening, opening_before), mouth)
        shift, classes, residual, step, fresh = self.cell(
            emotion, style, now_heard, gaze, age, head, head - head_before, hidden
        )
        chance = uniform_of(noise)
        manner = torch.cat([emotion, style], 1)
        likely = torch.sigmoid(
            shift + (manner * self.eager).sum(1, keepdim=True).clamp(-EAGERNESS, EAGERNESS)
        )
        new = (chance[:, 0:1] < likely) & (age >= SHORTEST)
        cumulative = torch.cumsum((SHARPNESS * classes / temperature.clamp(min=0.05)).softmax(1), 1)
        chosen = (cumulative < chance[:, 1:2]).to(classes.dtype).sum(1).clamp(max=DIRECTIONS - 1).long()
        size = (manner * self.lively).sum(1, keepdim=True).clamp(-LIVELINESS, LIVELINESS).exp()
        aim = (
            self.cell.centres[chosen] + residual[:, :2] + temperature * residual[:, 2:].exp() * noise[:, 2:4]
        )
        fixation_next = torch.where(new, aim, fixation)
        age_next = torch.where(new, torch.zeros_like(age), (age + 1.0).clamp(max=MAX_AGE_STEPS))
        gaze_next = gaze + SACCADE * (fixation_next - gaze)
        jitter = temperature * tailed(noise[:, 4:]) * step[:, HEAD:].exp() * size
        head_next = head + (step[:, :HEAD] + jitter) * self.cell.unit
        hidden = torch.where(due, fresh, hidden)
        kept = torch.cat([fixation, age, gaze, gaze_before, head, head_before], 1)
        stepped = torch.cat([fixation_next, age_next, gaze_next, gaze, head_next, head], 1)
        packed = torch.cat(
            [
                torch.where(due, stepped, kept),
                1.0 - phase,
                now_heard,
                torch.where(due, opening, opening_before),
            ],
            1,
        )
        # the frame of the step shows half of it, the next one all of it
        half = torch.where(due, 0.5, 0.0)
        now_gaze = gaze + half * (gaze_next - gaze)
        now_head = head + half * (head_next - head)
        now_gaze = now_gaze - counter(now_head)
        return torch.cat([now_gaze, now_gaze, now_head], 1), hidden, packed


class Between(nn.Module):
    """What `Step` says of the frame between two steps of the cell, and nothing else: it costs next to nothing."""

    def forward(self, hidden: Tensor, packed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, …) what is remembered → motion (B, 10) and what is remembered next."""
        _, _, gaze, _, head, *_ = torch.split(packed, LAYOUT, 1)
        before, phase, after = torch.split(packed, [PHASE, 1, SIZE - PHASE - 1], 1)
        seen = gaze - counter(head)
        return torch.cat([seen, seen, head], 1), hidden + 0.0, torch.cat([before, 1.0 - phase, after], 1)


class Loop(nn.Module):
    """The step, frame after frame."""

    def __init__(self) -> None:
        super().__init__()
        self.step = Step()

    def forward(
        self,
        emotion: Tensor,
        style: Tensor,
        opening: Tensor,
        noise: Tensor,
        temperature: Tensor,
        hidden: Tensor,
        packed: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, …) → motion (B, T, 10) and what is remembered next."""
        out = []
        for t in range(opening.shape[1]):
            frame, hidden, packed = self.step(
                emotion[:, t], style, opening[:, t], noise[:, t], temperature, hidden, packed
            )
            out.append(frame)
        return torch.stack(out, 1), hidden, packed


class Performance(nn.Module):
    """A stream of cue frames. State: what the cell saw last, and where it is between two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()

    def initial_state(self, batch: int) -> State:
        """Eyes ahead, head at rest."""
        return {
            "performance_hidden": torch.zeros(batch, HIDDEN),
            "performance": torch.zeros(batch, SIZE),
        }

    def forward(
        self,
        emotion: Tensor,
        style: Tensor,
        opening: Tensor,
        noise: Tensor,
        temperature: Tensor,
        state: State,
    ) -> tuple[Tensor, State]:
        """One stream, frame by frame.

        Args:
            emotion: (B, T, 8).
            style: (B, styles) shares.
            opening: (B, T, 1) cm between the inner lips.
            noise: (B, T, NOISE) standard normal.
            temperature: (B, 1), how much chance counts: 0 never, 1 as people do.
            state: of the stream.

        Returns:
            (B, T, 10) gaze right yaw, pitch, left yaw, pitch (rad), head rotation vector (rad), translation (cm).
        """
        motion, hidden, packed = self.loop(
            emotion, style, opening, noise, temperature, state["performance_hidden"], state["performance"]
        )
        return motion, {"performance_hidden": hidden, "performance": packed}
