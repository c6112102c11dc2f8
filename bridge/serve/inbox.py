"""What a client sends, read in a thread of its own, so that whoever waits for it can stop waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

POLL_S = 0.1


class Silent(Exception):  # noqa: N818  what a client does, not an error of ours
    """Nothing came in time."""


class Gone(Exception):  # noqa: N818
    """The client left in the middle."""


class Closed(Exception):  # noqa: N818
    """`stop` was called."""


class Inbox:
    """One message ahead of its reader, and no more: what a client sends beyond that waits at the client.

    Args:
        messages: blocks until the next one; ends where the client ends, and raises or ends where it leaves.
        alive: whether the client is still there.
        idle_s: how long to wait for a message.
    """

    def __init__(self, messages: Iterator[bytes], alive: Callable[[], bool], idle_s: float) -> None:
        self._messages, self._alive, self._idle_s = messages, alive, idle_s
        self._ready: queue.Queue[bytes | None] = queue.Queue(1)
        self._over = threading.Event()
        self._stopped = False
        self._gone = False
        self._thread = threading.Thread(target=self._read, name="facecue-a2f-inbox", daemon=True)

    def __enter__(self) -> Inbox:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # not joined: it waits for the client, until the call is closed behind us
        self._over.set()

    def get(self) -> bytes | None:
        """The next message, or None at the end.

        Raises:
            Silent, Gone, Closed: there is none.
        """
        waited_s = 0.0
        while not self._stopped:
            try:
                message = self._ready.get(timeout=min(POLL_S, self._idle_s))
            except queue.Empty as empty:
                waited_s += min(POLL_S, self._idle_s)
                if waited_s >= self._idle_s:
                    raise Silent from empty
                continue
            if message is None and self._gone:
                raise Gone
            return message
        raise Closed

    def stop(self) -> None:
        """Ends all waiting, from any thread."""
        self._stopped = True

    def _read(self) -> None:
        try:
            for message in self._messages:
                if not self._put(message):
                    return
        except Exception:  # noqa: BLE001  what the library raises when a client leaves is its own
            self._gone = True
        self._gone = self._gone or not self._alive()
        self._put(None)

    def _put(self, message: bytes | None) -> bool:
        while not self._over.is_set():
            try:
                self._ready.put(message, timeout=POLL_S)
            except queue.Full:
                continue
            return True
        return False
