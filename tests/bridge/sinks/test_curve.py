"""Native ZeroMQ with keys, against plain pyzmq subscribers."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth
from zmq.utils import z85

from bridge import keys, mishaps
from bridge.cli import run
from bridge.frames import RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.curve import Guard, key_pair
from bridge.sinks.wire import decode
from bridge.sinks.zeromq import ZeroMqSink

pytestmark = pytest.mark.skipif(not zmq.has("curve"), reason="this pyzmq was built without CURVE")


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FACECUE_CONFIG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def opened() -> Iterator[Callable[[str], ZeroMqSink]]:
    sinks: list[ZeroMqSink] = []

    def start(uri: str) -> ZeroMqSink:
        sink = open_sink(uri)
        assert isinstance(sink, ZeroMqSink)
        sinks.append(sink)
        return sink

    yield start
    for sink in sinks:
        sink.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "facecue-curve"]


@pytest.fixture
def subscriber() -> Iterator[Callable[..., zmq.Socket[bytes]]]:
    context = zmq.Context()
    made: list[zmq.Socket[bytes]] = []

    def connect(sink: ZeroMqSink, server: str = "", pair: tuple[str, str] | None = None) -> zmq.Socket[bytes]:
        sub = context.socket(zmq.SUB)
        made.append(sub)
        sub.linger = 0
        sub.reconnect_ivl = 50
        sub.subscribe(b"face")
        if pair is not None:
            sub.curve_serverkey = server.encode()
            sub.curve_publickey, sub.curve_secretkey = pair[0].encode(), pair[1].encode()
        sub.connect(sink.endpoints[0].replace("0.0.0.0", "127.0.0.1"))  # noqa: S104
        return sub

    yield connect
    for sub in made:
        sub.close()
    context.term()


def gets(sink: ZeroMqSink, sub: zmq.Socket[bytes], frame: RigFrame, seconds: float = 5.0) -> bool:
    """Whether a frame arrives; frames are sent 100 times a second meanwhile."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sink.send(frame)
        if sub.poll(10):
            assert decode(sub.recv_multipart()[1]).cues.n == frame.cues.n
            return True
    return False


def refused(sink: ZeroMqSink) -> int:
    _, _, counted = sink.status().detail.rpartition(", ")
    return int(counted.removesuffix(" refused")) if counted.endswith("refused") else 0


def test_the_right_key_gets_frames_and_no_other(
    opened: Callable[[str], ZeroMqSink],
    subscriber: Callable[..., zmq.Socket[bytes]],
    frame: RigFrame,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["keys", "studio", "--client", "laptop"]) == 0
    said = capsys.readouterr().out
    server = said.partition("studio: public key ")[2].split()[0]
    public, secret = zmq.auth.load_certificate(said.partition("move ")[2].partition(" to its machine")[0])
    assert secret is not None
    sink = opened("zmq://0.0.0.0:0?curve=studio")
    assert "for 1 known to studio" in sink.status().detail
    good = subscriber(sink, server, (public.decode(), secret.decode()))
    assert gets(sink, good, frame)
    assert refused(sink) == 0
    strangers = [
        subscriber(sink, server, key_pair()),  # a pair that nobody admitted
        subscriber(sink, key_pair()[0], (public.decode(), secret.decode())),  # another bridge's key
        subscriber(sink),  # no key
    ]
    for stranger in strangers:
        assert not gets(sink, stranger, frame, 0.4)
    assert refused(sink) >= len(strangers)
    assert gets(sink, good, frame)


def test_without_known_receivers_the_bridges_key_is_enough(
    opened: Callable[[str], ZeroMqSink], subscriber: Callable[..., zmq.Socket[bytes]], frame: RigFrame
) -> None:
    pair = key_pair()
    keys.keep("studio", *pair)
    sink = opened("zmq://127.0.0.1:0?curve=studio")
    assert "for whoever knows the key of studio" in sink.status().detail
    assert gets(sink, subscriber(sink, pair[0], key_pair()), frame)
    assert not gets(sink, subscriber(sink), frame, 0.3)
    assert not gets(sink, subscriber(sink, key_pair()[0], key_pair()), frame, 0.3)


