"""Audio2Face-3D's gRPC service, `A2FControllerService.ProcessAudioStream`, with faces of ours.

The one room that knows gRPC and NVIDIA's published messages (the extra `a2f`). A client sends a header, sound
with emotion time codes, and EndOfAudio; it gets a header, frames with their sound while its own still comes,
and a status. The server lives in a thread of its own; networks run in a few more, so that a stream that works
holds up no other. Nothing is read from a client before what it sent is answered and taken.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from typing import Any, TypeVar

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
from bridge.serve import ServeError, Serving, WishError
from bridge.serve.door import Door, Refusals
from bridge.serve.feelings import Feelings, mixture, named_back
from bridge.serve.hearing import Answer, Hearing
from bridge.serve.tally import Tally
from bridge.serve.wishes import FROM_ARKIT, SHAPES, Wishes, read_header

log = logging.getLogger(__name__)

DEFAULT_PORT = 52000
SERVICE = audio2face_pb2.DESCRIPTOR.services_by_name["A2FControllerService"].full_name
METHOD = "ProcessAudioStream"
HEALTH = "grpc.health.v1.Health"
SERVING = b"\x08\x01"
"""A HealthCheckResponse with the status SERVING: a message of one field needs no library."""
METADATA_BYTES = 8192
STOP_S = 2.0
"""How long streams are given to say goodbye."""
DONE = "sent all data"
STOPPING = "facecue is stopping"

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """A stream ends here: a status code of gRPC, and the reason for the client."""

    def __init__(self, code: Any, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def _invalid(reason: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, reason)


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
        self._place, self._config, self._door, self._certificate = place, config, door, certificate
        self._serving = Serving() if serving is None else serving
        self.refusals = Refusals("audio2face server")
        self.tally = Tally()
        self._spare: list[Assembly] = []
        first = assemble(config)
        self.network, self.lookahead_ms = first.network, first.lookahead_ms
        first.warm_up()
        self._spare.append(first)
        self._workers = ThreadPoolExecutor(
            min(self._serving.limits.streams, os.cpu_count() or 1), thread_name_prefix="facecue-a2f"
        )
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._loop = asyncio.new_event_loop()
        opened: Future[int] = Future()
        self._thread = threading.Thread(target=self._live, args=(opened,), name="a2f server", daemon=True)
        self._thread.start()
        try:
            self.port = opened.result()
        except BaseException:
            self._thread.join()
            self._workers.shutdown()
            raise

    def close(self) -> None:
        """Tells all clients, and stops; a second call does nothing."""
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it stopped just now
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._workers.shutdown()
        self._spare.clear()

    # the thread

    def _live(self, opened: Future[int]) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve(opened))
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _serve(self, opened: Future[int]) -> None:
        self._stop = asyncio.Event()
        limits = self._serving.limits
        server = grpc.aio.server(
            options=(
                ("grpc.so_reuseport", 0),  # else two servers share a port without a word
                ("grpc.max_receive_message_length", limits.message_bytes),
                ("grpc.max_metadata_size", METADATA_BYTES),
                ("grpc.max_concurrent_streams", 2 * limits.streams + 8),
                ("grpc.max_connection_idle_ms", 300_000),
            ),
            maximum_concurrent_rpcs=4 * limits.streams + 64,
        )
        # bytes go in and out as they are: a message that cannot be read is our refusal, not a trace in a log
        handlers = {METHOD: grpc.stream_stream_rpc_method_handler(self._process)}
        health = {"Check": grpc.unary_unary_rpc_method_handler(self._check)}
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(SERVICE, handlers),
                grpc.method_handlers_generic_handler(HEALTH, health),
            )
        )
        try:
            port = self._bound(server)
            await server.start()
        except ServeError as error:
            opened.set_exception(error)
            return
        opened.set_result(port)
        await self._stop.wait()
        self._stopping = True
        for work in tuple(self._running):
            work.cancel()
        await server.stop(STOP_S)

    def _bound(self, server: Any) -> int:
        place = self._place
        where = f"[{place.ip}]:{place.port}" if ":" in place.ip else f"{place.ip}:{place.port}"
        try:
            if self._certificate is None:
                port = server.add_insecure_port(where)
            else:
                port = server.add_secure_port(where, grpc.ssl_server_credentials([self._certificate]))
        except (RuntimeError, ValueError):
            port = 0
        if not port:
            keys = ", and the key and certificate are a pair in PEM" if self._certificate is not None else ""
            raise ServeError(
                f"cannot listen on {place}: see that the address is this machine's and the port is free{keys}"
            )
        return int(port)

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

    def _make_room(self) -> None:
        """Raises a refusal where there is no room for another stream."""
        if self._stopping:
            raise Refusal(grpc.StatusCode.UNAVAILABLE, STOPPING)
        streams = self._serving.limits.streams
        if len(self._running) >= streams:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"{streams} streams are running, and that is all there are; come again later",
            )

    async def _check(self, _request: bytes, context: Any) -> bytes:
        try:
            self._admit(context)
        except Refusal as refusal:
            await self._refuse(context, refusal)
        return SERVING

    async def _process(self, _requests: Any, context: Any) -> None:
        try:
            self._admit(context)
            self._make_room()
        except Refusal as refusal:
            await self._refuse(context, refusal)
            return
        work = asyncio.ensure_future(self._converse(context))
        self._running.add(work)
        self.tally.running = len(self._running)
        try:
            await work
            self.tally.finished += 1
        except Refusal as refusal:
            await self._refuse(context, refusal)
        except asyncio.CancelledError:
            if not self._stopping:  # by the client
                self.tally.cancelled += 1
                raise
            await context.abort(grpc.StatusCode.UNAVAILABLE, STOPPING)
        except Exception as error:  # a fault of ours ends one stream, not the server
            log.debug("stream failed", exc_info=True)
            await self._refuse(
                context,
                Refusal(grpc.StatusCode.INTERNAL, f"a fault of facecue: {type(error).__name__}: {error}"),
            )
        finally:
            self._running.discard(work)
            self.tally.running = len(self._running)

    async def _refuse(self, context: Any, refusal: Refusal) -> None:
        self.refusals.add(refusal.reason)
        await context.abort(refusal.code, refusal.reason)

    # one stream

    async def _converse(self, context: Any) -> None:
        wishes = await self._introduced(context)
        assembly = await self._assembly()
        try:
            await self._answered(context, wishes, assembly)
        finally:
            self._spare.append(assembly)

    async def _introduced(self, context: Any) -> Wishes:
        message = await self._read(context)
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
        await self._send(context, [A2F3DAnimationDataStream(animation_data_stream_header=header)])
        return wishes

    async def _assembly(self) -> Assembly:
        """A pipeline nobody uses; a new one takes the better part of a second."""
        if self._spare:
            return self._spare.pop()

        def made() -> Assembly:
            assembly = assemble(self._config)
            assembly.warm_up()
            return assembly

        return await self._worked(made)

    async def _answered(self, context: Any, wishes: Wishes, assembly: Assembly) -> None:
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
        codes, unused = _Codes(limits.seconds, limits.emotions), 0
        heard = 0
        while (message := await self._read(context)) is not None:
            part = message.WhichOneof("stream_part")
            if part == "end_of_audio":
                break
            if part != "audio_with_emotion":
                raise _invalid("after the header come audio_with_emotion messages and one end_of_audio")
            felt = codes.read(message.audio_with_emotion.emotions)
            if wishes.follow:
                for code in felt:
                    feelings.feel(code.time_code, mixture(code.emotion))
                    codes.wait(code)
            else:
                unused += len(felt)
            data = message.audio_with_emotion.audio_buffer
            heard += len(data)
            if heard > 2 * wishes.rate_hz * limits.seconds:
                raise Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"a stream has {limits.seconds:g} s of sound at most; begin another one",
                )
            for piece in hearing.pieces(data):
                await self._give(context, codes, partial(hearing.feed, piece))
                self.tally.sound_s += len(piece) / 2 / wishes.rate_hz
        if not heard:
            raise _invalid("the stream ended before any sound")
        await self._give(context, codes, hearing.end)
        notes = [f"no counterpart here: {_listed(wishes.unmet)}"] if wishes.unmet else []
        if unused:
            notes.append(f"{unused} emotion time codes unused: enable_preferred_emotion is false")
        status = Status(code=Status.SUCCESS, message="; ".join([DONE, *notes]))
        await self._send(context, [A2F3DAnimationDataStream(status=status)])

    async def _give(self, context: Any, codes: _Codes, work: Callable[[], list[Answer]]) -> None:
        """Does the work elsewhere, and sends its answers."""

        def made() -> list[A2F3DAnimationDataStream]:
            began = time.thread_time()
            messages = [_message(answer, codes) for answer in work()]
            self.tally.worked_s += time.thread_time() - began
            return messages

        messages = await self._worked(made)
        self.tally.frames += len(messages)
        await self._send(context, messages)

    async def _worked(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in another thread; if cancelled, when it is over."""
        job = self._loop.run_in_executor(self._workers, work)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])  # the pipeline is not handed on while it works
            raise

    async def _read(self, context: Any) -> Any:
        """The next message, or None at the end."""
        data = await self._in_time(context.read(), "sent nothing")
        if data is grpc.aio.EOF:
            return None
        try:
            return AudioWithEmotionStream.FromString(data)
        except DecodeError as error:
            raise _invalid("a message that is no AudioWithEmotionStream") from error

    async def _send(self, context: Any, messages: list[A2F3DAnimationDataStream]) -> None:
        async def written() -> None:
            for message in messages:
                await context.write(message.SerializeToString())

        await self._in_time(written(), "took nothing")

    async def _in_time(self, doing: Coroutine[Any, Any, T], failing: str) -> T:
        idle_s = self._serving.limits.idle_s
        try:
            return await asyncio.wait_for(doing, idle_s)
        except asyncio.TimeoutError as error:
            raise Refusal(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"the client {failing} for {idle_s:g} s"
            ) from error


