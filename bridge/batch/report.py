"""`report.html`: every line of a batch at a glance, in one file that asks nothing of a network.

The page holds some 2 kB a line. It draws the faces of those lines that are in view, with the script of the preview's
page, and plays a recording from where it lies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from bridge import look
from bridge.batch.findings import FACE_STEP, TURN_STEP, Findings
from bridge.frames import EMOTIONS
from bridge.landmarks import neutral_face
from bridge.takes.draft import Draft
from bridge.takes.strip import MOOD

NAME = "report.html"
_FROM, _TO = "// ---- curves", "// ---- bars"
"""Marks in the preview's page around the script that draws a face."""


@dataclass(frozen=True)
class Line:
    """A line of the report."""

    name: str
    """Path of its takes without suffix."""
    recording: Path
    actor: str = ""
    line: int | None = None
    """Its number in the manifest."""
    asked: str = ""
    """The emotion that was asked for, and the rig."""
    findings: Findings | None = None
    """None if it was not baked."""
    fault: str = ""
    """Why it was not."""


def write_report(path: Path, title: str, lines: Iterable[Line]) -> int:
    """Writes the page, and returns how many lines it has.

    Raises:
        OSError: if it cannot be written; an older page stays then.
    """
    count = 0
    before, after = _page(title).split("/*LINES*/")
    draft = Draft(path)
    try:
        draft.file.write(before.encode())
        for line in lines:  # one by one: the page is never held whole
            draft.file.write((",\n" if count else "").encode() + _safe(_shown(line, path.parent)))
            count += 1
        draft.file.write(after.encode())
    except BaseException:
        draft.discard()
        raise
    draft.keep()
    return count


def _page(title: str) -> str:
    html = resources.files("bridge.batch").joinpath("report.html").read_text(encoding="utf-8")
    preview = resources.files("bridge.sinks").joinpath("preview.html").read_text(encoding="utf-8")
    drawing = preview[preview.index(_FROM) : preview.index(_TO)]
    shown = {name: value for name, value in vars(look).items() if name.isupper()}
    shown |= {
        "EMOTIONS": EMOTIONS,
        "COLOURS": [MOOD[name] for name in EMOTIONS],
        "NEUTRAL": np.round(neutral_face(), 3).tolist(),
        "TITLE": title,
        "STEP": FACE_STEP,
        "TURN": TURN_STEP,
    }
    return html.replace("/*LOOK*/ null", _safe(shown).decode()).replace("/*FACE*/", drawing)


def _safe(value: Any) -> bytes:
    """JSON that may stand in a script: no name ends it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("/*", "/\\u002a").encode()


def _shown(line: Line, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"name": line.name, "actor": line.actor, "asked": line.asked, "fault": line.fault}
    row |= {"line": line.line, "sound": _address(line.recording, folder)}
    return row if line.findings is None else row | asdict(line.findings)


def _address(recording: Path, folder: Path) -> str:
    """Of a recording, as seen from the page; whole where it lies on another drive."""
    try:
        return quote(Path(os.path.relpath(recording, folder)).as_posix())
    except ValueError:
        return recording.absolute().as_uri()
