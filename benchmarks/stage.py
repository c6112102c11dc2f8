"""`facecue live` as a user runs it, a process of its own, and a subscriber that notes every frame's arrival."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import zmq

from bridge.frames import ARKIT_INDEX
from bridge.landmarks import GAP_LOWER, GAP_UPPER
from bridge.sinks.wire import decode

FIRST_FRAME_S = 30.0
"""How long a bridge may take to its first frame before it is given up."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame as it came in."""

    at: float
    """`time.perf_counter()`."""
    n: int
    time_s: float
    latency_s: float
    lip_gap_cm: float
    jaw_open: float


class Bridge:
    """A running `facecue live`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.started_at = time.perf_counter()
        self.arrivals: list[Arrival] = []
        """Of all frames; others may clear it."""
        self.lines: list[str] = []
        """What it printed."""
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._receive, daemon=True)]
        self._threads.append(threading.Thread(target=self._read, daemon=True))
        for thread in self._threads:
            thread.start()

    def _receive(self) -> None:
        upper, lower = list(GAP_UPPER), list(GAP_LOWER)
        with zmq.Context() as context, context.socket(zmq.SUB) as sub:
            sub.linger = 0
            sub.reconnect_ivl = 5  # ms: the first frame is to be met
            sub.connect(f"tcp://127.0.0.1:{self._port}")
            sub.subscribe("")
            while not self._stop.is_set():
                if not sub.poll(100):
                    continue
                data = sub.recv_multipart()[1]
                at = time.perf_counter()
                frame = decode(data)
                cues = frame.cues
                gap = float((cues.landmarks[upper, 1] - cues.landmarks[lower, 1]).mean())
                jaw = float(frame.weights[ARKIT_INDEX["jawOpen"]])
                self.arrivals.append(Arrival(at, cues.n, cues.time_s, frame.latency_s, gap, jaw))

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  asked for in `live`
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for_frames(self, count: int = 1) -> float:
        """Returns the seconds from the process's start to the arrival of the first of `count` frames.

        Raises:
            RuntimeError: with what the process said, if none comes.
        """
        until = self.started_at + FIRST_FRAME_S
        while len(self.arrivals) < count:
            if self.process.poll() is not None or time.perf_counter() > until:
                said = " / ".join(self.lines[-3:]) or "nothing"
                raise RuntimeError(f"no frame came from facecue live; it said: {said}")
            time.sleep(0.002)
        return self.arrivals[0].at - self.started_at

    def close(self) -> None:
        """Ends it as Ctrl-C would."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stop.set()
        for thread in self._threads:
            thread.join(2.0)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def live(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[Bridge]:
    """Runs `facecue live` with these arguments and a ZeroMQ sink of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bridge", "live", *arguments, "--sink", f"zmq://127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip
    bridge = Bridge(process, port)
    try:
        yield bridge
    finally:
        bridge.close()


def machine() -> str:
    """One line: processor, cores, system, Python, date, and what else kept the machine busy."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2] for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0].strip() if names else model
    busy = f", load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.release()}"
    when = date.today()  # noqa: DTZ011  the reader's own
    return f"{model}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}, {when}{busy}"
