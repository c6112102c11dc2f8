"""Clients that come and go, politely and not, at every door of a running face, whose frames must not notice."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.reliability.doors import Door, asks, performing, say, serving
from benchmarks.reliability.sender import Footprint
from benchmarks.stage import Bridge
from bridge.serve import Limits

GROWTH_LIMIT_MB = 5.0
FILES_LIMIT = 3
"""More open files than before: a client of the check may still be leaving."""
SETTLE_S = 2.0
PACE_HZ = 600.0
"""Connections a second at most: more than the system's own queue holds would measure its retries, a second each."""
STREAMS_SHARE = 50
"""One stream that is left in the middle for so many connections: each runs a network."""


def _knock(door: Door, count: int) -> int:
    """Connects, says one of the words or nothing, and leaves; how many were refused or broken."""
    refused, began = 0, time.perf_counter()
    for i in range(count):
        time.sleep(max(0.0, began + i / PACE_HZ - time.perf_counter()))
        word = door.words[i % len(door.words)]
        try:
            if door.udp:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.sendto(word[0], ("127.0.0.1", door.port))
                continue
            with socket.create_connection(("127.0.0.1", door.port), timeout=2.0) as line:
                say(line, word)
                if i % 3 == 0:  # a reset instead of an end
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        except OSError:
            refused += 1
    return refused


def _leave_streams(door: Door, count: int) -> int:
    return sum(not asks(door.port, leaves=True) for _ in range(count))


def _fill(door: Door) -> None:
    """As many streams at once as there may be: each network of the server's pool is made, which takes 40 MB or so."""
    most = Limits().streams
    with ThreadPoolExecutor(most) as threads:
        for _ in range(2):
            list(threads.map(asks, [door.port] * most))


def knocked(count: int) -> bool:
    """Prints the table; whether nothing was left behind, no frame was missing and good clients were served."""
    print(f"\n## {count} connections that come and go at each door\n")
    print(
        "| at | a second | refused | memory MB | threads | files | frames | missing | longest wait for one, ms "
        "| a good client after it |\n|:--|--:|--:|--:|--:|--:|--:|--:|--:|:--|"
    )
    kept = True
    with performing() as (bridge, doors):
        for door in doors:
            kept &= _round(door, count, bridge)
    with serving() as door:
        if door is not None:
            kept &= _round(door, count, None)
            kept &= _round(door, max(count // STREAMS_SHARE, 4), None, leaving=True)
    return kept


def _round(door: Door, count: int, bridge: Bridge | None, *, leaving: bool = False) -> bool:
    knock = _leave_streams if leaving else _knock
    if leaving:
        _fill(door)
    knock(door, min(4 * len(door.words) if leaving else 500, count))  # what is allocated once is there now
    door.good(door.port)
    time.sleep(SETTLE_S)
    before, began = Footprint(door.pid), time.perf_counter()
    if bridge is not None:
        bridge.arrivals.clear()
    refused = knock(door, count)
    rate = count / (time.perf_counter() - began)
    fine = door.good(door.port)
    time.sleep(SETTLE_S)
    arrivals = [] if bridge is None else list(bridge.arrivals)
    after = Footprint(door.pid)
    missing, frames, longest = 0, "–", "–"
    if arrivals:
        numbers = [arrival.n for arrival in arrivals]
        missing = numbers[-1] - numbers[0] + 1 - len(set(numbers))
        frames = str(len(numbers))
        longest = f"{1e3 * np.diff([arrival.at for arrival in arrivals]).max():.0f}"
    grown = after.rss_mb - before.rss_mb
    name = f"{door.name}, {count} streams left in the middle" if leaving else door.name
    print(
        f"| {name} | {rate:.0f} | {refused} | {before.rss_mb:.1f} {grown:+.1f} | {before.threads} → {after.threads} "
        f"| {before.files} → {after.files} | {frames} | {missing if arrivals else '–'} | {longest} "
        f"| {'served' if fine else 'NOT SERVED'} |",
        flush=True,
    )
    return fine and grown < GROWTH_LIMIT_MB and after.files <= before.files + FILES_LIMIT and not missing
