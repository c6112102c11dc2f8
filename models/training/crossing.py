"""Cross-reconstruction: what keeps the sentence out of the emotion embedding (EVP, Ji et al. 2021; EAM of ACSEF).

RAVDESS has two sentences in every emotion by each actor. The content of (emotion n, sentence j), the emotion
embedding of (m, i) and the actor's code must give (m, j), brought to the time of (n, j) by dynamic time warping. An
embedding that knew its own sentence i would only mislead the decoder. Content encoder and decoder serve training
alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bridge.features import BINS
from bridge.frames import Floats
from models.data import corpus
from models.data.corpus import Clip
from models.data.dubbing import at_frames, film_times
from models.data.windows import pairs_of
from models.emotion import Emotion

FRAMES = 40
"""Cue frames of a window (0.8 s), within the speech."""
PARTNERS = 4
"""Other emotions of the same actor and sentence that every clip is aligned with."""
CONTENT = 16
"""Values a frame that content may take: too few to tell how a thing is said as well."""
ACTOR, WIDTH = 16, 96
BATCH = 12
"""Four-tuples a step."""
LOUD = 0.1
"""Share of loudest frames that a clip's level is taken from: the branch cannot hear how loud a voice is either."""


@dataclass(frozen=True, eq=False)
class Line:
    """One sentence, said once by one actor; T frames of speech and nothing else."""

    actor: str
    sentence: str
    manner: str
    """Emotion and intensity: what the two sentences of a four-tuple share."""
    mel: Floats
    """(T, 80) features, two hops a frame averaged."""
    states: Floats
    """(T, D) what time is warped by."""
    seen: Tensor
    """(M, 1536) what the classifier sees at moments of the clip."""


@torch.no_grad()
def line_of(model: Emotion, clip: Clip, seen: Tensor) -> Line:
    """A clip's speech as cross-reconstruction wants it; `seen`: (M, 1536) at moments of it."""
    pairs = pairs_of(torch.from_numpy(clip.mel)[None], 1)
    weight, _ = model.loudness(pairs, model.initial_state(1))
    delay = model.config.encoder.delay
    late = torch.cat([pairs, torch.full((1, delay, 2 * BINS), float(clip.mel.min()))], dim=1)
    given, _ = model.encoder.layer_states(late, model.initial_state(1))
    on = np.flatnonzero(weight[0, :, 0].numpy() > 0.5)
    # the loudest frame of all counts, so that there is one
    speech = slice(int(on[0]), int(on[-1]) + 1)
    mel = pairs[0].reshape(-1, 2, BINS).mean(1).numpy()[speech]
    states = given[-1][0, delay:].numpy()[speech]
    return Line(*corpus.line_of(clip.name), levelled(mel), states, seen)


def probe(x: Tensor, label: Tensor, new: Tensor, new_label: Tensor, ridge: float = 1.0) -> float:
    """Unweighted accuracy of a linear classifier (ridge on one-hot labels): (N, D) and (M, D), labels from 0 on."""
    mean, scale = x.mean(0), x.std(0) + 1e-6
    a = nn.functional.pad((x - mean) / scale, (0, 1), value=1.0)
    b = nn.functional.pad((new - mean) / scale, (0, 1), value=1.0)
    wanted = nn.functional.one_hot(label).float()
    weights = torch.linalg.solve(a.T @ a + ridge * torch.eye(a.shape[1]), a.T @ wanted)
    right = (b @ weights).argmax(1) == new_label
    recall = [right[new_label == k].float().mean() for k in sorted(set(new_label.tolist()))]
    return float(torch.stack(recall).mean())


def levelled(mel: Floats) -> Floats:
    """(T, 80) less the level of its loudest frames."""
    loudness = np.sort(mel.mean(1))[::-1]
    out: Floats = (mel - loudness[: max(1, round(LOUD * len(mel)))].mean()).astype(np.float32)
    return out


@dataclass(frozen=True)
class Tuple4:
    """(n, j), a partner (m, j) in its time, and the clips (m, i) that lend their embedding."""

    content: int
    target: Floats
    """(T, 80) of the partner at the frames of `content`."""
    lenders: tuple[int, ...]


