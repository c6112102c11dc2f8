"""Keeps a C library off the terminal: the MP3 decoder prints what it thinks of a file, past Python's streams.

Whatever matters of it comes back as an error or as fewer samples, and is then said in one line.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()  # two at once would restore each other's silence


@contextmanager
def hushed() -> Iterator[None]:
    """Nothing that is written to the process's standard error is shown; keep it short."""
    with _lock:
        try:
            kept = os.dup(_STDERR)
        except OSError:  # a program without a terminal has none
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        try:
            yield
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            os.close(nowhere)
