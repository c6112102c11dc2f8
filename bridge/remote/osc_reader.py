"""OSC 1.0 packets, read from anybody: every length is held against what is there before it is used.

Bundles are taken apart in order, their time tags left aside: what is asked for is asked for now. Knows no address.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

PACKET_LIMIT = 8192
"""Bytes of a packet."""
MESSAGE_LIMIT = 128
"""Messages of a packet."""
ARGUMENT_LIMIT = 32
"""Arguments of a message."""
DEPTH_LIMIT = 4
"""Bundles within bundles."""
ADDRESS_LIMIT = 512
"""Characters of an address."""

Argument: TypeAlias = int | float | str | bool | None
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_WORDS: dict[str, bool | None] = {"T": True, "F": False, "N": None, "I": True}
_BUNDLE = b"#bundle\0"


class OscError(ValueError):
    """Bytes that are no OSC that is understood here; one line."""


class Message(NamedTuple):
    """One message."""

    address: str
    """Printable ASCII, with a slash first."""
    arguments: tuple[Argument, ...]


def read(packet: bytes) -> list[Message]:
    """The messages of a packet, in order.

    Raises:
        OscError: anything else; nothing of the packet counts then. Nothing else is ever raised.
    """
    if len(packet) > PACKET_LIMIT:
        raise OscError(f"more than {PACKET_LIMIT} bytes")
    messages: list[Message] = []
    _packet(packet, messages, 0)
    return messages


def _packet(data: bytes, into: list[Message], depth: int) -> None:
    if len(data) % 4 or not data:
        raise OscError(f"a packet of {len(data)} bytes; OSC comes in fours")
    if not data.startswith(_BUNDLE):
        if len(into) >= MESSAGE_LIMIT:
            raise OscError(f"more than {MESSAGE_LIMIT} messages in a packet")
        into.append(_message(data))
        return
    if depth >= DEPTH_LIMIT:
        raise OscError(f"bundles more than {DEPTH_LIMIT} deep")
    if len(data) < 16:
        raise OscError("a bundle without a time tag")
    at = 16
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        at += 4
        if size > len(data) - at:
            raise OscError(f"a part of {size} bytes where {len(data) - at} are left")
        _packet(data[at : at + size], into, depth + 1)
        at += size


def _message(data: bytes) -> Message:
    address, at = _text(data, 0, ADDRESS_LIMIT)
    if not address.startswith("/") or not (address.isascii() and address.isprintable()):
        raise OscError("an address that does not begin with a slash, or is not plain ASCII")
    tags, at = _text(data, at, ARGUMENT_LIMIT + 1)
    if not tags.startswith(","):
        raise OscError("no type tags behind the address")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        if tag in _NUMBERS:
            size = struct.calcsize(_NUMBERS[tag])
            if size > len(data) - at:
                raise OscError(f"the number of tag {tag} is cut off")
            arguments.append(struct.unpack_from(_NUMBERS[tag], data, at)[0])
            at += size
        elif tag in "sS":
            text, at = _text(data, at, PACKET_LIMIT)
            arguments.append(text)
        elif tag in _WORDS:
            arguments.append(_WORDS[tag])
        else:
            raise OscError(f"type tag {tag!r} is not understood here; send f, i, s, T or F")
    if at != len(data):
        raise OscError(f"{len(data) - at} bytes behind the last argument")
    return Message(address, tuple(arguments))


def _text(data: bytes, at: int, limit: int) -> tuple[str, int]:
    """The text that begins at `at`, and where the next thing begins."""
    end = data.find(b"\0", at)
    if end < 0:
        raise OscError("a text without an end")
    if end - at > limit:
        raise OscError(f"a text of more than {limit} bytes")
    after = end + 4 - (end - at) % 4
    if after > len(data) or data[end:after].strip(b"\0"):
        raise OscError("a text that is not filled up with zeros")
    try:
        return data[at:end].decode("utf-8"), after
    except UnicodeDecodeError as error:
        raise OscError("a text that is not UTF-8") from error
