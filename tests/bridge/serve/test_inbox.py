import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bridge.serve.inbox import Closed, Gone, Inbox, Silent


class Client:
    """Says what it is told to, one message at a time, and counts how far it is heard."""

    def __init__(self, messages: list[bytes], then: Callable[[], object] = lambda: None) -> None:
        self.heard = 0
        self.there = True
        self._messages, self._then = messages, then

    def __iter__(self) -> Iterator[bytes]:
        for message in self._messages:
            self.heard += 1
            yield message
        self._then()

    def alive(self) -> bool:
        return self.there


def test_messages_come_in_order_and_then_the_end() -> None:
    client = Client([b"1", b"", b"3"])
    with Inbox(iter(client), client.alive, 5.0) as inbox:
        assert [inbox.get() for _ in range(4)] == [b"1", b"", b"3", None]


def test_it_reads_no_further_than_two_ahead() -> None:
    client = Client([b"x"] * 100)
    with Inbox(iter(client), client.alive, 5.0) as inbox:
        inbox.get()
        time.sleep(0.2)
        assert client.heard <= 3
    time.sleep(0.3)
    assert client.heard <= 4
    assert not inbox._thread.is_alive()  # nobody reads: it gives up


def test_silence_ends_the_waiting() -> None:
    forever = threading.Event()
    client = Client([b"1"], forever.wait)
    with Inbox(iter(client), client.alive, 0.25) as inbox:
        assert inbox.get() == b"1"
        began = time.monotonic()
        with pytest.raises(Silent):
            inbox.get()
        assert 0.2 < time.monotonic() - began < 1.5
    forever.set()


def test_one_who_leaves_is_no_end() -> None:
    def fail() -> None:
        raise OSError("cancelled")

    client = Client([b"1"], fail)
    with Inbox(iter(client), client.alive, 5.0) as inbox:
        assert inbox.get() == b"1"
        with pytest.raises(Gone):
            inbox.get()
    left = Client([])
    left.there = False
    with Inbox(iter(left), left.alive, 5.0) as inbox, pytest.raises(Gone):
        inbox.get()


def test_stop_ends_the_waiting_from_another_thread() -> None:
    forever = threading.Event()
    client = Client([], forever.wait)
    with Inbox(iter(client), client.alive, 30.0) as inbox:
        timer = threading.Timer(0.1, inbox.stop)
        timer.start()
        with pytest.raises(Closed):
            inbox.get()
        timer.join()
    forever.set()
