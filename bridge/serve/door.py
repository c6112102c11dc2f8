"""Who may come in, and what is said of those who may not: a token, and one line a minute."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from bridge.address import Endpoint
from bridge.door import ADVICE, VARIABLE, Lock, kept_token
from bridge.mishaps import Mishaps
from bridge.serve import ServeError

log = logging.getLogger(__name__)

SHORTEST = 16
"""Letters of a token; shorter ones can be guessed."""


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
            token = kept_token(path)
        except OSError as error:
            raise ServeError(f"{path}: {error.strerror or error}; name a file that holds a token") from error
    if len(token) < SHORTEST or not (token.isascii() and token.isprintable()) or " " in token:
        raise ServeError(
            f"{where} holds no token of {SHORTEST} or more printable ASCII letters without spaces; {ADVICE}"
        )
    return token


class Door(Lock):
    """Lets those in who bring the token."""

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

    def admits(self, authorization: str | None) -> bool:
        """Whether `Bearer TOKEN` (or nothing, where none is asked for) is right."""
        if not self.locked:
            return True
        scheme, _, token = (authorization or "").partition(" ")
        return self.opens_to(token.strip()) and scheme.lower() == "bearer"


class Refusals:
    """Counts refusals and logs them, one line a minute at most. Safe from any thread."""

    def __init__(self, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.last = ""
        """Why the last one was refused."""
        self._name = name
        self._clock = clock
        self._mishaps = Mishaps()

    @property
    def count(self) -> int:
        """How many there were."""
        return self._mishaps.count

    def add(self, reason: str) -> None:
        """One more."""
        self.last = reason
        untold = self._mishaps.add(self._clock())
        if untold:
            log.warning("%s refused %d, the last because: %s", self._name, untold, reason)
