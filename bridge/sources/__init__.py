"""Where the voice comes from: `open_source(uri)` hands out consecutive audio blocks, 16 kHz mono.

| URI | room | is |
|---|---|---|
| `mic://[device]` | microphone | a microphone by number or part of its name; empty = the default one |
| `file://path` | file | WAV, FLAC, OGG, MP3 of any rate and channel count |
| `demo://[?loop=1]` | demo | about 20 s of bundled speech |
| `tcp://HOST:PORT` | tcp | listens for raw PCM behind a one-line JSON header |

Knows nothing of features, networks or sinks. The room that serves a scheme is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bridge.address import UriError, check_options, flag, parse, scheme_of
from bridge.frames import AudioBlock

SCHEMES = ("mic://", "file://", "demo://", "tcp://")
BLOCK_S = 0.010
"""Seconds of a block of a source that runs in real time."""


class SourceError(ValueError):
    """A source cannot be opened or read; one line: the fact, the value, the way out."""


@dataclass(frozen=True)
class SourceStatus:
    """How a source fares, for the status line."""

    state: str
    """"open", "lost" (looked for again; silence meanwhile) or "ended"."""
    detail: str
    """One readable line."""
    dropped_blocks: int
    """Blocks thrown away, oldest first, because nobody took them in time."""
    overruns: int
    """Times the sound card reported that it lost input."""


class Source(Protocol):
    """What every source can do."""

    uri: str
    realtime: bool
    """True if blocks come at the pace of the wall clock."""

    def __iter__(self) -> Iterator[AudioBlock]:
        """Consecutive blocks until the end of the stream or `close()`; after a loss `time_s` jumps."""

    def close(self) -> None:
        """Ends the source; from any thread, any number of times. The iterator ends within 0.2 s."""

    def status(self) -> SourceStatus:
        """How the source fares; from any thread."""


def open_source(uri: str, *, realtime: bool = True) -> Source:
    """Opens the source that `uri` names.

    Args:
        uri: see the table at the top of this room.
        realtime: whether `file://` and `demo://` are paced by the wall clock; the others always are.

    Raises:
        SourceError: if the URI, the file or the device cannot be used; the message is for people.
    """
    try:
        scheme, rest = scheme_of(uri, "file://take.wav")
        opener: Callable[[], Source] | None = {
            "mic": lambda: _microphone(rest),
            "file": lambda: _file(rest, realtime=realtime),
            "demo": lambda: _demo(uri, realtime=realtime),
            "tcp": lambda: _tcp(uri),
        }.get(scheme)
        if opener is None:
            raise SourceError(f"{uri}: unknown source {scheme!r}; known: {', '.join(SCHEMES)}")
        return opener()
    except UriError as error:
        raise SourceError(str(error)) from error


def _microphone(rest: str) -> Source:
    from bridge.sources.microphone import MicrophoneSource

    return MicrophoneSource(rest)


def _file(rest: str, *, realtime: bool) -> Source:
    from bridge.sources.file import FileSource

    return FileSource(rest, realtime=realtime)


def _demo(uri: str, *, realtime: bool) -> Source:
    from bridge.sources.demo import DemoSource

    _, name, options = parse(uri)
    if name.strip("/"):
        raise SourceError(f"{uri}: demo:// takes no name, got {name!r}; write demo:// or demo://?loop=1")
    check_options(uri, options, ("loop",))
    return DemoSource(loop=flag(uri, options, "loop", default=False), realtime=realtime)


def _tcp(uri: str) -> Source:
    from bridge.sources.tcp import TcpSource

    return TcpSource(uri)
