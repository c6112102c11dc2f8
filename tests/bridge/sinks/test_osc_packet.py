from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.sinks.osc_packet import (
    PACKET_LIMIT,
    Template,
    big_endian,
    bundle,
    bundles,
    is_address_part,
    message,
)

parts = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#*,/?[]{}"), min_size=1, max_size=9
)
addresses = st.lists(parts, min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))
arguments = st.lists(
    st.integers(-(2**31), 2**31 - 1)
    | st.floats(width=32, allow_nan=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
    max_size=8,
)


def built(address: str, values: list[Any]) -> Any:
    builder = OscMessageBuilder(address)
    for value in values:
        kind = {int: "i", float: "f", str: "s"}[type(value)]
        builder.add_arg(value, kind)
    return builder.build()


@given(addresses, arguments)
def test_message_equals_python_osc(address: str, values: list[Any]) -> None:
    assert message(address, *values) == built(address, values).dgram


@given(st.lists(st.tuples(addresses, arguments), min_size=1, max_size=4))
def test_bundle_equals_python_osc(contents: list[tuple[str, list[Any]]]) -> None:
    builder = OscBundleBuilder(IMMEDIATELY)
    for address, values in contents:
        builder.add_content(built(address, values))
    assert bundle(message(address, *values) for address, values in contents) == builder.build().dgram


@given(addresses, st.lists(st.floats(width=32, allow_nan=False), max_size=60))
def test_template_equals_message(address: str, values: list[float]) -> None:
    template = Template(address, "Neck", numbers="f" * len(values))
    assert template(big_endian(np.array(values, np.float32))) == message(address, "Neck", *values)


def test_template_of_integers_and_floats() -> None:
    template = Template("/a", numbers="iff")
    assert template(struct.pack(">iff", -7, 0.5, 2.0)) == message("/a", -7, 0.5, 2.0)
    with pytest.raises(ValueError, match="8 bytes of numbers for an OSC message of 12"):
        template(bytes(8))


@given(st.lists(st.integers(0, 1400), min_size=1, max_size=12))
def test_bundles_keep_order_and_limit(sizes: list[int]) -> None:
    contents = [message("/m", i, "x" * size) for i, size in enumerate(sizes)]
    packets = bundles(contents)
    assert all(len(packet) <= PACKET_LIMIT for packet in packets)
    read = [m for packet in packets for m in OscBundle(packet)]
    assert [m.params for m in read] == [[i, "x" * size] for i, size in enumerate(sizes)]
    for packet, following in pairwise(packets):  # none is split without need
        assert len(packet) + 4 + OscBundle(following).content(0).size > PACKET_LIMIT


def test_a_message_that_fits_no_packet() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        bundles([message("/m", "x" * 1500)])
    assert bundles([]) == []


def test_address_parts() -> None:
    assert is_address_part("face")
    assert is_address_part("Anna-2_b.c")
    for bad in ("", "a b", "a/b", "a*", "#", "é", "a\n"):
        assert not is_address_part(bad)
