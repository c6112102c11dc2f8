"""How right the emotion of the voice is: `python -m models.evaluation emotion --data DIR`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.frames import EMOTIONS, Floats
from models.data import corpus
from models.data.corpus import Clip
from models.data.tracks import read_audio, speech_mask

Listener = Callable[[Floats], Floats]
"""Samples (N,) → emotion probabilities (T, 8) at cue rate."""

EMODB = {"W": "angry", "E": "disgusted", "A": "fear", "F": "happy", "T": "sad", "N": "neutral"}
"""EMO-DB's sixth letter; boredom (L) is left out."""

FIRST = 50
"""Frames of speech that a network may take to make up its mind."""
CHANGES = (
    ("happy", "angry"), ("neutral", "happy"), ("angry", "sad"), ("sad", "happy"),
    ("neutral", "fear"), ("happy", "neutral"), ("angry", "neutral"), ("fear", "happy"),
)  # fmt: skip
"""From which emotion to which a voice is spliced."""


@dataclass(frozen=True)
class Splice:
    """One actor, whose emotion changes from one frame to the next."""

    samples: Floats
    at: int
    """Cue frame of the change."""
    before: int
    after: int
    """Indices into EMOTIONS."""


def ravdess_held_out(data: Path) -> list[tuple[Floats, int]]:
    """Clips of actors that no recipe trains on."""
    return [(c.samples, c.emotion) for c in corpus.ravdess(data / "ravdess_speech", held_out=True)]


def emodb(data: Path) -> list[tuple[Floats, int]]:
    """German acted speech: another language, another microphone."""
    found = []
    for path in sorted((data / "dev_emotion").glob("*.flac")):
        name = EMODB.get(path.stem[5])
        if name is not None:
            found.append((read_audio(path), EMOTIONS.index(name)))
    return found


def unweighted_accuracy(
    listen: Listener, clips: list[tuple[Floats, int]], after_s: float | None = None
) -> float:
    """Mean recall over the classes present; read at the end of the clip (mean of 0.5 s) or `after_s` seconds in."""
    right, seen = np.zeros(len(EMOTIONS)), np.zeros(len(EMOTIONS))
    present = sorted({label for _, label in clips})
    for samples, label in clips:
        heard = listen(samples)
        stop = len(heard) if after_s is None else min(len(heard), round(after_s * 50))
        answer = heard[max(0, stop - 25) : stop].mean(0)[present].argmax()
        seen[label] += 1
        right[label] += present[int(answer)] == label
    return float((right[present] / seen[present]).mean())


def flicker(listen: Listener, clips: list[tuple[Floats, int]]) -> tuple[float, float]:
    """Changes of the winning emotion per second of speech, and mean change of a probability per frame.

    Both where somebody speaks and FIRST frames of speech were heard.
    """
    changes, moved, frames = 0, 0.0, 0
    for samples, _ in clips:
        heard = listen(samples)
        speech = speech_mask(samples, len(heard))
        judged = speech & (np.cumsum(speech) > FIRST)
        judged[0] = False
        at = np.flatnonzero(judged)
        winner = heard.argmax(1)
        changes += int((winner[at] != winner[at - 1]).sum())
        moved += float(np.abs(heard[at] - heard[at - 1]).mean(1).sum())
        frames += len(at)
    return 50.0 * changes / max(1, frames), moved / max(1, frames)


def _spoken(clip: Clip) -> Floats:
    """The clip from its first word to its last, in whole frames."""
    on = np.flatnonzero(speech_mask(clip.samples, clip.frames))
    if not on.size:
        return clip.samples[: clip.frames * 320]
    return clip.samples[on[0] * 320 : (on[-1] + 1) * 320]


def splices(data: Path) -> list[Splice]:
    """Held-out actors whose emotion changes while they speak: one sentence so, then two otherwise, no pause between."""
    clips = list(corpus.ravdess(data / "ravdess_speech", held_out=True))
    found = []
    for actor in sorted({corpus.line_of(clip.name)[0] for clip in clips}):
        said: dict[int, list[Clip]] = {}
        # the strongest first
        for clip in sorted(clips, key=lambda c: (corpus.line_of(c.name)[2], c.name), reverse=True):
            if corpus.line_of(clip.name)[0] == actor:
                said.setdefault(clip.emotion, []).append(clip)
        for was, becomes in CHANGES:
            before, after = EMOTIONS.index(was), EMOTIONS.index(becomes)
            if before not in said or len(said.get(after, ())) < 2:
                continue
            one, *others = said[after]
            words = corpus.line_of(one.name)[1]
            another = next((c for c in others if corpus.line_of(c.name)[1] != words), others[0])
            first, rest = _spoken(said[before][0]), [_spoken(one), _spoken(another)]
            found.append(Splice(np.concatenate([first, *rest]), first.size // 320, before, after))
    return found


def lag(listen: Listener, found: list[Splice]) -> tuple[float, float]:
    """Median seconds from a change until the new emotion wins, of those where it ever does, and their share.

    Where the new emotion wins already when the voice changes, there is nothing to wait for: such splices do not count.
    """
    waits, asked = [], 0
    for splice in found:
        winner = listen(splice.samples)[splice.at - 1 :].argmax(1)
        if winner[0] == splice.after:
            continue
        asked += 1
        wins = np.flatnonzero(winner == splice.after)
        if wins.size:
            waits.append((wins[0] - 1) / 50)
    return (float(np.median(waits)) if waits else float("nan")), len(waits) / max(1, asked)
