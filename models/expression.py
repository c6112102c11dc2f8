"""What a feeling does to a face: the Emotion Animation Module (EAM of ACSEF) as a streaming network.

An embedding of the emotion, what the mouth does, and where eyes and head are go through an LSTM and an MLP that
give the displacement of 68 landmarks in an emotional basis; a linear path beside them carries the posture of each
emotion. It is learned from silent tracks, so it hears nothing: energy and rate reach it through the mouth, stress
through the head. The lips' own gap is left to the voice: an emotion never opens a closed mouth.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bridge import landmarks as face
from bridge.frames import EMOTIONS, NEUTRAL, Floats
from models.basis import lower_face
from models.losses import lip_gap
from models.streaming import State, eased

COMPONENTS = 24
EMBEDDING, HIDDEN = 16, 48
MOUTH, GESTURE = 1, 8
"""Opening of the mouth; gaze yaw and pitch, head rotation vector and translation."""
GAZE_UNIT, ROTATION_UNIT, TRANSLATION_UNIT = 0.2, 0.1, 1.0
"""Sizes that gaze (rad), head rotation (rad) and translation (cm) are seen in."""
OPENEST = 1.5
"""cm: a lip gap beyond this says no more."""
SHARPNESS = 4.0
"""Exponent that makes the felt emotion of a divided one: a face shows one thing more than a voice does."""
ONSET = 0.88
"""Filter on what is felt, frame by frame: a face takes a third of a second to most of an expression, and as long to
leave it."""
FAINT = 1e-4
"""Strength below which shares of nothing are divided by this."""
UNSURE, SURE = 0.2, 0.4
"""Largest probability at which nothing, and at which all of an emotion is shown."""


def keep_lip_gap(displacement: Tensor) -> Tensor:
    """(…, 68, 3) with the facing inner lips moved by their mean, outer lips following: no gap is added."""
    out = displacement.clone()
    inner_up, inner_low = list(face.GAP_UPPER), list(face.GAP_LOWER)
    outer_up, outer_low = [50, 51, 52], [58, 57, 56]
    half = (out[..., inner_up, :] - out[..., inner_low, :]) / 2
    out[..., inner_up, :] -= half
    out[..., inner_low, :] += half
    out[..., outer_up, :] -= half
    out[..., outer_low, :] += half
    return out


def gapless(basis: Floats) -> Floats:
    """(K, 204) components without what they do to the lip gap: any mixture of them keeps it."""
    kept: Floats = keep_lip_gap(torch.from_numpy(basis).reshape(-1, face.COUNT, 3)).flatten(1).numpy()
    return kept


def felt(emotion: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
    """What of an emotion (B, T, 8) is shown, and how much.

    Returns:
        Shares (B, T, 8) that sum to 1, sharper than what was given, and strength (B, T, 1): `intensity` (B, 1, 1)
        times how certain the emotion is. A shrug between eight emotions is no expression.
    """
    sharp = emotion.clamp(min=1e-6) ** SHARPNESS
    certain = ((emotion.amax(-1, keepdim=True) - UNSURE) / (SURE - UNSURE)).clamp(0.0, 1.0)
    return sharp / sharp.sum(-1, keepdim=True), certain * intensity


class Expression(nn.Module):
    """Felt emotion, content and gesture → displacement, gaze and head offsets. State: the LSTM's, and what is felt."""

    basis: Tensor
    gaze: Tensor
    head: Tensor
    articulation: Tensor
    emphasis: Tensor
    unit: Tensor
    spoken: Tensor

    def __init__(self, basis: Floats | None = None) -> None:
        super().__init__()
        count = len(EMOTIONS)
        self.embedding = nn.Linear(count, EMBEDDING)
        self.posture = nn.Linear(count, COMPONENTS, bias=False)
        self.per_opening = nn.Linear(count, COMPONENTS, bias=False)
        self.lstm = nn.LSTM(EMBEDDING + MOUTH + GESTURE, HIDDEN, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(HIDDEN + EMBEDDING, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, COMPONENTS)
        )
        blank = torch.zeros(COMPONENTS, face.COUNT * 3)
        self.register_buffer("basis", blank if basis is None else torch.from_numpy(basis))
        self.register_buffer("gaze", torch.zeros(count, 4))
        """Where eyes rest under each emotion, rad."""
        self.register_buffer("head", torch.zeros(count, 6))
        """How a head is held."""
        self.register_buffer("articulation", torch.zeros(count))
        """How much wider (or less wide) the mouth moves while it talks, as a share."""
        self.register_buffer("emphasis", torch.ones(1))
        """What the displacement is multiplied with at intensity 1."""
        self.register_buffer("spoken", torch.from_numpy(lower_face()), persistent=False)
        self.register_buffer(
            "unit", torch.tensor([GAZE_UNIT] * 2 + [ROTATION_UNIT] * 3 + [TRANSLATION_UNIT] * 3)
        )

    def initial_state(self, batch: int) -> State:
        """A face at rest."""
        state = {name: torch.zeros(1, batch, HIDDEN) for name in ("expression_hidden", "expression_cell")}
        return state | {"expression_felt": torch.zeros(batch, 1, len(EMOTIONS))}

    def coefficients(
        self, emotion: Tensor, mouth: Tensor, gesture: Tensor, state: State
    ) -> tuple[Tensor, State]:
        """(B, T, 8), (B, T, 1) cm, (B, T, 8) → (B, T, COMPONENTS) of the basis."""
        embedded = torch.tanh(self.embedding(emotion))
        seen = torch.cat([embedded, mouth, gesture / self.unit], -1)
        given = (state["expression_hidden"], state["expression_cell"])
        recurrent, (hidden, cell) = self.lstm(seen, given)
        moved = self.mlp(torch.cat([recurrent, embedded], -1))
        held = self.posture(emotion) + mouth * self.per_opening(emotion)
        return held + moved, {"expression_hidden": hidden, "expression_cell": cell}

    def forward(
        self, emotion: Tensor, strength: Tensor, content: Tensor, gesture: Tensor, state: State
    ) -> tuple[Tensor, Tensor, Tensor, State]:
        """One stream.

        Args:
            emotion: (B, T, 8) shares, from `felt`.
            strength: (B, T, 1), 0 = none of it.
            content: (B, T, 68, 3) cm, what the voice does to the mouth.
            gesture: (B, T, 10) as `models.performance` gives it.
            state: of the stream.

        Returns:
            Displacement (B, T, 68, 3) cm, gaze (B, T, 4) and head (B, T, 6) offsets, state.
        """
        share = eased(emotion * strength, state["expression_felt"], ONSET)
        strength = share.sum(-1, keepdim=True)
        emotion = share / strength.clamp(min=FAINT)
        seen = torch.cat([(gesture[..., :2] + gesture[..., 2:4]) / 2, gesture[..., 4:]], -1)
        coefficients, after = self.coefficients(emotion, mouth_of(content), seen, state)
        after["expression_felt"] = share[:, -1:]
        displacement = self.points(strength * self.emphasis * coefficients)
        # of a calm face the mouth is the voice's alone
        calm = emotion[..., NEUTRAL : NEUTRAL + 1].unsqueeze(-1)
        displacement = displacement * (1.0 - calm * self.spoken)
        wider = (strength * (emotion * self.articulation).sum(-1, keepdim=True)).unsqueeze(-1)
        return displacement + wider * self.spoken * content, share @ self.gaze, share @ self.head, after

    def points(self, coefficients: Tensor) -> Tensor:
        """(B, …, COMPONENTS) → displacement (B, …, 68, 3) cm."""
        flat = coefficients @ self.basis
        return flat.reshape(*flat.shape[:-1], face.COUNT, 3)


def mouth_of(content: Tensor) -> Tensor:
    """(B, T, 68, 3) displacement → (B, T, 1): how much further open than at rest, cm."""
    return lip_gap(content).mean(-1, keepdim=True).clamp(0.0, OPENEST)
