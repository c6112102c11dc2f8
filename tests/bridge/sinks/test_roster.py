"""Sinks that come, go, move and fail while frames flow."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from bridge import sinks
from bridge.frames import RigFrame
from bridge.sinks import SinkError, SinkStatus
from bridge.sinks.guarded import GuardedSink
from bridge.sinks.roster import Roster

BUILT: dict[str, Fake] = {}


class Fake:
    """`fake://NAME`: remembers; may be slow, and may raise. `?broken=1` does not open."""

    def __init__(self, uri: str, address: str, options: dict[str, str], actor: str) -> None:
        if "broken" in options:
            raise SinkError(f"{uri}: broken")
        self.uri, self.actor = uri, actor
        self.frames: list[RigFrame] = []
        self.inside = self.closed_inside = False
        self.closed_by: str | None = None
        self.pause_s = 0.0
        self.error: Exception | None = None
        BUILT[address] = self

    def send(self, frame: RigFrame) -> None:
        self.inside = True
        time.sleep(self.pause_s)
        self.inside = False
        if self.error is not None:
            raise self.error
        self.frames.append(frame)

    def status(self) -> SinkStatus:
        return SinkStatus(self.uri, len(self.frames), 0, 0, "fine")

    def close(self) -> None:
        self.closed_inside |= self.inside
        self.closed_by = threading.current_thread().name


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fake]:
    monkeypatch.setitem(sinks.SCHEMES, "fake", ("fake_sinks", "Fake"))
    monkeypatch.setitem(sys.modules, "fake_sinks", sys.modules[Fake.__module__])
    BUILT.clear()
    return BUILT


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.perf_counter() + 5.0
    while not condition():
        assert time.perf_counter() < until
        time.sleep(0.002)


def test_sinks_come_and_go_in_order(frame: RigFrame) -> None:
    roster = Roster(["fake://a", "fake://b"], actor="anna")
    roster.add("fake://c")
    assert roster.uris() == ["fake://a", "fake://b", "fake://c"]
    assert {fake.actor for fake in BUILT.values()} == {"anna"}
    for sink in roster:
        sink.send(frame)
    roster.remove("fake://b")
    roster.retarget("fake://a", "fake://d")
    assert roster.uris() == ["fake://d", "fake://c"]
    for sink in roster:
        sink.send(frame)
    assert {name: len(fake.frames) for name, fake in BUILT.items()} == {"a": 1, "b": 1, "c": 2, "d": 1}
    assert [status.sent for status in roster.statuses()] == [1, 2]
    assert len(roster) == 2
    roster.close()
    assert all(fake.closed_by for fake in BUILT.values())


def test_what_does_not_open_changes_nothing() -> None:
    with closing(Roster(["fake://a"])) as roster:
        kept = list(roster)
        for change in (
            lambda: roster.add("fake://b?broken=1"),
            lambda: roster.add("nul://"),
            lambda: roster.add("fake://a"),
            lambda: roster.retarget("fake://a", "fake://b?broken=1"),
            lambda: roster.retarget("fake://x", "fake://b"),
            lambda: roster.remove("fake://x"),
        ):
            with pytest.raises(SinkError):
                change()
        assert list(roster) == kept
        assert BUILT["a"].closed_by is None


def test_a_roster_that_cannot_begin_leaves_nothing_open() -> None:
    with pytest.raises(SinkError, match="broken"):
        Roster(["fake://a", "fake://b?broken=1"])
    assert BUILT["a"].closed_by


def test_messages_say_what_is_open() -> None:
    with closing(Roster(["fake://a"])) as roster:
        with pytest.raises(SinkError, match=r"fake://x: no such sink is open; open are: fake://a"):
            roster.remove("fake://x")
        with pytest.raises(SinkError, match="fake://a is open already"):
            roster.add("fake://a")


def test_after_the_end_nothing_is_added() -> None:
    roster = Roster()
    roster.close()
    roster.close()
    with pytest.raises(SinkError, match="has ended"):
        roster.add("fake://late")
    assert BUILT["late"].closed_by


def test_closing_happens_elsewhere_and_never_under_a_send(frame: RigFrame) -> None:
    roster = Roster(["fake://slow"])
    fake = BUILT["slow"]
    fake.pause_s = 0.2
    sender = threading.Thread(target=next(iter(roster)).send, args=(frame,))
    sender.start()
    wait_for(lambda: fake.inside)
    before = time.perf_counter()
    roster.remove("fake://slow")
    assert time.perf_counter() - before < 0.15  # whoever asked does not wait
    assert list(roster) == []
    wait_for(lambda: fake.closed_by)
    assert not fake.closed_inside
    assert fake.closed_by == "facecue-leaving"
    sender.join()
    roster.close()


def test_changes_under_a_running_loop(frame: RigFrame) -> None:
    roster = Roster(["fake://stays"])
    stop, rounds = threading.Event(), []

    def loop() -> None:
        while not stop.is_set():
            for sink in roster:
                sink.send(frame)
            rounds.append(time.perf_counter())

    def change(name: str) -> None:
        for i in range(100):
            roster.add(f"fake://{name}{i}")
            roster.retarget(f"fake://{name}{i}", f"fake://{name}{i}x")
            roster.remove(f"fake://{name}{i}x")

    changers = [threading.Thread(target=change, args=(name,)) for name in "pqr"]
    looping = threading.Thread(target=loop)
    looping.start()
    for thread in changers:
        thread.start()
    for thread in changers:
        thread.join()
    stop.set()
    looping.join()
    assert roster.uris() == ["fake://stays"]
    roster.close()
    assert len(BUILT["stays"].frames) == len(rounds) > 0
    assert not any(fake.closed_inside for fake in BUILT.values())
    assert all(fake.closed_by for fake in BUILT.values())
    assert not [t for t in threading.enumerate() if t.name == "facecue-leaving"]


def test_an_option_is_changed_on_the_port_that_is_held(frame: RigFrame) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with closing(Roster([f"zmq://127.0.0.1:{port}"])) as roster:
        roster.retarget(f"zmq://127.0.0.1:{port}", f"zmq://127.0.0.1:{port}?rate=60")
        assert roster.uris() == [f"zmq://127.0.0.1:{port}?rate=60"]
        # and what fails then leaves the old one in its place, sending
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(SinkError, match="is taken"):
                roster.retarget(
                    f"zmq://127.0.0.1:{port}?rate=60",
                    f"zmq://127.0.0.1:{port},127.0.0.1:{taken.getsockname()[1]}",
                )
        assert roster.uris() == [f"zmq://127.0.0.1:{port}?rate=60"]
        next(iter(roster)).send(frame)
        wait_for(lambda: roster.statuses()[0].dropped)  # handed over: nobody is there


# faults


def test_a_fault_is_named_counted_and_over_when_a_frame_goes_out(
    frame: RigFrame, caplog: pytest.LogCaptureFixture
) -> None:
    roster = Roster(["fake://a"])
    (sink,) = roster
    BUILT["a"].error = ZeroDivisionError("no such eye")
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            sink.send(frame)
    (status,) = roster.statuses()
    assert (status.sent, status.dropped, status.errors) == (0, 3, 3)
    assert status.detail == "faulty: ZeroDivisionError: no such eye · fine"
    assert len(caplog.records) == 1  # once, not 50 times a second
    BUILT["a"].error = None
    sink.send(frame)
    (status,) = roster.statuses()
    assert (status.sent, status.errors, status.detail) == (1, 3, "fine")
    roster.close()


def test_a_send_that_never_returns_keeps_nobody(frame: RigFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.sinks.guarded.CLOSE_WAIT_S", 0.05)
    fake = Fake("fake://stuck", "stuck", {}, "face")
    fake.pause_s = 0.5
    guarded = GuardedSink(fake)
    sender = threading.Thread(target=guarded.send, args=(frame,))
    sender.start()
    wait_for(lambda: fake.inside)
    guarded.close()
    assert fake.closed_by is None  # left open rather than torn from under the send
    sender.join()
    guarded.send(frame)
    assert len(fake.frames) == 1
