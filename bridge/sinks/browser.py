"""A page and a stream of events for browsers on this machine: the HTTP half of the preview sink.

`Latest` holds one frame; each browser has a thread that takes the newest from there, so that a slow one skips
and stalls nobody. `BrowserServer` answers GET / and GET /frames, and refuses requests of foreign pages and of
foreign names that resolve to us. Knows neither faces nor pages.
"""

from __future__ import annotations

import contextlib
import http.server
import logging
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from bridge.address import Endpoint
from bridge.frames import RigFrame

CONNECTIONS = 32
"""Open at once; more are turned away, so that a broken client cannot fill the machine with threads."""
PATIENCE_S = 5.0
"""A browser that takes nothing for so long is let go."""
HEARTBEAT_S = 1.0
"""A silent stream still says something so often: that is how a browser that left is noticed."""
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)


class Latest:
    """The latest frame, who watches it, and what was counted. Any thread may use it."""

    def __init__(self, encode: Callable[[RigFrame], bytes]) -> None:
        self._encode = encode
        self._changed = threading.Condition()
        self._frame: RigFrame | None = None
        self._number = 0  # of the frame held, from 1
        self._encoded: tuple[int, bytes] = (0, b"")  # shared by all browsers that show the same frame
        self._taken = True
        self.browsers = 0
        self.sent = self.dropped = self.skipped = self.errors = 0
        self.closed = False

    def put(self, frame: RigFrame) -> None:
        """Replaces the frame; one that no browser took in time counts as dropped."""
        with self._changed:
            self.dropped += self.browsers > 0 and not self._taken
            self._frame, self._number, self._taken = frame, self._number + 1, False
            self._changed.notify_all()

    def newer_than(self, number: int) -> tuple[int, bytes] | None:
        """The newest frame if it is newer than `number`; waits for it, and gives None after a heartbeat."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._number > number, HEARTBEAT_S)
            if self.closed or self._frame is None or self._number <= number:
                return None
            self.sent += not self._taken
            self._taken = True
            self.skipped += self._number - number - 1 if number else 0
            number, frame = self._number, self._frame
            if self._encoded[0] == number:
                return self._encoded
        self._encoded = coded = (number, self._encode(frame))  # no lock: the loop must not wait for this
        return coded

    def came(self, browsers: int) -> None:
        """Browsers came (+1) or left (−1)."""
        with self._changed:
            self.browsers += browsers

    def failed(self) -> None:
        """Counts a fault."""
        with self._changed:
            self.errors += 1

    def close(self) -> bool:
        """Wakes all who wait; False if it was closed before."""
        with self._changed:
            first, self.closed = not self.closed, True
            self._changed.notify_all()
            return first


class _Handler(http.server.BaseHTTPRequestHandler):
    server: BrowserServer
    server_version, sys_version = "facecue", ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        if not self.server.welcomes(self.headers.get("Host", ""), self.headers.get("Origin")):
            self._answer(403, b"foreign host or origin: open the address that facecue printed\n")
            return
        path = self.path.partition("?")[0]
        if path == "/":
            self._answer(200, self.server.page, "text/html; charset=utf-8")
        elif path == "/frames":
            self._stream()
        else:
            self._answer(404, b"nothing here: the preview is at /\n")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self._begin(status, kind, {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _begin(self, status: int, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **SECURITY, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        latest = self.server.latest
        # small buffer: a browser that cannot follow must skip frames, not see them seconds late
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._begin(200, "text/event-stream; charset=utf-8", {})
        self.wfile.write(b"retry: 500\n\n")
        latest.came(1)
        number = 0
        try:
            while not latest.closed:
                newer = latest.newer_than(number)
                number = newer[0] if newer else number
                self.wfile.write(newer[1] if newer else b": nothing new\n\n")
        except TimeoutError:
            latest.failed()
        finally:
            latest.came(-1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  named by the base class
        _log.debug(format, *args)


class BrowserServer(http.server.ThreadingHTTPServer):
    """Listens at `endpoint`; `public` lets in requests under any name. `end` gives everything back."""

    allow_reuse_address = sys.platform != "win32"  # there it would let two programs share a port
    request_queue_size = CONNECTIONS

    def __init__(self, endpoint: Endpoint, latest: Latest, page: bytes, *, public: bool) -> None:
        """Opens the port.

        Raises:
            OSError: if it is taken or not ours to open.
        """
        self.address_family = endpoint.family
        self.latest, self.page, self._public = latest, page, public
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__((endpoint.ip, endpoint.port), _Handler)
        hosts = {"localhost", "127.0.0.1", "[::1]", str(endpoint).rpartition(":")[0]}
        self._names = {f"{host}:{self.server_port}".lower() for host in hosts}
        if self.server_port == 80:  # browsers leave it out
            self._names |= hosts

    def server_bind(self) -> None:
        """Binds without asking the resolver for our own name: seconds on a machine without a network."""
        super(http.server.HTTPServer, self).server_bind()
        self.server_name, self.server_port = "facecue", int(self.server_address[1])

    def welcomes(self, host: str, origin: str | None) -> bool:
        """Whether a request means us, and comes from no other site's page."""
        if origin is not None and origin != f"http://{host}":
            return False
        return self._public or host.lower() in self._names

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Turns away what is too much."""
        return len(self._open) < CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each connection, remembered until it ends."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="preview", daemon=True
        )
        self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            del self._open[request]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A browser that leaves in the middle is no fault of ours; anything else is, and is counted."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.latest.failed()
            _log.warning("preview: a request failed: %s", error, exc_info=error)

    def end(self) -> None:
        """Ends `serve_forever` and all threads, and frees the port."""
        self.shutdown()
        self.server_close()
        for request, thread in list(self._open.items()):
            with contextlib.suppress(OSError):  # gone already
                request.shutdown(socket.SHUT_RDWR)
            thread.join(HEARTBEAT_S)
