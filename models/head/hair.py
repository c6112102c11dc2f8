"""Hair, brows and ears: shapes of their own that lie on the skin. cm, head frame; the left is the subject's."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from models.head.mesh import Floats, Ints, normals

CENTRE = np.array([0.0, 3.5, -3.6])
"""Hair is described by directions from here."""
HAIRLINE = (
    # azimuth from the front in degrees, lowest height of the hair there in cm
    (0, 8.15), (14, 8.2), (28, 7.6), (40, 6.7), (50, 5.6), (58, 4.3), (66, 2.6), (74, 1.0), (80, 0.7),
    (85, 2.2), (92, 3.7), (104, 4.3), (116, 3.2), (124, 0.0), (134, -3.4), (150, -5.2), (180, -5.6),
)  # fmt: skip
BROWS = {
    "right": ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    "left": ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)),
}
"""Upper and lower edge of each brow, from the temple inwards."""


def cast(origin: Floats, directions: Floats, vertices: Floats, triangles: Ints) -> Floats:
    """(N,) distance at which rays leave a closed surface around `origin` for the last time (Möller–Trumbore)."""
    a, b, c = (vertices[triangles[:, k]].astype(float) for k in range(3))
    e1, e2, s = b - a, c - a, origin - a
    q = np.cross(s, e1)
    out = np.zeros(len(directions))
    for i, d in enumerate(directions):
        h = np.cross(d, e2)
        det = (e1 * h).sum(1)
        det = np.where(np.abs(det) < 1e-9, 1e-9, det)
        u, v = (s * h).sum(1) / det, (q @ d) / det
        t = (e2 * q).sum(1) / det
        hit = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6) & (t > 0)
        out[i] = t[hit].max(initial=0.0)
    return out


PARTING_X = 2.7
"""The parting lies this far on the subject's left, cm."""


def _locks(base: Floats) -> Floats:
    """(N,) 0 in the furrows, 1 on the backs of the locks, for places on the skull."""
    x, y, z = base.T
    front = np.clip((z - 0.5) / 3.5, 0, 1) ** 0.8
    back = np.clip((-z - 7.0) / 4.0, 0, 1)
    swept = np.where(x < PARTING_X, 0.95 * x + 0.55 * (y - 8), -0.9 * x + 0.5 * (y - 8) + 2.2)
    sides = 1.15 * z + 0.28 * y + 0.5 * np.sin(0.5 * y)
    phase = front * swept + (1 - front) * ((1 - back) * sides + back * (0.95 * x + 0.15 * y))
    coarse = np.abs(np.sin(phase + 0.4 * np.sin(1.7 * phase)))
    fine = np.abs(np.sin(2.3 * phase + 0.6))
    return 0.75 * coarse**0.6 + 0.25 * np.where(back > 0, 0.7, fine**0.7)


