"""A face drawn from cues: 68 landmarks, gaze and head pose become a small shaded portrait. Pillow and numpy.

`draw_face` sees the head from in front: the subject's left is the picture's right. What landmarks do not give
(cranium, hair, ears, palette) comes from `bridge.look`, curves and camera from `bridge.takes.brush`.
The browser preview draws the same face with the same steps. Knows nothing of files, audio or time.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from bridge import landmarks as face
from bridge import look
from bridge.frames import ARKIT_INDEX, Cues, Floats
from bridge.takes.brush import SPOT_SHRINK, Paint, View, ribbon, soft_spot, spline, vec

OVERSAMPLING = 3
CORNER = 0.16
"""Radius of the picture's rounded corners, of its size."""


def draw_face(cues: Cues, weights: Floats | None = None, size: int = 256) -> Image.Image:
    """Draws one frame.

    Args:
        cues: landmarks (cm), gaze (rad), head pose; the emotion is not looked at, the landmarks carry it.
        weights: (52,) ARKit weights; only what no landmark shows is taken from them (the tongue).
        size: side of the picture in pixels.

    Returns:
        "RGBA" picture (size, size) with rounded transparent corners.

    Raises:
        ValueError: if a landmark is not finite.
    """
    if not np.isfinite(cues.landmarks).all():
        raise ValueError(f"frame {cues.n} has landmarks that are not finite: nothing to draw")
    view = View(cues, size * OVERSAMPLING)
    paint = Paint(_background(size * OVERSAMPLING).copy())
    points = _stylised(cues.landmarks)
    _behind(paint, view, points)
    _skin(paint, view, points)
    for i, eye in enumerate((face.RIGHT_EYE, face.LEFT_EYE)):
        _eye(paint, view, points[list(eye)], cues.gaze[i])
    _nose(paint, view, points)
    _mouth(paint, view, points, 0.0 if weights is None else float(weights[ARKIT_INDEX["tongueOut"]]))
    _hair(paint, view)
    for brow in (face.RIGHT_BROW[::-1], face.LEFT_BROW):
        _brow(paint, view, points[list(brow)])
    picture = paint.image.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture.putalpha(_rounded(size))
    return picture


@cache
def _background(size: int) -> Image.Image:
    small = Image.new("RGB", (64, 64), look.PALETTE["sky"])
    small.paste(look.PALETTE["sky_low"], (0, 0), Image.linear_gradient("L").resize((64, 64)))
    soft_spot(small, vec(30, 26), (44, 44), "halo", 0.8)
    return small.resize((size, size), Image.Resampling.BICUBIC)


@cache
def _rounded(size: int) -> Image.Image:
    """The picture's own shape, (size, size) "L", smooth."""
    big = Image.new("L", (size * 4, size * 4))
    ImageDraw.Draw(big).rounded_rectangle((0, 0, size * 4 - 1, size * 4 - 1), size * 4 * CORNER, fill=255)
    return big.resize((size, size), Image.Resampling.LANCZOS)


def _stylised(landmarks: Floats) -> Floats:
    """(68, 3) with a narrower chin and livelier brows; what is drawn as measured is left alone."""
    points = landmarks.astype(np.float32)
    points[:17, 0] *= 1 - look.CHIN_NARROWING * np.clip(-points[:17, 1] / 7, 0, 1)
    brows = list(face.BROWS)
    rest = face.neutral_face()[brows]
    points[brows] = rest + look.BROW_EMPHASIS * (points[brows] - rest)
    return points


def _behind(paint: Paint, view: View, points: Floats) -> None:
    """Hair behind the head, neck, shirt, ears."""
    paint.fill(view.ellipsoid(*look.SKULL), "hair")
    neck = vec(look.NECK)
    top = neck[[0, -1]]
    neck[[0, -1]] += look.NECK_FOLLOWS * (view.moved(top) - top)
    throat = spline(view.body(neck))
    paint.fill(throat, "skin_dark")
    with paint.inside(throat) as shade:
        shade.fill(spline(view.head(points[4:13] + vec(0, -0.9, -1.5)), closed=True), "skin_deep")
    paint.fill(spline(view.body(look.SHOULDERS)), "shirt")
    paint.stroke(spline(view.body(look.SHOULDERS[3:8])), 0.7 * view.px_per_cm, "shirt_dark", ends=1)
    for side, tone, inner in ((1, "skin_dark", "skin_deep"), (-1, "skin", "skin_dark")):
        mirror = vec(side, 1, 1)
        far = min(max(-2.5 * side * float(view.rotation[2, 0]), 0.0), 1.0)
        tucked = vec(2.2 * far, 0, 0)  # the far ear goes behind the head
        paint.fill(spline(view.head(vec(look.SIDEBURN) * mirror), closed=True), "hair")
        paint.fill(spline(view.head((vec(look.EAR) - tucked) * mirror), closed=True), tone)
        paint.fill(spline(view.head((vec(look.EAR_INNER) - tucked) * mirror), closed=True), inner)


