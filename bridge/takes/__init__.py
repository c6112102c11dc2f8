"""Takes: what a performance leaves on disk. One file a format, each opened by name with `open_take`.

A take is fed frame by frame and appears under its name only when it is complete: it is written
beside and renamed. Leaving the `with` block by an error discards it.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol

from bridge.frames import Floats, RigFrame

FORMATS = ("npz", "csv")
"""Formats that `open_take` knows; each is also the suffix of its files."""


class TakeError(ValueError):
    """A format that nobody here writes, or a take on disk that is not whole."""


class Take(Protocol):
    """A writer of one format."""

    path: Path
    """Where the take will be."""

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""

    def finish(self) -> None:
        """Writes all that is left to write; `close` then only renames.

        Several takes of one performance are finished one by one and closed together: all or none.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """

    def close(self) -> None:
        """Completes the take, finishing it if need be: only now does `path` exist.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """

    def discard(self) -> None:
        """Forgets the take and removes what was written of it."""

    def __enter__(self) -> Take:
        """The take itself; `close` on a good end, `discard` on an error."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes or discards."""


def formats_of(text: str) -> tuple[str, ...]:
    """The formats of a list such as "npz,csv", each once.

    Raises:
        TakeError: if one is unknown, or none is named.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise TakeError(f"no format is named; choose from {', '.join(FORMATS)}")
    return tuple(_known(name) for name in names)


def _known(format_: str) -> str:
    if format_ not in FORMATS:
        raise TakeError(f"format {format_!r} is not one of those that can be written: {', '.join(FORMATS)}")
    return format_


def open_take(path: Path, format_: str, *, neutral: Floats | None = None) -> Take:
    """A take of `format_` that will lie at `path`; its folder is made.

    Args:
        path: where the take will be; an older one there is replaced on `close`.
        format_: one of `FORMATS`.
        neutral: (68, 3) cm, the resting face the landmarks are relative to; ours by default.

    Raises:
        TakeError: if the format is unknown.
        OSError: if the folder cannot be made or written to.
    """
    if _known(format_) == "csv":
        from bridge.takes.csv import CsvTake

        return CsvTake(path)
    from bridge.takes.npz import NpzTake

    return NpzTake(path, neutral=neutral)


def frames_in(path: Path, format_: str) -> int:
    """Number of frames of a complete take on disk.

    Raises:
        TakeError: if it is cut short or no take at all.
        OSError: if it cannot be read.
    """
    if _known(format_) == "csv":
        from bridge.takes.csv import frames_in_csv

        return frames_in_csv(path)
    from bridge.takes.npz import frames_in_npz

    return frames_in_npz(path)
