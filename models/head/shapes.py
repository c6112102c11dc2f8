"""Displacements of the face's 468 points for each ARKit shape: learned from tracks, held to measured landmarks.

Three judges. *Tracks* (frames of the GRID speaker with a tracker's scores): a ridge tells how the surface moves with
a score, where the score lives and agrees with geometry. *Geometry*: the ICT-FaceKit landmark table says how far
68 points go at weight 1. *Smoothness*: between landmarks the surface moves as neighbours do (a Gaussian process);
its covariance is partly learned from the tracks, and lips and lids are neighbours only on their own side.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from bridge.frames import ARKIT, ARKIT_INDEX
from models.data.landmarker import LANDMARKS
from models.head.face import LEFT_LOWER_LID, LOWER_LIP, RIGHT_LOWER_LID, UPPER_LIP, bump
from models.head.mesh import Floats, Ints

ALIVE = 0.15
"""Range of a score (1st to 99th percentile) over the tracks above which it is heard."""
AGREES = 0.5
"""Cosine between what tracks and table say of the landmarks above which the tracks are believed."""
LEARNED_SHARE = 0.35
"""Of the covariance; the rest is smoothness alone."""
REACH_CM = 2.3
"""Length over which neighbours move together."""
NOISE_CM = 0.03
"""How closely landmarks are held."""
_FLIP = np.array([-1, 1, 1])


def swapped(name: str) -> str:
    """The name with left and right exchanged."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    if name.endswith("Right"):
        return name[:-5] + "Left"
    return name


def opened(face: Floats) -> Floats:
    """The face (468, 3) with lips and lids pulled apart: distances in it are those along the skin."""
    out = face.astype(float).copy()
    middle = (face[list(UPPER_LIP)] + face[list(LOWER_LIP)]) / 2
    half = np.abs(face[:, 0])
    line = np.interp(face[:, 0], middle[:, 0], middle[:, 1])
    below = line - face[:, 1]
    corner = np.abs(middle[0, 0])
    soft = 0.02 + 1.6 * np.clip((half - corner + 0.15) / 1.5, 0, 1)
    lower = np.clip(below / soft + 0.5, 0, 1)
    lower[list(LOWER_LIP[1:-1])] = 1
    lower[list(UPPER_LIP[1:-1])] = 0
    near = bump(np.linalg.norm(face - middle[5], axis=1) * 0.5, 6.0)
    out[:, 1] -= 2.2 * lower * near
    for rim in (RIGHT_LOWER_LID, LEFT_LOWER_LID):
        at = face[list(rim)].mean(0)
        away = face - at
        low = np.clip(-away[:, 1] / 0.2 + 0.5, 0, 1) * bump(np.linalg.norm(away, axis=1), 3.0)
        out[:, 1] -= 0.8 * low
    return out


LIP_CONTOURS = (
    (48, 49, 50, 51, 52, 53, 54),
    (48, 59, 58, 57, 56, 55, 54),
    (60, 61, 62, 63, 64),
    (60, 67, 66, 65, 64),
)
"""The lips' landmarks from the right corner to the left one."""


def along_lips(table: Floats, measured_on: Floats, face: Floats) -> Floats:
    """The table (52, 68, 3) read where our lip landmarks lie: two makers' points are not at the same share of a lip.

    `measured_on` (68, 3): the face the table belongs to; `face` (468, 3): ours.
    """
    out = table.copy()
    ours = face[list(LANDMARKS)]
    for line in LIP_CONTOURS:
        at = list(line)

        def share(x: Floats) -> Floats:
            return (x - x[0]) / (x[-1] - x[0])

        theirs, mine = share(measured_on[at, 0]), share(ours[at, 0])
        out[:, at] = PchipInterpolator(theirs, table[:, at], axis=1)(mine)
    return out


