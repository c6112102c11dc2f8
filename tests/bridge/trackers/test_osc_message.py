"""The OSC reader against python-osc's writer, our own writer, and bytes that mean harm."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.sinks.osc_packet import bundle, message
from bridge.trackers.osc_message import DEPTH_LIMIT, MESSAGE_LIMIT, PACKET_LIMIT, OscError, messages

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
arguments = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False), texts, st.booleans(),
        st.binary(min_size=1, max_size=20),
    ),
    max_size=8,
)  # fmt: skip


def built(address: str, values: list[Any]) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    made: bytes = builder.build().dgram
    return made


@given(arguments, arguments)
def test_what_python_osc_writes_is_read(first: list[Any], second: list[Any]) -> None:
    inner, outer = OscBundleBuilder(IMMEDIATELY), OscBundleBuilder(IMMEDIATELY)
    for address, values, into in (("/a", first, outer), ("/b/c", second, inner)):
        message_builder = OscMessageBuilder(address)
        for value in values:
            message_builder.add_arg(value)
        into.add_content(message_builder.build())
    outer.add_content(inner.build())
    assert messages(outer.build().dgram) == [("/a", tuple(first)), ("/b/c", tuple(second))]


def test_what_we_write_is_read() -> None:
    packet = bundle([message("/VMC/Ext/Blend/Val", "jawOpen", 0.5), message("/VMC/Ext/Blend/Apply")])
    assert messages(packet) == [("/VMC/Ext/Blend/Val", ("jawOpen", 0.5)), ("/VMC/Ext/Blend/Apply", ())]
    assert messages(b"/x\0\0") == [("/x", ())]  # without type tags


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_one_error(data: bytes) -> None:
    for packet in (data, b"#bundle\0" + data, b"/a\0\0," + data):
        with suppress(OscError):
            assert all(address.startswith("/") for address, _ in messages(packet))


@given(arguments, st.data())
def test_damage_is_one_error_too(values: list[Any], data: st.DataObject) -> None:
    packet = bytearray(bundle([built("/a/b", values), message("/c", "text", 1)]))
    for _ in range(data.draw(st.integers(1, 6))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    packet = packet[: data.draw(st.integers(0, len(packet)))]
    with suppress(OscError):
        messages(bytes(packet))


@pytest.mark.parametrize(
    ("packet", "says"),
    [
        (b"", "text without its end"),
        (b"/a\0\0,i\0\0", "ends within an argument"),
        (b"/a\0\0,ss\0x\0\0\0", "text without its end"),
        (b"/a\0\0,b\0\0" + struct.pack(">I", 0xFFFF_FFFF), "a blob of 4294967295 bytes where 0 are left"),
        (b"/a\0\0,q\0\0", "unknown type 'q'"),
        (b"/a\0\0,\0\0\0more", "4 bytes behind"),
        (b"abc\0", "no OSC address"),
        (b"#bundle\0" + bytes(8) + struct.pack(">i", -4), "an element of"),
        (b"#bundle\0" + bytes(8) + struct.pack(">I", 2**31), "an element of"),
        (b"#bundle\0" + bytes(8) + bytes(4) * 100, "an element of 0"),
        (b"#bundle\0" + bytes(3), "ends within its head"),
        (bytes(PACKET_LIMIT + 1), "are the most"),
        (bundle([b"/a\0\0"] * (MESSAGE_LIMIT + 1)), "more than 512"),
        (b"/a\0\0" + b"," + b"T" * 1000 + bytes(3), "no type tags"),
    ],
)
def test_lengths_that_lie(packet: bytes, says: str) -> None:
    with pytest.raises(OscError, match=says):
        messages(packet)


def test_bundles_are_nested_so_deep_and_no_deeper() -> None:
    packet = message("/a", 1)
    for _ in range(DEPTH_LIMIT):
        packet = bundle([packet])
    assert messages(packet) == [("/a", (1,))]
    with pytest.raises(OscError, match="deep"):
        messages(bundle([packet]))
