"""OSC 1.0 packets, written: messages, bundles, and bundles split to fit a datagram.

Everything is big-endian and padded to four bytes. A `Template` lays out once what never changes in a
message (address, type tags, leading strings) so that a frame only adds its numbers: several times
cheaper than building each message from objects. Reads nothing, and knows no address of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

PACKET_LIMIT = 1452
"""Bytes a packet may have: 1500 of Ethernet less the headers of IPv6 and UDP, so that none is fragmented."""

_BUNDLE_HEAD = b"#bundle\0" + struct.pack(">Q", 1)  # time tag 1 = "now"
_RESERVED = frozenset(" #*,/?[]{}")
"""What OSC gives a meaning inside an address."""


def is_address_part(text: str) -> bool:
    """Whether text may stand between two slashes of an OSC address: printable ASCII, nothing reserved."""
    return bool(text) and all("!" <= c <= "~" and c not in _RESERVED for c in text)


def string(text: str) -> bytes:
    """UTF-8, closed by one to four zeros so that the length is a multiple of four."""
    raw = text.encode()
    return raw + b"\0" * (4 - len(raw) % 4)


def big_endian(values: npt.ArrayLike) -> bytes:
    """The float32 bytes of an array of any shape, in C order."""
    return np.asarray(values).astype(">f4").tobytes()


def message(address: str, *arguments: int | float | str) -> bytes:
    """A message of int32, float32 and string arguments.

    Raises:
        struct.error: if an integer does not fit 32 bits.
    """
    tags, data = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, data = tags + "s", data + string(argument)
        elif isinstance(argument, int):
            tags, data = tags + "i", data + struct.pack(">i", argument)
        else:
            tags, data = tags + "f", data + struct.pack(">f", argument)
    return string(address) + string(tags) + data


class Template:
    """A message whose address and leading strings stay, and whose numbers behind them change."""

    def __init__(self, address: str, *fixed: str, numbers: str) -> None:
        """Lays the message out; `numbers` are the type tags that change, `i` or `f` each."""
        self._head = string(address) + string("," + "s" * len(fixed) + numbers)
        self._head += b"".join([string(text) for text in fixed])
        self._size = 4 * len(numbers)

    def __call__(self, numbers: bytes) -> bytes:
        """The message around the big-endian bytes of its numbers.

        Raises:
            ValueError: if they are not as many as the template was made for.
        """
        if len(numbers) != self._size:
            raise ValueError(
                f"{len(numbers)} bytes of numbers for an OSC message of {self._size}; give all of them"
            )
        return self._head + numbers


def bundle(messages: Iterable[bytes]) -> bytes:
    """One bundle, to be read now."""
    return _BUNDLE_HEAD + b"".join([len(m).to_bytes(4, "big") + m for m in messages])


def bundles(messages: Sequence[bytes], limit: int = PACKET_LIMIT) -> list[bytes]:
    """The messages in their order, in as few bundles of at most `limit` bytes as that allows.

    Raises:
        ValueError: if one message alone is too big.
    """
    packets: list[bytes] = []
    parts = [_BUNDLE_HEAD]
    size = len(_BUNDLE_HEAD)
    for m in messages:
        length = len(m)
        if size + 4 + length > limit:
            if len(_BUNDLE_HEAD) + 4 + length > limit:
                raise ValueError(
                    f"an OSC message of {length} bytes does not fit a packet of {limit}; shorten its names"
                )
            packets.append(b"".join(parts))
            parts = [_BUNDLE_HEAD]
            size = len(_BUNDLE_HEAD)
        parts.append(length.to_bytes(4, "big"))
        parts.append(m)
        size += 4 + length
    if len(parts) > 1:
        packets.append(b"".join(parts))
    return packets
