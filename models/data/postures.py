"""Where eyes and head rest under each emotion, against a person's own neutral clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.frames import EMOTIONS, Floats
from models.data import showings
from models.data.motion import EYEBALL_RADIUS_CM, rotation_vectors
from models.data.tracks import Track


def head_vectors(track: Track) -> Floats:
    """(T, 6) rotation vector and translation of the head in the camera frame."""
    return np.concatenate([rotation_vectors(track.pose[:, :3, :3]), track.pose[:, :3, 3]], axis=1).astype(
        np.float32
    )


def gaze_raw(track: Track) -> Floats:
    """(T, 4) gaze without the clip's own zero: iris offset from the eye corners' middle."""
    sides = []
    for centre, (inner, outer) in ((0, (39, 36)), (5, (42, 45))):
        middle = (track.landmarks[:, inner] + track.landmarks[:, outer]) / 2
        sides.append((track.iris[:, centre] - middle)[:, :2] / EYEBALL_RADIUS_CM)
    return np.arcsin(np.clip(np.concatenate(sides, axis=1), -0.9, 0.9)).astype(np.float32)


def postures(data: Path, only: tuple[str, ...] = ()) -> tuple[Floats, Floats]:
    """Where eyes (8, 4) and head (8, 6) rest under each emotion, against the person's own neutral clip."""
    count = len(EMOTIONS)
    gaze, head, seen = np.zeros((count, 4)), np.zeros((count, 6)), np.zeros(count)
    for person, tracks in showings.people(data).items():
        if only and person not in only:
            continue
        calm = tracks["neutral"]
        for name, track in tracks.items():
            k = EMOTIONS.index(name)
            gaze[k] += np.median(gaze_raw(track), axis=0) - np.median(gaze_raw(calm), axis=0)
            head[k] += np.median(head_vectors(track), axis=0) - np.median(head_vectors(calm), axis=0)
            seen[k] += 1
    gaze, head = gaze / np.maximum(seen, 1)[:, None], head / np.maximum(seen, 1)[:, None]
    # yaw and roll offsets are where a camera or a prompter stood; pitch is how people hold a feeling
    gaze[:, [0, 2]] = 0.0
    gaze[:, 1] = gaze[:, 3] = gaze[:, [1, 3]].mean(1)
    head[:, [1, 2, 3, 4]] = 0.0
    head[:, :3] = head[:, :3].clip(-0.2, 0.2)
    head[:, 5] = head[:, 5].clip(-1.5, 1.5)
    return gaze.clip(-0.12, 0.12).astype(np.float32), head.astype(np.float32)
