"""Gaze and head pose of a face track, in the bridge's conventions, relative to the clip's own rest."""

from __future__ import annotations

import numpy as np

from bridge.frames import Floats

EYEBALL_RADIUS_CM = 1.2
STILL = 2e-4
"""Rad a step, added to a head's speed before its logarithm is taken."""
MOTION_SIZE = 10
"""gaze right yaw, pitch, left yaw, pitch (rad); head rotation vector (rad); head translation (cm)."""


def gaze_of(iris: Floats, landmarks: Floats) -> Floats:
    """(T, 2, 2) radians from iris centres (T, 10, 3) and landmarks (T, 68, 3), both in the head frame.

    The iris centre moves on an eyeball of 1.2 cm radius; its offset from the middle of the eye corners
    is r·sin(angle). Vertically the median of the clip is straight ahead: the corners do not mark it.
    """
    gaze = np.zeros((len(iris), 2, 2), np.float32)
    for row, centre, (inner, outer) in ((0, 0, (39, 36)), (1, 5, (42, 45))):
        middle = (landmarks[:, inner] + landmarks[:, outer]) / 2
        offset = (iris[:, centre] - middle)[:, :2] / EYEBALL_RADIUS_CM
        gaze[:, row] = np.arcsin(np.clip(offset, -0.9, 0.9))
    gaze -= np.median(gaze, axis=0)
    return gaze


def steadied(values: Floats) -> Floats:
    """(T, C) median of each frame and the two beside it: what a tracker jumps to for one frame is gone."""
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    steady: Floats = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return steady


def rotation_vectors(matrices: Floats) -> Floats:
    """(T, 3, 3) rotations → (T, 3) axis × angle, radians."""
    trace = np.clip((np.trace(matrices, axis1=1, axis2=2) - 1) / 2, -1, 1)
    angle = np.arccos(trace)
    axis = np.stack(
        [
            matrices[:, 2, 1] - matrices[:, 1, 2],
            matrices[:, 0, 2] - matrices[:, 2, 0],
            matrices[:, 1, 0] - matrices[:, 0, 1],
        ],
        axis=1,
    )
    scale = np.where(angle > 1e-4, angle / np.maximum(2 * np.sin(angle), 1e-6), 0.5)
    vectors: Floats = (axis * scale[:, None]).astype(np.float32)
    return vectors


def motion_of(iris: Floats, landmarks: Floats, pose: Floats) -> Floats:
    """(T, 10) gaze and head motion; `pose` is (T, 4, 4) head → camera, interpolated entries are re-orthonormalised.

    Head rotation and translation are relative to the clip's median pose, which stands for the resting head.
    """
    rotation = pose[:, :3, :3]
    u, _, vt = np.linalg.svd(rotation)
    rotation = u @ vt
    vectors = rotation_vectors(rotation)
    rest_index = int(np.abs(vectors - np.median(vectors, axis=0)).sum(1).argmin())
    rest = rotation[rest_index]
    relative = rotation_vectors(np.einsum("ji,tjk->tik", rest, rotation).astype(np.float32))
    shift = pose[:, :3, 3] - np.median(pose[:, :3, 3], axis=0)
    shift = shift @ rest  # into the resting head's axes
    gaze = gaze_of(iris, landmarks).reshape(-1, 4)
    motion: Floats = np.concatenate([gaze, relative, shift], axis=1).astype(np.float32)
    return motion


def swing_of(turns: list[Floats], stresses: list[Floats]) -> float:
    """By how much the logarithm of a head's speed grows with stress.

    Turns (T, 3) rad, stresses (T,), 25 a second, clip by clip.
    """
    speeds, pressed = [np.zeros(0)], [np.zeros(0)]
    for turned, stress in zip(turns, stresses, strict=True):
        speed = np.linalg.norm(np.diff(steadied(turned), axis=0), axis=1)
        speed = np.log(np.convolve(speed, np.ones(3) / 3, "same") + STILL)
        speeds.append(speed - speed.mean())
        pressed.append(stress[1:] - stress[1:].mean())
    every = np.concatenate(pressed)
    return float(np.concatenate(speeds) @ every / max(float(every @ every), 1e-6))
