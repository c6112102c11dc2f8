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

from benchmarks.fuzz.drive import table
from benchmarks.fuzz.parsers import makers
from benchmarks.stage import machine


def main() -> None:
    """Prints the table; exit code 1 if something was found."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "parsers", nargs="*", metavar="PARSER", help=f"all, or some of {', '.join(makers())}"
    )
    arguments.add_argument("--seconds", type=float, default=60.0, help="for each parser")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--atheris", action="store_true", help="guided by coverage")
    arguments.add_argument("--minutes", type=float, default=3.0, help="for each parser, with --atheris")
    args = arguments.parse_args()
    strange = set(args.parsers) - set(makers())
    if strange:
        arguments.error(f"no parser is called {', '.join(strange)}; there are {', '.join(makers())}")
    print(f"{machine()}\n")
    seconds = 60 * args.minutes if args.atheris else args.seconds
    raise SystemExit(0 if table(seconds, args.parsers, args.seed, guided=args.atheris) else 1)


if __name__ == "__main__":
    main()
