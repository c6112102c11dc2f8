"""One parser in a process of its own: `python -m benchmarks.fuzz.alone PARSER SECONDS SEED` prints row and finds."""

from __future__ import annotations

import sys

from benchmarks.fuzz.drive import fuzzed, told
from benchmarks.fuzz.parsers import opened


def main() -> None:
    """Exit code 1 if something was found."""
    name, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    with opened([name]) as (parser,):
        result = fuzzed(parser, seconds, seed)
    print(result.row())
    raise SystemExit(0 if told(result) else 1)


if __name__ == "__main__":
    main()
