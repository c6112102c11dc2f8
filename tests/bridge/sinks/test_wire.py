from __future__ import annotations

from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bridge.frames import ARKIT, SHAPES, Cues, RigFrame
from bridge.sinks.wire import SIZE_LIMIT, VERSION, WireError, decode, encode

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def arrays(*shape: int) -> st.SearchStrategy[Any]:
    return hnp.arrays(np.float32, shape, elements=finite)


cues = st.builds(
    Cues,
    n=st.integers(0, 2**40),
    time_s=st.floats(allow_nan=False, allow_infinity=False),
    landmarks=arrays(68, 3),
    gaze=arrays(2, 2),
    head_rotation=arrays(4),
    head_translation=arrays(3),
    emotion=arrays(8),
)
frames = st.builds(RigFrame, cues, arrays(52), st.floats(0, 10))


@given(frames)
def test_decode_undoes_encode(frame: RigFrame) -> None:
    back = decode(encode(frame))
    assert (back.cues.n, back.cues.time_s, back.latency_s) == (
        frame.cues.n,
        frame.cues.time_s,
        frame.latency_s,
    )
    np.testing.assert_array_equal(back.weights, frame.weights)
    for field in ("landmarks", "gaze", "head_rotation", "head_translation", "emotion"):
        got, want = getattr(back.cues, field), getattr(frame.cues, field)
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, want)


def test_map_is_what_the_page_says(frame: RigFrame) -> None:
    wire = msgpack.unpackb(encode(frame))
    assert set(wire) == {"v", "t", "n", "latency_s", *SHAPES}
    assert wire["v"] == VERSION
    assert wire["t"] == pytest.approx((wire["n"] + 0.5) / 50)
    assert (
        np.frombuffer(wire["landmarks"], "<f4").reshape(68, 3)[3].tolist() == frame.cues.landmarks[3].tolist()
    )
    assert len(wire["arkit"]) == 4 * len(ARKIT)


@given(st.binary(max_size=400))
def test_hostile_bytes_only_raise_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        decode(data)


@given(data=st.data())
def test_damaged_frames_only_raise_wire_error(data: st.DataObject, frame: RigFrame) -> None:
    raw = bytearray(encode(frame))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = decode(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    except WireError:
        return
    assert np.isfinite(back.cues.landmarks).all()  # what passes is a frame


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["v", "t", "n", "latency_s", *SHAPES]), values)
def test_any_value_in_any_key(key: str, value: Any) -> None:
    wire: dict[str, Any] = {k: bytes(4 * int(np.prod(shape))) for k, shape in SHAPES.items()}
    wire |= {"v": 1, "t": 0.01, "n": 0, "latency_s": 0.1}
    assert decode(msgpack.packb(wire)).cues.n == 0
    try:
        decode(msgpack.packb(wire | {key: value}))
    except WireError as error:
        assert "\n" not in str(error)  # noqa: PT017  one that passes is fine too


def changed(frame: RigFrame, **keys: Any) -> bytes:
    packed: bytes = msgpack.packb(msgpack.unpackb(encode(frame)) | keys)
    return packed


def test_unknown_keys_are_ignored(frame: RigFrame) -> None:
    data = changed(frame, tongue=[1, {"x": msgpack.Timestamp(1)}], ext=msgpack.ExtType(5, b"x"))
    assert decode(data).cues.n == frame.cues.n


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"v": 2}, "wire version 2, but this reader knows 1"),
        ({"v": True}, "v is True"),
        ({"n": -1}, "n is -1"),
        ({"n": 1.5}, "n is 1.5"),
        ({"t": float("nan")}, "t is nan, not a finite"),
        ({"latency_s": float("inf")}, "latency_s is inf"),
        ({"t": "soon"}, "t is 'soon'"),
        ({"gaze": b"\0" * 15}, "gaze is 15 bytes, not 16"),
        ({"gaze": [0.0] * 4}, "gaze is list"),
        ({"landmarks": np.full(204, np.inf, "<f4").tobytes()}, "landmarks holds a value that is not finite"),
        ({"arkit": np.full(52, np.nan, "<f4").tobytes()}, "arkit holds a value that is not finite"),
    ],
)
def test_a_wrong_value_is_named(frame: RigFrame, keys: dict[str, Any], says: str) -> None:
    with pytest.raises(WireError, match=says):
        decode(changed(frame, **keys))


def test_a_missing_key_is_named(frame: RigFrame) -> None:
    wire = msgpack.unpackb(encode(frame))
    for key in wire:
        with pytest.raises(WireError, match=f"'{key}' is missing"):
            decode(msgpack.packb({k: v for k, v in wire.items() if k != key}))


def test_size_is_checked_before_memory_is_taken() -> None:
    with pytest.raises(WireError, match="more than"):
        decode(bytes(SIZE_LIMIT + 1))
    for bomb in (
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x91" * SIZE_LIMIT,
    ):
        with pytest.raises(WireError):
            decode(bomb)


def test_encode_refuses_a_wrong_shape(frame: RigFrame) -> None:
    with pytest.raises(WireError, match=r"arkit has shape \(51,\)"):
        encode(RigFrame(frame.cues, frame.weights[:51], 0.1))
