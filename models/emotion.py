"""The emotion of a voice: log-mel → eight probabilities per frame, from what was heard in the last seconds.

Its own ears are Whisper tiny.en's first two layers, made to stream and otherwise as they were: those that learned
to hear what is said, whoever says it (`models.speech_encoder`), have unlearned how it is said. Mean and deviation
of both layers over the loud moments of the last seconds are seen in the light of memories that all voices share
(`models.memory`), encoded into an emotion embedding, and classified.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from bridge.features import BINS, SILENCE
from bridge.frames import EMOTIONS
from models.memory import SharedMemory
from models.speech_encoder import STEM_DELAY, WIDTH, EncoderConfig, SpeechEncoder
from models.streaming import State, eased, faded

QUIET = -1.0
"""Mean feature of the loudest frame that a stream begins with, and never falls below."""
FADE = 0.0023
"""The loudest frame fades by this a frame: 2 dB a second."""
BELOW, SOFTNESS = 0.9, 0.1
"""Frames this far below the loudest one count half, and how fast that changes around it."""
ANSWERS = len(EMOTIONS) + 1
"""Logits of the emotions, and of whether a voice is moved at all."""
BLOCK = 4
"""Frames that a stream hears at once: 80 ms."""
GROUPS = 3
"""Tokens that each mean and each deviation is cut into for the shared memories."""
HOLD = 0.5
"""Logits by which the winner is raised, and by half of which another must lead to take its place."""
USED_TO, USUAL = 0.7, 0.999
"""How much of what a voice always sounds like is no emotion, and the filter that learns it: 20 s. An angry-sounding
voice that is always the same is not angry; a line of dialogue is over before this counts."""
DOUBT = 5.0
"""Frames of an average voice that every stream begins with: nothing is known of a voice not heard."""


@dataclass(frozen=True)
class EmotionConfig:
    """Shape of the emotion branch."""

    encoder: EncoderConfig = field(default_factory=lambda: EncoderConfig(ahead=(2, 1)))
    memory_frames: float = 30.0
    """Frames (of 20 ms) after which what was heard counts 1/e."""
    hidden: int = 192
    embedding: int = 64
    """Size of the emotion embedding."""
    slots: int = 64
    """Of the shared memories; 0: none."""
    dropout: float = 0.5


class Loudness(nn.Module):
    """How much each frame counts: (B, T, 160) features → (B, T, 1), 0..1. State: the loudest frame, fading."""

    name = "feeling_loudest"

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return {self.name: torch.zeros(batch, 1)}

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        mean = pairs.float().mean(2)
        heard = torch.cat([state[self.name] + QUIET, mean], dim=1)
        steps = torch.arange(heard.shape[1], device=pairs.device, dtype=torch.float32)
        age = steps.unsqueeze(1) - steps.unsqueeze(0)
        faded = heard.unsqueeze(1) - FADE * age
        top = torch.where(age >= 0, faded, torch.full_like(faded, -1e4)).amax(2)[:, 1:].clamp(min=QUIET)
        return torch.sigmoid((mean - top + BELOW) / SOFTNESS).unsqueeze(2), {self.name: top[:, -1:] - QUIET}


class Pool(nn.Module):
    """Weighted mean and deviation of the last seconds. (B, T, C), weights (B, T, 1) → (B, T, 2·C), standardised.

    State: faded sums of weight, weight·x and weight·x², and the weights that wait for their states.
    """

    mean: Tensor
    square: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, name: str, delay: int, memory_frames: float) -> None:
        super().__init__()
        self.name, self.delay = name, delay
        self.fade = 1.0 - 1.0 / memory_frames
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("square", torch.ones(WIDTH))
        """Of an average voice."""
        self.register_buffer("centre", torch.zeros(2 * WIDTH))
        self.register_buffer("scale", torch.ones(2 * WIDTH))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return {
            f"{self.name}_sums": torch.zeros(batch, 1, 2 * WIDTH + 1),
            f"{self.name}_weights": torch.zeros(batch, self.delay, 1),
        }

    def forward(self, x: Tensor, weight: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        # sums of squares want full precision, whatever the layers around use
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            weights = torch.cat([state[f"{self.name}_weights"], weight.float()], dim=1)
            w = weights[:, : x.shape[1]]
            now = torch.cat([w, w * x, w * x * x], dim=-1)
            sums = faded(now, state[f"{self.name}_sums"], self.fade)
            total, first, second = torch.split(sums, [1, WIDTH, WIDTH], dim=-1)
            mean = (first + DOUBT * self.mean) / (total + DOUBT)
            square = (second + DOUBT * self.square) / (total + DOUBT)
            deviation = (square - mean * mean).clamp(min=1e-5).sqrt()
            pooled = (torch.cat([mean, deviation], dim=-1) - self.centre) / self.scale
        return pooled, {f"{self.name}_sums": sums[:, -1:], f"{self.name}_weights": weights[:, -self.delay :]}


class Emotion(nn.Module):
    """Features (B, T, 160) → (B, T, ANSWERS): logits in the order of EMOTIONS, and of a voice that is moved.

    Which emotion it would be is asked of every voice; plain talk is some emotion least unlikely, but it is not moved.
    """

    def __init__(self, config: EmotionConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SpeechEncoder(config.encoder, "feeling")
        self.loudness = Loudness()
        late = [STEM_DELAY + sum(config.encoder.ahead[: i + 1]) for i in range(len(config.encoder.ahead))]
        self.pools = nn.ModuleList(
            Pool(f"feeling_pool_{i}", delay, config.memory_frames) for i, delay in enumerate(late)
        )
        width, tokens = 2 * WIDTH * len(late), 2 * GROUPS * len(late)
        self.memory = SharedMemory(tokens, width // tokens, config.slots) if config.slots else nn.Identity()
        self.encode = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(width, config.hidden),
            nn.LayerNorm(config.hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.embedding),
        )
        """E_A of MSEF."""
        last = nn.Linear(config.embedding, len(EMOTIONS))
        self.outward = nn.Sequential(nn.GELU(), nn.Dropout(config.dropout), last)
        self.moved = nn.Sequential(nn.GELU(), nn.Linear(config.embedding, 1))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        state = self.encoder.initial_state(batch) | self.loudness.initial_state(batch)
        for pool in self.pools:
            assert isinstance(pool, Pool)  # noqa: S101  nn.ModuleList forgets the type
            state |= pool.initial_state(batch)
        return state

    def pooled(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """(B, T, 160) → what the classifier sees, (B, T, 1536)."""
        given, after = self.encoder.layer_states(pairs, state)
        weight, loudest = self.loudness(pairs, state)
        parts = []
        for pool, x in zip(self.pools, given, strict=True):
            part, kept = pool(x, weight, state)
            parts.append(part)
            after |= kept
        return torch.cat(parts, dim=-1), after | loudest

    def embed(self, pooled: Tensor) -> Tensor:
        """(…, 1536) → the emotion embedding (…, E)."""
        out: Tensor = self.encode(self.memory(pooled))
        return out

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        pooled, after = self.pooled(pairs, state)
        embedded = self.embed(pooled)
        return torch.cat([self.outward(embedded), self.moved(embedded)], -1), after


class Hold(nn.Module):
    """Hysteresis: (B, T, 8) logits → the same with the winner raised by HOLD, so that it does not flicker.

    An emotion begins to be held where it leads by HOLD / 2 and ceases where another leads by as much; in between, what
    was goes on. State: which one is held, one-hot; none at first.
    """

    name = "feeling_held"

    def initial_state(self, batch: int) -> State:
        """Nothing is held."""
        return {self.name: torch.zeros(batch, len(EMOTIONS))}

    def forward(self, logits: Tensor, state: State) -> tuple[Tensor, State]:
        """See the class."""
        first, second = torch.split(logits.topk(2, dim=2).values, 1, dim=2)
        lead = logits - torch.where(logits < first, first, second)
        before = state[self.name].unsqueeze(1)
        begins = torch.cat([before, (lead > HOLD / 2).float()], dim=1)
        ceases = torch.cat([1.0 - before, (lead < -HOLD / 2).float()], dim=1)
        when = torch.arange(1, lead.shape[1] + 2, device=logits.device, dtype=torch.float32)
        heard = (when.unsqueeze(1) >= when.unsqueeze(0)).float() * when
        window = heard.unsqueeze(0).unsqueeze(3)
        # the later of both events counts
        begun = (window * begins.unsqueeze(1)).amax(2)
        ceased = (window * ceases.unsqueeze(1)).amax(2)
        held = (begun > ceased).float()[:, 1:]
        return logits + HOLD * held, {self.name: held[:, -1]}


class Whole(nn.Module):
    """The branch and its hold over a run of frames that may be empty: their states go in and out by position.

    State: theirs, and what this voice usually sounds like, against `begin`.
    """

    begin: Tensor

    def __init__(self, branch: Emotion) -> None:
        super().__init__()
        self.branch = branch
        self.hold = Hold()
        self.register_buffer("begin", torch.zeros(ANSWERS))
        """Logits where nothing was heard yet."""
        self.names = list(self.initial_state(1))

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        usual = {"feeling_usual": torch.zeros(batch, 1, ANSWERS)}
        return self.branch.initial_state(batch) | self.hold.initial_state(batch) | usual

    def forward(self, run: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """(B, N, 160) and states → answers (B, N, ANSWERS) and states."""
        if run.shape[1] == 0:
            return run.new_zeros(run.shape[0], 0, ANSWERS), *states
        state = dict(zip(self.names, states, strict=True))
        answers, after = self.branch(run, state)
        usual = eased(answers - self.begin, state["feeling_usual"], USUAL)
        logits, moved = torch.split(answers - USED_TO * usual, [len(EMOTIONS), 1], -1)
        logits, held = self.hold(logits, state)
        after |= held | {"feeling_usual": usual[:, -1:]}
        return torch.cat([logits, moved], -1), *(after[name] for name in self.names)


class Feeling(nn.Module):
    """The emotion branch in a stream, `BLOCK` frames at a time: it costs what its weights cost to read.

    A mood needs no answer every 20 ms: between two blocks the last answer holds. Batch 1. State: the branch's, frames
    that wait for their block, how many of them are real, and the last answer against what is said of silence.
    """

    def __init__(self, config: EmotionConfig) -> None:
        super().__init__()
        self.whole = Whole(Emotion(config))

    @property
    def begin(self) -> Tensor:
        """Logits where nothing was heard yet."""
        return self.whole.begin

    @torch.no_grad()
    def settle(self) -> None:
        """Sets `begin` to what the branch says of silence."""
        branch = self.whole.branch
        silence = torch.full((1, 4 * BLOCK, 2 * BINS), SILENCE)
        self.begin.copy_(branch(silence, branch.initial_state(1))[0][0, -1])

    def initial_state(self, batch: int) -> State:
        """Nothing was heard yet."""
        return self.whole.initial_state(batch) | {
            "feeling_waiting": torch.zeros(batch, BLOCK - 1, 2 * BINS),
            "feeling_count": torch.zeros(batch, 1),
            "feeling_last": torch.zeros(batch, 1, ANSWERS),
        }

    def forward(self, pairs: Tensor, state: State) -> tuple[Tensor, State]:
        """(1, T, 160) → answers (1, T, ANSWERS)."""
        count = state["feeling_count"][0, 0].long()
        both = torch.cat([state["feeling_waiting"], pairs], dim=1)
        frames = torch.arange(pairs.shape[1], device=pairs.device)
        total = count + pairs.shape[1]
        ready = total // BLOCK * BLOCK
        # a tensor as a length: what is traced stays dynamic
        block = torch.arange(ready, device=pairs.device)  # type: ignore[call-overload]
        run = both.index_select(1, block + (BLOCK - 1 - count))
        logits, *after = self.whole(run, *(state[name] for name in self.whole.names))
        known = torch.cat([state["feeling_last"] + self.begin, logits], dim=1)
        out = known.index_select(1, (count + frames + 1) // BLOCK * BLOCK)
        return out, dict(zip(self.whole.names, after, strict=True)) | {
            "feeling_waiting": both[:, -(BLOCK - 1) :],
            "feeling_count": (total - ready).float().reshape(1, 1),
            "feeling_last": out[:, -1:] - self.begin,
        }
