"""Where a batch is baked: one baker, or several processes with a baker each."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Any

from bridge.assembly import assemble
from bridge.commands.complaint import complaint
from bridge.commands.worklist import Job
from bridge.config import BakeConfig
from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.pipeline import CuePredictor, run
from bridge.sources import open_source
from bridge.takes import open_take

FAULTS = (ValueError, OSError, RuntimeError, MemoryError)
"""What one recording may fail with while the others go on."""


@dataclass(frozen=True)
class Recipe:
    """How everything of a batch is baked."""

    config: BakeConfig
    formats: tuple[str, ...]


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

    def __init__(self, recipe: Recipe, *, predictor: CuePredictor | None = None, stop: Any = None) -> None:
        self._formats = recipe.formats
        self._stop = Event() if stop is None else stop
        self._pipeline = assemble(recipe.config, predictor=predictor).pipeline

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
        source = open_source(f"file://{job.recording}", realtime=False)
        count = 0
        with ExitStack() as stack:
            stack.callback(source.close)
            takes = [
                stack.enter_context(open_take(job.output(format_), format_)) for format_ in self._formats
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


def bake_all(recipe: Recipe, jobs: Sequence[Job], processes: int) -> Iterator[Baked]:
    """Bakes jobs in any order and tells of each as it ends.

    Raises:
        ValueError: if the network cannot be used.
    """
    if processes <= 1:
        yield from map(Baker(recipe), jobs)
        return
    context = multiprocessing.get_context("spawn")  # the same everywhere, and no lock is copied in mid-air
    stop = context.Event()
    with ProcessPoolExecutor(processes, context, _open_bakery, (recipe, stop)) as pool:
        try:
            pending: dict[Future[Baked], Job] = {pool.submit(_bake, job): job for job in jobs}
            for future in as_completed(pending):
                try:
                    yield future.result()
                except BrokenExecutor:
                    yield Baked(pending[future], fault="its process was ended from outside: try fewer --jobs")
        except BaseException:  # Ctrl-C, or the caller has gone: no job is begun any more
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


_baker: Baker | None = None
"""Of a process of the pool."""


def _open_bakery(recipe: Recipe, stop: Any) -> None:
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
