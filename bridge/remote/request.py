"""Requests and answers as bytes: JSON where it begins with a brace, MessagePack otherwise. The answer comes in kind."""

from __future__ import annotations

import json
from typing import Any

import msgpack

SIZE_LIMIT = 16_384
"""Bytes of a request."""


class FormError(ValueError):
    """Bytes that are no request; one line."""


def decode(data: bytes) -> Any:
    """The request.

    Raises:
        FormError: bytes that are neither. Nothing else is ever raised.
    """
    if len(data) > SIZE_LIMIT:
        raise FormError(f"{len(data)} bytes are more than the {SIZE_LIMIT} of a request")
    if is_json(data):
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise FormError(f"no JSON: {error}") from error
    try:
        # lengths are held against what is really there before anything is allocated
        return msgpack.unpackb(data, raw=False, ext_hook=_ignore, timestamp=0)
    except (ValueError, TypeError, OverflowError, msgpack.exceptions.UnpackException) as error:
        raise FormError(f"no JSON and no MessagePack: {error}") from error


def is_json(data: bytes) -> bool:
    """Whether the sender means JSON."""
    return data.lstrip()[:1] in (b"{", b"[", b'"')


def encode(answer: dict[str, Any], *, as_json: bool) -> bytes:
    """The answer as bytes."""
    if as_json:
        return json.dumps(answer, ensure_ascii=True, allow_nan=False).encode()
    packed: bytes = msgpack.packb(answer, unicode_errors="replace")
    return packed


def _ignore(code: int, data: bytes) -> None:
    """Extension types carry nothing that this version knows."""
