"""Makes the head that ships: `python -m models.training.head --data DIR`.

Reads `mesh/expressions.npz` (frames of the GRID speaker only; others in it may not ship), `ict/landmark_basis.npz` and
`blendshape_names.txt`; writes `bridge/head/head.npz` and says how closely its landmarks follow the table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bridge.frames import ARKIT, ARKIT_INDEX
from models.data.landmarker import LANDMARKS
from models.head import eye, face, hair, sculpt, skull
from models.head.bust import LOOK, Bust, assemble
from models.head.mesh import Floats, Ints, mirror_map
from models.head.shapes import along_lips, learned

SPEAKER = "s1"
"""The GRID speaker; frames of anybody else stay out."""
QUIET = {"jawOpen": 0.03, "mouthPucker": 0.02, "eyeBlinkRight": 0.15}
"""Scores below which a frame counts as rest."""
STEP_CM = 32767
"""Steps of a displacement: its largest component is this many."""
SMALLEST_CM = 2e-3
"""Displacements below this are left out."""


def read(path: Path, names: list[str]) -> tuple[Floats, Floats, Floats]:
    """Vertices (N, 468, 3) and ARKit-ordered scores (N, 52) of the GRID speaker, and the canonical face (468, 3)."""
    with np.load(path, allow_pickle=False) as data:
        own = data["subject"] == SPEAKER
        vertices = data["vertices"][own][:, :468].astype(float)
        raw = data["blendshapes"][own].astype(float)
        canonical = data["canonical"].astype(float)
    if not len(vertices):
        raise ValueError(f"{path} holds no frame of {SPEAKER}")
    order = [names.index(name) if name in names else -1 for name in ARKIT]
    return vertices, np.pad(raw, ((0, 0), (0, 1)))[:, order], canonical


def make(
    vertices: Floats, scores: Floats, canonical: Floats, table: Floats, measured_on: Floats
) -> tuple[Bust, Floats, dict[str, float], Floats]:
    """The bust, its shapes (52, V, 3), how far tracks were believed, and the table as read for this face."""
    mirror = mirror_map(canonical, 0.05)
    quiet = np.all([scores[:, ARKIT_INDEX[k]] < v for k, v in QUIET.items()], axis=0)
    if not quiet.any():
        raise ValueError("no frame is at rest: lips closed and eyes open")
    rest = eye.seated(face.neutral(vertices[quiet], canonical, mirror))
    bust = assemble(rest)
    table = along_lips(table, measured_on, rest)
    moves = vertices - np.median(vertices[quiet], axis=0)
    relative = scores - np.median(scores[quiet], axis=0)
    points, believed = learned(rest, mirror, moves, relative, table)
    return bust, sculpt.shapes_of(bust, points), believed, table


def visible(bust: Bust, shapes: Floats) -> dict[str, Ints]:
    """Triangles by part without scalp under the hair and neck under the shirt, but for what a shape brings out."""
    skin = bust.vertices[bust.spans["skin"]].astype(float)
    away = skin - hair.CENTRE
    far = np.linalg.norm(away, axis=1)
    high = skin[:, 1] > -6
    reach = np.zeros(len(skin))
    reach[high] = hair.cast(hair.CENTRE, away[high] / far[high, None], bust.vertices, bust.parts["hair"])
    hidden = np.zeros(len(bust.vertices), bool)
    hidden[: len(skin)] = (reach > far + 0.12) | (skin[:, 1] < -16.6)
    hidden &= np.abs(shapes).max(axis=(0, 2)) < 0.02
    out = dict(bust.parts)
    out["skin"] = bust.parts["skin"][~hidden[bust.parts["skin"]].all(1)]
    return out


def stored(bust: Bust, shapes: Floats) -> dict[str, np.ndarray]:
    """What `head.npz` holds. The first 468 vertices are the face's points."""
    parts = visible(bust, shapes)
    kept = np.zeros(len(bust.vertices), bool)
    kept[np.concatenate(list(parts.values()))] = True
    kept[:468] = True
    place = np.cumsum(kept) - 1
    shapes = shapes[:, kept]
    turns = [1 if name.endswith("_right") else 2 if name.endswith("_left") else 0 for name in LOOK]
    index, delta, scale = [], [], []
    for move in shapes:
        moved = np.flatnonzero(np.linalg.norm(move, axis=1) > SMALLEST_CM)
        step = max(float(np.abs(move[moved]).max(initial=0.0)), 1e-6) / STEP_CM
        index.append(moved.astype(np.uint16))
        delta.append(np.round(move[moved] / step).astype(np.int16))
        scale.append(step)
    look = np.array([(*rgb, smoothness, glow) for rgb, smoothness, glow in LOOK.values()], np.float32)
    return {
        "vertices": bust.vertices[kept].astype(np.float32),
        "triangles": place[np.concatenate([parts[name] for name in LOOK])].astype(np.uint16),
        "colour": np.clip(np.round(bust.colour[kept] * 255), 0, 255).astype(np.uint8),
        "share": np.round(bust.share[kept] * 255).astype(np.uint8),
        "pivot": np.array(skull.NECK_PIVOT, np.float32),
        "eyes": np.array([bust.eyes["right"], bust.eyes["left"]], np.float32),
        "eye_radius": np.float32(eye.RADIUS),
        "part_names": np.array(list(LOOK)),
        "part_counts": np.array([len(parts[name]) for name in LOOK], np.int32),
        "part_look": look,
        "part_turns": np.array(turns, np.int32),
        "shape_names": np.array(ARKIT),
        "shape_counts": np.array([len(i) for i in index], np.int32),
        "shape_index": np.concatenate(index),
        "shape_delta": np.concatenate(delta),
        "shape_scale": np.array(scale, np.float32),
        "landmarks": np.array(LANDMARKS, np.uint16),
    }


def misses(shapes: Floats, table: Floats) -> list[tuple[str, float, float]]:
    """Name, largest miss and largest movement (cm) of the landmarks of each shape that the table has."""
    at = list(LANDMARKS)
    out = []
    for i, name in enumerate(ARKIT):
        if table[i].any():
            miss = np.linalg.norm(shapes[i][at] - table[i], axis=1).max()
            out.append((name, float(miss), float(np.linalg.norm(table[i], axis=1).max())))
    return out


def main() -> None:
    """Writes `bridge/head/head.npz`."""
    from models.training.retarget import ict_basis

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds mesh/ and ict/")
    parser.add_argument("-o", "--out", type=Path, default=Path("bridge/head/head.npz"))
    args = parser.parse_args()
    names = (args.data / "blendshape_names.txt").read_text().split()
    basis = args.data / "ict" / "landmark_basis.npz"
    with np.load(basis, allow_pickle=False) as data:
        measured_on = data["neutral"]
    tracks = read(args.data / "mesh" / "expressions.npz", names)
    bust, shapes, believed, table = make(*tracks, ict_basis(basis), measured_on)
    kept = stored(bust, shapes)
    np.savez_compressed(args.out, allow_pickle=False, **kept)
    print("tracks believed:", ", ".join(f"{k} {v:.2f}" for k, v in believed.items()))
    for name, miss, size in misses(shapes, table):
        print(f"{name:22} landmarks move {size:.2f} cm, miss the table by {miss:.2f}")
    print(f"{args.out}: {len(kept['vertices'])} vertices, {len(kept['triangles'])} triangles,", end=" ")
    print(f"{args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
