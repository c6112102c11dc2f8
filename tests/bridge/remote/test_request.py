import contextlib
import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.remote.request import SIZE_LIMIT, FormError, decode, encode, is_json


def test_json_and_messagepack_are_told_apart_and_answered_in_kind() -> None:
    request = {"do": "set", "values": {"mouth": 0.5}}
    for data in (json.dumps(request).encode(), b"  \n" + json.dumps(request).encode()):
        assert is_json(data)
        assert decode(data) == request
    packed = msgpack.packb(request)
    assert not is_json(packed)
    assert decode(packed) == request
    answer = {"ok": False, "error": "Ä \ud800"}
    assert json.loads(encode(answer, as_json=True)) == answer
    assert msgpack.unpackb(encode(answer, as_json=False)) == {"ok": False, "error": "Ä ?"}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"{}{}", b"[" * SIZE_LIMIT, b'{"a":' * 3000, b"\x91" * SIZE_LIMIT, b"\xdf\xff\xff\xff\xff", b"\xc1",
        b"\xdb\xff\xff\xff\xff", b"\x81\x01\x02", b"{" + b" " * SIZE_LIMIT, b'{"\xff": 1}', b"\xa1\xff",
        b"[" + b"9" * 10_000 + b"]",
    ],
)  # fmt: skip
def test_what_is_no_request_is_one_error(data: bytes) -> None:
    try:
        found = decode(data)
    except FormError:
        pass
    else:
        assert data.startswith(b"[9")  # before Python 3.11 a number may have any length
        assert isinstance(found, list)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_value_or_one_error(data: bytes) -> None:
    with contextlib.suppress(FormError):
        decode(data)
