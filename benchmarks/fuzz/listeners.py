"""The parsers behind a port: control by OSC and ZeroMQ, PCM by TCP, gRPC, VTube Studio's answers, the preview's HTTP.

Each is the listener itself with its socket taken away, so that a sample goes through all of it, its count included.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz import bend, forms, parsers
from bridge.address import endpoints, parse
from bridge.control import ControlDesk
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.door import Door
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote.osc import WORDS, OscControl
from bridge.remote.zeromq import ZeroMqControl
from bridge.sinks import SCHEMES, SinkError, browser
from bridge.sinks.osc_packet import bundle, message
from bridge.sinks.vts_message import API, AnswerError, ApiError, announcement
from bridge.sinks.vts_parameters import Parameters
from bridge.sinks.vts_session import Conversation, RefusedError, SilenceError
from bridge.sources.tcp import TcpSource

SOCKETLESS = ("127.0.0.1", 9)
"""Where answers would go: nothing is sent, the socket is closed."""


class _Sinks:
    """A roster that opens nothing: samples name places that are somebody's."""

    def __init__(self) -> None:
        self._open = ["null://"]

    def add(self, uri: str) -> None:
        if parse(uri).scheme not in SCHEMES or uri in self._open or len(self._open) > 8:
            raise SinkError("that cannot be opened")
        self._open.append(uri)

    def remove(self, uri: str) -> None:
        if uri not in self._open:
            raise SinkError("no such sink is open")
        self._open.remove(uri)

    def retarget(self, old: str, new: str) -> None:
        self.remove(old)
        self.add(new)

    def uris(self) -> list[str]:
        return list(self._open)


def _desk(folder: Path) -> ControlDesk:
    return ControlDesk(Direction(DirectionConfig(), neutral_face()), "face", Presets(folder), _Sinks())


def _counted(control: OscControl | ZeroMqControl, desk: ControlDesk, hear: Callable[[], object]) -> bool:
    """Whether nothing was refused; what is held then must still be a direction."""
    before = control.status()
    hear()
    after = control.status()
    DirectionConfig(**desk.values())  # type: ignore[arg-type]  raises on what cannot be
    if not after.detail.isprintable():
        raise parsers.Unexpected(f"a status that is not printable: {after.detail!r}")
    return after.refused == before.refused


def _osc(_stack: ExitStack, folder: Path) -> parsers.Parser:
    desk = _desk(folder)
    control = OscControl("osc://", "127.0.0.1:0", {}, desk)
    control.close()
    seconds = iter(range(2**62))
    control._door = Door("osc://", None, lambda: float(next(seconds)))  # none is one too many
    root = "/facecue/control"
    seeds = [
        message(f"{root}/mouth", 1.2),
        message(f"{root}/face/emotion", "happy"),
        message(f"{root}/emotion/sad", 1),
        bundle(
            [
                message(f"{root}/mouth/unit", 0.5),
                message(f"{root}/gate/toggle", True),
                message(f"{root}/reset"),
            ]
        ),
        bundle([message(f"{root}/preset/save", "one"), message(f"{root}/preset/load/one", 1)]),
        message(f"{root}/query", 9000),
        message(f"{root}/sink/add", "null://?rate=60"),
        message(f"{root}/neutral/capture"),
    ]
    vocabulary = [
        *CONTROLS,
        *WORDS,
        "unit",
        "toggle",
        "load",
        "save",
        "add",
        "capture",
        "face",
        "happy",
        "control",
    ]

    def hear(data: bytes) -> bool:
        return _counted(control, desk, lambda: control.hear(data, SOCKETLESS))

    return parsers.Parser("control-osc", hear, seeds, forms.osc(vocabulary))


