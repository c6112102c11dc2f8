"""How long `facecue live` takes to its first frame, what memory it holds, what `facecue --help` imports.

    python -m benchmarks.start [--runs 5] [--seconds 30]

Each run is a new process; the clock runs from its creation to the first frame at a ZeroMQ subscriber. The
microphone is a PulseAudio null sink. One that nobody uses sleeps in pieces of two seconds, and a new listener
waits for the end of one: that is the null sink's, not a sound card's, so the limit is held against one in use.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import psutil

from benchmarks.soundcard import NoSoundCard, playing, sound_card
from benchmarks.stage import live, machine
from bridge.frames import RATE_HZ

START_LIMIT_S, RSS_LIMIT_MB, IMPORT_LIMIT_S = 2.0, 250.0, 1.0
NULL_SINK_SLEEP_S = 2.5
HEAVY = {"torch", "scipy", "matplotlib", "onnx"}
"""Of the development environment; a base install has none of them."""


def first_frame_s(source: str, environment: dict[str, str] | None) -> float:
    """Seconds to the first frame of one run."""
    with live(["--source", source], environment) as bridge:
        return bridge.wait_for_frames()


def from_microphone(runs: int, *, in_use: bool) -> list[float]:
    """Seconds to the first frame, each run with a sound card of its own."""
    taken = []
    for _ in range(runs):
        with ExitStack() as stack:
            environment = stack.enter_context(sound_card())
            if in_use:
                stack.enter_context(playing(environment, np.zeros(RATE_HZ, np.float32), loop=True))
            time.sleep(NULL_SINK_SLEEP_S)
            taken.append(first_frame_s("mic://pulse", environment))
    return taken


def memory_mb(seconds: float) -> tuple[float, float]:
    """Resident memory after so long, and the most there was."""
    with (
        sound_card() as environment,
        playing(environment, np.zeros(RATE_HZ, np.float32), loop=True),
        live(["--source", "mic://pulse"], environment) as bridge,
    ):
        bridge.wait_for_frames()
        process, most = psutil.Process(bridge.process.pid), 0.0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            most = max(most, process.memory_info().rss / 1e6)
            time.sleep(0.2)
        return process.memory_info().rss / 1e6, most


def imports(arguments: Sequence[str]) -> tuple[float, set[str]]:
    """Seconds spent importing by `python -X importtime -m bridge …`, and the names that were imported."""
    command = [sys.executable, "-X", "importtime", "-m", "bridge", *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    rows = [line[len("import time:") :].split("|") for line in said.splitlines() if line.count("|") == 2]
    own_us = [int(row[0]) for row in rows if row[0].strip().isdigit()]
    return sum(own_us) / 1e6, {row[2].strip() for row in rows}


def row(name: str, values: Sequence[float], unit: str, limit: float | None) -> tuple[str, bool]:
    """One line of the table, and whether its median keeps the limit."""
    median = float(np.median(values))
    digits = 2 if unit == "s" else 0
    told = f"{limit:g} {unit}" if limit is not None else ""
    kept = limit is None or median <= limit
    low, high = min(values), max(values)
    text = f"| {name:<58} | {median:7.{digits}f} {unit:<2} | {low:7.{digits}f} | {high:7.{digits}f} | {told:>6} |"
    return text + ("" if kept else " NOT KEPT"), kept


def main() -> None:
    """Prints the table; exit code 1 if a limit is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0, help="after which memory is read")
    args = parser.parse_args()
    print(f"{machine()}\n")
    helped = [imports(["--help"])[0] for _ in range(args.runs)]
    _, imported = imports(["live", "--source", "demo://", "--sink", "null://", "--duration", "2"])
    heavy = sorted(imported & HEAVY)
    started = [first_frame_s("demo://", None) for _ in range(args.runs)]
    rows = [
        row("python -X importtime -m bridge --help, total", helped, "s", IMPORT_LIMIT_S),
        row("live: start to first frame, demo://", started, "s", START_LIMIT_S),
    ]
    try:
        in_use, asleep = (from_microphone(args.runs, in_use=in_use) for in_use in (True, False))
        held, most = memory_mb(args.seconds)
        rows += [
            row("live: start to first frame, mic://pulse in use", in_use, "s", START_LIMIT_S),
            row("live: start to first frame, mic://pulse asleep", asleep, "s", None),
            row(f"live: resident memory after {args.seconds:.0f} s, one run", [held], "MB", RSS_LIMIT_MB),
            row("live: resident memory at its most, the same run", [most], "MB", RSS_LIMIT_MB),
        ]
    except NoSoundCard as error:
        print(f"start: {error}\n")
    print(f"| {f'median of {args.runs} runs':<58} |     median |     min |     max |  limit |")
    print(f"|{'-' * 60}|-----------:|--------:|--------:|-------:|")
    for text, _ in rows:
        print(text)
    names = ", ".join(sorted(HEAVY))
    print(f"\nfacecue live imports {len(imported)} modules; of {names}: {', '.join(heavy) or 'none'}")
    raise SystemExit(0 if all(kept for _, kept in rows) and not heavy else 1)


if __name__ == "__main__":
    main()
