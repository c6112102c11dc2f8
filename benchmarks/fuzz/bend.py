"""Samples bent along the grain of their format: half of what comes out is still of the form and gets far inside.

A bender takes bytes and a source of chance and gives other bytes. Each also bends plain bytes now and then, so that
the outermost checks are met too.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import msgpack

Bender = Callable[[bytes, random.Random], bytes]

NASTY_NUMBERS = (
    0, -1, 1, 2, 255, 65_536, 2**31 - 1, -(2**31), 2**32, 2**63 - 1, -(2**63), 2**64 - 1, 1e-45, 0.5, 1.0000001, 1e308,
    -1e308, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
NASTY_TEXTS = (
    "", "\0", "/", "..", "../../x", "con", "%s%n", "é" * 30, "x" * 300, "\n\r\x1b[2J", "\ud800", "a.b", "true", "1e999",
    "-0", " ", "__class__", "{}", "[" * 200,
)  # fmt: skip
_BAD_BYTES = (
    b"\x7f\xc0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0", b"\x7f\x80\0\0",
    b"#bundle\0",
)  # fmt: skip
_TOKEN = re.compile(rb"\s+|[A-Za-z_][\w-]*|[-+]?\d[\d.eE+-]*|\"[^\"\n]*\"|[^\w\s]")
_NASTY_TOKENS = (
    b"nan", b"-inf", b"1e400", b"9" * 400, b"9" * 5000, b"0x" + b"f" * 5000, b"[" * 3000, b"{a=" * 300, b'""',
    b'"\\ud800"', b"''", b"true", b"1979-05-27", b"\xff", b"\0", b"#", b"=", b"\n", b"[[", b"]]", b".", b",", b"-",
    b"0", b"1", b"-1", b"a.b.c", b'"' + b"x" * 3000 + b'"', b"\r\n\r\n", b": ",
)  # fmt: skip


def plain(data: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, cut, doubled or replaced; sometimes nothing but noise."""
    if rng.random() < 0.03:
        return rng.randbytes(rng.randrange(200))
    bent = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at, size = rng.randrange(len(bent) + 1), rng.randrange(1, 17)
        match rng.randrange(6):
            case 0:
                bent[at : at + 1] = rng.randbytes(1)
            case 1:
                bent[at : at + 4] = rng.choice(_BAD_BYTES)
            case 2:
                del bent[at : at + size]
            case 3:
                bent[at:at] = bent[at : at + size]
            case 4:
                bent[at:at] = rng.randbytes(size)
            case 5:
                del bent[at:]
    return bytes(bent)


def sometimes_plain(bender: Bender, share: float = 0.2) -> Bender:
    """`bender`, and for a share of the samples `plain` behind it or instead of it."""

    def bend(data: bytes, rng: random.Random) -> bytes:
        if rng.random() < share:
            return plain(data if rng.random() < 0.5 else bender(data, rng), rng)
        return bender(data, rng)

    return bend


@sometimes_plain
def words(data: bytes, rng: random.Random) -> bytes:
    """Text (TOML, CSV, JSON, HTTP, a URI): words are swapped, doubled, left out or replaced by nasty ones."""
    parts = _TOKEN.findall(data[:65_536]) or [b""]
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(parts))
        match rng.randrange(6):
            case 0:
                parts[at] = rng.choice(_NASTY_TOKENS)
            case 1 | 2:
                parts[at] = rng.choice(parts)
            case 3:
                del parts[at : at + rng.randrange(1, 4)]
                parts = parts or [b""]
            case 4:
                parts[at:at] = parts[at : at + rng.randrange(1, 12)]
            case 5:
                parts.insert(at, rng.choice(_NASTY_TOKENS))
    return b"".join(parts)


def _other(value: Any, rng: random.Random) -> Any:
    """Something nasty in the place of a value."""
    match rng.randrange(8):
        case 0 | 1:
            return rng.choice(NASTY_NUMBERS)
        case 2 | 3:
            return rng.choice(NASTY_TEXTS)
        case 4:
            return rng.choice((None, True, False, [], {}))
        case 5:
            return [value] * rng.randrange(5)
        case 6:
            return {rng.choice(NASTY_TEXTS): value}
    for _ in range(rng.choice((5, 50, 600, 1200))):
        value = [value]
    return value


def bent_tree(value: Any, rng: random.Random) -> Any:
    """A tree of maps, lists and leaves with one place changed."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        keys = list(value)
        key = rng.choice(keys)
        match rng.randrange(8):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return {**value, rng.choice((*NASTY_TEXTS, *map(str, keys))): _other(value[key], rng)}
            case 2:
                return {**value, key: value[rng.choice(keys)]}
        return {**value, key: bent_tree(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        match rng.randrange(6):
            case 0:
                return [*value[:at], *value[at + 1 :]]
            case 1:
                return value * rng.randrange(2, 4)
        return [*value[:at], bent_tree(value[at], rng), *value[at + 1 :]]
    if isinstance(value, bytes) and rng.random() < 0.7:
        return plain(value, rng)
    return _other(value, rng)


@sometimes_plain
def json_tree(data: bytes, rng: random.Random) -> bytes:
    """A line of JSON, bent as a tree; what stands behind a newline is bent as bytes."""
    line, newline, rest = data.partition(b"\n")
    try:
        tree = json.loads(line)
        for _ in range(rng.randrange(1, 3)):
            tree = bent_tree(tree, rng)
        line = json.dumps(tree).encode()
    except (ValueError, RecursionError):
        line = plain(line, rng)
    return line + newline + (plain(rest, rng) if rng.random() < 0.3 else rest)


@sometimes_plain
def packed_tree(data: bytes, rng: random.Random) -> bytes:
    """MessagePack, bent as a tree."""
    try:
        tree = msgpack.unpackb(data, strict_map_key=False)
        for _ in range(rng.randrange(1, 3)):
            tree = bent_tree(tree, rng)
        packed: bytes = msgpack.packb(tree, unicode_errors="surrogatepass")
    except (ValueError, TypeError, OverflowError, RecursionError):
        return plain(data, rng)
    return packed


def joined(parts: list[bytes]) -> bytes:
    """Several messages as one sample: each behind its length in four bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def parted(data: bytes, limit: int = 64) -> list[bytes]:
    """The messages of a sample, whatever it is: a length too large takes what is left."""
    parts, at = [], 0
    while at < len(data) and len(parts) < limit:
        size = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def messages_of(bender: Bender) -> Bender:
    """Bends a sequence of messages: their order, and some of them."""

    def bend(data: bytes, rng: random.Random) -> bytes:
        parts = parted(data) or [b""]
        at = rng.randrange(len(parts))
        match rng.randrange(8):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, rng.choice(parts))
            case 2:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                parts[at] = bender(parts[at], rng)
        return joined(parts)

    return bend
