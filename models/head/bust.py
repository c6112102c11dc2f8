"""The whole bust at rest: parts put together, with what shapes need to know of each vertex.

The skin is one surface: a coarse cage (face, lids' insides, mouth's hollow, skull and neck) and Loop's subdivision of
it. Everything else is made at its final fineness and hangs on the skin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from models.head import eye, hair, mouth, skull
from models.head.face import LOWER_LIP, OUTER_LIPS, OVAL, UPPER_LIP, bump, topology
from models.head.mesh import Floats, Ints, normals, subdivided

LOOK = {
    # colour (sRGB), smoothness, glow
    "skin": ((0.91, 0.70, 0.58), 0.32, 0.0),
    "lips": ((0.80, 0.46, 0.42), 0.45, 0.0),
    "mouth": ((0.36, 0.10, 0.10), 0.1, 0.0),
    "gums": ((0.78, 0.42, 0.41), 0.5, 0.0),
    "teeth_upper": ((0.96, 0.94, 0.90), 0.6, 0.0),
    "teeth_lower": ((0.93, 0.91, 0.87), 0.6, 0.0),
    "tongue": ((0.80, 0.40, 0.40), 0.5, 0.0),
    "ears": ((0.91, 0.70, 0.58), 0.32, 0.0),
    "brows": ((0.27, 0.16, 0.11), 0.2, 0.0),
    "lashes": ((0.13, 0.08, 0.07), 0.2, 0.0),
    "hair": ((0.38, 0.21, 0.13), 0.42, 0.0),
    "shirt": ((0.17, 0.43, 0.47), 0.15, 0.0),
    "eye_white_right": ((0.96, 0.95, 0.93), 0.8, 0.0),
    "iris_right": ((0.30, 0.50, 0.50), 0.85, 0.0),
    "pupil_right": ((0.05, 0.05, 0.06), 0.9, 0.0),
    "eye_white_left": ((0.96, 0.95, 0.93), 0.8, 0.0),
    "iris_left": ((0.30, 0.50, 0.50), 0.85, 0.0),
    "pupil_left": ((0.05, 0.05, 0.06), 0.9, 0.0),
    "glint": ((1.0, 1.0, 1.0), 1.0, 1.0),
}
"""Parts in the order in which they are stored."""


@dataclass
class Bust:
    """The head at rest."""

    cage: Floats
    """(C, 3) the skin's coarse points; the first 468 are the face's."""
    fine: Floats
    """(S, C) subdivision of the skin."""
    vertices: Floats
    """(V, 3) all parts; the first S are the skin's."""
    parts: dict[str, Ints]
    """Triangles by part."""
    colour: Floats
    """(V, 3) 0..1, multiplied with the part's colour."""
    share: Floats
    """(V,) head share: 1 skull, 0 bust."""
    eyes: dict[str, Floats]
    """Centre of each eyeball."""
    spans: dict[str, slice]
    """Vertices of each separate piece, the skin included."""
    rings: dict[str, list[Ints]] = field(default_factory=dict)
    """Cage rings: `right`, `left` (rim and three behind), `mouth` (rim and those behind), `skull`."""
    tongue_place: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    """0 tip … 1 root of the tongue's vertices."""

    @property
    def triangles(self) -> Ints:
        """All triangles."""
        return np.concatenate([self.parts[name] for name in LOOK])


