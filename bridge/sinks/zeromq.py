"""`zmq://HOST:PORT[,HOST:PORT...]`: frames to any number of subscribers, as docs/wire.md says.

A PUB socket binds every given port (`zmq+connect://` connects it to bound SUB sockets instead) and sends
two parts, the actor's name and the map of `bridge.sinks.wire`, with what `rig=` and `visemes=` add to it. ZeroMQ queues
a few frames for each subscriber and lets go of what a slow one does not take: a send never waits. Beyond this machine
it binds with `?curve=NAME`, keys that `facecue keys` made, or with `?public=1` for everybody; with keys it is CURVE's
server also where it connects, so that a receiver holds the same keys either way.

What is let go is the newest, not the oldest. PUB knows no other way: `ZMQ_CONFLATE` takes single parts only, and with
`ZMQ_XPUB_NODROP` one slow peer would hold up all, or, switched off for a frame, leave a full peer out without a word
until it has read half its queue. Nor would it help much: what a slow reader sees late lies mostly in its own queue
(1000 messages unless it says otherwise) and its system's buffer. So a reader reads until nothing waits.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Mapping, Sequence

import zmq
from zmq.utils.monitor import parse_monitor_message

from bridge.address import Endpoint, check_options, endpoints, flag
from bridge.frames import RigFrame
from bridge.keys import KeyFileError, Keys, load
from bridge.mishaps import Mishaps
from bridge.sinks import SinkError, SinkStatus
from bridge.sinks.curve import REFUSALS, Guard, lock
from bridge.sinks.rigging import OPTIONS, Extras
from bridge.sinks.wire import encode
from bridge.tokens import TokenError

_log = logging.getLogger(__name__)

DEFAULT_PORT = 5556
QUEUE_FRAMES = 10
"""Frames kept for a subscriber that is behind: 0.2 s. More would only make what it sees older."""
BUFFER_BYTES = 16_384
"""Kernel send buffer of a subscriber, about ten frames: the system's own would hide seconds of delay."""
LINGER_MS = 200
"""How long closing waits for the last frames to leave: the face at rest is among them."""
ACTOR_LIMIT = 255
"""UTF-8 bytes of an actor's name."""
REQUEST_LIMIT = 1024
"""Bytes a peer may send at a time: PUB hears subscriptions only, and those are short."""
ARRIVALS = zmq.EVENT_ACCEPTED | zmq.EVENT_CONNECTED


