"""What one frame costs the loop at each sink, encoding and sending: `python benchmarks/sinks.py [FRAMES]`.

Every sink has a peer on loopback, so that nothing is cheap for being refused; that of ZeroMQ does not read,
which is the worst case. Frames go out at up to 500 a second, ten times the live rate.
"""

from __future__ import annotations

import platform
import socket
import sys
import threading
import time
from datetime import date

import numpy as np
import zmq

from bridge.frames import Cues, RigFrame, frame_time_s
from bridge.landmarks import neutral_face
from bridge.sinks import Sink, open_sink

PAUSE_S = 0.002


def moving_frame(n: int) -> RigFrame:
    """A frame in which every number differs from those of the frame before."""
    phase = 0.05 * n
    angle = 0.2 * np.sin(phase)
    cues = Cues(
        n=n,
        time_s=frame_time_s(n),
        landmarks=neutral_face() + np.float32(0.1 * np.sin(phase)),
        gaze=np.full((2, 2), angle, np.float32),
        head_rotation=np.array([0, np.sin(angle), 0, np.cos(angle)], np.float32),
        head_translation=np.full(3, angle, np.float32),
        emotion=np.full(8, 0.125, np.float32),
    )
    weights = (0.5 + 0.5 * np.sin(phase + np.arange(52))).astype(np.float32)
    return RigFrame(cues, weights, 0.1)


def udp_reader() -> tuple[socket.socket, int]:
    """A receiver that reads and forgets; closing it ends its thread."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0.1)

    def read() -> None:
        while sock.fileno() >= 0:
            try:
                sock.recv(2048)
            except TimeoutError:
                continue
            except OSError:  # closed
                return

    threading.Thread(target=read, daemon=True).start()
    return sock, sock.getsockname()[1]


def measure(sink: Sink, frames: list[RigFrame]) -> tuple[float, float]:
    """Median and 99th percentile of `send`, microseconds."""
    costs = []
    for frame in frames:
        start = time.perf_counter()
        sink.send(frame)
        costs.append(1e6 * (time.perf_counter() - start))
        time.sleep(PAUSE_S)
    return float(np.percentile(costs, 50)), float(np.percentile(costs, 99))


def main() -> None:
    """Prints one line for each sink."""
    frames = [moving_frame(n) for n in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)]
    reader, port = udp_reader()
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.linger = 0
        sub.subscribe("")
        sub.rcvhwm = 1  # it never reads: queues fill and frames are let go
        sub_port = sub.bind_to_random_port("tcp://127.0.0.1")
        uris = [
            "null://",
            f"zmq+connect://127.0.0.1:{sub_port}",
            f"osc://127.0.0.1:{port}",
            f"osc://127.0.0.1:{port}?landmarks=0",
            f"vmc://127.0.0.1:{port}",
            f"vmc://127.0.0.1:{port}?names=vrm1",
        ]
        print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {date.today()}")  # noqa: DTZ011
        print(f"{'sink':<44} {'p50 us':>8} {'p99 us':>8}")
        for uri in uris:
            sink = open_sink(uri)
            measure(sink, frames[:50])  # warm, and lets peers connect
            median, tail = measure(sink, frames)
            sink.close()
            print(f"{uri:<44} {median:>8.1f} {tail:>8.1f}")
    reader.close()


if __name__ == "__main__":
    main()
