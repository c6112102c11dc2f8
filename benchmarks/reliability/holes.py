"""Targets from which nothing comes back: an address that nobody has, and peers that accept and never read."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import numpy as np

from benchmarks.reliability.doors import SUBSCRIBER, Word, say
from benchmarks.reliability.sender import Footprint, Sender, percentiles
from benchmarks.stage import free_port

HOP_MS = 10.0
GROWTH_LIMIT_MB = 5.0
WARM_S = 3.0
NOBODY = "192.0.2.1"
"""An address that is kept for documents: packets go out, or not, and nothing ever comes back."""


def _deaf(stack: ExitStack) -> int:
    """A TCP port whose system accepts and whose program never does."""
    deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return int(deaf.getsockname()[1])


def _full(stack: ExitStack) -> int:
    """A UDP port that nobody reads: its buffer fills."""
    full = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    full.bind(("127.0.0.1", 0))
    return int(full.getsockname()[1])


def _stares(stack: ExitStack, port: int, word: Word) -> None:
    """Connects, says this, and reads nothing."""
    until = time.perf_counter() + 5.0
    while True:
        try:
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=2.0))
        except OSError:
            if time.perf_counter() > until:
                raise
            time.sleep(0.01)
            continue
        say(line, word)
        return


def swallowed(seconds: float) -> bool:
    """Prints the table; whether no `send` was held up, nothing grew, and who only watches was sent to."""
    print(f"\n## Targets that swallow everything, all at once, {seconds:.0f} s\n")
    print(
        "| sink | the other end | `send` ms p50 | p99 | most | frames | status |\n|:--|:--|--:|--:|--:|--:|:--|"
    )
    with ExitStack() as stack:
        pub, page = free_port(), free_port()
        ends = {
            f"osc://{NOBODY}:9000": "nobody has that address",
            f"vmc://{NOBODY}:39540": "nobody has that address",
            f"zmq+connect://{NOBODY}:5556": "nobody has that address",
            f"vts://{NOBODY}:8001": "nobody has that address",
            f"osc://127.0.0.1:{_full(stack)}": "never reads",
            f"zmq+connect://127.0.0.1:{_deaf(stack)}": "accepts, says nothing",
            f"vts://127.0.0.1:{_deaf(stack)}": "accepts, says nothing",
            f"zmq://127.0.0.1:{pub}": "subscribes, never reads",
            f"preview://127.0.0.1:{page}": "asks for frames, never reads",
        }
        sender = Sender(*ends)
        stack.callback(sender.close)
        _stares(stack, pub, SUBSCRIBER)
        _stares(stack, page, (f"GET /frames HTTP/1.1\r\nHost: 127.0.0.1:{page}\r\n\r\n".encode(),))
        time.sleep(WARM_S)
        before = Footprint()
        time.sleep(seconds)
        after = Footprint()
        statuses = sender.roster.statuses()
        worst, watched = 0.0, True
        for status, end in zip(statuses, ends.values(), strict=True):
            took = sender.took_ms[status.uri]
            if "subscribes" in end or "asks" in end:  # else nobody stared, and nothing was measured
                watched &= status.sent > 0
            worst = max(worst, float(np.percentile(took, 99)))
            scheme = status.uri.rpartition(":")[0] if "127.0.0.1" in status.uri else status.uri
            counts = f"{status.sent} sent, {status.dropped} dropped, {status.errors} errors"
            print(f"| `{scheme}` | {end} | {percentiles(took)} | {len(took)} | {counts} |", flush=True)
    grown = after.rss_mb - before.rss_mb
    print(
        f"\nMemory {before.rss_mb:.1f} {grown:+.1f} MB, threads {before.threads} → {after.threads}, "
        f"files {before.files} → {after.files}."
    )
    return watched and worst < HOP_MS and grown < GROWTH_LIMIT_MB
