"""How right the emotion of the voice is: `python -m models.evaluation emotion --data DIR`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bridge.frames import EMOTIONS, Floats
from models.data import corpus
from models.data.tracks import read_audio

Listener = Callable[[Floats], Floats]
"""Samples (N,) → emotion probabilities (T, 8) at cue rate."""

EMODB = {"W": "angry", "E": "disgusted", "A": "fear", "F": "happy", "T": "sad", "N": "neutral"}
"""EMO-DB's sixth letter; boredom (L) is left out."""


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
