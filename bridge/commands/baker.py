"""One baker: a pipeline that turns recordings into takes, one after another."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

from bridge.assembly import assemble
from bridge.batch.findings import Examiner
from bridge.batch.ledger import Entry, digest
from bridge.commands.complaint import complaint
from bridge.commands.recipe import Recipe
from bridge.commands.worklist import Job
from bridge.controls import AUTO
from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.pipeline import run
from bridge.takes import Take, open_take

FAULTS = (ValueError, OSError, RuntimeError, MemoryError)
"""What one recording may fail with while the others go on."""


@dataclass(frozen=True)
class Baked:
    """What became of a job."""

    job: Job
    entry: Entry | None = None
    """What the ledger is to know of it; None if it failed."""
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
        """Bakes all takes of a job: all of them or none.

        Raises:
            KeyboardInterrupt: if the batch was stopped meanwhile.
        """
        try:
            return Baked(job, entry=self._entry(job))
        except FAULTS as error:
            return Baked(job, fault=complaint(error))

    def _entry(self, job: Job) -> Entry:
        from bridge.sources.file import FileSource

        if self._stop.is_set():
            raise KeyboardInterrupt
        source = FileSource(str(job.recording), realtime=False)
        # before the sound is read: of a recording that changes meanwhile this is no digest, and it is baked again
        sound = digest(source.path)
        examiner = Examiner(directed=job.direction.emotion != AUTO)
        suffixes = job.suffixes(self._formats)
        with ExitStack() as stack:
            stack.callback(source.close)
            takes = [stack.enter_context(self._take(job, suffix)) for suffix in suffixes]

            def record(frame: RigFrame) -> None:
                examiner.see(frame)
                for take in takes:
                    take.add(frame)

            self._pipeline.direction.configure(job.direction)
            self._pipeline.reset()
            run(
                source,
                self._pipeline,
                (),
                stop=self._stop,
                on_frame=record,
                monitor=lambda block: examiner.hear(block.samples),
            )
            if self._stop.is_set():
                raise KeyboardInterrupt
            findings = examiner.findings(source.clipped)
            for take in takes:
                take.finish()  # each may meet a full disk: before the first is put in its place
        sizes = {suffix: job.output(suffix).stat().st_size for suffix in suffixes}
        return Entry(job.name, sound, job.settings, sizes, findings)

    def _take(self, job: Job, suffix: str) -> Take:
        path = job.output(suffix)
        if suffix in self._formats:
            return open_take(path, suffix, rate_hz=self._fps, sound=job.recording.name)
        from bridge.rigs import load_rig
        from bridge.takes.curves import CurvesTake
        from bridge.takes.rated import RatedTake

        curves = CurvesTake(path, load_rig(str(job.rig)))
        return curves if self._fps == CUE_RATE_HZ else RatedTake(curves, self._fps)