def assemble(face: Floats) -> Bust:
    """The bust around a face (468, 3) at rest, symmetric."""
    face = eye.seated(face).astype(np.float32)
    centres = {side: eye.centre(face, side) for side in eye.RIMS}
    cage, pieces, rings = _cage(face)
    kinds = list(pieces)
    triangles = np.concatenate([pieces[k] for k in kinds])
    kind = np.repeat(np.arange(len(kinds)), [len(pieces[k]) for k in kinds])
    fine, fine_triangles = subdivided(triangles, len(cage))
    cage = _kept(cage, fine, face)
    kind = np.repeat(kind, 4)
    skin = _outside(fine @ cage, centres)
    parts: dict[str, Ints] = {k: fine_triangles[kind == i] for i, k in enumerate(kinds)}
    shown = np.concatenate([parts["skin"], parts["lips"]])
    vertices, colours, spans = [skin], [_skin_tint(skin, fine, rings)], {"skin": slice(0, len(skin))}
    n = len(skin)

    def add(name: str, points: Floats, groups: dict[str, Ints], tint: Floats | None = None) -> None:
        nonlocal n
        spans[name] = slice(n, n + len(points))
        vertices.append(points.astype(np.float32))
        colours.append(np.ones_like(points) if tint is None else tint)
        for part, t in groups.items():
            parts[part] = np.concatenate([parts[part], t + n]) if part in parts else t + n
        n += len(points)

    at = (face[UPPER_LIP[5]] + face[LOWER_LIP[5]]) / 2
    for lower in (False, True):
        where = "lower" if lower else "upper"
        for name, part, (points, t) in (
            (f"teeth_{where}", f"teeth_{where}", mouth.teeth(at, lower)),
            (f"gum_{where}", "gums", mouth.gum(at, lower)),
        ):
            deep = np.clip(1 - (at[2] - 0.9 - points[:, 2:]) / 3.2, 0.25, 1)
            add(name, points, {part: t}, np.repeat(deep, 3, 1))
    points, t, place = mouth.tongue(at)
    deep = np.clip(1.0 - 0.75 * place, 0.2, 1)
    add("tongue", points, {"tongue": t}, np.repeat(deep[:, None], 3, 1).astype(np.float32))
    points, t, tint = hair.ear()
    add("ear_left", points, {"ears": t}, tint)
    add("ear_right", points * (-1, 1, 1), {"ears": t[:, ::-1]}, tint)
    for side in ("right", "left"):
        if side == "right":
            points, t = hair.brow(face, side)
            kept = points, t
        else:
            points, t = kept[0] * (-1, 1, 1), kept[1][:, ::-1]
        add(f"brow_{side}", points, {"brows": t})
    for side in ("right", "left"):
        points, t = lashes(skin, rings, side)
        add(f"lashes_{side}", points, {"lashes": t})
    points, t, tint = hair.hair(skin, shown)
    add("hair", points, {"hair": t}, tint)
    points, t = skull.shirt()
    add("shirt", points, {"shirt": t})
    for side in ("right", "left"):
        points, groups, tint = eye.ball(centres[side])
        add(
            f"eye_{side}",
            points,
            {f"{'eye_white' if g == 'white' else g}_{side}": t for g, t in groups.items()},
            tint,
        )
    for side in ("right", "left"):
        points, t = eye.glint(centres[side])
        add(f"glint_{side}", points, {"glint": t})
    everything = np.concatenate(vertices)
    share = np.clip((everything[:, 1] + 16.5) / 9.0, 0, 1)
    front = np.clip((everything[:, 2] + 3.5) / 4, 0, 1) * np.clip((everything[:, 1] + 12.3) / 1.5, 0, 1)
    share = share * share * (3 - 2 * share)
    share = np.maximum(share, front)  # the chin does not bend
    for name in (
        "hair",
        "ear_left",
        "ear_right",
        "tongue",
        "teeth_upper",
        "teeth_lower",
        "gum_upper",
        "gum_lower",
    ):
        share[spans[name]] = 1
    share[spans["shirt"]] = 0
    return Bust(
        cage=cage,
        fine=fine,
        vertices=everything.astype(np.float32),
        parts=parts,
        colour=np.concatenate(colours).astype(np.float32),
        share=share.astype(np.float32),
        eyes=centres,
        spans=spans,
        rings=rings,
        tongue_place=place,
    )


def _cage(face: Floats) -> tuple[Floats, dict[str, Ints], dict[str, list[Ints]]]:
    """Coarse points of the skin, its triangles by part, its rings."""
    points, n = [face], len(face)
    rings: dict[str, list[Ints]] = {}
    tris = topology()
    lip = _lip_triangles(tris)
    skin, lips = [tris[~lip]], [tris[lip]]
    hollow: list[Ints] = []
    for side in ("right", "left"):
        ids = [np.array(eye.LOOPS[side])]
        for ring in eye.inner_rings(face, side):
            ids.append(np.arange(n, n + len(ring)))
            points.append(ring)
            n += len(ring)
        rings[side] = ids
        for a, b in pairwise(ids):
            band = np.array(skull.ring_triangles(a, b))
            skin.append(band[:, ::-1] if side == "right" else band)
    ids = [np.array(mouth.LOOP)]
    for ring in mouth.rings(face):
        ids.append(np.arange(n, n + len(ring)))
        points.append(ring)
        n += len(ring)
    rings["mouth"] = ids
    for k, (a, b) in enumerate(pairwise(ids[:-1])):
        band = np.array(skull.ring_triangles(a, b, np.arange(5, 15)))[:, ::-1]
        (lips if k < mouth.LIP_RINGS else hollow).append(band)
    last, tip = ids[-2], int(ids[-1][0])
    hollow.append(np.array([(int(last[(i + 1) % 20]), int(last[i]), tip) for i in range(20)]))
    ids = [np.array(OVAL)]
    for ring in skull.meridians(skull.edge_of(face)).transpose(1, 0, 2)[1:]:
        ids.append(np.arange(n, n + len(ring)))
        points.append(ring)
        n += len(ring)
    rings["skull"] = ids
    skin += [np.array(skull.ring_triangles(a, b, np.arange(18))) for a, b in pairwise(ids)]
    pieces = {"skin": np.concatenate(skin), "lips": np.concatenate(lips), "mouth": np.concatenate(hollow)}
    return np.concatenate(points).astype(np.float32), pieces, rings


def _kept(cage: Floats, fine: Floats, face: Floats) -> Floats:
    """The cage with rims of lips and lids, and the nose, moved so that the smooth surface still goes through them."""
    rims = [*mouth.LOOP, *eye.LOOPS["right"], *eye.LOOPS["left"]]
    hold = np.zeros((len(face), 1), np.float32)
    hold[:, 0] = 0.6 * bump(np.linalg.norm(face - (0, -1.5, 6.0), axis=1), 3.0)
    hold[rims] = 1
    out = cage.copy()
    for _ in range(12):
        out[: len(face)] += hold * (face - (fine @ out)[: len(face)])
    return out