def test_once_the_last_is_revoked_nobody_gets_in(
    opened: Callable[[str], ZeroMqSink], subscriber: Callable[..., zmq.Socket[bytes]], frame: RigFrame
) -> None:
    pair, laptop = key_pair(), key_pair()
    keys.keep("studio", *pair)
    keys.admit("studio", "laptop", laptop[0])
    keys.revoke("studio", "laptop")
    sink = opened("zmq://127.0.0.1:0?curve=studio")
    assert not gets(sink, subscriber(sink, pair[0], laptop), frame, 0.4)
    assert refused(sink) >= 1


def test_a_sink_that_connects_has_keys_too(
    opened: Callable[[str], ZeroMqSink], frame: RigFrame, caplog: pytest.LogCaptureFixture
) -> None:
    server, laptop, stranger = key_pair(), key_pair(), key_pair()
    keys.keep("studio", *server)
    keys.admit("studio", "laptop", laptop[0])
    with zmq.Context() as context:
        receivers = {}
        for name, pair in (("laptop", laptop), ("stranger", stranger), ("nobody", None)):
            sub = receivers[name] = context.socket(zmq.SUB)
            sub.linger = 0
            sub.subscribe(b"face")
            if pair is not None:  # the three options that a receiver sets for a sink that binds
                sub.curve_serverkey = server[0].encode()
                sub.curve_publickey, sub.curve_secretkey = pair[0].encode(), pair[1].encode()
            sub.bind_to_random_port("tcp://127.0.0.1")
        places = ",".join(
            sub.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0").removeprefix("tcp://")
            for sub in receivers.values()
        )
        sink = opened(f"zmq+connect://{places}?curve=studio")
        assert gets(sink, receivers["laptop"], frame)
        assert not gets(sink, receivers["stranger"], frame, 0.5)
        assert not gets(sink, receivers["nobody"], frame, 0.5)
        assert refused(sink) >= 2
        assert gets(sink, receivers["laptop"], frame)
        sink.close()
        context.destroy(linger=0)


def test_refusals_are_told_once_a_minute(
    opened: Callable[[str], ZeroMqSink],
    subscriber: Callable[..., zmq.Socket[bytes]],
    frame: RigFrame,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys.keep("studio", *key_pair())
    sink = opened("zmq://127.0.0.1:0?curve=studio")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            gets(sink, subscriber(sink), frame, 0.2)
        assert refused(sink) >= 3
        assert len(caplog.records) == 1
        assert "without the right key was refused" in caplog.text
        monkeypatch.setattr(mishaps, "QUIET_S", 0.0)
        gets(sink, subscriber(sink), frame, 0.2)
    assert len(caplog.records) >= 2


def test_refusing_many_holds_nobody_up(
    opened: Callable[[str], ZeroMqSink], subscriber: Callable[..., zmq.Socket[bytes]], frame: RigFrame
) -> None:
    server, laptop = key_pair(), key_pair()
    keys.keep("studio", *server)
    keys.admit("studio", "laptop", laptop[0])
    sink = opened("zmq://127.0.0.1:0?curve=studio")
    good = subscriber(sink, server[0], laptop)
    assert gets(sink, good, frame)
    strangers = [subscriber(sink, server[0], key_pair()) for _ in range(20)]
    longest = 0.0
    for _ in range(100):
        before = time.perf_counter()
        sink.send(frame)
        longest = max(longest, time.perf_counter() - before)
        time.sleep(0.005)
    assert longest < 0.1
    assert gets(sink, good, frame)
    assert not any(stranger.poll(0) for stranger in strangers)
    before = time.perf_counter()
    sink.close()
    assert time.perf_counter() - before < 2.0


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("curve=nobody", "no keys are called 'nobody'; facecue keys nobody makes them"),
        ("curve=../x", "is no name for keys"),
        ("curve=studio&public=1", "leave one of them out"),
    ],
)
def test_what_is_wrong_is_one_line(query: str, why: str) -> None:
    if "studio" in query:
        keys.keep("studio", *key_pair())
    with pytest.raises(SinkError, match=why):
        open_sink(f"zmq://127.0.0.1:0?{query}")


