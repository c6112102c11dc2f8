"""Cues → the 52 ARKit weights: a small learned map, and closed formulas where a viewer looks first.

Stateless and mirror-equivariant to the bit: a mirrored face gives mirrored weights. The map
(`rigs/arkit_map.npz`, learned by `models.training.retarget`) sees brows, nose, jaw and lips relative to
`neutral_face()`; it gives 0 at rest. Three things are not left to it:

*Lips.* A face with ARKit shapes shows, to first order, the inner-lip gap

    gap(w) = max(0, J·(jawOpen − mouthClose) + parted(w) + max(0, rest(w)))        [cm]

where `parted` sums the shapes that part lips (lowerDown, upperUp, funnel) and `rest` all others, with the
coefficients `parting`. The weights are corrected until gap(w) is the gap of the landmarks: parting shapes
may not part more than what is seen, mouthClose takes what is too much, jawOpen adds what is missing.

*Lids.* eyeBlink is the closing of the lid gap, eyeWide its widening, eyeSquint the rise of the lower lid
alone; cheekSquint is the part of that rise that comes with a smile, for no landmark lies on the cheek.

*Eyes.* eyeLook* is gaze over a full-scale angle.

tongueOut stays 0: no landmark sees a tongue. Knows nothing of time or audio; what a rig makes of the
weights is `bridge.rigs`.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, Cues, Floats
from bridge.rigs import Rig, RigError, load_rig

__all__ = ["Retarget", "Rig", "RigError", "lip_opening", "load_rig"]

YAW_FULL = float(np.radians(35.0))
"""Gaze yaw (rad) at which eyeLookIn and eyeLookOut are 1."""
UP_FULL, DOWN_FULL = float(np.radians(25.0)), float(np.radians(30.0))
"""Gaze pitch (rad) at which eyeLookUp and eyeLookDown are 1."""
LID_CLOSED = 0.2
"""Share of the neutral lid gap that counts as shut: what a face tracker still sees between closed lids."""
LID_WIDE = (1.06, 1.50)
"""Shares of the neutral lid gap at which eyeWide leaves 0 and reaches 1."""
SQUINT_CM = (0.015, 0.22)
"""Rises of the lower lid against the eye corners at which eyeSquint leaves 0 and reaches 1."""
TOUCH_CM = 1e-4
"""Lips no further apart than this in all touch: where they meet, rounding must not say whether they do."""
SQUINT_LEFT_BY_BLINK = 0.3
"""What is left of eyeSquint in a full blink, which lifts the lower lid too: rigs add the two up."""

_FORMED = ("eye", "cheekSquint", "tongue")
_MAPPED = [n for n in ARKIT if not n.startswith(_FORMED)]
LEFT = np.array([ARKIT_INDEX[n] for n in _MAPPED if n.endswith("Left")])
RIGHT = np.array([ARKIT_INDEX[ARKIT[i].replace("Left", "Right")] for i in LEFT])
CENTRE = np.array([ARKIT_INDEX[n] for n in _MAPPED if not n.endswith(("Left", "Right"))])
"""ARKIT indices the map gives: pairs (same order) and single shapes."""

_SEEN = [i for i in range(face.COUNT) if i not in face.EYES and i not in (0, 1, 15, 16)]
_HALF = np.array([i for i in _SEEN if i <= face.MIRROR[i]])
_ACROSS = np.array([face.MIRROR[i] for i in _HALF])
FEATURES = 3 * _HALF.size
"""Length of the even and of the odd half of a displacement."""
_FLIP = np.array([-1, 1, 1], np.float32)
_HALF_FLAT, _ACROSS_FLAT = ((3 * points[:, None] + np.arange(3)).ravel() for points in (_HALF, _ACROSS))
_FLIP_FLAT = np.tile(_FLIP, _HALF.size)
_MAPPED_ORDER = np.concatenate([LEFT, RIGHT, CENTRE])

_JAW, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
_PARTERS = ("mouthLowerDownLeft", "mouthUpperUpLeft", "mouthFunnel")
_LID_SHAPES = tuple(
    tuple(ARKIT_INDEX[f"{n}{s}"] for n in ("eyeBlink", "eyeWide", "eyeSquint", "cheekSquint", "mouthSmile"))
    for s in ("Right", "Left")
)
_LOOK = tuple(
    tuple(ARKIT_INDEX[f"eyeLook{d}{s}"] for d in ("In", "Out", "Down", "Up")) for s in ("Right", "Left")
)
_EYES = np.array(
    [(*face.UPPER_LID[:2], *face.LOWER_LID[:2], 36, 39), (*face.UPPER_LID[2:], *face.LOWER_LID[2:], 42, 45)]
)
"""(2, 6) right eye, left eye: two points of the upper lid, those of the lower lid that face them, the corners."""
_GAP = np.array([*face.GAP_UPPER, *face.GAP_LOWER])


@cache
def mirrored_order() -> tuple[int, ...]:
    """ARKIT indices with left and right exchanged."""
    swap = {"Left": "Right", "Right": "Left"}
    return tuple(
        ARKIT_INDEX[next((n[: -len(s)] + t for s, t in swap.items() if n.endswith(s)), n)] for n in ARKIT
    )


def halves(move: Floats) -> tuple[Floats, Floats]:
    """Displacement (..., 68, 3) → even and odd parts (..., FEATURES): the mirror image has −odd."""
    near, far = move[..., _HALF, :], move[..., _ACROSS, :] * _FLIP
    shape = (*move.shape[:-2], FEATURES)
    return ((near + far) * np.float32(0.5)).reshape(shape), ((near - far) * np.float32(0.5)).reshape(shape)


def lip_opening(landmarks: Floats) -> float:
    """Inner-lip gap in cm of (68, 3), as `landmarks.lip_gap` but 0 where the lips have crossed."""
    first, middle, last, *lower = landmarks[_GAP].tolist()
    pairs = list(zip((first, middle, last), lower, strict=True))
    rise = [up[1] - low[1] for up, low in pairs]
    if (rise[0] + rise[2]) + rise[1] <= TOUCH_CM:
        return 0.0
    gap = [math.dist(up, low) for up, low in pairs]
    return ((gap[0] + gap[2]) + gap[1]) / 3  # this order: the mirror image must sum alike


def _share(x: float) -> float:
    """`x` within 0..1."""
    return min(max(x, 0.0), 1.0)


def _eyes(landmarks: Floats) -> list[tuple[float, float]]:
    """Right eye, then left: its lid gap, and the height of the lower lid over the corners, in cm."""
    eyes = []
    for up, up_too, low, low_too, corner, corner_too in landmarks[_EYES].tolist():
        gap = (math.dist(up, low) + math.dist(up_too, low_too)) / 2
        eyes.append((gap, (low[1] + low_too[1]) / 2 - (corner[1] + corner_too[1]) / 2))
    return eyes


class Retarget:
    """Cues → weights (52,), each in [0, 1]. Keeps nothing between frames."""

    def __init__(self, path: Path | None = None) -> None:
        """Reads the learned map, the shipped one unless `path` names another.

        Raises:
            ValueError: if the file is no map for these 52 weights.
        """
        path = path or Path(__file__).with_name("rigs") / "arkit_map.npz"
        with np.load(path, allow_pickle=False) as data:
            keys = ("names", "even", "bias", "odd", "side", "centre", "parting")
            missing = [k for k in keys if k not in data.files]
            if missing:
                raise ValueError(f"{path} misses {', '.join(missing)}: make it with models.training.retarget")
            names = tuple(str(n) for n in data["names"])
            arrays = {k: np.ascontiguousarray(data[k], np.float32) for k in keys[1:]}
        hidden = arrays["bias"].size
        want = {
            "even": (hidden, FEATURES), "odd": (hidden, FEATURES), "bias": (hidden,),
            "side": (LEFT.size, hidden), "centre": (CENTRE.size, hidden), "parting": (len(ARKIT),),
        }  # fmt: skip
        wrong = [f"{k} {arrays[k].shape}, not {s}" for k, s in want.items() if arrays[k].shape != s]
        if names != ARKIT or wrong:
            raise ValueError(f"{path} is for another set of weights ({'; '.join(wrong) or 'names differ'})")
        self._even, self._odd, self._bias = arrays["even"], arrays["odd"], arrays["bias"]
        self._side, self._centre = arrays["side"], arrays["centre"]
        self.parting: Floats = arrays["parting"]
        self._at_rest = np.maximum(self._bias, 0)
        neutral = face.neutral_face()
        self._neutral = neutral
        self._eyes = _eyes(neutral)
        # of the sum and of the difference of the two sides: half of each is what `halves` gives
        self._half_even, self._half_odd = self._even * np.float32(0.5), self._odd * np.float32(0.5)
        parters = np.zeros(len(ARKIT), bool)
        parters[[ARKIT_INDEX[n] for n in _PARTERS]] = True
        coefficient = self.parting.copy()
        coefficient[[_JAW, _CLOSE]] = 0  # they have their own term
        self._side_parts = np.stack([coefficient[LEFT] * parters[LEFT], coefficient[LEFT] * ~parters[LEFT]])
        self._centre_parts = np.stack(
            [coefficient[CENTRE] * parters[CENTRE], coefficient[CENTRE] * ~parters[CENTRE]]
        )
        both = parters.copy()
        both[RIGHT[parters[LEFT]]] = True
        self._parters = np.flatnonzero(both)

    def parts(self) -> tuple[Floats | npt.NDArray[np.intp], ...]:
        """All numbers that the map is made of, for a copy of it elsewhere: indices, weights, the resting face.

        Points of a half and those across, (P,) each; shapes of the left, the right and the middle; those that part
        lips; weights of the even and the odd half (hidden, 3·P), bias (hidden,), of sides and of the middle; the lip
        gap that each shape makes (52,); the resting face (68, 3) in cm.
        """
        return (
            _HALF, _ACROSS, LEFT, RIGHT, CENTRE, self._parters,
            self._even, self._odd, self._bias, self._side, self._centre, self.parting, self._neutral,
        )  # fmt: skip

    def reset(self) -> None:
        """Nothing to forget: every frame stands alone."""

    def __call__(self, cues: Cues) -> Floats:
        """Weights (52,) of a frame, in the order of `ARKIT`."""
        move = (cues.landmarks - self._neutral).ravel()
        near, far = move[_HALF_FLAT], move[_ACROSS_FLAT] * _FLIP_FLAT
        e, o = self._half_even @ (near + far) + self._bias, self._half_odd @ (near - far)
        left = np.maximum(e + o, 0) - self._at_rest
        right = np.maximum(e - o, 0) - self._at_rest
        mapped = np.concatenate([self._side @ left, self._side @ right, self._centre @ (left + right)])
        np.minimum(np.maximum(mapped, 0, out=mapped), 1, out=mapped)
        weights: Floats = np.zeros(len(ARKIT), np.float32)
        weights[_MAPPED_ORDER] = mapped
        self._join_lips(weights, lip_opening(cues.landmarks))
        self._set_lids(weights, cues.landmarks)
        (right_yaw, right_pitch), (left_yaw, left_pitch) = cues.gaze.tolist()
        # the right eye looks inward to the subject's left
        for (inner, outer, down, up), inward, pitch in zip(
            _LOOK, (right_yaw, -left_yaw), (right_pitch, left_pitch), strict=True
        ):
            weights[inner], weights[outer] = _share(inward / YAW_FULL), _share(-inward / YAW_FULL)
            weights[down], weights[up] = _share(-pitch / DOWN_FULL), _share(pitch / UP_FULL)
        return weights

    def _parts(self, weights: Floats) -> tuple[float, float]:
        """Gap (cm) that the parting shapes make, and that all shapes but these and the jaw make."""
        sides = weights[LEFT] + weights[RIGHT]
        parts = self._side_parts @ sides + self._centre_parts @ weights[CENTRE]
        return float(parts[0]), float(parts[1])

    def lip_gap(self, weights: Floats) -> float:
        """Inner-lip gap in cm that a face with weights (52,) shows: the formula of the module's header."""
        parted, rest = self._parts(weights)
        jaw = float(self.parting[_JAW]) * float(weights[_JAW] - weights[_CLOSE])
        return max(0.0, jaw + parted + max(0.0, rest))

    def _join_lips(self, weights: Floats, gap: float) -> None:
        """Corrects jawOpen, mouthClose and the parting shapes until `lip_gap(weights)` is `gap`."""
        parted, rest = self._parts(weights)
        if parted > gap:
            weights[self._parters] *= gap / parted
            parted = gap
        need = (gap - parted - max(0.0, rest)) / float(self.parting[_JAW])  # of jawOpen − mouthClose
        jaw = max(float(weights[_JAW]), need)
        weights[_JAW] = min(jaw, 1.0)
        weights[_CLOSE] = min(max(jaw - need, 0.0), 1.0)

    def _set_lids(self, weights: Floats, landmarks: Floats) -> None:
        for shapes, (gap, lower), (gap_at_rest, lower_at_rest) in zip(
            _LID_SHAPES, _eyes(landmarks), self._eyes, strict=True
        ):
            blinks, widens, squints, cheek, smiles = shapes
            opening, raised = gap / gap_at_rest, lower - lower_at_rest
            blink = _share((1 - opening) / (1 - LID_CLOSED))
            squint = _share((raised - SQUINT_CM[0]) / (SQUINT_CM[1] - SQUINT_CM[0]))
            squint *= 1 - blink * (1 - SQUINT_LEFT_BY_BLINK)
            weights[blinks] = blink
            weights[widens] = _share((opening - LID_WIDE[0]) / (LID_WIDE[1] - LID_WIDE[0]))
            weights[squints] = squint
            weights[cheek] = squint * float(weights[smiles])
