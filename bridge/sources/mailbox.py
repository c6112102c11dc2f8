"""A bounded queue between the thread that hears and the one that works: full, it drops the oldest and counts.

`put` never waits, so a sound card's callback may call it. Knows nothing of audio.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """At most `capacity` things, first in, first out."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a mailbox holds at least 1 thing; got capacity {capacity}")
        self.dropped = 0
        """Things thrown away because the mailbox was full."""
        self._things: deque[T] = deque()
        self._capacity = capacity
        self._changed = threading.Condition()
        self._closed = False

    def put(self, thing: T) -> None:
        """Puts `thing` in, at the cost of the oldest if full. After `close()` it is ignored."""
        with self._changed:
            if self._closed:
                return
            if len(self._things) == self._capacity:
                self._things.popleft()
                self.dropped += 1
            self._things.append(thing)
            self._changed.notify()

    def get(self, timeout_s: float = 0.0) -> T | None:
        """The oldest thing, or None if there was none for `timeout_s` seconds or the mailbox is closed."""
        with self._changed:
            if not self._things and not self._closed and timeout_s > 0:
                self._changed.wait_for(lambda: bool(self._things) or self._closed, timeout_s)
            return self._things.popleft() if self._things and not self._closed else None

    def clear(self) -> None:
        """Forgets everything inside; nothing counts as dropped."""
        with self._changed:
            self._things.clear()

    def close(self) -> None:
        """Wakes whoever waits; from now on nothing goes in or out."""
        with self._changed:
            self._closed = True
            self._things.clear()
            self._changed.notify_all()

    def __len__(self) -> int:
        """Things inside now."""
        with self._changed:
            return len(self._things)