def hair(skin: Floats, triangles: Ints, around: int = 108, rows: int = 25) -> tuple[Floats, Ints, Floats]:
    """A modelled cap of hair with a side parting and combed locks: vertices, triangles, shade (V, 3)."""
    azimuth = np.arange(around) / around * 360.0
    folded = np.where(azimuth > 180, 360 - azimuth, azimuth)
    line = PchipInterpolator(*np.array(HAIRLINE).T)(folded)
    heights = np.radians(np.linspace(-60, 80, 90))
    low = np.empty(around)
    for i, a in enumerate(np.radians(azimuth)):  # the hairline is found on the skin by its height
        d = np.stack([np.sin(a) * np.cos(heights), np.sin(heights), np.cos(a) * np.cos(heights)], 1)
        at = CENTRE + d * cast(CENTRE, d, skin, triangles)[:, None]
        low[i] = np.interp(line[i], np.maximum.accumulate(at[:, 1]), heights)
        here = CENTRE + d[np.argmin(np.abs(heights - low[i]))] * 8.0
        fringe = np.clip((here[2] - 0.0) / 3.0, 0, 1)
        low[i] -= np.radians(3.2) * fringe * (float(_locks(here[None])[0]) - 0.45)
    t = np.concatenate([[0, 0.012, 0.03, 0.06], np.linspace(0.1, 0.97, rows - 4)])
    directions = []
    for share in t:
        elevation = low + (np.pi / 2 - low) * share
        a = np.radians(azimuth)
        d = np.stack([np.sin(a) * np.cos(elevation), np.sin(elevation), np.cos(a) * np.cos(elevation)], 1)
        directions.append(d)
    d = np.vstack([*directions, [[0, 1, 0]]])
    base = CENTRE + d * cast(CENTRE, d, skin, triangles)[:, None]
    share = np.concatenate([np.repeat(t, around), [1]])
    x, y, z = base.T
    lock = _locks(base)
    quiff = np.exp(-(((x + 1.6) / 4.2) ** 2 + ((z - 2.6) / 4.0) ** 2)) * np.clip((y - 7.0) / 2.5, 0, 1)
    crown = np.clip((y - 6) / 5, 0, 1)
    sides = np.clip((np.abs(x) - 5.5) / 2.0, 0, 1) * np.clip((7.0 - y) / 2.0, 0, 1)
    parting = (
        np.exp(-(((x - PARTING_X - 0.05 * z) / 0.38) ** 2))
        * np.clip((y - 8.2) / 2, 0, 1)
        * np.clip((z + 5) / 4, 0, 1)
    )
    thick = 0.75 + 0.55 * crown + 1.25 * quiff - 0.22 * sides - 0.55 * parting
    rim = np.clip(share / 0.085, 0, 1)
    rounded = np.sqrt(np.clip(1 - (1 - rim) ** 2, 0, 1))
    groove = 0.30 + 0.22 * crown
    thickness = -0.15 + (thick + 0.15) * rounded + groove * (lock - 0.75) * rounded
    out = base + d * thickness[:, None]
    out[:, 2] += 0.5 * quiff * rounded  # it stands over the forehead
    out[:, 0] -= 0.45 * quiff * rounded
    faces = []
    for k in range(len(t) - 1):
        for i in range(around):
            a, b = k * around + i, k * around + (i + 1) % around
            faces += [(a, b, b + around), (a, b + around, a + around)]
    last, tip = (len(t) - 1) * around, len(out) - 1
    faces += [(last + i, last + (i + 1) % around, tip) for i in range(around)]
    shade = (0.62 + 0.46 * lock) * (1 - 0.3 * parting) * (0.8 + 0.2 * rounded)
    return (
        out.astype(np.float32),
        np.array(faces, np.int64),
        np.repeat(shade[:, None], 3, 1).astype(np.float32),
    )


