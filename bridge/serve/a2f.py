"""Audio2Face-3D's gRPC service, `A2FControllerService.ProcessAudioStream`, with faces of ours.

The one room that knows gRPC; what is said in a stream is the room `conversation`'s (both need the extra `a2f`).
Each stream has a thread, in which its network runs, and nothing more is read from its client before what it sent
is answered and taken.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# the core writes its complaints to stderr itself; ours say the same in one line
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

from bridge.address import Endpoint
from bridge.config import Config
from bridge.serve import Refusal, ServeError, Serving
from bridge.serve.conversation import METHOD, SERVICE, Conversations
from bridge.serve.door import Door, Refusals
from bridge.serve.inbox import Closed, Gone, Inbox, Silent
from bridge.serve.pool import Pool
from bridge.serve.tally import Tally

log = logging.getLogger(__name__)

HEALTH = "grpc.health.v1.Health"
SERVING = b"\x08\x01"
"""A HealthCheckResponse with the status SERVING: a message of one field needs no library."""
METADATA_BYTES = 8192
SPARE_THREADS = 8
"""For calls that are refused or ask how we are while all streams run."""
STOP_S = 2.0
"""How long streams are given to say goodbye."""
STOPPING = "facecue is stopping"


class _Call:
    """A stream that runs, as those see it who may end it."""

    def __init__(self, context: Any, inbox: Inbox) -> None:
        self.context, self.inbox = context, inbox
        self.sending_since: float | None = None
        """When the message was handed out that the client has not taken yet."""
        self.dropped = False


class A2FServer:
    """Serves until `close()`; `port` says where if port 0 was asked for.

    Args:
        place: where to listen.
        config: network and direction of every stream, as of `facecue serve`.
        door: who may come in.
        serving: rate, strictness, limits.
        certificate: PEM private key and certificate chain, for TLS; None = in the clear.

    Raises:
        ServeError: if the place cannot be listened at.
        ContractError: if the network cannot be used.
    """

    def __init__(
        self,
        place: Endpoint,
        config: Config,
        door: Door,
        serving: Serving | None = None,
        certificate: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._door = door
        self._serving = Serving() if serving is None else serving
        self.refusals = Refusals("audio2face server")
        self.tally = Tally()
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()
        self._stopping = threading.Event()
        limits = self._serving.limits
        threads = limits.streams + SPARE_THREADS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="facecue-a2f")
        self._server = grpc.server(
            self._threads,
            options=(
                ("grpc.so_reuseport", 0),  # else two servers share a port without a word
                ("grpc.max_receive_message_length", limits.message_bytes),
                ("grpc.max_metadata_size", METADATA_BYTES),
                ("grpc.max_concurrent_streams", threads),
                ("grpc.max_connection_idle_ms", 300_000),
            ),
            maximum_concurrent_rpcs=threads,
        )
        # bytes go in and out as they are: a message that cannot be read is our refusal, not a trace in a log
        handlers = {METHOD: grpc.stream_stream_rpc_method_handler(self._process)}
        health = {"Check": grpc.unary_unary_rpc_method_handler(self._check)}
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(SERVICE, handlers),
                grpc.method_handlers_generic_handler(HEALTH, health),
            )
        )
        try:
            self.port = self._bound(place, certificate)
            self._pool = Pool(config)
        except BaseException:
            self._server.stop(None)
            self._threads.shutdown()
            raise
        self.network, self.lookahead_ms = self._pool.network, self._pool.lookahead_ms
        self._converse = Conversations(
            self._pool, config.direction, self._serving, self.tally, self._stopping
        )
        self._server.start()
        self._watcher = threading.Thread(target=self._watch, name="facecue-a2f-watch", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Tells all clients, and stops; a second call does nothing."""
        self._stopping.set()
        with self._lock:
            for call in self._calls:
                call.inbox.stop()
        self._server.stop(STOP_S).wait()
        self._threads.shutdown()
        self._watcher.join()

    def _bound(self, place: Endpoint, certificate: tuple[bytes, bytes] | None) -> int:
        where = f"{place.written_ip}:{place.port}"
        try:
            if certificate is None:
                port = self._server.add_insecure_port(where)
            else:
                port = self._server.add_secure_port(where, grpc.ssl_server_credentials([certificate]))
        except (RuntimeError, ValueError):
            port = 0
        if not port:
            keys = ", and that key and certificate are a pair in PEM" if certificate is not None else ""
            raise ServeError(
                f"cannot listen on {place}: see that the address is this machine's and the port is free{keys}"
            )
        return int(port)

    def _watch(self) -> None:
        """Lets go of clients that take nothing."""
        idle_s = self._serving.limits.idle_s
        while not self._stopping.wait(min(1.0, idle_s / 4)):
            with self._lock:
                calls = tuple(self._calls)
            for call in calls:
                since = call.sending_since
                if since is not None and not call.dropped and time.perf_counter() - since > idle_s:
                    call.dropped = True
                    self.refusals.add(f"the client took nothing for {idle_s:g} s")
                    call.context.cancel()

    # one call

    def _admit(self, context: Any) -> None:
        """Raises a refusal for who has no token."""
        if not self._door.locked:
            return
        sent = {str(key).lower(): value for key, value in context.invocation_metadata() or ()}
        authorization = sent.get("authorization")
        if not self._door.admits(authorization if isinstance(authorization, str) else None):
            raise Refusal("UNAUTHENTICATED", "a token is needed: metadata `authorization: Bearer TOKEN`")

    def _refuse(self, context: Any, refusal: Refusal) -> None:
        if not self._stopping.is_set():
            self.refusals.add(refusal.reason)
        context.abort(grpc.StatusCode[refusal.code], refusal.reason)

    def _check(self, _request: bytes, context: Any) -> bytes:
        try:
            self._admit(context)
        except Refusal as refusal:
            self._refuse(context, refusal)
        return SERVING

    def _process(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        limits = self._serving.limits
        try:
            self._admit(context)
            with (
                Inbox(requests, context.is_active, limits.idle_s) as inbox,
                self._entered(context, inbox) as call,
            ):
                for message in self._converse(inbox):
                    call.sending_since = time.perf_counter()
                    yield message
                    call.sending_since = None
            self.tally.add(finished=1)
        except Refusal as refusal:
            self._refuse(context, refusal)
        except Silent:
            reason = f"the client sent nothing for {limits.idle_s:g} s"
            self._refuse(context, Refusal("DEADLINE_EXCEEDED", reason))
        except Closed:
            self._refuse(context, Refusal("UNAVAILABLE", STOPPING))
        except (Gone, GeneratorExit) as error:
            if not (call.dropped or self._stopping.is_set()):
                self.tally.add(cancelled=1)
            if isinstance(error, GeneratorExit):
                raise
        except Exception as error:  # a fault of ours ends one stream, not the server
            log.debug("a stream failed", exc_info=True)
            self.refusals.add(f"a fault of facecue: {type(error).__name__}: {error}")
            context.abort(grpc.StatusCode.INTERNAL, f"a fault of facecue: {type(error).__name__}")

    @contextmanager
    def _entered(self, context: Any, inbox: Inbox) -> Iterator[_Call]:
        """A place among the streams, given back at the end.

        Raises:
            Refusal: there is none.
        """
        call, streams = _Call(context, inbox), self._serving.limits.streams
        with self._lock:
            if self._stopping.is_set():
                raise Refusal("UNAVAILABLE", STOPPING)
            # a call that gRPC has ended holds no place, even if its thread has yet to hear of it
            if sum(other.context.is_active() for other in self._calls) >= streams:
                raise Refusal(
                    "RESOURCE_EXHAUSTED",
                    f"{streams} streams are running, and that is all there are; come again later",
                )
            self._calls.add(call)
            self.tally.running = len(self._calls)
        try:
            yield call
        finally:
            with self._lock:
                self._calls.discard(call)
                self.tally.running = len(self._calls)
