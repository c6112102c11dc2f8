"""`facecue live` and `facecue serve` as users run them, every door open, and what good clients of each door see."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import zmq

from benchmarks.stage import Bridge, free_port, live
from bridge.sinks.osc_packet import message
from bridge.trackers.osc_message import messages

PATIENCE_S = 5.0
"""A good client is answered by then."""


Word = tuple[bytes, ...]
"""What a client says; before each part but the first it hears `HEARD` bytes."""
HEARD = 80
"""A ZeroMQ peer's greeting and READY: one that is told more before it has said them ends the connection."""
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\0NULL" + bytes(48)


def say(line: socket.socket, word: Word) -> None:
    """Says a word, in its turns.

    Raises:
        OSError: if the other end does not play its part.
    """
    for i, part in enumerate(word):
        heard = b""
        while i and len(heard) < HEARD:
            more = line.recv(1024)
            if not more:
                raise ConnectionError("ended in the middle")
            heard += more
        if part:
            line.sendall(part)


def _ready(kind: bytes) -> bytes:
    """What a ZeroMQ peer of this kind says of itself (ZMTP 3.0, NULL)."""
    ready = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind + b"\x08Identity" + bytes(4)
    return b"\x04" + bytes([len(ready)]) + ready


SUBSCRIBER: Word = (GREETING, _ready(b"SUB") + b"\0\x01\x01")
"""A SUB socket that subscribes to everything."""
_REQUEST = b'{"do": "get"}'
_ASKER: Word = (GREETING, _ready(b"REQ") + b"\x01\0\0" + bytes([len(_REQUEST)]) + _REQUEST)
_HEADER = b'{"rate":16000,"channels":1,"format":"s16le"}\n'
_HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
NOISE: Word = (bytes(range(256)),)
NOTHING: Word = ()


@dataclass(frozen=True)
class Door:
    """A port, what those say who come and go, and how a good client fares."""

    name: str
    port: int
    words: tuple[Word, ...]
    good: Callable[[int], bool]
    pid: int
    udp: bool = False


def _subscriber(port: int) -> bool:
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.linger = 0
        sub.subscribe(b"")
        sub.connect(f"tcp://127.0.0.1:{port}")
        return bool(sub.poll(1000 * PATIENCE_S))


def _asker(port: int) -> bool:
    with zmq.Context() as context, context.socket(zmq.REQ) as req:
        req.linger = 0
        req.connect(f"tcp://127.0.0.1:{port}")
        req.send(_REQUEST)
        return bool(req.poll(1000 * PATIENCE_S)) and bool(json.loads(req.recv())["ok"])


def _surface(port: int) -> bool:
    """A query is answered with a message for each control."""
    until = time.perf_counter() + PATIENCE_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.5)
        while time.perf_counter() < until:  # what others sent may fill the port's buffer for a moment
            sock.sendto(message("/facecue/control/query"), ("127.0.0.1", port))
            with suppress(TimeoutError):
                return bool(messages(sock.recv(65_536)))
    return False


def _producer(port: int) -> bool:
    """A wrong header is answered, a right one is let speak."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        line.sendall(b"{}\n")
        if b"error" not in line.recv(1000):
            return False
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        line.sendall(_HEADER + bytes(3200))
        line.settimeout(0.5)
        try:
            line.recv(100)
        except TimeoutError:
            return True
    return False  # an error line, or the end


def _browser(port: int) -> bool:
    """The page, and an event with a frame."""
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        for path, sign in (("/", b"<html"), ("/frames", b"data: ")):
            page.request("GET", path)
            answer = page.getresponse()
            if answer.status != 200 or sign not in answer.read1(65_536) + answer.read1(65_536):
                return False
            page.close()
    finally:
        page.close()
    return True


def asks(port: int, leaves: bool = False) -> bool:
    """A second of sound through the gRPC server, with NVIDIA's stubs; or a client that leaves in the middle."""
    import grpc
    from nvidia_ace.audio_pb2 import AudioHeader
    from nvidia_audio2face_3d.audio2face_pb2_grpc import A2FControllerServiceStub
    from nvidia_audio2face_3d.messages_pb2 import (
        AudioWithEmotion,
        AudioWithEmotionStream,
        AudioWithEmotionStreamHeader,
    )

    sound = AudioHeader(audio_format=0, channel_count=1, samples_per_second=16_000, bits_per_sample=16)
    stream = AudioWithEmotionStream
    said = [
        stream(audio_stream_header=AudioWithEmotionStreamHeader(audio_header=sound)),
        stream(audio_with_emotion=AudioWithEmotion(audio_buffer=bytes(32_000))),
        stream(end_of_audio=stream.EndOfAudio()),
    ]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=(("grpc.enable_http_proxy", 0),)) as channel:
        call = A2FControllerServiceStub(channel).ProcessAudioStream(iter(said), timeout=4 * PATIENCE_S)
        frames = 0
        try:
            for answer in call:
                frames += answer.WhichOneof("stream_part") == "animation_data"
                if leaves:
                    call.cancel()
                    return True
        except grpc.RpcError:
            return False
    return frames == 50


@contextmanager
def performing() -> Iterator[tuple[Bridge, list[Door]]]:
    """A running face whose frames a subscriber of ours notes, and its doors."""
    speech, page, desk, pub = (free_port() for _ in range(4))
    surface = free_port(socket.SOCK_DGRAM)
    arguments = ["--source", f"tcp://127.0.0.1:{speech}", "--sink", f"zmq://127.0.0.1:{pub}"]
    arguments += ["--sink", f"preview://127.0.0.1:{page}", "--control", f"zmq://127.0.0.1:{desk}"]
    arguments += ["--control", f"osc://127.0.0.1:{surface}"]
    with live(arguments) as bridge:
        bridge.wait_for_frames(10)
        pid = bridge.process.pid
        http_ = (b"GET / HTTP/1.1\r\n\r\n",)
        host = b"Host: 127.0.0.1:%d\r\n\r\n" % page
        pages = (NOTHING, (b"GET / HTTP/1.1\r\n" + host,), (b"GET /frames HTTP/1.1\r\n" + host,), NOISE)
        wish = message("/facecue/control/mouth", 1.0)
        speakers = (NOTHING, (b"{}\n",), (_HEADER + bytes(640),), NOISE)
        yield (
            bridge,
            [
                Door("zmq sink", pub, (NOTHING, SUBSCRIBER, http_, NOISE), _subscriber, pid),
                Door("zmq control", desk, (NOTHING, _ASKER, (GREETING,), NOISE), _asker, pid),
                Door("osc control", surface, ((b"",), (wish,), (wish[:-4],), NOISE), _surface, pid, udp=True),
                Door("tcp source", speech, speakers, _producer, pid),
                Door("preview", page, pages, _browser, pid),
            ],
        )


@contextmanager
def serving() -> Iterator[Door | None]:
    """A gRPC server, if its libraries are here."""
    port = free_port()
    command = [sys.executable, "-m", "bridge", "serve", "--a2f", "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None  # noqa: S101  it is a pipe
    try:
        opening = process.stdout.readline()
        if "serving" not in opening:
            print(f"\nleft out: {opening.strip()}")
            yield None
            return
        words = (NOTHING, (_HTTP2 + _SETTINGS,), (_HTTP2 + _SETTINGS + NOISE[0],), NOISE)
        yield Door("a2f server", port, words, asks, process.pid)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
