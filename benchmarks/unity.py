"""The Unity package's receiver against the real bridge, under mono: one command prints the table.

    python -m benchmarks.unity [--seconds 60] [--kills 20]

Needs mcs, mono and nunit-console. `tests/unity` asserts on the same measurements, shorter.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.stage import machine
from tests.unity import engine

WIRES = ("zmq", "osc")
FLOOD = 50_000
"""Frames in which nothing may be allocated."""
DIFFERENCE_LIMIT, CURVE_LIMIT = 1e-6, 0.02
"""Of any number of a frame, and of a picture from the true curve, share of its range."""


def row(what: str, wire: str, figure: str, *, kept: bool) -> bool:
    """Prints a line; whether the limit is kept."""
    print(f"| {what} | {wire} | {figure} | {'yes' if kept else 'NO'} |", flush=True)
    return kept


def table(mono: engine.Mono, seconds: float, kills: int) -> bool:
    """Prints every measurement; whether all limits are kept."""
    print("| measured | wire | figure | within the limit |\n|:--|:--|:--|:--|")
    good = True
    truth, seen = engine.bridge_run(mono, seconds)
    for wire in WIRES:
        off = engine.difference(truth, seen[wire])
        count = len(seen[wire].frames)
        what = f"`facecue live`, {seconds:.0f} s: largest difference of any number"
        good &= row(what, wire, f"{off:.1e} in {count} of {len(truth)} frames", kept=off <= DIFFERENCE_LIMIT)
        wrong = seen[wire].number("rejected")
        good &= row("its messages refused", wire, f"{wrong:.0f}", kept=wrong == 0)
    seen = engine.curve_run(mono, seconds)
    for wire in WIRES:
        for hz, pictures in seen[wire].pictures.items():
            curve = engine.off_curve(pictures)
            figure = (
                f"weights {100 * curve.weight:.2f} %, turn {100 * curve.turn:.2f} % "
                f"({curve.pictures} pictures, {100 * curve.settled:.1f} % between two frames)"
            )
            kept = max(curve.weight, curve.turn) < CURVE_LIMIT
            good &= row(
                f"off a {engine.CURVE_HZ:.0f} Hz curve at {hz} pictures a second", wire, figure, kept=kept
            )
        row("delay of the jitter buffer", wire, f"{seen[wire].number('delay_ms_60'):.0f} ms", kept=True)
    seen = engine.flood_run(mono, FLOOD)
    for wire in WIRES:
        frames, own = seen[wire].number("counted_frames"), seen[wire].number("bytes")
        collections = seen[wire].number("collections")
        figure = (
            f"{own:.0f} bytes in {frames:.0f} frames; {collections:.0f} collections of 256 KiB, all threads"
        )
        good &= row("allocated", wire, figure, kept=own == 0 and collections == 0)
    killed = engine.kill_run(mono, kills)
    for wire in WIRES:
        back = killed.back_s[wire]
        count = len(killed.seen[wire].frames)
        figure = (
            f"back {len(back) - 1} times, after {max(back):.2f} s at most; {count} frames, {killed.misread} misread, "
            f"{killed.seen[wire].number('rejected'):.0f} pieces of rubbish counted"
        )
        kept = len(back) == kills + 1 and not killed.misread
        good &= row(f"bridge killed {kills} times, rubbish between", wire, figure, kept=kept)
    return good


def main() -> None:
    """Prints the table; exit code 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kills", type=int, default=20)
    args = parser.parse_args()
    absent = engine.missing()
    if absent:
        parser.error(absent)
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="facecue-unity-") as folder:
        raise SystemExit(0 if table(engine.Mono(Path(folder)), args.seconds, args.kills) else 1)


if __name__ == "__main__":
    main()
