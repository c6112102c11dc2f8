"""Tracks of people who act emotions, whichever corpus they are of: MEAD, CREMA-D and RAVDESS after tracking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bridge.frames import Floats
from models.data import layouts
from models.data.layouts import Recording
from models.data.tracks import Track, read_track

PAUSE_S = 1.0
"""Between the clips of a joined track."""


def tracked(
    folder: Path, *, held_out: bool = False, by: str | None = None
) -> Iterator[tuple[Recording, Track]]:
    """Every recording that was tracked from the front and its track: the training part, or the held-out one.

    Args:
        folder: holds `mead_motion`, `cremad_motion` or `ravdess_motion`, or is one of them.
        held_out: the test part instead of the training part.
        by: clip or person; None: each corpus's own rule (`models.data.splits`).
    """
    part = "test" if held_out else "train"
    try:
        found = layouts.recordings(folder, by=by)
    except FileNotFoundError:
        return
    for recording in found:
        if recording.path_track is not None and recording.view == "front" and recording.split == part:
            yield recording, read_track(recording.path_track)


def joined(tracks: Sequence[Track]) -> Track:
    """One track of several of a person, a second apart."""
    if len(tracks) == 1:
        return tracks[0]
    times, ends = [], 0.0
    for track in tracks:
        times.append(track.time_s - track.time_s[0] + ends)
        ends = float(times[-1][-1]) + PAUSE_S

    def all_of(parts: list[Floats]) -> Floats:
        return np.concatenate(parts)

    scored = min(t.blendshapes.shape[1] for t in tracks)
    return Track(
        tracks[0].name,
        all_of(times).astype(np.float32),
        all_of([t.landmarks for t in tracks]),
        all_of([t.iris for t in tracks]),
        all_of([t.pose for t in tracks]),
        all_of([t.blendshapes[:, :scored] for t in tracks]),
    )


def people(folder: Path, *, held_out: bool = False, by: str | None = None) -> dict[str, dict[str, Track]]:
    """{person: {emotion: track}}: all clips of a person at the strongest intensity there is of the emotion, joined."""
    clips: dict[str, dict[str, dict[int, list[Track]]]] = {}
    for recording, track in tracked(folder, held_out=held_out, by=by):
        if recording.emotion is not None:
            emotions = clips.setdefault(recording.person, {}).setdefault(recording.emotion, {})
            emotions.setdefault(recording.intensity, []).append(track)
    return {
        person: {
            # CREMA-D states a level for some sentences alone: the others count as well
            emotion: joined(
                [*levels[max(levels)], *(levels[0] if max(levels) > 0 else [])]
                if 0 in levels
                else levels[max(levels)]
            )
            for emotion, levels in emotions.items()
        }
        for person, emotions in clips.items()
    }
