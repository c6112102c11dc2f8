import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sources.mailbox import Mailbox


@given(st.integers(1, 5), st.lists(st.one_of(st.integers(), st.none()), max_size=60))
def test_keeps_the_newest_and_counts_the_rest(capacity: int, actions: list[int | None]) -> None:
    mailbox: Mailbox[int] = Mailbox(capacity)
    model: list[int] = []
    dropped = 0
    for action in actions:
        if action is None:
            assert mailbox.get() == (model.pop(0) if model else None)
            continue
        mailbox.put(action)
        model.append(action)
        dropped += len(model) > capacity
        model = model[-capacity:]
    assert mailbox.dropped == dropped
    assert len(mailbox) == len(model)


def test_a_waiting_reader_is_woken_by_a_thing_and_by_close() -> None:
    mailbox: Mailbox[str] = Mailbox(2)
    threading.Timer(0.05, mailbox.put, ["hello"]).start()
    assert mailbox.get(timeout_s=5) == "hello"
    threading.Timer(0.05, mailbox.close).start()
    began = time.perf_counter()
    assert mailbox.get(timeout_s=5) is None
    assert time.perf_counter() - began < 1


def test_after_close_nothing_goes_in() -> None:
    mailbox: Mailbox[int] = Mailbox(2)
    mailbox.put(1)
    mailbox.close()
    mailbox.put(2)
    assert (len(mailbox), mailbox.get(), mailbox.dropped) == (0, None, 0)


def test_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity 0"):
        Mailbox(0)
