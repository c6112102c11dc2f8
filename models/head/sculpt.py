"""Shapes of the whole bust from those of the face's points.

Lids close over the ball, the jaw takes teeth and tongue along, lips meet; what no track or landmark shows is made by
formula.

A shape is a displacement at weight 1; weights between are on the straight line to it. cm, head frame.
"""

from __future__ import annotations

import numpy as np

from bridge.frames import ARKIT, ARKIT_INDEX
from models.head import lids, mouth
from models.head.bust import Bust
from models.head.face import LOWER_LIP, UPPER_LIP, bump
from models.head.mesh import Floats, Ints, mirror_map, normals
from models.head.shapes import opened, swapped

GAIN = {
    "browDown": 1.7, "browInnerUp": 1.45, "browOuterUp": 1.15, "cheekSquint": 1.2, "mouthFrown": 1.25,
    "mouthPress": 1.5, "jawLeft": 1.7, "jawRight": 1.7, "mouthLowerDown": 1.2, "mouthShrugLower": 1.3,
}  # fmt: skip
"""A stylised face says it louder than people do; 1 elsewhere."""
HINGE = np.array([0.0, 0.3, -3.0])
"""The jaw turns about the line along x through this."""
CLOSED = {
    "mouthRollUpper": 0.15, "mouthRollLower": 0.5, "mouthPucker": 0.5, "mouthPressLeft": 0.5, "mouthShrugLower": 0.5,
    "mouthShrugUpper": 0.2, "mouthDimpleLeft": 0.5, "mouthSmileLeft": 0.4, "mouthFrownLeft": 0.5, "mouthLeft": 0.5,
    "mouthRight": 0.5, "cheekPuff": 0.5, "jawForward": 0.3, "jawLeft": 0.3, "jawRight": 0.3, "mouthStretchLeft": 0.3,
}  # fmt: skip
"""Shapes that leave closed lips closed, and how much of that is the upper lip's doing."""
BUMPS: dict[str, tuple[tuple[tuple[float, float, float], float, tuple[float, float, float], float], ...]] = {
    # (middle on the subject's left, radius, movement, movement along the normal)
    "cheekPuff": (((5.0, -3.3, 2.8), 3.5, (0.1, 0, 0), 1.15), ((2.2, -3.4, 5.0), 1.6, (0, 0, 0), 0.25)),
    "cheekSquintLeft": (((4.3, 0.5, 3.8), 2.5, (0.1, 0.5, 0.05), 0.22),),
    "eyeSquintLeft": (((3.6, 1.0, 4.0), 1.7, (0, 0.28, 0), 0.06),),
    "mouthSmileLeft": (((4.5, -1.0, 3.7), 2.7, (0.1, 0.35, 0), 0.36),),
    "mouthDimpleLeft": (((3.25, -4.7, 3.9), 1.0, (0.1, 0, 0), -0.38), ((4.4, -4.2, 3.2), 1.5, (0.1, 0, 0), 0.22)),
    "noseSneerLeft": (((1.35, -1.5, 5.3), 1.4, (0.1, 0.42, 0), 0.1), ((2.2, 0.2, 4.6), 1.6, (-0.1, 0.35, 0), 0.22),
                      ((0.9, 2.6, 5.0), 1.2, (-0.12, -0.12, 0), 0.12)),
    "browDownLeft": (((1.1, 4.6, 5.2), 1.4, (-0.18, -0.1, 0), 0.16),),
    "mouthFrownLeft": (((2.9, -6.6, 3.9), 1.4, (0, -0.2, 0), 0.12),),
    "mouthPressLeft": (((3.1, -5.2, 4.0), 1.7, (0.05, 0, 0), 0.16),),
    "mouthShrugLower": (((0, -7.9, 4.9), 1.7, (0, 0.15, 0), 0.2),),
    "mouthStretchLeft": (((4.3, -6.4, 2.6), 2.0, (0.25, -0.1, -0.1), 0),),
}  # fmt: skip
"""What the skin does where no landmark lies."""


def shapes_of(bust: Bust, face_shapes: Floats) -> Floats:
    """(52, V, 3). `face_shapes` (52, 468, 3): displacements of the face's points, symmetric.

    Only shapes of the left side and of the middle are made; the right side is their mirror image.
    """
    mirror = mirror_of(bust)
    flip = np.array([-1, 1, 1], np.float32)
    out = np.zeros((len(ARKIT), len(bust.vertices), 3), np.float32)
    rest_normals = normals(bust.vertices, bust.triangles)
    for i, name in enumerate(ARKIT):
        if name.endswith("Right") and name not in ("jawRight", "mouthRight"):
            continue
        out[i] = _one(bust, name, face_shapes[i], rest_normals)
    skin = bust.spans["skin"]
    jaw, close = out[ARKIT_INDEX["jawOpen"]], out[ARKIT_INDEX["mouthClose"]]
    close[skin] += _meeting(bust, jaw + close, 0.3)
    for name, upper_share in CLOSED.items():
        out[ARKIT_INDEX[name]][skin] += _meeting(bust, out[ARKIT_INDEX[name]], upper_share)
    for i, name in enumerate(ARKIT):
        other = ARKIT_INDEX[swapped(name)]
        if other == i:
            out[i] = (out[i] + out[i][mirror] * flip) / 2
        elif name.endswith("Left"):
            out[other] = out[i][mirror] * flip
    return out


