"""`facecue controls`: the table of what can be directed, as the page docs/controls.md has it."""

from __future__ import annotations

import typer

from bridge.controls import CONTROLS
from bridge.dial import Control

INTRODUCTION = """\
# Controls

What a director can ask of a face. One table: a name below is a key of the section `[direction]` of a settings file, a
`--set NAME=VALUE` of the command line, an OSC address `/facecue/control/NAME`, and a key of `values` in a request over
ZeroMQ ([control](control.md)). This page is what `facecue controls` prints.

A fader sends 0..1 to `/facecue/control/NAME/unit`: 0 is the first end of the range and 1 the last, a switch turns in
the middle, choices share the way evenly. With sensitivity equal ways are equal factors, so 1 lies in the middle.

| name | is | range | unit | default |
|---|---|---|---|---|
"""
CLOSING = """
Gains: 0 = still, 1 = as the network gives it, 2 = twice that. Points are in the frame of the resting head: x to the
subject's left, y up, z out of the face. Presets keep all but: {momentary}."""


def controls() -> None:
    """List everything that can be directed: names, meanings, ranges, units and defaults."""
    typer.echo(page())


def page() -> str:
    """The page, as Markdown."""
    momentary = ", ".join(f"`{name}`" for name, line in CONTROLS.items() if not line.kept)
    return INTRODUCTION + "\n".join(map(row, CONTROLS.values())) + "\n" + CLOSING.format(momentary=momentary)


def row(line: Control) -> str:
    """A control as a line of the table."""
    worded = line.kind in ("switch", "choice")
    default = str(line.default).lower() if worded else f"{line.default:g}"
    whole = " (whole)" if line.kind == "whole" else ""
    return f"| `{line.name}` | {line.meaning} | {line.span}{whole} | {line.unit} | {default} |"
