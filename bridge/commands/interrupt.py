"""Ctrl-C and its kin, on every system: a run is asked to end, and ends at a place of its own choosing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""Ctrl-C, being ended, and Ctrl-Break, which Windows has instead of the second."""


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """An event that any of `SIGNALS` sets; a second one raises KeyboardInterrupt."""
    stop = threading.Event()

    def handler(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()

    # only the main thread may set handlers; a program that embeds us elsewhere keeps its own
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, old in before.items():
            signal.signal(number, old)