def brow(face: Floats, side: str, samples: int = 15, around: int = 7) -> tuple[Floats, Ints]:
    """A brow as a rounded stroke that lies on the skin, thick at the nose, thin at the temple."""
    upper, lower = (face[list(i)].astype(float) for i in BROWS[side])
    middle = 0.42 * upper + 0.58 * lower
    middle[3:, 1] += (0.05, 0.12)  # no frown at rest
    middle[0] += 0.25 * (middle[0] - middle[1])
    line = CubicSpline(np.arange(5), middle)(np.linspace(0, 4.1, samples))
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out = np.array([np.sign(line[0, 0]) * 0.28, 0.05, 1.0])
    turn = np.arange(around) / around * 2 * np.pi
    vertices = []
    for k, (p, a) in enumerate(zip(line, along, strict=True)):
        u = k / (samples - 1)
        half = 0.36 * (0.28 + 0.72 * u**0.7) * np.sqrt(np.clip(1 - ((u - 0.5) / 0.5) ** 14, 0, 1))
        half = {0: 0.05, samples - 1: 0.16}.get(k, half)  # blunt ends
        up = np.cross(a, out) * (1 if np.cross(a, out)[1] > 0 else -1)
        up /= np.linalg.norm(up)
        lift = 0.20 * np.sqrt(half / 0.40)
        vertices.append(
            p + np.cos(turn)[:, None] * half * up + np.sin(turn)[:, None] * lift * out + 0.02 * out
        )
    triangles = []
    for k in range(samples - 1):
        for i in range(around):
            a, b = k * around + i, k * around + (i + 1) % around
            triangles += [(a, b, b + around), (a, b + around, a + around)]
    ends = np.stack([line[0] - 0.15 * along[0] + 0.04 * out, line[-1] + 0.06 * along[-1] + 0.03 * out])
    n = samples * around
    for i in range(around):
        j = (i + 1) % around
        triangles += [(n, j, i), (n + 1, n - around + i, n - around + j)]
    points = np.vstack([*vertices, ends]).astype(np.float32)
    faces = np.array(triangles, np.int64)
    if (normals(points, faces)[:n].reshape(samples, around, 3)[:, around // 4] @ out).mean() < 0:
        faces = faces[:, ::-1]
    return points, faces


def ear(rings: int = 12, around: int = 30) -> tuple[Floats, Ints, Floats]:
    """The left ear: vertices, triangles, shade (V, 3)."""
    turn = np.arange(around) / around * 2 * np.pi  # 0 = back, a quarter = up
    c, s = np.cos(turn), np.sin(turn)
    # outline: broad and round above, narrow at the lobe
    width = 1.75 + 0.42 * s - 0.12 * s**2
    back = np.where(c > 0, width * 1.05, width * 0.86) * c
    up = np.where(s > 0, 2.95, 3.15) * s
    vertices, shade = [], []
    rho = np.concatenate([np.linspace(0.0, 1.0, rings)[1:], [1.03, 0.98, 0.75]])
    lobe = np.clip((-s - 0.55) / 0.3, 0, 1)
    frontal = np.clip(-c, 0, 1)
    for k, r in enumerate(rho):
        helix = np.exp(-(((r - 0.88) / 0.10) ** 2)) * (1 - lobe) * (1 - 0.75 * frontal * (s < 0.3))
        anti = np.exp(-(((r - 0.60) / 0.12) ** 2)) * np.clip(c + 0.35, 0, 1) * (1 - lobe) * 0.9
        tragus = np.exp(-(((r - 0.86) / 0.22) ** 2)) * np.exp(-(((turn - np.pi * 1.06) / 0.34) ** 2))
        concha = np.exp(-((r / 0.46) ** 4))
        groove = np.exp(-(((r - 0.74) / 0.07) ** 2)) * (1 - lobe) * np.clip(c + 0.6, 0, 1)
        height = 0.55 * helix + 0.42 * anti + 0.34 * tragus - 0.28 * concha - 0.08 * groove + 0.16 * lobe * r
        if k >= rings - 1:  # the rim turns over and goes back to the skull
            height = np.array([0.12, -0.25, -1.0])[k - rings + 1] + 0.0 * c
        vertices.append(np.stack([back * r, up * r + 0.0, height], 1))
        shade.append(np.clip(1 - 0.42 * concha - 0.22 * groove, 0, 1))
    flat = np.vstack([[[0, 0, float(vertices[0][:, 2].mean())]], *vertices])
    tint = np.concatenate([[float(shade[0].mean())], *shade])
    # ear plane → head: u points back and out, v up and a little back, w out
    flare, lean = np.radians(24), np.radians(-10)
    u = np.array([np.sin(flare), 0, -np.cos(flare)])
    w = np.array([np.cos(flare), 0, np.sin(flare)])
    v = np.array([0, 1.0, 0])
    u2, v2 = u * np.cos(lean) + v * np.sin(lean), v * np.cos(lean) - u * np.sin(lean)
    at = np.array([8.0, 0.9, -4.55])
    points = at + flat[:, :1] * u2 + flat[:, 1:2] * v2 + flat[:, 2:] * w
    triangles = [(0, 1 + i, 1 + (i + 1) % around) for i in range(around)]
    for k in range(len(rho) - 1):
        for i in range(around):
            a, b = 1 + k * around + i, 1 + k * around + (i + 1) % around
            triangles += [(a, b + around, a + around), (a, b, b + around)]
    faces = np.array(triangles, np.int64)
    if (normals(points, faces)[1 : 1 + around] @ w).mean() < 0:
        faces = faces[:, ::-1]
    colour = np.stack([tint**0.7, tint, tint], 1)
    return points.astype(np.float32), faces, colour.astype(np.float32)
