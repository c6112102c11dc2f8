"""The wires under fire: one command prints the tables of docs/reliability.md, as Markdown.

    python -m benchmarks.reliability [--only kills loss …] [--short]

* `kills`: receivers that are killed and started again while frames flow at 50 a second,
* `knocks`: clients that come and go at every door of `facecue live` and `facecue serve`,
* `loss`: a network that loses, delays and doubles packets, and a line too slow for all frames,
* `holes`: targets that swallow everything,
* `crowd`: processes that keep every core busy 1 to 100 % of the time beside a running face,
* `fuzz`: bent samples for every parser that listens (`benchmarks.fuzz`).

About ten minutes, on a machine that does nothing else; `--short` sees in two that all parts work.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.fuzz.drive import table
from benchmarks.reliability.crowd import HOP_MS, crowded
from benchmarks.reliability.holes import swallowed
from benchmarks.reliability.kills import killed
from benchmarks.reliability.knocks import knocked
from benchmarks.reliability.loss import lossy
from benchmarks.stage import machine

SHORT = {
    "kills": 5,
    "connects": 300,
    "loss_seconds": 4.0,
    "hole_seconds": 5.0,
    "hog_seconds": 5.0,
    "fuzz_seconds": 2.0,
}
SHORT_HOGS = [0, 50, 100]


def _fuzzed(seconds: float) -> bool:
    print(f"\n## Bent samples for every parser that listens, {seconds:.0f} s each\n")
    return table(seconds)


def main() -> None:
    """Prints all tables; exit code 1 if something was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("kills", "knocks", "loss", "holes", "crowd", "fuzz")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--short", action="store_true", help="every part for a moment")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--connects", type=int, default=10_000)
    parser.add_argument("--loss-seconds", type=float, default=20.0)
    parser.add_argument("--hole-seconds", type=float, default=30.0)
    parser.add_argument("--hog-seconds", type=float, default=15.0)
    parser.add_argument("--hogs", type=int, nargs="*", default=[0, 1, 10, 25, 50, 75, 90, 100], help="%%")
    parser.add_argument("--fuzz-seconds", type=float, default=10.0, help="for each parser")
    args = parser.parse_args()
    if args.short:
        vars(args).update(SHORT, hogs=SHORT_HOGS)
    settings = " ".join(f"--{name.replace('_', '-')} {getattr(args, name):g}" for name in SHORT)
    print(
        f"{machine()}\n\n`python -m benchmarks.reliability {settings} --hogs {' '.join(map(str, args.hogs))}`"
    )
    checks: dict[str, tuple[str, Callable[[], bool]]] = {
        "kills": ("every receiver came back, within a second (p99)", lambda: killed(args.kills)),
        "knocks": (
            "connections left nothing behind, no frame was missing, good clients were served",
            lambda: knocked(args.connects),
        ),
        "loss": ("nothing was misread, and numbers tell what was lost", lambda: lossy(args.loss_seconds)),
        "holes": (
            f"targets that swallow everything cost less than {HOP_MS:.0f} ms (p99) each, and nothing grew",
            lambda: swallowed(args.hole_seconds),
        ),
        "crowd": (
            f"frames kept their time, the loop below {HOP_MS:.0f} ms (p99), and readers got them",
            lambda: crowded(args.hog_seconds, tuple(args.hogs)),
        ),
        "fuzz": (
            "every sample was taken or refused and counted; nothing grew",
            lambda: _fuzzed(args.fuzz_seconds),
        ),
    }
    kept, lines = True, []
    for name in args.only:
        what, check = checks[name]
        began = time.perf_counter()
        good = check()
        kept &= good
        lines.append(f"* {'kept' if good else '**NOT KEPT**'}: {what}")
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n## Kept\n")
    print("\n".join(lines))
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
