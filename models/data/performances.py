"""Tracks → what eyes and head do, 25 times a second: fixations, head pose, how far the mouth is open.

Gaze is taken with the share of the head's turn that eyes take back (`models.cell.counter`) put back in,
so that a fixation stays one place while the head moves. Frames in and beside blinks keep the gaze before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, EMOTIONS, STYLES, Floats
from models.cell import counter
from models.data.acted import tracked
from models.data.corpus import features_of
from models.data.motion import motion_of, steadied
from models.data.tracks import Track, audio_beside, grid_folders, read_audio, read_track
from models.data.windows import delayed
from models.emphasis import LEAD, Emphasis

STEP_S = 0.04
TURN_RAD = 0.06
"""A gaze this far from the fixation's own, twice in a row, begins another."""
SHORTEST = 30
"""Steps of a track that is worth learning from."""
SOURCES = {"emotion_motion": "acted", "talk": "talk"}
"""Folder of the data → group. GRID's speakers are group `grid`; tracks of MEAD, CREMA-D and RAVDESS are group `mead`:
actors before a studio camera."""
STYLE_OF = {"mead": "actor", "acted": "speaker", "talk": "speaker", "grid": "reader"}


@dataclass(frozen=True, eq=False)
class Acting:
    """One track, T steps of 40 ms."""

    name: str
    group: str
    style: int
    """Index into STYLES."""
    emotion: int
    """Index into EMOTIONS."""
    fixation: Floats
    """(T, 2) yaw, pitch in rad, constant between shifts."""
    head: Floats
    """(T, 6) rotation vector (rad), translation (cm), relative to the clip's rest."""
    opening: Floats
    """(T,) lip gap in cm above the clip's own closed mouth."""
    gaze: Floats
    """(T, 2) as it was tracked, but for blinks: what rates are measured on."""
    covered: np.ndarray
    """(T,) bool: in or beside a blink."""
    emphasis: Floats | None
    """(T, 3) of `models.emphasis`; None where nothing was recorded of the voice."""


def emotion_in(name: str) -> str | None:
    """The emotion in a track's name: MEAD's field, or the first word."""
    for emotion in EMOTIONS:
        if f"_{emotion}_" in name or name.startswith(f"{emotion}_") or name == f"mead_{emotion}":
            return emotion
    return None


def fixations(gaze: Floats) -> Floats:
    """(T, 2) → the same, constant (its median) between shifts."""
    steady = steadied(gaze)
    starts, i = [0], 1
    while i < len(steady):
        held = np.median(steady[max(starts[-1], i - 6) : i], axis=0)
        two = steady[i : i + 2]
        if len(two) == 2 and (np.linalg.norm(two - held, axis=1) > TURN_RAD).all():
            starts.append(i)
            i += 1
        i += 1
    out = steady.copy()
    for start, end in zip(starts, [*starts[1:], len(steady)], strict=True):
        out[start:end] = np.median(steady[start:end], axis=0)
    return np.asarray(out, np.float32)


def emphasis_of(samples: Floats, times: Floats) -> Floats:
    """(N,) sound → (T, 3) what `models.emphasis` gives at audio times (T,)."""
    heard = Emphasis()
    pairs, frames = delayed(features_of(samples), 2 * LEAD)
    with torch.no_grad():
        found = heard(pairs, heard.initial_state(1))[0][0, LEAD : LEAD + frames].numpy()
    at = np.clip(np.floor(times * CUE_RATE_HZ).astype(int), 0, frames - 1)
    out: Floats = found[at]
    return out


def acting_of(track: Track, group: str, emotion: str, samples: Floats | None = None) -> Acting | None:
    """What a track and, where there is one, its sound (N,) teach; None if it is too short."""
    times = track.times(STEP_S)
    if len(times) < SHORTEST:
        return None
    landmarks = track.at(times, track.landmarks)
    motion = motion_of(track.at(times, track.iris), landmarks, track.at(times, track.pose))
    gaze = motion[:, :4].reshape(-1, 2, 2).mean(axis=1)
    lids = face.lid_gap(landmarks)
    blinking = (lids < 0.6 * np.quantile(lids, 0.7, axis=0)).any(axis=1)
    covered = np.convolve(blinking, np.ones(5), "same") > 0
    for i in np.flatnonzero(np.convolve(blinking, np.ones(3), "same") > 0):
        gaze[i] = gaze[max(0, i - 1)]
    turned_back = counter(torch.from_numpy(motion[:, 4:])).numpy()
    gap = face.lip_gap(landmarks)
    style = "actor" if track.name.startswith("mead_") else STYLE_OF[group]
    return Acting(
        track.name,
        group,
        STYLES.index(style),
        EMOTIONS.index(emotion),
        fixations(gaze + turned_back),
        motion[:, 4:],
        (gap - np.quantile(gap, 0.1)).astype(np.float32),
        gaze.astype(np.float32),
        covered,
        None if samples is None else emphasis_of(samples, times),
    )


def performances(data: Path) -> Iterator[Acting]:
    """All that a data folder holds for training; talk and commands count as neutral."""
    for recording, track in tracked(data):
        audio = recording.path_audio
        samples = None if audio is None else read_audio(audio)
        found = acting_of(track, "mead", recording.emotion or "neutral", samples)
        if found is not None:
            yield found
    sources = [(data / name, group) for name, group in SOURCES.items()]
    for folder, group in (*sources, *((found, "grid") for found in grid_folders(data))):
        for path in sorted(folder.glob("*.npz")):
            emotion = emotion_in(path.stem) if group == "acted" else "neutral"
            if emotion is None:
                continue
            audio = audio_beside(path)
            found = acting_of(read_track(path), group, emotion, None if audio is None else read_audio(audio))
            if found is not None:
                yield found
