"""`head.bytes`: the head in one little-endian file for readers in any language (docs/head.md writes it down)."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from bridge.frames import ARKIT, Floats
from bridge.head.model import Head
from bridge.retarget import DOWN_FULL, UP_FULL, YAW_FULL

MAGIC, VERSION = b"FCH1", 1
UNIT_M = 0.01
NAME_BYTES = 32
STEPS = 32767
"""A displacement's largest component is this many of its scale."""
NORMAL_FLOOR = 1e-3
"""Changes of a normal below this leave a vertex out."""


def head_bytes(head: Head) -> bytes:
    """The whole file."""
    rest = head.surface.normals(head.vertices)
    out = [
        MAGIC,
        struct.pack(
            "<5If", VERSION, len(head.vertices), head.triangles.size, len(head.parts), len(ARKIT), UNIT_M
        ),
        _packed(head.pivot, "<f4"),
        _packed(head.eyes, "<f4"),
        struct.pack("<4f", head.eye_radius, YAW_FULL, UP_FULL, DOWN_FULL),
    ]
    for part in head.parts:
        out.append(_name(part.name))
        out.append(struct.pack("<6f", *part.rgba, part.smoothness, part.glow))
        out.append(struct.pack("<4I", part.turns, 3 * part.first, 3 * part.count, 0))
    colour = np.concatenate([np.round(255 * head.colour), np.full((len(head.colour), 1), 255)], 1)
    out += [
        _packed(head.vertices, "<f4"),
        _packed(rest, "<f4"),
        _packed(head.share, "<f4"),
        _packed(colour, "u1"),
    ]
    out.append(_packed(head.triangles, "<u2"))
    for i, name in enumerate(ARKIT):
        index, delta, normal = with_normals(head, i, rest)
        (steps, scale), (turns, turn_scale) = _steps(delta), _steps(normal)
        out.append(_name(name) + struct.pack("<I2f", len(index), scale, turn_scale))
        out += [_packed(index, "<u2"), _packed(steps, "<i2"), _packed(turns, "<i2")]
    return b"".join(out)


def with_normals(head: Head, shape: int, rest: Floats) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """Vertices that one shape moves or turns the normals of, with displacement and change of normal (N, 3).

    `rest` (V, 3): normals of the resting head.
    """
    move = np.zeros_like(head.vertices)
    move[head.index[shape]] = head.delta[shape]
    turn = head.surface.normals(head.vertices + move) - rest
    index = np.flatnonzero((np.abs(turn).max(1) > NORMAL_FLOOR) | (np.abs(move).max(1) > 0)).astype(np.int32)
    return index, move[index], turn[index]


def _steps(values: Floats) -> tuple[Floats, float]:
    """Whole numbers and the scale that makes `values` of them."""
    scale = max(float(np.abs(values).max(initial=0.0)), 1e-6) / STEPS
    return np.round(values / scale), scale


def _name(text: str) -> bytes:
    return text.encode("ascii").ljust(NAME_BYTES, b"\0")


def _packed(values: npt.NDArray[np.generic], kind: str) -> bytes:
    """Bytes of an array, with zeros up to a multiple of four."""
    data = np.ascontiguousarray(values).astype(kind).tobytes()
    return data + bytes(-len(data) % 4)
