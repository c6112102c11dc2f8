"""The whole predictor as one network: log-mel and direction in, all cues of a frame out, state in and out.

content (what is said) + style (whose manner it is) + expression (what is felt, and what eyes and head do) =
displacement; performance (drawn, step by step) + offsets = gaze and head. This is what `export` turns into a file
and `bridge.predictor` runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bridge.contract import NOISE
from bridge.frames import EMOTIONS, NEUTRAL, STYLES
from models.content import Content, ContentConfig
from models.emotion import EmotionConfig, Feeling
from models.emphasis import Emphasis
from models.expression import Expression, felt
from models.losses import lip_gap
from models.performance import Performance
from models.speech_encoder import EncoderConfig
from models.streaming import State, eased
from models.style import Style
from models.voice import Voice, VoiceConfig

GAZE_LIMIT_RAD = 0.6
LATELY, SPOKEN = 0.987, 6.0
"""Filter on whether somebody speaks (1.5 s), and its factor: a sixth of that time is enough for a mood."""
HEAD_LIMITS_RAD = (0.3, 0.4, 0.2)
"""Pitch, yaw and roll that a head approaches and never passes: what is drawn by chance has a long tail."""


@dataclass(frozen=True)
class CueConfig:
    """Shapes of the branches, and the look-ahead they were trained with."""

    content: ContentConfig
    emotion: EmotionConfig
    voice: VoiceConfig
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
    """(B, T, 8) the voice's and the director's, mixed; the face shows less of a voice that is not moved."""
    voice: Tensor
    """(B, T) probability that somebody speaks."""


def quaternion(vector: Tensor) -> Tensor:
    """(…, 3) rotation vector → (…, 4) xyzw."""
    angle = (vector.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    return torch.cat([vector * ((angle / 2).sin() / angle), (angle / 2).cos()], dim=-1)


class CueNetwork(nn.Module):
    """mel (B, 2·T, 80) and direction → outputs, state.

    Direction: emotion_request (B, 8), emotion_mix (B, 1), intensity (B, 1), style (B, styles), temperature (B, 1) and
    noise (B, T, NOISE), standard normal.
    """

    calm: Tensor
    limits: Tensor

    def __init__(self, config: CueConfig) -> None:
        super().__init__()
        self.config = config
        self.content = Content(config.content)
        self.emphasis = Emphasis(config.lookahead_hops // 2)
        self.performance = Performance()
        self.emotion = Feeling(config.emotion)
        self.voice = Voice(config.voice)
        self.expression = Expression()
        self.style = Style()
        self.register_buffer("calm", torch.eye(len(EMOTIONS))[NEUTRAL])
        self.register_buffer("limits", torch.tensor(HEAD_LIMITS_RAD))

    def initial_state(self, batch: int = 1) -> State:
        """Every named state tensor, nothing heard yet."""
        state: State = {}
        for branch in (
            self.content,
            self.emphasis,
            self.performance,
            self.emotion,
            self.voice,
            self.expression,
        ):
            state |= branch.initial_state(batch)
        return state | {"voice_lately": torch.zeros(batch, 1, 1)}

    def forward(
        self,
        mel: Tensor,
        emotion_request: Tensor,
        emotion_mix: Tensor,
        intensity: Tensor,
        style: Tensor,
        temperature: Tensor,
        noise: Tensor,
        state: State,
    ) -> tuple[CueOutputs, State]:
        """See the class."""
        pairs = mel.reshape(mel.shape[0], -1, 2 * mel.shape[2])
        states, heard = self.content.encoder(pairs, state)
        spoken, _, after = self.content.mouth(states, state)
        answers, after_emotion = self.emotion(pairs, state)
        heard_as, moved = answers[..., : len(EMOTIONS)].softmax(-1), answers[..., len(EMOTIONS) :].sigmoid()
        speaking, after_voice = self.voice(states, pairs, state)
        speaking = speaking.sigmoid()
        mix = emotion_mix.unsqueeze(1)
        request = mix * emotion_request.unsqueeze(1)
        emotion = (1.0 - mix) * heard_as + request
        # a voice that is not moved moves no face, whatever it sounds like most, nor does a sound that is no voice
        lately = eased(speaking.unsqueeze(-1), state["voice_lately"], LATELY)
        moved = moved * (SPOKEN * lately).clamp(max=1.0)
        facial = (1.0 - mix) * (moved * heard_as + (1.0 - moved) * self.calm) + request
        # no more than all of an emotion, and none of it at intensity 0: eyes and head then do what they do at rest
        share = intensity.unsqueeze(1).clamp(max=1.0)
        moved_by = share * facial + (1.0 - share) * self.calm
        opening = lip_gap(spoken).mean(-1, keepdim=True).clamp(min=0.0)
        emphasis, after_stress = self.emphasis(pairs, state)
        gesture, after_motion = self.performance(
            moved_by, style, opening, emphasis, noise, temperature, state
        )
        shares, strength = felt(facial, intensity.unsqueeze(1))
        offset, gaze_offset, head_offset, after_face = self.expression(
            shares, strength, spoken, gesture, state
        )
        gaze = (gesture[..., :4] + gaze_offset).clamp(-GAZE_LIMIT_RAD, GAZE_LIMIT_RAD)
        head = gesture[..., 4:] + head_offset
        turn = self.limits * (head[..., :3] / self.limits).tanh()
        outputs = CueOutputs(
            displacement=spoken + self.style(style, spoken) + offset,
            gaze=gaze.unflatten(-1, (2, 2)),
            head_rotation=quaternion(turn),
            head_translation=head[..., 3:],
            emotion=emotion,
            voice=speaking,
        )
        after_voice |= {"voice_lately": lately[:, -1:]}
        return outputs, heard | after | after_stress | after_motion | after_face | after_emotion | after_voice


def neutral_request(frames: int, batch: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Direction that leaves all to the voice, eyes and head to their mean: all inputs after mel, for T frames."""
    request = torch.zeros(batch, len(EMOTIONS))
    request[:, NEUTRAL] = 1.0
    style = torch.zeros(batch, len(STYLES))
    style[:, STYLES.index("actor")] = 1.0
    one = torch.ones(batch, 1)
    return request, torch.zeros(batch, 1), one, style, one, torch.zeros(batch, frames, NOISE)


