"""What is said, whoever says it: log-mel → 384 speech states 50 times a second, streaming.

The first two layers of Whisper tiny.en's encoder (Radford et al. 2022), made to stream: centred convolutions
become causal ones that answer a step later, each attention layer sees `past` steps and a stated number of
future ones, a learned relative bias stands in for absolute positions, and loudness is measured against the
loudest moment so far instead of the loudest of the clip. Then trained on, against the states of the whole
encoder and for a mouth (`models.training.cues`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bridge.features import BINS
from models.streaming import State

WIDTH = 384
HEADS = 6
STEM_DELAY = 1
"""Steps of 20 ms by which the two centred convolutions come later."""
LOUDEST = 1.3
"""Value of the loudest bin after levelling, in Whisper's units ((log10 power + 4) / 4)."""
RANGE = 2.0
"""What lies further below the loudest bin is cut (80 dB), as Whisper's own features are."""
DECAY = 0.0025
"""The loudest moment fades by this a step: 5 dB a second."""
QUIET_START = LOUDEST - 0.75
"""A stream starts as if something 30 dB below a close voice had been heard."""
EMPTY = LOUDEST - RANGE
"""Value of a levelled bin where nothing is heard."""
BLOCKED = -1e4
"""Score of what attention must not see."""


@dataclass(frozen=True)
class EncoderConfig:
    """Shape and look-ahead of the encoder."""

    ahead: tuple[int, ...] = (2, 1)
    """Future steps (20 ms) that each attention layer waits for."""
    past: int = 40
    """Past steps that each attention layer sees."""
    feed: int = 1456
    """Width of the feed-forward layers (Whisper's 1536 less those that say least: below 4 M parameters)."""

    @property
    def delay(self) -> int:
        """Steps between a step's input and the state that belongs to its time."""
        return STEM_DELAY + sum(self.ahead)


