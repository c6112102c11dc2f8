"""The whole predictor as one network: log-mel and direction in, all cues of a frame out, state in and out.

content (what is said) + expression (what is felt) = displacement; motion (with speech) × liveliness + offsets
= gaze and head. This is what `export` turns into a file and `bridge.predictor` runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bridge.frames import EMOTIONS
from models.content import Content, ContentConfig
from models.emotion import Emotion, EmotionConfig
from models.expression import Expression
from models.motion import Motion
from models.streaming import State

GAZE_LIMIT_RAD = 0.6


@dataclass(frozen=True)
class CueConfig:
    """Shapes of the branches, and the look-ahead they were trained with."""

    content: ContentConfig
    emotion: EmotionConfig
    lookahead_hops: int


class CueOutputs(NamedTuple):
    """Per frame, B × T leading."""

    displacement: Tensor
    """(B, T, 68, 3) cm from neutral."""
    gaze: Tensor
    """(B, T, 2, 2) rad."""
    head_rotation: Tensor
    """(B, T, 4) unit quaternion xyzw."""
    head_translation: Tensor
    """(B, T, 3) cm."""
    emotion: Tensor
    """(B, T, 8) what the face expresses: the voice's and the director's, mixed."""


def quaternion(vector: Tensor) -> Tensor:
    """(…, 3) rotation vector → (…, 4) xyzw."""
    angle = (vector.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    return torch.cat([vector * ((angle / 2).sin() / angle), (angle / 2).cos()], dim=-1)


class CueNetwork(nn.Module):
    """mel (B, 2·T, 80), emotion_request (B, 8), emotion_mix (B, 1), intensity (B, 1), state → outputs, state."""

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.config = config
        self.content = Content(config.content)
        self.motion = Motion(config.content.width)
        self.emotion = Emotion(config.emotion)
        self.expression = Expression()

    def initial_state(self, batch: int = 1) -> State:
        """Every named state tensor, nothing heard yet."""
        return self.content.initial_state(batch) | self.motion.initial_state(batch) | self.emotion.initial_state(batch)

    def forward(
        self, mel: Tensor, emotion_request: Tensor, emotion_mix: Tensor, intensity: Tensor, state: State
    ) -> tuple[CueOutputs, State]:
        """See the class."""
        pairs = mel.reshape(mel.shape[0], -1, 2 * mel.shape[2])
        spoken, hidden, after = self.content(pairs, state)
        gesture, after_motion = self.motion(hidden, state)
        logits, after_emotion = self.emotion(pairs, state)
        mix = emotion_mix.unsqueeze(1)
        emotion = (1.0 - mix) * logits.softmax(-1) + mix * emotion_request.unsqueeze(1)
        felt = emotion * intensity.unsqueeze(1)
        offset, gaze_offset, head_offset, lively = self.expression(felt, spoken)
        gaze = (gesture[..., :4] * lively[..., :1] + gaze_offset).clamp(-GAZE_LIMIT_RAD, GAZE_LIMIT_RAD)
        head = gesture[..., 4:] * lively[..., 1:] + head_offset
        outputs = CueOutputs(
            spoken + offset, gaze.unflatten(-1, (2, 2)), quaternion(head[..., :3]), head[..., 3:], emotion
        )
        return outputs, after | after_motion | after_emotion


def neutral_request(batch: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Direction that leaves all to the voice: request, mix 0, intensity 1."""
    request = torch.zeros(batch, len(EMOTIONS))
    request[:, EMOTIONS.index("neutral")] = 1.0
    return request, torch.zeros(batch, 1), torch.ones(batch, 1)


def assemble(cues: Path, emotion: Path, expression: Path) -> CueNetwork:
    """The network of three training results (`weights_only`: no pickled code is run).

    Raises:
        FileNotFoundError: if one of them is not there.
    """
    parts = {"cues": cues, "emotion": emotion, "expression": expression}
    for name, path in parts.items():
        if not path.exists():
            raise FileNotFoundError(f"{path}: run python -m models.training.{name} first")
    trained = torch.load(cues, weights_only=True)
    heard = torch.load(emotion, weights_only=True)
    shape = ContentConfig(**{**trained["config"], "dilations": tuple(trained["config"]["dilations"])})
    ears = EmotionConfig(**{**heard["config"], "dilations": tuple(heard["config"]["dilations"])})
    network = CueNetwork(CueConfig(shape, ears, int(trained["lookahead_hops"])))
    network.content.load_state_dict(trained["content"])
    network.motion.load_state_dict(trained["motion"])
    network.emotion.load_state_dict(heard["emotion"])
    network.expression.load_state_dict(torch.load(expression, weights_only=True))
    return network.eval()
