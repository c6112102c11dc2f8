"""`zmq://HOST:PORT`: control by ZeroMQ: a REP socket that takes a map, as JSON or MessagePack, and answers with one.

The maps are those of `bridge.control`; where a token is asked for they carry it as `token`. With `?curve=NAME` all is
encrypted and only who has a key of `facecue keys` is heard; no token is needed then. Written down in docs/control.md.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import zmq

from bridge.address import Endpoint, UriError, check_options, endpoints
from bridge.control import ControlDesk
from bridge.door import Door, token_for
from bridge.keys import KeyFileError, Keys, load
from bridge.mishaps import Mishaps
from bridge.remote import ControlError, ControlStatus
from bridge.remote.request import SIZE_LIMIT, FormError, decode, encode, is_json
from bridge.sinks.curve import REFUSALS, Guard, lock
from bridge.tokens import TokenError

_log = logging.getLogger(__name__)

DEFAULT_PORT = 5557
POLL_MS = 100
"""How soon the thread notices that it is to end."""
QUEUE = 16
"""Requests that wait, and answers that are not taken, for each peer."""
RESPITE_S = 0.001


class ZeroMqControl:
    """A REP socket and the thread that answers on it."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], desk: ControlDesk) -> None:
        check_options(uri, options, ("token_file", "curve"))
        places = endpoints(uri, address, default_port=DEFAULT_PORT, lowest_port=0)
        keys = _keys(uri, options)
        self._door = Door(uri, _token(uri, options, places, keys))
        self.uri = uri
        self._desk = desk
        self._taken = self._refused = 0
        self._last = ""
        self._strangers = Mishaps()
        self._closing = threading.Event()
        self._guard: Guard | None = None
        self._refusals: zmq.Socket[bytes] | None = None
        self._context = zmq.Context(io_threads=1)
        try:
            self.endpoints = self._open(places, keys)
        except BaseException:
            self._destroy()
            raise
        self._for = f" for holders of {keys.name}'s keys" if keys else ""
        self._thread = threading.Thread(target=self._listen, name="facecue-zmq-control", daemon=True)
        self._thread.start()

    def _open(self, places: Sequence[Endpoint], keys: Keys | None) -> tuple[str, ...]:
        """Binds; `tcp://IP:PORT` of each place."""
        self._socket = self._context.socket(zmq.REP)
        self._socket.maxmsgsize = SIZE_LIMIT
        self._socket.rcvhwm = self._socket.sndhwm = QUEUE
        self._socket.linger = 0
        if keys is not None:
            self._refusals = self._socket.get_monitor_socket(REFUSALS)
            try:
                self._guard = lock(self._socket, self._context, keys)
            except KeyFileError as error:
                raise ControlError(f"{self.uri}: {error}") from error
        bound = []
        for place in places:
            self._socket.ipv6 = ":" in place.ip
            try:
                self._socket.bind(f"tcp://{place.written_ip}:{place.port or '*'}")
            except zmq.ZMQError as error:
                raise ControlError(
                    f"{self.uri}: port {place.port} cannot be opened ({error.strerror}); choose another"
                ) from error
            bound.append(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        return tuple(bound)

    def status(self) -> ControlStatus:
        """Counters, and why the last request was refused."""
        last = f", last: {self._last}" if self._last else ""
        return ControlStatus(
            self.uri, self._taken, self._refused, f"binds {', '.join(self.endpoints)}{self._for}{last}"
        )

    def close(self) -> None:
        """Ends the thread and frees the ports."""
        self._closing.set()
        self._thread.join(1.0)

    def _destroy(self) -> None:
        if self._guard is not None:
            self._guard.close()
        self._context.destroy(linger=0)

    def _listen(self) -> None:
        """Sockets of ZeroMQ belong to one thread: this one closes what it uses."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        if self._refusals is not None:
            poller.register(self._refusals, zmq.POLLIN)
        try:
            while not self._closing.is_set():
                ready = dict(poller.poll(POLL_MS))
                if self._refusals is not None and self._refusals in ready:
                    self._refuse(self._refusals)
                if self._socket not in ready:
                    continue
                parts = self._socket.recv_multipart()
                while not self._door.in_time() and not self._closing.is_set():
                    time.sleep(RESPITE_S)  # who asks too often waits for the answer
                self._socket.send(self.answer(parts), flags=zmq.DONTWAIT)
        except zmq.ContextTerminated:
            pass
        finally:
            if self._refusals is not None:
                self._socket.disable_monitor()
            self._destroy()

    def _refuse(self, refusals: zmq.Socket[bytes]) -> None:
        """Counts a peer that was sent away in the handshake."""
        refusals.recv_multipart()
        self._refused += 1
        self._last = self._desk.refuse("a peer without the right key")
        if self._strangers.add(time.perf_counter()):
            so_far = self._strangers.count
            _log.warning("%s: a peer without the right key was refused; %d so far", self.uri, so_far)

    def answer(self, parts: list[bytes]) -> bytes:
        """The answer to one request; whatever it is, nothing is raised."""
        as_json = is_json(parts[0])
        try:
            request = self._heard(parts)
        except FormError as error:
            told: dict[str, Any] = {"ok": False, "error": self._desk.refuse(error)}
        else:
            told = self._desk.answer(request)
        if told["ok"]:
            self._taken += 1
        else:
            self._refused += 1
            self._last = told["error"]
        return encode(told, as_json=as_json)

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


def _token(uri: str, options: Mapping[str, str], places: Sequence[Endpoint], keys: Keys | None) -> str | None:
    """The token that is asked for; one that is named also of those who have shown a key."""
    if "token_file" in options:
        return token_for(uri, options, places)
    if keys is not None:
        return None
    try:
        return token_for(uri, options, places)
    except UriError as error:
        raise ControlError(f"{error}; or add ?curve=NAME with keys of `facecue keys NAME`") from error


def _keys(uri: str, options: Mapping[str, str]) -> Keys | None:
    if "curve" not in options:
        return None
    try:
        return load(options["curve"])
    except (KeyFileError, TokenError) as error:
        raise ControlError(f"{uri}: {error}") from error
