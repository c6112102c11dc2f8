"""Connections on which all came that will come: PCM by TCP, and the preview's HTTP."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz import bend, parsers
from bridge.address import endpoints
from bridge.sinks import browser
from bridge.sources.tcp import TcpSource


class _Line:
    """A connection on which all came that will come."""

    def __init__(self, data: bytes, piece: int = 997) -> None:
        self._data, self._piece, self.sent = io.BytesIO(data), piece, b""

    def recv(self, size: int) -> bytes:
        return self._data.read(min(size, self._piece))

    def makefile(self, *_: Any) -> io.BytesIO:
        return self._data

    def sendall(self, data: bytes) -> None:
        self.sent += bytes(data)

    def nothing(self, *_: Any) -> None:
        """Whatever else one does with a socket."""

    settimeout = shutdown = setsockopt = close = __exit__ = nothing

    def __enter__(self) -> _Line:
        return self


def pcm(stack: ExitStack, _folder: Path) -> parsers.Parser:
    """A producer, from its header to its end."""
    source = TcpSource("tcp://127.0.0.1:0?buffer_s=1")
    source._closed.set()  # its own thread ends; samples are given by hand
    source._listening.join()
    source._closed.clear()
    stack.callback(source.close)
    seeds = [
        json.dumps({"rate": rate, "channels": channels, "format": form}).encode() + b"\n" + bytes(range(256)) * 3
        for rate, channels, form in ((16_000, 1, "s16le"), (44_100, 2, "f32le"), (8_000, 1, "u8"), (48_000, 3, "s24le"),
                                     (22_050, 1, "f64le"))
    ]  # fmt: skip

    def hear(data: bytes) -> bool:
        before, line = source._refused, _Line(data)
        source.hear(line)  # type: ignore[arg-type]
        while (block := source._ready.get()) is not None:
            if not np.isfinite(block).all():
                raise parsers.Unexpected("sound that is not finite")
        refused = source._refused - before
        if bool(refused) != (b'"error"' in line.sent):
            raise parsers.Unexpected(f"{refused} refused, but the producer was told {line.sent!r}")
        return not refused

    return parsers.Parser("pcm", hear, seeds, bend.json_tree)


def preview(stack: ExitStack, _folder: Path) -> parsers.Parser:
    """A browser's request."""
    latest = browser.Latest(lambda _: b"data: 1\n\n")
    (place,) = endpoints("preview", "127.0.0.1:0", lowest_port=0)
    server = browser.BrowserServer(place, latest, b"<html></html>", public=False)
    stack.callback(server.server_close)
    latest.close()  # so that a stream of frames ends at once
    host = f"Host: 127.0.0.1:{server.server_port}\r\n".encode()
    rest = b"User-Agent: x\r\nOrigin: http://" + host[6:] + b"Accept: */*\r\nLast-Event-ID: 7\r\n\r\n"
    seeds = [
        b"GET / HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /frames?x=1 HTTP/1.1\r\n" + host + rest,
        b"GET / HTTP/1.0\r\n" + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    ]

    def hear(data: bytes) -> bool:
        line = _Line(data)
        browser._Handler(line, ("127.0.0.1", 9), server)
        return b" 200 " in line.sent[:20]

    return parsers.Parser("preview", hear, seeds, bend.words)
