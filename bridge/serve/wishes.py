"""The header of an Audio2Face stream: what its client wishes, checked, and what of it can be had here.

Knows the fields by their published names and no library: anything that has them will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bridge.direction import DirectionConfig
from bridge.frames import ARKIT, ARKIT_INDEX, Floats
from bridge.serve import WishError
from bridge.serve.feelings import mixture
from bridge.steering import EASE_S

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 192_000
PCM, BITS, CHANNELS = 0, 16, 1
PREFERRED_STRENGTH = 0.5
"""Share of the time codes' emotions when the header names none, as their documentation has it."""
USUAL_STRENGTH = 0.6
"""Their emotion_strength of a usual face: intensity 1 here."""
MAX_GAIN = 2.0
"""Gains and intensities go no further here."""
MAX_FACTOR = 100.0
"""Multipliers and offsets beyond ± this are a mistake."""
LISTED = 8
"""Names told in one message."""

_SIDED = (
    "EyeBlink", "EyeLookDown", "EyeLookIn", "EyeLookOut", "EyeLookUp", "EyeSquint", "EyeWide",
)  # fmt: skip
SHAPES = (
    *(f"{name}Left" for name in _SIDED), *(f"{name}Right" for name in _SIDED),
    "JawForward", "JawLeft", "JawRight", "JawOpen",
    "MouthClose", "MouthFunnel", "MouthPucker", "MouthLeft", "MouthRight",
    "MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft", "MouthFrownRight",
    "MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight",
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper",
    "MouthPressLeft", "MouthPressRight", "MouthLowerDownLeft", "MouthLowerDownRight",
    "MouthUpperUpLeft", "MouthUpperUpRight", "BrowDownLeft", "BrowDownRight",
    "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight", "CheekPuff",
    "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut",
)  # fmt: skip
"""The 52 in the order and spelling that their clients know."""


def _ours(shape: str) -> str:
    return shape[:1].lower() + shape[1:]


FROM_ARKIT = np.array([ARKIT_INDEX[_ours(name)] for name in SHAPES])
"""weights[FROM_ARKIT] puts weights (52,) of `ARKIT` into the order of `SHAPES`."""
TONGUE_SHAPES = tuple(
    f"Tongue{name}" for name in (
        "TipUp", "TipDown", "TipLeft", "TipRight", "RollUp", "RollDown", "RollLeft", "RollRight",
        "Up", "Down", "Left", "Right", "In", "Stretch", "Wide", "Narrow",
    )
)  # fmt: skip
"""Shapes that their own configurations name and that no face of 52 has."""

_FACE_RANGES: dict[str, tuple[float, float]] = {
    "skinStrength": (0, 2), "upperFaceStrength": (0, 2), "lowerFaceStrength": (0, 2),
    "lowerFaceSmoothing": (0, 0.1), "blinkStrength": (0, 2), "eyelidOpenOffset": (-1, 1), "blinkOffset": (-1, 1),
}  # fmt: skip
_FACE_UNMET = {
    "upperFaceSmoothing": None, "faceMaskLevel": None, "faceMaskSoftness": None, "lipOpenOffset": 0.0,
    "tongueStrength": None, "tongueHeightOffset": 0.0, "tongueDepthOffset": 0.0,
}  # fmt: skip
"""Known there, without a counterpart here → the value that asks for nothing."""
_EMOTION_UNMET: dict[str, tuple[float, tuple[float, float]]] = {
    "emotion_contrast": (1.0, (0.3, 3)), "live_blend_coef": (0.7, (0, 1)), "max_emotions": (3, (1, 6)),
}  # fmt: skip
"""The same of the emotions → their default, and the range they document."""


@dataclass(frozen=True, slots=True, eq=False)
class Wishes:
    """What one stream is to be."""

    rate_hz: int
    direction: DirectionConfig
    gain: Floats
    """(52,) of `ARKIT`: what weights are multiplied by."""
    offset: Floats
    """(52,) what is added then."""
    clamp: bool
    """Whether weights are held within 0..1 after that."""
    follow: bool
    """Whether emotion time codes are to be followed."""
    mix: float
    """Their share against the voice's own emotion."""
    transition_s: float
    beginning: Floats | None
    """(8,) what the face feels at first; None = nothing said."""
    unmet: tuple[str, ...]
    """What was asked for and has no counterpart here."""

    def shaped(self, weights: Floats) -> Floats:
        """Weights (52,) with the multipliers and offsets of the header."""
        shaped: Floats = weights * self.gain + self.offset
        return np.minimum(np.maximum(shaped, 0.0), 1.0) if self.clamp else shaped


def read_header(header: Any, base: DirectionConfig) -> Wishes:
    """The wishes in an `AudioWithEmotionStreamHeader`, on top of what the server's own director asks for.

    Raises:
        WishError: sound that cannot be heard, a name that nobody knows, or a value out of its range.
    """
    rate_hz = _rate(header.audio_header)
    unmet: list[str] = []
    gain, offset = _shapes(header.blendshape_params, unmet)
    direction = _face(header.face_params, base, gain, offset, unmet)
    emotions = header.emotion_post_processing_params
    for name, (usual, (low, high)) in _EMOTION_UNMET.items():
        value = _optional(emotions, name, usual, low, high)
        if not math.isclose(value, usual, rel_tol=1e-5):
            unmet.append(name)
    strength = _optional(emotions, "emotion_strength", USUAL_STRENGTH, 0, 1)
    direction = replace(
        direction, intensity=_gain(direction.intensity * strength / USUAL_STRENGTH, "emotion_strength", unmet)
    )
    params = header.emotion_params
    beginning = dict(params.beginning_emotion)
    return Wishes(
        rate_hz, direction, gain, offset,
        clamp=bool(header.blendshape_params.enable_clamping_bs_weight),
        follow=bool(emotions.enable_preferred_emotion) if emotions.HasField("enable_preferred_emotion") else True,
        mix=_optional(emotions, "preferred_emotion_strength", PREFERRED_STRENGTH, 0, 1),
        transition_s=_optional(params, "live_transition_time", EASE_S, 0, math.inf),
        beginning=mixture(beginning) if any(beginning.values()) else None,
        unmet=tuple(unmet),
    )  # fmt: skip


