"""What a textbook says each emotion does to a face: action units as shapes of ICT-FaceKit's landmark table.

The units are those on which Ekman & Friesen (EMFACS, 1983) and Du, Tao & Martinez (2014) agree, with weights set by
eye and in sight of what filmed actors do (raised brows under contempt, heavy lids under sadness). Two filmed people
are few; the textbook stands beside them as one more, so that what one does alone does not become everybody's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import EMOTIONS, Floats

UNITS: dict[str, dict[str, float]] = {
    "angry": {"browDown": 0.9, "noseSneer": 0.3, "eyeSquint": 0.4, "mouthPress": 0.4, "mouthFrown": 0.2},
    "contempt": {"mouthDimple_L": 0.6, "mouthSmile_L": 0.2, "browOuterUp": 0.5, "browInnerUp": 0.4, "eyeBlink": 0.1},
    "disgusted": {"noseSneer": 0.4, "mouthUpperUp": 0.35, "browDown": 0.7, "mouthStretch": 0.5, "cheekSquint": 0.4,
                  "eyeSquint": 0.4, "mouthFrown": 0.4},
    "fear": {"browInnerUp": 0.8, "browOuterUp": 0.35, "eyeWide": 0.8, "mouthStretch": 0.7},
    "happy": {"mouthSmile": 0.6, "cheekSquint": 0.5, "eyeSquint": 0.3},
    "neutral": {},
    "sad": {"browInnerUp": 0.5, "browDown": 0.15, "mouthFrown": 0.9, "mouthShrugLower": 0.4, "mouthStretch": 0.35,
            "eyeBlink": 0.12},
    "surprised": {"browInnerUp": 0.8, "browOuterUp": 0.8, "eyeWide": 0.8},
}  # fmt: skip
"""Shape (both sides where none is named) → weight, by emotion. What opens the mouth is the voice's."""


def prototypes(table: Path) -> Floats:
    """(8, 68, 3) cm of displacement, in the order of EMOTIONS.

    Args:
        table: `landmark_basis.npz` with `delta (N, 68, 3)` and `names (N,)`.

    Raises:
        ValueError: if the table lacks a shape.
    """
    with np.load(table, allow_pickle=False) as data:
        delta, names = data["delta"].astype(np.float32), [str(name) for name in data["names"]]
    out = np.zeros((len(EMOTIONS), face.COUNT, 3), np.float32)
    for k, emotion in enumerate(EMOTIONS):
        for shape, weight in UNITS[emotion].items():
            found = [i for i, name in enumerate(names) if name in (shape, f"{shape}_L", f"{shape}_R")]
            if not found:
                raise ValueError(f"{table} has no shape {shape}; it has {', '.join(names)}")
            out[k] += weight * delta[found].sum(0)
    return out