def mirror_of(bust: Bust) -> Ints:
    """(V,) mirror pairs within and between pieces; hair and glints are their own images."""
    out = np.arange(len(bust.vertices))
    for name, span in bust.spans.items():
        if name == "hair" or name.startswith("glint"):
            continue
        other = bust.spans[swapped(name.replace("_left", "Left").replace("_right", "Right"))
                           .replace("Left", "_left").replace("Right", "_right")]  # fmt: skip
        if other is span or other == span:
            out[span] = mirror_map(bust.vertices[span], 0.08) + span.start
        else:
            out[span] = np.arange(other.start, other.stop)
    return out


def _one(bust: Bust, name: str, points: Floats, rest_normals: Floats) -> Floats:
    side = "left" if name.endswith("Left") else None
    base = name[:-4] if side and name not in ("jawLeft", "mouthLeft") else name
    gain = GAIN.get(base, 1.0)
    move = np.zeros_like(bust.cage, dtype=float)
    if base.startswith("eye"):
        points = points * 0
    move[: len(points)] = points * gain
    if name.startswith("mouthRoll"):
        move[:, 2] *= 0.5  # teeth stand behind these lips
    _follow(bust, name, move)
    skin = bust.fine @ move
    for middle, radius, shift, along in BUMPS.get(name, ()):
        for sign in (1, -1) if side is None and middle[0] else (1,):
            near = bump(
                np.linalg.norm(bust.vertices[bust.spans["skin"]] - np.multiply(middle, (sign, 1, 1)), axis=1),
                radius,
            )
            skin += near[:, None] * (
                np.multiply(shift, (sign, 1, 1)) + along * rest_normals[bust.spans["skin"]]
            )
    if base in lids.MOVES:
        skin += lids.moved(bust, *lids.MOVES[base])
    out = np.zeros_like(bust.vertices)
    out[bust.spans["skin"]] = lids.off_the_ball(bust, skin)
    _carried(bust, name, out)
    return out


def jaw_turn(points: Floats, rest: Floats) -> tuple[float, Floats]:
    """Angle about the hinge (+ opens) and shift that bring the chin of the face (468, 3) where a shape moves it."""
    chin = [152, 148, 377, 175, 171, 396]
    arm = rest[chin] - HINGE
    d = points[chin]
    tangent = np.stack([np.zeros(len(chin)), -arm[:, 2], arm[:, 1]], 1)  # per radian, opening
    angle = float((tangent * d).sum() / (tangent**2).sum())
    return angle, d.mean(0)


def _rotated(vertices: Floats, angle: float) -> Floats:
    """Displacement of (N, 3) when the jaw opens by `angle`."""
    c, s = np.cos(angle), np.sin(angle)
    arm = vertices - HINGE
    return np.stack(
        [0 * arm[:, 0], c * arm[:, 1] - s * arm[:, 2], s * arm[:, 1] + c * arm[:, 2]], 1
    ) - arm * (0, 1, 1)


def _jaw(bust: Bust, name: str, points: Floats, vertices: Floats) -> Floats:
    """Displacement of what hangs on the jaw bone."""
    angle, shift = jaw_turn(points, bust.cage[:468])
    if name == "jawOpen":
        return _rotated(vertices, angle)
    if name in ("jawForward", "jawLeft", "jawRight"):
        return np.broadcast_to(shift, vertices.shape) * 0.85
    return np.zeros_like(vertices)


def _follow(bust: Bust, name: str, move: Floats) -> None:
    """The cage's rings that are no points of the face: mouth's hollow, under the chin."""
    points = move[:468].copy()
    rim, *behind, tip = bust.rings["mouth"]
    lower = np.zeros(20)
    lower[11:] = np.sin(np.pi * np.arange(9, 0, -1) / 10) ** 0.5
    lower[[0, 10]] = 0.3
    for k, ring in enumerate(behind):
        with_lip = (0.95, 0.45, 0.1, 0, 0)[k]
        bone = _jaw(bust, name, points, bust.cage[ring]) * lower[:, None]
        move[ring] = with_lip * move[rim] + (1 - with_lip) * bone
    move[tip] = move[behind[-1]].mean(0) * 0.5
    edge, *rings = bust.rings["skull"]
    for k, ring in enumerate(rings):
        fade = (0.82, 0.55, 0.3, 0.12, 0.04)[k] if k < 5 else 0.0
        move[ring] = fade * move[edge]


