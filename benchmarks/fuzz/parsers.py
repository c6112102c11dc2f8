"""Every parser that listens, opened as it runs, with good samples and the bender of its form.

A parser may take a sample or refuse it with its own error and its own count; anything else is a find. What a room
catches because it must go on, and logs as a fault of ours, is a find as well.
"""

from __future__ import annotations

import logging
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fuzz import bend, forms
from benchmarks.sinks import moving_frame
from bridge.address import UriError, parse
from bridge.config import ConfigError, load_live
from bridge.frames import ARKIT, arrays_of, rest_cues
from bridge.landmarks import neutral_face
from bridge.rigs.pairs import read_pairs
from bridge.rigs.rig import Rig, load_rig, rig_names
from bridge.rigs.row import RigError
from bridge.rigs.table import parse_rig
from bridge.sinks.osc_packet import bundle, message
from bridge.sinks.vmc import VmcSink
from bridge.sinks.wire import WireError, decode, encode
from bridge.trackers.vmc import VmcTracker

LINE_LIMIT = 20_000
"""Characters of a complaint: it is for people, and a table may list many names."""


@dataclass
class Parser:
    """What is fed, with what."""

    name: str
    feed: Callable[[bytes], bool]
    """Whether the sample was taken; raises what it must not raise."""
    seeds: list[bytes]
    bend: bend.Bender = bend.plain


class Unexpected(Exception):  # noqa: N818  a find
    """A parser did what it must not: let nonsense through, or swallowed a fault of ours."""


