"""All that the recipes learn from, in memory: clips with features and whatever targets they have.

A data folder holds any of `grid_s1/train`, `grid_s1/val`, `talk`, `ravdess_speech/actor_NN`, `mead_motion`
and a `tts` folder made by `models.training.voices`; sets that are absent are left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from bridge.features import log_mel
from bridge.frames import EMOTIONS, RATE_HZ, Floats, frame_count
from models.data.motion import motion_of
from models.data.tracks import (
    AUDIO_SUFFIXES,
    Track,
    audio_beside,
    cue_times,
    neutral_of,
    read_audio,
    read_track,
)
from models.data.tracks import speech_mask as speech

RAVDESS_EMOTIONS = {
    1: "neutral", 2: "neutral", 3: "happy", 4: "sad", 5: "angry", 6: "fear", 7: "disgusted", 8: "surprised",
}  # fmt: skip
"""RAVDESS's third field → ours; calm counts as neutral, contempt is not there."""
HELD_OUT_ACTORS = ("actor_20", "actor_21", "actor_23", "actor_24")
"""RAVDESS actors that no recipe trains on: emotion of the voice is judged on them."""


@dataclass(slots=True, eq=False)
class Clip:
    """One recording at cue rate; T = frame_count(samples)."""

    name: str
    group: str
    """grid, talk, ravdess or tts."""
    samples: Floats
    mel: Floats
    """(2·T, 80) features."""
    displacement: Floats | None = None
    """(T, 68, 3) cm from the speaker's own neutral."""
    motion: Floats | None = None
    """(T, 10): gaze 4, head rotation vector 3, head translation 3, relative to the clip's rest."""
    tracked: np.ndarray | None = None
    """(T,) bool: cue frames that lie within the track."""
    emotion: int = -1
    """Index into EMOTIONS, or -1."""
    extras: dict[str, Floats] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of cue frames."""
        return frame_count(self.samples.size)


def features_of(samples: Floats) -> Floats:
    """(2·T, 80) log-mel of a recording, padded with silence to whole cue frames."""
    frames = frame_count(samples.size)
    padded = np.pad(samples, (0, max(0, frames * 320 - samples.size)))[: frames * 320]
    return log_mel(padded)


def clip_from(path: Path, group: str, samples: Floats, track: Track | None, neutral: Floats | None) -> Clip:
    """A clip, its targets interpolated to cue frames."""
    clip = Clip(path.stem, group, samples, features_of(samples))
    if track is not None and neutral is not None:
        times = cue_times(samples.size)
        clip.displacement = (track.at(times, track.landmarks) - neutral).astype(np.float32)
        clip.motion = motion_of(
            track.at(times, track.iris), track.at(times, track.landmarks), track.at(times, track.pose)
        )
        clip.tracked = (times >= track.time_s[0] - 0.021) & (times <= track.time_s[-1] + 0.021)
    return clip


def speaker_of(name: str) -> str:
    """`Obama_clip2` → `Obama`: natural-talk clips of one person share a neutral."""
    return re.split(r"_clip|_\d", name)[0]


def quiet_frames(track: Track, samples: Floats) -> np.ndarray:
    """(T,) bool: track frames in silence."""
    mask = speech(samples, max(1, frame_count(samples.size)))
    index = np.clip((track.time_s * 50).astype(int), 0, mask.size - 1)
    return np.asarray(~mask[index] & (track.time_s >= 0) & (track.time_s * 50 < mask.size))


def paired(folder: Path, group: str) -> Iterator[Clip]:
    """Clips with sound and track; all clips of a speaker share the median of their neutrals."""
    loaded = []
    for path in sorted(folder.glob("*.npz")):
        audio = audio_beside(path)
        if audio is None:
            continue
        loaded.append((path, read_audio(audio), read_track(path)))
    speakers: dict[str, list[Floats]] = {}
    for path, samples, track in loaded:
        key = "s1" if group == "grid" else speaker_of(path.stem)
        speakers.setdefault(key, []).append(neutral_of(track, quiet_frames(track, samples)))
    for path, samples, track in loaded:
        key = "s1" if group == "grid" else speaker_of(path.stem)
        yield clip_from(path, group, samples, track, np.median(speakers[key], axis=0).astype(np.float32))


def ravdess(folder: Path, *, held_out: bool) -> Iterator[Clip]:
    """RAVDESS speech: the training actors, or the held-out ones."""
    for path in sorted(folder.glob("actor_*/*")):
        if path.suffix not in AUDIO_SUFFIXES or (path.parent.name in HELD_OUT_ACTORS) != held_out:
            continue
        clip = clip_from(path, "ravdess", read_audio(path), None, None)
        clip.emotion = EMOTIONS.index(RAVDESS_EMOTIONS[int(path.stem.split("-")[2])])
        yield clip


def spoken(folder: Path, group: str) -> Iterator[Clip]:
    """Clips with sound alone."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in AUDIO_SUFFIXES):
        yield clip_from(path, group, read_audio(path), None, None)


def speed_changed(clip: Clip, factor: float) -> Clip:
    """The clip played `factor` times as fast: pitch, formants and tempo move together, targets with them."""
    samples = soxr.resample(clip.samples, RATE_HZ * factor, RATE_HZ).astype(np.float32)
    out = Clip(f"{clip.name}×{factor:.2f}", clip.group, samples, features_of(samples), emotion=clip.emotion)
    source = (np.arange(out.frames) + 0.5) * factor - 0.5
    index = np.clip(source, 0, clip.frames - 1)
    low = np.floor(index).astype(int)
    high = np.minimum(low + 1, clip.frames - 1)
    weight = (index - low).astype(np.float32)

    def at(values: Floats) -> Floats:
        w = weight.reshape(-1, *[1] * (values.ndim - 1))
        mixed: Floats = values[low] * (1 - w) + values[high] * w
        return mixed

    if clip.displacement is not None:
        out.displacement = at(clip.displacement)
    if clip.motion is not None:
        out.motion = at(clip.motion)
    if clip.tracked is not None:
        out.tracked = clip.tracked[low]
    return out
