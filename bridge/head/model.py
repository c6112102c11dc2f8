"""The head as it is stored, and its pose: shapes, then eyes, then the head's turn.

The file (`head.npz`) holds one set of vertices for all parts, triangles sorted by part, and each shape as the vertices
it moves with displacements in 16 bits. Units and axes are those of `bridge.frames`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bridge.frames import ARKIT, ARKIT_INDEX, Floats
from bridge.head.surface import Surface
from bridge.retarget import DOWN_FULL, UP_FULL, YAW_FULL

Indices = npt.NDArray[np.int32]
SIDES = ("right", "left")
"""Order of eyes wherever both are given."""
HEAD_FILE = Path(__file__).with_name("head.npz")
_KEYS = (
    "vertices", "triangles", "colour", "share", "pivot", "eyes", "eye_radius",
    "part_names", "part_counts", "part_look", "part_turns",
    "shape_names", "shape_counts", "shape_index", "shape_delta", "shape_scale",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A run of triangles with one look."""

    name: str
    rgba: tuple[float, float, float, float]
    """sRGB, 0..1."""
    smoothness: float
    glow: float
    turns: int
    """0 with the head, 1 with the right eye, 2 with the left."""
    first: int
    """First triangle."""
    count: int
    """Triangles."""


@dataclass(frozen=True, eq=False)
class Head:
    """A bust with shapes."""

    vertices: Floats
    """(V, 3) cm at rest, head frame."""
    triangles: Indices
    """(T, 3), counter-clockwise from outside."""
    colour: Floats
    """(V, 3) 0..1, multiplied with the part's."""
    share: Floats
    """(V,) how much of the head's motion a vertex takes part in."""
    pivot: Floats
    """(3,) the point the head turns about."""
    eyes: Floats
    """(2, 3) centres of the eyeballs, right then left."""
    eye_radius: float
    parts: tuple[Part, ...]
    index: tuple[Indices, ...]
    """For each of the 52 shapes the vertices it moves, rising."""
    delta: tuple[Floats, ...]
    """(N, 3) their displacements at weight 1."""
    surface: Surface = field(init=False)
    """Gives normals of any pose."""
    _moved: Indices = field(init=False)
    _matrix: Floats = field(init=False)
    _turned: list[Indices] = field(init=False)

    def __post_init__(self) -> None:
        """Prepares what every pose needs."""
        moved = np.unique(np.concatenate(self.index))
        matrix = np.zeros((len(ARKIT), len(self.vertices), 3), np.float32)
        for row, index, delta in zip(matrix, self.index, self.delta, strict=True):
            row[index] = delta
        set_ = object.__setattr__
        set_(self, "_moved", moved)
        set_(self, "_matrix", np.ascontiguousarray(matrix[:, moved].reshape(len(ARKIT), -1)))
        turned = [
            np.unique(np.concatenate([self.triangles_of(p) for p in self.parts if p.turns == k]))
            for k in (1, 2)
        ]
        set_(self, "_turned", turned)
        set_(self, "surface", Surface(self.triangles, len(self.vertices)))

    def triangles_of(self, part: Part) -> Indices:
        """(count, 3) triangles of a part."""
        return self.triangles[part.first : part.first + part.count]

    def shape(self, name: str) -> Floats:
        """(V, 3) displacement at weight 1 of one of the 52.

        Raises:
            KeyError: if there is no such shape.
        """
        out = np.zeros_like(self.vertices)
        out[self.index[ARKIT_INDEX[name]]] = self.delta[ARKIT_INDEX[name]]
        return out

    def pose(
        self,
        weights: Floats | None = None,
        gaze: Floats | None = None,
        rotation: Floats | None = None,
        translation: Floats | None = None,
    ) -> Floats:
        """(V, 3) cm.

        Args:
            weights: (52,) in the order of `ARKIT`.
            gaze: (2, 2) radians, as in `Cues`; None turns the eyes by their eyeLook weights.
            rotation: (4,) head's unit quaternion xyzw relative to rest.
            translation: (3,) cm.
        """
        out = self.vertices.copy()
        if weights is not None:
            step: Floats = np.asarray(weights, np.float32) @ self._matrix
            out[self._moved] += step.reshape(-1, 3)
            if gaze is None:
                gaze = gaze_of(weights)
        if gaze is not None:
            for side, turned in enumerate(self._turned):
                centre = self.eyes[side]
                out[turned] = (out[turned] - centre) @ eye_turn(gaze[side]).T + centre
        if rotation is not None or translation is not None:
            share = self.share[:, None]
            if rotation is not None:
                arm = out - self.pivot
                # a partial turn is about the same axis by a part of the angle
                out = self.pivot + _turned_by(arm, rotation, self.share)
            if translation is not None:
                out += share * np.asarray(translation, np.float32)
        return np.asarray(out, np.float32)


