"""Head frame → Unity's axes, for the wires that speak Unity.

Ours is right-handed, in cm: +x the subject's left, +y up, +z out of the face. Unity is left-handed, in m,
and an avatar looks along its +Z with +X at its *right* hand: the same axes with x turned round, M =
diag(-1, 1, 1). A position p becomes M p. A rotation R becomes M R M: a mirror turns an axis of rotation
like an axial vector, det(M) · M · (x, y, z) = (x, -y, -z), and leaves the angle, so the quaternion
(x, y, z, w) becomes (x, -y, -z, w). Hence in Unity + about X looks down, + about Y looks to the subject's
right, and + about Z sinks the subject's left side.
"""

from __future__ import annotations

import math

Quaternion = tuple[float, float, float, float]
"""x, y, z, w; unit length."""


def unity_rotation(rotation: Quaternion) -> Quaternion:
    """A rotation of the head frame, in Unity's axes."""
    x, y, z, w = rotation
    return x, -y, -z, w


def unity_position(cm: tuple[float, float, float]) -> tuple[float, float, float]:
    """A position of the head frame in cm, in Unity's axes and metres."""
    x, y, z = cm
    return -x / 100.0, y / 100.0, z / 100.0


def eye_rotation(yaw: float, pitch: float) -> Quaternion:
    """The rotation, in the head frame, of an eye looking `yaw` to the subject's left, `pitch` up; radians.

    Left is + about our y; up is - about our x. Pitch is applied first, so the eye does not roll.
    """
    sin_yaw, cos_yaw = math.sin(yaw / 2.0), math.cos(yaw / 2.0)
    sin_pitch, cos_pitch = math.sin(pitch / 2.0), math.cos(pitch / 2.0)
    return -cos_yaw * sin_pitch, sin_yaw * cos_pitch, sin_yaw * sin_pitch, cos_yaw * cos_pitch
