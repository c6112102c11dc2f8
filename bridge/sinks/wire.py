"""The native wire: a RigFrame as a MessagePack map, and back. `docs/wire.md` is its one-page truth.

Pure functions, shared by the ZeroMQ sink, by Python receivers and by the golden files. Float arrays are
`bin`, little-endian float32, so that a reader copies instead of parsing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgpack
import numpy as np

from bridge.frames import SHAPES, Cues, Floats, RigFrame, arrays_of

VERSION = 1
"""Wire version. It grows when a key changes its meaning or leaves; a new key does not make it grow."""
SIZE_LIMIT = 65_536
"""Bytes a reader takes at most: about fifty times a frame of today."""


class WireError(ValueError):
    """Bytes that are no frame of this wire: one line that says what is wrong with them."""


def encode(frame: RigFrame, more: Mapping[str, Any] | None = None) -> bytes:
    """One frame as the bytes of its MessagePack map, with the keys of `more` behind its own.

    Raises:
        WireError: if an array has not the shape of `SHAPES`.
    """
    cues = frame.cues
    wire: dict[str, Any] = {
        "v": VERSION,
        "t": float(cues.time_s),
        "n": int(cues.n),
        "latency_s": float(frame.latency_s),
    }
    for key, values in arrays_of(frame).items():
        if values.shape != SHAPES[key]:
            raise WireError(f"{key} has shape {values.shape}, but the wire carries {SHAPES[key]}")
        wire[key] = values.astype("<f4", copy=False).tobytes()
    wire.update(more or {})
    packed: bytes = msgpack.packb(wire)
    return packed


def decode(data: bytes) -> RigFrame:
    """One frame from the bytes of its map. Unknown keys are ignored.

    Raises:
        WireError: if the bytes are no map of this wire's version, a key is missing or of another type or
            size, or a number is not finite. Nothing else is ever raised, whatever the bytes are.
    """
    if len(data) > SIZE_LIMIT:
        raise WireError(f"{len(data)} bytes are more than the {SIZE_LIMIT} of a frame")
    try:
        # Lengths are held against what is really there before anything is allocated.
        wire = msgpack.unpackb(data, raw=False, strict_map_key=False, ext_hook=_ignore, timestamp=0)
    except (ValueError, TypeError, OverflowError, msgpack.exceptions.UnpackException) as error:
        raise WireError(f"no MessagePack map: {error}") from error
    if not isinstance(wire, dict):
        raise WireError(f"a MessagePack {type(wire).__name__}, where a map is expected")
    version = _integer(wire, "v")
    if version != VERSION:
        raise WireError(
            f"wire version {version}, but this reader knows {VERSION}; use a facecue of the same version"
        )
    arrays = {key: _array(wire, key, shape) for key, shape in SHAPES.items()}
    cues = Cues(
        n=_integer(wire, "n"),
        time_s=_number(wire, "t"),
        landmarks=arrays["landmarks"],
        gaze=arrays["gaze"],
        head_rotation=arrays["head_rotation"],
        head_translation=arrays["head_translation"],
        emotion=arrays["emotion"],
    )
    return RigFrame(cues, arrays["arkit"], _number(wire, "latency_s"))


def _ignore(code: int, data: bytes) -> None:
    """Extension types carry nothing that this version knows."""


def _get(wire: dict[Any, Any], key: str) -> Any:
    if key not in wire:
        raise WireError(f"key {key!r} is missing")
    return wire[key]


def _integer(wire: dict[Any, Any], key: str) -> int:
    value = _get(wire, key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WireError(f"{key} is {value!r:.40}, not an integer from 0 on")
    return value


def _number(wire: dict[Any, Any], key: str) -> float:
    value = _get(wire, key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WireError(f"{key} is {value!r:.40}, not a finite number")
    return float(value)


def _array(wire: dict[Any, Any], key: str, shape: tuple[int, ...]) -> Floats:
    value = _get(wire, key)
    size = 4 * math.prod(shape)
    if not isinstance(value, bytes) or len(value) != size:
        got = f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__
        raise WireError(f"{key} is {got}, not {size} bytes of little-endian float32 {shape}")
    array: Floats = np.frombuffer(value, "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(array).all():
        raise WireError(f"{key} holds a value that is not finite")
    return array