class _Codes:
    """Emotion time codes of one stream: checked, and reported with the frame at which they hold."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds, self._most, self._count = seconds, most, 0
        self._waiting: list[tuple[float, int, Any]] = []

    def read(self, codes: Any) -> list[Any]:
        """The time codes of one message.

        Raises:
            Refusal: too many, or one that is none.
        """
        self._count += len(codes)
        if self._count > self._most:
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"a stream has {self._most} emotion time codes at most"
            )
        for code in codes:
            if not 0.0 <= code.time_code <= self._seconds:
                raise _invalid(
                    f"an emotion's time_code is {code.time_code:g}; it must lie in 0..{self._seconds:g} s"
                )
            try:
                mixture(code.emotion)
            except WishError as error:
                raise _invalid(str(error)) from error
        return list(codes)

    def wait(self, code: Any) -> None:
        """Keeps one until its frame comes."""
        heappush(self._waiting, (code.time_code, id(code), code))

    def until(self, time_s: float) -> list[Any]:
        """Those that hold from a time before `time_s` on and were not reported."""
        due = []
        while self._waiting and self._waiting[0][0] <= time_s:
            due.append(heappop(self._waiting)[2])
        return due


def _message(answer: Answer, codes: _Codes) -> A2F3DAnimationDataStream:
    data = AnimationData(audio=AudioWithTimeCode(time_code=answer.audio_time_s, audio_buffer=answer.audio))
    if answer.weights is not None:
        weights = FloatArrayWithTimeCode(time_code=answer.time_s, values=answer.weights[FROM_ARKIT].tolist())
        data.skel_animation.CopyFrom(SkelAnimation(blend_shape_weights=[weights]))
        shown = EmotionWithTimeCode(time_code=answer.time_s, emotion=named_back(answer.emotion))
        felt = EmotionAggregate(input_emotions=codes.until(answer.time_s), a2f_smoothed_output=[shown])
        data.metadata["emotion_aggregate"].Pack(felt)
    return A2F3DAnimationDataStream(animation_data=data)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
