"""Tracks talking videos for training: `python -m models.data.track VIDEO_OR_FOLDER … -o DATA`.

`-o` is a data folder as the recipes read it: MEAD goes to `mead_motion`, CREMA-D to `cremad_motion`, RAVDESS to
`ravdess_motion`, GRID's speakers to `grid_s1/train`, `grid_s1/val` and so on, any other video to `talk`. What is
tracked already is not tracked again, so that a run that was broken off goes on. A video that cannot be tracked stops
no other; such videos are named at the end, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.data import layouts
from models.data.landmarker import GET_MEDIAPIPE, Landmarker, MediaPipe, canonical_face
from models.data.layouts import VIDEOS, Recording
from models.data.tracking import Job, track

GRID_DELAY_MS = 100.0
"""GRID's pictures come this much later than its sound."""

Opener = Callable[[], AbstractContextManager[Landmarker]]


def alignment_of(video: Path) -> Path | None:
    """GRID's word times for a video: in `align` beside it or above, or in `align/s1`."""
    for up in video.parents[:4]:
        for folder in (up / "align", up / "align" / up.name, up / "align" / video.parent.name):
            path = folder / f"{video.stem}.align"
            if path.is_file():
                return path
    return None


def place_of(recording: Recording, out: Path) -> Path:
    """Where the track of a recording goes, without suffix; one that is there already stays on its side of the split."""
    if recording.corpus != "grid":
        return out / f"{recording.corpus}_motion" / recording.name
    folder = out / f"grid_{recording.person}"
    sides = {"train": "train", "test": "val"}
    for side in sides.values():
        if (folder / side / f"{recording.name}.npz").exists():
            return folder / side / recording.name
    return folder / sides[recording.split] / recording.name


def from_layout(
    folder: Path, out: Path, layout: str, views: tuple[str, ...], delay_ms: float | None
) -> list[Job]:
    """A job for every recording with a video.

    Raises:
        FileNotFoundError: if the folder holds nothing in the layout.
    """
    jobs = []
    for recording in layouts.recordings(folder, layout):
        video = recording.path_video
        if video is None or recording.view not in views:
            continue
        grid = recording.corpus == "grid"
        late_ms = delay_ms if delay_ms is not None else GRID_DELAY_MS if grid else 0.0
        words = alignment_of(video) if grid else None
        jobs.append(Job(video, place_of(recording, out), recording.path_audio, late_ms / 1000, words))
    return jobs


def plain(path: Path, out: Path, delay_ms: float | None) -> list[Job]:
    """A job for a video, or for every video below a folder: `talk/NAME`, the folders between joined by `_`."""
    videos = [path] if path.is_file() else [p for p in layouts.files(path) if p.suffix.lower() in VIDEOS]
    jobs = []
    for video in videos:
        inner = video.relative_to(path if path.is_dir() else path.parent).with_suffix("")
        jobs.append(Job(video, out / "talk" / "_".join(inner.parts), delay_s=(delay_ms or 0.0) / 1000))
    return jobs


def worklist(
    paths: list[Path], out: Path, layout: str, views: tuple[str, ...], delay_ms: float | None
) -> list[Job]:
    """What there is to do.

    Raises:
        FileNotFoundError: if a path is not there, or holds no video or nothing in the layout.
        ValueError: if two videos would make one track.
    """
    jobs: list[Job] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path} is not there")
        found: list[Job] = []
        if path.is_dir():
            try:
                found = from_layout(path, out, layout, views, delay_ms)
            except FileNotFoundError:
                if layout != "auto":
                    raise
            if layout == "auto":  # what no corpus knows is talk
                found += [job for job in plain(path, out, delay_ms) if layouts.meaning(job.video) is None]
        else:
            found = plain(path, out, delay_ms)
        if not found:
            raise FileNotFoundError(
                f"{path} holds no video to track ({' '.join(VIDEOS)}; views {' '.join(views)})"
            )
        jobs += found
    by_target: dict[Path, Path] = {}
    for job in jobs:
        other = by_target.setdefault(job.target, job.video)
        if other != job.video:
            raise ValueError(f"{other} and {job.video} would both become {job.track}: rename one")
    return list({job.target: job for job in jobs}.values())


def fault_of(job: Job, opener: Opener) -> str | None:
    """Does one job; what went wrong with it, in a line."""
    try:
        track(job, opener)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        return told if str(job.video) in told else f"{job.video}: {told}"
    return None


def outcomes(jobs: list[Job], opener: Opener, processes: int) -> Iterator[str | None]:
    """The fault of each job, or None, as it ends; one process is this one."""
    if processes <= 1 or len(jobs) <= 1:
        yield from (fault_of(job, opener) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")  # the same everywhere
    with ProcessPoolExecutor(min(processes, len(jobs)), context) as pool:
        pending: dict[Future[str | None], Job] = {pool.submit(fault_of, job, opener): job for job in jobs}
        try:
            for future in as_completed(pending):
                try:
                    yield future.result()
                except BrokenExecutor:
                    yield f"{pending[future].video}: its process was ended from outside: try fewer --jobs"
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def run(jobs: list[Job], opener: Opener, processes: int = 1, console: Console | None = None) -> list[str]:
    """Does what is not done yet, with a bar; returns what went wrong."""
    console = console or Console(stderr=True)
    left = [job for job in jobs if not job.track.exists()]
    columns = (TextColumn("tracking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    faults: list[str] = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=len(left))
        for fault in outcomes(left, opener, processes):
            progress.advance(bar)
            if fault is not None:
                faults.append(fault)
    there = len(jobs) - len(left)
    print(f"{len(left) - len(faults)} tracked, {there} were there already, {len(faults)} failed")
    return faults


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="VIDEO_OR_FOLDER")
    parser.add_argument("-o", "--out", type=Path, required=True, help="data folder")
    parser.add_argument(
        "--model", type=Path, default=Path("face_landmarker.task"), help="MediaPipe's model file"
    )
    parser.add_argument("--jobs", type=int, default=1, help="videos at the same time")
    parser.add_argument("--layout", choices=(*layouts.KNOWN, "auto"), default="auto")
    parser.add_argument("--views", default="front", help="MEAD's cameras, comma-separated, or all")
    parser.add_argument(
        "--video-delay-ms", type=float, help="how late the pictures come; default: 100 for GRID, else 0"
    )
    return parser


def hush() -> None:
    """What MediaPipe says of its graphs, on the process's own stderr, goes nowhere; Python's still arrives."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def main(argv: list[str] | None = None) -> int:
    """Tracks; the exit code."""
    parser = arguments()
    args = parser.parse_args(argv)
    views = layouts.VIEWS if args.views == "all" else tuple(args.views.split(","))
    if unknown := [view for view in views if view not in layouts.VIEWS]:
        parser.error(f"--views {unknown[0]}: MEAD has {', '.join(layouts.VIEWS)}")
    for library in ("mediapipe", "av"):
        if importlib.util.find_spec(library) is None:
            parser.error(f"{library} is not installed: {GET_MEDIAPIPE}")
    try:
        canonical_face(args.model)
        jobs = worklist(args.paths, args.out, args.layout, views, args.video_delay_ms)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    faults = run(jobs, functools.partial(MediaPipe, args.model), args.jobs)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    hush()
    sys.exit(main())
