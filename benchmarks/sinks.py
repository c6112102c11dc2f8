"""What sinks cost: each alone, and all that there are at once at 50 frames a second.

    python -m benchmarks.sinks [--frames 1000] [--seconds 30]

Every scheme of `bridge.sinks.SCHEMES` is opened on loopback, with a reader in a process of its own, so that nothing is
cheap for being refused. Alone, frames go out at up to 500 a second. At once, the share of a core is CPU time of this
process, all threads, less that of the same loop without sinks; "added" is the time of one frame from the first
sink's `send` to the return of the last, and "arrives" until another process has it.
"""

from __future__ import annotations

import argparse
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.readers import Arrivals, Readers, reading
from benchmarks.stage import free_port, machine
from bridge.frames import CUE_RATE_HZ, Cues, Floats, RigFrame, frame_time_s
from bridge.landmarks import neutral_face
from bridge.sinks import SCHEMES, SinkError
from bridge.sinks.roster import Roster
from bridge.tokens import FOLDER_VARIABLE

PAUSE_S = 0.002
CPU_LIMIT, ADDED_LIMIT_MS = 0.15, 3.0
"""What all sinks together may cost: share of one core, and p99."""
VARIANTS = {
    "osc": ("", "?landmarks=0", "?visemes=rhubarb9"),
    "vmc": ("", "?names=vrm1", "?rig=metahuman"),
    "null": ("", "?rate=60"),
}
"""Options that are measured apart, where a sink is measured alone."""
READ_TCP = ("zmq", "zmq+connect", "preview", "vts")
"""Schemes whose reader listens, or is reached, by TCP."""


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


def place(scheme: str, plan: dict[str, list[str]]) -> str:
    """The URI of a sink of this scheme on loopback; its reader is put into the plan."""
    if scheme == "null":
        return "null://"
    udp = scheme not in READ_TCP
    port = free_port(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    where = f"tcp://127.0.0.1:{port}"
    if scheme == "zmq":
        plan["connect"].append(where)
    elif scheme == "zmq+connect":
        plan["bind"].append(where)
    elif scheme == "preview":
        plan["http"].append(f"http://127.0.0.1:{port}/")
    elif scheme == "vts":
        plan["vts"].append(str(port))
    else:
        plan["udp"].append(str(port))
    return f"{scheme}://127.0.0.1:{port}"


@contextmanager
def opened(uris_of: dict[str, tuple[str, ...]]) -> Iterator[tuple[Roster, Readers]]:
    """Sinks of each scheme, with these options, and their readers; what does not open here is said and left out."""
    plan: dict[str, list[str]] = {"udp": [], "connect": [], "bind": [], "http": [], "vts": []}
    roster = Roster()
    try:
        for scheme, variants in uris_of.items():
            for options in variants:
                uri = place(scheme, plan) + options
                try:
                    roster.add(uri)
                except SinkError as error:
                    print(f"left out: {error}")
        with reading(plan) as readers:
            yield roster, readers
    finally:
        roster.close()


def alone(frames: list[RigFrame]) -> None:
    """Prints the cost of `send` of each sink."""
    print("| sink | p50 µs | p99 µs |\n|:--|--:|--:|")
    for scheme in SCHEMES:
        for options in VARIANTS.get(scheme, ("",)):
            with opened({scheme: (options,)}) as (roster, readers):
                for sink in roster:
                    costs = []
                    for frame in [*frames[:50], *frames]:  # the first ones let peers connect
                        start = time.perf_counter()
                        sink.send(frame)
                        costs.append(1e6 * (time.perf_counter() - start))
                        time.sleep(PAUSE_S)
                    p50, p99 = np.percentile(costs[50:], (50, 99))
                    print(f"| `{scheme}://{options}` | {p50:.0f} | {p99:.0f} |")
                readers.end()


def paced(roster: Roster, frames: list[RigFrame]) -> tuple[float, Floats, dict[int, float]]:
    """CPU seconds of this process, milliseconds of each frame in all sinks, and when each frame was given out."""
    added, given = [], {}
    began, cpu = time.perf_counter(), time.process_time()
    for i, frame in enumerate(frames):
        time.sleep(max(0.0, began + i / CUE_RATE_HZ - time.perf_counter()))
        start = given[frame.cues.n] = time.perf_counter()
        for sink in roster:
            sink.send(frame)
        added.append(1e3 * (time.perf_counter() - start))
    return time.process_time() - cpu, np.array(added), given


def one_way_ms(given: dict[int, float], arrived: Arrivals) -> dict[str, Floats]:
    """For each native wire how long frames were under way."""
    return {
        wire: np.array([1e3 * (at - given[n]) for n, at in of.items() if n in given])
        for wire, of in arrived.items()
        if wire != "vts"
    }


def together(seconds: float) -> bool:
    """Prints what all sinks cost at once; whether the limits are kept."""
    frames = [moving_frame(n) for n in range(round(seconds * CUE_RATE_HZ))]
    idle_cpu, _, _ = paced(Roster(), frames[: len(frames) // 3])
    with opened(dict.fromkeys(SCHEMES, ("",))) as (roster, readers):
        names = ", ".join(uri.partition("://")[0] for uri in roster.uris())
        paced(roster, frames[:50])
        cpu, added, given = paced(roster, frames)
        ended = readers.end()
        arrived = one_way_ms(given, ended)
        statuses = roster.statuses()
    share = (cpu - 3 * idle_cpu) / seconds
    p50, p99 = np.percentile(added, (50, 99))
    print(f"\nall at once: {names}; {seconds:.0f} s at {CUE_RATE_HZ} frames a second\n")
    print("| | p50 | p99 |\n|:--|--:|--:|")
    print(f"| added to a frame by all sinks, ms | {p50:.2f} | {p99:.2f} |")
    for wire, late in arrived.items():
        if late.size:
            q50, q99 = np.percentile(late, (50, 99))
            print(f"| arrives by {wire}, ms ({late.size} of {len(frames)}) | {q50:.2f} | {q99:.2f} |")
    print(f"| taken by vts, frames since it was opened | {len(ended['vts'])} | |")
    print(f"\nshare of one core: {100 * share:.1f} %")
    for status in statuses:
        if status.dropped or status.errors:
            print(f"{status.uri}: {status.dropped} dropped, {status.errors} errors, {status.detail}")
    kept = share <= CPU_LIMIT and p99 <= ADDED_LIMIT_MS
    limits = f"{100 * CPU_LIMIT:.0f} % of a core, p99 {ADDED_LIMIT_MS:.0f} ms"
    print(f"limits {limits}: {'kept' if kept else 'NOT KEPT'}")
    return kept


def main() -> None:
    """Prints both tables; exit code 1 if the limits are not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=1000, help="for each sink alone")
    parser.add_argument("--seconds", type=float, default=30.0, help="for all at once")
    args = parser.parse_args()
    print(f"{machine()}\n")
    with TemporaryDirectory() as folder:
        os.environ[FOLDER_VARIABLE] = folder  # a token of no VTube Studio has no place in the user's
        alone([moving_frame(n) for n in range(args.frames)])
        kept = together(args.seconds)
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
