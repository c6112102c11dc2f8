"""How fast `facecue bake` is, as a whole process on one core: start, networks, reading, writing.

    python -m benchmarks.bake [--minutes 5]

The bundled speech, over and over, as one recording and as many short lines.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.hop import on_one_core, speech
from benchmarks.stage import machine
from bridge.frames import RATE_HZ, Floats

LIMIT = 40.0
"""Times real time."""
LINE_S = 4.0
RUNS = 3


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


def main() -> None:
    """Prints the table; exit code 1 if the limit is not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="of speech")
    args = parser.parse_args()
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
