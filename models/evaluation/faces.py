"""Which emotion a face shows: judges trained on tracks of real people, asked about faces that were generated.

A judge is a ridge on windows of one second: mean and deviation of every landmark inside the face, against the
person's own rest. It never sees a generated face, nor what the generator is trained with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, EMOTIONS, Floats
from models.data.showings import people, rest_of
from models.data.tracks import Track

WINDOW, STEP = CUE_RATE_HZ, CUE_RATE_HZ // 2
"""Frames of a window, and from one to the next."""
INSIDE = tuple(range(17, face.COUNT))
"""All but the jaw line, which trackers guess."""
RIDGE = 3.0
"""Of the mean of the kernel's diagonal."""
DEVIATION = 0.5
"""Weight of how a point moves beside where it is."""


def seen_of(displacement: Floats) -> Floats:
    """(T, 68, 3) cm from rest → (N, F), a row a window; a clip shorter than one is one."""
    inside = displacement[:, list(INSIDE)].reshape(len(displacement), -1)
    starts = range(0, max(1, len(inside) - WINDOW + 1), STEP)
    rows = [
        np.concatenate([part.mean(0), DEVIATION * part.std(0)])
        for part in (inside[start : start + WINDOW] for start in starts)
    ]
    return np.asarray(np.stack(rows), np.float32)


def at_cue_rate(track: Track) -> Floats:
    """(T, 68, 3)."""
    times = track.times(1 / CUE_RATE_HZ)
    times = times[track.covers(times)]
    return track.at(times, track.landmarks)


@dataclass(frozen=True, eq=False)
class Judge:
    """Windows of faces → scores of eight emotions."""

    centre: Floats
    table: Floats
    """(F, 8)."""

    @classmethod
    def of(cls, clips: Sequence[tuple[Floats, int]]) -> Judge:
        """A judge trained on displacements (T, 68, 3) and their emotions."""
        rows = [seen_of(displacement) for displacement, _ in clips]
        labels = np.concatenate([np.full(len(r), label) for r, (_, label) in zip(rows, clips, strict=True)])
        seen = np.concatenate(rows)
        centre = seen.mean(0)
        wanted = np.eye(len(EMOTIONS))[labels]
        wanted -= wanted.mean(0)
        kernel = (seen - centre) @ (seen - centre).T
        ridge = RIDGE * np.trace(kernel) / len(kernel)
        table = (seen - centre).T @ np.linalg.solve(kernel + ridge * np.eye(len(kernel)), wanted)
        return cls(centre, table.astype(np.float32))

    def __call__(self, displacement: Floats) -> int:
        """The emotion that a clip (T, 68, 3) shows most, over its windows."""
        return int(((seen_of(displacement) - self.centre) @ self.table).mean(0).argmax())

    def accuracy(self, clips: Sequence[tuple[Floats, int]]) -> float:
        """Unweighted: mean over emotions of the share named right."""
        right: dict[int, list[bool]] = {}
        for displacement, label in clips:
            right.setdefault(label, []).append(self(displacement) == label)
        return float(np.mean([np.mean(found) for found in right.values()]))


Clips = list[tuple[Floats, int]]


def filmed(data: Path) -> dict[str, Clips]:
    """Person → displacements from their rest, and emotions, of acted tracks."""
    found: dict[str, Clips] = {}
    for person, tracks in people(data).items():
        rest = rest_of(tracks["neutral"])
        found[person] = [
            (at_cue_rate(track) - rest, EMOTIONS.index(name)) for name, track in sorted(tracks.items())
        ]
    return found


def strangers(real: Mapping[str, Clips]) -> float:
    """What judges reach on real faces of people new to them, everybody left out in turn; NaN for one person."""
    if len(real) < 2:
        return float("nan")
    return float(
        np.mean(
            [
                Judge.of(
                    [clip for other, clips in real.items() if other != person for clip in clips]
                ).accuracy(real[person])
                for person in real
            ]
        )
    )