def _skin(paint: Paint, view: View, points: Floats) -> None:
    """The face itself with soft light and shade."""
    image = paint.image
    cheek = vec(look.CHEEK)
    inset = np.stack([cheek[:, 0], np.ones(6), np.ones(6)], 1).astype(np.float32)
    right, left = (points[side] * inset + cheek * vec(0, 1, 1) for side in (slice(1, 7), slice(15, 9, -1)))
    mask = Image.new("L", image.size)
    draw = ImageDraw.Draw(mask)
    for loop in ((points[:17], vec(look.FOREHEAD)), (right, points[7:10], left[::-1], vec(look.MASK_TOP))):
        outline = spline(view.head(np.concatenate(loop)), closed=True)
        draw.polygon(outline.ravel().tolist(), fill=255)
    skin = Image.new("RGB", (image.width // SPOT_SHRINK,) * 2, look.PALETTE["skin"])
    shrink = skin.width / image.width
    cm = view.px_per_cm * shrink
    for centre, rx, ry, colour, strength in look.SPOTS:
        soft_spot(skin, view.head([centre])[0] * shrink, (rx * cm, ry * cm), colour, strength)
    image.paste(skin.resize(image.size, Image.Resampling.BILINEAR), (0, 0), mask)


def _eye(paint: Paint, view: View, eye: Floats, gaze: Floats) -> None:
    """One eye from its six points: a corner, the upper two, the other corner, the lower two."""
    cm = view.px_per_cm
    centre = 0.5 * (eye[0] + eye[3])
    eye = centre + (eye - centre) * vec(look.EYE_WIDTH, 1, 1)
    upper, lower = eye[[1, 2]], eye[[5, 4]]
    gap = upper - lower
    length = np.linalg.norm(gap, axis=1, keepdims=True)
    opening = gap / np.maximum(length, 1e-6) * np.maximum(length - look.CLOSED_LID_CM, 0) * look.LID_GAIN
    seam = lower + (1 - look.UPPER_SHARE) * 0.6 * gap  # where the lids meet: low
    upper, lower = seam + look.UPPER_SHARE * opening, seam - (1 - look.UPPER_SHARE) * opening
    over = spline(view.head([eye[0], *upper, eye[3]]))
    under = spline(view.head([eye[0], *lower, eye[3]]))
    across = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
    arch = vec([0, 0.17, 0.23, 0.17, 0])[:, None] * vec(0, 1, 0.3) * np.linalg.norm(eye[3] - eye[0])
    crease = spline(view.head(eye[0] * (1 - across) + eye[3] * across + arch))
    paint.fill(np.concatenate([crease, over[::-1]]), "lid")
    if float(length.mean()) > look.CLOSED_LID_CM + 0.04:
        loop = np.concatenate([over, under[::-1]])
        yaw, pitch = (float(v) for v in gaze)
        out = vec(np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch) - 1)
        middle = (eye[0] + eye[3] + upper.sum(0) + lower.sum(0)) / 6
        iris = view.head([middle + look.EYEBALL_CM * out])[0]
        with paint.inside(loop) as white:
            white.fill(loop, "white")
            white.disc(iris, look.IRIS_CM * cm, "iris_dark")
            white.disc(iris, look.IRIS_CM * 0.84 * cm, "iris")
            white.disc(iris, look.IRIS_CM * look.PUPIL * cm, "pupil")
            white.disc(iris + vec(-0.26, -0.28) * cm, 0.19 * cm, "white")
            white.disc(iris + vec(0.26, 0.24) * cm, 0.09 * cm, "white")
    paint.stroke(under, 0.1 * cm, "line")
    paint.stroke(over, 0.3 * cm, "lash", ends=0.5)
    paint.stroke(crease, 0.1 * cm, "skin_deep")


def _brow(paint: Paint, view: View, brow: Floats) -> None:
    """One brow from its five points, the inner end first: a round head and a thin tail."""
    curve = spline(view.head(brow + vec(0, 0.1, 0.1)))
    t = np.linspace(0, 1, len(curve), dtype=np.float32)
    widths = 0.92 * np.minimum(np.sqrt(np.minimum(t / 0.14, 1) * 0.8 + 0.2), 1.08 - 0.85 * t)
    paint.fill(ribbon(curve, widths * view.px_per_cm), "brow")


def _nose(paint: Paint, view: View, points: Floats) -> None:
    """Nostrils, wings and the shade below; the bridge is light and shade of the skin."""
    cm = view.px_per_cm
    base = view.head(points[31:36])
    for outer, inner in ((0, 1), (4, 3)):
        nostril = np.stack(
            [0.6 * base[outer] + 0.4 * base[inner], 0.35 * base[outer] + 0.65 * base[inner], base[inner]]
        )
        paint.fill(
            ribbon(nostril - vec([0, 0.1], [0, 0.22], [0, 0.1]) * cm, vec(0.05, 0.3, 0.1) * cm), "line"
        )
    paint.stroke(spline(base), 0.14 * cm, "skin_deep")
    for corner, side in ((31, -1), (35, 1)):
        wing = points[corner] + vec([side * 0.15, 1.1, -0.2], [side * 0.35, 0.45, -0.2], [0, 0, 0])
        paint.stroke(spline(view.head(wing)), 0.16 * cm, "skin_deep")


def _mouth(paint: Paint, view: View, points: Floats, tongue: float) -> None:
    """Lips with what is seen between them, and the folds of a smile."""
    cm = view.px_per_cm
    for corner, wing, side in ((48, 31, -1), (54, 35, 1)):
        raised = float(points[corner, 1] - points[51, 1]) + 0.6  # below 0 at rest
        if raised > 0.1:
            top, bottom = (
                points[wing] + vec(side * 0.7, -0.3, -0.6),
                points[corner] + vec(side * 0.75, 0.35, -0.4),
            )
            fold = spline(view.head([top, 0.5 * (top + bottom) + vec(side * 0.35, 0.1, 0), bottom]))
            paint.stroke(fold, min(0.5 * raised, 0.2) * cm, "skin_dark")
    outer_up, outer_low = spline(view.head(points[48:55])), spline(view.head(points[[*range(54, 60), 48]]))
    inner_up, inner_low = spline(view.head(points[60:65])), spline(view.head(points[[64, 65, 66, 67, 60]]))
    paint.fill(np.concatenate([outer_up, inner_up[::-1]]), "lip_dark")
    paint.fill(np.concatenate([outer_low, inner_low[::-1]]), "lip")
    shine = 0.45 * points[[65, 66, 67]] + 0.55 * points[[56, 57, 58]] + vec(-0.15, 0.08, 0)
    paint.stroke(spline(view.head(shine)), 0.26 * cm, "lip_light")
    if float(face.lip_gap(points)) < 0.07:
        paint.stroke(0.5 * (inner_up + inner_low[::-1]), 0.16 * cm, "cavity", ends=0.4)
        return
    hole = np.concatenate([inner_up, inner_low])
    with paint.inside(hole) as mouth:
        mouth.fill(hole, "cavity")
        jaw = points[[65, 66, 67]].mean(0)
        bed = vec([-1.7, -0.9], [-1.2, 0.05], [0, 0.3 + tongue], [1.2, 0.05], [1.7, -0.9])
        depth = np.full((5, 1), -0.9, np.float32)
        mouth.fill(spline(view.head(jaw + np.hstack([bed, depth])), closed=True), "tongue")
        pursed = min(max((5.0 - float(face.mouth_width(points))) / 0.8, 0.0), 1.0)
        skull = points[33] + vec(0, 0.45 * pursed, 0)  # pursed lips hide the teeth
        row = vec(
            [-2.3, -2.45, -2.4], [-1.3, -2.85, -1.2], [0, -2.95, -0.8], [1.3, -2.85, -1.2], [2.3, -2.45, -2.4]
        )
        edge = spline(view.head(skull + row))
        mouth.fill(np.concatenate([edge, edge[::-1] - vec(0, 3 * cm)]), "teeth")
        edge = spline(view.head(jaw + vec([-1.7, 0.05, -1.6], [0, 0.3, -0.7], [1.7, 0.05, -1.6])))
        mouth.fill(np.concatenate([edge, edge[::-1] + vec(0, 3 * cm)]), "teeth_low")


def _hair(paint: Paint, view: View) -> None:
    paint.fill(spline(view.head(look.FRINGE), closed=True), "hair")
    for lock, width, colour in look.LOCKS:
        paint.stroke(spline(view.head(lock)), width * view.px_per_cm, colour)
