"""Who may come in, and what is said of those who may not: a token, and one line a minute."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bridge.address import Endpoint
from bridge.door import QUIET_S, VARIABLE, Lock
from bridge.serve import ServeError

log = logging.getLogger(__name__)

SHORTEST = 16
"""Letters of a token; shorter ones can be guessed."""
MAX_FILE_BYTES = 4096


def read_token(path: Path | None) -> str | None:
    """The token in a file, or else in the environment; None = there is none.

    Raises:
        ServeError: a file that cannot be read, or a token too short or with letters that no header carries.
    """
    if path is None:
        where, token = VARIABLE, os.environ.get(VARIABLE, "")
        if not token:
            return None
    else:
        where = str(path)
        try:
            with path.open("rb") as file:
                token = file.read(MAX_FILE_BYTES).decode("ascii", "replace").strip()
        except OSError as error:
            raise ServeError(f"{path}: {error.strerror or error}; name a file that holds a token") from error
    if len(token) < SHORTEST or not (token.isascii() and token.isprintable()) or " " in token:
        raise ServeError(
            f"{where} holds no token of {SHORTEST} or more printable ASCII letters without spaces; "
            'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return token


class Door:
    """Lets those in who bring the token, in a time that says nothing of how much of it they had right."""

    def __init__(self, token: str | None) -> None:
        self._lock = None if token is None else Lock(token)

    @classmethod
    def at(cls, place: Endpoint, token: str | None) -> Door:
        """The door of a place.

        Raises:
            ServeError: a place that others reach, and no token.
        """
        if token is None and not place.loopback:
            raise ServeError(
                f"{place} can be reached from other machines, and nobody is let in there without a token; "
                f"name one with --token-file or {VARIABLE}, or listen on 127.0.0.1"
            )
        return cls(token)

    @property
    def locked(self) -> bool:
        """Whether a token is asked for."""
        return self._lock is not None

    def admits(self, authorization: str | None) -> bool:
        """Whether `Bearer TOKEN` (or nothing, where none is asked for) is right."""
        if self._lock is None:
            return True
        scheme, _, token = (authorization or "").partition(" ")
        right = self._lock.opens(token.strip())
        return right and scheme.lower() == "bearer"


class Refusals:
    """Counts refusals and logs them, one line in `QUIET_S` at most. Safe from any thread."""

    def __init__(self, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.count = 0
        self.last = ""
        """Why the last one was refused."""
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = -float("inf")
        self._untold = 0

    def add(self, reason: str) -> None:
        """One more."""
        with self._lock:
            self.count += 1
            self.last = reason
            self._untold += 1
            now = self._clock()
            if now < self._quiet_until:
                return
            told, self._untold, self._quiet_until = self._untold, 0, now + QUIET_S
        log.warning("%s refused %d, the last because: %s", self._name, told, reason)
