"""A face beside processes that keep every core busy; its frames are read in a process that competes as well."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.readers import reading
from benchmarks.reliability.sender import percentiles
from benchmarks.stage import free_port
from bridge.assembly import assemble
from bridge.config import LiveConfig
from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.pipeline import run
from bridge.sinks.roster import Roster
from bridge.sources import open_source

HOP_MS = 10.0
"""Frames keep time when the loop needs less than this for each, p99."""
LATE_LIMIT_MS = 45.0
"""Later than that against the best frame a mouth is seen to lag its voice."""
ENOUGH = 0.99
REST_FRAMES = 15
"""The way to rest, at the end of a run."""
_HOG = """
import sys, time
share = float(sys.argv[1]) / 100
while True:
    ends = time.perf_counter() + 0.02 * share
    while time.perf_counter() < ends: pass
    time.sleep(0.02 * (1 - share))
"""


@contextmanager
def hogs(share: int) -> Iterator[None]:
    """A process for every core that is busy `share` percent of the time."""
    command = [sys.executable, "-c", _HOG, str(share)]
    processes = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)] if share else []
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def crowded(seconds: float, shares: tuple[int, ...]) -> bool:
    """Prints the table; whether frames kept their time."""
    print(f"\n## Processes that keep every core busy beside the face, {seconds:.0f} s each\n")
    print(
        "| busy % | frames of | late ms p50 | p99 | most | loop ms p50 | p99 | gaps in the sound | dropped by sinks "
        "| read by zmq | read by osc |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    kept = [_row(seconds, share) for share in shares]  # all rows, also behind one that was not kept
    return all(kept)


def _row(seconds: float, share: int) -> bool:
    assembly = assemble(LiveConfig(), realtime=True)
    assembly.warm_up()
    source = open_source("demo://?loop=1")
    stop, made = threading.Event(), []
    udp, pub = free_port(socket.SOCK_DGRAM), free_port()

    def note(frame: RigFrame) -> None:
        made.append((frame.cues.n, 1e3 * (time.perf_counter() - frame.cues.time_s)))

    with reading({"udp": [str(udp)], "connect": [f"tcp://127.0.0.1:{pub}"]}) as readers:
        roster = Roster([f"osc://127.0.0.1:{udp}", f"zmq://127.0.0.1:{pub}", "null://?rate=60"])
        time.sleep(0.5)  # the subscriber connects
        with hogs(share):
            timer = threading.Timer(seconds, stop.set)
            timer.start()
            run(source, assembly.pipeline, roster, stop=stop, on_frame=note)
        arrived = readers.end()
    summary = assembly.pipeline.meter.summary()
    dropped = sum(status.dropped for status in roster.statuses())
    roster.close()
    made = made[:-REST_FRAMES]
    numbers = {n for n, _ in made}
    late = np.array([ms for _, ms in made])
    late -= late.min()
    wanted = round(seconds * CUE_RATE_HZ) - 5  # the look-ahead's frames are still owed
    read = [len(numbers & set(arrived[wire])) for wire in ("zmq", "osc")]
    gaps = summary.counts["gaps"] + summary.counts["jumps"]
    print(
        f"| {share} | {len(late)} of {wanted} | {percentiles(late)} | {summary.compute.p50_ms:.2f} "
        f"| {summary.compute.p99_ms:.2f} | {gaps} | {dropped} | {read[0]} | {read[1]} |",
        flush=True,
    )
    in_time = float(np.percentile(late, 99)) < LATE_LIMIT_MS and len(late) >= ENOUGH * wanted
    return in_time and summary.compute.p99_ms < HOP_MS and min(read) >= ENOUGH * len(late)
