"""What each part of the recipe brings: training runs side by side, and the curve over look-ahead.

`python -m models.evaluation runs --data DIR --cues NAME=runs/live/cues.pt … [--plots DIR]`. A run is judged as it
was trained, in torch, mouth alone: no gate, no smoothing, no export.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from bridge import landmarks as face
from bridge.frames import Floats
from models.cue_network import content_of
from models.data.corpus import features_of
from models.data.windows import delayed
from models.evaluation import lips, plots, tables
from models.evaluation.clips import ELSEWHERE, OTHERS, SPEAKER_1, Clip

COLUMNS = {
    "ahead": "ms ahead", "s1": "s1 r", "s1_speech": "speech r", "others": "others r",
    "others_speech": "speech r", "others_ratio": "× static", "others_closed": "closed F1",
    "elsewhere": "elsewhere", "elsewhere_speech": "speech r", "elsewhere_closed": "closed F1",
}  # fmt: skip
"""Key → heading; elsewhere's first figure is the median best r within ±120 ms, the others are means."""


class Trained:
    """A mouth out of `cues.pt`, fed a recording from a fresh state."""

    def __init__(self, path: Path) -> None:
        """Loads it.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no result of `models.training.cues`.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such run; python -m models.training.cues writes cues.pt")
        saved = torch.load(path, weights_only=True)
        if not isinstance(saved, dict) or not {"content", "config", "lookahead_hops"} <= saved.keys():
            raise ValueError(f"{path} is no result of models.training.cues: give its cues.pt")
        self.content, self.hops = content_of(saved)

    def landmarks(self, samples: Floats) -> Floats:
        """(T, 68, 3)."""
        pairs, frames = delayed(features_of(samples), self.hops)
        delay = self.hops // 2
        with torch.inference_mode():
            out, _, _ = self.content(pairs, self.content.initial_state(1))
        moved: Floats = out[0, delay : delay + frames].numpy() + face.neutral_face()
        return moved


def run_table(runs: Mapping[str, Path], groups: Mapping[str, list[Clip]]) -> dict[str, dict[str, float]]:
    """Prints and returns COLUMNS of every run; groups that are absent are NaN."""
    rows: dict[str, dict[str, float]] = {}
    for name, path in runs.items():
        run = Trained(path)
        found = {
            group: {c.name: lips.figures(run.landmarks(c.samples), c) for c in clips}
            for group, clips in groups.items()
        }

        def mean(group: str, key: str, found: dict[str, dict[str, lips.LipFigures]] = found) -> float:
            return tables.mean(list(found[group].values()), key) if found.get(group) else float("nan")

        best = [f.best_r for f in found.get(ELSEWHERE, {}).values()]
        rows[name] = {
            "ahead": 10.0 * run.hops,
            "s1": mean(SPEAKER_1, "gap_r"), "s1_speech": mean(SPEAKER_1, "speech_r"),
            "others": mean(OTHERS, "gap_r"), "others_speech": mean(OTHERS, "speech_r"),
            "others_ratio": mean(OTHERS, "mouth_ratio"), "others_closed": mean(OTHERS, "closure_f1"),
            "elsewhere": float(np.median(best)) if best else float("nan"),
            "elsewhere_speech": mean(ELSEWHERE, "speech_r"), "elsewhere_closed": mean(ELSEWHERE, "closure_f1"),
        }  # fmt: skip
    tables.print_table("runs, the mouth alone", COLUMNS, rows)
    return rows


def curve(path: Path, rows: Mapping[str, Mapping[str, float]]) -> Path:
    """Draws r over look-ahead for the three groups.

    Raises:
        PlotError: if matplotlib is missing.
    """
    plt = plots.pyplot()
    ordered = sorted(rows.values(), key=lambda row: row["ahead"])
    places = range(len(ordered))
    figure, axes = plt.subplots(figsize=(7, 4), dpi=130)
    for key, label in (
        ("s1", "GRID speaker 1, mean r"), ("others", "other GRID speakers, mean r"),
        ("elsewhere", "people elsewhere, median best r"),
    ):  # fmt: skip
        axes.plot(places, [row[key] for row in ordered], marker="o", label=label)
    axes.set_xticks(list(places), [f"{row['ahead']:.0f}" for row in ordered])
    axes.set_xlabel("look-ahead, ms")
    axes.set_ylabel("correlation of the lip gap")
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
    return path
