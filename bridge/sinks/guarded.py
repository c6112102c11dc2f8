"""A sink whose faults stay its own: whatever it raises is counted and named, and it may be closed while it is used.

Two threads meet here without a lock: the one that sends and the one that takes the sink away. The sender says that
it is inside before it looks whether the sink is gone; the other says that it is gone before it looks whether
somebody is inside. So a sink is never closed under a send, which ZeroMQ would not forgive.
"""

from __future__ import annotations

import logging
import time

from bridge.frames import RigFrame
from bridge.sinks import Sink, SinkStatus

CLOSE_WAIT_S = 5.0
"""How long a send that does not return keeps its sink from being closed; such a sink is left as it is."""
_POLL_S = 0.001

log = logging.getLogger(__name__)


class GuardedSink:
    """Stands before a sink."""

    def __init__(self, sink: Sink) -> None:
        self.uri = sink.uri
        self._sink = sink
        self._inside = self._gone = False
        self._faults = 0
        self._fault = ""  # while the last send raised

    @property
    def url(self) -> str | None:
        """Where a browser sees it, if it is a sink that one looks at."""
        return getattr(self._sink, "url", None)

    def send(self, frame: RigFrame) -> None:
        """Sends a frame; once the sink is closed, does nothing.

        Raises:
            Exception: what the sink raised, counted and named in `status()`. It is tried again with the next frame.
        """
        self._inside = True
        try:
            if not self._gone:
                self._sink.send(frame)
                self._fault = ""
        except Exception as error:
            if not self._fault:
                log.warning("%s is faulty: %r", self.uri, error, exc_info=error)
            self._faults += 1
            self._fault = f"faulty: {type(error).__name__}: {error!s:.80}"
            raise
        finally:
            self._inside = False

    def status(self) -> SinkStatus:
        """The sink's own, with what it raised among its drops and errors."""
        own = self._sink.status()
        if not self._faults:
            return own
        detail = f"{self._fault} · {own.detail}" if self._fault else own.detail
        return SinkStatus(
            self.uri, own.sent, own.dropped + self._faults, own.errors + self._faults, detail
        )  # fmt: skip

    def close(self) -> None:
        """Closes the sink when no send is under way; from any thread but in the middle of a send."""
        self._gone = True
        until = time.perf_counter() + CLOSE_WAIT_S
        while self._inside:
            if time.perf_counter() > until:
                log.warning("%s was left open: its send has not returned for %.0f s", self.uri, CLOSE_WAIT_S)
                return
            time.sleep(_POLL_S)
        self._sink.close()
