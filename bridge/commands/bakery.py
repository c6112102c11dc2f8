"""Where a batch is baked: one baker, or several processes with a baker each."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any

from bridge.assembly import assemble
from bridge.commands.complaint import complaint
from bridge.commands.worklist import Job
from bridge.config import BakeConfig
from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.pipeline import run
from bridge.sources import open_source
from bridge.takes import open_take

FAULTS = (ValueError, OSError, RuntimeError, MemoryError)
"""What one recording may fail with while the others go on."""
POLL_S = 0.1
"""How often a batch looks whether it is to stop."""


@dataclass(frozen=True)
class Recipe:
    """How everything of a batch is baked."""

    config: BakeConfig
    formats: tuple[str, ...]
    fps: int = CUE_RATE_HZ
    """Frames a second of the takes."""


@dataclass(frozen=True)
class Baked:
    """What became of a job."""

    job: Job
    speech_s: float = 0.0
    """Length of what was baked."""
    fault: str | None = None
    """Why it failed, in one line; None if it did not."""


class Baker:
    """A pipeline that bakes one recording after another.

    Raises:
        ValueError: if the network cannot be used.
    """

    def __init__(self, recipe: Recipe, *, stop: Event) -> None:
        self._formats = recipe.formats
        self._fps = recipe.fps
        self._stop = stop
        self._pipeline = assemble(recipe.config).pipeline

    def __call__(self, job: Job) -> Baked:
        """Bakes all formats of a job: all of them or none.

        Raises:
            KeyboardInterrupt: if the batch was stopped meanwhile.
        """
        try:
            return Baked(job, speech_s=self._frames(job) / CUE_RATE_HZ)
        except FAULTS as error:
            return Baked(job, fault=complaint(error))

    def _frames(self, job: Job) -> int:
        if self._stop.is_set():
            raise KeyboardInterrupt
        source = open_source(f"file://{job.recording}", realtime=False)
        count = 0
        with ExitStack() as stack:
            stack.callback(source.close)
            takes = [
                stack.enter_context(
                    open_take(job.output(format_), format_, rate_hz=self._fps, sound=job.recording.name)
                )
                for format_ in self._formats
            ]

            def record(frame: RigFrame) -> None:
                nonlocal count
                count += 1
                for take in takes:
                    take.add(frame)

            self._pipeline.reset()
            run(source, self._pipeline, (), stop=self._stop, on_frame=record)
            if self._stop.is_set():
                raise KeyboardInterrupt
            for take in takes:
                take.finish()  # each may meet a full disk: before the first is put in its place
        return count


def bake_all(recipe: Recipe, jobs: Sequence[Job], processes: int, stop: Event) -> Iterator[Baked]:
    """Bakes jobs in any order and tells of each as it ends.

    Args:
        recipe: how.
        jobs: what.
        processes: how many bake at the same time; one is this one.
        stop: set it to break off; a take that is being made is discarded.

    Raises:
        ValueError: if the network cannot be used.
        KeyboardInterrupt: if `stop` was set.
    """
    if processes <= 1:
        baker = Baker(recipe, stop=stop)
        for job in jobs:
            yield baker(job)
        return
    assemble(recipe.config)  # what every process would fail with is said once, here
    context = multiprocessing.get_context("spawn")  # the same everywhere, and no lock is copied in mid-air
    halt = context.Event()
    with ProcessPoolExecutor(processes, context, _open_bakery, (recipe, halt)) as pool:
        try:
            pending: dict[Future[Baked], Job] = {pool.submit(_bake, job): job for job in jobs}
            while pending:
                done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    yield _outcome(future, pending.pop(future))
                if stop.is_set():
                    raise KeyboardInterrupt
        finally:  # also when the caller has gone: no job is begun any more
            if pending:
                halt.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future: Future[Baked], job: Job) -> Baked:
    try:
        return future.result()
    except BrokenExecutor:
        return Baked(job, fault="its process was ended from outside: try fewer --jobs")


_baker: Baker | None = None
"""Of a process of the pool."""


def _open_bakery(recipe: Recipe, stop: Any) -> None:
    """Begins a process; `stop` is an event of multiprocessing, which has the methods of a thread's."""
    global _baker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the first one sets `stop`
    _baker = Baker(recipe, stop=stop)


def _bake(job: Job) -> Baked:
    if _baker is None:
        raise RuntimeError("this process was not opened as a bakery")
    try:
        return _baker(job)
    except KeyboardInterrupt:
        return Baked(job, fault="interrupted")
