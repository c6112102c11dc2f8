"""Videos of one person → a prepared person: tracked, looked over, cropped. What is done already is not done again."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bridge.frames import Floats
from models.data.landmarker import MediaPipe, canonical_face
from models.data.people import PERSON as DONE
from models.data.people import Clip, Person, build, read_person
from models.data.track import Opener, run
from models.data.tracking import Job
from models.data.tracks import audio_beside

SHORTEST_S = 20.0
"""Less than this teaches no face."""
ENOUGH_S = 180.0
"""From here on a person is learned well; less is told."""
FOUND = 0.5
"""Share of pictures that must show a face."""
JUMP = 0.6
"""A face that moves by this share of its own size from one picture to the next is another face."""
JUMPS = 0.002
"""Share of pictures with such a jump that is let pass: a cut now and then."""


def looked_over(track: Path, video: Path) -> float:
    """Seconds with a face.

    Raises:
        ValueError: if most pictures show none, or if it jumps between faces.
    """
    with np.load(track, allow_pickle=False) as data:
        ok, pixels, times = data["ok"].astype(bool), data["pixels"].astype(np.float32), data["time_s"]
    if ok.mean() < FOUND:
        raise ValueError(
            f"{video}: a face in {ok.mean():.0%} of {len(ok)} pictures, {FOUND:.0%} are needed; "
            "cut away what shows nobody, and turn the picture upright"
        )
    at = jumps(pixels[ok])
    if len(at) > JUMPS * ok.sum() + 1:
        raise ValueError(
            f"{video}: the face jumps {len(at)} times, first at {times[ok][at[0]]:.1f} s: two people, or many cuts? "
            "cut or crop it to one"
        )
    return float(ok.sum() * np.median(np.diff(times)))


def jumps(pixels: Floats) -> np.ndarray:
    """Indices of frames whose face (T, 68, 2) lies elsewhere than in the frame before."""
    middle = pixels.mean(axis=1)
    size = float(np.median(np.ptp(pixels, axis=1).max(axis=-1)))
    step = np.linalg.norm(np.diff(middle, axis=0), axis=1)
    return np.asarray(np.flatnonzero(step > JUMP * size) + 1)


def prepared(videos: Sequence[Path], out: Path, model: Path, opener: Opener | None = None) -> Person:
    """The person of these videos, in `out`; the last tenth of each is held out.

    Raises:
        FileNotFoundError: if a video is not there.
        ValueError: if one cannot be used, or there is too little of them.
    """
    if (out / DONE).exists():
        return read_person(out)
    for video in videos:
        if not video.is_file():
            raise FileNotFoundError(f"{video} is not there")
    if opener is None:
        canonical_face(model)
        opener = functools.partial(MediaPipe, model)
    jobs = [Job(video, out / "tracks" / f"{k:02d}_{video.stem}") for k, video in enumerate(videos)]
    faults = run(jobs, opener)
    if faults:
        raise ValueError(faults[0])
    seconds = sum(looked_over(job.track, job.video) for job in jobs)
    if seconds < SHORTEST_S:
        raise ValueError(
            f"{seconds:.0f} s with a face; at least {SHORTEST_S:.0f} s are needed, and {ENOUGH_S:.0f} s teach well: "
            "film more"
        )
    if seconds < ENOUGH_S:
        print(f"{seconds:.0f} s with a face: it will do for a try; {ENOUGH_S:.0f} s teach well", flush=True)
    return build([Clip(job.video, job.track, audio_beside(job.track), None) for job in jobs], out)
