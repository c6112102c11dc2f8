"""Who is heard, and how often: a token beyond this machine, and so many requests a second.

The one place that compares tokens: every port that listens asks here.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bridge.address import Endpoint, UriError

VARIABLE = "FACECUE_TOKEN"
"""Environment variable that may hold the token."""
_TOKEN = re.compile(r"[\w.~-]{16,255}", re.ASCII)
"""What a token may be: letters that an OSC address and a command line carry as they are."""
FILE_LIMIT = 4096
QUIET_S = 60.0
"""Wrong tokens are logged once in so many seconds at most."""
RATE_PER_S, BURST = 2000.0, 400.0
"""Requests that are heard: a desk of faders that all move sends some hundreds a second."""

_log = logging.getLogger(__name__)


def token_for(uri: str, options: Mapping[str, str], places: Sequence[Endpoint]) -> str | None:
    """The token that is asked for at these places; None = nobody needs one.

    It stands in the file that `token_file=` names, else, for places beyond this machine, in `FACECUE_TOKEN`.

    Raises:
        UriError: no token where one is needed, or one that cannot be used.
    """
    name = options.get("token_file")
    public = [place for place in places if not place.loopback]
    if name is not None:
        try:
            with Path(name).open("rb") as file:
                token = file.read(FILE_LIMIT).decode("ascii", "replace").strip()
        except OSError as error:
            raise UriError(f"{uri}: {name}: {error.strerror or error}; name a file with a token") from error
    elif not public:
        return None
    else:
        name, token = VARIABLE, os.environ.get(VARIABLE, "").strip()
        if not token:
            raise UriError(
                f"{uri}: {public[0]} can be reached from other machines, and nobody is heard there without a token; "
                f"add ?token_file=FILE, set {VARIABLE}, or listen on 127.0.0.1"
            )
    if not _TOKEN.fullmatch(token):
        raise UriError(
            f"{uri}: {name} holds no token of 16 to 255 letters, digits, - . _ ~; "
            'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return token


class Lock:
    """Compares with a token in a time that says nothing of how much of it was right.

    Only digests are compared, which are all of one length and no guess can steer.
    """

    def __init__(self, token: str) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()

    def opens(self, given: object) -> bool:
        """Whether this is the token, whatever it is."""
        text = given.encode("utf-8", "replace") if isinstance(given, str) else b""
        return hmac.compare_digest(hashlib.sha256(text).digest(), self._digest)


class Door:
    """Says who may come in. Used by one thread.

    Args:
        uri: for the log.
        token: what is asked for; None: nothing.
        clock: seconds.
    """

    def __init__(self, uri: str, token: str | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._uri = uri
        self._lock = None if token is None else Lock(token)
        self._clock = clock
        self._logged_at = -QUIET_S
        self._unlogged = 0
        self._allowance, self._counted_at = BURST, clock()

    @property
    def locked(self) -> bool:
        """Whether a token is asked for."""
        return self._lock is not None

    def admits(self, token: object) -> bool:
        """Whether this is the token, or none is asked for; those that are wrong are counted and logged."""
        if self._lock is None or self._lock.opens(token):
            return True
        self._unlogged += 1
        now = self._clock()
        if now - self._logged_at >= QUIET_S:
            _log.warning("%s: %d without the right token", self._uri, self._unlogged)
            self._logged_at, self._unlogged = now, 0
        return False

    def in_time(self) -> bool:
        """Whether one more is heard now: `RATE_PER_S` of them, and `BURST` at once."""
        now = self._clock()
        self._allowance = min(BURST, self._allowance + (now - self._counted_at) * RATE_PER_S)
        self._counted_at = now
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True
