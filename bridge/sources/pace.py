"""Recorded sound at the pace of the wall clock, or flat out. Shared by the sources that do not listen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.sources import BLOCK_S

BLOCK_SAMPLES = round(RATE_HZ * BLOCK_S)  # 160


def wait_until(moment: float, closed: threading.Event) -> bool:
    """Waits for `time.perf_counter()` to reach `moment`; False if `closed` was set before."""
    return not closed.wait(max(0.0, moment - time.perf_counter()))


def rechunked(parts: Iterator[Floats], size: int) -> Iterator[Floats]:
    """The same samples in pieces of `size`; the last one may be shorter."""
    rest: Floats = np.empty(0, np.float32)
    for part in parts:
        audio = np.concatenate([rest, part]) if rest.size else part
        whole = audio.size // size * size
        for at in range(0, whole, size):
            yield audio[at : at + size]
        rest = audio[whole:].copy()
    if rest.size:
        yield rest


def play(parts: Iterator[Floats], closed: threading.Event, *, realtime: bool) -> Iterator[AudioBlock]:
    """Turns (N,) samples into blocks: each when its last sample would be heard, or as fast as they are taken.

    A consumer that falls behind gets what it is owed at once; nothing of a recording is dropped.
    """
    began, sent = time.perf_counter(), 0
    for samples in rechunked(parts, BLOCK_SAMPLES) if realtime else parts:
        if not samples.size:
            continue
        heard_at = began + (sent + samples.size) / RATE_HZ if realtime else time.perf_counter()
        if closed.is_set() or (realtime and not wait_until(heard_at, closed)):
            return
        yield AudioBlock(samples, sent / RATE_HZ, heard_at)
        sent += samples.size
