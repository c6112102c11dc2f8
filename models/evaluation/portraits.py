"""Pictures to look at: landmark strips of the eight emotions, and where eyes and head go, real beside generated.

`python -m models.evaluation emotion --plots DIR` and `… motion --plots DIR`; needs matplotlib (`[train]`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, EMOTIONS, Floats
from models.data.motion import motion_of, rotation_vectors
from models.data.tracks import Track
from models.evaluation.face_emotion import Face, directed_to
from models.evaluation.motion import SETTLE_S, Played, steps_of
from models.evaluation.moves import RATE_HZ, quaternion_matrices
from models.evaluation.plots import pyplot
from models.evaluation.systems import Baked

LINES = (
    range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36), (*range(36, 42), 36),
    (*range(42, 48), 42), (*range(48, 60), 48), (*range(60, 68), 60),
)  # fmt: skip
ANGLES = ("pitch", "yaw", "roll")
SHOWN_S = 8.0


def drawn(axes: object, landmarks: Floats, colour: str, width: float) -> None:
    """One face from the front."""
    for line in LINES:
        points = landmarks[list(line)]
        axes.plot(points[:, 0], points[:, 1], color=colour, linewidth=width)  # type: ignore[attr-defined]


def strip(path: Path, generators: Mapping[str, Face], samples: Floats) -> Path:
    """Eight emotions on one sentence: the mouth at its widest and closed again; grey is the neutral face."""
    plt = pyplot()
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 2 * len(generators)
    figure, axes = plt.subplots(rows, len(EMOTIONS), figsize=(2.1 * len(EMOTIONS), 2.6 * rows))
    for r, (name, generate) in enumerate(generators.items()):
        for k, emotion in enumerate(EMOTIONS):
            shown = generate(samples, directed_to(k)).displacement + face.neutral_face()
            gap = face.lip_gap(shown)
            half = len(gap) // 3
            for i, at in enumerate((half + int(gap[half:].argmax()), half + int(gap[half:].argmin()))):
                box = np.atleast_2d(axes)[2 * r + i, k]
                drawn(box, face.neutral_face(), "0.8", 0.8)
                drawn(box, shown[at], "black", 1.6)
                box.set_aspect("equal")
                box.axis("off")
                box.set_title(f"{emotion}, {name}" if i == 0 else "", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=60)
    plt.close(figure)
    return path


def tracked(track: Track) -> tuple[Floats, Floats]:
    """Gaze (T, 2) and head rotation (T, 3) of a track in degrees, 25 a second."""
    times = steps_of(track)
    motion = motion_of(
        track.at(times, track.iris), track.at(times, track.landmarks), track.at(times, track.pose)
    )
    return np.degrees(motion[:, :4].reshape(-1, 2, 2).mean(1)), np.degrees(motion[:, 4:7])


def made(path: Path, played: Played, seed: int) -> tuple[Floats, Floats]:
    """The same of a baked face."""
    sound = np.concatenate(played.sounds[:4])
    cues = Baked(path, replace(played.direction, seed=seed)).cues(sound)[round(SETTLE_S * CUE_RATE_HZ) :][::2]
    gaze = np.degrees(np.stack([c.gaze for c in cues]).mean(1))
    heads = quaternion_matrices(np.stack([c.head_rotation for c in cues]))
    return gaze - np.median(gaze, axis=0), np.degrees(rotation_vectors(heads))


def gaze_sheet(path: Path, network: Path, sets: Mapping[str, Played]) -> Path:
    """Where eyes look under each emotion: tracked above, generated below."""
    plt = pyplot()
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = {name: played for name, played in sets.items() if name.endswith("actors")} or dict(sets)
    figure, axes = plt.subplots(2, len(chosen), figsize=(2.0 * len(chosen), 4.4), squeeze=False)
    for column, (name, played) in enumerate(chosen.items()):
        real = np.concatenate([tracked(track)[0] for track in played.tracks])
        generated = made(network, played, 0)[0][: max(len(real), 1)]
        for row, (gaze, title) in enumerate(((real, name.split(",")[0]), (generated, "generated"))):
            box = axes[row, column]
            box.scatter(gaze[:, 0], gaze[:, 1], s=5, alpha=0.35, color="black" if row == 0 else "tab:blue")
            box.set(xlim=(-20, 20), ylim=(-20, 20), aspect="equal")
            box.set_title(title, fontsize=9)
            box.tick_params(labelsize=6)
    figure.supxlabel("yaw, degrees", fontsize=8)
    figure.supylabel("pitch, degrees", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=75)
    plt.close(figure)
    return path


def head_sheet(path: Path, network: Path, sets: Mapping[str, Played]) -> Path:
    """Head pose over time under each emotion: tracked in black, two seeds in colour."""
    plt = pyplot()
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = {name: played for name, played in sets.items() if name.endswith("actors")} or dict(sets)
    figure, axes = plt.subplots(
        3, len(chosen), figsize=(2.2 * len(chosen), 4.8), squeeze=False, sharex=True, sharey=True
    )
    for column, (name, played) in enumerate(chosen.items()):
        real = [tracked(track)[1] for track in played.tracks]
        generated = [made(network, played, seed)[1][: round(SHOWN_S * RATE_HZ)] for seed in (1, 2)]
        for row, angle in enumerate(ANGLES):
            box = axes[row, column]
            for series, colour in (
                *((r, "black") for r in real[:2]),
                *zip(generated, ("tab:blue", "tab:orange"), strict=True),
            ):
                centred = series[:, row] - np.median(series[:, row])
                box.plot(np.arange(len(centred)) / RATE_HZ, centred, color=colour, linewidth=0.9)
            box.set_title(name.split(",")[0] if row == 0 else "", fontsize=9)
            box.tick_params(labelsize=6)
            if column == 0:
                box.set_ylabel(f"{angle}, degrees", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=75)
    plt.close(figure)
    return path
