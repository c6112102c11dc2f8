"""What eyes and head do while somebody talks: generated step by step from what they did before.

Emotional Conversation (Liang & Lu 2024), streaming: an auto-regressive cell at 25 steps a second reads the
emotion, the style, what the mouth does, and its own last gaze and head pose. Gaze is discrete: each step may
begin a new fixation, whose direction is one of `DIRECTIONS` classes and a residual, so that eyes dart and rest
instead of averaging. Head pose moves by a step out of a Student distribution around a mean that the cell
predicts, larger or smaller by a slow stir and with the stress of what is said, and nods along (`models.emphasis`).
All chance comes in as an input, so that a seed says everything and blocks of any size give the same face.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, STYLES
from models.cell import (
    AGE_SEEN,
    DRIVE,
    EAGERNESS,
    HEAD,
    HEAD_SEEN,
    HIDDEN,
    HOMEWARD,
    LEAST,
    LEAST_TEMPERATURE,
    LIVELINESS,
    MAX_AGE_STEPS,
    MOST,
    MOST_HEAD,
    MOST_STIR,
    MOUTH,
    RESIDUAL,
    RETURN,
    SAID,
    SHARPNESS,
    SHORTEST,
    SIDEWAYS,
    STIRRED,
    SWING,
    USUAL_RESIDUAL,
    USUAL_SHIFT,
    USUAL_STEP,
    WANDER,
    Cell,
    heard,
)
from models.chance import cubed, tailed, uniform_of
from models.data.motion import MOTION_SIZE
from models.emphasis import BANDS
from models.pose import carried, shown
from models.streaming import State
from models.stride import AFTER, BEFORE, DRAWN, LOOK, POSE, Ahead, Products, Stride, Walk

SIZE = POSE + 2
"""What is remembered: the pose, the opening at the last step, and the phase, 1 where the next frame lies between
two steps."""
UNSEEN = AFTER - 2 * HEAD
"""What is remembered and the cell never sees: how far the eyes wander, and the head's stir."""
BEHIND = DRAWN - LOOK - HEAD
"""What a step draws behind the head: how lively the mouth was, wandering, and stir."""
assert MOTION_SIZE == 2 * 2 + HEAD and NOISE == 4 + HEAD  # noqa: S101, PT018  shapes agree across rooms


