"""`zmq://HOST:PORT`: control by ZeroMQ: a REP socket that takes a map, as JSON or MessagePack, and answers with one.

The maps are those of `bridge.control`; where a token is asked for they carry it as `token`. Written down in
docs/control.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import zmq

from bridge.address import check_options, endpoints
from bridge.control import ControlDesk
from bridge.remote import ControlError, ControlStatus
from bridge.remote.door import Door, token_for
from bridge.remote.request import SIZE_LIMIT, FormError, decode, encode, is_json

DEFAULT_PORT = 5557
POLL_MS = 100
"""How soon the thread notices that it is to end."""
QUEUE = 16
"""Requests that wait, and answers that are not taken, for each peer."""
RESPITE_S = 0.001


class ZeroMqControl:
    """A REP socket and the thread that answers on it."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], desk: ControlDesk) -> None:
        check_options(uri, options, ("token_file",))
        places = endpoints(uri, address, default_port=DEFAULT_PORT, lowest_port=0)
        self._door = Door(uri, token_for(uri, options, places))
        self.uri = uri
        self._desk = desk
        self._taken = self._refused = 0
        self._last = ""
        self._closing = threading.Event()
        self._context = zmq.Context(io_threads=1)
        self._socket = self._context.socket(zmq.REP)
        self._socket.maxmsgsize = SIZE_LIMIT
        self._socket.rcvhwm = self._socket.sndhwm = QUEUE
        self._socket.linger = 0
        bound = []
        for place in places:
            self._socket.ipv6 = ":" in place.ip
            try:
                self._socket.bind(f"tcp://{place.written_ip}:{place.port or '*'}")
            except zmq.ZMQError as error:
                self._context.destroy(linger=0)
                raise ControlError(
                    f"{uri}: port {place.port} cannot be opened ({error.strerror}); choose another"
                ) from error
            bound.append(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        self.endpoints = tuple(bound)
        """`tcp://IP:PORT` of each place."""
        self._thread = threading.Thread(target=self._listen, name="facecue-zmq-control", daemon=True)
        self._thread.start()

    def status(self) -> ControlStatus:
        """Counters, and why the last request was refused."""
        last = f", last: {self._last}" if self._last else ""
        return ControlStatus(self.uri, self._taken, self._refused, f"binds {', '.join(self.endpoints)}{last}")

    def close(self) -> None:
        """Ends the thread and frees the ports."""
        self._closing.set()
        self._thread.join(1.0)

    def _listen(self) -> None:
        """Sockets of ZeroMQ belong to one thread: this one closes what it uses."""
        try:
            while not self._closing.is_set():
                if not self._socket.poll(POLL_MS):
                    continue
                parts = self._socket.recv_multipart()
                while not self._door.in_time() and not self._closing.is_set():
                    time.sleep(RESPITE_S)  # who asks too often waits for the answer
                self._socket.send(self._answered(parts), flags=zmq.DONTWAIT)
        except zmq.ContextTerminated:
            pass
        finally:
            self._context.destroy(linger=0)

    def _answered(self, parts: list[bytes]) -> bytes:
        as_json = is_json(parts[0])
        try:
            request = self._heard(parts)
        except FormError as error:
            answer: dict[str, Any] = {"ok": False, "error": self._desk.refuse(error)}
        else:
            answer = self._desk.answer(request)
        if answer["ok"]:
            self._taken += 1
        else:
            self._refused += 1
            self._last = answer["error"]
        return encode(answer, as_json=as_json)

    def _heard(self, parts: list[bytes]) -> Any:
        """The request, from somebody who may ask.

        Raises:
            FormError: no request, or without the token.
        """
        if len(parts) != 1:
            raise FormError(f"a request of {len(parts)} parts; send one")
        request = decode(parts[0])
        token = request.get("token") if isinstance(request, dict) else None
        if self._door.locked and not self._door.admits(token):
            raise FormError("without the right token: nobody is heard here without it")
        return request