def _zmq(_stack: ExitStack, folder: Path) -> parsers.Parser:
    desk = _desk(folder)
    control = ZeroMqControl("zmq://", "127.0.0.1:0", {}, desk)
    control.close()
    requests: list[dict[str, Any]] = [
        {"do": "set", "values": {"emotion": "sad", "mouth": 1.4}, "unit": {"jaw": 0.5}, "token": "x" * 20},
        {"do": "get", "names": ["mouth", "gate"], "actor": "face"},
        {"do": "toggle", "name": "gate"},
        {"do": "reset", "names": ["mouth"]},
        {"do": "table"},
        {"do": "save", "name": "one"},
        {"do": "load", "name": "one"},
        {"do": "delete", "name": "one"},
        {"do": "add", "uri": "null://?rate=60"},
        {"do": "remove", "uri": "null://?rate=60"},
        {"do": "capture"},
    ]
    import msgpack

    seeds = [json.dumps(one).encode() for one in requests] + [msgpack.packb(one) for one in requests]

    def either(data: bytes, rng: Any) -> bytes:
        return (bend.json_tree if data[:1] == b"{" else bend.packed_tree)(data, rng)

    def answer(data: bytes) -> bool:
        told = b""

        def ask() -> None:
            nonlocal told
            told = control.answer([data])

        taken = _counted(control, desk, ask)
        said = json.loads(told) if told[:1] == b"{" else msgpack.unpackb(told)
        if said["ok"] is not taken:
            raise parsers.Unexpected(f"an answer that was not counted: {said}")
        return taken

    return parsers.Parser("control-zmq", answer, seeds, either)


class _Line:
    """A connection on which all came that will come."""

    def __init__(self, data: bytes, piece: int = 997) -> None:
        self._data, self._piece, self.sent = io.BytesIO(data), piece, b""

    def recv(self, size: int) -> bytes:
        return self._data.read(min(size, self._piece))

    def makefile(self, *_: Any) -> io.BytesIO:
        return self._data

    def sendall(self, data: bytes) -> None:
        self.sent += bytes(data)

    def nothing(self, *_: Any) -> None:
        """Whatever else one does with a socket."""

    settimeout = shutdown = setsockopt = close = __exit__ = nothing

    def __enter__(self) -> _Line:
        return self


def _pcm(stack: ExitStack, _folder: Path) -> parsers.Parser:
    source = TcpSource("tcp://127.0.0.1:0?buffer_s=1")
    source._closed.set()  # its own thread ends; samples are given by hand
    source._listening.join()
    source._closed.clear()
    stack.callback(source.close)
    seeds = [
        json.dumps({"rate": rate, "channels": channels, "format": form}).encode() + b"\n" + bytes(range(256)) * 3
        for rate, channels, form in ((16_000, 1, "s16le"), (44_100, 2, "f32le"), (8_000, 1, "u8"), (48_000, 3, "s24le"),
                                     (22_050, 1, "f64le"))
    ]  # fmt: skip

    def hear(data: bytes) -> bool:
        before, line = source._refused, _Line(data)
        source.hear(line)  # type: ignore[arg-type]
        while (block := source._ready.get()) is not None:
            if not np.isfinite(block).all():
                raise parsers.Unexpected("sound that is not finite")
        refused = source._refused - before
        if bool(refused) != (b'"error"' in line.sent):
            raise parsers.Unexpected(f"{refused} refused, but the producer was told {line.sent!r}")
        return not refused

    return parsers.Parser("pcm", hear, seeds, bend.json_tree)


def _http(stack: ExitStack, _folder: Path) -> parsers.Parser:
    latest = browser.Latest(lambda _: b"data: 1\n\n")
    (place,) = endpoints("preview", "127.0.0.1:0", lowest_port=0)
    server = browser.BrowserServer(place, latest, b"<html></html>", public=False)
    stack.callback(server.server_close)
    latest.close()  # so that a stream of frames ends at once
    host = f"Host: 127.0.0.1:{server.server_port}\r\n".encode()
    rest = b"User-Agent: x\r\nOrigin: http://" + host[6:] + b"Accept: */*\r\nLast-Event-ID: 7\r\n\r\n"
    seeds = [
        b"GET / HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /frames?x=1 HTTP/1.1\r\n" + host + rest,
        b"GET / HTTP/1.0\r\n" + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    ]

    def hear(data: bytes) -> bool:
        line = _Line(data)
        browser._Handler(line, ("127.0.0.1", 9), server)
        return b" 200 " in line.sent[:20]

    return parsers.Parser("preview", hear, seeds, bend.words)