def _meeting(bust: Bust, move: Floats, upper_share: float) -> Floats:
    """(S, 3) movement that brings lips together again where the displacement `move` (V, 3) parts or crosses them.

    `upper_share`: how much of it the upper lip does.
    """
    upper, lower = np.array(UPPER_LIP[1:-1]), np.array(LOWER_LIP[1:-1])
    rest = bust.vertices
    at = bust.cage[:468]
    ring = bust.rings["mouth"][1]
    loop = list(mouth.LOOP)
    low_side = (at[:, 1] - opened(at)[:, 1]) > 0.05
    extra = np.zeros_like(bust.cage, dtype=float)
    spreads = {}
    for rim, low in ((upper, False), (lower, True)):
        near = bump(np.linalg.norm(at[:, None] - at[rim][None], axis=2), 1.5)
        near[low_side != low] = 0
        near[rim] = np.eye(len(rim))
        total = near.sum(1, keepdims=True)
        spreads[low] = near / np.maximum(total, 1e-9) * near.max(1, keepdims=True)
    for _ in range(14):
        now = (rest + move)[:468] + (bust.fine @ extra)[:468]
        gap = (now[upper] - now[lower]) - (rest[upper] - rest[lower])
        for rim, low, share in ((upper, False, -upper_share), (lower, True, 1 - upper_share)):
            extra[:468] += spreads[low] @ (share * gap) * 0.8
            behind = ring[[loop.index(int(i)) for i in rim]]
            extra[behind] += share * gap * 0.8 * 0.9
    return bust.fine @ extra


def _carried(bust: Bust, name: str, out: Floats) -> None:
    """Everything that hangs on skin or bone: lower teeth, tongue, brows, lashes."""
    rest = bust.vertices
    skin = bust.spans["skin"]
    points = out[:468]
    for piece in ("teeth_lower", "gum_lower"):
        out[bust.spans[piece]] = _jaw(bust, name, points, rest[bust.spans[piece]])
    tongue = bust.spans["tongue"]
    hang = (1 - 0.3 * bust.tongue_place)[:, None]
    out[tongue] = _jaw(bust, name, points, rest[tongue]) * hang
    if name == "tongueOut":
        out[tongue] = _tongue_out(rest[tongue], bust.tongue_place)
    for side in ("left", "right"):
        for piece in (f"brow_{side}",):
            out[bust.spans[piece]] = _stuck(rest[bust.spans[piece]], rest[skin], out[skin])
        span = bust.spans[f"lashes_{side}"]
        rim, edge = bust.rings[side][0][:9], bust.rings[side][1][:9]
        s = np.linspace(0, 8, 17)
        line = np.stack([np.interp(s, np.arange(9), out[rim][:, k]) for k in range(3)], 1)
        inner = np.stack([np.interp(s, np.arange(9), out[edge][:, k]) for k in range(3)], 1)
        tip = line.copy()
        tip[:, 1] += 0.33 * np.clip(line[:, 1], -0.9, 0.15) * np.sin(np.pi * s / 8)
        out[span] = np.stack([line, 0.35 * line + 0.65 * inner, tip], 1).reshape(-1, 3)


def _stuck(vertices: Floats, skin: Floats, move: Floats, neighbours: int = 8) -> Floats:
    """(N, 3) displacement of what sticks to the skin: the mean of the nearest skin points'."""
    distance = np.linalg.norm(vertices[:, None] - skin[None], axis=2)
    nearest = np.argsort(distance, axis=1)[:, :neighbours]
    weight = 1 / (np.take_along_axis(distance, nearest, 1) + 0.25) ** 2
    weight /= weight.sum(1, keepdims=True)
    return (move[nearest] * weight[..., None]).sum(1)


def _tongue_out(rest: Floats, place: Floats) -> Floats:
    """Out over the lower lip, its tip down."""
    out = np.zeros_like(rest)
    front = (1 - place)[:, None]
    share = (front[:, 0]) ** 1.0
    out[:, 2] = 3.5 * share**0.8
    out[:, 1] = (
        0.62 * np.sin(np.pi * np.clip(share, 0, 1) ** 0.8)
        + 0.35 * share
        - 1.15 * np.clip((share - 0.62) / 0.38, 0, 1) ** 1.5
    )
    out[:, 0] = -0.10 * rest[:, 0] * share
    return out
