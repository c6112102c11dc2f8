"""Which syllables are stressed: log-mel → how loud this moment is against the last second, for a head that nods along.

Tracked heads move faster where a voice is louder than it just was, beginning a little before it, and are thrown up on
a stressed syllable and fall after it (pitch follows what is here put out with r = 0.24 in talk that was not fitted).
Loudness in decibels against loudness: how far away the microphone is does not matter.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from bridge.features import BINS, SILENCE
from models.streaming import CausalConv, State

LEAD = 4
"""Frames by which a head knows a syllable before it is heard: 80 ms."""
VOICED_BINS = 60
"""Bins that count: up to 4 kHz. Hissing is not stress."""
FAST, SLOW = 0.7, 0.96
"""Share of loudness that stays a frame later, for what is now and for what was lately."""
CLIPPED = 0.6
"""Most stress there is, either way, in units of the features."""
NODS = (0.775, 0.922, 0.97)
"""Filters between which stress becomes a nod: the first band falls within 0.2 s, the second within 0.6 s."""
BANDS = len(NODS) - 1
SIZE = 1 + BANDS
STRESS_FRAMES, NOD_FRAMES = 100, 120


def filtered(stays: float, frames: int) -> Tensor:
    """(frames,) impulse response of a first-order filter, the newest first; sums to 1."""
    response = stays ** torch.arange(frames, dtype=torch.float64)
    return response / response.sum()


class Emphasis(nn.Module):
    """Features (B, T, 160) → (B, T, SIZE): stress, −0.6..0.6, and the bands of a nod.

    Args:
        lookahead_frames: what the network has heard of the time after a frame; more than `LEAD` of it waits.
    """

    voiced: Tensor

    def __init__(self, lookahead_frames: int = LEAD) -> None:
        super().__init__()
        share = (torch.arange(2 * BINS) % BINS < VOICED_BINS).float()
        self.register_buffer("voiced", (share / share.sum()).unsqueeze(1), persistent=False)
        waits = max(0, lookahead_frames - LEAD)
        fast, slow = (filtered(stays, STRESS_FRAMES) for stays in (FAST, SLOW))
        lately = nn.functional.conv1d(
            nn.functional.pad(fast, (STRESS_FRAMES - 1, 0)).view(1, 1, -1), slow.flip(0).view(1, 1, -1)
        ).flatten()
        response = fast - lately * (fast.sum() / lately.sum())
        self.stress = fixed("emphasis_loudness", nn.functional.pad(response, (waits, 0)).unsqueeze(0))
        steps = [filtered(stays, NOD_FRAMES) for stays in NODS]
        self.nod = fixed("emphasis_stress", torch.stack([a - b for a, b in pairwise(steps)]))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.stress.initial_state(batch) | self.nod.initial_state(batch)

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        loudness = (pairs @ self.voiced - SILENCE).transpose(1, 2)
        stress, after = self.stress(loudness, state)
        stress = stress.clamp(-CLIPPED, CLIPPED)
        bands, kept = self.nod(stress, state)
        return torch.cat([stress, bands], 1).transpose(1, 2), after | kept


def fixed(name: str, responses: Tensor) -> CausalConv:
    """A filter of (C, K) impulse responses, the newest first, that no training changes."""
    made = CausalConv(name, 1, len(responses), responses.shape[1], 1)
    made.requires_grad_(False)
    made.conv.weight.copy_(responses.flip(1).unsqueeze(1))
    made.conv.bias.zero_()  # type: ignore[union-attr]
    return made
