"""Receivers, each a process, that are killed and started again while frames flow at 50 a second."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import numpy as np

from benchmarks.reliability.sender import Sender, percentiles
from benchmarks.stage import free_port

BACK_MS = 1000.0
"""A receiver that came back has a frame by then, p99."""
_UDP = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.bind(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
while True:
    if b"/frame" in sock.recv(65536): print("frame", flush=True)
"""
_SUB = """
import sys, zmq
sub = zmq.Context().socket(zmq.SUB); sub.reconnect_ivl = 10; sub.subscribe(b"")
sub.connect("tcp://127.0.0.1:" + sys.argv[1])
print("up", flush=True)
while True:
    sub.recv_multipart(); print("frame", flush=True)
"""
_BOUND = _SUB.replace(
    'sub.connect("tcp://127.0.0.1:" + sys.argv[1])', 'sub.bind("tcp://127.0.0.1:" + sys.argv[1])'
)
_WIRES = (
    ("osc", _UDP, socket.SOCK_DGRAM),
    ("zmq", _SUB, socket.SOCK_STREAM),
    ("zmq+connect", _BOUND, socket.SOCK_STREAM),
)


def killed(kills: int) -> bool:
    """Prints the table; whether all came back."""
    print(f"\n## A receiver is killed and started again, {kills} times\n")
    print("| wire | up → first frame ms p50 | p99 | most | `send` ms p50 | p99 | most | came back |")
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    kept = True
    for wire, script, kind in _WIRES:
        port = free_port(kind)
        uri = f"{wire}://127.0.0.1:{port}"
        sender = Sender(uri)
        waits = []
        try:
            for _ in range(kills):
                waits += _life([sys.executable, "-c", script, str(port)])
        finally:
            sender.close()
        kept &= len(waits) == kills and bool(np.percentile(waits, 99) < BACK_MS)
        print(
            f"| {wire} | {percentiles(waits)} | {percentiles(sender.took_ms[uri])} | {len(waits)} of {kills} |",
            flush=True,
        )
    return kept


def _life(command: list[str]) -> list[float]:
    """A receiver from its start to its end by force; milliseconds to its first frame, if it got one in 5 s."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101  asked for
        process.stdout.readline()
        up_at = time.perf_counter()
        patience = threading.Timer(5.0, process.kill)
        patience.start()
        came = process.stdout.readline()
        wait_ms = 1e3 * (time.perf_counter() - up_at)
        patience.cancel()
        process.kill()
    return [wait_ms] if came else []
