"""The list of a batch's lines: a table with a row for each recording, as spreadsheets save it (CSV).

    file;actor;emotion;intensity;style;rig
    act1/door_001.wav;Anna;angry;1,2;speaker;vrm1

Columns are known by their names, in any order and any case; only `file` must be there, and an empty cell is what the
rest of the command says. Cells are parted by commas, or by semicolons, and then 1,2 is a number. UTF-8, with a mark or
without one. What is wrong with the table as a whole is raised; what is wrong with a row is kept beside its number.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

COLUMNS = ("file", "actor", "emotion", "intensity", "style", "rig")
CONTROLS = ("emotion", "intensity", "style")
"""Columns that direct the face."""
DELIMITERS = ",;\t"
LARGEST_FILE = 64 << 20


class ManifestError(ValueError):
    """A table that cannot be used; one line: where, the fact and the way out."""


@dataclass(frozen=True)
class Row:
    """A line of a table."""

    number: int
    """Of the line in the file, 1 = the first."""
    file: str
    """As it is written, with slashes."""
    actor: str = ""
    direction: Mapping[str, Any] = field(default_factory=dict)
    """Controls it asks for, checked."""
    rig: str | None = None


@dataclass
class Manifest:
    """A table that was read."""

    path: Path
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What is wrong with rows that are not among `rows`, each with file and line number."""


def read_manifest(path: Path) -> Manifest:
    """Reads a table.

    Raises:
        ManifestError: if it is no table, or has a column that nobody knows.
        OSError: if it cannot be read.
    """
    reader, known = _opened(path)
    manifest = Manifest(path)
    seen: dict[str, int] = {}
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise ManifestError(f"{path}:{number}: {error}; save it as CSV again") from error
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = _row(number, cells, known, comma=reader.dialect.delimiter != ",")
        except ValueError as error:
            manifest.faults.append(f"{path}:{number}: {error}")
            continue
        before = seen.setdefault(row.file.casefold(), number)
        if before == number:
            manifest.rows.append(row)
        else:
            manifest.faults.append(
                f"{path}:{number}: {row.file} stands at line {before} already; keep one of them"
            )
    if not manifest.rows and not manifest.faults:
        raise ManifestError(f"{path} has no line below its columns")
    return manifest


def _opened(path: Path) -> tuple[Any, list[str]]:
    """A reader of the rows, and the names of the columns."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ManifestError(f"{path} is larger than {LARGEST_FILE >> 20} MB: that is no list of lines")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{path}:{number}: not UTF-8; save it as “CSV UTF-8”") from error
    if "\0" in text:
        raise ManifestError(f"{path} is no text; save the table as “CSV UTF-8”")
    lines = text.splitlines(keepends=True)
    head = lines[0] if lines else ""
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        known = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise ManifestError(f"{path}:1: {error}; save it as CSV again") from error
    while known and not known[-1]:  # spreadsheets leave empty columns at the end
        known.pop()
    unknown = [name for name in known if name not in COLUMNS]
    if unknown:
        wrong = ", ".join(repr(name) for name in unknown)
        raise ManifestError(f"{path}:1: unknown column {wrong}; known: {', '.join(COLUMNS)}")
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise ManifestError(f"{path}:1: column {', '.join(twice)} is there twice; keep one")
    if "file" not in known:
        raise ManifestError(f"{path}:1: no column is named file; known: {', '.join(COLUMNS)}")
    return reader, known


def _row(number: int, cells: list[str], known: list[str], *, comma: bool) -> Row:
    """A row, checked; `comma`: commas part no cells, so they may be the decimal point."""
    from bridge.controls import control

    extra = [cell for cell in cells[len(known) :] if cell.strip()]
    if extra:
        raise ValueError(f"{len(cells)} cells below {len(known)} columns; put quotes around one with a comma")
    values = {name: cell.strip() for name, cell in zip(known, cells, strict=False) if cell.strip()}
    if "file" not in values:
        raise ValueError("names no file")
    direction: dict[str, Any] = {}
    for name in CONTROLS:
        if name not in values:
            continue
        value: str | float = values[name] if name != "intensity" else _number(name, values[name], comma=comma)
        direction[name] = control(name).check(value.lower() if isinstance(value, str) else value)
    rig = values.get("rig")
    if rig is not None:
        _check_rig(rig)
    return Row(number, values["file"].replace("\\", "/"), values.get("actor", ""), direction, rig)


@cache
def _check_rig(rig: str) -> None:
    from bridge.rigs import load_rig

    load_rig(rig)


def _number(name: str, text: str, *, comma: bool) -> float:
    try:
        return float(text.replace(",", ".") if comma else text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it must be a number") from None
