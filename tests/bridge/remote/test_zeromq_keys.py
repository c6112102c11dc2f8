"""ZeroMQ control with keys, asked by plain pyzmq REQ sockets."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from bridge import keys, mishaps
from bridge.control import ControlDesk
from bridge.controls import DirectionConfig
from bridge.direction import Direction
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote import ControlError, open_control
from bridge.remote.zeromq import ZeroMqControl
from bridge.sinks.curve import key_pair

pytestmark = pytest.mark.skipif(not zmq.has("curve"), reason="this pyzmq was built without CURVE")
TOKEN = "correct-horse-battery-staple"  # noqa: S105
Pair = tuple[str, str]


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pair:
    """The bridge's pair, kept as `studio`; nobody else is known yet."""
    monkeypatch.setenv("FACECUE_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("FACECUE_TOKEN", raising=False)
    pair = key_pair()
    keys.keep("studio", *pair)
    return pair


@pytest.fixture
def direction() -> Direction:
    return Direction(DirectionConfig(), neutral_face())


@pytest.fixture
def opened(direction: Direction, tmp_path: Path) -> Iterator[Callable[[str], ZeroMqControl]]:
    made: list[ZeroMqControl] = []

    def start(uri: str) -> ZeroMqControl:
        control = open_control(uri, ControlDesk(direction, "face", Presets(tmp_path / "presets")))
        assert isinstance(control, ZeroMqControl)
        made.append(control)
        return control

    yield start
    for control in made:
        control.close()
    assert not [t for t in threading.enumerate() if t.name in ("facecue-curve", "facecue-zmq-control")]


@pytest.fixture
def ask() -> Iterator[Callable[..., Any]]:
    """Asks with these keys; None if nobody answers."""
    with zmq.Context() as context:

        def request(
            control: ZeroMqControl, server: str, pair: Pair | None, wait_ms: int = 4000, **asked: Any
        ) -> Any:
            with context.socket(zmq.REQ) as socket:
                socket.linger = 0
                if pair is not None:
                    socket.curve_serverkey = server.encode()
                    socket.curve_publickey, socket.curve_secretkey = (part.encode() for part in pair)
                socket.connect(control.endpoints[0].replace("0.0.0.0", "127.0.0.1"))  # noqa: S104
                socket.send_json(asked)
                return socket.recv_json() if socket.poll(wait_ms) else None

        yield request


def test_beyond_this_machine_a_known_key_is_heard_and_no_other(
    opened: Callable[[str], ZeroMqControl],
    ask: Callable[..., Any],
    direction: Direction,
    server: Pair,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = key_pair()
    keys.admit("studio", "desk", desk[0])
    control = opened("zmq://0.0.0.0:0?curve=studio")  # no token anywhere
    assert "for holders of studio's keys" in control.status().detail
    wish = {"do": "set", "values": {"mouth": 0.5}}
    with caplog.at_level(logging.WARNING):
        for key, pair in ((server[0], key_pair()), (key_pair()[0], desk), ("", None)):
            assert ask(control, key, pair, 400, **wish) is None
    assert direction.config.mouth == 1.0
    assert ask(control, server[0], desk, **wish) == {"ok": True, "values": {"mouth": 0.5}}
    assert direction.config.mouth == 0.5
    status = control.status()
    assert (status.taken, status.refused >= 3) == (1, True)
    assert [record.name for record in caplog.records] == ["bridge.remote.zeromq"]  # told once a minute
    assert "without the right key" in caplog.text


def test_refusals_are_told_again_later(
    opened: Callable[[str], ZeroMqControl],
    ask: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mishaps, "QUIET_S", 0.0)
    control = opened("zmq://127.0.0.1:0?curve=studio")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            ask(control, "", None, 300, do="get")
    assert len(caplog.records) >= 2


def test_without_known_peers_the_bridges_key_is_enough(
    opened: Callable[[str], ZeroMqControl], ask: Callable[..., Any], server: Pair
) -> None:
    control = opened("zmq://127.0.0.1:0?curve=studio")
    assert ask(control, server[0], key_pair(), do="get")["ok"]
    assert ask(control, "", None, 300, do="get") is None


def test_a_token_that_is_named_is_asked_for_too(
    opened: Callable[[str], ZeroMqControl], ask: Callable[..., Any], server: Pair, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    control = opened(f"zmq://0.0.0.0:0?curve=studio&token_file={tmp_path / 'token'}")
    assert "without the right token" in ask(control, server[0], key_pair(), do="get")["error"]
    assert ask(control, server[0], key_pair(), do="get", token=TOKEN)["ok"]


def test_many_who_are_refused_hold_nobody_up(
    opened: Callable[[str], ZeroMqControl], ask: Callable[..., Any], server: Pair
) -> None:
    control = opened("zmq://127.0.0.1:0?curve=studio")
    with zmq.Context() as context:
        strangers = [context.socket(zmq.REQ) for _ in range(20)]
        for stranger in strangers:
            stranger.linger = 0
            stranger.reconnect_ivl = 20
            stranger.connect(control.endpoints[0])
        for _ in range(20):
            assert ask(control, server[0], key_pair(), do="get")["ok"]
        before = time.perf_counter()
        control.close()
        assert time.perf_counter() - before < 1.0
        context.destroy(linger=0)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("zmq://127.0.0.1:0?curve=nobody", "no keys are called 'nobody'; known: studio"),
        ("zmq://127.0.0.1:0?curve=", "is no name for keys"),
        ("osc://127.0.0.1:0?curve=studio", "unknown option 'curve'"),
        ("zmq://0.0.0.0:0", "nobody is heard there without a token; .* or add [?]curve=NAME"),
    ],
)
def test_a_mistake_is_one_line(uri: str, says: str, direction: Direction) -> None:
    with pytest.raises(ControlError, match=says):
        open_control(uri, ControlDesk(direction))


def test_a_taken_port_leaves_no_thread(opened: Callable[[str], ZeroMqControl], direction: Direction) -> None:
    keys.admit("studio", "desk", key_pair()[0])
    first = opened("zmq://127.0.0.1:0?curve=studio")
    port = first.endpoints[0].rpartition(":")[2]
    with pytest.raises(ControlError, match="cannot be opened"):
        open_control(f"zmq://127.0.0.1:{port}?curve=studio", ControlDesk(direction))
