"""All that the recipes learn from, in memory: clips with features and whatever targets they have.

A data folder holds any of `grid_s1/train`, `grid_s1/val` (and so for any GRID speaker), `talk`, and emotional corpora
in the layouts that `models.data.layouts` knows; a `tts` folder is made by `models.training.voices`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from bridge.features import log_mel
from bridge.frames import EMOTIONS, RATE_HZ, Floats, frame_count
from models.data import footage, layouts
from models.data.acted import tracked
from models.data.motion import motion_of
from models.data.splits import RAVDESS_TEST
from models.data.tracks import (
    AUDIO_SUFFIXES,
    Track,
    audio_beside,
    cue_times,
    grid_folders,
    neutral_of,
    read_audio,
    read_track,
)
from models.data.tracks import speech_mask as speech

HELD_OUT_ACTORS = tuple(name.replace("actor", "actor_") for name in RAVDESS_TEST)
"""Folders of the RAVDESS actors that no recipe trains on."""
SHORTEST_S = 0.3
"""Sound of a recording that can teach an emotion; CREMA-D has one that is empty."""


@dataclass(slots=True, eq=False)
class Clip:
    """One recording at cue rate; T = frame_count(samples)."""

    name: str
    group: str
    """grid, talk, acted, ravdess, mead, cremad or tts."""
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


def acted(data: Path, *, held_out: bool = False) -> Iterator[Clip]:
    """Tracked recordings of emotional corpora that have sound: the training part, or the held-out one.

    Neutral is the median rest of a person in that emotion: what the emotion does to a face is `models.expression`'s.
    """
    loaded = [
        (recording, track, read_audio(recording.path_audio))
        for recording, track in tracked(data, held_out=held_out)
        if recording.path_audio is not None and recording.path_audio.parent.name.endswith("_motion")
    ]
    rests: dict[tuple[str, str | None], list[Floats]] = {}
    for recording, track, samples in loaded:
        rest = neutral_of(track, quiet_frames(track, samples))
        rests.setdefault((recording.person, recording.emotion), []).append(rest)
    for recording, track, samples in loaded:
        rest = np.median(rests[recording.person, recording.emotion], axis=0).astype(np.float32)
        yield clip_from(Path(f"{recording.name}.npz"), "acted", samples, track, rest)


def emotional(folder: Path, *, held_out: bool, by: str | None = None) -> Iterator[Clip]:
    """Emotional speech of every corpus in a folder, any rate and container: the training part, or the held-out one.

    A sentence that several cameras saw comes once. GRID, which is all neutral, is not emotional. What cannot be read
    or holds no sound is named and left out.

    Args:
        folder: holds MEAD, CREMA-D or RAVDESS as downloaded or tracked, one or several.
        held_out: the test part instead of the training part.
        by: clip or person; None: each corpus's own rule (`models.data.splits`).

    Raises:
        FileNotFoundError: if the folder holds none of them.
    """
    part = "test" if held_out else "train"
    done: set[tuple[object, ...]] = set()
    silent: list[str] = []
    for recording in layouts.recordings(folder, by=by):
        voice = recording.place[:-1]
        if (
            recording.corpus == "grid"
            or recording.emotion is None
            or recording.split != part
            or voice in done
        ):
            continue
        path = recording.path_audio if recording.path_track is not None else recording.path_sound
        if path is None:  # tracks have their sound beside them, if there was any
            continue
        done.add(voice)
        try:
            samples = footage.read_sound(path)
        except (ValueError, OSError) as error:
            silent.append(" ".join(str(error).split()))
            continue
        if samples.size < SHORTEST_S * RATE_HZ:
            silent.append(f"{path} holds {samples.size / RATE_HZ:.2f} s of sound")
            continue
        clip = clip_from(Path(f"{recording.name}.npz"), recording.corpus, samples, None, None)
        clip.emotion = EMOTIONS.index(recording.emotion)
        yield clip
    if silent:
        print(f"left out {len(silent)}: {silent[0]}" + (", …" if len(silent) > 1 else ""), flush=True)


_LINE = re.compile(r"^(?P<who>[^_]+)_\w+?_(?P<emotion>[a-z]+)_level(?P<level>\d)_(?P<said>[\w-]+)$")
_COMMON = ("001", "002", "003")
"""Sentences that MEAD's actors say in every emotion."""


def line_of(name: str) -> tuple[str, str, str]:
    """Name of an emotional clip → who says it, what is said, and in which manner.

    `actor01_front_happy_level2_01-02-03` → actor01, `01`, `happy-2-03`; two clips whose sentence has one name say the
    same words. MEAD numbers each emotion's sentences anew after the third.

    Raises:
        ValueError: if the name is none that `emotional` gives.
    """
    found = _LINE.match(name)
    if found is None:
        raise ValueError(f"{name!r} names no emotional clip; one is actor01_front_happy_level2_01-02-03")
    manner, said = f"{found['emotion']}-{found['level']}", found["said"]
    statement, *rest = said.split("-")
    if len(rest) == 2:  # RAVDESS: statement, take, its own emotion
        return found["who"], statement, f"{manner}-{rest[1]}"
    if said.isdigit() and said not in _COMMON:
        return found["who"], f"{said} of {found['emotion']}", manner
    return found["who"], said, manner


def plain(data: Path, every: int = 1) -> Iterator[Clip]:
    """Commands of GRID, which are neutral talk: each `every`-th of `grid_*/train` and of GRID as downloaded."""
    folders = grid_folders(data)
    paths = [p for folder in folders for p in sorted(folder.glob("*")) if p.suffix in AUDIO_SUFFIXES]
    with contextlib.suppress(FileNotFoundError):
        found = layouts.recordings(data, "grid")
        paths += [r.path_sound for r in found if r.split == "train" and r.path_sound is not None]
    for path in paths[::every]:
        yield clip_from(path, "grid", footage.read_sound(path), None, None)


def ravdess(folder: Path, *, held_out: bool) -> Iterator[Clip]:
    """RAVDESS speech alone, none if there is none: the training actors, or the held-out ones."""
    try:
        yield from (clip for clip in emotional(folder, held_out=held_out) if clip.group == "ravdess")
    except FileNotFoundError:
        return


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
