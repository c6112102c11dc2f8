"""What an iPhone would say of this face: its angles, and the names its shapes have, for wires that began there.

ARKit's face has our axes (+x the subject's left, +y up, +z out of the face) and turns about them by the right
hand. Hence yaw is + to the subject's left and roll + with the subject's left side up, as in `bridge.frames`,
but pitch is + *down*. Recordings of the Live Link Face app say the same: eyeLookDownLeft 0.21 stands beside
LeftEyePitch +0.129, eyeLookInLeft 0.072 beside LeftEyeYaw -0.028.
"""

from __future__ import annotations

import math

from bridge.frames import ARKIT, Cues, Floats

Angles = tuple[float, float, float]
"""Yaw, pitch and roll in radians: left, down and left side up are +; turned by yaw first and by roll last."""
DIRECTIONS = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
"""Shapes whose Left and Right say where to, and not which half of a pair they are."""


def head_angles(rotation: Floats) -> tuple[float, float, float]:
    """Yaw, pitch and roll in radians of a unit quaternion xyzw, yaw turned first, roll last."""
    x, y, z, w = (float(v) for v in rotation)
    yaw = math.atan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (y * z - w * x))))
    roll = math.atan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z))
    return yaw, pitch, roll


def angles(cues: Cues) -> tuple[Angles, Angles, Angles]:
    """Head, left eye and right eye; an eye turns against the head and never rolls."""
    yaw, pitch, roll = head_angles(cues.head_rotation)
    (right_yaw, right_pitch), (left_yaw, left_pitch) = cues.gaze.tolist()
    return (yaw, -pitch, roll), (left_yaw, -left_pitch, 0.0), (right_yaw, -right_pitch, 0.0)


def short_name(name: str) -> str:
    """`mouthSmile_L` of `mouthSmileLeft`; directions and single shapes keep their names."""
    for side in ("Left", "Right"):
        if name.endswith(side) and name not in DIRECTIONS:
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


SHORT_NAMES = tuple(short_name(name) for name in ARKIT)
"""The names of `ARKIT` as iFacialMocap writes them."""
