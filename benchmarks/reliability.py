"""The wires under fire: one command prints the tables of docs/reliability.md.

    python -m benchmarks.reliability [--kills 100] [--connects 10000] [--hog-seconds 20] [--fuzz-seconds 60]

* receivers that are killed and started again while frames flow at 50 a second,
* clients that connect and leave, politely and not, at the ZeroMQ sink and the TCP source,
* targets that swallow everything,
* processes that keep every core busy 1 to 100 % of the time beside a running face,
* parsers that are fed nonsense (`benchmarks.fuzz`).

Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np
import psutil
import zmq

from benchmarks import fuzz
from benchmarks.sinks import moving_frame
from benchmarks.stage import free_port, machine
from bridge.assembly import assemble
from bridge.config import LiveConfig
from bridge.frames import CUE_RATE_HZ, Floats, RigFrame
from bridge.pipeline import run
from bridge.sinks.roster import Roster
from bridge.sources import open_source
from bridge.sources.tcp import TcpSource

HOP_MS = 10.0
"""Frames keep time when the loop needs less than this for each, p99."""
GROWTH_LIMIT_MB = 5.0
BLACK_HOLE = "192.0.2.1"
"""An address that is kept for documents: packets go out and nothing ever comes back."""
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
_HOG = """
import sys, time
share = float(sys.argv[1]) / 100
while True:
    ends = time.perf_counter() + 0.02 * share
    while time.perf_counter() < ends: pass
    time.sleep(0.02 * (1 - share))