def gaze_of(weights: Floats) -> Floats:
    """(2, 2) gaze in radians that the eyeLook weights mean."""
    out = np.zeros((2, 2), np.float32)
    for side, name in enumerate(("Right", "Left")):
        look = {d: float(weights[ARKIT_INDEX[f"eyeLook{d}{name}"]]) for d in ("In", "Out", "Up", "Down")}
        inwards = YAW_FULL * (look["In"] - look["Out"])
        out[side] = (inwards if side == 0 else -inwards, UP_FULL * look["Up"] - DOWN_FULL * look["Down"])
    return out


def eye_turn(gaze: Floats) -> Floats:
    """(3, 3) rotation that turns +z to a gaze (yaw, pitch)."""
    yaw, pitch = float(gaze[0]), float(gaze[1])
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return np.asarray(about_y @ about_x, np.float32)


def _turned_by(arm: Floats, rotation: Floats, share: Floats) -> Floats:
    """(V, 3) turned by `share` (V,) of the rotation's angle (Rodrigues)."""
    x, y, z, w = (float(v) for v in rotation)
    length = float(np.sqrt(x * x + y * y + z * z))
    if length < 1e-9:
        return arm
    axis = np.array([x, y, z], np.float32) / np.float32(length)
    angle = 2 * np.arctan2(length, abs(w)) * (1 if w >= 0 else -1) * share
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.asarray(arm * c + np.cross(axis, arm) * s + (arm @ axis)[:, None] * axis * (1 - c), np.float32)


@cache
def load_head(path: Path = HEAD_FILE) -> Head:
    """The head that ships, or one from another file of the same kind.

    Raises:
        ValueError: if the file is no head with the 52 shapes.
        OSError: if it cannot be read.
    """
    with np.load(path, allow_pickle=False) as data:
        missing = [key for key in _KEYS if key not in data]
        if missing:
            raise ValueError(f"{path} is no head: it lacks {', '.join(missing)}")
        d = {key: data[key] for key in _KEYS}
    names = tuple(str(n) for n in d["shape_names"])
    if names != ARKIT:
        raise ValueError(f"{path} holds {len(names)} shapes that are not the 52 of ARKit in their order")
    parts, first = [], 0
    for name, count, look, turns in zip(
        d["part_names"], d["part_counts"], d["part_look"], d["part_turns"], strict=True
    ):
        r, g, b, smoothness, glow = (float(v) for v in look)
        parts.append(Part(str(name), (r, g, b, 1.0), smoothness, glow, int(turns), first, int(count)))
        first += int(count)
    at = np.concatenate([[0], np.cumsum(d["shape_counts"])])
    spans = [slice(int(a), int(b)) for a, b in pairwise(at)]
    return Head(
        vertices=d["vertices"].astype(np.float32),
        triangles=d["triangles"].astype(np.int32),
        colour=d["colour"].astype(np.float32) / 255,
        share=d["share"].astype(np.float32) / 255,
        pivot=d["pivot"].astype(np.float32),
        eyes=d["eyes"].astype(np.float32),
        eye_radius=float(d["eye_radius"]),
        parts=tuple(parts),
        index=tuple(d["shape_index"][s].astype(np.int32) for s in spans),
        delta=tuple(
            d["shape_delta"][s].astype(np.float32) * np.float32(scale)
            for s, scale in zip(spans, d["shape_scale"], strict=True)
        ),
    )
