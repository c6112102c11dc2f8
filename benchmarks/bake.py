"""How fast `facecue bake` is, as a whole process on one core: start, networks, reading, writing.

    python -m benchmarks.bake [--minutes 5]
    python -m benchmarks.bake --lines 10000 [--jobs 2]

The bundled speech, over and over, as one recording and as many short lines; or a batch of 3 s lines with a manifest, in
several processes: its pace, its memory in all, and what it costs to find that all of it is done.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile

from benchmarks.hop import on_one_core, speech
from benchmarks.stage import machine
from bridge.frames import RATE_HZ, Floats

LIMIT = 40.0
"""Times real time."""
LINE_S = 4.0
RUNS = 3
BATCH_LINE_S = 3.0
BATCH_LIMIT = 100.0
"""Times real time, of a batch in two processes."""
MEMORY_MB = 1000.0
"""Of a batch, all processes together."""


def write(folder: Path, sound: Floats, seconds: float) -> None:
    """Cuts (N,) sound into recordings of so many seconds."""
    folder.mkdir()
    size = round(seconds * RATE_HZ)
    for i, at in enumerate(range(0, sound.size - size + 1, size)):
        soundfile.write(folder / f"line{i:04}.wav", sound[at : at + size], RATE_HZ, subtype="PCM_16")


def bake_s(folder: Path, out: Path, formats: str, lookahead: str) -> float:
    """Seconds that the whole command takes."""
    command = [sys.executable, "-m", "bridge", "bake", str(folder), "-o", str(out)]
    command += ["--format", formats, "--lookahead", lookahead, "--jobs", "1", "--force"]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def watched(command: list[str]) -> tuple[float, float]:
    """Seconds that a command takes, and the most memory (MB, resident) that it and its processes had together."""
    began, most = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                main = psutil.Process(process.pid)
                most = max(most, sum(p.memory_info().rss for p in (main, *main.children(recursive=True))))
            except psutil.Error:  # one has just ended
                continue
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, most / 1e6


def batch(lines: int, jobs: int) -> bool:
    """Prints the table of a batch; returns whether its limits are kept."""
    sound = speech()
    size = round(BATCH_LINE_S * RATE_HZ)
    print(f"{machine()}; {jobs} processes\n")
    print(
        f"| {f'{lines} lines of {BATCH_LINE_S:g} s, npz, studio':<44} | seconds | x real time | memory, MB |"
    )
    print(f"|{'-' * 46}|--------:|------------:|-----------:|")
    kept = True
    with tempfile.TemporaryDirectory(prefix="facecue-bake-") as name:
        home = Path(name)
        (home / "in").mkdir()
        rows = ["file,actor"]
        for i in range(lines):  # each another stretch, so that no two are the same file
            at = 37 * i % (sound.size - size)
            soundfile.write(home / "in" / f"line{i:05}.wav", sound[at : at + size], RATE_HZ, subtype="PCM_16")
            rows.append(f"line{i:05}.wav,actor {i % 7}")
        (home / "lines.csv").write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
        command = [sys.executable, "-m", "bridge", "bake", str(home / "in"), "-o", str(home / "out")]
        command += ["--manifest", str(home / "lines.csv"), "--jobs", str(jobs)]
        for what, bakes in (("baked, with report", True), ("found to be done, with report", False)):
            took_s, memory_mb = watched(command)
            pace = lines * BATCH_LINE_S / took_s
            kept &= memory_mb <= MEMORY_MB and (pace >= BATCH_LIMIT or not bakes)
            print(f"| {what:<44} | {took_s:7.1f} | {pace:11.0f} | {memory_mb:10.0f} |", flush=True)
        report = (home / "out" / "report.html").stat().st_size / 1e6
        print(
            f"\nreport.html: {report:.1f} MB; limits {BATCH_LIMIT:.0f} x real time and {MEMORY_MB:.0f} MB",
            end="",
        )
    return kept


def main() -> None:
    """Prints the table; exit code 1 if the limit is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="of speech")
    parser.add_argument("--lines", type=int, help="of a batch, instead of the other table")
    parser.add_argument("--jobs", type=int, default=2, help="processes of the batch")
    args = parser.parse_args()
    if args.lines is not None:
        kept = batch(args.lines, args.jobs)
        print(f": {'kept' if kept else 'NOT KEPT'}")
        raise SystemExit(0 if kept else 1)
    cores = on_one_core()
    size = round(60 * args.minutes * RATE_HZ)
    sound = np.resize(speech(), size)
    print(f"{machine()}; {cores}\n")
    print(f"| {f'{args.minutes:g} minutes of speech, median of {RUNS}':<44} | seconds | x real time |")
    print(f"|{'-' * 46}|--------:|------------:|")
    kept = True
    with tempfile.TemporaryDirectory(prefix="facecue-bake-") as name:
        home = Path(name)
        write(home / "one", sound, 60 * args.minutes)
        write(home / "lines", sound, LINE_S)
        lines = len(list((home / "lines").iterdir()))
        for folder, what in (("one", "one recording"), ("lines", f"{lines} lines of {LINE_S:g} s")):
            for formats, lookahead in (("npz", "studio"), ("npz,csv", "studio"), ("npz", "live")):
                took_s = float(
                    np.median([bake_s(home / folder, home / "out", formats, lookahead) for _ in range(RUNS)])
                )
                spoken_s = 60 * args.minutes if folder == "one" else lines * LINE_S
                kept &= spoken_s / took_s >= LIMIT
                print(
                    f"| {f'{what}, {formats}, {lookahead}':<44} | {took_s:7.2f} | {spoken_s / took_s:11.0f} |",
                    flush=True,
                )
    print(f"\nlimit {LIMIT:.0f} x real time: {'kept' if kept else 'NOT KEPT'}")
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
