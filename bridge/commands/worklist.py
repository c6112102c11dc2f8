"""What a batch has to do: which recordings become which takes, what is there already, what clashes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.takes import TakeError, frames_in

SUFFIXES = (
    ".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".w64", ".wav",
)  # fmt: skip
"""Files of a folder that are taken for recordings; one that is named itself is tried in any case."""


@dataclass(frozen=True)
class Job:
    """One recording and the takes to be made of it."""

    recording: Path
    take: Path
    """The takes' path without their suffix."""

    def output(self, format_: str) -> Path:
        """Where the take of `format_` will lie."""
        return self.take.with_name(f"{self.take.name}.{format_}")


@dataclass
class Worklist:
    """The jobs of a batch, sorted into what is to be done and what is not."""

    todo: list[Job] = field(default_factory=list)
    done: list[Job] = field(default_factory=list)
    """Left as they are: whole, and newer than their recording."""
    refused: list[tuple[Path, str]] = field(default_factory=list)
    """Recordings that cannot be done, with the reason."""


def worklist(paths: Sequence[Path], out: Path, formats: Sequence[str], *, force: bool = False) -> Worklist:
    """Sorts recordings and folders of them; `force` makes everything to be done."""
    work = Worklist()
    taken: dict[str, Path] = {}
    for path in paths:
        unread: list[tuple[Path, str]] = []
        found = list(_found(path, unread))
        work.refused += unread
        if not found and not unread:
            work.refused.append((path, f"holds no recording; those end in {' '.join(SUFFIXES)}"))
        for recording, place in found:
            job = Job(recording, out / place.parent / place.stem)
            # some file systems do not tell a.npz from A.npz
            key = str(job.take.absolute()).casefold()
            other = taken.setdefault(key, recording)
            if other is not recording:
                if not _same(other, recording):
                    reason = (
                        f"would overwrite the take of {other}: rename one, or bake it into another folder"
                    )
                    work.refused.append((recording, reason))
            elif not force and _is_done(job, formats):
                work.done.append(job)
            else:
                work.todo.append(job)
    return work


def _found(path: Path, unread: list[tuple[Path, str]]) -> Iterator[tuple[Path, Path]]:
    """(recording, its place below `out`) of a file or of everything in a folder, in a stable order.

    Folders that cannot be read are added to `unread`, each with the reason.
    """

    def note(error: OSError) -> None:
        unread.append((Path(error.filename or path), error.strerror or str(error)))

    if not path.is_dir():
        yield path, Path(path.name)
        return
    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            # hidden files: macOS leaves ._x.wav beside x.wav on foreign disks
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                recording = Path(folder) / name
                yield recording, recording.relative_to(path)


def _same(one: Path, other: Path) -> bool:
    """Whether one recording was named twice."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def _is_done(job: Job, formats: Sequence[str]) -> bool:
    try:
        heard_ns = job.recording.stat().st_mtime_ns
        outputs = [(job.output(format_), format_) for format_ in formats]
        return all(
            path.stat().st_mtime_ns >= heard_ns and frames_in(path, format_) > 0 for path, format_ in outputs
        )
    except (OSError, TakeError):
        return False
