"""`python -m models.evaluation robust`: the figures again, with the voice in trouble.

Every clip goes through every condition; what the system makes of it is judged against the face that was seen, in the
frames where the *clean* sound has speech. "move" is the movement of the lips as a share of the same system's on the
clean sound: a mouth that gives up falls towards 0, one that reacts to the noise rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from models.evaluation.clips import Clip
from models.evaluation.conditions import Condition
from models.evaluation.lips import LipFigures, System, figures, travel
from models.evaluation.tables import cell

FIGURES = {"gap_r": "gap", "speech_r": "speech", "best_r": "best", "closure_f1": "F1", "movement": "move"}
WORTH = ("gap_r", "speech_r", "best_r", "closure_f1")
"""Figures of which the worst against clean is looked for."""
TELLS = 0.3
"""A clean figure below this is no yardstick: its share of itself is chance."""

Means = dict[str, dict[str, dict[str, float]]]
"""Condition → group → figure."""


def judged(
    system: System, clips: list[Clip], conditions: Mapping[str, Condition]
) -> dict[str, dict[str, tuple[LipFigures, float]]]:
    """Condition → clip → (figures, movement as a share of the clean one). The first condition is the clean one."""
    found: dict[str, dict[str, tuple[LipFigures, float]]] = {name: {} for name in conditions}
    for clip in clips:
        clean = None
        for name, condition in conditions.items():
            landmarks = system(condition(clip.samples))
            moved = travel(clip.seen(landmarks))
            clean = moved if clean is None else clean
            found[name][clip.name] = figures(landmarks, clip), moved / clean if clean else float("nan")
    return found


def means_of(rows: Mapping[str, tuple[LipFigures, float]]) -> dict[str, float]:
    """Means over clips, NaN left out; of the best r the median."""
    found = {}
    for key in FIGURES:
        values = np.array([moved if key == "movement" else getattr(f, key) for f, moved in rows.values()])
        values = values[np.isfinite(values)]
        average = np.median if key == "best_r" else np.mean
        found[key] = float(average(values)) if values.size else float("nan")
    return found


def worst_against(
    clean: Mapping[str, Mapping[str, float]], here: Mapping[str, Mapping[str, float]]
) -> tuple[float, str]:
    """(smallest share of its clean value that any figure of any group keeps, which one)."""
    kept = [
        (here[group][key] / clean[group][key], f"{FIGURES[key]}, {group}")
        for group in clean
        for key in WORTH
        if clean[group][key] >= TELLS and np.isfinite(here[group][key])
    ]
    return min(kept) if kept else (float("nan"), "")


def print_system(name: str, means: Means, sizes: Mapping[str, int]) -> None:
    """A line a condition, a block of columns a group."""
    first = max(len(c) for c in means)
    wide = 7 * len(FIGURES)
    print(f"\n{name}")
    print(" " * first + "".join(f" |{f'{g}: {n}':^{wide}s}" for g, n in sizes.items()) + " | worst against")
    head = "".join(f"{h:>7s}" for h in FIGURES.values())
    print(" " * first + f" |{head}" * len(sizes) + " | clean")
    clean = next(iter(means.values()))
    for condition, groups in means.items():
        line = "".join(" |" + "".join(cell(groups[g][k], 7)[:7] for k in FIGURES) for g in sizes)
        share, what = worst_against(clean, groups)
        print(
            f"{condition:{first}s}{line} | {share:.2f} {what if condition != next(iter(means)) else ''}".rstrip()
        )
    line = ""
    for group in sizes:
        rows = [m[group] for m in means.values()]
        line += " |" + "".join(cell(float(np.nanmin([r[k] for r in rows])), 7) for k in FIGURES)
    print(f"{'worst':{first}s}{line} | {min(worst_against(clean, g)[0] for g in means.values()):.2f}")


def robust_table(
    systems: Mapping[str, System], groups: Mapping[str, list[Clip]], conditions: Mapping[str, Condition]
) -> dict[str, object]:
    """Prints a block a system; returns every clip's figures for the JSON file."""
    report: dict[str, object] = {}
    sizes = {group: len(clips) for group, clips in groups.items()}
    for name, system in systems.items():
        found = {group: judged(system, clips, conditions) for group, clips in groups.items()}
        means: Means = {c: {g: means_of(found[g][c]) for g in groups} for c in conditions}
        print_system(name, means, sizes)
        report[name] = {
            condition: {
                "worst_against_clean": worst_against(means["clean"], means[condition]),
                "groups": {
                    g: {
                        "mean": means[condition][g],
                        "clips": {
                            k: {**asdict(f), "movement": m} for k, (f, m) in found[g][condition].items()
                        },
                    }
                    for g in groups
                },
            }
            for condition in conditions
        }
    return report
