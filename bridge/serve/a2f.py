"""Audio2Face-3D's gRPC service, `A2FControllerService.ProcessAudioStream`, with faces of ours.

The one room that knows gRPC and NVIDIA's published messages (the extra `a2f`). A client sends a header, sound
with emotion time codes, and EndOfAudio; it gets a header, frames with their sound while its own still comes,
and a status. Each stream has a thread, in which its network runs, and nothing more is read from its client
before what it sent is answered and taken.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any

# the core writes its complaints to stderr itself; ours say the same in one line
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from google.protobuf.message import DecodeError
from nvidia_ace.animation_pb2 import (
    AnimationData,
    AudioWithTimeCode,
    FloatArrayWithTimeCode,
    SkelAnimation,
    SkelAnimationHeader,
)
from nvidia_ace.status_pb2 import Status
from nvidia_audio2face_3d import audio2face_pb2
from nvidia_audio2face_3d.messages_pb2 import (
    A2F3DAnimationDataStream,
    A2F3DAnimationDataStreamHeader,
    AudioWithEmotionStream,
    EmotionAggregate,
    EmotionWithTimeCode,
)

from bridge.address import Endpoint
from bridge.assembly import Assembly, assemble
from bridge.config import LiveConfig
from bridge.frames import Floats
from bridge.serve import ServeError, Serving, WishError
from bridge.serve.door import Door, Refusals
from bridge.serve.feelings import Feelings, mixture, named_back
from bridge.serve.hearing import Answer, Hearing
from bridge.serve.inbox import Closed, Gone, Inbox, Silent
from bridge.serve.tally import Tally
from bridge.serve.wishes import FROM_ARKIT, SHAPES, Wishes, read_header

log = logging.getLogger(__name__)

SERVICE = audio2face_pb2.DESCRIPTOR.services_by_name["A2FControllerService"].full_name
METHOD = "ProcessAudioStream"
HEALTH = "grpc.health.v1.Health"
SERVING = b"\x08\x01"
"""A HealthCheckResponse with the status SERVING: a message of one field needs no library."""
METADATA_BYTES = 8192
SPARE_THREADS = 8
"""For calls that are refused or ask how we are while all streams run."""
STOP_S = 2.0
"""How long streams are given to say goodbye."""
DONE = "sent all data"
STOPPING = "facecue is stopping"
_RESPONSE = A2F3DAnimationDataStream


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """A stream ends here: a status code of gRPC, and the reason for the client."""

    def __init__(self, code: Any, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def _invalid(reason: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, reason)


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
        config: network and direction of every stream, as of `facecue live`.
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
        config: LiveConfig,
        door: Door,
        serving: Serving | None = None,
        certificate: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._config, self._door = config, door
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
            first = self._assembled()
        except BaseException:
            self._server.stop(None)
            self._threads.shutdown()
            raise
        self.network, self.lookahead_ms = first.network, first.lookahead_ms
        self._idle = [first]
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
        self._idle.clear()

    def _bound(self, place: Endpoint, certificate: tuple[bytes, bytes] | None) -> int:
        where = f"[{place.ip}]:{place.port}" if ":" in place.ip else f"{place.ip}:{place.port}"
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

    def _assembled(self) -> Assembly:
        assembly = assemble(self._config)
        assembly.warm_up()
        return assembly

    def _watch(self) -> None:
        """Lets go of clients that take nothing."""
        idle_s = self._serving.limits.idle_s
        while not self._stopping.wait(min(1.0, idle_s / 4)):
            with self._lock:
                calls = tuple(self._calls)
            for call in calls:
                since = call.sending_since
                if since is not None and not call.dropped and time.monotonic() - since > idle_s:
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
            raise Refusal(
                grpc.StatusCode.UNAUTHENTICATED, "a token is needed: metadata `authorization: Bearer TOKEN`"
            )

    def _refuse(self, context: Any, refusal: Refusal) -> None:
        if not self._stopping.is_set():
            self.refusals.add(refusal.reason)
        context.abort(refusal.code, refusal.reason)

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
                    call.sending_since = time.monotonic()
                    yield message.SerializeToString()
                    call.sending_since = None
            self.tally.add(finished=1)
        except Refusal as refusal:
            self._refuse(context, refusal)
        except Silent:
            reason = f"the client sent nothing for {limits.idle_s:g} s"
            self._refuse(context, Refusal(grpc.StatusCode.DEADLINE_EXCEEDED, reason))
        except Closed:
            self._refuse(context, Refusal(grpc.StatusCode.UNAVAILABLE, STOPPING))
        except (Gone, GeneratorExit) as error:
            if not (call.dropped or self._stopping.is_set()):
                self.tally.add(cancelled=1)
            if isinstance(error, GeneratorExit):
                raise
        except Exception as error:  # a fault of ours ends one stream, not the server
            log.debug("a stream failed", exc_info=True)
            reason = f"a fault of facecue: {type(error).__name__}: {error}"
            self._refuse(context, Refusal(grpc.StatusCode.INTERNAL, reason))

    @contextmanager
    def _entered(self, context: Any, inbox: Inbox) -> Iterator[_Call]:
        """A place among the streams, given back at the end.

        Raises:
            Refusal: there is none.
        """
        call, streams = _Call(context, inbox), self._serving.limits.streams
        with self._lock:
            if self._stopping.is_set():
                raise Refusal(grpc.StatusCode.UNAVAILABLE, STOPPING)
            if len(self._calls) >= streams:
                raise Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
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

    # one stream

    def _converse(self, inbox: Inbox) -> Iterator[_RESPONSE]:
        message = _read(inbox)
        if message is None or message.WhichOneof("stream_part") != "audio_stream_header":
            raise _invalid("the first message must be an audio_stream_header")
        try:
            wishes = read_header(message.audio_stream_header, self._config.direction)
        except WishError as error:
            raise _invalid(str(error)) from error
        if wishes.unmet and self._serving.strict:
            raise _invalid(f"this server has no counterpart for {_listed(wishes.unmet)}")
        header = A2F3DAnimationDataStreamHeader(
            audio_header=message.audio_stream_header.audio_header,
            skel_animation_header=SkelAnimationHeader(blend_shapes=SHAPES),
            start_time_code_since_epoch=time.time(),
        )
        yield _RESPONSE(animation_data_stream_header=header)
        with self._pipeline() as assembly:
            yield from self._answered(inbox, wishes, assembly)

    @contextmanager
    def _pipeline(self) -> Iterator[Assembly]:
        """A pipeline that nobody uses; a new one takes the better part of a second."""
        with self._lock:
            assembly = self._idle.pop() if self._idle else None
        assembly = assembly or self._assembled()
        try:
            yield assembly
        finally:
            with self._lock:
                self._idle.append(assembly)

    def _answered(self, inbox: Inbox, wishes: Wishes, assembly: Assembly) -> Iterator[_RESPONSE]:
        pipeline, limits = assembly.pipeline, self._serving.limits
        feelings = Feelings(
            wishes.direction, pipeline.direction.neutral,
            mix=wishes.mix, transition_s=wishes.transition_s, beginning=wishes.beginning,
            delay_s=assembly.lookahead_ms / 1000,
        )  # fmt: skip
        pipeline.direction = feelings
        pipeline.reset()
        pipeline.meter.reset()
        hearing = Hearing(pipeline, wishes, self._serving.fps)
        codes = _Codes(limits.seconds, limits.emotions)
        heard, unused = 0, 0
        while (message := _read(inbox)) is not None:
            part = message.WhichOneof("stream_part")
            if part == "end_of_audio":
                break
            if part != "audio_with_emotion":
                raise _invalid("after the header come audio_with_emotion messages and one end_of_audio")
            for code, emotion in codes.read(message.audio_with_emotion.emotions):
                if wishes.follow:
                    feelings.feel(code.time_code, emotion)
                    codes.wait(code)
                else:
                    unused += 1
            data = message.audio_with_emotion.audio_buffer
            heard += len(data)
            if heard > 2 * wishes.rate_hz * limits.seconds:
                raise Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"a stream has {limits.seconds:g} s of sound at most; begin another one",
                )
            for piece in hearing.pieces(data):
                if self._stopping.is_set():
                    raise Closed
                began = time.thread_time()
                messages = [_message(answer, codes) for answer in hearing.feed(piece)]
                self._count(len(messages), len(piece) / 2 / wishes.rate_hz, began)
                yield from messages
        if not heard:
            raise _invalid("the stream ended before any sound")
        began = time.thread_time()
        messages = [_message(answer, codes) for answer in hearing.end()]
        self._count(len(messages), 0.0, began)
        yield from messages
        notes = [f"no counterpart here: {_listed(wishes.unmet)}"] if wishes.unmet else []
        if unused:
            notes.append(f"{unused} emotion time codes unused: enable_preferred_emotion is false")
        yield _RESPONSE(status=Status(code=Status.SUCCESS, message="; ".join([DONE, *notes])))

    def _count(self, frames: int, sound_s: float, began: float) -> None:
        self.tally.add(frames=frames, sound_s=sound_s, worked_s=time.thread_time() - began)


def _read(inbox: Inbox) -> Any:
    """The next message, or None at the end."""
    data = inbox.get()
    if data is None:
        return None
    try:
        return AudioWithEmotionStream.FromString(data)
    except DecodeError as error:
        raise _invalid("a message that is no AudioWithEmotionStream") from error


class _Codes:
    """Emotion time codes of one stream: checked, and reported with the frame at which they hold."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds, self._most, self._count = seconds, most, 0
        self._waiting: list[tuple[float, int, Any]] = []

    def read(self, codes: Any) -> list[tuple[Any, Floats]]:
        """The time codes of one message, each with its emotion as (8,) of ours.

        Raises:
            Refusal: too many, or one that is none.
        """
        self._count += len(codes)
        if self._count > self._most:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"a stream has {self._most} emotion time codes at most"
            )
        read = []
        for code in codes:
            if not 0.0 <= code.time_code <= self._seconds:
                raise _invalid(
                    f"an emotion's time_code is {code.time_code:g}; it must lie in 0..{self._seconds:g} s"
                )
            try:
                read.append((code, mixture(code.emotion)))
            except WishError as error:
                raise _invalid(str(error)) from error
        return read

    def wait(self, code: Any) -> None:
        """Keeps one until its frame comes."""
        heappush(self._waiting, (code.time_code, id(code), code))

    def until(self, time_s: float) -> list[Any]:
        """Those that hold from a time before `time_s` on and were not reported."""
        due = []
        while self._waiting and self._waiting[0][0] <= time_s:
            due.append(heappop(self._waiting)[2])
        return due


def _message(answer: Answer, codes: _Codes) -> _RESPONSE:
    data = AnimationData(audio=AudioWithTimeCode(time_code=answer.audio_time_s, audio_buffer=answer.audio))
    if answer.weights is not None:
        weights = FloatArrayWithTimeCode(time_code=answer.time_s, values=answer.weights[FROM_ARKIT].tolist())
        data.skel_animation.CopyFrom(SkelAnimation(blend_shape_weights=[weights]))
        shown = EmotionWithTimeCode(time_code=answer.time_s, emotion=named_back(answer.emotion))
        felt = EmotionAggregate(input_emotions=codes.until(answer.time_s), a2f_smoothed_output=[shown])
        data.metadata["emotion_aggregate"].Pack(felt)
    return _RESPONSE(animation_data=data)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
