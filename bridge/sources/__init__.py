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

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

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
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", uri, re.DOTALL)
    if match is None:
        raise SourceError(
            f"{uri!r} is not a source; write one of {', '.join(SCHEMES)}, as in file://take.wav"
        )
    scheme, rest = match[1].lower(), match[2]
    opener: Callable[[], Source] | None = {
        "mic": lambda: _microphone(rest),
        "file": lambda: _file(rest, realtime=realtime),
        "demo": lambda: _demo(rest, realtime=realtime),
        "tcp": lambda: _tcp(rest),
    }.get(scheme)
    if opener is None:
        raise SourceError(f"no source speaks {scheme}://; known are {', '.join(SCHEMES)}")
    return opener()


def split_options(rest: str, known: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Splits `name?key=value&…` into its name and options.

    Raises:
        SourceError: if an option is not among `known`; the message lists them.
    """
    name, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for key in options:
        if key not in known:
            raise SourceError(f"unknown option {key!r} in {rest!r}; known are {', '.join(known)}")
    return name, options


def switch(options: dict[str, str], key: str) -> bool:
    """The value of an on/off option: 1 or 0, absent is off.

    Raises:
        SourceError: if it is neither.
    """
    value = options.get(key, "0")
    if value not in ("0", "1"):
        raise SourceError(f"option {key}={value!r} must be 1 or 0")
    return value == "1"


def _microphone(rest: str) -> Source:
    from bridge.sources.microphone import MicrophoneSource

    return MicrophoneSource(rest)


def _file(rest: str, *, realtime: bool) -> Source:
    from bridge.sources.file import FileSource

    return FileSource(rest, realtime=realtime)


def _demo(rest: str, *, realtime: bool) -> Source:
    from bridge.sources.demo import DemoSource

    name, options = split_options(rest, ("loop",))
    if name.strip("/"):
        raise SourceError(f"demo:// takes no name, got {name!r}; write demo:// or demo://?loop=1")
    return DemoSource(loop=switch(options, "loop"), realtime=realtime)


def _tcp(rest: str) -> Source:
    from bridge.sources.tcp import TcpSource

    return TcpSource(rest)
