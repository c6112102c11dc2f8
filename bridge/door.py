"""Who is heard, and how often: a token beyond this machine, and so many requests a second.

The one place that compares tokens: every port that listens asks here. `bridge.serve` has a door of its own on the same
lock, because its tokens come in a header.
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
from bridge.mishaps import Mishaps

VARIABLE = "FACECUE_TOKEN"
"""Environment variable that may hold the token."""
_TOKEN = re.compile(r"[\w.~-]{16,255}", re.ASCII)
"""What a token may be: letters that an OSC address and a command line carry as they are."""
MAX_FILE_BYTES = 4096
"""Of a file with a token; what follows is not read."""
ADVICE = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
"""What somebody is told whose token is none."""
RATE_PER_S, BURST = 2000.0, 400.0
"""Requests that are heard: a desk of faders that all move sends some hundreds a second."""

_log = logging.getLogger(__name__)


def kept_token(path: Path) -> str:
    """What stands in a file, white space around it aside; bytes that are no ASCII make it a token that is none.

    Raises:
        OSError: a file that cannot be read.
    """
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode("ascii", "replace").strip()


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
            token = kept_token(Path(name))
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
        raise UriError(f"{uri}: {name} holds no token of 16 to 255 letters, digits, - . _ ~; {ADVICE}")
    return token


class Lock:
    """What a door has: it opens to one token, or, without one, to everybody.

    Only digests are compared, which are all of one length and no guess can steer.
    """

    def __init__(self, token: str | None) -> None:
        self._digest = None if token is None else hashlib.sha256(token.encode()).digest()

    @property
    def locked(self) -> bool:
        """Whether a token is asked for."""
        return self._digest is not None

    def opens_to(self, token: object) -> bool:
        """Whether this is the token, in a time that says nothing of how much of it was right."""
        if self._digest is None:
            return True
        given = token.encode("utf-8", "replace") if isinstance(token, str) else b""
        return hmac.compare_digest(hashlib.sha256(given).digest(), self._digest)


class Door(Lock):
    """Says who may come in, and logs the others, one line a minute at most. Used by one thread.

    Args:
        uri: for the log.
        token: what is asked for; None: nothing.
        clock: seconds.
    """

    def __init__(self, uri: str, token: str | None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(token)
        self._uri = uri
        self._clock = clock
        self._mishaps = Mishaps()
        self._allowance, self._counted_at = BURST, clock()

    def admits(self, token: object) -> bool:
        """Whether this is the token, or none is asked for; those that are wrong are counted and logged."""
        if self.opens_to(token):
            return True
        untold = self._mishaps.add(self._clock())
        if untold:
            _log.warning("%s: %d without the right token", self._uri, untold)
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
