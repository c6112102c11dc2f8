"""The body under the face: Unity's HumanBodyBones, and how they stand while nobody moves them.

A bone at rest is turned by nothing: the T pose of VRM. `STANDING` lets the arms hang.
"""

from __future__ import annotations

import math

from bridge.sinks.unity import Quaternion

_FINGERS = tuple(
    f"{side}{finger}{joint}"
    for side in ("Left", "Right")
    for finger in ("Thumb", "Index", "Middle", "Ring", "Little")
    for joint in ("Proximal", "Intermediate", "Distal")
)
BONES = (
    "Hips", "LeftUpperLeg", "RightUpperLeg", "LeftLowerLeg", "RightLowerLeg", "LeftFoot", "RightFoot",
    "Spine", "Chest", "UpperChest", "Neck", "Head", "LeftShoulder", "RightShoulder",
    "LeftUpperArm", "RightUpperArm", "LeftLowerArm", "RightLowerArm", "LeftHand", "RightHand",
    "LeftToes", "RightToes", "LeftEye", "RightEye", "Jaw", *_FINGERS,
)  # fmt: skip
"""All 55, by the names that UnityEngine.HumanBodyBones gives them."""
UNTURNED: Quaternion = (0.0, 0.0, 0.0, 1.0)
ARM_DOWN = math.radians(75.0)
"""From the T pose; straight down would put hands into hips."""
STANDING: dict[str, Quaternion] = {
    "LeftUpperArm": (0.0, 0.0, math.sin(ARM_DOWN / 2), math.cos(ARM_DOWN / 2)),
    "RightUpperArm": (0.0, 0.0, -math.sin(ARM_DOWN / 2), math.cos(ARM_DOWN / 2)),
}
"""Turns in Unity's axes: the left arm lies along −X and sinks by + about Z."""
BODIES: dict[str, dict[str, Quaternion]] = {
    "none": {},
    "tpose": dict.fromkeys(BONES, UNTURNED),
    "stand": dict.fromkeys(BONES, UNTURNED) | STANDING,
}
"""What a body may be asked to do → turn of each of its bones."""