"""


class Sender:
    """A roster that is sent 50 frames a second; notes what a round through all sinks took."""

    def __init__(self, *uris: str) -> None:
        self.roster = Roster(uris)
        self.rounds_ms: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        began, n = time.perf_counter(), 0
        while not self._stop.is_set():
            frame = moving_frame(n)
            start = time.perf_counter()
            for sink in self.roster:
                with suppress(Exception):
                    sink.send(frame)
            self.rounds_ms.append(1e3 * (time.perf_counter() - start))
            n += 1
            time.sleep(max(0.0, began + n / CUE_RATE_HZ - time.perf_counter()))

    def close(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join()
        self.roster.close()


def percentiles(values: list[float] | Floats) -> str:
    """p50, p99 and the most, as cells of a table."""
    p50, p99 = np.percentile(values, (50, 99))
    return f"{p50:.2f} | {p99:.2f} | {np.max(values):.2f}"


def killed(kills: int) -> bool:
    """Receivers that are killed and come back."""
    print(f"\n## A receiver is killed and started again, {kills} times\n")
    print(
        "| wire | up → first frame ms p50 | p99 | most | one round of `send` ms p50 | p99 | most | came back |"
    )
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    all_back = True
    for wire, script, kind in (("osc", _UDP, socket.SOCK_DGRAM), ("zmq", _SUB, socket.SOCK_STREAM)):
        port = free_port(kind)
        sender = Sender(f"{wire}://127.0.0.1:{port}")
        waits = []
        try:
            for _ in range(kills):
                command = [sys.executable, "-c", script, str(port)]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                    assert process.stdout is not None  # noqa: S101  asked for
                    process.stdout.readline()
                    up_at = time.perf_counter()
                    patience = threading.Timer(5.0, process.kill)
                    patience.start()
                    if process.stdout.readline():
                        waits.append(1e3 * (time.perf_counter() - up_at))
                    patience.cancel()
                    process.kill()
        finally:
            sender.close()
        all_back &= len(waits) == kills
        print(
            f"| {wire} | {percentiles(waits)} | {percentiles(sender.rounds_ms)} | {len(waits)} of {kills} |",
            flush=True,
        )
    return all_back


class _Footprint:
    """What this process holds."""

    def __init__(self) -> None:
        process = psutil.Process()
        self.rss_mb = process.memory_info().rss / 1e6
        self.threads = process.num_threads()
        self.files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()


def _knock(port: int, count: int, words: list[bytes]) -> int:
    """Connects, says one of the words or nothing, and leaves; how many connections were refused or broken."""
    refused = 0
    for i in range(count):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2.0) as line:
                word = words[i % len(words)]
                if word:
                    line.sendall(word)
                if i % 3 == 0:  # a reset instead of an end
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        except OSError:
            refused += 1
    return refused


def connects(count: int) -> bool:
    """Clients that come and go."""
    print(f"\n## {count} connections that come and go\n")
    print("| at | a second | refused | memory MB | threads | files | a good client after it |")
    print("|:--|--:|--:|--:|--:|--:|:--|")
    kept = True
    noise = os.urandom(200)
    greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(48)
    header = b'{"rate":16000,"channels":1,"format":"s16le"}\n' + bytes(640)
    for name, words in (
        ("zmq sink", [b"", greeting, b"GET / HTTP/1.1\r\n\r\n", noise]),
        ("tcp source", [b"", b"{}\n", header, noise]),
    ):
        with ExitStack() as stack:
            if name == "zmq sink":
                port = free_port()
                sender = Sender(f"zmq://127.0.0.1:{port}")
                stack.callback(sender.close)
                good = _good_subscriber
            else:
                source = TcpSource("tcp://127.0.0.1:0")
                port = source.port
                stack.callback(source.close)
                good = _good_producer
            _knock(port, min(500, count), words)  # what is allocated once is there now
            time.sleep(1.0)
            before, began = _Footprint(), time.perf_counter()
            refused = _knock(port, count, words)
            rate = count / (time.perf_counter() - began)
            time.sleep(2.0)
            after = _Footprint()
            fine = good(port)
        grown = after.rss_mb - before.rss_mb
        kept &= fine and grown < GROWTH_LIMIT_MB and after.files <= before.files + 2
        print(
            f"| {name} | {rate:.0f} | {refused} | {before.rss_mb:.1f} {grown:+.1f} "
            f"| {before.threads} → {after.threads} "
            f"| {before.files} → {after.files} | {'served' if fine else 'NOT SERVED'} |",
            flush=True,
        )
    return kept


def _good_subscriber(port: int) -> bool:
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.linger = 0
        sub.subscribe(b"")
        sub.connect(f"tcp://127.0.0.1:{port}")
        return bool(sub.poll(3000))


def _good_producer(port: int) -> bool:
    header = {"rate": 16_000, "channels": 1, "format": "s16le"}
    with socket.create_connection(("127.0.0.1", port), timeout=5.0) as line:
        line.sendall(json.dumps(header).encode() + b"\n" + bytes(3200))
        line.settimeout(0.5)
        try:
            return not line.recv(100)  # an error line would be an answer
        except TimeoutError:
            return True


def swallowed(seconds: float) -> bool:
    """Targets from which nothing comes back."""
    print(f"\n## A target that swallows everything, {seconds:.0f} s\n")
    print("| sink | one round of `send` ms p50 | p99 | most | status |\n|:--|--:|--:|--:|:--|")
    worst = 0.0
    for uri in (f"osc://{BLACK_HOLE}:9000", f"vmc://{BLACK_HOLE}:39540", f"zmq+connect://{BLACK_HOLE}:5556"):
        sender = Sender(uri)
        time.sleep(seconds)
        (status,) = sender.roster.statuses()
        sender.close()
        worst = max(worst, float(np.percentile(sender.rounds_ms, 99)))
        print(
            f"| `{uri}` | {percentiles(sender.rounds_ms)} | {status.sent} sent, {status.dropped} dropped |",
            flush=True,
        )
    return worst < HOP_MS


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
    """A face beside processes that want the processor too."""
    print(f"\n## Processes that keep every core busy beside the face, {seconds:.0f} s each\n")
    print("| busy % | frames of | late ms p50 | p99 | most | loop ms p50 | p99 | gaps | dropped |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    kept = True
    for share in shares:
        assembly = assemble(LiveConfig(), realtime=True)
        assembly.warm_up()
        source = open_source("demo://?loop=1")
        stop, late = threading.Event(), []
        roster = Roster(
            [
                f"osc://127.0.0.1:{free_port(socket.SOCK_DGRAM)}",
                f"zmq://127.0.0.1:{free_port()}",
                "null://?rate=60",
            ]
        )

        def note(frame: RigFrame, late: list[float] = late) -> None:
            late.append(1e3 * (time.perf_counter() - frame.cues.time_s))

        with hogs(share):
            threading.Timer(seconds, stop.set).start()
            run(source, assembly.pipeline, roster, stop=stop, on_frame=note)
        summary = assembly.pipeline.meter.summary()
        dropped = sum(
            status.dropped for status in roster.statuses() if "osc" not in status.uri
        )  # nobody listens there
        roster.close()
        times = np.array(late[:-15])  # without the way to rest
        times -= times.min()
        wanted = round(seconds * CUE_RATE_HZ) - 5  # the look-ahead's frames are still owed
        kept &= summary.compute.p99_ms < HOP_MS and len(times) >= 0.99 * wanted
        print(
            f"| {share} | {len(times)} of {wanted} | {percentiles(times)} | {summary.compute.p50_ms:.2f} "
            f"| {summary.compute.p99_ms:.2f} | {summary.counts['gaps'] + summary.counts['jumps']} | {dropped} |",
            flush=True,
        )
    return kept


def main() -> None:
    """Prints all tables; exit code 1 if something was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--connects", type=int, default=10_000)
    parser.add_argument("--swallow-seconds", type=float, default=20.0)
    parser.add_argument("--hog-seconds", type=float, default=20.0)
    parser.add_argument(
        "--hogs", type=int, nargs="*", default=[0, 1, 10, 25, 50, 75, 90, 100], help="percent"
    )
    parser.add_argument("--fuzz-seconds", type=float, default=60.0, help="for each parser")
    args = parser.parse_args()
    print(machine())
    kept = {
        "every receiver came back": killed(args.kills),
        "connections left nothing behind": connects(args.connects),
        f"a target that swallows everything costs less than {HOP_MS:.0f} ms, p99": swallowed(
            args.swallow_seconds
        ),
        f"frames keep time, loop below {HOP_MS:.0f} ms, p99": crowded(args.hog_seconds, tuple(args.hogs)),
    }
    print(f"\n## Parsers that are fed nonsense, {args.fuzz_seconds:.0f} s each\n")
    kept["no parser raised what it must not"] = fuzz.table(args.fuzz_seconds)
    print()
    for what, was in kept.items():
        print(f"* {'kept' if was else 'NOT KEPT'}: {what}")
    raise SystemExit(0 if all(kept.values()) else 1)


if __name__ == "__main__":
    main()
