"""A batch from beginning to end: looked through, baked, written down take by take, told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from bridge.batch.ledger import Ledger
from bridge.batch.manifest import Manifest
from bridge.batch.report import NAME, Line, write_report
from bridge.commands.baker import Baked
from bridge.commands.bakery import bake_all, sweep
from bridge.commands.recipe import Recipe
from bridge.commands.watching import appearing
from bridge.commands.worklist import Job, Worklist, is_done, worklist

REPORT_S = 20.0
"""While folders are watched the report is written anew this often, at the most."""

Show = Callable[[Baked, int], None]
"""Is told what became of a job, and of how many it was one."""


@dataclass
class Batch:
    """Recordings, what is to be made of them, and how far it is."""

    paths: Sequence[Path]
    out: Path
    recipe: Recipe
    ledger: Ledger
    manifest: Manifest | None = None
    force: bool = False
    work: Worklist = field(default_factory=Worklist)
    baked: int = 0
    speech_s: float = 0.0
    """Seconds of sound that were baked."""
    took_s: float = 0.0
    report: Path | None = None
    """The report, once it is written."""
    reported: int = 0
    warned: int = 0
    _failed: dict[str, tuple[Path, str]] = field(default_factory=dict)

    @property
    def looked(self) -> bool:
        """Whether anything was found that a report could tell of."""
        return bool(self.work.todo or self.work.done or self.work.refused)

    @property
    def faults(self) -> list[tuple[Path, str]]:
        """Recordings that could not be baked, each with the reason."""
        return [*self.work.refused, *self._failed.values()]

    def look(self) -> None:
        """Finds out what is to be done.

        Raises:
            ValueError: if the network or a rig cannot be used.
            OSError: if one of them cannot be read.
        """
        self.work = worklist(
            self.paths, self.out, self.recipe, self.ledger, manifest=self.manifest, force=self.force
        )

    def bake(self, processes: int, stop: Event, show: Show) -> None:
        """Bakes what is to be done.

        Raises:
            ValueError: if the network cannot be used.
            KeyboardInterrupt: if `stop` was set.
            OSError: if what was baked cannot be written down.
        """
        if self.work.todo:
            sweep(self.work.todo)
            self._bake(self.work.todo, processes, stop, show)

    def watch(self, processes: int, stop: Event, show: Show, *, report: bool) -> None:
        """Bakes what appears, until `stop` is set, which is no error here.

        Raises:
            ValueError: as `bake`.
            OSError: as `bake`.
        """

        def listed() -> Worklist:
            now = worklist(
                self.paths, self.out, self.recipe, self.ledger,
                manifest=self.manifest, force=True, awaited=True,
            )  # fmt: skip
            self.work.todo, self.work.refused = now.todo, now.refused
            return now

        def done(job: Job) -> bool:
            there = not self.force and is_done(job, self.recipe.formats, self.ledger)
            if there:
                self.work.done.append(job)
            return there

        try:
            self._bake(appearing(listed, done), processes, stop, show, report=report)
        except KeyboardInterrupt:
            return

    def _bake(
        self, jobs: Iterable[Job | None], processes: int, stop: Event, show: Show, *, report: bool = False
    ) -> None:
        began, written, count = time.perf_counter(), -REPORT_S, -1
        with self.ledger as ledger:
            try:
                for result in bake_all(self.recipe, jobs, processes, stop):
                    if result is not None:
                        self._failed.pop(result.job.name, None)
                        if result.entry is not None:
                            ledger.add(result.entry)
                            self.baked += 1
                            self.speech_s += result.entry.findings.seconds
                        else:
                            self._failed[result.job.name] = (result.job.recording, result.fault or "failed")
                        show(result, len(self.work.todo))
                    self.took_s = time.perf_counter() - began
                    if report and count != self.baked and self.took_s - written > REPORT_S:
                        self.write_report()
                        written, count = self.took_s, self.baked
            finally:
                self.took_s = time.perf_counter() - began

    def write_report(self) -> None:
        """Writes what is known of every line beside the takes.

        Raises:
            OSError: if it cannot be written.
        """
        title = str(self.paths[0]) if self.manifest is None else self.manifest.path.name
        self.warned = 0
        self.reported = write_report(self.out / NAME, title, self._lines())
        self.report = self.out / NAME

    def _lines(self) -> Iterable[Line]:
        jobs = {job.name: job for job in (*self.work.done, *self.work.todo)}
        for job in sorted(jobs.values(), key=lambda job: (job.line or 0, job.name)):
            entry = self.ledger.entries.get(job.name)
            if entry is not None and entry.settings != job.settings:
                entry = None  # of a take that is to be made anew
            fault = self._failed.get(job.name, (job.recording, "" if entry else "not baked yet"))[1]
            findings = None if entry is None or fault else entry.findings
            self.warned += bool(findings and findings.warnings)
            emotion, rig = job.direction.emotion, job.rig or ""
            asked = " · ".join(filter(None, ("" if emotion == "auto" else f"asked: {emotion}", rig)))
            yield Line(job.name, job.recording, job.actor, job.line, asked, findings, fault)
        for path, reason in self.work.refused:
            yield Line(path.name, path, fault=reason)
