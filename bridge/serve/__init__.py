"""Faces on request: servers that others ask, where `bridge.sinks` sends of its own accord.

One room a protocol; what they share is here: how much a stranger may ask for, and what is said to one who
asks for too much or for nonsense.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.frames import CUE_RATE_HZ


class ServeError(ValueError):
    """A server cannot be opened as asked: one line with the fact, the value and the way out."""


class WishError(ValueError):
    """A client asks for what cannot be; one line, sent back to it."""


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """A stream ends here: the name of a gRPC status code, and the reason for the client."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients get at most."""

    streams: int = 4
    """Streams at once; each has a network of its own, 40 MB or so."""
    seconds: float = 600.0
    """Sound of one stream."""
    message_bytes: int = 2 << 20
    """One message: ten seconds of sound at 96 kHz."""
    emotions: int = 10_000
    """Emotion time codes of one stream."""
    idle_s: float = 30.0
    """A client that neither speaks nor listens for so long is let go."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How streams are answered, the same for all of them."""

    fps: int = CUE_RATE_HZ
    """Frames a second."""
    strict: bool = False
    """Refuse a stream that asks for something known that has no counterpart here, instead of saying so at its end."""
    limits: Limits = Limits()
