"""What the drawn character looks like: palette, and the parts that landmarks do not give.

One truth for two painters: `bridge.takes.drawing` reads it, and the browser preview gets it as JSON. Loops
are control points in the head frame (cm, +x the subject's left = the viewer's right); body points do not
follow the head. Knows nothing of cues, pictures or browsers.
"""

from __future__ import annotations

from typing import Final

VIEW_CM: Final = 27.5
"""Height and width of the picture at the face's depth."""
VIEW_CENTRE_Y: Final = 1.0
CAMERA_CM: Final = 80.0
"""Distance of the eye of the viewer from the head's origin."""

CLOSED_LID_CM: Final = 0.2
"""Lid gap that trackers still report for a shut eye; drawn as shut."""
LID_GAIN: Final = 1.95
"""Eyes are drawn larger than life, so that they read at the size of a thumbnail."""
EYE_WIDTH: Final = 1.26
UPPER_SHARE: Final = 0.72
"""Part of the lid gap that the upper lid closes; the lower lid rises by the rest."""
IRIS_CM: Final = 0.86
PUPIL: Final = 0.5
EYEBALL_CM: Final = 1.75

PALETTE: Final[dict[str, str]] = {
    "sky": "#6f8fd6",
    "sky_low": "#3d4f8f",
    "halo": "#93b3f0",
    "shirt": "#f2a65a",
    "shirt_dark": "#d67f3c",
    "skin": "#f3c39f",
    "skin_dark": "#d9977a",
    "lid": "#e6ae8e",
    "skin_deep": "#b87060",
    "light": "#ffe2c6",
    "blush": "#ee8c78",
    "hair": "#3a2a45",
    "hair_light": "#5b4166",
    "hair_dark": "#281b33",
    "brow": "#33233d",
    "lash": "#2a1b2e",
    "white": "#fdfaf6",
    "white_dark": "#cfc6d6",
    "iris": "#3f8f86",
    "iris_dark": "#1f5457",
    "pupil": "#14202a",
    "lip": "#cf6262",
    "lip_dark": "#b54a52",
    "lip_light": "#e58c84",
    "cavity": "#43121f",
    "teeth": "#fff8ee",
    "teeth_low": "#e6d6cc",
    "tongue": "#c95a68",
    "line": "#8a4a48",
}

Loop = tuple[tuple[float, float, float], ...]

SKULL: Final = ((0.0, 4.2, -3.4), (8.3, 9.2, 9.2))
"""Hair seen from outside: centre and radii of an ellipsoid."""

WIDENING: Final = 1.06
"""The head is drawn this much wider than it was measured: a rounder, friendlier face."""
CHIN_NARROWING: Final = 0.09
"""The jaw line is drawn narrower towards the chin by up to this share."""

BROW_EMPHASIS: Final = 1.4
"""Brows move this much more than measured: their millimetres decide the mood and are lost in a thumbnail."""

FOREHEAD: Final[Loop] = (
    (6.8, 5.8, -0.2),
    (6.0, 7.2, 1.8),
    (3.6, 8.4, 3.8),
    (0.0, 9.6, 4.4),
    (-4.0, 10.0, 3.4),
    (-6.2, 8.4, 1.8),
    (-6.95, 6.0, -0.4),
)
"""Closes the jaw line (points 0–16) over the top, from the subject's left to the right."""

CHEEK: Final[Loop] = (
    (0.80, 0.4, 3.6),
    (0.81, 0.2, 3.9),
    (0.82, 0.0, 3.7),
    (0.84, 0.0, 3.0),
    (0.88, 0.1, 2.0),
    (0.9, 0.2, 0.6),
)
"""For jaw points 1–6 and their mirror points: factor on x, then centimetres up and forward. They make the
front of the cheeks, which is what shows beyond the jaw line on the far side of a turned head."""
MASK_TOP: Final[Loop] = (
    (5.9, 5.8, 2.1),
    (4.2, 7.4, 3.8),
    (0.0, 8.8, 4.6),
    (-4.2, 8.8, 3.7),
    (-5.9, 6.4, 2.1),
)

EAR: Final[Loop] = (
    (6.9, 3.2, -2.4),
    (7.9, 4.1, -3.6),
    (8.7, 3.6, -4.4),
    (8.7, 1.6, -4.2),
    (8.1, -0.6, -3.2),
    (7.2, -1.7, -2.4),
    (6.8, 0.6, -2.0),
)
EAR_INNER: Final[Loop] = (
    (7.7, 3.0, -3.2),
    (8.2, 2.7, -3.8),
    (8.1, 1.2, -3.6),
    (7.6, 0.0, -2.9),
    (7.3, 1.4, -2.6),
)
"""The subject's left ear; the right one is its mirror image."""

SIDEBURN: Final[Loop] = (
    (5.6, 8.6, 1.0),
    (6.0, 4.6, -0.6),
    (6.8, 1.0, -2.0),
    (7.3, 0.9, -2.4),
    (7.7, 3.4, -3.2),
    (7.8, 7.5, -3.2),
)
"""On the subject's left, behind the face; the right one is its mirror image."""

