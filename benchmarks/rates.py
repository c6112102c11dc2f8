"""How even packets are at other rates: `python -m benchmarks.rates [--seconds 10] [--jitter-ms 0] [--bursts 1]`.

Frames come 50 a second, each up to `--jitter-ms` late, in bursts of `--bursts`; a socket on loopback notes when the
packets of `osc://…?landmarks=0&rate=…` arrive, one a frame. The last column is how much older the face is than
without `rate`: time of arrival less audio time, against the same for the frames as they were given to the sink.
"""

from __future__ import annotations

import argparse
import socket
import threading
import time

import numpy as np

from benchmarks.sinks import moving_frame
from benchmarks.stage import machine
from bridge.frames import CUE_RATE_HZ, Floats
from bridge.sinks import open_sink
from bridge.sinks.osc_packet import string

RATES_HZ = (24, 25, 30, 50, 60, 90, 120)
LEARNING_S = 1.0
"""Until then a sink learns how late frames come."""
_FRAME = string("/facecue/face/frame") + string(",iffi")


class Receiver:
    """Notes arrival and audio time of every packet."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self.at: list[float] = []
        self.packets: list[bytes] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while not self._ended.is_set():
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                continue
            self.at.append(time.perf_counter())
            self.packets.append(data)

    def close(self) -> tuple[Floats, Floats]:
        """Ends it; arrivals and audio times, seconds."""
        self._ended.set()
        self._thread.join()
        self._socket.close()
        numbers = [data[data.index(_FRAME) + len(_FRAME) :][:8] for data in self.packets]
        return np.array(self.at), np.array([np.frombuffer(n, ">f4")[1] for n in numbers], np.float64)


def played(rate_hz: float, seconds: float, jitter_s: float, burst: int) -> tuple[Floats, Floats, float]:
    """Arrivals, audio times, and the median lateness of the frames that were given; seconds."""
    receiver = Receiver()
    sink = open_sink(f"osc://127.0.0.1:{receiver.port}?landmarks=0&rate={rate_hz:g}")
    frames = [moving_frame(n) for n in range(round(seconds * CUE_RATE_HZ))]
    rng = np.random.default_rng(0)
    late = []
    began = time.perf_counter()
    for n, frame in enumerate(frames):
        whole = (n // burst + 1) * burst / CUE_RATE_HZ
        time.sleep(max(0.0, began + whole + jitter_s * rng.random() - time.perf_counter()))
        late.append(time.perf_counter() - frame.cues.time_s)
        sink.send(frame)
    sink.close()
    time.sleep(0.3)
    at, times = receiver.close()
    return at, times, float(np.median(late))


def main() -> None:
    """Prints one line for each rate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    parser.add_argument("--bursts", type=int, default=1, help="frames that come at once")
    args = parser.parse_args()
    print(f"{machine()}\n")
    print("| rate asked | got | ms apart | p1 | p50 | p99 | most | twice | older by ms |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for rate_hz in RATES_HZ:
        at, times, late_s = played(rate_hz, args.seconds, args.jitter_ms / 1e3, args.bursts)
        learnt = int(rate_hz * LEARNING_S)
        at, times = (
            at[learnt:-2],
            times[learnt:-2],
        )  # the last one is the face as it was left, when nothing follows
        steps = 1e3 * np.diff(at)
        p1, p50, p99 = np.percentile(steps, (1, 50, 99))
        got = (len(at) - 1) / (at[-1] - at[0])
        twice = int((np.diff(times) <= 0).sum())
        older_ms = 1e3 * float(np.median(at - times) - late_s)
        print(
            f"| {rate_hz} | {got:.2f} | {1e3 / rate_hz:.2f} | {p1:.2f} | {p50:.2f} | {p99:.2f} | {steps.max():.2f} "
            f"| {twice} | {older_ms:.1f} |"
        )


if __name__ == "__main__":
    main()
