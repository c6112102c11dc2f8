"""How a live run is doing, for a person: a few lines in a terminal, one plain line elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridge.frames import EMOTIONS, RigFrame
from bridge.pipeline import Pipeline
from bridge.sinks import Sink
from bridge.sources import Source

if TYPE_CHECKING:
    from rich.table import Table

    from bridge.mixing import Mixing
    from bridge.monitor import Monitor
    from bridge.remote import Control

QUIET_DBFS, LOUD_DBFS = -60.0, 0.0
"""Ends of the level bar."""
BAR_CELLS = 20


class LiveStatus:
    """Reads pipeline, source and sinks; `note` takes every frame. Safe to ask from another thread."""

    def __init__(
        self,
        pipeline: Pipeline,
        source: Source,
        sinks: Sequence[Sink],
        monitor: Monitor | None = None,
        controls: Sequence[Control] = (),
        mixing: Mixing | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._sinks = sinks
        self._monitor = monitor
        self._controls = controls
        self._mixing = mixing
        self._last: RigFrame | None = None

    def note(self, frame: RigFrame) -> None:
        """Remembers the newest frame."""
        self._last = frame

    def _emotion(self) -> str:
        if self._last is None:
            return "-"
        emotion = self._last.cues.emotion
        top = int(emotion.argmax())
        return f"{EMOTIONS[top]} {100 * float(emotion[top]):.0f} %"

    def _speech(self) -> str:
        return "speech" if self._pipeline.speaking else "silence"

    def _flow(self) -> str:
        summary = self._pipeline.meter.summary()
        source = self._source.status()
        frames_dropped = sum(sink.status().dropped for sink in self._sinks)
        latency = f"{summary.latency.p50_ms:.0f}/{summary.latency.p99_ms:.0f} ms"
        text = f"{summary.fps:4.1f} frames/s, latency p50/p99 {latency}"
        text += f", dropped {source.dropped_blocks} blocks {frames_dropped} frames"
        lost = source.overruns + summary.counts["gaps"] + summary.counts["jumps"]
        return f"{text}, {lost} gaps in the sound" if lost else text

    def _source_line(self) -> str:
        status = self._source.status()
        return status.detail if status.state == "open" else f"{status.state}: {status.detail}"

    def _sink_lines(self) -> list[tuple[str, str]]:
        lines = []
        for sink in self._sinks:
            status = sink.status()
            faults = (
                f", {status.dropped} dropped, {status.errors} errors"
                if status.dropped + status.errors
                else ""
            )
            lines.append((status.uri, f"{status.sent} sent{faults}, {status.detail}"))
        return lines

    def _control_lines(self) -> list[tuple[str, str]]:
        lines = []
        for control in self._controls:
            status = control.status()
            refused = f", {status.refused} refused" if status.refused else ""
            lines.append((status.uri, f"{status.taken} taken{refused}, {status.detail}"))
        return lines

    def _tracker_lines(self) -> list[tuple[str, str]]:
        return [] if self._mixing is None else self._mixing.statuses()

    def line(self) -> str:
        """Everything in one plain line."""
        time_s = self._last.cues.time_s if self._last is not None else 0.0
        monitor = f" | {self._monitor.detail}" if self._monitor is not None else ""
        sinks = "; ".join(f"{uri} {text}" for uri, text in (*self._tracker_lines(), *self._sink_lines()))
        controls = "".join(f" | control {uri} {text}" for uri, text in self._control_lines())
        return (
            f"{time_s:7.1f} s | {self._pipeline.level_dbfs:5.0f} dB | {self._speech()} | {self._emotion()} | "
            f"{self._flow()} | {self._source_line()} | {sinks}{controls}{monitor}"
        )

    def table(self, *, ascii_only: bool) -> Table:
        """The same as a table for a terminal."""
        from rich.table import Table
        from rich.text import Text

        level = self._pipeline.level_dbfs
        cells = round(BAR_CELLS * min(max((level - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS), 0.0), 1.0))
        full, empty = ("#", "-") if ascii_only else ("█", "░")
        colour = "red" if level > -1 else "green"
        bar = Text(full * cells, style=colour) + Text(empty * (BAR_CELLS - cells), style="dim")
        speaking = Text(f"  {self._speech():7}  {self._emotion()}")
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        table.add_row("input", bar + Text(f" {max(level, -99):4.0f} dB") + speaking)
        table.add_row("face", Text(self._flow()))
        state = self._source.status().state
        table.add_row("source", Text(self._source_line(), style="" if state == "open" else "yellow"))
        for asked, text in self._tracker_lines():
            table.add_row("tracker", Text(f"{asked}  {text}"))
        for uri, text in self._sink_lines():
            table.add_row("sink", Text(f"{uri}  {text}"))
        for uri, text in self._control_lines():
            table.add_row("control", Text(f"{uri}  {text}"))
        if self._monitor is not None:
            table.add_row("", Text(self._monitor.detail))
        return table
