"""Benders for the two forms that have a library or packer of their own: OSC packets and protobuf messages."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.fuzz.bend import NASTY_NUMBERS, NASTY_TEXTS, Bender, plain, sometimes_plain
from bridge.sinks.osc_packet import bundle
from bridge.trackers.osc_message import Argument, Message, OscError, messages

_PACKED = {"i": ">i", "f": ">f", "h": ">q", "d": ">d", "t": ">Q"}


def _padded(text: bytes) -> bytes:
    return text + bytes(4 - len(text) % 4)


def packed(address: str, arguments: Sequence[tuple[str, Any]]) -> bytes:
    """An OSC message of any kind, good or bad; a number that its tag cannot hold is cut to its low bits."""
    tags, body = ",", b""
    for tag, value in arguments:
        tags += tag
        if tag in "sS":
            body += _padded(str(value).encode("utf-8", "surrogatepass"))
        elif tag == "b":
            body += struct.pack(">I", len(value)) + _padded(value)[: -4 if len(value) % 4 == 0 else None]
        elif tag in "fd":
            wide = float(value)
            body += (
                struct.pack(">f", wide if abs(wide) < 3e38 else float("inf"))
                if tag == "f"
                else struct.pack(">d", wide)
            )
        elif tag in _PACKED:
            size = struct.calcsize(_PACKED[tag])
            whole = int(value) if abs(value) < 2**64 else 0  # also of NaN: the comparison is false
            body += (whole & (1 << 8 * size) - 1).to_bytes(size, "big")
    return _padded(address.encode("utf-8", "surrogatepass")) + _padded(tags.encode()) + body


def _tagged(value: Argument) -> tuple[str, Any]:
    if isinstance(value, bool) or value is None:
        return {True: "T", False: "F", None: "N"}[value], value
    if isinstance(value, int):
        return ("i" if -(2**31) <= value < 2**31 else "h"), value
    if isinstance(value, float):
        return "f", value
    return ("s" if isinstance(value, str) else "b"), value


def _nasty_argument(rng: random.Random) -> tuple[str, Any]:
    tag = rng.choice("ifhdtsSbTFNIx[]")
    if tag in "sS":
        return tag, rng.choice(NASTY_TEXTS)
    return tag, rng.randbytes(rng.randrange(9)) if tag == "b" else rng.choice(NASTY_NUMBERS)


def osc(vocabulary: Sequence[str]) -> Bender:
    """Packets bent as lists of messages; parts of addresses come from `vocabulary` too."""

    def message(one: Message, rng: random.Random) -> bytes:
        parts, arguments = one[0].split("/")[1:] or [""], [_tagged(value) for value in one[1]]
        for _ in range(rng.randrange(3)):
            match rng.randrange(6):
                case 0 | 1:
                    parts[rng.randrange(len(parts))] = rng.choice((*vocabulary, *vocabulary, *NASTY_TEXTS))
                case 2:
                    parts.insert(rng.randrange(len(parts) + 1), rng.choice(vocabulary))
                case 3 if len(parts) > 1:
                    del parts[rng.randrange(len(parts))]
                case 4 if arguments:
                    arguments[rng.randrange(len(arguments))] = _nasty_argument(rng)
                case _:
                    arguments = [*arguments, _nasty_argument(rng)] * rng.choice((1, 1, 1, 2, 40))
        return packed("/" + "/".join(parts), arguments)

    def bend(data: bytes, rng: random.Random) -> bytes:
        try:
            found = messages(data) or [("/", ())]
        except OscError:
            return plain(data, rng)
        rng.shuffle(found)
        made = [message(one, rng) for one in found[: rng.choice((1, 1, 2, 8, 200))]] * rng.choice(
            (1, 1, 1, 3)
        )
        packet = made[0] if len(made) == 1 else bundle(made)
        for _ in range(rng.choice((0, 0, 0, 1, 3, 5))):
            packet = bundle([packet])
        return packet

    return sometimes_plain(bend)


def protobuf(kinds: Sequence[Callable[[], Any]]) -> Bender:
    """Messages of these kinds, bent field by field as their descriptors say."""

    def fill(message: Any, rng: random.Random, depth: int = 0) -> None:
        fields = message.DESCRIPTOR.fields
        if not fields:
            return
        field = rng.choice(fields)
        if rng.random() < 0.1:
            message.ClearField(field.name)
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            table = getattr(message, field.name)
            if field.message_type.fields_by_name["value"].message_type is None:
                names = [*table, *NASTY_TEXTS[:-5], "joy", "jawOpen", "skinStrength"]
                key = rng.choice([name for name in names if "\ud800" not in name])
                number = rng.choice((0.3, 0.9, *NASTY_NUMBERS))
                try:
                    table[key] = number
                except (TypeError, ValueError, OverflowError):  # another kind of map or number
                    table.clear()
        elif field.message_type is not None:
            if _repeated(field):
                for _ in range(rng.choice((1, 1, 2, 30))):
                    fill(getattr(message, field.name).add(), rng, depth + 1)
            elif depth < 5:
                fill(getattr(message, field.name), rng, depth + 1)
                getattr(message, field.name).SetInParent()
        else:
            _set(message, field, rng)

    def bend(data: bytes, rng: random.Random) -> bytes:
        message = kinds[0]()
        try:
            message.ParseFromString(data)
        except Exception:  # noqa: BLE001  a sample that was bent before
            return plain(data, rng)
        if rng.random() < 0.05:
            message = rng.choice(kinds)()
        for _ in range(rng.randrange(1, 5)):
            fill(message, rng)
        made: bytes = message.SerializeToString()
        return made

    return sometimes_plain(bend, 0.1)


def _repeated(field: Any) -> bool:
    """Whether a field is a list; newer versions of protobuf say so by another name."""
    newer = getattr(field, "is_repeated", None)
    return bool(field.label == field.LABEL_REPEATED if newer is None else newer)


def _set(message: Any, field: Any, rng: random.Random) -> None:
    """A scalar field, or one more of a repeated one, becomes something nasty."""
    value: Any = rng.choice(NASTY_NUMBERS)
    if field.type == field.TYPE_BYTES:
        value = rng.randbytes(rng.choice((0, 1, 2, 3, 640, 1281)))
    elif field.type == field.TYPE_STRING:
        value = rng.choice([text for text in NASTY_TEXTS if "\ud800" not in text])
    elif field.type not in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        value = int(value) if abs(value) < 2**64 else 0
    try:
        if _repeated(field):
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    except (TypeError, ValueError, OverflowError):  # out of this field's range
        message.ClearField(field.name)
