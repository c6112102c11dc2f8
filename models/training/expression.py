"""Fits the expression tables: `python -m models.training.expression --data DIR -o runs/expression.pt`.

From silent tracks of people who act eight emotions (MEAD): per person, everything is relative to that
person's own neutral clip, then averaged over people and made left-right symmetric. Motion statistics only.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.frames import EMOTIONS, Floats
from models.data.motion import EYEBALL_RADIUS_CM, rotation_vectors
from models.data.tracks import Track, read_track
from models.expression import Expression, keep_lip_gap

NAME = re.compile(r"^(?P<person>[MW]\d+)_.*?_(?P<emotion>[a-z]+)_level")


def people(folder: Path) -> dict[str, dict[str, Track]]:
    """{person: {emotion: track}} of MEAD-named track files."""
    found: dict[str, dict[str, Track]] = {}
    for path in sorted(folder.glob("*.npz")):
        match = NAME.match(path.stem)
        if match:
            found.setdefault(match["person"], {})[match["emotion"]] = read_track(path)
    return found


def head_vectors(track: Track) -> Floats:
    """(T, 6) rotation vector and translation of the head in the camera frame."""
    return np.concatenate([rotation_vectors(track.pose[:, :3, :3]), track.pose[:, :3, 3]], axis=1).astype(
        np.float32
    )


def symmetric(tables: np.ndarray) -> np.ndarray:
    """(8, 204) averaged with its mirror image."""
    points = tables.reshape(len(tables), face.COUNT, 3)
    both = (points + face.mirrored(points.astype(np.float32))) / 2
    return np.asarray(both.reshape(len(tables), -1))


def fit(folder: Path) -> Expression:
    """Ridge regression of displacement on (1, lip opening), per person and emotion, averaged."""
    found = {p: t for p, t in people(folder).items() if "neutral" in t}
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no person with a neutral clip (names like M030_front_neutral_level1_001.npz)"
        )
    count = len(EMOTIONS)
    posture, opening = np.zeros((count, 204)), np.zeros((count, 204))
    gaze, head, seen = np.zeros((count, 4)), np.zeros((count, 6)), np.zeros(count)
    for tracks in found.values():
        calm = tracks["neutral"]
        calm_gap = face.lip_gap(calm.landmarks)
        base_gap = np.quantile(calm_gap, 0.1)
        base = np.median(calm.landmarks[calm_gap <= np.quantile(calm_gap, 0.4)], axis=0)
        calm_lids = np.quantile(face.lid_gap(calm.landmarks), 0.7, axis=0)
        calm_open = np.stack([np.ones_like(calm_gap), (calm_gap - base_gap).clip(0, 1.5)], axis=1)
        calm_map = np.linalg.lstsq(calm_open, (calm.landmarks - base).reshape(-1, 204), rcond=None)[0]
        for name, track in tracks.items():
            if name not in EMOTIONS:
                continue
            k = EMOTIONS.index(name)
            gap = (face.lip_gap(track.landmarks) - base_gap).clip(0, 1.5)
            # blinks are not an expression: closed-eye frames stay out
            awake = (face.lid_gap(track.landmarks) > 0.5 * calm_lids).all(axis=1)
            design = np.stack([np.ones_like(gap), gap], axis=1)[awake]
            flat = (track.landmarks - base).reshape(-1, 204)[awake]
            ridge = design.T @ design + np.diag([1e-3, 2.0])
            table = np.linalg.solve(ridge, design.T @ flat)
            posture[k] += table[0] - calm_map[0]
            opening[k] += table[1] - calm_map[1]
            gaze[k] += np.median(gaze_raw(track), axis=0) - np.median(gaze_raw(calm), axis=0)
            head[k] += np.median(head_vectors(track), axis=0) - np.median(head_vectors(calm), axis=0)
            seen[k] += 1
    seen = np.maximum(seen, 1)[:, None]
    model = Expression()
    posture, opening = symmetric(posture / seen), symmetric(opening / seen)
    # what an opening mouth does to the lips is the voice's business
    opening.reshape(count, 68, 3)[:, list(face.LOWER_FACE)] = 0.0
    neutral = EMOTIONS.index("neutral")
    for table in (posture, opening):
        table[neutral] = 0.0
    to = torch.float32
    model.posture.copy_(keep_lip_gap(torch.tensor(posture, dtype=to).reshape(count, 68, 3)).flatten(1))
    model.per_opening.copy_(torch.tensor(opening, dtype=to))
    # yaw and roll offsets are where a camera or a prompter stood; pitch is how people hold a feeling
    gaze_mean, head_mean = gaze / seen, head / seen
    gaze_mean[:, [0, 2]] = 0.0
    gaze_mean[:, 1] = gaze_mean[:, 3] = gaze_mean[:, [1, 3]].mean(1)
    head_mean[:, [1, 2, 3, 4]] = 0.0
    model.gaze.copy_(torch.tensor(gaze_mean, dtype=to).clamp(-0.12, 0.12))
    model.head.copy_(torch.tensor(head_mean, dtype=to).clamp(-0.2, 0.2))
    model.head[:, 5] = torch.tensor(head_mean[:, 5], dtype=to).clamp(-1.5, 1.5)
    return model


def gaze_raw(track: Track) -> Floats:
    """(T, 4) gaze without the clip's own zero: iris offset from the eye corners' middle."""
    sides = []
    for centre, (inner, outer) in ((0, (39, 36)), (5, (42, 45))):
        middle = (track.landmarks[:, inner] + track.landmarks[:, outer]) / 2
        sides.append((track.iris[:, centre] - middle)[:, :2] / EYEBALL_RADIUS_CM)
    return np.arcsin(np.clip(np.concatenate(sides, axis=1), -0.9, 0.9)).astype(np.float32)


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    model = fit(args.data / "mead_motion")
    torch.save(model.state_dict(), args.out)
    brows, corners = [19, 24], [48, 54]
    print(f"{'emotion':10s} brow up  corner up  corner out  lids  gaze pitch  head pitch")
    for k, name in enumerate(EMOTIONS):
        d = model.posture[k].reshape(68, 3)
        lids = float((d[[37, 38, 43, 44], 1] - d[[41, 40, 47, 46], 1]).mean())
        print(f"{name:10s} {float(d[brows, 1].mean()):7.2f} {float(d[corners, 1].mean()):9.2f} "
              f"{float((d[54, 0] - d[48, 0]) / 2):10.2f} {lids:6.2f} {float(model.gaze[k, 1]):9.3f} "
              f"{float(model.head[k, 0]):10.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