def four_tuples(lines: list[Line], seed: int = 0) -> list[Tuple4]:
    """Up to PARTNERS of every line; lines whose actor says one sentence alone give none."""
    rng = np.random.default_rng(seed)
    found = []
    for at, line in enumerate(lines):
        same = [
            k
            for k, other in enumerate(lines)
            if (other.actor, other.sentence) == (line.actor, line.sentence) and other.manner != line.manner
        ]
        for k in rng.permutation(same)[:PARTNERS]:
            other = lines[int(k)]
            lenders = tuple(
                i
                for i, x in enumerate(lines)
                if (x.actor, x.manner) == (line.actor, other.manner) and x.sentence != line.sentence
            )
            if not lenders or min(len(line.mel), len(other.mel)) < FRAMES:
                continue
            try:
                times, _ = film_times(
                    line.states, other.states, (0, len(line.states)), (0, len(other.states))
                )
            except ValueError:  # one is over three times as long: no path is that steep
                continue
            found.append(Tuple4(at, at_frames(other.mel, times), lenders))
    return found


class ContentEncoder(nn.Module):
    """(B, 80, T) → (B, CONTENT, T), each value's mean and size over the window removed: they say how, not what."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.InstanceNorm1d(BINS),
            nn.Conv1d(BINS, WIDTH, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(WIDTH, CONTENT, 5, padding=2),
            nn.InstanceNorm1d(CONTENT),
        )

    def forward(self, mel: Tensor) -> Tensor:
        """See the class."""
        out: Tensor = self.layers(mel)
        return out


class Decoder(nn.Module):
    """Content (B, CONTENT, T), embedding (B, E), actor (B,) → log-mel (B, 80, T)."""

    def __init__(self, actors: int, embedding: int) -> None:
        super().__init__()
        self.actors = nn.Embedding(actors, ACTOR)
        self.layers = nn.Sequential(
            nn.Conv1d(CONTENT + embedding + ACTOR, WIDTH, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(WIDTH, WIDTH, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(WIDTH, BINS, 1),
        )

    def forward(self, content: Tensor, embedding: Tensor, actor: Tensor) -> Tensor:
        """See the class."""
        said = torch.cat([embedding, self.actors(actor)], dim=1)
        out: Tensor = self.layers(torch.cat([content, said.unsqueeze(2).expand(-1, -1, content.shape[2])], 1))
        return out


class Crossing(nn.Module):
    """The loss of cross- and self-reconstruction, with the networks that it needs.

    Raises:
        ValueError: if no actor says two sentences in one manner.
    """

    def __init__(self, lines: list[Line], embedding: int, seed: int = 0) -> None:
        super().__init__()
        self.lines, self.tuples = lines, four_tuples(lines, seed)
        if not self.tuples:
            raise ValueError(
                f"none of {len(lines)} clips has a four-tuple: it takes an actor who says two sentences in two "
                "emotions (RAVDESS's fifth field); train --without crossing"
            )
        names = sorted({line.actor for line in lines})
        self.actor = torch.tensor([names.index(line.actor) for line in lines])
        every = np.concatenate([line.mel for line in lines])
        self.register_buffer("mean", torch.from_numpy(every.mean(0)).unsqueeze(1))
        self.register_buffer("scale", torch.from_numpy(every.std(0) + 1e-3).unsqueeze(1))
        self.content = ContentEncoder()
        self.decoder = Decoder(len(names), embedding)
        self.rng = np.random.default_rng(seed)

    def seen(self, clips: list[int]) -> Tensor:
        """(B, 1536) of a random moment of each clip."""
        return torch.stack(
            [self.lines[i].seen[int(self.rng.integers(len(self.lines[i].seen)))] for i in clips]
        )

    def forward(self, embed: Callable[[Tensor], Tensor]) -> Tensor:
        """Loss of BATCH four-tuples; `embed`: (B, 1536) → (B, E)."""
        drawn = [self.tuples[int(i)] for i in self.rng.integers(len(self.tuples), size=BATCH)]
        own, other = [], []
        for four in drawn:
            start = int(self.rng.integers(len(four.target) - FRAMES + 1))
            own.append(self.lines[four.content].mel[start : start + FRAMES].T)
            other.append(four.target[start : start + FRAMES].T)
        a, b = (
            (torch.from_numpy(np.stack(x)).float() - self.mean) / self.scale  # type: ignore[operator]
            for x in (own, other)
        )
        mine = [four.content for four in drawn]
        lent = [int(self.rng.choice(four.lenders)) for four in drawn]
        actor = self.actor[mine]
        said, again = self.content(a), self.content(b)
        cross = self.decoder(said, embed(self.seen(lent)), actor)
        self_made = self.decoder(said, embed(self.seen(mine)), actor)
        l1 = nn.functional.l1_loss
        # what both say is the same: EVP's content loss
        loss: Tensor = l1(cross, b) + 0.5 * l1(self_made, a) + 0.2 * l1(said, again)
        return loss
