"""`python -m models.evaluation [lips|emotion|retarget|all] --data DIR`: the figures, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from models.evaluation import lips, voice_emotion
from models.evaluation.systems import Baked, Network

WEIGHTS = Path(__file__).resolve().parents[2] / "bridge" / "weights"


def lip_groups(data: Path) -> dict[str, list[Path]]:
    """Validation clips of the training speaker, other speakers of the same studio, people elsewhere."""
    others = lips.clips(data / "dev_speakers")
    return {
        "GRID speaker 1, validation": lips.clips(data / "grid_s1" / "val"),
        "other GRID speakers": [p for p in others if p.stem.startswith("GRIDx__")],
        "people elsewhere": [p for p in others if not p.stem.startswith("GRIDx__")],
    }


def lip_table(data: Path, networks: dict[str, Network], report: dict[str, object]) -> None:
    """Prints the lip figures of every system on every group; "alone" is a network without gate and smoothing."""
    systems: dict[str, lips.System] = {"static": lips.static_mouth, "amplitude": lips.amplitude_mouth}
    systems |= {f"{name} alone": network.landmarks for name, network in networks.items()}
    systems |= {name: Baked(network.path).landmarks for name, network in networks.items()}
    head = ("gap_r", "speech_r", "best_r", "best_lag_ms", "width_r", "mouth_mm", "mouth_ratio", "face_mm", "worst_mm",
            "closure_f1", "jitter_mm")  # fmt: skip
    for group, paths in lip_groups(data).items():
        if not paths:
            print(f"\n{group}: no clips under {data}")
            continue
        print(f"\n{group} ({len(paths)} clips, mean; people elsewhere also median best r)")
        print(f"{'':14s}" + "".join(f"{h:>12s}" for h in head))
        for name, system in systems.items():
            rows = lips.judge(system, paths)
            means = {h: lips.mean(list(rows.values()), h) for h in head}
            median = float(np.median([r.best_r for r in rows.values()]))
            print(f"{name:14s}" + "".join(f"{means[h]:12.3f}" for h in head)
                  + (f"   median best r {median:.3f}" if "elsewhere" in group else ""))  # fmt: skip
            report[f"{group} / {name}"] = {**means, "median_best_r": median,
                                           "clips": {k: asdict(v) for k, v in rows.items()}}  # fmt: skip
        if "speaker 1" in group:
            for name, system in systems.items():
                ratio = lips.absolute_mouth_ratio(system, paths)
                print(
                    f"{name:14s} lip displacement error against a static mouth (nothing removed): {ratio:.3f}"
                )
                report[f"{group} / {name} / absolute_mouth_ratio"] = ratio


def emotion_table(data: Path, networks: dict[str, Network], report: dict[str, object]) -> None:
    """Prints unweighted accuracies of the voice's emotion."""
    print(
        f"\n{'emotion of the voice, unweighted accuracy':44s}{'whole clip':>12s}{'after 2 s':>12s}{'chance':>8s}"
    )
    sets = {
        "RAVDESS, four actors never heard": voice_emotion.ravdess_held_out(data),
        "EMO-DB (German), boredom left out": voice_emotion.emodb(data),
    }
    for title, clips in sets.items():
        if not clips:
            print(f"{title}: no clips under {data}")
            continue
        for name, network in networks.items():
            whole = voice_emotion.unweighted_accuracy(network.emotion, clips)
            early = voice_emotion.unweighted_accuracy(network.emotion, clips, after_s=2.0)
            chance = 1 / len({label for _, label in clips})
            print(f"{title + ', ' + name:44s}{whole:12.3f}{early:12.3f}{chance:8.3f}")
            report[f"{title} / {name}"] = {"whole": whole, "after_2_s": early}


def main() -> int:
    """Chooses the tables."""
    if sys.argv[1:2] == ["retarget"]:
        from models.evaluation import retarget

        retarget.main(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(prog="python -m models.evaluation", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("lips", "emotion", "retarget", "all"), default="all")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--network", type=Path, action="append", help="model file; default: those that ship")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    if not args.data.is_dir():
        parser.error(f"{args.data} is no folder; it should hold grid_s1/val and dev_speakers")
    paths = args.network or sorted(WEIGHTS.glob("*.onnx"))
    networks = {path.stem: Network(path) for path in paths}
    report: dict[str, object] = {}
    for name, network in networks.items():
        print(f"{name}: look-ahead {network.predictor.contract.lookahead_ms} ms")
    if args.what in ("lips", "all"):
        lip_table(args.data, networks, report)
    if args.what in ("emotion", "all"):
        emotion_table(args.data, networks, report)
    if args.what == "all":
        from models.evaluation import retarget

        retarget.main(["--data", str(args.data)])
    if args.json:
        beside = args.json.with_suffix(".tmp")
        beside.write_text(json.dumps(report, indent=1, allow_nan=True), "utf-8")
        beside.replace(args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
