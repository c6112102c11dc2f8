"""Plots of predicted against tracked lip gap: one PNG sheet a group, its best, median and worst clip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats
from models.evaluation import lips
from models.evaluation.clips import Clip
from models.evaluation.closures import closed

MAX_SECONDS = 8.0
"""Longer clips are shown from their start, so that single closures stay visible."""
COLOURS = ("#d1495b", "#00798c", "#edae49", "#66417a", "#3a7d44")


class PlotError(RuntimeError):
    """Plots cannot be made here."""


def pyplot() -> Any:
    """Pyplot of matplotlib, drawing into files.

    Raises:
        PlotError: if matplotlib is missing.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise PlotError("--plots needs matplotlib: pip install 'facecue[train]'") from error
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def chosen(scores: list[float]) -> dict[str, int]:
    """Index of the best, the median and the worst clip, fewer if there are fewer clips."""
    order = np.argsort(scores)[::-1]
    picked = {"best": int(order[0]), "median": int(order[len(order) // 2]), "worst": int(order[-1])}
    seen: set[int] = set()
    return {name: i for name, i in picked.items() if not (i in seen or seen.add(i))}  # type: ignore[func-returns-value]


def sheet(path: Path, group: str, clips: list[Clip], made: Mapping[str, list[Floats]]) -> Path:
    """Draws a group: three clips by the gap r of the first system, all systems against the track.

    Gaps are drawn from their own clip median, cm, because faces rest differently. Grey: silence; black ticks at
    the bottom: tracked lips are closed.

    Raises:
        PlotError: if matplotlib is missing.
    """
    plt = pyplot()
    leader = next(iter(made))
    tracked = [face.lip_gap(c.truth) for c in clips]
    scores = [
        lips.pearson(face.lip_gap(c.seen(m)), t) for c, m, t in zip(clips, made[leader], tracked, strict=True)
    ]
    rows = chosen(scores)
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(12, 2.9 * len(rows)), squeeze=False, layout="constrained"
    )
    for ax, (rank, i) in zip(axes[:, 0], rows.items(), strict=True):
        clip, truth = clips[i], tracked[i]
        shown = clip.time_s <= clip.time_s[0] + MAX_SECONDS
        time_s = clip.time_s[shown]
        ax.fill_between(
            time_s, 0, 1, where=~clip.speech[shown], transform=ax.get_xaxis_transform(), color="0.93", lw=0
        )
        ax.plot(time_s, (truth - np.median(truth))[shown], color="black", lw=2, label="tracked")
        for colour, (name, found) in zip(COLOURS, made.items(), strict=False):
            gap = face.lip_gap(clip.seen(found[i]))
            label = f"{name}: r {lips.pearson(gap, truth):.2f}"
            ax.plot(time_s, (gap - np.median(gap))[shown], color=colour, lw=1.3, label=label)
        shut = closed(truth) & clip.speech & shown
        ax.plot(
            clip.time_s[shut],
            np.full(shut.sum(), 0.02),
            "|",
            color="black",
            transform=ax.get_xaxis_transform(),
        )
        ax.set_title(f"{rank}: {clip.name}", loc="left", fontsize=10)
        ax.set_ylabel("lip gap − median, cm")
        ax.set_xlim(time_s[0], time_s[-1])
        ax.legend(loc="upper right", fontsize=8, ncols=2 + len(made))
        ax.margins(y=0.25)
    axes[-1, 0].set_xlabel("audio time, s")
    figure.suptitle(f"{group}: {len(clips)} clips, ranked by {leader}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def file_name(group: str) -> str:
    """`GRID speaker 1, validation` → `grid-speaker-1-validation.png`."""
    return re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-") + ".png"
