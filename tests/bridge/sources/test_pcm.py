import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sources.pcm import FORMATS, KEYS, HeaderError, PcmHeader, decode, parse_header

GOOD = {"rate": 24000, "channels": 1, "format": "s16le"}


@given(
    st.integers(1000, 768_000),
    st.integers(1, 32),
    st.sampled_from(sorted(FORMATS)),
    st.permutations(list(KEYS)),
)
def test_every_good_header_is_read(rate: int, channels: int, name: str, order: list[str]) -> None:
    header = {"rate": rate, "channels": channels, "format": name}
    line = json.dumps({key: header[key] for key in order}).encode()
    assert parse_header(line) == PcmHeader(rate, channels, name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_whatever_comes_is_a_header_or_one_line_of_error(line: bytes) -> None:
    outcome: PcmHeader | str
    try:
        outcome = parse_header(line)
    except HeaderError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert "\n" not in outcome
        assert len(outcome) < 500
    else:
        assert 1 <= outcome.frame_bytes <= 8 * 32


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "not a line of JSON"),
        (b"POST / HTTP/1.1\r", "not a line of JSON"),
        (b"\xff\xfe{}", "not a line of JSON .UnicodeDecodeError"),
        (b"[" * 65_000, "not a line of JSON"),
        (b"[1]", "must be a JSON object, got list"),
        (b"{}", "missing keys rate, channels, format"),
        (
            json.dumps(GOOD | {"bits": 16, "codec": 1}).encode(),
            "unknown keys 'bits', 'codec'; known are rate, ch",
        ),
        (json.dumps(GOOD | {"rate": 0}).encode(), r"rate must be a whole number in 1000..768000, got 0"),
        (json.dumps(GOOD | {"rate": 10**4000}).encode(), r"rate must be .*, got a number of 13288 bits"),
        (json.dumps(GOOD | {"rate": 24000.0}).encode(), "rate must be a whole number"),
        (
            json.dumps(GOOD | {"channels": True}).encode(),
            "channels must be a whole number in 1..32, got True",
        ),
        (json.dumps(GOOD | {"format": "mp3"}).encode(), "unknown format 'mp3'; known are u8, s16le"),
        (json.dumps(GOOD | {"format": ["s16le"]}).encode(), "unknown format"),
    ],
)
def test_what_is_wrong_is_named(line: bytes, says: str) -> None:
    with pytest.raises(HeaderError, match=says):
        parse_header(line)


@pytest.mark.parametrize(
    ("name", "data", "values"),
    [
        ("u8", b"\x00\x80\xff", [-1, 0, 127 / 128]),
        ("s16le", b"\x00\x80\x00\x40", [-1, 0.5]),
        ("s16be", b"\x80\x00\x40\x00", [-1, 0.5]),
        ("s24le", b"\x00\x00\x80\x00\x00\x40\xff\xff\xff", [-1, 0.5, -(2.0**-23)]),
        ("s32le", b"\x00\x00\x00\x80\x00\x00\x00\x40", [-1, 0.5]),
        ("f32le", np.array([0.25, -2], "<f4").tobytes(), [0.25, -2]),
        ("f64le", np.array([0.25, 1e300], "<f8").tobytes(), [0.25, np.inf]),
        ("f64le", bytes.fromhex("010000000000f07f"), [np.nan]),  # one that signals
    ],
)
def test_samples(name: str, data: bytes, values: list[float]) -> None:
    frames = decode(data, PcmHeader(16000, 1, name))
    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames[:, 0], np.array(values, np.float32))


def test_channels_are_interleaved() -> None:
    frames = decode(np.array([1, 2, 3, 4], "<i2").tobytes(), PcmHeader(16000, 2, "s16le"))
    np.testing.assert_array_equal(frames * 2**15, [[1, 2], [3, 4]])
