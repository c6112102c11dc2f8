"""What was baked already, from which sound and how: a line of JSON a take, in one file beside the takes.

A take is added after it lies in its place, so a batch that is killed at any moment has lost no more than what it was
at. A line that is cut short is no line. Among lines of one take the last counts; they are gathered when it is opened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from bridge.batch.findings import Findings
from bridge.takes.draft import Draft

NAME = "facecue-bake.jsonl"
VERSION = 1
"""Of the lines; those of another version are forgotten, and their takes baked again."""


@dataclass(frozen=True)
class Entry:
    """A take that is whole."""

    take: str
    """Path below the folder of takes, without suffix, with slashes."""
    sound: str
    """SHA-256 of the recording's file."""
    settings: str
    """Digest of everything that shaped the take."""
    sizes: Mapping[str, int]
    """Bytes of each of its files, by their suffix."""
    findings: Findings


class Ledger:
    """The entries of a folder of takes; also a context that keeps its file open for more.

    Raises:
        OSError: if the file is there and cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.entries: dict[str, Entry] = {}
        """By `Entry.take`."""
        self._file: IO[bytes] | None = None
        data = self.path.read_bytes() if self.path.exists() else b""
        lines = data.splitlines()
        for line in lines:
            entry = _entry(line)
            if entry is not None:
                self.entries[entry.take] = entry
        self._untidy = len(lines) != len(self.entries) or not data.endswith(b"\n")

    def __enter__(self) -> Ledger:
        """The ledger itself; its file is opened by the first take."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, entry: Entry) -> None:
        """Writes down a take that lies in its place.

        Raises:
            OSError: if it cannot be written.
        """
        if self._file is None:
            self._file = self._opened()
        self._file.write(_line(entry))
        self._file.flush()  # to the system: what kills us later does not take it back
        self.entries[entry.take] = entry

    def _opened(self) -> IO[bytes]:
        """The file to write on in; what is doubled or torn is gathered before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._untidy:
            draft = Draft(self.path)
            try:
                for entry in self.entries.values():
                    draft.file.write(_line(entry))
            except BaseException:
                draft.discard()
                raise
            draft.keep()
            self._untidy = False
        return self.path.open("ab")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: if it cannot be read.
    """
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            sha.update(piece)
    return sha.hexdigest()


def _line(entry: Entry) -> bytes:
    """One line of ASCII that ends with a line feed, which is also how a whole one is told from a torn one."""
    return json.dumps({"v": VERSION, **asdict(entry)}, separators=(",", ":")).encode() + b"\n"


def _entry(line: bytes) -> Entry | None:
    """What a line says, or None if it is torn, or of another version."""
    try:
        row: dict[str, Any] = json.loads(line)
        if row.pop("v") != VERSION or set(row) != {f.name for f in fields(Entry)}:
            return None
        found = row.pop("findings")
        return Entry(**row, findings=Findings(**{**found, "warnings": tuple(found["warnings"])}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
