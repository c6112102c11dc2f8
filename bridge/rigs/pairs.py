"""Pose pairs: what ARKit weights and emotions a face has, and what the curves of a character are set to for it.

TOML: `[[pairs]]` with `weights`, `emotion` and `curves`, as in a rig. CSV: a header of ARKit and emotion names and of
`curve:NAME` for the character's, then a row a pose. Every complaint is one line with file and line.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.frames import ARKIT, EMOTIONS
from bridge.rigs.document import Document
from bridge.rigs.literal import number, shown
from bridge.rigs.rig import LARGEST_FILE
from bridge.rigs.row import RigError

POSED = (*ARKIT, *EMOTIONS)
"""What a pose is given by."""
MARK = "curve:"
"""Begins the CSV columns that are the character's."""
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """N poses of a face and of a character."""

    poses: Array
    """(N, len(POSED)); what a pair does not name is 0."""
    curves: tuple[str, ...]
    values: Array
    """(N, len(curves)); what a pair does not name is 0."""


def read_pairs(path: Path) -> Pairs:
    """Reads a .csv or .toml file of pairs.

    Raises:
        RigError: if it cannot be read or says something that is not known.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise RigError(f"{path}: more than {LARGEST_FILE} bytes; a handful of pairs is enough")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RigError(f"{path}: {error.strerror or error}; give pairs as .csv or .toml") from error
    except UnicodeDecodeError as error:
        raise RigError(f"{path}: not UTF-8 text at byte {error.start}; save it as UTF-8") from error
    if path.suffix.lower() == ".csv":
        return _from_csv(text, str(path))
    if path.suffix.lower() == ".toml":
        return _from_toml(text, str(path))
    raise RigError(f"{path}: neither .csv nor .toml; give pairs in one of them")


def _from_csv(text: str, where: str) -> Pairs:
    rows = csv.reader(text.splitlines())
    reader = Document(text, where)
    try:
        header = [name.strip() for name in next(rows, [])]
        for name in header:
            if not name.startswith(MARK):
                reader.known(name, POSED, f"column (a character's begin with {MARK})")
        if len(set(header)) != len(header):
            twice = next(name for i, name in enumerate(header) if name in header[:i])
            raise reader.fail(f"the column {shown(twice)} is there twice", line=1)
        curves = tuple(name[len(MARK) :].strip() for name in header if name.startswith(MARK))
        poses, values = [], []
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise reader.fail(f"{len(row)} values for {len(header)} columns", line=rows.line_num)
            cells = {
                name: _cell(reader, rows.line_num, name, cell) for name, cell in zip(header, row, strict=True)
            }
            poses.append([cells.get(name, 0.0) for name in POSED])
            values.append([cells[name] for name in header if name.startswith(MARK)])
    except csv.Error as error:
        raise reader.fail(f"not CSV: {error}", line=max(1, rows.line_num)) from error
    return _pairs(reader, poses, curves, values)


def _cell(reader: Document, line: int, name: str, cell: str) -> float:
    if not cell.strip():
        return 0.0
    try:
        return number(float(cell))
    except ValueError:
        raise reader.fail(f"{name} is {shown(cell)}; a finite number is needed", line=line) from None


def _from_toml(text: str, where: str) -> Pairs:
    reader = Document(text, where)
    data = reader.toml()
    for key in data:
        reader.known(key, ("pairs",), "key")
    pairs = data.get("pairs")
    if not isinstance(pairs, list) or not all(isinstance(pair, dict) for pair in pairs):
        raise reader.fail("no pairs; write [[pairs]] with weights, emotion and curves", "pairs")
    begins = [i for i, line in enumerate(text.split("\n"), 1) if line.strip().startswith("[[")]
    poses: list[list[float]] = []
    moved: list[dict[str, float]] = []
    for i, pair in enumerate(pairs):
        line = begins[i] if len(begins) == len(pairs) else None
        pose: dict[str, float] = {}
        for key, value in pair.items():
            if key not in ("weights", "emotion", "curves"):
                raise reader.fail(f"unknown key {shown(key)} (known: weights, emotion, curves)", line=line)
            numbers = _numbers(reader, line, key, value)
            if key == "curves":
                continue
            names = ARKIT if key == "weights" else EMOTIONS
            wrong = next((name for name in numbers if name not in names), None)
            if wrong is not None:
                raise reader.fail(
                    f"unknown name {shown(wrong)} in {key} (known: {', '.join(names)})", line=line
                )
            pose |= numbers
        poses.append([pose.get(name, 0.0) for name in POSED])
        moved.append(_numbers(reader, line, "curves", pair.get("curves", {})))
    curves = tuple(dict.fromkeys(name for values in moved for name in values))
    return _pairs(reader, poses, curves, [[values.get(name, 0.0) for name in curves] for values in moved])


def _numbers(reader: Document, line: int | None, key: str, value: Any) -> dict[str, float]:
    if not isinstance(value, dict):
        raise reader.fail(f"{key} is {shown(value)}; write {{ name = value }}", line=line)
    try:
        return {name: number(v) for name, v in value.items()}
    except ValueError as error:
        raise reader.fail(f"{key}: {error}", line=line) from None


def _pairs(
    reader: Document, poses: list[list[float]], curves: tuple[str, ...], values: list[list[float]]
) -> Pairs:
    if not curves or "" in curves:
        raise reader.fail(f"no curves of a character, or one without a name; in CSV they are {MARK}NAME")
    return Pairs(np.array(poses).reshape(-1, len(POSED)), curves, np.array(values).reshape(-1, len(curves)))
