"""Receivers that count by number, and hold every value against what was sent under it."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

import numpy as np

from benchmarks.sinks import moving_frame
from bridge.sinks.livelink import SHAPES
from bridge.trackers.osc_message import messages
from bridge.trackers.vmc import VmcTracker


class Reader:
    """A receiver that counts by number."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.newest = -1
        self.stale = self.unpaired = self.misread = 0

    def _number(self, n: int) -> bool:
        """Whether a frame is newer than all before it; one that is not is left aside."""
        self.stale += n <= self.newest
        fresh = n > self.newest
        self.newest = max(self.newest, n)
        self.seen.add(n)
        return fresh

    @property
    def missing(self) -> int:
        """Numbers up to the newest that never came."""
        return self.newest + 1 - len(self.seen)


class OscReader(Reader):
    """Reads as docs/wire.md says: store what comes, act on `/frame`, and take landmarks of the same number only."""

    def __init__(self) -> None:
        super().__init__()
        self._face: dict[str, tuple[object, ...]] = {}

    def take(self, packet: bytes) -> None:
        """One packet."""
        for address, values in messages(packet):
            self._face[address.rpartition("/")[2]] = values
            if address.endswith("/frame"):
                self._frame(int(values[0]))  # type: ignore[arg-type]

    def _frame(self, n: int) -> None:
        if not self._number(n):
            return
        sent = moving_frame(n)
        self.misread += not np.array_equal(np.float32(self._face["arkit"]), sent.weights)  # type: ignore[arg-type]
        landmarks = self._face.get("landmarks", (-1,))
        if landmarks[0] != n:
            self.unpaired += 1  # the packet before was lost or is late: this frame has none
        else:
            points = np.float32(landmarks[1:]).reshape(68, 3)  # type: ignore[arg-type]
            self.misread += not np.array_equal(points, sent.cues.landmarks)


class LiveLinkReader(Reader):
    """Reads Live Link Face packets by their layout."""

    def take(self, packet: bytes) -> None:
        """One packet."""
        at = 1
        for _ in range(2):  # device and subject
            at += 4 + struct.unpack_from(">i", packet, at)[0]
        number, part, rate, _, count = struct.unpack_from(">ifiiB", packet, at)
        n = round((number + part) / rate * 50 - 0.5)
        values = np.frombuffer(packet, ">f4", count, at + 17)
        if self._number(n):
            sent = moving_frame(n)
            shapes = dict(zip(SHAPES, values.tolist(), strict=False))
            self.misread += shapes["jawOpen"] != float(sent.weights[24]) or len(packet) != at + 17 + 4 * count


class VmcReader(Reader):
    """The tracker's own reader; VMC carries no numbers, so each weight must be that of a frame of late."""

    def __init__(self, sender: Callable[[], int]) -> None:
        super().__init__()
        self._tracker = VmcTracker("vmc://:0", ":0", {})
        self._sent = sender
        self.mixed = 0

    def take(self, packet: bytes) -> None:
        """One packet."""
        before = self._tracker.latest()
        self._tracker.hear(packet, "127.0.0.1", time.perf_counter())
        seen = self._tracker.latest()
        if seen.weights is before.weights:
            return
        last = self._sent()
        sent = np.array([moving_frame(n).weights for n in range(max(0, last - 200), last + 2)])
        near = np.abs(sent - seen.weights).min(axis=0)
        self.misread += bool(near[seen.weights_at > 0].max() > 1e-6)
        self.mixed += float(np.abs(sent - seen.weights).max(axis=1).min()) > 1e-6
        self._number(self.newest + 1)

    def close(self) -> None:
        """Frees the port."""
        self._tracker.close()