FRINGE: Final[Loop] = (
    (-6.95, 4.6, -0.6),
    (-6.6, 6.8, 1.0),
    (-5.8, 8.2, 2.6),
    (-4.4, 9.3, 4.0),
    (-2.0, 9.0, 5.0),
    (0.9, 8.1, 5.5),
    (3.6, 7.5, 4.9),
    (5.5, 6.9, 3.4),
    (6.5, 6.0, 1.4),
    (6.95, 4.6, -0.6),
    (7.5, 6.0, -2.0),
    (7.5, 8.0, -2.0),
    (6.0, 10.8, -1.5),
    (3.2, 12.6, -1.0),
    (-0.8, 13.1, -1.0),
    (-4.6, 12.0, -1.0),
    (-6.7, 10.0, -1.6),
    (-7.5, 8.0, -2.0),
    (-7.5, 6.0, -2.0),
)
LOCKS: Final[tuple[tuple[Loop, float, str], ...]] = (
    (((-4.2, 9.6, 4.1), (-1.6, 9.3, 5.2), (1.6, 8.0, 5.6), (4.0, 6.6, 5.0), (5.2, 5.9, 4.2)), 1.1, "hair"),
    (((-3.6, 9.8, 4.2), (-0.6, 9.6, 5.1), (2.4, 8.6, 5.0), (5.0, 7.2, 3.8), (6.3, 5.4, 2.0)), 0.9, "hair"),
    (
        ((-4.2, 9.7, 2.6), (-2.6, 11.2, 2.1), (0.8, 11.4, 2.6), (4.4, 9.8, 2.3), (6.2, 7.2, 2.2)),
        0.8,
        "hair_light",
    ),
    (
        ((-4.4, 9.5, 2.6), (-2.2, 10.1, 3.5), (1.0, 9.5, 4.3), (3.8, 8.2, 4.0), (5.2, 7.0, 3.5)),
        0.42,
        "hair_dark",
    ),
    (((-3.0, 11.8, 0.9), (0.0, 12.4, 1.1), (3.4, 11.4, 1.2), (5.6, 9.6, 1.0)), 0.35, "hair_light"),
    (((-4.6, 9.8, 2.1), (-5.8, 9.8, 0.4), (-6.8, 8.2, 0.3), (-7.2, 6.0, -0.8)), 0.45, "hair_light"),
)
"""Strands: control points, greatest width in cm, colour."""

NECK: Final[Loop] = (
    (-3.9, -6.5, 0.0),
    (-3.8, -10.0, 0.0),
    (-4.9, -12.2, 0.0),
    (4.9, -12.2, 0.0),
    (3.8, -10.0, 0.0),
    (3.9, -6.5, 0.0),
)
NECK_FOLLOWS: Final = 0.6
"""How much of the head's movement the top of the neck takes part in."""
SHOULDERS: Final[Loop] = (
    (-14.5, -16.0, 0.0),
    (-12.4, -12.9, 0.0),
    (-8.0, -11.4, 0.0),
    (-4.8, -10.6, 0.0),
    (-3.0, -12.0, 0.0),
    (0.0, -12.7, 0.0),
    (3.0, -12.0, 0.0),
    (4.8, -10.6, 0.0),
    (8.0, -11.4, 0.0),
    (12.4, -12.9, 0.0),
    (14.5, -16.0, 0.0),
)

SPOTS: Final[tuple[tuple[tuple[float, float, float], float, float, str, float], ...]] = (
    ((8.2, 0.0, -1.0), 5.2, 13.0, "skin_dark", 0.75),
    ((-8.4, -2.0, -1.5), 3.0, 10.0, "skin_dark", 0.4),
    ((1.2, -10.6, 2.5), 8.5, 3.4, "skin_dark", 0.8),
    ((-2.0, 7.8, 4.6), 5.6, 3.6, "light", 0.75),
    ((-4.0, 0.6, 4.2), 2.8, 2.2, "light", 0.6),
    ((3.6, 0.6, 4.4), 2.2, 1.8, "light", 0.4),
    ((-0.6, -8.0, 4.6), 1.8, 1.2, "light", 0.5),
    ((-4.4, -1.6, 3.6), 2.7, 1.9, "blush", 0.6),
    ((4.4, -1.6, 3.6), 2.7, 1.9, "blush", 0.6),
    ((-2.9, 3.6, 3.6), 2.4, 1.5, "skin_dark", 0.42),
    ((2.9, 3.6, 3.6), 2.4, 1.5, "skin_dark", 0.42),
    ((1.2, 1.6, 5.2), 1.0, 2.6, "skin_dark", 0.55),
    ((0.3, -2.9, 5.6), 1.9, 0.9, "skin_dark", 0.6),
    ((-0.3, -0.6, 7.6), 0.75, 0.65, "light", 0.9),
    ((-0.4, 1.6, 6.0), 0.5, 2.2, "light", 0.6),
)
"""Soft light and shade on the face: centre, radii in cm, colour, strength."""
