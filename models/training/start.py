"""Where the streaming speech encoder starts: the first two layers of Whisper's, as near as streaming allows.

Three things have to be replaced, each by what comes nearest on a handful of recordings: the mel bins (a linear
map by least squares), absolute positions (one constant place, and a relative bias: the mean difference of the
attention scores at each distance), and the feed-forward units that are left out (those that say least).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import BINS, log_mel
from bridge.frames import Floats
from models.data.whisper import HEADS, LAYERS, WIDTH, WhisperEncoder, WhisperLayer, log_power, whisper_mel
from models.speech_encoder import BLOCKED, EncoderConfig, Layer, SpeechEncoder

PLACE = 75
"""Whisper's position (1.5 s) that stands for all."""
HEARD = -1.5
"""Hops whose loudest bin is below this feature value are left out of the fit: they are silence."""
RIDGE = 50.0


def fit_bins(recordings: list[Floats]) -> tuple[Floats, Floats, float]:
    """(80, 80) weight and (80,) bias from our features to Whisper's, and the share of variance explained."""
    pairs = [(log_mel(r), log_power(r)) for r in recordings]
    ours = np.concatenate([a[: len(b)] for a, b in pairs])
    theirs = np.concatenate([b[: len(a)] for a, b in pairs])
    heard = ours.max(axis=1) > HEARD
    x = np.concatenate([ours[heard], np.ones((heard.sum(), 1), np.float32)], axis=1)
    y = theirs[heard]
    ridge = np.eye(BINS + 1) * RIDGE
    ridge[BINS, BINS] = 0.0
    solved = np.linalg.solve(x.T @ x + ridge, x.T @ y).astype(np.float32)
    explained = 1.0 - float((y - x @ solved).var(axis=0).mean() / y.var(axis=0).mean())
    return solved[:BINS].T, solved[BINS], explained


def _scores(layer: WhisperLayer, x: Tensor) -> tuple[Tensor, Tensor]:
    """(1, T, 384) → attention scores (heads, T, T) and values (1, heads, T, 64)."""
    query, key, value = layer.heads(x)
    return (query @ key.transpose(2, 3) / (WIDTH // HEADS) ** 0.5)[0], value


def _relative_bias(
    layer: WhisperLayer, config: EncoderConfig, ahead: int, true: list[Tensor], placed: list[Tensor]
) -> Tensor:
    """(heads, past + ahead + 1): mean difference of scores with Whisper's positions and with one place."""
    total = torch.zeros(HEADS, config.past + ahead + 1)
    count = torch.zeros(config.past + ahead + 1)
    for x, y in zip(true, placed, strict=True):
        difference = _scores(layer, x)[0] - _scores(layer, y)[0]
        for distance in range(-config.past, ahead + 1):
            line = torch.diagonal(difference, distance, 1, 2)
            total[:, distance + config.past] += line.sum(1)
            count[distance + config.past] += line.shape[1]
    return total / count.clamp(min=1)


def _streamed(layer: WhisperLayer, bias: Tensor, config: EncoderConfig, x: Tensor) -> Tensor:
    """The layer over a clip, seeing what a stream sees."""
    scores, value = _scores(layer, x)
    steps = torch.arange(x.shape[1])
    distance = steps.unsqueeze(0) - steps.unsqueeze(1) + config.past
    inside = (distance >= 0) & (distance < bias.shape[1])
    scores = (scores + bias[:, distance.clamp(0, bias.shape[1] - 1)]).masked_fill(~inside, BLOCKED)
    out: Tensor = layer.attended(x, scores.softmax(-1) @ value)
    return out


def _loudest_units(layer: WhisperLayer, inputs: list[Tensor], keep: int) -> Tensor:
    """Indices of the feed-forward units with the largest mean share in the output."""
    said = torch.zeros(layer.feed_in.out_features)
    for x in inputs:
        said += nn.functional.gelu(layer.feed_in(layer.feed_norm(x)))[0].abs().mean(0)
    loudest: Tensor = (said * layer.feed_out.weight.norm(dim=0)).topk(keep).indices.sort().values
    return loudest


@torch.no_grad()
def from_whisper(whisper: WhisperEncoder, config: EncoderConfig, recordings: list[Floats]) -> SpeechEncoder:
    """A streaming encoder that starts where Whisper's first layers stand.

    Raises:
        ValueError: if the encoder has more layers than Whisper.
    """
    if len(config.ahead) > LAYERS:
        raise ValueError(f"an encoder of {len(config.ahead)} layers cannot start from Whisper's {LAYERS}")
    encoder = SpeechEncoder(config)
    weight, bias, _ = fit_bins(recordings)
    encoder.bins.weight.copy_(torch.from_numpy(weight))
    encoder.bins.bias.copy_(torch.from_numpy(bias))
    encoder.conv_hops.load_state_dict(whisper.conv_hops.state_dict())
    encoder.conv_steps.load_state_dict(whisper.conv_steps.state_dict())
    encoder.place.copy_(whisper.positions[PLACE])
    encoder.norm.load_state_dict(whisper.norm.state_dict())
    embedded = []
    for recording in recordings:
        mel = whisper_mel(recording)
        embedded.append(whisper.embed(torch.from_numpy(mel[None, :, : mel.shape[1] // 2 * 2].copy())))
    true = [x + whisper.positions[: x.shape[1]] for x in embedded]
    placed = [x + encoder.place for x in embedded]
    for ours, theirs in zip(encoder.layers, whisper.layers, strict=False):
        assert isinstance(ours, Layer)  # noqa: S101  narrows the types
        assert isinstance(theirs, WhisperLayer)  # noqa: S101
        ours.norm.load_state_dict(theirs.norm.state_dict())
        ours.feed_norm.load_state_dict(theirs.feed_norm.state_dict())
        ours.attention.query_key_value.load_state_dict(theirs.query_key_value.state_dict())
        ours.attention.out.load_state_dict(theirs.out.state_dict())
        relative = _relative_bias(theirs, config, ours.ahead, true, placed)
        ours.attention.bias.copy_(relative)
        kept = _loudest_units(theirs, placed, config.feed)
        ours.feed_in.weight.copy_(theirs.feed_in.weight[kept])
        ours.feed_in.bias.copy_(theirs.feed_in.bias[kept])
        ours.feed_out.weight.copy_(theirs.feed_out.weight[:, kept])
        ours.feed_out.bias.copy_(theirs.feed_out.bias)
        true = [theirs(x) for x in true]
        placed = [_streamed(theirs, relative, config, x) for x in placed]
    return encoder