class Step(nn.Module):
    """What is learned and set: the cell, and what emotion and style add to its rates."""

    eager: Tensor
    lively: Tensor
    restless: Tensor
    homeward: Tensor
    swing: Tensor
    wander: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.cell = Cell()
        self.register_buffer("eager", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """Added to the logit of a new fixation, by emotion and by style: set so that measured rates are met."""
        self.register_buffer("lively", torch.zeros(len(EMOTIONS) + len(STYLES), HEAD))
        """The same for the logarithm of a head step's size, along each axis."""
        self.register_buffer("restless", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """Deviation of what a step adds to the head's stir."""
        self.register_buffer("homeward", torch.zeros(len(EMOTIONS) + len(STYLES), HEAD))
        """Added to the logarithm of how strongly a head is drawn back to rest."""
        self.register_buffer("swing", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """How much further a head goes where a syllable is stressed: times stress, added to the logarithm of a step."""
        self.register_buffer("wander", torch.zeros(len(EMOTIONS) + len(STYLES)))
        """Deviation (rad) of what a step adds to how far the eyes are off their fixation."""

    def stride(self) -> Stride:
        """The cell as a stream uses it. No weight of a large product is scaled: 16 bits still hold them."""
        cell = self.cell

        def remembered(part: nn.Linear) -> Tensor:
            seen = part.weight.t()[SAID + 1 :]
            lively_gaze, rest, hidden = torch.split(seen, [BEFORE, 1 + 2 * HEAD, HIDDEN])
            fixation, unseen = (seen.new_zeros(count, seen.shape[1]) for count in (LOOK - 1, UNSEEN))
            # it sees neither the fixation nor what is behind the head
            return torch.cat([lively_gaze, fixation, rest, unseen, hidden])

        def rows(part: nn.Linear) -> Tensor:
            return torch.cat([part.weight, part.bias.unsqueeze(1)], 1)

        def blank(count: int) -> tuple[Tensor, Tensor, float, float]:
            return cell.unit.new_zeros(count, HIDDEN + 1), cell.unit.new_zeros(count), 0.0, 0.0

        residual, step, ones = rows(cell.residual), rows(cell.head), torch.ones_like(cell.unit)
        first = cell.centres[0]
        likely = [  # weights and bias, what is added to them, and within which limits they lie
            (RESIDUAL * residual[:2], first, RESIDUAL * LEAST, RESIDUAL * MOST),
            blank(1),
            (DRIVE * step[:HEAD], 0.0 * ones, -torch.inf, torch.inf),
            blank(BEHIND),
            (residual[2:], USUAL_RESIDUAL * ones[:2], LEAST, MOST),
            blank(1),
            (step[HEAD:], USUAL_STEP * ones, LEAST, MOST_HEAD),
            blank(BEHIND),
        ]
        added = torch.cat([more for _, more, _, _ in likely])
        said = [
            SHARPNESS * rows(cell.direction),
            *(torch.cat([row[:, :-1], row[:, -1:] + more.unsqueeze(1)], 1) for row, more, _, _ in likely),
        ]
        every = torch.cat([*said, rows(cell.shift) + USUAL_SHIFT * torch.eye(HIDDEN + 1)[-1:]])
        places = torch.diff(cell.centres, dim=0, append=cell.centres[-1:])
        products = Products(
            gates=remembered(cell.gates),
            fresh=remembered(cell.fresh),
            said=every[:, :-1].t().contiguous(),
            bias=every[:, -1],
            low=added + torch.cat([torch.full_like(more, low) for _, more, low, _ in likely]),
            high=added + torch.cat([torch.full_like(more, high) for _, more, _, high in likely]),
            places=nn.functional.pad(places, (0, DRAWN - 2)),
            carry=carried(torch.eye(POSE + DRAWN - LOOK)),
            longest=torch.tensor([torch.inf, torch.inf, MAX_AGE_STEPS * AGE_SEEN]),
            stirred=nn.functional.pad(ones, (LOOK, BEHIND)),
        )
        return Stride(products, AGE_SEEN, (SHORTEST - 0.5) * AGE_SEEN, MOST_STIR)

    def ahead(
        self,
        emotion: Tensor,
        style: Tensor,
        mouth: Tensor,
        stress: Tensor,
        noise: Tensor,
        temperature: Tensor,
    ) -> Ahead:
        """What N steps are given, (B, N, …), but style and temperature (B, …) → what is known of them."""
        cell = self.cell
        manner = torch.cat([emotion, style.unsqueeze(1).expand(-1, emotion.shape[1], -1)], -1)
        weight = torch.cat([cell.gates.weight, cell.fresh.weight])[:, : SAID + MOUTH]
        seen = nn.functional.linear(
            torch.cat([manner, mouth], -1), weight, torch.cat([cell.gates.bias, cell.fresh.bias])
        )
        gates, fresh = torch.split(seen, [2 * HIDDEN, HIDDEN], -1)
        singles = torch.stack([self.eager, self.restless, self.swing, self.wander], 1)
        rates = manner @ torch.cat([singles, self.lively, self.homeward], 1)
        eager, restless, swing, wander, lively, homeward = torch.split(rates, [1, 1, 1, 1, HEAD, HEAD], -1)
        begin, place = torch.split(uniform_of(noise[..., :2]), 1, -1)
        stressed = swing.clamp(0.0, SWING) * stress
        jitter = tailed(noise[..., 4:]) * (lively.clamp(-LIVELINESS, LIVELINESS) + stressed).exp()
        pull = RETURN / HEAD_SEEN * (homeward.clamp(-HOMEWARD, HOMEWARD).exp() - 1.0)
        hot = temperature.unsqueeze(1)
        # what says how far off its class a new fixation lies stirs the head in all the steps that begin none
        stir = restless.clamp(0.0, STIRRED) * noise[..., 2:3]
        off = hot * wander.clamp(0.0, WANDER) * cubed(noise[..., 2:4]) * noise.new_tensor(SIDEWAYS)
        return Ahead(
            gates,
            fresh,
            begin.log() - (1.0 - begin).log() - eager.clamp(-EAGERNESS, EAGERNESS),
            place,
            torch.cat([hot * noise[..., 2:4], 0.0 * begin, hot * jitter, mouth[..., 1:], off, stir], -1),
            nn.functional.pad(pull, (0, BEHIND)),
        )


class Loop(nn.Module):
    """The steps of a run, which may have none."""

    def __init__(self) -> None:
        super().__init__()
        self.step = Step()
        self.walk = Walk()

    def forward(
        self,
        emotion: Tensor,
        style: Tensor,
        opening: Tensor,
        before: Tensor,
        stress: Tensor,
        noise: Tensor,
        temperature: Tensor,
        pose: Tensor,
        hidden: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """What N steps are given, the opening one step `before` each too → poses (B, N, POSE) and hidden."""
        if opening.shape[1] == 0:
            return opening.new_zeros(len(opening), 0, POSE), hidden
        mouth = heard(torch.zeros_like(opening).expand(-1, -1, MOUTH), opening, before)
        ahead = self.step.ahead(emotion, style, mouth, stress, noise, temperature)
        made: tuple[Tensor, Tensor] = self.walk(
            self.step.stride, pose, hidden, 1.0 / temperature.clamp(min=LEAST_TEMPERATURE), *ahead
        )
        return made


class Performance(nn.Module):
    """A stream of cue frames. State: what the cell saw last, and where it is between two steps."""

    shows: Tensor
    nods: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.register_buffer("nods", torch.zeros(len(STYLES), BANDS))
        """Pitch of the head (rad) for each band of `models.emphasis`, by style."""
        self.register_buffer("shows", shown(torch.eye(POSE)), persistent=False)

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
        emphasis: Tensor,
        noise: Tensor,
        temperature: Tensor,
        state: State,
    ) -> tuple[Tensor, State]:
        """One stream, frame by frame.

        Args:
            emotion: (B, T, 8).
            style: (B, styles) shares.
            opening: (B, T, 1) cm between the inner lips.
            emphasis: (B, T, 3) stress and the bands of a nod.
            noise: (B, T, NOISE) standard normal.
            temperature: (B, 1), how much chance counts: 0 never, 1 as people do.
            state: of the stream.

        Returns:
            (B, T, 10) gaze right yaw, pitch, left yaw, pitch (rad), head rotation vector (rad), translation (cm).
        """
        pose, opening_before, phase = torch.split(state["performance"], [POSE, 1, 1], 1)
        frames, late = noise.shape[1], phase[0, 0].long()
        steps = (frames + 1 - late) // 2
        # a tensor as a length: what is traced stays dynamic
        due = late + 2 * torch.arange(steps, device=opening.device)  # type: ignore[call-overload]
        openings = torch.cat([opening_before.unsqueeze(1), opening.index_select(1, due)], 1)
        poses, hidden = self.loop(
            emotion.index_select(1, due),
            style,
            openings[:, 1:],
            openings[:, :-1],
            emphasis[..., :1].index_select(1, due),
            noise.index_select(1, due),
            temperature,
            pose,
            state["performance_hidden"],
        )
        poses = torch.cat([pose.unsqueeze(1), poses], 1)
        # the frame of a step shows half of it, the next one all of it
        ends, half = poses @ self.shows, torch.arange(frames, device=opening.device) + (1 - late)
        motion = 0.5 * (ends.index_select(1, half // 2) + ends.index_select(1, (half + 1) // 2))
        nod = (emphasis[..., 1:] * (style @ self.nods).unsqueeze(1)).sum(-1, keepdim=True)
        motion = motion + nn.functional.pad(nod, (4, HEAD - 1))
        after = torch.cat([poses[:, -1], openings[:, -1], phase + (2 * steps - frames)], 1)
        return motion, {"performance_hidden": hidden, "performance": after}