def _rate(audio: Any) -> int:
    if audio.audio_format != PCM or audio.bits_per_sample != BITS or audio.channel_count != CHANNELS:
        raise WishError(
            f"sound in format {audio.audio_format} with {audio.bits_per_sample} bits and {audio.channel_count} "
            f"channels; send AUDIO_FORMAT_PCM with {BITS} bits and {CHANNELS} channel"
        )
    rate = int(audio.samples_per_second)
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise WishError(f"samples_per_second is {rate}; it must lie in {MIN_RATE_HZ}..{MAX_RATE_HZ}")
    return rate


def _optional(params: Any, name: str, default: float, low: float, high: float) -> float:
    return _within(name, getattr(params, name), low, high) if params.HasField(name) else default


def _within(name: str, value: float, low: float, high: float) -> float:
    # what they send are 32-bit floats: 0.1 arrives a little larger
    if not low - 1e-6 <= value <= high + 1e-6 or math.isinf(value):
        raise WishError(f"{name} is {value:g}; it must lie in {low:g}..{high:g}")
    return float(min(max(value, low), high))


def _gain(value: float, name: str, unmet: list[str]) -> float:
    if value > MAX_GAIN + 1e-6:
        unmet.append(f"{name} beyond {MAX_GAIN:g} times the usual")
    return min(value, MAX_GAIN)


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    strange = sorted(set(names) - set(known))
    if strange:
        listed = ", ".join(repr(name[:40]) for name in strange[:LISTED])
        more = f" and {len(strange) - LISTED} more" if len(strange) > LISTED else ""
        raise WishError(f"unknown {what} {listed}{more}; known: {', '.join(known)}")


def _shapes(params: Any, unmet: list[str]) -> tuple[Floats, Floats]:
    """Multipliers and offsets (52,) of `ARKIT`; names in their spelling or in ours."""
    known = {**{name: name for name in SHAPES}, **{_ours(name): name for name in SHAPES}}
    made = []
    tables: tuple[tuple[str, Mapping[str, float], float], ...] = (
        ("bs_weight_multipliers", params.bs_weight_multipliers, 1.0),
        ("bs_weight_offsets", params.bs_weight_offsets, 0.0),
    )
    for what, table, usual in tables:
        _unknown(
            f"shapes in {what}:", (n for n in table if n not in known and n not in TONGUE_SHAPES), SHAPES
        )
        values = np.full(len(ARKIT), usual, np.float32)
        for name, value in table.items():
            value = _within(f"{what} of {name}", value, -MAX_FACTOR, MAX_FACTOR)
            if name in known:
                values[ARKIT_INDEX[_ours(name)]] = value
            elif value and not usual:  # an offset would show; a multiple of nothing would not
                unmet.append(name)
        made.append(values)
    return made[0], made[1]


def _face(
    params: Any, base: DirectionConfig, gain: Floats, offset: Floats, unmet: list[str]
) -> DirectionConfig:
    """The direction that the face parameters ask for; what concerns lids goes into `gain` and `offset`."""
    for what in ("integer_params", "float_array_params"):
        if getattr(params, what):
            raise WishError(f"face_params has {what}, and there are none of that kind; use float_params")
    given = dict(params.float_params)
    _unknown("face parameters", given, (*_FACE_RANGES, *_FACE_UNMET))
    for name, nothing in _FACE_UNMET.items():
        if name in given and _within(name, given[name], -MAX_FACTOR, MAX_FACTOR) != nothing:
            unmet.append(name)
    found = {n: _within(n, given[n], *limits) for n, limits in _FACE_RANGES.items() if n in given}
    skin = found.get("skinStrength", 1.0)
    upper = skin * found.get("upperFaceStrength", 1.0)
    lower = skin * found.get("lowerFaceStrength", 1.0)
    direction = replace(
        base,
        brows=_gain(base.brows * upper, "upperFaceStrength", unmet),
        lids=min(base.lids * upper, MAX_GAIN),
        mouth=_gain(base.mouth * lower, "lowerFaceStrength", unmet),
        jaw=min(base.jaw * lower, MAX_GAIN),
        smoothing_ms=1000 * found["lowerFaceSmoothing"]
        if "lowerFaceSmoothing" in found
        else base.smoothing_ms,
    )
    lids, wide = (
        [ARKIT_INDEX[f"{name}{side}"] for side in ("Left", "Right")] for name in ("eyeBlink", "eyeWide")
    )
    gain[lids] *= np.float32(found.get("blinkStrength", 1.0))
    opened = found.get("eyelidOpenOffset", 0.0)
    offset[lids] += np.float32(found.get("blinkOffset", 0.0) + max(-opened, 0.0))
    offset[wide] += np.float32(max(opened, 0.0))
    return direction