class _Over(Exception):  # noqa: N818
    """VTube Studio has said all it says."""


class _Keeper:
    def __init__(self) -> None:
        self.token: str | None = "kept"  # noqa: S105

    def read(self) -> str | None:
        return self.token

    def write(self, token: str) -> None:
        self.token = token

    def forget(self) -> None:
        self.token = None


def _vts_answer(kind: str, number: int, **data: Any) -> bytes:
    envelope = {
        "apiName": API,
        "apiVersion": "1.0",
        "requestID": str(number),
        "messageType": kind,
        "data": data,
    }
    return json.dumps(envelope).encode()


def _vts(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    parameters = Parameters("vts", create=True)

    def converse(data: bytes) -> bool:
        answers = deque(bend.parted(data))

        def receive(_wait_s: float) -> bytes | None:
            return answers.popleft() if answers else None

        def goes_on() -> None:
            if not answers:
                raise _Over

        talk = Conversation(lambda _: None, receive, goes_on)
        talk._pause = lambda _: None  # type: ignore[method-assign]
        refused = False
        try:
            talk.ask("APIStateRequest")
            talk.become_allowed(_Keeper(), lambda _: None)
            talk.known_parameters()
            refused = bool(talk.create(parameters.creations[:2]))
            talk.sift({"JawOpen": 0.5})
        except _Over:
            pass
        except (ApiError, RefusedError, SilenceError) as error:
            if not str(error).isprintable():
                raise parsers.Unexpected(f"{str(error)!r}") from error
            refused = True
        return not (refused or talk.strange)

    lists = {
        "defaultParameters": [{"name": "MouthOpen"}],
        "customParameters": [{"name": "JawOpen", "value": 1}],
    }
    seeds = [
        bend.joined([
            _vts_answer("APIStateResponse", 1, active=True),
            _vts_answer("AuthenticationResponse", 2, authenticated=True),
            _vts_answer("InputParameterListResponse", 3, **lists),
            _vts_answer("ParameterCreationResponse", 4, parameterName="x"),
            _vts_answer("APIError", 5, errorID=354, message="taken"),
            _vts_answer("InjectParameterDataResponse", 6),
        ]),
        bend.joined([
            _vts_answer("APIStateResponse", 1, active=True),
            _vts_answer("APIError", 2, errorID=50, message="no"),
            _vts_answer("AuthenticationTokenResponse", 3, authenticationToken="t" * 64),
            _vts_answer("AuthenticationResponse", 4, authenticated=True),
            _vts_answer("InputParameterListResponse", 5, **lists),
        ]),
    ]  # fmt: skip
    return parsers.Parser("vts", converse, seeds, bend.messages_of(bend.json_tree))


def _vts_found(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    seed = _vts_answer(
        "VTubeStudioAPIStateBroadcast", 0, active=True, port=8001, instanceID="a", windowTitle="V"
    )

    def hear(data: bytes) -> None:
        if not 1 <= announcement(data) <= 65_535:
            raise parsers.Unexpected("a port that is none")

    return parsers.Parser("vts-found", parsers.refusing(hear, AnswerError), [seed], bend.json_tree)


def _a2f(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    from nvidia_audio2face_3d import messages_pb2 as pb

    from bridge.config import LiveConfig
    from bridge.serve import Refusal, Serving
    from bridge.serve.conversation import Conversations
    from bridge.serve.pool import Pool
    from bridge.serve.tally import Tally

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


def makers() -> dict[str, Callable[[ExitStack, Path], parsers.Parser]]:
    """Name → what opens that parser; those whose library is missing are left out."""
    made: dict[str, Callable[[ExitStack, Path], parsers.Parser]] = {
        "control-osc": _osc, "control-zmq": _zmq, "pcm": _pcm, "vts": _vts, "vts-found": _vts_found, "preview": _http,
    }  # fmt: skip
    if all(importlib.util.find_spec(name) for name in ("grpc", "nvidia_audio2face_3d")):
        made["a2f"] = _a2f
    return made
