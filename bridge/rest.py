"""The way to the resting face: rotations scaled toward none, and frames eased toward rest."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bridge.frames import Cues, Floats, rest_cues
from bridge.smoothstep import smoothstep

REST_FRAMES = 15  # 0.3 s
"""Frames over which a face comes to rest."""


def scaled_rotation(rotation: Floats, amount: float, limit_rad: float = math.pi) -> Floats:
    """The unit quaternion xyzw (4,) with its angle multiplied by `amount` and cut at `limit_rad`.

    This is the slerp from no rotation (0) to `rotation` (1), and beyond.
    """
    x, y, z, w = rotation.tolist()
    if w < 0.0:  # the same rotation, the short way round
        x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    if sine < 1e-9:
        return np.array((0, 0, 0, 1), np.float32)
    half = min(amount * math.atan2(sine, w), limit_rad / 2)
    k = math.sin(half) / sine
    return np.array((x * k, y * k, z * k, math.cos(half)), np.float32)


def toward_rest(cues: Cues, n: int, share: float, neutral: Floats) -> Cues:
    """Frame `n` on the way from `cues` (share 0) to the resting face (share 1, exactly)."""
    rest = rest_cues(n, neutral)
    if share >= 1.0:
        return rest
    left = np.float32(1.0 - share)
    return rest.with_(
        landmarks=neutral + (cues.landmarks - neutral) * left,
        gaze=cues.gaze * left,
        head_rotation=scaled_rotation(cues.head_rotation, 1.0 - share),
        head_translation=cues.head_translation * left,
        emotion=rest.emotion + (cues.emotion - rest.emotion) * left,
        voice=cues.voice * (1.0 - share),
    )


def way_to_rest(cues: Cues, neutral: Floats) -> Iterator[Cues]:
    """The `REST_FRAMES` frames after `cues`, with a soft start and end; the last is the resting face."""
    for i in range(1, REST_FRAMES + 1):
        yield toward_rest(cues, cues.n + i, smoothstep(i / REST_FRAMES), neutral)
