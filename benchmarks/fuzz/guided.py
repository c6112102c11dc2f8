"""One parser under atheris, Google's libFuzzer for Python: `python -m benchmarks.fuzz.guided PARSER SECONDS SEED`.

Samples that reach new places in `bridge` are kept and bent on, by our bender and by libFuzzer's own. Faults are
counted and the run goes on, so that one find hides no other.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

try:
    import atheris
except ModuleNotFoundError:
    raise SystemExit(
        "fuzz: --atheris needs atheris (Linux, Python 3.11 to 3.13): pip install 'facecue[fuzz]'"
    ) from None

with atheris.instrument_imports(include=["bridge", "tomllib", "http.server"]):
    from benchmarks.fuzz.drive import WARM_SHARE, Fuzzed, resident_mb, told
    from benchmarks.fuzz.parsers import opened

    # what `opened` imports late, so that all of it is seen
    importlib.import_module("benchmarks.fuzz.listeners")
    with suppress(ModuleNotFoundError):  # the extra a2f
        importlib.import_module("bridge.assembly")
        importlib.import_module("benchmarks.fuzz.a2f")

OWN_SHARE = 0.8
"""Of the samples are bent by us; libFuzzer bends the others."""
LENGTH_LIMIT = 16_384


def main() -> None:
    """Ends the process: exit code 1 if something was found."""
    name, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    with opened([name]) as (parser,), tempfile.TemporaryDirectory(prefix="facecue-corpus-") as corpus:
        for i, sample in enumerate(parser.seeds):
            Path(corpus, f"seed{i}").write_bytes(sample)
        result = Fuzzed(name)
        began = time.perf_counter()

        def one(data: bytes) -> None:
            result.feed(parser, data)
            now = time.perf_counter() - began
            if not result.warm_mb and now >= WARM_SHARE * seconds:
                result.warm_mb = resident_mb()
            if now >= seconds:
                result.ended_mb = resident_mb()
                kept = len(list(Path(corpus).iterdir()))
                print(f"{result.row()} {kept} |", flush=True)
                good = told(result)
                if kept <= len(parser.seeds):
                    print(f"\nnothing new was reached in {name}: is all of it imported above?")
                    good = False
                sys.stdout.flush()
                os._exit(0 if good else 1)  # nobody comes back from libFuzzer

        def bent(data: bytes, limit: int, number: int) -> bytes:
            rng = random.Random(number)
            if rng.random() < OWN_SHARE:
                return parser.bend(data, rng)[:limit]
            mutated: bytes = atheris.Mutate(data, limit)
            return mutated

        options = [
            f"-seed={seed + 1}",
            f"-max_len={LENGTH_LIMIT}",
            "-verbosity=0",
            "-rss_limit_mb=0",
            "-timeout=60",
        ]
        atheris.Setup([sys.argv[0], corpus, *options], one, custom_mutator=bent, internal_libfuzzer=True)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
