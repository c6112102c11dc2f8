"""Eyeballs, the lids' thickness and the glint. cm, head frame; the left eye is the mirror image of the right."""

from __future__ import annotations

import numpy as np

from models.head.face import (
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
)
from models.head.mesh import Floats, Ints

RADIUS = 1.58
"""Of an eyeball, cm: larger than life, as the eyes are."""
LID = 0.13
"""Lids' outer rim over the ball, cm."""
UNDER = 0.035
"""What touches the ball stays this far from it, cm: room for the straight path of a morph."""
PUPIL, IRIS = np.radians(11.5), np.radians(28.5)
"""Half angles seen from the eye's centre."""
LOOPS = {
    "right": (*RIGHT_UPPER_LID, *RIGHT_LOWER_LID[-2:0:-1]),
    "left": (*LEFT_UPPER_LID, *LEFT_LOWER_LID[-2:0:-1]),
}
"""Rim of each eye: upper lid from the outer to the inner corner, lower lid back."""
RIMS = {"right": (RIGHT_UPPER_LID, RIGHT_LOWER_LID), "left": (LEFT_UPPER_LID, LEFT_LOWER_LID)}


def centre(face: Floats, side: str) -> Floats:
    """(3,) the eyeball's centre: lids' middles lie `LID` over the ball."""
    upper, lower = (face[list(rim)] for rim in RIMS[side])
    at = (upper.mean(0) + lower.mean(0)) / 2
    at[0] = (upper[0, 0] + upper[-1, 0]) / 2
    middles = np.stack([upper[3:6], lower[3:6]]).reshape(-1, 3)
    off = ((middles[:, :2] - at[:2]) ** 2).sum(1)
    at[2] = (middles[:, 2] - np.sqrt((RADIUS + LID) ** 2 - off)).mean()
    return at


def seated(face: Floats) -> Floats:
    """Lids laid on the ball: rims lie `LID` over it, but for the corners, which stay further out."""
    out = face.copy()
    for side in RIMS:
        at = centre(face, side)
        for rim in RIMS[side]:
            for k, i in enumerate(rim):
                away = out[i] - at
                distance = np.linalg.norm(away)
                inner = max(0.0, (k - 6) / 2)  # towards the nose
                wanted = RADIUS + LID + 0.05 * (k == 0) + 0.28 * inner
                out[i] = at + away * (wanted / distance)
    return out


def inner_rings(face: Floats, side: str, moved: Floats | None = None) -> list[Floats]:
    """Three rings (16, 3) behind the rim: the lid's edge, its inside on the ball, and its end out of sight.

    `moved` (468, 3): the face with its lids elsewhere; `face` says where the opening was at rest.
    """
    at = centre(face, side)
    rim = face[list(LOOPS[side])]
    middle = rim.mean(0)

    def unit_of(away: Floats) -> Floats:
        return away / np.linalg.norm(away, axis=1, keepdims=True)

    forward = (middle - at) / np.linalg.norm(middle - at)
    outwards = unit_of(rim - at)
    outwards = unit_of(outwards - (outwards @ forward)[:, None] * forward)
    unit = unit_of((face if moved is None else moved)[list(LOOPS[side])] - at)
    rings = []
    for radius, turn in ((RADIUS + 0.07, -0.035), (RADIUS + UNDER, 0.03), (RADIUS + UNDER, 0.22)):
        direction = unit + turn * outwards
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        rings.append((at + radius * direction).astype(np.float32))
    return rings


def ball(at: Floats, around: int = 28) -> tuple[Floats, dict[str, Ints], Floats]:
    """An eyeball that looks along +z: vertices, triangles by part (`white`, `iris`, `pupil`), colour (V, 3).

    Parts have vertices of their own: their borders are sharp.
    """
    bands = {
        "pupil": np.linspace(0, PUPIL, 3),
        "iris": np.array([PUPIL, 0.42 * IRIS + 0.58 * PUPIL, 0.8 * IRIS + 0.2 * PUPIL, IRIS]),
        "white": np.concatenate([[IRIS, IRIS * 1.07], np.linspace(IRIS * 1.3, np.radians(115), 7)]),
    }
    shade = {
        "pupil": np.ones(3),
        "iris": np.array([1.25, 1.12, 0.86, 0.38]),
        "white": np.array([0.62, 0.96, 1, 1, 0.97, 0.92, 0.86, 0.8, 0.75]),
    }
    turn = np.arange(around) / around * 2 * np.pi
    vertices, parts, colours, n = [], {}, [], 0
    for part, angles in bands.items():
        start = n
        for k, angle in enumerate(angles):
            if angle == 0:
                vertices.append(at + np.array([0, 0, RADIUS]))
                colours.append(np.full((1, 3), shade[part][k]))
                n += 1
                continue
            ring = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn)], 1) * RADIUS
            vertices.append(
                np.concatenate([at[:2] + ring, np.full((around, 1), at[2] + RADIUS * np.cos(angle))], 1)
            )
            colours.append(np.full((around, 3), shade[part][k]))
            n += around
        triangles = []
        if angles[0] == 0:
            triangles += [(start, start + 1 + i, start + 1 + (i + 1) % around) for i in range(around)]
            start += 1
        for k in range(len(angles) - 1 - (angles[0] == 0)):
            a, b = start + k * around, start + (k + 1) * around
            for i in range(around):
                j = (i + 1) % around
                triangles += [(a + i, b + i, b + j), (a + i, b + j, a + j)]
        parts[part] = np.array(triangles, np.int64)
    return np.vstack(vertices).astype(np.float32), parts, np.vstack(colours).astype(np.float32)


def glint(at: Floats, points: int = 12) -> tuple[Floats, Ints]:
    """Light on the cornea: a disc that stays where the light is while the eye turns."""
    discs: list[Floats] = []
    triangles = []
    for (x, y), size in (((-0.27, 0.30), 0.135), ((0.24, -0.24), 0.06)):
        turn = np.arange(points) / points * 2 * np.pi
        xy = np.array([[x, y]]) + size * np.stack([np.cos(turn), np.sin(turn)], 1)
        xy = np.concatenate([[[x, y]], xy])
        z = np.sqrt((RADIUS + 0.015) ** 2 - (xy**2).sum(1))
        first = sum(len(d) for d in discs)
        discs.append(np.concatenate([at[:2] + xy, at[2] + z[:, None]], 1))
        triangles += [(first, first + 1 + i, first + 1 + (i + 1) % points) for i in range(points)]
    return np.vstack(discs).astype(np.float32), np.array(triangles, np.int64)
