"""Half an hour of `facecue live`: memory, threads, open files, losses, and whether audio time keeps pace.

    python -m benchmarks.soak [--minutes 30] [--every 10]

A microphone (a PulseAudio null sink) hears the bundled speech over and over; ZeroMQ, OSC and VMC have a live
receiver each. Offset is by how much later frames arrive, measured against their audio time, than in the first
`--every` seconds after the start-up: the median of an interval's frames.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import psutil

from benchmarks.hop import speech
from benchmarks.soundcard import NoSoundCard, playing, sound_card
from benchmarks.stage import Arrival, Bridge, live, machine
from bridge.frames import Floats

SETTLE_S = 10.0
"""Before the first interval: a sound server's clock is rough at first."""
ROW_S = 120.0
WARM_S = 120.0
"""Memory is to be flat from here on."""
GROWTH_LIMIT_MB, RSS_LIMIT_MB, OFFSET_LIMIT_MS = 5.0, 250.0, 50.0
_LOSSES = re.compile(r"dropped (\d+) blocks (\d+) frames(?:, (\d+) gaps)?")


@dataclass(frozen=True)
class Sample:
    """What was seen at the end of an interval."""

    time_s: float
    rss_mb: float
    threads: int
    files: int
    cpu: float
    """Percent of a core."""
    frames: int
    """Arrived in the interval."""
    missing: int
    """Frame numbers of the interval that never arrived, and those that came twice or out of order."""
    offset_ms: float
    jitter_ms: float
    """p99 − p50 of lateness in the interval."""
    packets: tuple[int, int]
    """OSC and VMC packets received so far."""
    losses: str
    """Dropped blocks, dropped frames and gaps so far, as facecue itself counts them."""


