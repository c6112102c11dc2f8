"""Sinks that are sent 50 frames a second in this process, with what each `send` took, and what a process holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import psutil

from benchmarks.sinks import moving_frame
from bridge.frames import CUE_RATE_HZ, Floats
from bridge.sinks.roster import Roster


class Sender:
    """A roster that is sent a frame every 20 ms, and notes how long each sink took."""

    def __init__(self, *uris: str) -> None:
        self.roster = Roster(uris)
        self.took_ms: dict[str, list[float]] = {uri: [] for uri in uris}
        self.frames = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        began = time.perf_counter()
        while not self._stop.is_set():
            frame = moving_frame(self.frames)
            for sink in self.roster:
                start = time.perf_counter()
                with suppress(Exception):
                    sink.send(frame)
                self.took_ms[sink.uri].append(1e3 * (time.perf_counter() - start))
            self.frames += 1
            time.sleep(max(0.0, began + self.frames / CUE_RATE_HZ - time.perf_counter()))

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()
        self.roster.close()


class Footprint:
    """What a process holds now; this one, unless another is named."""

    def __init__(self, pid: int | None = None) -> None:
        process = psutil.Process(pid)
        self.rss_mb = process.memory_info().rss / 1e6
        self.threads = process.num_threads()
        self.files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()


def percentiles(values: Sequence[float] | Floats) -> str:
    """p50, p99 and the most, as cells of a table; dashes where there is nothing."""
    if not len(values):
        return "– | – | –"
    p50, p99 = np.percentile(values, (50, 99))
    return f"{p50:.2f} | {p99:.2f} | {np.max(values):.2f}"
