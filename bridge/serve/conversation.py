"""One Audio2Face stream: NVIDIA's messages in, NVIDIA's messages out. Knows the messages, not how they travel.

A client sends a header, sound with emotion time codes, and EndOfAudio; it gets a header, frames with their sound
while its own still comes, and a status.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from heapq import heappop, heappush
from typing import Any

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

from bridge.assembly import Assembly
from bridge.direction import DirectionConfig
from bridge.frames import Floats
from bridge.serve import Refusal, Serving, WishError
from bridge.serve.feelings import Feelings, mixture, named_back
from bridge.serve.hearing import SAMPLE_BYTES, Answer, Hearing
from bridge.serve.inbox import Closed, Inbox
from bridge.serve.pool import Pool
from bridge.serve.tally import Tally
from bridge.serve.wishes import FROM_ARKIT, SHAPES, Wishes, read_header

SERVICE = audio2face_pb2.DESCRIPTOR.services_by_name["A2FControllerService"].full_name
METHOD = "ProcessAudioStream"
DONE = "sent all data"
_RESPONSE = A2F3DAnimationDataStream


def _invalid(reason: str) -> Refusal:
    return Refusal("INVALID_ARGUMENT", reason)


class Conversations:
    """Leads any number of streams, each in its own thread.

    Args:
        pool: where pipelines come from.
        direction: what the server's own director asks for.
        serving: rate, strictness, limits.
        tally: counts frames, sound and work.
        stopping: set, no more sound is worked on.
    """

    def __init__(
        self,
        pool: Pool,
        direction: DirectionConfig,
        serving: Serving,
        tally: Tally,
        stopping: threading.Event,
    ) -> None:
        self._pool, self._direction, self._serving = pool, direction, serving
        self._tally, self._stopping = tally, stopping

    def __call__(self, inbox: Inbox) -> Iterator[bytes]:
        """The answers of one stream; what is read from `inbox` is worked on as they are taken.

        Raises:
            Refusal: what the client asks for cannot be.
            Silent, Gone, Closed: as `Inbox.get`.
        """
        message = _read(inbox)
        if message is None or message.WhichOneof("stream_part") != "audio_stream_header":
            raise _invalid("the first message must be an audio_stream_header")
        try:
            wishes = read_header(message.audio_stream_header, self._direction)
        except WishError as error:
            raise _invalid(str(error)) from error
        if wishes.unmet and self._serving.strict:
            raise _invalid(f"this server has no counterpart for {_listed(wishes.unmet)}")
        header = A2F3DAnimationDataStreamHeader(
            audio_header=message.audio_stream_header.audio_header,
            skel_animation_header=SkelAnimationHeader(blend_shapes=SHAPES),
            start_time_code_since_epoch=datetime.now(timezone.utc).timestamp(),
        )
        yield _RESPONSE(animation_data_stream_header=header).SerializeToString()
        with self._pool.borrowed() as assembly:
            for answer in self._answers(inbox, wishes, assembly):
                yield answer.SerializeToString()

    def _answers(self, inbox: Inbox, wishes: Wishes, assembly: Assembly) -> Iterator[_RESPONSE]:
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
            if heard > SAMPLE_BYTES * wishes.rate_hz * limits.seconds:
                raise Refusal(
                    "RESOURCE_EXHAUSTED",
                    f"a stream has {limits.seconds:g} s of sound at most; begin another one",
                )
            for piece in hearing.pieces(data):
                if self._stopping.is_set():
                    raise Closed
                began = time.thread_time()
                messages = [_message(answer, codes) for answer in hearing.feed(piece)]
                self._count(len(messages), len(piece) / SAMPLE_BYTES / wishes.rate_hz, began)
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
        self._tally.add(frames=frames, sound_s=sound_s, worked_s=time.thread_time() - began)


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
        self._seconds, self._most = seconds, most
        self._count = self._kept = 0
        self._waiting: list[tuple[float, int, Any]] = []

    def read(self, codes: Any) -> list[tuple[Any, Floats]]:
        """The time codes of one message, each with its emotion as (8,) of ours.

        Raises:
            Refusal: too many, or one that is none.
        """
        self._count += len(codes)
        if self._count > self._most:
            raise Refusal("RESOURCE_EXHAUSTED", f"a stream has {self._most} emotion time codes at most")
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
        self._kept += 1
        # a copy: a part of a message keeps all of it, sound included
        copied = EmotionWithTimeCode(time_code=code.time_code, emotion=dict(code.emotion))
        heappush(self._waiting, (code.time_code, self._kept, copied))

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