class PacketCounter:
    """A UDP receiver that counts."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self.count = 0
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                self._socket.recv(4096)
                self.count += 1
            except TimeoutError:
                continue
            except OSError:  # closed
                return

    def close(self) -> None:
        """Ends it."""
        self._socket.close()


def losses(bridge: Bridge) -> str:
    """Dropped blocks / dropped frames / gaps of the last status line."""
    found = [match for line in bridge.lines[-5:] if (match := _LOSSES.search(line))]
    return "/".join(group or "0" for group in found[-1].groups()) if found else "-"


def lateness_ms(arrivals: list[Arrival]) -> Floats:
    """How much later than their audio time frames came; the zero is arbitrary."""
    return np.array([1e3 * (arrival.at - arrival.time_s) for arrival in arrivals])


def watch(
    bridge: Bridge, counters: tuple[PacketCounter, PacketCounter], minutes: float, every_s: float
) -> list[Sample]:
    """Returns a sample for every `every_s` seconds, and prints it to stderr as it comes."""
    process = psutil.Process(bridge.process.pid)
    bridge.wait_for_frames()
    time.sleep(SETTLE_S)
    process.cpu_percent()
    samples: list[Sample] = []
    began = time.perf_counter()
    bridge.arrivals.clear()
    next_n: int | None = None
    zero_ms: float | None = None
    for interval in range(1, round(60 * minutes / every_s) + 1):
        time.sleep(max(0.0, began + interval * every_s - time.perf_counter()))
        if bridge.process.poll() is not None:
            raise RuntimeError(f"facecue live ended: {' / '.join(bridge.lines[-3:])}")
        arrivals, bridge.arrivals = bridge.arrivals, []
        numbers = [arrival.n for arrival in arrivals]
        expected = range(numbers[0] if next_n is None else next_n, numbers[-1] + 1) if numbers else range(0)
        next_n = numbers[-1] + 1 if numbers else next_n
        late = lateness_ms(arrivals)
        p50, p99 = np.percentile(late, (50, 99)) if late.size else (np.nan, np.nan)
        zero_ms = float(p50) if zero_ms is None else zero_ms
        files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
        sample = Sample(
            interval * every_s, process.memory_info().rss / 1e6, process.num_threads(), files,
            process.cpu_percent(), len(numbers), abs(len(expected) - len(numbers)), float(p50) - zero_ms,
            float(p99 - p50), (counters[0].count, counters[1].count), losses(bridge),
        )  # fmt: skip
        samples.append(sample)
        print(row(sample), file=sys.stderr, flush=True)
    return samples


def row(s: Sample) -> str:
    """One line of the table."""
    return (
        f"| {s.time_s / 60:4.1f} | {s.rss_mb:6.1f} | {s.threads:7} | {s.files:5} | {s.cpu:5.1f} | {s.frames:6} "
        f"| {s.missing:7} | {s.offset_ms:9.1f} | {s.jitter_ms:10.1f} | {s.packets[0]:6} | {s.packets[1]:6} "
        f"| {s.losses:>18} |"
    )


def table(samples: list[Sample]) -> list[str]:
    """A line every two minutes: counts added up, the worst jitter and offset, all else as it was then."""
    lines = [
        "|  min | RSS MB | threads | files | CPU % | frames | missing | offset ms | p99-p50 ms |    OSC |    VMC "
        "| blocks/frames/gaps |",
        "|-----:|-------:|--------:|------:|------:|-------:|--------:|----------:|-----------:|-------:|-------:"
        "|-------------------:|",
    ]
    span: list[Sample] = []
    for sample in samples:
        span.append(sample)
        if sample.time_s % ROW_S < 1e-6 or sample is samples[-1]:
            whole = replace(
                sample,
                cpu=float(np.mean([s.cpu for s in span])),
                frames=sum(s.frames for s in span),
                missing=sum(s.missing for s in span),
                offset_ms=max((s.offset_ms for s in span), key=abs),
                jitter_ms=max(s.jitter_ms for s in span),
            )
            lines.append(row(whole))
            span = []
    return lines


def verdict(samples: list[Sample]) -> bool:
    """Prints what was kept of the limits; whether all was."""
    warm = [s for s in samples if s.time_s >= WARM_S] or samples
    growth_mb = max(s.rss_mb for s in warm) - warm[0].rss_mb
    most_mb = max(s.rss_mb for s in samples)
    offsets = np.array([s.offset_ms for s in samples])
    times_s = np.array([s.time_s for s in samples])
    slope_ppm = 1e3 * float(np.polyfit(times_s, offsets, 1)[0]) if len(samples) > 1 else 0.0
    worst_ms = float(np.abs(offsets).max())
    threads, files = [s.threads for s in warm], [s.files for s in warm]
    missing, frames = sum(s.missing for s in samples), sum(s.frames for s in samples)
    since = f"after minute {warm[0].time_s / 60:.0f}"
    checks = [
        (
            growth_mb < GROWTH_LIMIT_MB,
            f"memory grew by {growth_mb:.1f} MB {since} (limit {GROWTH_LIMIT_MB:.0f})",
        ),
        (most_mb <= RSS_LIMIT_MB, f"memory was {most_mb:.0f} MB at most (limit {RSS_LIMIT_MB:.0f})"),
        (
            worst_ms <= OFFSET_LIMIT_MS,
            f"audio time kept pace: offset {offsets[-1]:+.1f} ms at the end, {worst_ms:.1f} at most "
            f"(limit {OFFSET_LIMIT_MS:.0f}), slope {slope_ppm:+.1f} ppm",
        ),
        (max(threads) == min(threads), f"threads {since}: {min(threads)} to {max(threads)}"),
        (max(files) - min(files) <= 2, f"open files {since}: {min(files)} to {max(files)}"),
        (missing == 0, f"frames that never arrived: {missing} of {frames + missing}"),
    ]
    print()
    for kept, text in checks:
        print(f"{'kept    ' if kept else 'NOT KEPT'} {text}")
    return all(kept for kept, _ in checks)


def main() -> None:
    """Prints the table; exit code 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between samples")
    args = parser.parse_args()
    print(f"{machine()}\n")
    osc, vmc = PacketCounter(), PacketCounter()
    sinks = ["--sink", f"osc://127.0.0.1:{osc.port}", "--sink", f"vmc://127.0.0.1:{vmc.port}"]
    try:
        with (
            sound_card() as environment,
            playing(environment, speech(), loop=True),
            live(["--source", "mic://pulse", *sinks], environment) as bridge,
        ):
            samples = watch(bridge, (osc, vmc), args.minutes, args.every)
            last_line = next((line for line in reversed(bridge.lines) if "frames/s" in line), "")
    except NoSoundCard as error:
        raise SystemExit(f"soak: {error}") from error
    finally:
        osc.close()
        vmc.close()
    print("\n".join(table(samples)))
    kept = verdict(samples)
    print(f"\nlast status line: {last_line.strip()}")
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
