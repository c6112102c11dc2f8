"""CURVE, ZeroMQ's encryption: key pairs, and the guard that says whose key may connect.

ZeroMQ asks the guard during a handshake (ZAP, RFC 27) on an inproc socket of the sink's own context. pyzmq has
an authenticator, too; it runs an asyncio loop in a thread, which on Windows wants another library. This one
is a thread with a poll.
"""

from __future__ import annotations

import contextlib
import hmac
import threading
from collections.abc import Iterable

import zmq
from zmq.utils import z85

from bridge.keys import KeyFileError, Keys

DOMAIN = b"facecue"
ZAP = "inproc://zeromq.zap.01"
VERSION = b"1.0"
REFUSALS = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
"""Monitor events of a peer that is not let in: an unknown key, a wrong key of ours, or none."""
HANDSHAKE_MS = 5000
"""A peer that has not said who it is by then is cut off."""


def key_pair() -> tuple[str, str]:
    """A new pair: public key, secret key, as text.

    Raises:
        KeyFileError: if this ZeroMQ was built without CURVE.
    """
    _need_curve()
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


def lock(socket: zmq.Socket[bytes], context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> Guard | None:
    """Gives a socket its keys, before it is bound; the guard, where only some receivers may connect.

    Raises:
        KeyFileError: if this ZeroMQ was built without CURVE.
    """
    _need_curve()
    socket.curve_server = True
    socket.curve_secretkey = keys.secret.encode()
    socket.curve_publickey = keys.public.encode()
    socket.handshake_ivl = HANDSHAKE_MS
    if keys.clients is None:
        return None
    socket.zap_domain = DOMAIN  # without a domain ZeroMQ asks nobody
    return Guard(context, keys.clients.values())


def _need_curve() -> None:
    if not zmq.has("curve"):
        raise KeyFileError(
            "this pyzmq was built without CURVE; install the one of PyPI (pip install -U pyzmq)"
        )


class Guard:
    """Answers ZeroMQ's question whether a key may connect, in a thread of its own.

    Args:
        context: the sink's; both belong to no other sink.
        allowed: public keys as text.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], allowed: Iterable[str]) -> None:
        self._allowed = [z85.decode(key.encode()) for key in allowed]
        self._asks = context.socket(zmq.REP)
        self._asks.linger = 0
        self._asks.bind(ZAP)
        where = f"inproc://facecue.guard.{id(self)}"
        self._end, self._ends = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        self._end.linger = self._ends.linger = 0
        self._ends.bind(where)
        self._end.connect(where)
        self._thread = threading.Thread(target=self._run, name="facecue-curve", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._asks, zmq.POLLIN)
        poller.register(self._ends, zmq.POLLIN)
        try:
            while self._ends not in dict(poller.poll()):
                self._asks.send_multipart(self._answer(self._asks.recv_multipart()))
        finally:
            self._asks.close()
            self._ends.close()

    def _answer(self, question: list[bytes]) -> list[bytes]:
        number = question[1] if len(question) > 1 else b""
        good = len(question) == 7 and question[0] == VERSION and question[5] == b"CURVE"
        if good and self.knows(question[6]):
            return [VERSION, number, b"200", b"OK", b"", b""]
        return [VERSION, number, b"400", b"no key of ours", b"", b""]

    def knows(self, key: bytes) -> bool:
        """Whether a public key (32 bytes) may connect; takes as long for any key."""
        return sum(hmac.compare_digest(key, known) for known in self._allowed) > 0  # any() would stop early

    def close(self) -> None:
        """Ends the thread; from now on nobody is let in. A second call does nothing."""
        if not self._end.closed:
            with contextlib.suppress(zmq.Again):  # it has ended already
                self._end.send(b"", flags=zmq.DONTWAIT)
            self._thread.join()
            self._end.close()
