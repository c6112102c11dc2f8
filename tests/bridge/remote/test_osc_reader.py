import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.remote import osc_reader
from bridge.remote.osc_reader import OscError, read
from bridge.sinks.osc_packet import bundle, message


def built(address: str, *arguments: object) -> bytes:
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)  # type: ignore[arg-type]
    return builder.build().dgram  # type: ignore[no-any-return]


@given(
    st.from_regex(r"(/[!-~]{1,20}){1,4}", fullmatch=True),
    st.lists(
        st.integers(-(2**31), 2**31 - 1)
        | st.floats(width=32, allow_nan=False)
        | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
        | st.booleans()
        | st.none(),
        max_size=8,
    ),
)
def test_what_python_osc_writes_is_read(address: str, arguments: list[object]) -> None:
    ((read_address, read_arguments),) = read(built(address, *arguments))
    assert read_address == address
    assert list(read_arguments) == arguments


def test_wide_numbers_and_bundles_within_bundles() -> None:
    inner = OscBundleBuilder(IMMEDIATELY)  # type: ignore[arg-type]
    wide = OscMessageBuilder("/wide")
    wide.add_arg(2**40, "h")
    wide.add_arg(0.1, "d")
    inner.add_content(wide.build())
    outer = OscBundleBuilder(IMMEDIATELY)  # type: ignore[arg-type]
    outer.add_content(OscMessageBuilder("/first").build())
    outer.add_content(inner.build())
    assert read(outer.build().dgram) == [("/first", ()), ("/wide", (2**40, 0.1))]
    assert read(bundle([message("/a", 1), message("/b", "x")])) == [("/a", (1,)), ("/b", ("x",))]


@pytest.mark.parametrize(
    ("packet", "says"),
    [
        (b"", "comes in fours"),
        (b"/abc", "a text without an end"),
        (b"/ab\0", "a text without an end"),
        (b"/ab\0abc\0", "no type tags"),
        (b"abc\0,\0\0\0", "does not begin with a slash"),
        (b"/\xc3\xa9\0,\0\0\0", "not plain ASCII"),
        (b"/ab\0,f\0\0", "the number of tag f is cut off"),
        (b"/ab\0,d\0\0" + bytes(4), "the number of tag d is cut off"),
        (b"/ab\0,s\0\0abcd", "a text without an end"),
        (b"/ab\0,s\0\0\xff\0\0\0", "not UTF-8"),
        (b"/ab\0,s\0\0a\0bc", "not filled up with zeros"),
        (b"/ab\0,b\0\0" + bytes(8), "type tag 'b' is not understood"),
        (b"/ab\0,i\0\0" + bytes(8), "4 bytes behind the last"),
        (b"#bundle\0" + bytes(4), "without a time tag"),
        (b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xff", "a part of 4294967295 bytes where 0 are left"),
        (b"#bundle\0" + bytes(8) + b"\0\0\0\0", "a packet of 0 bytes"),
        (bundle([bundle([bundle([bundle([bundle([message("/a", 1)])])])])]), "bundles more than 4 deep"),
        (bundle([message("/a")] * (osc_reader.MESSAGE_LIMIT + 1)), "more than 128 messages"),
        (message("/a", *range(osc_reader.ARGUMENT_LIMIT + 1)), "a text of more than 33 bytes"),
        (message("/" + "a" * osc_reader.ADDRESS_LIMIT, 1), "a text of more than 512 bytes"),
        (bytes(osc_reader.PACKET_LIMIT + 4), "more than 8192 bytes"),
    ],
)
def test_what_is_wrong_is_named(packet: bytes, says: str) -> None:
    with pytest.raises(OscError, match=says):
        read(packet)


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_one_error(packet: bytes) -> None:
    judged(packet)


@given(st.data())
def test_damaged_packets_are_messages_or_one_error(data: st.DataObject) -> None:
    whole = bundle(
        [message("/facecue/control/mouth", 0.5), bundle([built("/x/é", "wörd", 3, True, None, 2.5)])]
    )
    packet = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(packet) - 1), max_size=6)):
        packet[at] = data.draw(st.sampled_from([0, 1, 4, 35, 44, 47, 98, 115, 127, 255]))
    end = data.draw(st.integers(0, len(packet)))
    judged(bytes(packet[:end]) + data.draw(st.sampled_from([b"", b"\0\0\0\0", b"\xff" * 8])))


def judged(packet: bytes) -> None:
    try:
        messages = read(packet)
    except OscError:
        return
    assert len(messages) <= osc_reader.MESSAGE_LIMIT
    for one in messages:
        assert one.address.startswith("/")
        assert len(one.arguments) <= osc_reader.ARGUMENT_LIMIT


def test_a_length_beyond_the_packet_allocates_nothing() -> None:
    packet = b"#bundle\0" + bytes(8) + struct.pack(">I", 2**31) + message("/a", 1)
    with pytest.raises(OscError, match="a part of 2147483648 bytes"):
        read(packet)
