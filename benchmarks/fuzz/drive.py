"""Drives a parser with bent samples for so long, and says what came of it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks.fuzz.parsers import Parser, makers

GROWTH_LIMIT_MB = 16.0
"""More than the allocator's ups and downs (10 MB of pcm, which go again): what is kept of all would be hundreds."""
SLOW_LIMIT_S = 1.0
"""A sample of some kilobytes that holds a thread for longer is a find."""
WARM_SHARE = 0.5
"""Of the time: caches fill, the system's allocator takes its pages, and the rare large sample has come once."""
KEPT = 200
"""Taken or new samples that later ones are made of."""
CHAIN = 0.4
"""Share of the samples that are made of an earlier one instead of a seed."""


@dataclass
class Fuzzed:
    """What came of it."""

    name: str
    fed: int = 0
    taken: int = 0
    slowest_s: float = 0.0
    began_mb: float = 0.0
    warm_mb: float = 0.0
    ended_mb: float = 0.0
    finds: Counter[str] = field(default_factory=Counter)
    """Kind and place of the fault → how often."""
    examples: dict[str, str] = field(default_factory=dict)
    """Kind and place → the message and the sample."""

    @property
    def grown_mb(self) -> float:
        """Memory since the parser was warm."""
        return self.ended_mb - self.warm_mb

    @property
    def good(self) -> bool:
        """No find, no growth, no hang."""
        return not self.finds and self.grown_mb < GROWTH_LIMIT_MB and self.slowest_s < SLOW_LIMIT_S

    def feed(self, parser: Parser, data: bytes) -> bool:
        """Feeds one sample; whether it was taken."""
        began, taken = time.perf_counter(), False
        try:
            taken = parser.feed(data)
        except Exception as error:  # noqa: BLE001  this is what is looked for
            last = traceback.extract_tb((error.__cause__ or error).__traceback__)[-1]
            place = f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"
            self.finds[place] += 1
            self.examples.setdefault(place, f"{str(error)[:200]}\n    sample: {data[:2000]!r}")
        took = time.perf_counter() - began
        if took > self.slowest_s:
            self.slowest_s = took
            if took > SLOW_LIMIT_S:
                self.examples["slow"] = f"{took:.1f} s\n    sample: {data[:2000]!r}"
        self.fed += 1
        self.taken += taken
        return taken

    def row(self) -> str:
        """A line of the table."""
        return (
            f"| {self.name} | {self.fed} | {self.taken} | {self.fed - self.taken - sum(self.finds.values())} "
            f"| {sum(self.finds.values())} | {1e3 * self.slowest_s:.1f} | {self.warm_mb:.1f} | {self.grown_mb:+.1f} |"
        )


HEAD = "| parser | samples | taken | refused | faults | slowest ms | memory MB | grown |"
RULE = "|:--|--:|--:|--:|--:|--:|--:|--:|"


def resident_mb() -> float:
    """Memory of this process."""
    return psutil.Process().memory_info().rss / 1e6


def fuzzed(parser: Parser, seconds: float, seed: int = 0) -> Fuzzed:
    """Feeds it for so long."""
    rng, result = random.Random(seed), Fuzzed(parser.name)
    kept = list(parser.seeds)
    for sample in parser.seeds:
        if not result.feed(parser, sample):
            result.finds["a good sample is refused"] += 1
            result.examples.setdefault("a good sample is refused", repr(sample[:2000]))
    began = time.perf_counter()
    warm_at, ends_at = began + WARM_SHARE * seconds, began + seconds
    while (now := time.perf_counter()) < ends_at:
        if not result.warm_mb and now >= warm_at:
            result.warm_mb = resident_mb()
        data = parser.bend(rng.choice(kept if rng.random() < CHAIN else parser.seeds), rng)
        if result.feed(parser, data) and len(data) < 4096:
            if len(kept) < KEPT:
                kept.append(data)
            else:
                kept[rng.randrange(KEPT)] = data
    result.ended_mb = resident_mb()
    return result


def told(result: Fuzzed) -> bool:
    """Prints every find; whether there is none."""
    for place, example in result.examples.items():
        print(f"\nFOUND in {result.name}, {result.finds.get(place, 1)} times: {place}: {example}")
    if result.grown_mb >= GROWTH_LIMIT_MB:
        print(f"\nFOUND in {result.name}: memory grew by {result.grown_mb:.1f} MB")
    return result.good


def table(seconds: float, names: Sequence[str] = (), seed: int = 0, *, guided: bool = False) -> bool:
    """Prints what came of each parser, each in a process of its own; whether nothing was found."""
    names = names or list(makers())
    print(f"{HEAD} new places |\n{RULE}--:|" if guided else f"{HEAD}\n{RULE}", flush=True)
    room, good, finds = "guided" if guided else "alone", True, []
    for name in names:
        command = [sys.executable, "-m", f"benchmarks.fuzz.{room}", name, str(seconds), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        row, _, rest = done.stdout.partition("\n")
        if done.returncode not in (0, 1) or not row:  # also of a fault outside Python
            row, rest = f"| {name} | ended with code {done.returncode} |", done.stderr[-2000:]
        print(row, flush=True)
        finds += [rest] if rest.strip() else []
        good &= done.returncode == 0
    print("".join(finds), flush=True)
    return good
