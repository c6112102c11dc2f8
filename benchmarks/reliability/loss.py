"""A bad network between sink and receiver: packets that are lost, late, twice; a line too slow for all frames.

The relay knows what it did, and the readers hold every value against what was sent under that number: what is counted
is counted twice.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import zmq

from benchmarks.reliability.numbered import LiveLinkReader, OscReader, Reader, VmcReader
from benchmarks.reliability.sender import Sender, percentiles
from benchmarks.sinks import moving_frame
from benchmarks.stage import free_port
from bridge.sinks.wire import decode

LOSS, LATE, TWICE = 0.10, 0.10, 0.02
"""Shares of packets that are lost, that come after up to `BEHIND` later ones, and that come twice."""
BEHIND = 5
SLOW_BYTES_S = 30_000
"""A line that holds less than half of what 50 frames a second need."""


class Relay:
    """Hands packets on as a bad network does, each to `take`."""

    def __init__(self, take: Callable[[bytes], None], seed: int = 1) -> None:
        self._take, self._rng = take, random.Random(seed)
        self._held: list[tuple[int, bytes]] = []
        self.came = self.lost = self.late = self.twice = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                packet = self._socket.recv(65_536)
            except TimeoutError:
                continue
            self.came += 1
            chance = self._rng.random()
            if chance < LOSS:
                self.lost += 1
            elif chance < LOSS + LATE:
                self.late += 1
                self._held.append((self.came + self._rng.randrange(1, BEHIND + 1), packet))
            else:
                self._take(packet)
                if chance > 1 - TWICE:
                    self.twice += 1
                    self._take(packet)
            for due in [one for one in self._held if one[0] <= self.came]:
                self._held.remove(due)
                self._take(due[1])

    def close(self) -> None:
        """Ends it."""
        self._ends.set()
        self._thread.join()
        self._socket.close()


def _through(wire: str, reader: Reader, seconds: float, sender: list[Sender]) -> tuple[Relay, Sender]:
    relay = Relay(reader.take)  # type: ignore[attr-defined]
    made = Sender(f"{wire}://127.0.0.1:{relay.port}")
    sender.append(made)
    time.sleep(seconds)
    made.close()
    time.sleep(0.3)
    relay.close()
    return relay, made


def lossy(seconds: float) -> bool:
    """Prints both tables; whether nothing was misread, and what was lost is what the numbers say."""
    print(
        f"\n## A network that loses {LOSS:.0%} of the packets, delays {LATE:.0%} by up to {BEHIND} packets and doubles "
        f"{TWICE:.0%}, {seconds:.0f} s each\n"
    )
    print(
        "| wire | packets | lost | late | twice | frames sent | seen | missing by their number | came late, left aside "
        "| without landmarks, or mixed | misread |\n|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    kept = True
    senders: list[Sender] = []
    vmc = VmcReader(lambda: senders[-1].frames if senders else 0)
    for wire, reader in (("osc", OscReader()), ("livelink", LiveLinkReader()), ("vmc", vmc)):
        relay, sender = _through(wire, reader, seconds, senders)
        numbered = wire != "vmc"
        # what was sent and not seen: lost, or still held back at the end
        unseen = sender.frames - len(reader.seen)
        kept &= reader.misread == 0 and len(reader.seen) > 0.8 * sender.frames
        if numbered:
            kept &= 0 <= unseen - reader.missing <= BEHIND
        missing = str(reader.missing) if numbered else "no numbers"
        stale = str(reader.stale) if numbered else "no numbers"
        other = vmc.mixed if wire == "vmc" else reader.unpaired
        print(
            f"| {wire} | {relay.came} | {relay.lost} | {relay.late} | {relay.twice} | {sender.frames} "
            f"| {len(reader.seen)} | {missing} | {stale} | {other} | {reader.misread} |",
            flush=True,
        )
    vmc.close()
    return kept & slow_line(seconds)


def slow_line(seconds: float) -> bool:
    """A TCP line that holds less than half of the frames, in front of a ZeroMQ subscriber."""
    print(
        f"\n### A line of {SLOW_BYTES_S // 1000} kB/s between `zmq://` and its subscriber, {seconds:.0f} s\n"
    )
    print("| frames sent | seen | missing by their number | misread | `send` ms p50 | p99 | most |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    pub = free_port()
    uri = f"zmq://127.0.0.1:{pub}"
    with ExitStack() as stack:
        sender = Sender(uri)
        stack.callback(sender.close)
        front = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=_throttle, args=(front, pub), daemon=True).start()
        context = stack.enter_context(zmq.Context())
        sub = stack.enter_context(context.socket(zmq.SUB))
        sub.linger = 0
        sub.subscribe(b"")
        sub.connect(f"tcp://127.0.0.1:{front.getsockname()[1]}")
        numbers, misread = [], 0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if sub.poll(100):
                frame = decode(sub.recv_multipart()[1])
                numbers.append(frame.cues.n)
                misread += not np.array_equal(frame.weights, moving_frame(frame.cues.n).weights)
        sent, took = sender.frames, sender.took_ms[uri]
    span = numbers[-1] - numbers[0] + 1 if numbers else 0
    missing = span - len(set(numbers))
    print(f"| {sent} | {len(numbers)} | {missing} | {misread} | {percentiles(took)} |", flush=True)
    ordered = numbers == sorted(set(numbers))
    return not misread and ordered and missing > 0 and float(np.percentile(took, 99)) < 10.0


def _throttle(front: socket.socket, to: int) -> None:
    """Takes one connection on and hands it through, at `SLOW_BYTES_S` towards the one who connected."""
    near, _ = front.accept()
    with near, socket.socket() as far:
        for end in (near, far):  # else the buffers of this machine hold seconds
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        far.connect(("127.0.0.1", to))

        def back() -> None:
            try:
                while data := near.recv(4096):
                    far.sendall(data)
            except OSError:
                return

        threading.Thread(target=back, daemon=True).start()
        try:
            while data := far.recv(1024):
                near.sendall(data)
                time.sleep(len(data) / SLOW_BYTES_S)
        except OSError:
            return
