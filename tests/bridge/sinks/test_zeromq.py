"""The ZeroMQ sink against plain pyzmq subscribers in processes of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import zmq

from bridge.frames import RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.wire import decode
from bridge.sinks.zeromq import ZeroMqSink

SUBSCRIBER = """
import sys, time, zmq, msgpack
mode, where, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
sub = zmq.Context().socket(zmq.SUB)
sub.setsockopt(zmq.SUBSCRIBE, b"")
sub.setsockopt(zmq.RCVTIMEO, 20000)
if mode == "bind":
    sub.bind(where)
    print(sub.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
else:
    sub.setsockopt(zmq.RCVHWM, 1)
    sub.setsockopt(zmq.RCVBUF, 4096)
    sub.connect(where)
if mode == "sleep":
    print("asleep", flush=True)
    time.sleep(60)
for _ in range(count):
    actor, data = sub.recv_multipart()
    print(actor.decode(), msgpack.unpackb(data)["n"], data.hex(), flush=True)
"""


class Subscriber:
    def __init__(self, mode: str, where: str, count: int) -> None:
        arguments = [sys.executable, "-c", SUBSCRIBER, mode, where, str(count)]
        self._process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def line_while(self, sink: ZeroMqSink, frame: RigFrame) -> str:
        """The next line, while frames are sent: a peer may be there long before its subscription is."""
        with ThreadPoolExecutor(1) as thread:
            line = thread.submit(self.line)
            send_until(sink, frame, line.done)
        return line.result()

    def kill(self) -> None:
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def subscriber() -> Iterator[Callable[..., Subscriber]]:
    started: list[Subscriber] = []

    def start(mode: str, where: str, count: int = 100_000) -> Subscriber:
        started.append(Subscriber(mode, where, count))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def sink() -> Iterator[ZeroMqSink]:
    opened = opened_at("zmq://127.0.0.1:0")
    yield opened
    opened.close()


def opened_at(uri: str, actor: str = "face") -> ZeroMqSink:
    sink = open_sink(uri, actor=actor)
    assert isinstance(sink, ZeroMqSink)
    return sink


def send_until(sink: ZeroMqSink, frame: RigFrame, done: Callable[[], bool]) -> float:
    """Sends numbered frames, 100 a second, until done; returns the longest send in seconds."""
    longest, until = 0.0, time.perf_counter() + 20
    while not done():
        assert time.perf_counter() < until, sink.status()
        status = sink.status()
        numbered = RigFrame(frame.cues.with_(n=status.sent + status.dropped), frame.weights, frame.latency_s)
        before = time.perf_counter()
        sink.send(numbered)
        longest = max(longest, time.perf_counter() - before)
        time.sleep(0.01)
    return longest


def peers(sink: ZeroMqSink) -> str:
    return sink.status().detail.rpartition("· ")[2]


def test_a_subscriber_in_another_process_reads_frames(
    sink: ZeroMqSink, subscriber: Callable[..., Subscriber], frame: RigFrame
) -> None:
    assert peers(sink) == "no peers"
    reader = subscriber("connect", sink.endpoints[0])
    send_until(sink, frame, lambda: peers(sink) == "1 peer")
    numbers = []
    for _ in range(30):
        actor, n, data = reader.line_while(sink, frame).split()
        assert actor == "face"
        numbers.append(int(n))
        np.testing.assert_array_equal(decode(bytes.fromhex(data)).cues.landmarks, frame.cues.landmarks)
    assert sorted(set(numbers)) == sorted(numbers)
    assert sink.status().errors == 0


def test_a_subscriber_that_is_killed_and_comes_back(
    sink: ZeroMqSink, subscriber: Callable[..., Subscriber], frame: RigFrame
) -> None:
    first = subscriber("connect", sink.endpoints[0])
    assert send_until(sink, frame, lambda: peers(sink) == "1 peer") < 1.0
    assert first.line_while(sink, frame)
    first.kill()
    assert send_until(sink, frame, lambda: peers(sink) == "no peers") < 1.0
    second = subscriber("connect", sink.endpoints[0])
    assert send_until(sink, frame, lambda: peers(sink) == "1 peer") < 1.0
    assert second.line_while(sink, frame).startswith("face ")


def test_a_subscriber_that_sleeps_stalls_nobody(
    sink: ZeroMqSink, subscriber: Callable[..., Subscriber], frame: RigFrame
) -> None:
    asleep = subscriber("sleep", sink.endpoints[0])
    assert asleep.line() == "asleep\n"
    awake = subscriber("connect", sink.endpoints[0])
    send_until(sink, frame, lambda: peers(sink) == "2 peers")
    start = time.perf_counter()
    for _ in range(3000):  # a minute of frames, far more than every queue between the two holds
        sink.send(frame)
    assert time.perf_counter() - start < 3.0
    assert awake.line_while(sink, frame).startswith("face ")
    before = time.perf_counter()
    sink.close()
    assert time.perf_counter() - before < 1.0  # nothing waits long for the sleeper


def test_frames_for_which_nobody_is_there_are_dropped(
    sink: ZeroMqSink, subscriber: Callable[..., Subscriber], frame: RigFrame
) -> None:
    for _ in range(5):
        sink.send(frame)
    assert (sink.status().sent, sink.status().dropped) == (0, 5)
    reader = subscriber("connect", sink.endpoints[0])
    reader.line_while(sink, frame)
    before = sink.status()
    sink.send(frame)
    after = sink.status()
    assert (after.sent, after.dropped) == (before.sent + 1, before.dropped)


def test_pushing_into_a_bound_subscriber(subscriber: Callable[..., Subscriber], frame: RigFrame) -> None:
    reader = subscriber("bind", "tcp://127.0.0.1:*")
    sink = opened_at(reader.line().strip().replace("tcp", "zmq+connect"), actor="Zoë")
    send_until(sink, frame, lambda: peers(sink) == "1 peer")
    assert reader.line_while(sink, frame).startswith("Zoë ")
    sink.close()


@pytest.mark.usefixtures("ipv6")
def test_several_ports_and_ipv6(frame: RigFrame) -> None:
    sink = opened_at("zmq://127.0.0.1:0,[::1]:0")
    with zmq.Context() as context, ExitStack() as stack:
        subscribers = []
        for where in sink.endpoints:
            sub = stack.enter_context(context.socket(zmq.SUB))
            sub.ipv6 = True
            sub.linger = 0
            sub.rcvtimeo = 5000
            sub.subscribe(b"face")
            sub.connect(where)
            subscribers.append(sub)
        send_until(sink, frame, lambda: peers(sink) == "2 peers")
        for sub in subscribers:
            send_until(sink, frame, lambda sub=sub: sub.poll(1))
            assert decode(sub.recv_multipart()[1]).weights.tolist() == frame.weights.tolist()
    sink.close()


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SinkError) as caught:
            open_sink(f"zmq://127.0.0.1:{port}")
    assert str(caught.value) == (
        f"zmq://127.0.0.1:{port}: port {port} is taken by another program; "
        "end that one or choose another port"
    )


def test_a_second_port_that_is_taken_gives_the_first_back() -> None:
    with socket.socket() as holder, socket.socket() as probe:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
        probe.close()
        with pytest.raises(SinkError, match="is taken"):
            open_sink(f"zmq://127.0.0.1:{free},127.0.0.1:{holder.getsockname()[1]}")
        open_sink(f"zmq://127.0.0.1:{free}").close()


@pytest.mark.parametrize("host", ["*", "0.0.0.0"])  # noqa: S104  this is what is refused
def test_beyond_loopback_only_when_asked(host: str) -> None:
    with pytest.raises(
        SinkError, match=r"other machines; bind 127\.0\.0\.1, add \?curve=NAME .*, or \?public=1"
    ):
        open_sink(f"zmq://{host}:0")
    open_sink(f"zmq://{host}:0?public=1").close()


def test_a_foreign_address_cannot_be_bound() -> None:
    with pytest.raises(SinkError, match=r"192\.0\.2\.1 is no address of this machine"):
        open_sink("zmq://192.0.2.1:5556?public=1")


@pytest.mark.parametrize("actor", ["", "x" * 256])
def test_an_actor_needs_a_name(actor: str) -> None:
    with pytest.raises(SinkError, match="a name has 1 to 255"):
        open_sink("zmq://127.0.0.1:0", actor=actor)


def test_what_was_sent_last_arrives_though_the_sink_closes_at_once(frame: RigFrame) -> None:
    # the last frame is the face at rest: without it a character would stand there with an open mouth
    for _ in range(20):
        sink = opened_at("zmq://127.0.0.1:0")
        with zmq.Context() as context, context.socket(zmq.SUB) as sub:
            sub.linger = 0
            sub.rcvtimeo = 5000
            sub.subscribe(b"face")
            sub.connect(sink.endpoints[0])
            send_until(sink, frame, lambda sub=sub: sub.poll(1))
            for n in range(10_000, 10_005):
                sink.send(RigFrame(frame.cues.with_(n=n), frame.weights, frame.latency_s))
            sink.close()
            last = 0
            while last < 10_004:
                last = decode(sub.recv_multipart()[1]).cues.n


def test_close_twice_and_send_after(frame: RigFrame) -> None:
    sink = open_sink("zmq://127.0.0.1:0")
    sink.close()
    sink.close()
    sink.send(frame)
    assert (sink.status().sent, sink.status().dropped) == (0, 1)


def test_a_peer_that_talks_too_much_is_cut_off(sink: ZeroMqSink, frame: RigFrame) -> None:
    with zmq.Context() as context, context.socket(zmq.XSUB) as talker:
        talker.linger = 0
        talker.reconnect_ivl = 10_000  # stays away once cut off
        talker.connect(sink.endpoints[0])
        send_until(sink, frame, lambda: peers(sink) == "1 peer")
        talker.send(b"\1" + bytes(100_000))
        send_until(sink, frame, lambda: peers(sink) == "no peers")
