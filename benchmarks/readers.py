"""A process of its own that reads what sinks send, so that reading costs the measured process nothing.

`reading(plan)` starts it; it reads UDP ports, ZeroMQ endpoints (connected or bound) and a preview's stream of events,
answers as a VTube Studio, and says at the end when each frame of the native wires arrived, and how many that
VTube Studio had.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

Arrivals = dict[str, dict[int, float]]
"""Wire → frame number → `time.perf_counter()`, which processes of one machine share. Wires are "zmq" and "osc"; "vts"
has no frame numbers: there frames are counted as they come."""


class Readers:
    """The other process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def end(self) -> Arrivals:
        """Ends it; what arrived when."""
        out, _ = self._process.communicate("end\n", timeout=20)
        found: dict[str, dict[str, float]] = json.loads(out)
        return {wire: {int(n): at for n, at in of.items()} for wire, of in found.items()}


@contextmanager
def reading(plan: dict[str, list[str]]) -> Iterator[Readers]:
    """Reads until the end; `plan` has lists of ports (udp, vts), endpoints (connect, bind) and URLs (http)."""
    command = [sys.executable, "-m", "benchmarks.readers", json.dumps(plan)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101  asked for
    try:
        process.stdout.readline()  # ready
        yield Readers(process)
    finally:
        process.kill()
        process.wait()


def _udp(port: int, into: dict[int, float], ready: threading.Barrier) -> None:
    import socket

    frame = b"/facecue/face/frame\0,iffi\0\0\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        ready.wait()
        while True:
            data = sock.recv(65_536)
            at = data.find(frame)
            if at >= 0:
                n = int.from_bytes(data[at + len(frame) :][:4], "big")
                into[n] = time.perf_counter()


def _zmq(where: str, into: dict[int, float], ready: threading.Barrier, *, bind: bool) -> None:
    import zmq

    from bridge.sinks.wire import decode

    sub = zmq.Context().socket(zmq.SUB)
    sub.subscribe(b"")
    if bind:
        sub.bind(where)
    else:
        sub.connect(where)
    ready.wait()
    while True:
        data = sub.recv_multipart()[1]
        at = time.perf_counter()
        into[decode(data).cues.n] = at


def _http(url: str, ready: threading.Barrier) -> None:
    parts = urlsplit(url)
    ready.wait()
    line = http.client.HTTPConnection(parts.hostname or "", parts.port)
    line.request("GET", "/frames")
    answer = line.getresponse()
    while answer.read1(65_536):
        pass


def _vts(port: int, into: dict[int, float], ready: threading.Barrier) -> None:
    from benchmarks.studio import Studio

    Studio(port, into)
    ready.wait()


def main() -> None:
    """Reads until a line comes on stdin, then says what arrived."""
    plan: dict[str, list[str]] = json.loads(sys.argv[1])
    arrived: Arrivals = {"zmq": {}, "osc": {}, "vts": {}}
    ready = threading.Barrier(1 + sum(map(len, plan.values())))
    targets = [(_udp, (int(port), arrived["osc"], ready), {}) for port in plan.get("udp", [])]
    for kind in ("connect", "bind"):
        for where in plan.get(kind, []):
            into = arrived["zmq"] if kind == "connect" else {}
            targets.append((_zmq, (where, into, ready), {"bind": kind == "bind"}))  # type: ignore[arg-type]
    targets += [(_vts, (int(port), arrived["vts"], ready), {}) for port in plan.get("vts", [])]
    targets += [(_http, (url, ready), {}) for url in plan.get("http", [])]  # type: ignore[list-item,misc]
    for function, arguments, more in targets:
        threading.Thread(target=function, args=arguments, kwargs=more, daemon=True).start()
    ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    time.sleep(0.3)
    with suppress(BrokenPipeError):
        print(json.dumps({wire: dict(of) for wire, of in arrived.items()}), flush=True)


if __name__ == "__main__":
    main()
