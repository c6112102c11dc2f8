"""Centimetres of the head frame as pixels of a 256-pixel face crop, which is how papers report LMD.

The crop is a square around the face that stands still for a whole clip. Its side is `SIDE_PER_FACE` times the
longer side of the upright box that holds all 68 tracked points of all frames (brows to chin, ear to ear): so are
GRID's 256 × 256 pictures cut that the renderer learns from (1.74 ± 0.005 over 192 clips), and so, about, are
those of the papers. Where the crop sits does not matter: only differences of points are measured.

Where a track has `pixels (T, 68, 2)`, each frame's map is the least-squares affine one from its landmarks
(68, 3) cm to its pixels; its linear part (2, 3), times 256 / side, turns an error in the head frame into one in
the crop, with the head turned and as far away as it was. A track without pixels is looked at from the front:
x and −y, and the neutral face's own box.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats

CROP_PX = 256
SIDE_PER_FACE = 1.75
"""Side of the crop by the longer side of the box around the face."""


def box_side(points: Floats) -> float:
    """Longer side of the upright box around (..., K, 2) points."""
    flat = points.reshape(-1, 2)
    return float((flat.max(0) - flat.min(0)).max())


def frontal_map() -> Floats:
    """(2, 3) crop pixels a cm, looked at from the front: the neutral face (about 15 cm) in its own crop."""
    scale = CROP_PX / (SIDE_PER_FACE * box_side(face.neutral_face()[:, :2]))
    return np.array([[scale, 0, 0], [0, -scale, 0]], np.float32)


def maps_of(landmarks: Floats, pixels: Floats) -> Floats:
    """(T, 2, 3) crop pixels a cm of tracked landmarks (T, 68, 3) cm and pixels (T, 68, 2)."""
    side = SIDE_PER_FACE * box_side(pixels)
    about = landmarks - landmarks.mean(1, keepdims=True)
    seen = pixels - pixels.mean(1, keepdims=True)
    linear = np.linalg.pinv(about.astype(np.float64)) @ seen.astype(np.float64)  # (T, 3, 2)
    return np.asarray(linear.transpose(0, 2, 1) * (CROP_PX / side), np.float32)


def crop_maps(path: Path) -> tuple[Floats, Floats]:
    """(time_s (T,), maps (T, 2, 3) crop pixels a cm) of a track file; one frontal map if it has no pixels."""
    with np.load(path, allow_pickle=False) as data:
        if "pixels" in data.files:
            ok = data["ok"].astype(bool) & np.isfinite(data["pixels"]).all((1, 2))
            if ok.sum() >= 2:
                landmarks = data["landmarks"][ok].astype(np.float32)
                return data["time_s"][ok].astype(np.float32), maps_of(
                    landmarks, data["pixels"][ok].astype(np.float32)
                )
    return np.zeros(1, np.float32), frontal_map()[None]


def in_pixels(error: Floats, maps: Floats) -> Floats:
    """Lengths (T, K) in crop pixels of errors (T, K, 3) cm through maps (T, 2, 3)."""
    seen = np.einsum("tij,tkj->tki", maps, error)
    return np.asarray(np.sqrt((seen**2).sum(-1)))