class Skin:
    """A Gaussian process over the face's points."""

    def __init__(self, face: Floats, moves: Floats) -> None:
        """`moves` (N, 468, 3): tracked displacements, mirror images included."""
        at = opened(face)
        square = ((at[:, None] - at[None]) ** 2).sum(-1)
        smooth = 0.8 * np.exp(-square / (2 * REACH_CM**2)) + 0.2 * np.exp(
            -square / (2 * (0.35 * REACH_CM) ** 2)
        )
        flat = moves.reshape(len(moves), -1)
        learned = flat.T @ flat / len(flat)
        learned *= 1.0 / np.trace(learned) * len(learned)
        near = np.exp(
            -square / (2 * (2.5 * REACH_CM) ** 2)
        )  # what moves far away is head motion left in tracks
        learned *= np.kron(near, np.ones((3, 3)))
        self.covariance = LEARNED_SHARE * learned + (1 - LEARNED_SHARE) * np.kron(smooth, np.eye(3))

    def spread(self, points: Ints, moves: Floats, noise: float = NOISE_CM) -> Floats:
        """(468, 3): what the whole face does when `points` (P,) do `moves` (P, 3)."""
        rows = (3 * np.asarray(points)[:, None] + np.arange(3)).ravel()
        known = self.covariance[np.ix_(rows, rows)] + noise**2 * np.eye(rows.size)
        answer = self.covariance[:, rows] @ np.linalg.solve(known, np.asarray(moves, float).ravel())
        return answer.reshape(-1, 3)


def ridge(moves: Floats, scores: Floats, strength: float = 0.02) -> Floats:
    """(52, 468, 3): surface movement with each score at 1. `moves` (N, 468, 3), `scores` (N, 52), centred."""
    gram = scores.T @ scores / len(scores) + strength * np.diag(scores.var(0) + 1e-5)
    mixed = scores.T @ moves.reshape(len(moves), -1) / len(scores)
    return np.linalg.solve(gram, mixed).reshape(scores.shape[1], -1, 3)


def learned(
    face: Floats, mirror: Ints, tracked: Floats, scores: Floats, table: Floats
) -> tuple[Floats, dict[str, float]]:
    """(52, 468, 3) displacements at weight 1, and how far tracks and table agree where tracks were believed.

    Args:
        face: (468, 3) at rest.
        mirror: (468,) mirror pairs.
        tracked: (N, 468, 3) displacements of tracked frames from their rest.
        scores: (N, 52) in the order of `ARKIT`, relative to rest.
        table: (52, 68, 3) landmark displacements at weight 1; zeros where it has none.
    """
    order = [ARKIT_INDEX[swapped(n)] for n in ARKIT]
    both = np.concatenate([tracked, tracked[:, mirror] * _FLIP])
    heard = np.concatenate([scores, scores[:, order]])
    spread = np.percentile(heard, 99, axis=0) - np.percentile(heard, 1, axis=0)
    slopes = ridge(both - both.mean(0), heard - heard.mean(0))
    skin = Skin(face, both)
    points = np.array(LANDMARKS)
    out = np.zeros((len(ARKIT), len(face), 3))
    believed: dict[str, float] = {}
    for i, name in enumerate(ARKIT):
        goal = table[i].astype(float)
        if not goal.any():
            continue
        prior = np.zeros_like(face, dtype=float)
        if spread[i] > ALIVE:
            seen = slopes[i, points]
            cosine = float((seen * goal).sum() / np.sqrt((seen**2).sum() * (goal**2).sum()))
            if cosine > AGREES:
                believed[name] = cosine
                prior = slopes[i] * ((seen * goal).sum() / (seen**2).sum())
        out[i] = prior + skin.spread(points, goal - prior[points])
    return symmetric_shapes(out, mirror), believed


def symmetric_shapes(shapes: Floats, mirror: Ints) -> Floats:
    """(52, N, 3): each shape the mean of itself and the mirror image of its other side."""
    order = [ARKIT_INDEX[swapped(n)] for n in ARKIT]
    return (shapes + shapes[order][:, mirror] * _FLIP) / 2
