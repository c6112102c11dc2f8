"""Lids that open and close over the ball, and what keeps skin out of it. cm, head frame."""

from __future__ import annotations

import numpy as np

from models.head import eye
from models.head.bust import Bust
from models.head.face import bump
from models.head.mesh import Floats

MOVES = {
    # upper lid, lower lid: shares of the opening they cover (+) or lay bare (−); sideways in cm
    "eyeBlink": (0.80, -0.20, 0.0),
    "eyeLookDown": (0.40, 0.16, 0.0),
    "eyeLookUp": (-0.16, -0.10, 0.0),
    "eyeLookIn": (0.03, 0.0, -0.09),
    "eyeLookOut": (0.03, 0.0, 0.09),
    "eyeSquint": (0.0, -0.18, 0.0),
    "eyeWide": (-0.30, 0.08, 0.0),
    "cheekSquint": (0.0, -0.09, 0.0),
}
"""How lids move, in shares of the lids' distance at rest, + down."""
REACH = (1.75, 1.5)
"""How far over upper and below lower rim the skin follows, cm."""


def moved(bust: Bust, upper_share: float, lower_share: float, sideways: float) -> Floats:
    """(S, 3) movement of the left eye's lids. Shares are of the opening, + down."""
    face = bust.cage[:468].astype(float)
    smooth = (bust.fine @ bust.cage)[:468]
    at = bust.eyes["left"]
    move = np.zeros_like(bust.cage, dtype=float)
    upper, lower = (np.array(r) for r in eye.RIMS["left"])
    up, low = smooth[upper], smooth[lower]
    inside = np.sin(np.pi * np.arange(9) / 8) ** 0.45
    opening = up - low
    targets = {}
    for rim, at_rest, share in ((upper, up, upper_share), (lower, low, lower_share)):
        goal = at_rest - share * opening
        goal[:, 0] += sideways * inside
        away = goal - at
        radius = np.linalg.norm(at_rest - at, axis=1)
        goal = at + away * (radius / np.linalg.norm(away, axis=1))[:, None]
        targets[rim[4]] = goal
        move[rim[1:-1]] = (goal - at_rest)[1:-1]
    rim_ids = np.array(eye.LOOPS["left"])
    for reach, rim, above in ((REACH[0], upper, True), (REACH[1], lower, False)):
        line = face[rim]
        s = np.linspace(0, 8, 65)
        dense = np.stack([np.interp(s, np.arange(9), line[:, k]) for k in range(3)], 1)
        dmove = np.stack([np.interp(s, np.arange(9), move[rim][:, k]) for k in range(3)], 1)
        distance = np.linalg.norm(face[:, None] - dense[None], axis=2)
        nearest = distance.argmin(1)
        other = np.linalg.norm(face[:, None] - face[lower if above else upper][None], axis=2).min(1)
        d = distance.min(1)
        mine = (d < other) & ~np.isin(np.arange(468), rim_ids)
        share = np.clip(1 - d / reach, 0, 1) ** 1.35
        move[:468][mine] += (share[:, None] * dmove[nearest])[mine]
    # stay on the ball: what went down went along an arc
    near = bump(np.linalg.norm(face - at, axis=1), 3.4) > 0
    path = face + move[:468]
    r0, r1 = np.linalg.norm(face - at, axis=1), np.linalg.norm(path - at, axis=1)
    lift = np.where(
        near & (np.abs(move[:468]).sum(1) > 1e-4),
        np.minimum(np.maximum(r0, eye.RADIUS + eye.LID) - r1, 0.5),
        0,
    )
    lift = np.clip(lift, 0, None)
    move[:468] += ((path - at) / r1[:, None]) * lift[:, None]
    lowered = face + move[:468]
    before, after = eye.inner_rings(face, "left"), eye.inner_rings(face, "left", lowered)
    for ring, a, b in zip(bust.rings["left"][1:], before, after, strict=True):
        move[ring] = b - a
    # the smooth surface must reach the goals, not only the cage
    for _ in range(8):
        got = (bust.fine @ move)[:468]
        for rim, at_rest in ((upper, up), (lower, low)):
            want = targets[rim[4]] - at_rest
            move[rim[1:-1]] += (want - got[rim])[1:-1]
    return bust.fine @ move


def off_the_ball(bust: Bust, skin: Floats) -> Floats:
    """Displacements (S, 3) of the skin, corrected where the skin would enter an eyeball at any weight of this shape."""
    rest = bust.vertices[bust.spans["skin"]].astype(float)
    out = skin.copy()
    moving = np.abs(skin).sum(1) > 1e-6
    for side, at in bust.eyes.items():
        hidden = bust.fine[:, np.concatenate(bust.rings[side][1:])].sum(1) > 0.3
        near = moving & (np.linalg.norm(rest - at, axis=1) < eye.RADIUS + 1.2)
        least = np.where(hidden, eye.RADIUS + 0.02, eye.RADIUS + 0.10)[near, None]
        for w in (1.0, 0.75, 0.5, 0.25):
            p = rest[near] + w * out[near]
            away = p - at
            r = np.linalg.norm(away, axis=1, keepdims=True)
            out[near] += np.clip(least - r, 0, None) / w * away / r
    return out