def _outside(skin: Floats, centres: dict[str, Floats]) -> Floats:
    """The skin with nothing of it inside an eyeball."""
    out = skin.copy()
    for at in centres.values():
        away = out - at
        far = np.linalg.norm(away, axis=1, keepdims=True)
        out += np.clip(eye.RADIUS + 0.02 - far, 0, None) * away / far
    return out


def _lip_triangles(triangles: Ints) -> np.ndarray:
    """(T,) which triangles lie between the lips' outer and inner rims."""
    walls = set(OUTER_LIPS)
    inside = set(UPPER_LIP) | set(LOWER_LIP)
    neighbours: dict[int, set[int]] = {}
    for t in triangles:
        for i in t:
            neighbours.setdefault(int(i), set()).update(int(j) for j in t)
    reached, front = set(inside), list(inside)
    while front:
        for j in neighbours[front.pop()] - reached - walls:
            reached.add(j)
            front.append(j)
    return np.array([any(int(i) in reached for i in t) for t in triangles])


def _skin_tint(skin: Floats, fine: Floats, rings: dict[str, list[Ints]]) -> Floats:
    """(S, 3) what no light knows: warmth of cheeks, nose and ears, shade of hollows."""
    tint = np.ones((len(skin), 3), np.float32)
    half = np.abs(skin[:, 0])
    folded = np.stack([half, skin[:, 1], skin[:, 2]], 1)
    for at, radius, colour in (
        ((4.7, -1.2, 3.8), 3.4, (1.02, 0.92, 0.90)),  # cheek
        ((0.0, -1.4, 7.4), 1.9, (1.02, 0.88, 0.86)),  # tip of the nose
        ((0.0, -9.0, 4.9), 2.2, (1.0, 0.95, 0.94)),  # chin
    ):
        near = bump(np.linalg.norm(folded - at, axis=1), radius)[:, None]
        tint *= 1 + near * (np.array(colour) - 1)
    for name in ("right", "left"):
        for k, dark in ((1, (0.72, 0.52, 0.50)), (2, (0.70, 0.48, 0.46)), (3, (0.6, 0.4, 0.4))):
            share = fine[:, rings[name][k]].sum(1, keepdims=True)
            tint *= 1 + share * (np.array(dark) - 1)
    for k, shade in enumerate((1.0, 0.62, 0.9, 0.75, 0.35, 0.14, 0.1)):
        hue = np.array([shade, shade**1.5, shade**1.4]) if k == 1 else np.full(3, shade)
        tint *= 1 + fine[:, rings["mouth"][k]].sum(1, keepdims=True) * (hue - 1)
    under = np.clip((-9.0 - skin[:, 1]) / 2.0, 0, 1) * np.clip((4.2 - skin[:, 2]) / 2.5, 0, 1)
    tint *= 1 - 0.22 * under[:, None]  # in the chin's shade
    nostril = bump(np.linalg.norm((folded - (0.80, -1.78, 6.0)) * (1, 1.25, 0.8), axis=1), 0.52)[:, None]
    tint *= 1 - nostril * (1 - np.array([0.35, 0.2, 0.18]))
    return tint


def lashes(skin: Floats, rings: dict[str, list[Ints]], side: str) -> tuple[Floats, Ints]:
    """A dark wedge along the upper lid's rim: root above, root below, tip; 3 vertices a place."""
    rim = skin[rings[side][0][:9]]  # outer corner → inner corner
    edge = skin[rings[side][1][:9]]
    s = np.linspace(0, 8, 17)
    line = np.stack([np.interp(s, np.arange(9), rim[:, k]) for k in range(3)], 1)
    inner = np.stack([np.interp(s, np.arange(9), edge[:, k]) for k in range(3)], 1)
    sign = np.sign(line[0, 0])
    size = np.interp(s, (0, 1.2, 5, 7.6, 8), (0.55, 1.0, 0.75, 0.35, 0.1))
    outward = np.stack([sign * np.interp(s, (0, 8), (0.55, -0.12)), np.interp(s, (0, 3, 8), (0.30, 0.42, 0.32)),
                        np.full(17, 0.8)], 1)  # fmt: skip
    tip = line + 0.34 * size[:, None] * outward
    root = line + (0, 0.045, 0.01) * np.minimum(size[:, None], 1)
    low = 0.35 * line + 0.65 * inner
    vertices = np.stack([root, low, tip], 1).reshape(-1, 3).astype(np.float32)
    triangles = []
    for k in range(16):
        a, b = 3 * k, 3 * k + 3
        for i, j in ((0, 2), (2, 1), (1, 0)):
            triangles += [(a + i, b + i, b + j), (a + i, b + j, a + j)]
    faces = np.array(triangles, np.int64)
    up = normals(vertices, faces)[0::3].mean(0)
    return vertices, faces if up[1] > 0 else faces[:, ::-1]
