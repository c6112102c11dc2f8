"""ZeroMQ control with a plain REQ socket as peer."""

import gc
import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.control import ControlDesk
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.frames import rest_cues
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote import ControlError, open_control
from bridge.remote.request import SIZE_LIMIT
from bridge.remote.zeromq import ZeroMqControl

NEUTRAL = neutral_face()
TOKEN = "correct-horse-battery-staple"  # noqa: S105


@pytest.fixture
def direction() -> Direction:
    return Direction(DirectionConfig(blink=False, smoothing_ms=0), NEUTRAL)


@pytest.fixture
def desk(direction: Direction, tmp_path: Path) -> ControlDesk:
    return ControlDesk(direction, "anna", Presets(tmp_path))


@pytest.fixture
def control(desk: ControlDesk) -> Iterator[ZeroMqControl]:
    opened = open_control("zmq://127.0.0.1:0", desk)
    assert isinstance(opened, ZeroMqControl)
    yield opened
    opened.close()


class Peer:
    """A REQ socket."""

    def __init__(self, endpoint: str) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.REQ)
        self.socket.rcvtimeo = 5000
        self.socket.connect(endpoint)

    def ask(self, **request: Any) -> Any:
        self.socket.send_json(request)
        return self.socket.recv_json()

    def raw(self, *parts: bytes) -> bytes:
        self.socket.send_multipart(parts)
        return self.socket.recv()

    def close(self) -> None:
        self.context.destroy(linger=0)


@pytest.fixture
def peer(control: ZeroMqControl) -> Iterator[Peer]:
    made = Peer(control.endpoints[0])
    yield made
    made.close()


def test_a_request_moves_the_face_and_is_answered(
    peer: Peer, control: ZeroMqControl, direction: Direction
) -> None:
    landmarks = NEUTRAL.copy()
    landmarks[8, 1] -= 1.0
    assert peer.ask(do="set", values={"jaw": 2}) == {"ok": True, "values": {"jaw": 2.0}}
    for n in range(30):
        out = direction(rest_cues(n, landmarks), 1.0)
    assert float(NEUTRAL[8, 1] - out.landmarks[8, 1]) == pytest.approx(2.0, abs=1e-5)
    assert peer.ask(do="get", names=["jaw"])["values"] == {"jaw": 2.0}
    assert [line["name"] for line in peer.ask(do="table")["table"]] == list(CONTROLS)
    told = peer.ask(do="set", values={"jaw": 5})
    assert told == {"ok": False, "error": "jaw is 5; it must lie in 0..2"}
    status = control.status()
    assert (status.taken, status.refused) == (3, 1)
    assert "last: jaw is 5; it must lie in 0..2" in status.detail


def test_messagepack_is_answered_in_kind(peer: Peer, direction: Direction) -> None:
    answer = peer.raw(msgpack.packb({"do": "set", "unit": {"mouth": 0.25}}))
    assert msgpack.unpackb(answer) == {"ok": True, "values": {"mouth": 0.5}}
    assert direction.config.mouth == 0.5


def test_presets_over_the_wire(peer: Peer, direction: Direction) -> None:
    peer.ask(do="set", values={"mouth": 0.5})
    assert peer.ask(do="save", name="a")["presets"] == ["a"]
    peer.ask(do="reset")
    assert direction.config.mouth == 1.0
    assert peer.ask(do="load", name="a")["ok"]
    assert direction.config.mouth == 0.5


def test_junk_is_refused_and_the_next_one_is_heard(peer: Peer, control: ZeroMqControl) -> None:
    for junk in (
        b"",
        b"{",
        b"[1]",
        b"\xc1",
        b"x" * SIZE_LIMIT,
        b"[" * 9999,
        b'{"do": "set", "values": {"mouth": NaN}}',
    ):
        answer = peer.raw(junk)
        told = json.loads(answer) if answer[:1] == b"{" else msgpack.unpackb(answer)
        assert told["ok"] is False
    assert json.loads(peer.raw(b"{}", b"{}"))["error"] == "a request of 2 parts; send one"
    assert peer.ask(do="get")["ok"]
    assert control.status().refused == 8


def test_what_is_too_long_reaches_nobody(control: ZeroMqControl, peer: Peer) -> None:
    big = Peer(control.endpoints[0])
    big.socket.send(b"x" * (SIZE_LIMIT + 1))
    assert not big.socket.poll(300)
    big.close()
    assert peer.ask(do="get")["ok"]


def test_beyond_this_machine_only_who_brings_the_token_is_heard(
    desk: ControlDesk, direction: Direction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACECUE_TOKEN", raising=False)
    with pytest.raises(ControlError, match="nobody is heard there without a token"):
        open_control("zmq://0.0.0.0:0", desk)
    (tmp_path / "token").write_text(TOKEN)
    control = open_control(f"zmq://0.0.0.0:0?token_file={tmp_path / 'token'}", desk)
    assert isinstance(control, ZeroMqControl)
    peer = Peer(control.endpoints[0].replace("0.0.0.0", "127.0.0.1"))  # noqa: S104
    try:
        for token in ({}, {"token": TOKEN[:-1]}, {"token": 3}, {"token": None}):
            told = peer.ask(do="set", values={"mouth": 0}, **token)
            assert "without the right token" in told["error"]
        assert direction.config.mouth == 1.0
        assert peer.ask(do="set", values={"mouth": 0}, token=TOKEN)["ok"]
        assert TOKEN not in str(control.status())
    finally:
        peer.close()
        control.close()


@pytest.mark.slow
def test_ten_thousand_requests_leave_nothing_behind(peer: Peer, control: ZeroMqControl) -> None:
    for _ in range(300):
        peer.ask(do="set", values={"mouth": 0.5})
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for n in range(10_000):
            peer.ask(do="set", values={"mouth": n % 4})
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    status = control.status()
    assert status.taken + status.refused == 10_300
    assert status.refused == 2500
    assert grown < 100_000


def test_one_who_asks_and_leaves_keeps_nobody(control: ZeroMqControl, peer: Peer) -> None:
    for _ in range(20):
        gone = Peer(control.endpoints[0])
        gone.socket.send_json({"do": "table"})
        gone.close()
    assert peer.ask(do="get")["ok"]


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9))
    .map(json.dumps)
    .map(str.encode)
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered(peer: Peer, data: bytes) -> None:
    answer = peer.raw(data)
    told = json.loads(answer) if answer[:1] == b"{" else msgpack.unpackb(answer)
    assert set(told) >= {"ok"}


def test_a_port_that_is_taken_is_one_line_and_closing_frees_it(
    control: ZeroMqControl, desk: ControlDesk
) -> None:
    port = int(control.endpoints[0].rpartition(":")[2])
    with pytest.raises(ControlError, match=rf"port {port} cannot be opened"):
        open_control(f"zmq://127.0.0.1:{port}", desk)
    began = time.perf_counter()
    control.close()
    control.close()
    assert time.perf_counter() - began < 1.0
    open_control(f"zmq://127.0.0.1:{port}", desk).close()
