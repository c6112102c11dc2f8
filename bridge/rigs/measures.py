"""What a rig may read of a frame: ARKit weights, emotion, and measures of the cues; and what a mirror makes of each.

A measure is one number a frame, taken from landmarks, gaze, head pose or weights. Knows nothing of tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from bridge import landmarks as face
from bridge.arkit import head_angles
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, Cues, Floats

_BLINK_LEFT, _BLINK_RIGHT = ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]
_OPEN, _CLOSE = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthClose"]
OPEN_ENOUGH = 0.05
"""jawOpen below which `lipsTogether` is taken of this much: noise over nothing is no closure."""


@cache
def _width_at_rest() -> float:
    return float(face.mouth_width(face.neutral_face()))


def _chin_angle(landmarks: Floats) -> float:
    """Angle of the line from the ears (points 0 and 16 at rest) to the chin, in the sagittal plane; + forward."""
    ears, chin = face.neutral_face(), landmarks
    chin_y, chin_z = ((chin[7, i] + chin[9, i]) + chin[8, i] for i in (1, 2))
    y, z = (3 * (ears[0, i] + ears[16, i]) / 2 for i in (1, 2))
    return math.atan2(float(chin_z - z), float(y - chin_y))


@cache
def _chin_angle_at_rest() -> float:
    return _chin_angle(face.neutral_face())


def jaw_angle(landmarks: Floats) -> float:
    """How far the jaw of (68, 3) has opened about the ears, rad: 0 at rest, about 0.2 at jawOpen 1."""
    return _chin_angle_at_rest() - _chin_angle(landmarks)


def lips_together(weights: Floats) -> float:
    """Share 0..1 of the jaw's opening that the lips close: mouthClose over jawOpen."""
    opening = max(float(weights[_OPEN]), OPEN_ENOUGH)
    return min(float(weights[_CLOSE]) / opening, 1.0)


_MEASURES: dict[str, Callable[[Floats, Cues], float]] = {
    "lipGap": lambda _, cues: float(face.lip_gap(cues.landmarks)),
    "mouthWidth": lambda _, cues: float(face.mouth_width(cues.landmarks)) - _width_at_rest(),
    "gazeYaw": lambda _, cues: (float(cues.gaze[0, 0]) + float(cues.gaze[1, 0])) / 2,
    "gazePitch": lambda _, cues: (float(cues.gaze[0, 1]) + float(cues.gaze[1, 1])) / 2,
    "blinkBoth": lambda weights, _: float(min(weights[_BLINK_LEFT], weights[_BLINK_RIGHT])),
    "one": lambda *_: 1.0,
    "jawAngle": lambda _, cues: jaw_angle(cues.landmarks),
    "lipsTogether": lambda weights, _: lips_together(weights),
    "gazeYawLeft": lambda _, cues: float(cues.gaze[1, 0]),
    "gazeYawRight": lambda _, cues: float(cues.gaze[0, 0]),
    "gazePitchLeft": lambda _, cues: float(cues.gaze[1, 1]),
    "gazePitchRight": lambda _, cues: float(cues.gaze[0, 1]),
    "headYaw": lambda _, cues: head_angles(cues.head_rotation)[0],
    "headPitch": lambda _, cues: head_angles(cues.head_rotation)[1],
    "headRoll": lambda _, cues: head_angles(cues.head_rotation)[2],
    "headX": lambda _, cues: float(cues.head_translation[0]),
    "headY": lambda _, cues: float(cues.head_translation[1]),
    "headZ": lambda _, cues: float(cues.head_translation[2]),
    "blinkLeft": lambda weights, _: float(weights[_BLINK_LEFT]),
    "blinkRight": lambda weights, _: float(weights[_BLINK_RIGHT]),
    "voice": lambda _, cues: cues.voice,
}
MEASURES = tuple(_MEASURES)
"""What a table may read under `cues`: lipGap (inner lips, cm), mouthWidth (cm over the resting one), gaze (rad; yaw
+ to the subject's left, pitch + up) of the mean of both eyes or of one, blinkBoth (the smaller of the two eyeBlink)
and one eye's, jawAngle (rad), lipsTogether (0..1), head (rad; yaw + left, pitch + up, roll + left side up; cm, x +
left, y + up, z + out of the face), voice (probability that somebody speaks) and the constant one."""
INPUTS = (*ARKIT, *EMOTIONS, *MEASURES)
"""All that a row may read, in the order of a compiled rig's columns."""
ACROSS = ("gazeYaw", "gazeYawLeft", "gazeYawRight", "headYaw", "headRoll", "headX")
"""Measures that a mirror turns round: + becomes −."""


def measured(names: tuple[str, ...], weights: Floats, cues: Cues) -> list[float]:
    """The measures `names` of a frame, in that order."""
    return [_MEASURES[name](weights, cues) for name in names]


@cache
def mirrored_input(name: str) -> tuple[str, float]:
    """The input that a mirrored face has in place of `name`, and its sign."""
    swapped = name
    for side, other in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(side):
            swapped = name[: -len(side)] + other
    return swapped, -1.0 if name in ACROSS else 1.0
