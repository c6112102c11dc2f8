"""One talking video → its track and its sound, as the recipes read them.

Beside `NAME.npz` (the keys of `models.data.tracks`, and `fps`, `size (2,)` width and height, `pixels (T, 68, 2)`) lies
`NAME.flac`, mono at 16 kHz. Times are the video's against the sound's first sample, at the middle of each picture.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bridge.frames import RATE_HZ, Floats
from models.data import footage
from models.data.landmarker import IRIS, LANDMARKS, POINTS, SCORES, Landmarker, in_head_frame

FEWEST = 2
"""Pictures with a face that make a track."""


@dataclass(frozen=True, slots=True)
class Job:
    """A video and where its track goes."""

    video: Path
    target: Path
    """Without suffix."""
    audio: Path | None = None
    """Sound in a file of its own, which begins when the video does; read if the video is silent."""
    delay_s: float = 0.0
    """By how much the pictures come late."""
    words: Path | None = None
    """A file of word times to lie beside the track."""

    @property
    def track(self) -> Path:
        """The file that is written last: where it is, the job is done."""
        return self.target.with_name(f"{self.target.name}.npz")


def measure(job: Job, landmarker: Landmarker, start_s: float | None) -> dict[str, Any]:
    """The arrays of a track; `start_s` is when the sound begins, in the video's time, None: with the first picture.

    Raises:
        ValueError: if hardly a face was found.
    """
    rate = footage.rate_of(job.video)
    times, points, poses, scores, last_ms = [], [], [], [], -1
    size = (0, 0)
    for picture in footage.pictures(job.video):
        shown = picture.time_s
        if start_s is None:
            start_s = shown - 0.5 / rate
        last_ms = max(
            last_ms + 1, round((shown - start_s + 10.0) * 1000)
        )  # times must rise and not be negative
        size = (picture.rgb.shape[1], picture.rgb.shape[0])
        found = landmarker.find(picture.rgb, last_ms)
        times.append(shown - start_s - job.delay_s)
        points.append(np.full((POINTS, 3), np.nan, np.float32) if found is None else found.points)
        poses.append(np.full((4, 4), np.nan, np.float32) if found is None else found.pose)
        scores.append(np.full(SCORES, np.nan, np.float32) if found is None else found.scores)
    ok = np.array([np.isfinite(p).all() for p in points], bool)
    if ok.sum() < FEWEST:
        raise ValueError(
            f"{job.video}: a face in {ok.sum()} of {len(ok)} pictures; at least {FEWEST} are needed"
        )
    heads = np.stack(points)
    for i in np.flatnonzero(ok):
        heads[i] = in_head_frame(points[i], landmarker.canonical)
    half = np.float16
    return {
        "time_s": np.array(times, np.float32),
        "fps": np.float32(rate),
        "size": np.array(size),
        "ok": ok,
        "landmarks": heads[:, list(LANDMARKS)].astype(half),
        "iris": heads[:, list(IRIS)].astype(half),
        "pose": np.stack(poses).astype(np.float32),
        "pixels": np.stack(points)[:, list(LANDMARKS), :2].astype(half),
        "blendshapes": np.stack(scores).astype(half),
    }


def sound_of(job: Job) -> tuple[Floats | None, float | None]:
    """The sound and when it begins in the video's time: the video's own, else the file beside it, else none."""
    inside = footage.sound_inside(job.video)
    if inside is not None:
        return inside
    return (footage.read_sound(job.audio), None) if job.audio is not None else (None, None)


def track(job: Job, open_landmarker: Callable[[], AbstractContextManager[Landmarker]]) -> None:
    """Makes the files of one job; each is written beside and renamed, the track last.

    Raises:
        ValueError: if the video has no face or cannot be read.
        OSError: if a file cannot be written.
    """
    samples, start_s = sound_of(job)
    with open_landmarker() as landmarker:
        arrays = measure(job, landmarker, start_s)
    job.track.parent.mkdir(parents=True, exist_ok=True)
    part = job.track.with_name(f"{job.target.name}.part")
    with contextlib.ExitStack() as left:
        left.callback(part.unlink, missing_ok=True)
        if samples is not None:
            soundfile.write(part, samples.clip(-1, 1), RATE_HZ, format="FLAC")
            part.replace(part.with_suffix(".flac"))
        if job.words is not None:
            shutil.copyfile(job.words, part)
            part.replace(part.with_suffix(job.words.suffix))
        with part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        part.replace(job.track)
