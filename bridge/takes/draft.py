"""A file on its way: written beside its final name, renamed when complete, removed when not.

Whoever lists the folder sees a whole file or none, also after a full disk or a crash. `DraftedTake` is what
takes of one file have in common.
"""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO

from bridge.frames import RigFrame


class Draft:
    """A binary file that becomes `path` on `keep` and nothing on `discard`."""

    def __init__(self, path: Path) -> None:
        """Opens the draft; missing folders are made.

        Raises:
            OSError: if the folder cannot be made or written to.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # the process id keeps two bakes into one folder from writing the same draft
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        self.file: IO[bytes] = self._draft.open("wb")

    def finish(self) -> None:
        """Closes the draft where it is: all of it is written now.

        Raises:
            OSError: if the last bytes cannot be written; the draft is removed then.
        """
        try:
            self.file.close()  # the buffer is flushed here: a full disk may show only now
        except OSError:
            self.discard()
            raise

    def keep(self) -> None:
        """Puts the draft in its place, over an older file, finishing it if need be.

        Raises:
            OSError: if the last bytes or the renaming fail; the draft is removed then.
        """
        self.finish()
        try:
            self._draft.replace(self.path)
        except OSError:
            self.discard()
            raise

    def discard(self) -> None:
        """Closes and removes the draft; harmless after `keep` and when repeated."""
        # closing flushes: on a full disk it fails once more, and the file is going anyway
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._draft.unlink(missing_ok=True)


class DraftedTake(ABC):
    """A take that is one file: on its way until it is closed, gone if it is left by an error.

    Raises:
        OSError: if the folder cannot be made or written to, at once and not after the work.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = Draft(path)

    @abstractmethod
    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""

    def _write(self, data: bytes) -> None:
        """Into the draft, which is removed if that fails."""
        try:
            self._draft.file.write(data)
        except OSError:
            self._draft.discard()
            raise

    def _line(self, text: str) -> None:
        self._write(text.encode("utf-8") + b"\n")

    def finish(self) -> None:
        """Writes what is left to write; `close` then only renames.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        self._draft.finish()

    def close(self) -> None:
        """Completes the take, finishing it if need be.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        self.finish()
        self._draft.keep()

    def discard(self) -> None:
        """Forgets the take and removes what was written of it."""
        self._draft.discard()

    def __enter__(self) -> DraftedTake:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class GatheredTake(DraftedTake):
    """A take whose file can be written only when its last frame is known."""

    @abstractmethod
    def _whole(self) -> bytes:
        """The file, of all frames that were added."""

    def finish(self) -> None:
        """Writes the take; `close` then only renames it.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        if not self._draft.file.closed:
            self._write(self._whole())
            self._draft.finish()