class _Faults(logging.Handler):
    """Faults that a room caught and logged with where they arose."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            raise Unexpected(f"caught and logged: {record.exc_info[1]!r}") from record.exc_info[1]

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802  its base's name
        raise


@contextmanager
def faults_told() -> Iterator[None]:
    """Whatever is logged with a trace, and every warning of a library, is raised."""
    root, handler = logging.getLogger("bridge"), _Faults()
    propagate, root.propagate = root.propagate, False
    root.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        root.removeHandler(handler)
        root.propagate = propagate


def refusing(read: Callable[[bytes], object], error: type[Exception]) -> Callable[[bytes], bool]:
    """Feeds a function that raises `error`, in one printable line, where it refuses."""

    def feed(data: bytes) -> bool:
        try:
            read(data)
        except error as refusal:
            text = str(refusal)
            if "\n" in text or len(text) > LINE_LIMIT:
                raise Unexpected(
                    f"a complaint of {len(text)} characters, or of lines: {text[:80]!r}"
                ) from refusal
            return False
        return True

    return feed


def _wire(data: bytes) -> None:
    frame = decode(data)
    for name, values in arrays_of(frame).items():
        if not np.isfinite(values).all():
            raise Unexpected(f"{name} is not finite")


def _tracker(stack: ExitStack, _folder: Path) -> Parser:
    sink = VmcSink("vmc://", "127.0.0.1:9", {}, "face")
    packets = sink.packets(moving_frame(3))
    sink.close()
    packets += [bundle([message("/VMC/Ext/OK", 1, 3, 0, 1), bundle([message("/a", "b", 1.0)])])]
    tracker = VmcTracker("vmc://:0", ":0", {})
    stack.callback(tracker.close)
    seconds = iter(range(2**62))  # so that no packet is one too many

    def hear(data: bytes) -> bool:
        before = tracker.status()
        tracker.hear(data, "127.0.0.1", float(next(seconds)))
        after, seen = tracker.status(), tracker.latest()
        if after.packets + after.rejected == before.packets + before.rejected:
            raise Unexpected("a packet that was not counted")
        if not ((seen.weights >= 0) & (seen.weights <= 1)).all():
            raise Unexpected(f"a weight outside 0..1: {seen.weights}")
        if not (np.isfinite(seen.gaze).all() and math.isclose(np.linalg.norm(seen.head), 1.0, abs_tol=1e-3)):
            raise Unexpected(f"gaze {seen.gaze} or head {seen.head}")
        return after.rejected == before.rejected

    words = ["VMC", "Ext", "OK", "Blend", "Val", "Apply", "Bone", "Pos", "Head", "LeftEye", "jawOpen"]
    return Parser("tracker", hear, packets, forms.osc(words))


def _wired(_stack: ExitStack, _folder: Path) -> Parser:
    return Parser("wire", refusing(_wire, WireError), [encode(moving_frame(3))], bend.packed_tree)


def _uris(_stack: ExitStack, _folder: Path) -> Parser:
    seeds = [b"vmc://127.0.0.1:39540?names=vrm1&rate=60", b"zmq://[::1]:5556,localhost:1?public=1"]
    return Parser("uri", refusing(lambda d: parse(d.decode("latin-1")), UriError), seeds, bend.words)


def _rig(_stack: ExitStack, _folder: Path) -> Parser:
    rest, weights = rest_cues(0, neutral_face()), np.full(len(ARKIT), 0.5, np.float32)
    shipped = Path(load_rig.__code__.co_filename).parent

    def read(data: bytes) -> None:
        rig = Rig(parse_rig(data.decode("latin-1")))
        if not np.isfinite(rig.values(weights, rest)).all():
            raise Unexpected("a curve that is not finite")
        rig.bones(weights, rest)

    # what people begin with is shorter than what ships: some rows of each
    seeds = []
    for name in rig_names():
        rows = (shipped / f"{name}.toml").read_text(encoding="utf-8").split("\n\n")
        seeds.append("\n\n".join(rows[:6]).encode("latin-1", "replace"))
    seeds.append(
        b'title = "t"\n[curves.A]\nweights = { jawOpen = 1.0, mouthClose = -0.5 }\nemotion = { happy = 0.1 }\n'
        b"gain = 2\noffset = -0.1\nclamp = [0, 1]\ncurve = [[0, 0], [0.5, 0.2], [1, 1]]\nunless = { jawOpen = 1 }\n"
        b'[curves.SmileLeft]\nweights = { mouthSmileLeft = 1 }\nside = "both"\n'
        b'[bones.Jaw]\npitch = { cues = { jawAngle = 1 } }\nunit = "degrees"\n'
    )
    return Parser("rig", refusing(read, RigError), seeds, bend.words)


def _pairs(_stack: ExitStack, folder: Path) -> Parser:
    csv, toml = folder / "pairs.csv", folder / "pairs.toml"

    def read(data: bytes) -> None:
        path = toml if data.lstrip()[:1] == b"[" else csv
        path.write_bytes(data)
        pairs = read_pairs(path)
        if not (np.isfinite(pairs.poses).all() and np.isfinite(pairs.values).all()):
            raise Unexpected("a pose that is not finite")

    seeds = [
        b"jawOpen,happy,curve:Open\n1,0,100\n0.5,1,50\n",
        b"[[pairs]]\nweights = { jawOpen = 1 }\nemotion = { happy = 0.5 }\ncurves = { Open = 100, Smile = 2 }\n"
        * 2,
    ]
    return Parser("pairs", refusing(read, RigError), seeds, bend.words)


def _config(_stack: ExitStack, folder: Path) -> Parser:
    path = folder / "face.toml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        load_live(path)

    seeds = [
        b'[live]\nsource = "mic://"\nsinks = ["vmc://127.0.0.1:39540"]\nactor = "anna"\nlookahead = 80\n'
        b'trackers = []\n[bake]\nlookahead = "studio"\nmodel = "a.onnx"\n'
        b'[direction]\nemotion = "happy"\nmix = 0.5\ngate = true\nseed = 7\nblend_happy = 1\ntarget_x = -20\n',
        b'[direction]\nemotion = "auto"\nsmoothing_ms = 8.0\nsensitivity = 0.25\nstyle = "reader"\n',
    ]
    return Parser("config", refusing(read, ConfigError), seeds, bend.words)


def makers() -> dict[str, Callable[[ExitStack, Path], Parser]]:
    """Name → what opens that parser; those whose library is missing are left out."""
    from benchmarks.fuzz import listeners

    made = {
        "tracker": _tracker,
        "wire": _wired,
        "uri": _uris,
        "rig": _rig,
        "pairs": _pairs,
        "config": _config,
    }
    return {**listeners.makers(), **made}


_MEMORY = Path("/dev/shm")  # noqa: S108  presets are replaced thousands of times: it is parsers that are timed, not disks


@contextmanager
def opened(names: Sequence[str] = ()) -> Iterator[list[Parser]]:
    """The parsers of these names, or all; what they write is thrown away."""
    known = makers()
    with ExitStack() as stack:
        memory = _MEMORY if _MEMORY.is_dir() else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="facecue-fuzz-", dir=memory)))
        parsers = []
        for name in names or known:
            own = folder / name
            own.mkdir()
            parsers.append(known[name](stack, own))
        stack.enter_context(faults_told())
        yield parsers