class Level(nn.Module):
    """Loudness against the loudest moment so far, fading. (B, 2·T, 80) → same.

    State: that moment's value above QUIET_START (a stream begins with zeros everywhere).
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return {self.name: torch.zeros(batch, 1)}

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        pairs = x.reshape(x.shape[0], -1, 2 * BINS)
        heard = torch.cat([state[self.name] + QUIET_START, pairs.amax(2)], dim=1)
        steps = torch.arange(heard.shape[1], device=x.device, dtype=torch.float32)
        age = steps.unsqueeze(1) - steps.unsqueeze(0)
        faded = heard.unsqueeze(1) - DECAY * age
        top = torch.where(age >= 0, faded, torch.full_like(faded, BLOCKED)).amax(2)[:, 1:]
        levelled = pairs - (top - LOUDEST).unsqueeze(2)
        return levelled.clamp(min=EMPTY).reshape(x.shape), {self.name: top[:, -1:] - QUIET_START}


class Attention(nn.Module):
    """Self-attention over `past` steps, this one and `ahead` more; answers `ahead` steps later.

    State: keys and values of the last past + ahead steps, which of them were real, inputs that wait for theirs.
    """

    def __init__(self, name: str, past: int, ahead: int) -> None:
        super().__init__()
        self.name, self.past, self.ahead = name, past, ahead
        self.context = past + ahead
        self.query_key_value = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.bias = nn.Parameter(torch.zeros(HEADS, self.context + 1))
        """By head and distance: element d is the step at −past + d."""

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        state = {
            f"{self.name}_seen": torch.zeros(batch, self.context, 2 * WIDTH),
            f"{self.name}_real": torch.zeros(batch, self.context),
        }
        if self.ahead:  # an exported network has no states of size nought
            state[f"{self.name}_query"] = torch.zeros(batch, self.ahead, WIDTH)
        return state

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T, 384) → (B, T, 384), `ahead` steps late."""
        batch, steps, _ = x.shape
        query, fresh = torch.split(self.query_key_value(x), [WIDTH, 2 * WIDTH], dim=2)
        queries = query
        if self.ahead:
            queries = torch.cat([state[f"{self.name}_query"].to(x.dtype), query], dim=1)
        seen = torch.cat([state[f"{self.name}_seen"].to(x.dtype), fresh], dim=1)
        real = torch.cat(
            [state[f"{self.name}_real"], torch.ones_like(x[:, :, 0], dtype=torch.float32)], dim=1
        )
        after = {
            f"{self.name}_seen": seen[:, -self.context :],
            f"{self.name}_real": real[:, -self.context :],
        }
        if self.ahead:
            after[f"{self.name}_query"] = queries[:, -self.ahead :]
        key, value = (
            part.reshape(batch, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in torch.split(seen, WIDTH, 2)
        )
        asked = queries[:, :steps].reshape(batch, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
        # one row says both: what a distance is worth and, behind it, what is out of reach; laid end to end and cut
        # one short, each row of the matrix begins one step later
        row = nn.functional.pad(self.bias, (0, steps), value=BLOCKED)
        laid = row.repeat(1, steps)[:, : steps * (steps + self.context)]
        bias = laid.reshape(1, HEADS, steps, steps + self.context)
        unreal = (BLOCKED * (1.0 - real)).unsqueeze(1).unsqueeze(1)
        scores = asked @ key.transpose(2, 3) / (WIDTH // HEADS) ** 0.5
        shares = (scores.float() + bias + unreal).softmax(-1)
        mixed = (shares.to(x.dtype) @ value).transpose(1, 2).reshape(batch, -1, WIDTH)
        return self.out(mixed), after


class Layer(nn.Module):
    """Pre-norm transformer layer, `ahead` steps late."""

    def __init__(self, name: str, config: EncoderConfig, ahead: int) -> None:
        super().__init__()
        self.name, self.ahead = name, ahead
        self.norm = nn.LayerNorm(WIDTH)
        self.attention = Attention(f"{name}_attention", config.past, ahead)
        self.feed_norm = nn.LayerNorm(WIDTH)
        self.feed_in = nn.Linear(WIDTH, config.feed)
        self.feed_out = nn.Linear(config.feed, WIDTH)

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        state = self.attention.initial_state(batch)
        if self.ahead:
            state[f"{self.name}_waiting"] = torch.zeros(batch, self.ahead, WIDTH)
        return state

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        attended, after = self.attention(self.norm(x), state)
        line = x
        if self.ahead:
            line = torch.cat([state[f"{self.name}_waiting"].to(x.dtype), x], dim=1)
            after[f"{self.name}_waiting"] = line[:, -self.ahead :]
        y = line[:, : x.shape[1]] + attended
        return y + self.feed_out(nn.functional.gelu(self.feed_in(self.feed_norm(y)))), after


class SpeechEncoder(nn.Module):
    """Features (B, T, 160: two hops of 80 bins) → states (B, T, 384), `config.delay` steps late.

    Args:
        config: its shape.
        name: what the names of its states begin with, for a network that has two.
    """

    def __init__(self, config: EncoderConfig, name: str = "speech") -> None:
        super().__init__()
        self.config, self.name = config, name
        self.bins = nn.Linear(BINS, BINS)
        """Our mel bins and units → Whisper's."""
        self.level = Level("level" if name == "speech" else f"{name}_level")
        self.conv_hops = nn.Conv1d(BINS, WIDTH, 3)
        self.conv_steps = nn.Conv1d(WIDTH, WIDTH, 3, stride=2)
        self.place = nn.Parameter(torch.zeros(WIDTH))
        """What every position adds: Whisper's own vector of one place."""
        self.layers = nn.ModuleList(
            Layer(f"{name}_{i}", config, ahead) for i, ahead in enumerate(config.ahead)
        )
        self.norm = nn.LayerNorm(WIDTH)

    def initial_state(self, batch: int) -> State:
        """Every named state tensor, nothing heard yet."""
        state = self.level.initial_state(batch)
        state[f"{self.name}_hops"] = torch.zeros(batch, 2, BINS)
        state[f"{self.name}_steps"] = torch.zeros(batch, 1, WIDTH)
        for layer in self.layers:
            assert isinstance(layer, Layer)  # noqa: S101  nn.ModuleList forgets the type
            state |= layer.initial_state(batch)
        return state

    def layer_states(self, pairs: Tensor, state: State) -> tuple[list[Tensor], State]:
        """What each layer gives, none of it normed; layer i is late by what it and those before wait for."""
        mel = self.bins(pairs.reshape(pairs.shape[0], -1, BINS))
        mel, after = self.level(mel.float(), state)
        hops = torch.cat([state[f"{self.name}_hops"] + EMPTY, mel], dim=1)
        after[f"{self.name}_hops"] = hops[:, -2:] - EMPTY
        once = nn.functional.gelu(self.conv_hops(hops.transpose(1, 2))).transpose(1, 2)
        steps = torch.cat([state[f"{self.name}_steps"].to(once.dtype), once], dim=1)
        after[f"{self.name}_steps"] = steps[:, -1:]
        x = nn.functional.gelu(self.conv_steps(steps.transpose(1, 2))).transpose(1, 2) + self.place
        given = []
        for layer in self.layers:
            x, part = layer(x, state)
            after |= part
            given.append(x)
        return given, after

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        given, after = self.layer_states(pairs, state)
        return self.norm(given[-1]), after
