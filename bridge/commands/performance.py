"""A performance, seen from the command: sinks opened, the loop in its own thread, a watcher beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bridge.frames import AudioBlock, RigFrame
from bridge.pipeline import Pipeline, run
from bridge.sinks import Sink
from bridge.sinks.roster import Roster
from bridge.sources import Source
from bridge.stages import FrameMixer

if TYPE_CHECKING:
    from bridge.direction import Direction
    from bridge.mixing import Mixing
    from bridge.remote import Control

WATCH_S = 0.2
"""How often the watcher looks."""


@contextmanager
def opened_sinks(uris: Sequence[str], actor: str) -> Iterator[Roster]:
    """Opens sinks in order and closes them all, also when a later one cannot be opened.

    Raises:
        SinkError: if one cannot be opened.
    """
    roster = Roster(uris, actor=actor)
    try:
        yield roster
    finally:
        roster.close()


@contextmanager
def opened_mixing(asked: Sequence[str]) -> Iterator[Mixing | None]:
    """Listens to the trackers of `--mix`; None where none is asked for.

    Raises:
        TrackerError: if one is no good.
    """
    if not asked:
        yield None
        return
    from bridge.mixing import Mixing

    mixing = Mixing(asked)
    try:
        yield mixing
    finally:
        mixing.close()


@contextmanager
def opened_controls(
    uris: Sequence[str], direction: Direction, actor: str, sinks: Sequence[Sink]
) -> Iterator[list[Control]]:
    """Opens the places where others direct a performance, all on one desk, and closes them.

    Args:
        uris: where to listen.
        direction: what is directed.
        actor: who is being moved.
        sinks: may be changed from outside too, if they can be.

    Raises:
        ControlError: if one cannot be opened.
    """
    controls: list[Control] = []
    if not uris:
        yield controls
        return
    from bridge.control import ControlDesk, SinkRoster
    from bridge.remote import open_control

    desk = ControlDesk(direction, actor, sinks=sinks if isinstance(sinks, SinkRoster) else None)
    try:
        for uri in uris:
            controls.append(open_control(uri, desk))  # noqa: PERF401  those already open are to be closed
        yield controls
    finally:
        for control in controls:
            control.close()


def perform(
    source: Source,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    stop: threading.Event,
    on_frame: Callable[[RigFrame], None],
    watch: Callable[[], None],
    monitor: Callable[[AudioBlock], None] | None = None,
    mix: FrameMixer | None = None,
) -> None:
    """Runs the loop until the source ends or `stop` is set, and calls `watch` meanwhile.

    The loop has a thread of its own: signals reach the main thread even while the loop waits for sound,
    and what is shown never delays a frame.

    Raises:
        SourceError: if the source broke.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="facecue-loop") as thread:
        loop = thread.submit(
            run, source, pipeline, sinks, stop=stop, on_frame=on_frame, monitor=monitor, mix=mix
        )
        try:
            while not loop.done() and not stop.is_set():
                watch()
                wait([loop], timeout=WATCH_S)
        finally:
            # also when `watch` failed or a second Ctrl-C came: the face is brought to rest
            if not loop.done():
                stop.set()
            wait([loop])
            source.close()
        loop.result()
