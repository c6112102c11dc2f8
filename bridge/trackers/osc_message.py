"""OSC 1.0 packets, read: every length is held against the bytes that are there before anything is taken.

The other half of `bridge.sinks.osc_packet`. Whatever the bytes are, the result is a list of messages or `OscError`.
"""

from __future__ import annotations

import struct

Argument = int | float | str | bytes | bool | None
Message = tuple[str, tuple[Argument, ...]]
"""Address and arguments."""

PACKET_LIMIT = 8192
"""Bytes of a packet; senders of VMC stay below 1500."""
MESSAGE_LIMIT = 512
"""Messages of a packet: more do not fit one of 8192 bytes in a useful way."""
ARGUMENT_LIMIT = 256
DEPTH_LIMIT = 4
"""Bundles inside bundles."""
_BUNDLE = b"#bundle\0"
_NUMBERS = {
    "i": struct.Struct(">i"), "f": struct.Struct(">f"), "h": struct.Struct(">q"), "d": struct.Struct(">d"),
    "t": struct.Struct(">Q"), "c": struct.Struct(">i"), "r": struct.Struct(">I"), "m": struct.Struct(">I"),
}  # fmt: skip
_CONSTANTS: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": None}


class OscError(ValueError):
    """Bytes that are no OSC packet: one line that says what is wrong with them."""


def messages(packet: bytes) -> list[Message]:
    """All messages of a packet in order, those of nested bundles too; time tags are not looked at.

    Raises:
        OscError: if the bytes are not one message or bundle, or are more than the limits above.
    """
    if len(packet) > PACKET_LIMIT:
        raise OscError(f"a packet of {len(packet)} bytes; {PACKET_LIMIT} are the most")
    found: list[Message] = []
    _read(packet, 0, found)
    return found


def _read(element: bytes, depth: int, found: list[Message]) -> None:
    if not element.startswith(_BUNDLE):
        if len(found) >= MESSAGE_LIMIT:
            raise OscError(f"more than {MESSAGE_LIMIT} messages in a packet")
        found.append(_message(element))
        return
    if depth >= DEPTH_LIMIT:
        raise OscError(f"bundles are nested more than {DEPTH_LIMIT} deep")
    at = 16  # its head and time tag
    if len(element) < at:
        raise OscError("a bundle ends within its head")
    while at < len(element):
        if len(element) - at < 4:
            raise OscError("a bundle ends within a length")
        size = int.from_bytes(element[at : at + 4], "big")
        at += 4
        if size % 4 or not 0 < size <= len(element) - at:
            raise OscError(f"an element of {size} bytes where {len(element) - at} are left")
        _read(element[at : at + size], depth + 1, found)
        at += size


def _message(data: bytes) -> Message:
    address, at = _string(data, 0)
    if not address.startswith("/"):
        raise OscError(f"no OSC address: {address!r:.40}")
    if at == len(data):
        return address, ()  # old senders leave the type tags out where there are no arguments
    tags, at = _string(data, at)
    if not tags.startswith(",") or len(tags) - 1 > ARGUMENT_LIMIT:
        raise OscError(f"no type tags: {tags!r:.40}")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        if tag in _NUMBERS:
            number = _NUMBERS[tag]
            if len(data) - at < number.size:
                raise OscError(f"a message ends within an argument {tag!r}")
            arguments.append(number.unpack_from(data, at)[0])
            at += number.size
        elif tag in "sS":
            text, at = _string(data, at)
            arguments.append(text)
        elif tag == "b":
            blob, at = _blob(data, at)
            arguments.append(blob)
        elif tag in _CONSTANTS:
            arguments.append(_CONSTANTS[tag])
        else:
            raise OscError(f"an argument of the unknown type {tag!r}")
    if at != len(data):
        raise OscError(f"{len(data) - at} bytes behind the last argument")
    return address, tuple(arguments)


def _string(data: bytes, at: int) -> tuple[str, int]:
    """The text that begins at `at`, and where what follows it begins."""
    end = data.find(b"\0", at)
    after = end + 4 - (end - at) % 4
    if end < 0 or after > len(data):
        raise OscError("a text without its end")
    return data[at:end].decode("utf-8", "replace"), after


def _blob(data: bytes, at: int) -> tuple[bytes, int]:
    if len(data) - at < 4:
        raise OscError("a message ends within the length of a blob")
    size = int.from_bytes(data[at : at + 4], "big")
    after = at + 4 + (size + 3) // 4 * 4
    if after > len(data):
        raise OscError(f"a blob of {size} bytes where {len(data) - at - 4} are left")
    return data[at + 4 : at + 4 + size], after