def encoder_config(saved: dict[str, Any]) -> EncoderConfig:
    """The shape of a speech encoder as a training result tells it."""
    return EncoderConfig(**{**saved, "ahead": tuple(saved["ahead"])})


def content_config(saved: dict[str, Any]) -> ContentConfig:
    """The shape of a mouth as a training result tells it."""
    encoder, dilations = encoder_config(saved["encoder"]), tuple(saved["dilations"])
    return ContentConfig(**{**saved, "encoder": encoder, "dilations": dilations})


def content_of(saved: dict[str, Any]) -> tuple[Content, int]:
    """The mouth in what `models.training.cues` writes, to be run, and its look-ahead in hops."""
    content = Content(content_config(saved["config"]))
    content.load_state_dict(saved["content"])
    return content.eval(), int(saved["lookahead_hops"])


def emotion_config(saved: dict[str, Any]) -> EmotionConfig:
    """The shape of an emotion branch as a training result tells it."""
    return EmotionConfig(**{**saved, "encoder": encoder_config(saved["encoder"])})


def assemble(
    cues: Path, emotion: Path, expression: Path, voice: Path, performance: Path, style: Path
) -> CueNetwork:
    """The network of six training results (`weights_only`: no pickled code is run).

    Raises:
        FileNotFoundError: if one of them is not there.
        ValueError: if mouth and voice were trained for different look-aheads, or a result is of another version.
    """
    for name, path in {
        "cues": cues,
        "emotion": emotion,
        "expression": expression,
        "voice": voice,
        "performance": performance,
        "style": style,
    }.items():
        if not path.exists():
            raise FileNotFoundError(f"{path}: run python -m models.training.{name} first")
    mouth, ears, gate = (torch.load(p, weights_only=True) for p in (cues, emotion, voice))
    hops = int(mouth["lookahead_hops"])
    if gate["lookahead_hops"] != hops:
        raise ValueError(
            f"{cues} looks {10 * hops} ms ahead and {voice} {10 * gate['lookahead_hops']} ms: train both for one"
        )

    def shape(saved: dict[str, Any]) -> dict[str, Any]:
        return {**saved["config"], "dilations": tuple(saved["config"]["dilations"])}

    network = CueNetwork(
        CueConfig(
            content_config(mouth["config"]),
            emotion_config(ears["config"]),
            VoiceConfig(**shape(gate)),
            hops,
        )
    )
    saved = {path: torch.load(path, weights_only=True) for path in (performance, expression, style)}
    for part, state, path in (
        (network.content, mouth["content"], cues),
        (network.performance, saved[performance], performance),
        (network.emotion.whole.branch, ears["emotion"], emotion),
        (network.voice, gate["voice"], voice),
        (network.expression, saved[expression], expression),
        (network.style, saved[style], style),
    ):
        try:
            part.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError(f"{path} is of another version of the recipe: train it again") from error
    network.eval().emotion.settle()
    return network
