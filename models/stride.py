"""A step of eyes and head as a stream takes it: what can be known before is worked out before, for all steps at once.

`models.cell.Cell` says how a step is learned. Here its products are joined, all that is linear is one
matrix, and chance arrives as thresholds and deviations: what is left of a step is some thirty small operations,
for each of them costs more to call than to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

LOOK = 3
"""Fixation (rad) and how long it has lasted (s)."""
BEFORE, AFTER = 2 + 2, 6 + 6 + 2 + 1
"""What is remembered before and after it, all as the cell sees it: the mouth's fast and slow liveliness, faded to
the next step, and gaze; head, its last step, how far the eyes wander off their fixation (rad), and the head's stir
(the logarithm of how far it moves by chance)."""
POSE = BEFORE + LOOK + AFTER
DRAWN = LOOK + 6 + 2 + 2 + 1
"""What a step adds: where a new fixation lies, the head's own step, how lively the mouth was, wandering, and stir."""


class Ahead(NamedTuple):
    """What is known of N steps before they are taken, (B, N, …)."""

    gates: Tensor
    """What emotion, style and mouth add to the gates of the recurrent unit: (B, N, 2·hidden)."""
    fresh: Tensor
    """And to its fresh state: (B, N, hidden)."""
    patience: Tensor
    """The logit above which a new fixation begins: (B, N, 1)."""
    place: Tensor
    """Uniform 0..1: which class it has (B, N, 1)."""
    deviations: Tensor
    """How far off its mean each value of `DRAWN` is: (B, N, DRAWN)."""
    pull: Tensor
    """Share of the way back to rest on top of what every head has, 0 for what is no head: (B, N, DRAWN − LOOK)."""


class Products(NamedTuple):
    """The matrices of a step, input first, and its limits."""

    gates: Tensor
    """(POSE + hidden, 2·hidden)."""
    fresh: Tensor
    """(POSE + hidden, hidden)."""
    said: Tensor
    """(hidden, classes + 2·DRAWN + 1): logits of the classes, means, log deviations, logit of a new fixation."""
    bias: Tensor
    """(classes + 2·DRAWN + 1,) of `said`."""
    low: Tensor
    """(2·DRAWN,) least means and log deviations."""
    high: Tensor
    """And largest."""
    places: Tensor
    """(classes, DRAWN): the way from the direction of each class to that of the next."""
    carry: Tensor
    """(POSE + DRAWN − LOOK, POSE): the pose before, with its new look, and what is drawn → the pose after."""
    longest: Tensor
    """(LOOK,) no look is said to last longer."""
    stirred: Tensor
    """(DRAWN,) 1 where stir makes chance larger."""


class Stride(nn.Module):
    """One step: pose (B, POSE), hidden and a row of `Ahead` → pose and hidden."""

    gates: Tensor
    fresh: Tensor
    said: Tensor
    bias: Tensor
    low: Tensor
    high: Tensor
    places: Tensor
    carry: Tensor
    longest: Tensor
    stirred: Tensor
    lasting: Tensor

    def __init__(self, products: Products, step_s: float, shortest_s: float, most_stir: float) -> None:
        super().__init__()
        for name, value in products._asdict().items():
            self.register_buffer(name, value)
        self.register_buffer("lasting", products.longest.new_tensor([0.0, 0.0, step_s]))
        self.shortest_s, self.most_stir = shortest_s, most_stir
        self.sizes = [len(products.places), 2 * DRAWN, 1]

    def forward(
        self,
        pose: Tensor,
        hidden: Tensor,
        gates: Tensor,
        fresh: Tensor,
        patience: Tensor,
        place: Tensor,
        deviations: Tensor,
        pull: Tensor,
        sharpness: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See the class; `sharpness` (B, 1) is what the logits of the classes are multiplied by."""
        opened = torch.addmm(gates, torch.cat([pose, hidden], 1), self.gates).sigmoid()
        reset, keep = torch.split(opened, hidden.shape[1], 1)
        new = torch.addmm(fresh, torch.cat([pose, reset * hidden], 1), self.fresh).tanh()
        hidden = new + keep * (hidden - new)
        classes, likely, begins = torch.split(torch.addmm(self.bias, hidden, self.said), self.sizes, 1)
        mean, log_deviation = torch.split(torch.minimum(torch.maximum(likely, self.low), self.high), DRAWN, 1)
        # every class whose turn has passed moves the direction on by one
        passed = torch.cumsum((sharpness * classes).softmax(1), 1) < place
        stir = pose[:, POSE - 1 :].clamp(-self.most_stir, self.most_stir)
        spread = (log_deviation + stir * self.stirred).exp()
        drawn = torch.addmm(mean + spread * deviations, passed.to(mean.dtype), self.places)
        aim, moves = torch.split(drawn, [LOOK, DRAWN - LOOK], 1)
        before, look, head, after = torch.split(pose, [BEFORE, LOOK, DRAWN - LOOK, POSE - BEFORE - DRAWN], 1)
        shifts = (begins > patience) & (look[:, LOOK - 1 :] > self.shortest_s)
        look = torch.where(shifts, aim, torch.minimum(look + self.lasting, self.longest))
        return torch.cat([before, look, head, after, moves - pull * head], 1) @ self.carry, hidden


class Walk(nn.Module):
    """Stride after stride."""

    def forward(
        self, stride: Callable[[], Stride], pose: Tensor, hidden: Tensor, sharpness: Tensor, *ahead: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`ahead` as `Ahead`, N ≥ 1 → the pose after each step (B, N, POSE), hidden after the last."""
        one, poses = stride(), []
        for t in range(ahead[0].shape[1]):
            pose, hidden = one(pose, hidden, *(part[:, t] for part in ahead), sharpness)
            poses.append(pose)
        return torch.stack(poses, 1), hidden
