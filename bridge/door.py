"""The token that keeps strangers out: where it stands, and whether one that is brought is the same.

The doors of `bridge.serve` and `bridge.remote` are built on it; what a token looks like and who needs one is theirs.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

VARIABLE = "FACECUE_TOKEN"
"""Environment variable that may hold the token."""
MAX_FILE_BYTES = 4096
"""Of a file with a token; what follows is not read."""
ADVICE = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
"""What somebody is told whose token is none."""


def kept_token(path: Path) -> str:
    """What stands in a file, white space around it aside; bytes that are no ASCII make it a token that is none.

    Raises:
        OSError: a file that cannot be read.
    """
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES).decode("ascii", "replace").strip()


class Lock:
    """What a door has: it opens to one token, or, without one, to everybody."""

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
