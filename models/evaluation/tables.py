"""`python -m models.evaluation lips`: every system on every clip, as two tables a group and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bridge.frames import Floats
from models.evaluation import closures, lips, visemes
from models.evaluation.clips import ELSEWHERE, SPEAKER_1, Clip
from models.evaluation.crop import SIDE_PER_FACE
from models.evaluation.systems import Baked, Network

Rows = dict[str, lips.LipFigures]
"""Clip name → figures."""

MAIN = {
    "gap_r": "gap r", "speech_r": "speech r", "best_r": "best r", "best_lag_ms": "lag ms", "width_r": "width r",
    "mouth_ratio": "× static", "closure_precision": "closed P", "closure_recall": "closed R", "closure_f1": "F1",
}  # fmt: skip
DETAILS = {
    "mouth_mm": "M-LMD mm", "face_mm": "F-LMD mm", "worst_mm": "LVE mm", "mouth_px": "M-LMD px", "face_px": "F-LMD px",
    "velocity_mm_s": "vel. mm/s", "speed_ratio": "speed ×", "jitter_mm": "jitter mm", "viseme_rate": "shapes/s",
    "tracked_viseme_rate": "tracked",
}  # fmt: skip
WORDS = (
    f"closed: gap under the 5 % quantile + {closures.CLOSED_SHARE:.2f} of the 5–95 % range, each mouth by its own, "
    f"inside speech, ± {closures.SLACK_FRAMES} frame\n"
    f"px: of a 256-pixel crop, side {SIDE_PER_FACE} × the longer side of the face's box over the clip\n"
    f"shapes: closed, half open and open × rounded, neutral, spread, held {visemes.HOLD_FRAMES * 20} ms"
)


def systems_of(networks: Mapping[str, Path], previous: Mapping[str, Path]) -> dict[str, lips.System]:
    """Baselines; every network alone and as `facecue bake` runs it; networks that shipped before as baked."""
    found: dict[str, lips.System] = {"static": lips.static_mouth, "amplitude": lips.amplitude_mouth}
    found |= {f"{name} alone": Network(path).landmarks for name, path in networks.items()}
    found |= {name: Baked(path).landmarks for name, path in networks.items()}
    found |= {f"{name} (previous)": Baked(path).landmarks for name, path in previous.items()}
    return found


def mean(rows: Sequence[lips.LipFigures], key: str) -> float:
    """Mean of one figure, NaN left out."""
    values = np.array([getattr(r, key) for r in rows])
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def summary(rows: Rows) -> dict[str, float]:
    """Means of every figure over clips, NaN left out, and the median of the best r."""
    found = list(rows.values())
    means = {key: mean(found, key) for key in (*MAIN, *DETAILS)}
    means["median_best_r"] = float(np.median([r.best_r for r in found]))
    names = found[0].closure_f1_at
    for name in names:
        values = np.array([r.closure_f1_at[name] for r in found])
        means[f"closure_f1 at {name}"] = (
            float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
        )
    return means


def cell(value: float, width: int) -> str:
    """A figure, right-aligned; – for NaN; tenths from ten on."""
    if math.isnan(value):
        return f"{'–':>{width}s}"
    return f"{value:{width}.{1 if abs(value) >= 10 else 3}f}"


def print_table(title: str, columns: Mapping[str, str], rows: Mapping[str, Mapping[str, float]]) -> None:
    """One line a row; `columns` are key → heading."""
    first = max(len(name) for name in rows)
    print(f"\n{title}")
    print(" " * first + "".join(f"{heading:>10s}" for heading in columns.values()))
    for name, values in rows.items():
        print(f"{name:{first}s}" + "".join(cell(values[key], 10) for key in columns))


def plain(value: object) -> object:
    """The value as JSON knows it: NaN and infinity are null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value


def lip_tables(
    systems: Mapping[str, lips.System], groups: Mapping[str, list[Clip]]
) -> tuple[dict[str, object], dict[str, dict[str, list[Floats]]]]:
    """Prints both tables of every group.

    Returns:
        What goes into the JSON file: group → system → mean over clips and each clip's figures; and what every
        system made: group → system → landmarks (frame_count(N), 68, 3) clip by clip.
    """
    report: dict[str, object] = {"definitions": WORDS}
    made: dict[str, dict[str, list[Floats]]] = {}
    print(WORDS)
    for group, clips in groups.items():
        made[group] = {name: [system(c.samples) for c in clips] for name, system in systems.items()}
        judged: dict[str, Rows] = {
            name: {c.name: lips.figures(m, c) for m, c in zip(found, clips, strict=True)}
            for name, found in made[group].items()
        }
        means = {name: summary(rows) for name, rows in judged.items()}
        if group == SPEAKER_1:
            for name, found in made[group].items():
                means[name]["absolute_mouth_ratio"] = lips.absolute_mouth_ratio(found, clips)
        columns = dict(MAIN)
        if group == ELSEWHERE:
            columns["median_best_r"] = "median"
        if group == SPEAKER_1:
            columns["absolute_mouth_ratio"] = "absolute"
        print_table(f"{group}: {len(clips)} clips, mean", columns, means)
        print_table(f"{group}: details", DETAILS, means)
        report[group] = {
            name: {"mean": means[name], "clips": {k: asdict(v) for k, v in rows.items()}}
            for name, rows in judged.items()
        }
    return report, made
