"""`facecue devices`: what can be listened to, and what a monitor can play on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bridge.portaudio import Device

HEADINGS = ("", "number", "name", "host", "rate", "channels")


def devices() -> None:
    """List the sound card's inputs and outputs."""
    from bridge.portaudio import devices as listed

    inputs, outputs = listed("input"), listed("output")
    typer.echo(table("Inputs, for --source mic://NUMBER or mic://PART-OF-NAME", inputs))
    typer.echo("")
    typer.echo(table("Outputs, for --monitor NUMBER or PART-OF-NAME", outputs))
    typer.echo("")
    typer.echo("* = the system's default")


def table(title: str, found: list[Device]) -> str:
    """A readable table of devices; says so when there is none."""
    if not found:
        return f"{title}\n  none"
    rows = [
        HEADINGS,
        *(
            ("*" if d.is_default else "", str(d.number), d.name, d.host, f"{d.rate_hz} Hz", str(d.channels))
            for d in found
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join([title, *(f"  {line.rstrip()}" for line in lines)])
