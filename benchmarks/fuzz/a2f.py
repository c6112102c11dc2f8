"""A stream of Audio2Face's gRPC service, message by message, with a network behind it (needs the extra `a2f`)."""

from __future__ import annotations

import math
import threading
from collections import deque
from contextlib import ExitStack
from pathlib import Path

from nvidia_audio2face_3d import messages_pb2 as pb

from benchmarks.fuzz import bend, forms, parsers
from bridge.config import LiveConfig
from bridge.controls import DirectionConfig
from bridge.serve import Refusal, Serving
from bridge.serve.conversation import Conversations
from bridge.serve.pool import Pool
from bridge.serve.tally import Tally


def stream_of_messages(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    """Whole streams through `Conversations`, as gRPC hands their messages over."""
    pool, stopping = Pool(LiveConfig()), threading.Event()
    conversations = Conversations(pool, DirectionConfig(), Serving(), Tally(), stopping)

    class Inbox:
        def __init__(self, messages: list[bytes]) -> None:
            self._messages = deque(messages)

        def get(self) -> bytes | None:
            return self._messages.popleft() if self._messages else None

    def converse(data: bytes) -> bool:
        try:
            for made in conversations(Inbox(bend.parted(data, 16))):  # type: ignore[arg-type]
                frame = pb.A2F3DAnimationDataStream.FromString(made).animation_data
                for weights in frame.skel_animation.blend_shape_weights:
                    if not all(math.isfinite(value) for value in (weights.time_code, *weights.values)):
                        raise parsers.Unexpected(f"weights {weights}")
        except Refusal as refusal:
            if not refusal.reason.isprintable():
                raise parsers.Unexpected(f"a reason that no trailer carries: {refusal.reason!r}") from refusal
            return False
        return True

    stream = pb.AudioWithEmotionStream
    header = stream()
    sound = header.audio_stream_header.audio_header
    sound.channel_count, sound.samples_per_second, sound.bits_per_sample = 1, 16_000, 16
    rich = stream.FromString(header.SerializeToString())
    start = rich.audio_stream_header
    start.face_params.float_params["skinStrength"] = 1.1
    start.blendshape_params.bs_weight_multipliers["JawOpen"] = 1.2
    start.blendshape_params.bs_weight_offsets["EyeBlinkLeft"] = 0.1
    start.blendshape_params.enable_clamping_bs_weight = True
    start.emotion_post_processing_params.emotion_strength = 0.5
    start.emotion_params.beginning_emotion["joy"] = 0.5
    voice = stream()
    voice.audio_with_emotion.audio_buffer = bytes(range(256)) * 5
    code = voice.audio_with_emotion.emotions.add()
    code.time_code = 0.01
    code.emotion["anger"] = 0.7
    end = stream(end_of_audio=stream.EndOfAudio())
    seeds = [
        bend.joined([one.SerializeToString() for one in (first, voice, voice, end)])
        for first in (header, rich)
    ]
    return parsers.Parser("a2f", converse, seeds, bend.messages_of(forms.protobuf([stream])))