class ZeroMqSink:
    """A PUB socket, and how many peers it has."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        connect = uri.lower().startswith("zmq+connect")
        check_options(uri, options, (*(() if connect else ("public",)), "curve", *OPTIONS))
        self._topic = actor.encode()
        if not 1 <= len(self._topic) <= ACTOR_LIMIT:
            raise SinkError(
                f"{uri}: actor {actor!r:.40} has {len(self._topic)} bytes; a name has 1 to {ACTOR_LIMIT}"
            )
        places = endpoints(uri, address, default_port=DEFAULT_PORT, lowest_port=1 if connect else 0)
        keys = _keys(uri, options)
        self._more = Extras(uri, options)
        if not connect and keys is None and not flag(uri, options, "public", default=False):
            _refuse_public(uri, places)
        self.uri = uri
        self._connected: set[int] = set()  # file descriptors of peers
        self._sent = self._dropped = self._errors = 0
        self._refused = Mishaps()
        self._guard: Guard | None = None
        self._locked = keys is not None
        self._context = zmq.Context(io_threads=1)
        try:
            self._socket = self._open(places, keys, connect=connect)
        except BaseException:
            self._destroy(linger_ms=0)
            raise

    def _open(self, places: Sequence[Endpoint], keys: Keys | None, *, connect: bool) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.PUB)
        socket.sndhwm = QUEUE_FRAMES
        socket.sndbuf = BUFFER_BYTES
        socket.maxmsgsize = REQUEST_LIMIT
        socket.immediate = True  # nothing is queued for a peer that is not there yet
        # before the first peer can come: one that nobody saw coming would never be counted
        self._monitor = socket.get_monitor_socket(ARRIVALS | zmq.EVENT_DISCONNECTED | REFUSALS)
        if keys is not None:
            try:
                self._guard = lock(socket, self._context, keys)
            except KeyFileError as error:
                raise SinkError(f"{self.uri}: {error}") from error
        bound = []
        for place in places:
            socket.ipv6 = ":" in place.ip  # holds for the next bind or connect
            where = f"tcp://{place.written_ip}:{place.port or '*'}"
            try:
                if connect:
                    socket.connect(where)
                else:
                    socket.bind(where)
            except zmq.ZMQError as error:
                raise SinkError(_why_not(self.uri, place, error)) from error
            bound.append(socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"))
        verb = "connects to" if connect else "binds"
        self._detail = f"{verb} {', '.join(bound)}{_who_may(keys)}"
        self.endpoints = tuple(bound)
        """`tcp://IP:PORT` of each place; port 0 has become the one the system chose."""
        return socket

    def send(self, frame: RigFrame) -> None:
        """Hands the frame to ZeroMQ's own thread; never blocks."""
        if self._socket.closed:
            self._dropped += 1
            return
        self._count_peers()
        try:
            self._socket.send_multipart([self._topic, encode(frame, self._more(frame))], flags=zmq.DONTWAIT)
        except zmq.ZMQError:  # PUB drops rather than refuses, so this is rare: a dying context
            self._errors += 1
            self._dropped += 1
        else:
            there = bool(self._connected)
            self._sent += there
            self._dropped += not there

    def _count_peers(self) -> None:
        """Reads the monitor dry: left full it would hold up ZeroMQ's thread."""
        while True:
            try:
                parts = self._monitor.recv_multipart(flags=zmq.DONTWAIT)
            except zmq.Again:
                return
            event = parse_monitor_message(parts)
            if event["event"] & ARRIVALS:
                self._connected.add(event["value"])
            elif event["event"] & REFUSALS:
                self._refuse()
            else:
                self._connected.discard(event["value"])

    def _refuse(self) -> None:
        if self._refused.add(time.perf_counter()):
            what = "that speaks no ZeroMQ" if not self._locked else "without the right key"
            _log.warning("%s: a peer %s was refused; %d so far", self.uri, what, self._refused.count)

    def status(self) -> SinkStatus:
        """Counters and the number of peers; frames that ZeroMQ drops for a slow peer are not in them."""
        peers = len(self._connected)
        detail = f"{self._detail} · {peers or 'no'} {'peer' if peers == 1 else 'peers'}"
        if self._refused.count:
            detail += f", {self._refused.count} refused"
        return SinkStatus(self.uri, self._sent, self._dropped, self._errors, detail)

    def close(self) -> None:
        """Closes the socket; what a subscriber does not take within `LINGER_MS` is let go."""
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._destroy(linger_ms=LINGER_MS)
            self._connected.clear()

    def _destroy(self, *, linger_ms: int) -> None:
        if self._guard is not None:
            self._guard.close()
        self._context.destroy(linger=linger_ms)


def _keys(uri: str, options: Mapping[str, str]) -> Keys | None:
    if "curve" not in options:
        return None
    if flag(uri, options, "public", default=False):
        raise SinkError(f"{uri}: public=1 lets everybody in and curve= only some; leave one of them out")
    try:
        return load(options["curve"])
    except (KeyFileError, TokenError) as error:
        raise SinkError(f"{uri}: {error}") from error


def _who_may(keys: Keys | None) -> str:
    if keys is None:
        return ""
    if keys.clients is None:
        return f" for whoever knows the key of {keys.name}"
    return f" for {len(keys.clients)} known to {keys.name}"


def _refuse_public(uri: str, places: Sequence[Endpoint]) -> None:
    for place in places:
        if not place.loopback:
            raise SinkError(
                f"{uri}: {place} can be reached from other machines; bind 127.0.0.1, add ?curve=NAME with keys "
                f"of `facecue keys NAME`, or ?public=1 if everybody on that network may watch"
            )


def _why_not(uri: str, place: Endpoint, error: zmq.ZMQError) -> str:
    if error.errno == zmq.EADDRINUSE:
        return f"{uri}: port {place.port} is taken by another program; end that one or choose another port"
    if error.errno in (errno.EADDRNOTAVAIL, zmq.EADDRNOTAVAIL, errno.ENODEV):
        return f"{uri}: {place.ip} is no address of this machine; bind 127.0.0.1, or use zmq+connect://"
    return f"{uri}: {place} cannot be opened ({error.strerror}); choose another address or port"
