"""What one frame costs on one core: features, gate, network, direction, retarget.

    python -m benchmarks.hop [--lookahead live] [--model FILE] [--frames 3000] [--no-gate]

Feeds 10 ms blocks, as a microphone gives them, through the whole pipeline as `facecue live` runs it; a frame
of 20 ms is made of two. The sound is the bundled speech, over and over.
"""

from __future__ import annotations

import argparse
import os
import platform
import time

import numpy as np

from bridge.assembly import assemble
from bridge.config import LiveConfig
from bridge.direction import DirectionConfig
from bridge.features import HOP_SAMPLES
from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.latency import STAGES, LatencySummary
from bridge.sources import open_source

P50_LIMIT_MS, P99_LIMIT_MS = 2.0, 6.0
"""What features, network, direction and retarget may take together."""


def on_one_core() -> str:
    """Keeps this process on one core where the system can do that; says how it went."""
    if not hasattr(os, "sched_setaffinity"):
        return "cores not limited (this system has no call for it)"
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return f"core {core} alone"


def speech() -> Floats:
    """The bundled speech, 16 kHz."""
    return np.concatenate([block.samples for block in open_source("demo://", realtime=False)])


def measure(config: LiveConfig, frames: int) -> tuple[LatencySummary, str, Floats, Floats]:
    """Runs `frames` frames.

    Returns:
        The meter's summary, the network's name, and for each frame (frames,) the milliseconds in all stages
        together, and the milliseconds in `Pipeline.feed` altogether.
    """
    assembly = assemble(config)
    assembly.warm_up()
    pipeline, meter = assembly.pipeline, assembly.pipeline.meter
    audio = speech()
    hop_ms, feed_ms = [], []
    feed_s = 0.0
    at = 0
    while len(hop_ms) < frames:
        samples = np.take(audio, range(at, at + HOP_SAMPLES), mode="wrap")
        block = AudioBlock(samples, at / RATE_HZ, 0.0)
        at += HOP_SAMPLES
        began = time.perf_counter()
        made = pipeline.feed(block)
        feed_s += time.perf_counter() - began
        if made:
            spent = {name: meter.last_ms(name) for name in STAGES}
            hop_ms.append(sum(spent.values()))
            feed_ms.append(1e3 * feed_s)
            feed_s = 0.0
    return meter.summary(), assembly.network, np.array(hop_ms), np.array(feed_ms)


def row(name: str, p50_ms: float, p99_ms: float) -> str:
    """One line of the table."""
    return f"| {name:<28} | {p50_ms:6.3f} | {p99_ms:6.3f} |"


def main() -> None:
    """Prints the table; exit code 1 if the limits are not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lookahead", default="live", help="live, studio or milliseconds")
    parser.add_argument("--model", help="a network of your own")
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--no-gate", action="store_true", help="without the speech gate")
    args = parser.parse_args()
    cores = on_one_core()
    direction = DirectionConfig(gate=not args.no_gate)
    config = LiveConfig(lookahead=args.lookahead, model=args.model, direction=direction)
    summary, network, hop_ms, feed_ms = measure(config, args.frames)
    print(f"{platform.machine()}, {cores}, Python {platform.python_version()}, network {network}, ", end="")
    print(f"{args.frames} frames of 20 ms from 10 ms blocks\n")
    print(f"| {'stage':<28} | p50 ms | p99 ms |")
    print(f"|{'-' * 30}|-------:|-------:|")
    for name, cost in summary.stages.items():
        if name != "sinks":
            print(row(name, cost.p50_ms, cost.p99_ms))
    p50, p99 = (float(value) for value in np.percentile(hop_ms, (50, 99)))
    print(row("hop", p50, p99))
    whole = [float(value) for value in np.percentile(feed_ms, (50, 99))]
    print(row("Pipeline.feed, everything", *whole))
    network_p50_ms = summary.stages["network"].p50_ms
    print(f"| {'of it outside the network':<28} | {whole[0] - network_p50_ms:6.3f} | {'':6} |")
    kept = p50 <= P50_LIMIT_MS and p99 <= P99_LIMIT_MS
    verdict = "kept" if kept else "NOT KEPT"
    print(f"\nlimits for the hop: p50 ≤ {P50_LIMIT_MS} ms, p99 ≤ {P99_LIMIT_MS} ms: {verdict}")
    raise SystemExit(0 if kept else 1)


if __name__ == "__main__":
    main()