def test_a_taken_port_ends_the_guard() -> None:
    keys.keep("studio", *key_pair())
    keys.admit("studio", "laptop", key_pair()[0])
    first = open_sink("zmq://127.0.0.1:0?curve=studio")
    assert isinstance(first, ZeroMqSink)
    port = first.endpoints[0].rpartition(":")[2]
    with pytest.raises(SinkError, match="is taken"):
        open_sink(f"zmq://127.0.0.1:{port}?curve=studio")
    first.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "facecue-curve"]


@pytest.mark.parametrize(
    "change",
    [
        lambda question: question[:6],
        lambda question: [*question, b""],
        lambda question: [b"2.0", *question[1:]],
        lambda question: [*question[:5], b"NULL", question[6]],
        lambda question: [*question[:6], question[6][:-1]],
        lambda question: question[:0],
        lambda question: [b"\xff"] * len(question),
    ],
)
def test_the_guard_refuses_what_it_does_not_know(change: Callable[[list[bytes]], list[bytes]]) -> None:
    public = key_pair()[0]
    with zmq.Context() as context:
        guard = Guard(context, [key_pair()[0], public])
        asks = context.socket(zmq.REQ)
        asks.connect("inproc://zeromq.zap.01")
        question = [b"1.0", b"7", b"facecue", b"127.0.0.1", b"", b"CURVE", z85.decode(public.encode())]
        for asked, code in ((question, b"200"), (change(question) or [b""], b"400"), (question, b"200")):
            asks.send_multipart(asked)
            assert asks.recv_multipart()[2] == code
        asks.close()
        guard.close()
        guard.close()


def test_the_command(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    assert run(["keys"]) == 0
    assert "no keys in" in capsys.readouterr().out
    assert run(["keys", "studio"]) == 0
    assert "whoever knows that key may connect" in capsys.readouterr().out
    public = key_pair()[0]
    assert run(["keys", "studio", "--allow", f"desk={public}"]) == 0
    assert f"desk may connect: {public}" in capsys.readouterr().out
    assert run(["keys", "studio", "--allow", f"desk={public}"]) == 1
    assert "knows desk already" in capsys.readouterr().err
    assert run(["keys", "studio", "--allow", "phone=" + 40 * "#"]) == 1  # digits of Z85, but no number
    assert "is no public key" in capsys.readouterr().err
    assert run(["keys", "studio", "--revoke", "phone"]) == 1
    assert "does not know 'phone'; known: desk" in capsys.readouterr().err
    assert run(["keys", "studio", "--revoke", "desk"]) == 0
    assert "nobody may connect" in capsys.readouterr().out
    assert run(["keys", "--client", "laptop"]) == 2
    assert run(["keys", "studio", "--client", "a", "--revoke", "b"]) == 2
    capsys.readouterr()
    secrets = list(config.rglob("*.key_secret"))
    assert len(secrets) == 1
    if os.name == "posix":
        assert all(path.stat().st_mode & 0o077 == 0 for path in config.rglob("*.key*"))


def test_a_damaged_file_is_named(config: Path) -> None:
    keys.keep("studio", *key_pair())
    with pytest.raises(keys.KeyFileError, match="has keys already"):
        keys.keep("studio", *key_pair())
    path = config / "keys" / "studio" / "server.key_secret"
    path.write_text(path.read_text().replace("secret-key", "secret"))
    path.chmod(0o600)
    with pytest.raises(keys.KeyFileError, match=r"server\.key_secret: no secret-key in it"):
        keys.load("studio")
    assert "secret" not in repr(keys.Keys("studio", "public", "secret", None))
