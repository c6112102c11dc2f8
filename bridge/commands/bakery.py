"""Where a batch is baked: one baker, or several processes with a baker each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from glob import escape as glob_escape
from multiprocessing.connection import wait as wait_for
from threading import Event
from typing import Any

from bridge.assembly import assemble
from bridge.commands.baker import Baked, Baker
from bridge.commands.recipe import Recipe
from bridge.commands.worklist import Job

POLL_S = 0.1
"""How often a batch looks whether it is to stop."""
IN_HAND = 4
"""Jobs of each process that are given out at a time."""
STALE_S = 600.0
"""A draft that nobody has written to for so long is nobody's."""


def bake_all(
    recipe: Recipe, jobs: Iterable[Job | None], processes: int, stop: Event
) -> Iterator[Baked | None]:
    """Bakes jobs in any order and tells of each as it ends.

    A job that ends its process is tried once more, alone: it may have been another's fault.

    Args:
        recipe: how.
        jobs: what; None among them says that there is nothing just now, and is asked again soon.
        processes: how many bake at the same time; one is this one.
        stop: set it to break off; a take that is being made is discarded.

    Returns:
        What became of each; None where there was nothing to do for `POLL_S`.

    Raises:
        ValueError: if the network cannot be used.
        KeyboardInterrupt: if `stop` was set.
    """
    if processes <= 1:
        baker = Baker(recipe, stop=stop)
        for job in jobs:
            if job is not None:
                yield baker(job)
                continue
            yield None
            if stop.wait(POLL_S):
                raise KeyboardInterrupt
        return
    assemble(recipe.config)  # what every process would fail with is said once, here
    waiting = iter(jobs)
    suspects: deque[Job] = deque((yield from _pooled(recipe, waiting, processes, stop)))
    while suspects:
        while suspects:
            job = suspects.popleft()
            _sweep(job, recipe)
            for _ in (yield from _pooled(recipe, iter([job]), 1, stop)):
                _sweep(job, recipe)
                yield Baked(job, fault="its process was ended from outside, twice: is there enough memory?")
        suspects.extend((yield from _pooled(recipe, waiting, processes, stop)))


def _pooled(
    recipe: Recipe, jobs: Iterator[Job | None], processes: int, stop: Event
) -> Generator[Baked | None, None, list[Job]]:
    """Bakes with one pool until there are no more jobs or a process is lost; returns jobs that were in hand then."""
    context = multiprocessing.get_context("spawn")  # the same everywhere, and no lock is copied in mid-air
    halt = context.Event()
    pending: dict[Future[Baked], Job] = {}
    job = next(jobs, _END)
    if job is _END:
        return []
    with ProcessPoolExecutor(processes, context, _open_bakery, (recipe, halt)) as pool:
        try:
            while job is not _END or pending:
                while isinstance(job, Job) and len(pending) < processes * IN_HAND:
                    try:
                        pending[pool.submit(_bake, job)] = job
                    except BrokenExecutor:
                        return _taken(pending, job)
                    job = next(jobs, _END)
                if pending:
                    done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
                    lost = {future for future in done if isinstance(future.exception(), BrokenExecutor)}
                    for future in done - lost:
                        yield future.result()
                        del pending[future]
                    if lost:
                        return _taken(pending, job)
                else:
                    yield None
                    stop.wait(POLL_S)
                if stop.is_set():
                    raise KeyboardInterrupt
                if job is None:
                    job = next(jobs, _END)
            return []
        finally:  # also when the caller has gone: no job is begun any more
            if pending:
                halt.set()
            pool.shutdown(wait=True, cancel_futures=True)


_END: Any = object()
"""After the last job."""


def _taken(pending: dict[Future[Baked], Job], job: Job | None) -> list[Job]:
    """What a lost process leaves to be done: all that were given out, and the one that was to be."""
    lost = list(pending.values())
    pending.clear()
    return [*lost, *([job] if isinstance(job, Job) else [])]


def _sweep(job: Job, recipe: Recipe) -> None:
    """Removes what a lost process had begun to write of a job."""
    for suffix in job.suffixes(recipe.formats):
        path = job.output(suffix)
        for draft in path.parent.glob(f".{glob_escape(path.name)}.*.part"):
            draft.unlink(missing_ok=True)


def sweep(jobs: Iterable[Job]) -> None:
    """Removes what batches that were killed had begun to write where these jobs' takes will lie.

    Drafts that may still be written to are left alone.
    """
    for folder in {job.take.parent for job in jobs}:
        drafts = list(folder.glob(".*.part"))
        if not drafts:
            continue
        with suppress(OSError), tempfile.TemporaryFile(dir=folder) as now:  # by the clock of that disk
            now_s = os.fstat(now.fileno()).st_mtime
            for draft in drafts:
                if now_s - draft.stat().st_mtime > STALE_S:
                    draft.unlink()


_baker: Baker | None = None
"""Of a process of the pool."""


def _open_bakery(recipe: Recipe, stop: Any) -> None:
    """Begins a process; `stop` is an event of multiprocessing, which has the methods of a thread's."""
    global _baker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the first one sets `stop`
    threading.Thread(target=_leave_with_parent, name="facecue-parent", daemon=True).start()
    _baker = Baker(recipe, stop=stop)


def _leave_with_parent() -> None:
    """Ends this process when the first one was killed: nobody would take what it bakes, nor ever end it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _bake(job: Job) -> Baked:
    if _baker is None:
        raise RuntimeError("this process was not opened as a bakery")
    try:
        return _baker(job)
    except KeyboardInterrupt:
        return Baked(job, fault="interrupted")
