"""Harm for every parser that listens.

    python -m benchmarks.fuzz [--seconds 60] [--seed 0] [PARSER ...]
    python -m benchmarks.fuzz --atheris --minutes 3 PARSER ...

Good samples are bent along the grain of their format (`bend`, `forms`). A parser may take what comes or refuse it in
one line and count it; anything else, and memory that grows, is a find and printed with its sample. With `--atheris`
(extra `fuzz`: Linux, Python 3.11 to 3.13) coverage of `bridge` says which samples are bent on. The tests
bend the same samples with hypothesis (tests/bridge/test_bent_input.py).
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.stage import machine


def main() -> None:
    """Prints the table; exit code 1 if something was found."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("parsers", nargs="*", metavar="PARSER", help="which; all if none is named")
    arguments.add_argument("--seconds", type=float, default=60.0, help="for each parser")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--atheris", action="store_true", help="guided by coverage")
    arguments.add_argument("--minutes", type=float, default=3.0, help="for each parser, with --atheris")
    args = arguments.parse_args()
    print(f"{machine()}\n")
    if args.atheris:
        raise SystemExit(_guided(args.parsers, args.minutes, args.seed))
    from benchmarks.fuzz.drive import table

    raise SystemExit(0 if table(args.seconds, args.parsers, args.seed) else 1)


def _guided(names: list[str], minutes: float, seed: int) -> int:
    """One process for each parser: libFuzzer ends the one in which it runs."""
    from benchmarks.fuzz.drive import HEAD, RULE

    if not names:
        from benchmarks.fuzz.parsers import makers

        names = list(makers())
    print(f"{HEAD} kept |\n{RULE}--:|", flush=True)
    worst = 0
    for name in names:
        command = [sys.executable, "-m", "benchmarks.fuzz.guided", name, str(60 * minutes), str(seed)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # libFuzzer talks much
        if done.returncode not in (0, 1) or not done.stderr.startswith("INFO"):
            print(done.stderr[-2000:], file=sys.stderr)
        worst = max(worst, abs(done.returncode))
    return worst


if __name__ == "__main__":
    main()
