"""`tcp://HOST:PORT` listens for one producer of speech at a time: a TTS engine, a game server.

A producer sends one header line (room `pcm`) and raw samples; when it closes the connection, the next one
is accepted. What it sends is played out in real time, however fast it comes: up to `buffer_s` (60 s) is held,
and beyond that the *oldest* is dropped and counted. While nobody speaks, silent blocks keep the face idling.
Playing starts when 40 ms lie ready (or the producer has ended, or 60 ms have passed), so that a producer that
sends in real time over a jittery line is not cut into pieces. Audio time is the time of playing.

Beyond this machine only who brings a token may speak: as `token` in the header, against `?token_file=FILE` or
`FACECUE_TOKEN`.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np

from bridge.address import check_options, endpoints, number, parse
from bridge.door import Door, token_for
from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.resample import Resampler
from bridge.sources import BLOCK_S, SourceError, SourceStatus
from bridge.sources.mailbox import Mailbox
from bridge.sources.pace import BLOCK_SAMPLES, wait_until
from bridge.sources.pcm import MAX_HEADER_BYTES, HeaderError, PcmHeader, decode, parse_header

PRIME_BLOCKS = 4  # 40 ms: what must lie ready before playing starts
PRIME_WAIT_S = 0.060
HEADER_WAIT_S = 5.0  # a connection that says nothing must not keep the others out
BUFFER_S, MAX_BUFFER_S = 60.0, 600.0
_POLL_S = 0.1  # how soon a blocking socket call notices close(), on every platform
_PIECE_BYTES = 16 * 1024


class TcpSource:
    """Listens from the moment it is made; `port` says where if the URI asked for port 0."""

    def __init__(self, uri: str) -> None:
        """Binds `tcp://HOST:PORT[?token_file=FILE][&buffer_s=60]`.

        Raises:
            UriError: if the address or an option is no good, or others could reach it and there is no token.
            SourceError: if more than one place is named, or the port is taken.
        """
        _, address, options = parse(uri)
        check_options(uri, options, ("token_file", "buffer_s"))
        buffer_s = number(uri, options, "buffer_s", default=BUFFER_S, low=0.1, high=MAX_BUFFER_S)
        places = endpoints(uri, address, lowest_port=0)
        if len(places) != 1:
            raise SourceError(f"{uri}: speech comes in at one address, not {len(places)}; name one")
        (place,) = places
        self._door = Door(uri, token_for(uri, options, places))
        try:
            self._listener = socket.create_server((place.ip, place.port), family=place.family, backlog=64)
        except OSError as error:
            raise SourceError(
                f"{uri}: cannot listen on {place}: {error.strerror or error}; choose another port"
            ) from error
        self._listener.settimeout(_POLL_S)
        self.port = int(self._listener.getsockname()[1])
        self.uri = f"tcp://{place._replace(port=self.port)}"
        self.realtime = True
        self._ready: Mailbox[Floats] = Mailbox(max(PRIME_BLOCKS, round(buffer_s / BLOCK_S)))
        self._closed = threading.Event()
        self._producer = "waiting for a producer"
        self._speaking = False
        self._refused = 0
        self._bad_samples = 0
        self._listening = threading.Thread(target=self._serve, name="tcp source", daemon=True)
        self._listening.start()

    def __iter__(self) -> Iterator[AudioBlock]:
        """Blocks of 10 ms in real time: speech when there is some, else silence."""
        silence = np.zeros(BLOCK_SAMPLES, np.float32)
        began, sent = time.perf_counter(), 0
        primed, waiting_since = False, began
        while True:
            heard_at = began + (sent + 1) * BLOCK_S
            if not wait_until(heard_at, self._closed):
                return
            held = len(self._ready)
            if not held:
                primed, waiting_since = False, heard_at
            elif held >= PRIME_BLOCKS or not self._speaking or heard_at - waiting_since >= PRIME_WAIT_S:
                primed = True
            samples = self._ready.get() if primed else None
            yield AudioBlock(
                silence if samples is None else samples, sent * BLOCK_SAMPLES / RATE_HZ, heard_at
            )
            sent += 1

    def close(self) -> None:
        """Ends the iteration, the connection and the listener."""
        self._closed.set()
        self._ready.close()
        self._listener.close()
        if threading.current_thread() is not self._listening:
            self._listening.join(2.0)

    def status(self) -> SourceStatus:
        """Who speaks, how much lies ready, how many were refused."""
        detail = f"{self.uri}: {self._producer}, {len(self._ready) * BLOCK_S:.1f} s ready"
        if self._refused:
            detail += f", {self._refused} refused"
        if self._bad_samples:
            detail += f", {self._bad_samples} samples not finite: silenced"
        return SourceStatus("ended" if self._closed.is_set() else "open", detail, self._ready.dropped, 0)

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:  # closed, or the producer went away before it was accepted
                if self._closed.wait(_POLL_S):
                    return
                continue
            self.hear(connection)

    def hear(self, connection: socket.socket) -> None:
        """Listens to one producer to its end; whatever it sends, nothing is raised."""
        with connection:
            connection.settimeout(_POLL_S)
            try:
                self._receive(connection)
            except HeaderError as error:
                self._refused += 1
                _refuse(connection, str(error))
            except OSError:  # reset by the producer: what came until then is played
                pass
            finally:
                self._speaking = False
                self._producer = "waiting for a producer"

    def _receive(self, connection: socket.socket) -> None:
        """One producer, from its header to its end."""
        header, rest = self._header(connection)
        if not self._door.admits(header.token):
            raise HeaderError("without the right token nobody is heard here; send it in the header as token")
        self._producer = f"{header.rate_hz} Hz, {header.channels} ch, {header.format}"
        self._speaking = True
        resampler = Resampler(header.rate_hz, header.channels, live=True)
        bad_before = self._bad_samples
        pending: Floats = np.empty(0, np.float32)
        data: bytes | None = rest
        while data is not None and not self._closed.is_set():
            whole = len(data) // header.frame_bytes * header.frame_bytes
            if whole:
                pending = self._put(np.concatenate([pending, resampler(decode(data[:whole], header))]))
                self._bad_samples = bad_before + resampler.bad_samples
            rest = data[whole:]  # a partial sample; at the end of the stream it is dropped
            more = self._more(connection)
            data = None if more is None else rest + more
        last = np.concatenate([pending, resampler.flush()])
        self._put(np.pad(last, (0, -last.size % BLOCK_SAMPLES)))

    def _put(self, audio: Floats) -> Floats:
        """Puts whole blocks aside for playing, returns the rest."""
        whole = audio.size // BLOCK_SAMPLES * BLOCK_SAMPLES
        for at in range(0, whole, BLOCK_SAMPLES):
            self._ready.put(audio[at : at + BLOCK_SAMPLES].copy())
        return audio[whole:]

    def _header(self, connection: socket.socket) -> tuple[PcmHeader, bytes]:
        """The header, and what came after it in the same packet."""
        data, deadline = b"", time.perf_counter() + HEADER_WAIT_S
        while b"\n" not in data:
            if len(data) > MAX_HEADER_BYTES:
                break
            more = self._more(connection, deadline)
            if more is None:
                raise HeaderError(f"no header line came before the end or within {HEADER_WAIT_S:.0f} s")
            data += more
        line, newline, rest = data.partition(b"\n")
        if not newline or len(line) > MAX_HEADER_BYTES:
            raise HeaderError(
                f"no newline within {MAX_HEADER_BYTES} bytes; send a one-line JSON header first"
            )
        return parse_header(line), rest

    def _more(self, connection: socket.socket, deadline: float | None = None) -> bytes | None:
        """The next bytes, or None at the end, at the deadline or at close()."""
        while not self._closed.is_set() and (deadline is None or time.perf_counter() < deadline):
            try:
                return connection.recv(_PIECE_BYTES) or None
            except TimeoutError:
                continue
        return None


def _refuse(connection: socket.socket, reason: str) -> None:
    """Sends the error line and ends the connection so that the producer gets to read it.

    Closing with bytes unread would reset the connection and throw the line away: so what has come is read
    off, for a moment, before.
    """
    try:
        connection.sendall(json.dumps({"error": reason}).encode() + b"\n")
        connection.shutdown(socket.SHUT_WR)
        until = time.perf_counter() + 3 * _POLL_S
        while time.perf_counter() < until and connection.recv(_PIECE_BYTES):
            pass
    except OSError:  # TimeoutError too: the producer has gone, or reads nothing
        return
