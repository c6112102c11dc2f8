"""The mean of trained networks' weights: `python -m models.training.average A/cues.pt B/cues.pt -o C/cues.pt`.

For runs that began from each other (`models.training.cues --warm`): they lie in one basin, and between an earlier
run and one that learned on is where both hold best for strangers (Wortsman et al. 2022, robust fine-tuning).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from models.training.results import write

PARTS = ("content", "motion", "echo")


def averaged(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The last run with every weight the mean over all.

    Raises:
        ValueError: if they differ in shape or look-ahead.
    """
    last = runs[-1]
    if any(
        run["config"] != last["config"] or run["lookahead_hops"] != last["lookahead_hops"] for run in runs
    ):
        raise ValueError("the runs differ in shape or look-ahead: only networks of one kind have a mean")
    out = dict(last)
    for part in PARTS:
        out[part] = {
            key: torch.stack([run[part][key].double() for run in runs]).mean(0).to(value.dtype)
            for key, value in last[part].items()
        }
    return out


def main() -> None:
    """Reads, averages, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cues", type=Path, nargs="+", help="cues.pt of models.training.cues")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    for path in args.cues:
        if not path.exists():
            parser.error(f"{path}: run python -m models.training.cues first")
    try:
        mean = averaged([torch.load(path, weights_only=True) for path in args.cues])
    except ValueError as error:
        parser.error(str(error))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write(args.out, mean)
    print(f"{args.out}: the mean of {len(args.cues)} runs")


if __name__ == "__main__":
    main()
