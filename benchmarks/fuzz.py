"""Bytes that mean harm, for every parser that listens: a plain random mutator over good samples.

`python -m benchmarks.fuzz [--seconds 60]` gives each parser so long. A parser may take what comes or refuse it with
its own error; anything else is a find, and its bytes are printed. The tests do the same with hypothesis.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sinks import moving_frame
from bridge.address import UriError, parse
from bridge.sinks.osc_packet import bundle, message
from bridge.sinks.vmc import VmcSink
from bridge.sinks.wire import WireError, decode, encode
from bridge.sources.pcm import HeaderError, parse_header
from bridge.trackers.osc_message import OscError, messages
from bridge.trackers.vmc import VmcTracker

_BAD_NUMBERS = (
    b"\x7f\xc0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\0",
    b"\x7f\x80\0\0",
)


@dataclass
class Parser:
    """What is fed, with what, and which error is its right to raise."""

    name: str
    feed: Callable[[bytes], object]
    seeds: list[bytes]
    refuses: type[Exception] | tuple[()] = ()


@dataclass
class Fuzzed:
    """What came of it."""

    name: str
    fed: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    finds: int = 0
    find: str = ""


def parsers(tracker: VmcTracker) -> list[Parser]:
    """Every parser that listens; add yours here."""
    sink = VmcSink("vmc://", "127.0.0.1:9", {}, "face")
    packets = sink.packets(moving_frame(3))
    sink.close()
    packets += [bundle([message("/VMC/Ext/OK", 1, 3, 0, 1), bundle([message("/a", "b", 1.0)])])]
    headers = [b'{"rate": 24000, "channels": 1, "format": "s16le"}', b'{"rate": 48000.0, "channels": 2}']
    uris = [b"vmc://127.0.0.1:39540?names=vrm1&rate=60", b"zmq://[::1]:5556,localhost:1?public=1"]
    return [
        Parser("OSC packets", messages, packets, OscError),
        Parser("VMC tracker", lambda data: tracker.hear(data, "127.0.0.1", time.perf_counter()), packets),
        Parser("native wire", decode, [encode(moving_frame(3))], WireError),
        Parser("header of tcp://", parse_header, headers, HeaderError),
        Parser("URIs", lambda data: parse(data.decode("latin-1")), uris, UriError),
    ]


def mutated(seed: bytes, rng: random.Random) -> bytes:
    """The sample with some bytes changed, cut, doubled or replaced; sometimes nothing but noise."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(200))
    data = bytearray(seed)
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(data) + 1)
        size = rng.randrange(1, 17)
        match rng.randrange(6):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                data[at : at + 4] = rng.choice(_BAD_NUMBERS)
            case 2:
                del data[at : at + size]
            case 3:
                data[at:at] = data[at : at + size]
            case 4:
                data[at:at] = rng.randbytes(size)
            case 5:
                del data[at:]
    return bytes(data)


def fuzzed(parser: Parser, seconds: float, seed: int = 0) -> Fuzzed:
    """Feeds it for so long."""
    rng = random.Random(seed)
    result = Fuzzed(parser.name)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        data = mutated(rng.choice(parser.seeds), rng)
        began = time.perf_counter()
        try:
            parser.feed(data)
        except parser.refuses:
            result.refused += 1
        except Exception as error:  # noqa: BLE001  this is what is looked for
            result.finds += 1
            result.find = result.find or f"{type(error).__name__}: {error} on {data.hex()}"
        result.slowest_ms = max(result.slowest_ms, 1e3 * (time.perf_counter() - began))
        result.fed += 1
    return result


def table(seconds: float) -> bool:
    """Prints what came of each parser; whether nothing was found."""
    print("| parser | fed | refused | slowest ms | finds |\n|:--|--:|--:|--:|--:|")
    tracker = VmcTracker("vmc://:0", ":0", {})
    finds = []
    try:
        for parser in parsers(tracker):
            result = fuzzed(parser, seconds)
            finds += [result.find] if result.find else []
            print(
                f"| {result.name} | {result.fed} | {result.refused} | {result.slowest_ms:.1f} | {result.finds} |",
                flush=True,
            )
    finally:
        tracker.close()
    for find in finds:
        print(f"\nFOUND {find}")
    return not finds


def main() -> None:
    """Prints the table; exit code 1 if something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    raise SystemExit(0 if table(parser.parse_args().seconds) else 1)


if __name__ == "__main__":
    main()
