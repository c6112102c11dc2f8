from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.address import UriError, check_options, endpoints, flag, number, one_of, parse


def test_uri_comes_apart() -> None:
    scheme, address, options = parse("VMC://127.0.0.1:1,[::1]:2?names=vrm1&role=a%20b")
    assert (scheme, address) == ("vmc", "127.0.0.1:1,[::1]:2")
    assert options == {"names": "vrm1", "role": "a b"}
    assert parse("null://") == ("null", "", {})


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("127.0.0.1:9000", "has no scheme; write it as in zmq://"),
        ("://x", "has no scheme"),
        ("osc://h:1?landmarks", "name=value"),
        ("osc://h:1?a=1&a=2", "given twice"),
        ("osc\n://h:1?a", r"'osc\\n://h:1\?a' holds what cannot be printed"),
        ("osc://h:1?a=" + "x" * 9000, "has 9012 characters"),
    ],
)
def test_bad_uri_is_one_line(uri: str, says: str) -> None:
    with pytest.raises(UriError, match=says) as caught:
        parse(uri)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        scheme, address, _ = parse(text)
        if scheme and address.replace(".", "").replace(":", "").isdigit():  # no look-ups of random names
            endpoints(text, address)
    except UriError:
        pass


def test_several_receivers() -> None:
    first, second = endpoints("u", "127.0.0.1:9000,[::1]:9001")
    assert (first.ip, first.port, first.family, str(first)) == (
        "127.0.0.1",
        9000,
        socket.AF_INET,
        "127.0.0.1:9000",
    )
    assert (second.ip, second.port, second.family, str(second)) == (
        "::1",
        9001,
        socket.AF_INET6,
        "[::1]:9001",
    )
    assert first.loopback
    assert second.loopback


def test_localhost_is_ipv4() -> None:
    (place,) = endpoints("u", "localhost:9000")
    assert place.ip == "127.0.0.1"
    assert place.loopback


def test_every_interface_is_not_loopback() -> None:
    for host in ("*", "0.0.0.0", "[::]"):  # noqa: S104  only looked up
        assert not endpoints("u", f"{host}:1")[0].loopback


def test_default_port() -> None:
    assert [p.port for p in endpoints("u", "127.0.0.1,[::1]:5,[::1]", default_port=7)] == [7, 5, 7]
    assert endpoints("u", "127.0.0.1:0", lowest_port=0)[0].port == 0


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "no host"),
        (":9000", "no host"),
        ("127.0.0.1", "no port"),
        ("127.0.0.1:", "no port"),
        ("127.0.0.1:9000,", "no host"),
        ("127.0.0.1:x", "not a number"),
        ("127.0.0.1:-1", "not a number"),
        ("127.0.0.1:٣", "not a number"),
        ("127.0.0.1:0", "outside"),
        ("127.0.0.1:65536", "outside"),
        ("127.0.0.1:999999999999", "not a number"),
        ("::1:9000", "brackets"),
        ("[::1]x9000", "not a number"),
        ("127.0.0.1:9000,127.0.0.1:9000", "named twice"),
        ("no such host:9000", "cannot be found"),
        (f"{'a' * 70}.example:9000", "cannot be found"),
    ],
)
def test_bad_address_is_one_line(address: str, says: str) -> None:
    with pytest.raises(UriError, match=says) as caught:
        endpoints("osc://it", address)
    assert "\n" not in str(caught.value)
    assert "osc://it" in str(caught.value)


def test_options() -> None:
    check_options("u", {"a": "1"}, ("a", "b"))
    with pytest.raises(UriError, match=r"unknown option 'c'; known: a, b"):
        check_options("u", {"c": "1"}, ("a", "b"))
    with pytest.raises(UriError, match="known: none"):
        check_options("u", {"c": "1"}, ())
    assert [flag("u", {"x": word}, "x", default=False) for word in ("1", "Yes", "off")] == [True, True, False]
    assert flag("u", {}, "x", default=True)
    with pytest.raises(UriError, match="neither yes nor no"):
        flag("u", {"x": "maybe"}, "x", default=True)
    assert number("u", {"x": "0.25"}, "x", default=1.0) == 0.25
    assert number("u", {}, "x", default=0.3) == 0.3
    for bad in ("nan", "1.5", "-0.1", "x", ""):
        with pytest.raises(UriError, match="from 0 to 1"):
            number("u", {"x": bad}, "x", default=1.0)
    assert one_of("u", {}, "x", ("p", "q")) == "p"
    with pytest.raises(UriError, match="one of p, q"):
        one_of("u", {"x": "P"}, "x", ("p", "q"))
