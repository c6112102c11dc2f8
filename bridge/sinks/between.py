"""A frame between two frames: everything is linear in time, the head turns on the sphere."""

from __future__ import annotations

import math

import numpy as np

from bridge.frames import Cues, Floats, RigFrame

_NEARLY_ONE = 1.0 - 1e-6
"""Cosine of half an angle (0.16°) below which an arc and its chord differ by less than float32 can tell."""


def turned(a: Floats, b: Floats, share: float) -> Floats:
    """The unit quaternion xyzw (4,) at `share` (0..1) of the shortest turn from `a` to `b` (slerp)."""
    ax, ay, az, aw = a.tolist()
    bx, by, bz, bw = b.tolist()
    cosine = ax * bx + ay * by + az * bz + aw * bw
    sign = 1.0
    if cosine < 0.0:  # q and −q are one rotation: the short way round
        cosine, sign = -cosine, -1.0
    if cosine > _NEARLY_ONE:
        ka, kb = 1.0 - share, share * sign
    else:
        angle = math.acos(min(cosine, 1.0))
        sine = math.sin(angle)
        ka, kb = math.sin((1.0 - share) * angle) / sine, sign * math.sin(share * angle) / sine
    x, y, z, w = ka * ax + kb * bx, ka * ay + kb * by, ka * az + kb * bz, ka * aw + kb * bw
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if not length > 0.0:  # no rotations to begin with
        return b
    return np.array((x / length, y / length, z / length, w / length), np.float32)


def between(a: RigFrame, b: RigFrame, time_s: float, n: int) -> RigFrame:
    """Frame `n` at audio time `time_s`, which lies from that of `a` to that of `b`; both stay as they are."""
    start_s, end_s = a.cues.time_s, b.cues.time_s
    share = (time_s - start_s) / (end_s - start_s) if end_s > start_s else 1.0
    share = min(max(share, 0.0), 1.0)
    k = np.float32(share)
    p, q = a.cues, b.cues
    cues = Cues(
        n=n,
        time_s=time_s,
        landmarks=p.landmarks + k * (q.landmarks - p.landmarks),
        gaze=p.gaze + k * (q.gaze - p.gaze),
        head_rotation=turned(p.head_rotation, q.head_rotation, share),
        head_translation=p.head_translation + k * (q.head_translation - p.head_translation),
        emotion=p.emotion + k * (q.emotion - p.emotion),
        voice=p.voice + share * (q.voice - p.voice),
    )
    weights = a.weights + k * (b.weights - a.weights)
    return RigFrame(cues, weights, a.latency_s + share * (b.latency_s - a.latency_s))


def held(frame: RigFrame, time_s: float, n: int) -> RigFrame:
    """The same face under another time and number."""
    return RigFrame(frame.cues.with_(n=n, time_s=time_s), frame.weights, frame.latency_s)
