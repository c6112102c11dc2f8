"""What a batch has to do: which recordings become which takes, what is there already, what clashes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from bridge.batch.ledger import Ledger, digest
from bridge.batch.manifest import Manifest, Row
from bridge.commands.recipe import Recipe
from bridge.controls import DirectionConfig

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
    name: str
    """The same below the folder of takes, with slashes: what the ledger knows it by."""
    direction: DirectionConfig
    rig: str | None = None
    """A table whose curves are wanted too."""
    settings: str = ""
    """Digest of all that shapes the take, the recording aside."""
    actor: str = ""
    line: int | None = None
    """Its line in the manifest."""

    def output(self, suffix: str) -> Path:
        """Where the take with this suffix will lie."""
        return self.take.with_name(f"{self.take.name}.{suffix}")

    def suffixes(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Of all its takes; a rig's is RIG.csv, after the others."""
        return (*formats, *(() if self.rig is None else (f"{Path(self.rig).stem}.csv",)))


@dataclass
class Worklist:
    """The jobs of a batch, sorted into what is to be done and what is not."""

    todo: list[Job] = field(default_factory=list)
    done: list[Job] = field(default_factory=list)
    """Left as they are: made as they would be made now, from the same sound."""
    refused: list[tuple[Path, str]] = field(default_factory=list)
    """Recordings that cannot be done, with the reason."""


def worklist(
    paths: Sequence[Path],
    out: Path,
    recipe: Recipe,
    ledger: Ledger,
    *,
    manifest: Manifest | None = None,
    force: bool = False,
    awaited: bool = False,
) -> Worklist:
    """Sorts recordings and folders of them, or what a manifest names of them.

    `force` makes everything to be done; with `awaited` it is no mistake that something is not there yet.

    Raises:
        RigError: if the rig of the recipe, or of a line, cannot be used.
        OSError: if the network cannot be read.
    """
    work = Worklist()
    taken: dict[str, Path] = {}
    found = _listed(paths, work, awaited) if manifest is None else _rows(paths, manifest, work, awaited)
    for recording, place, row in found:
        job = _job(recording, place, row, out, recipe)
        # some file systems do not tell a.npz from A.npz
        keys = [str(job.output(s).absolute()).casefold() for s in job.suffixes(recipe.formats)]
        other = next((taken[key] for key in keys if key in taken), None)
        if other is not None:
            if not _same(other, recording) or row is not None:
                reason = f"would overwrite the take of {other}: rename one, or bake it into another folder"
                work.refused.append((recording, reason))
            continue
        taken |= dict.fromkeys(keys, recording)
        if not force and is_done(job, recipe.formats, ledger):
            work.done.append(job)
        else:
            work.todo.append(job)
    return work


def _job(recording: Path, place: Path, row: Row | None, out: Path, recipe: Recipe) -> Job:
    take = place.parent / place.stem
    row = Row(0, "") if row is None else row
    direction = replace(recipe.config.direction, **row.direction)
    rig = row.rig if row.rig is not None else recipe.rig
    settings = _settings(recipe, direction, rig)
    return Job(
        recording, out / take, take.as_posix(), direction, rig, settings, row.actor, row.number or None
    )


@cache
def _settings(recipe: Recipe, direction: DirectionConfig, rig: str | None) -> str:
    return recipe.settings(direction, rig)


def _listed(paths: Sequence[Path], work: Worklist, awaited: bool) -> Iterator[tuple[Path, Path, Row | None]]:
    """(recording, its place below `out`, its line) of all that is named."""
    for path in paths:
        unread: list[tuple[Path, str]] = []
        found = list(_found(path, unread))
        work.refused += unread
        if not found and not unread and not awaited:
            work.refused.append((path, f"holds no recording; those end in {' '.join(SUFFIXES)}"))
        for recording, place in found:
            yield recording, place, None


def _rows(
    paths: Sequence[Path], manifest: Manifest, work: Worklist, awaited: bool
) -> Iterator[tuple[Path, Path, Row | None]]:
    """As `_listed`, of the lines of a manifest: looked for in the folders that are named, then beside it."""
    work.refused += [(manifest.path, fault) for fault in manifest.faults]
    folders = [path for path in paths if path.is_dir()] + [manifest.path.parent]
    named = {path.name: path for path in paths if not path.is_dir()}
    for row in manifest.rows:
        recording = next((folder / row.file for folder in folders if (folder / row.file).is_file()), None)
        if recording is None:
            recording = named.get(row.file)
        if recording is None and awaited:
            continue
        if recording is None:
            wanted = folders[0] / row.file
            reason = (
                f"{manifest.path}:{row.number}: {wanted} does not exist; check the name, or name its folder"
            )
            work.refused.append((wanted, reason))
            continue
        place = Path(row.file)
        # what leads out of the folder is not followed into the folder of takes
        inside = not place.is_absolute() and ".." not in place.parts
        yield recording, place if inside else Path(place.name), row


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


def is_done(job: Job, formats: Sequence[str], ledger: Ledger) -> bool:
    """Whether the takes on disk are those that were made of this sound in this way."""
    entry = ledger.entries.get(job.name)
    if entry is None or entry.settings != job.settings:
        return False
    try:
        return all(
            job.output(suffix).stat().st_size == entry.sizes.get(suffix) for suffix in job.suffixes(formats)
        ) and entry.sound == digest(job.recording)
    except OSError:
        return False
