"""Tables, and JSON: `python -m models.evaluation WHAT --data DIR`.

WHAT is lips, emotion, motion, robust, noise, runs, ablation, retarget, renderer, or all.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bridge.contract import ContractError
from models.data.tracks import read_audio
from models.evaluation import (
    clips,
    conditions,
    face_emotion,
    languages,
    motion,
    noise,
    plots,
    portraits,
    robust,
    tables,
    utterances,
    voice_emotion,
)
from models.evaluation.systems import Network, named_path

WEIGHTS = Path(__file__).resolve().parents[2] / "bridge" / "weights"
SUBSET = 20
"""Clips of speaker 1 that `robust` takes, spread evenly over all."""
GERMAN_CLIPS = 60
UTTERANCES = 60
"""Of each folder given by --phones."""


def lip_report(args: argparse.Namespace, networks: dict[str, Path]) -> dict[str, object]:
    """Lip figures of every system on every group, and plots if they are asked for."""
    if args.plots:
        plots.pyplot()  # a missing library is said before the work, not after it
    systems = tables.systems_of(networks, dict(args.previous))
    groups = clips.groups(args.data)
    report, made = tables.lip_tables(systems, groups)
    if args.plots:
        for group, found in made.items():
            drawn = {name: found[name] for name in networks}
            print(plots.sheet(args.plots / plots.file_name(group), group, groups[group], drawn))
    return report


def emotion_report(data: Path, networks: dict[str, Path]) -> dict[str, object]:
    """Prints unweighted accuracies of the voice's emotion, and how steady it is."""
    print(
        f"\n{'emotion of the voice, unweighted accuracy':44s}{'whole clip':>12s}{'after 2 s':>12s}{'chance':>8s}"
    )
    sets = {
        "RAVDESS, four actors never heard": voice_emotion.ravdess_held_out(data),
        "EMO-DB (German), boredom left out": voice_emotion.emodb(data),
    }
    report: dict[str, object] = {}
    for title, found in sets.items():
        if not found:
            print(f"{title}: no clips under {data}")
            continue
        for name, path in networks.items():
            network = Network(path)
            whole = voice_emotion.unweighted_accuracy(network.emotion, found)
            early = voice_emotion.unweighted_accuracy(network.emotion, found, after_s=2.0)
            chance = 1 / len({label for _, label in found})
            print(f"{title + ', ' + name:44s}{whole:12.3f}{early:12.3f}{chance:8.3f}")
            report[f"{title} / {name}"] = {"whole": whole, "after_2_s": early, "chance": chance}
    acted, changes = sets["RAVDESS, four actors never heard"], voice_emotion.splices(data)
    if not acted or not changes:
        return report
    print(
        f"\n{'its steadiness, same actors':44s}{'changes/s':>12s}{'per frame':>12s}{'lag s':>8s}{'arrive':>8s}"
    )
    for name, path in networks.items():
        network = Network(path)
        often, moved = voice_emotion.flicker(network.emotion, acted)
        wait, share = voice_emotion.lag(network.emotion, changes)
        print(f"{name:44s}{often:12.2f}{moved:12.4f}{wait:8.2f}{share:8.2f}")
        report[f"steadiness / {name}"] = {
            "changes_per_s": often, "change_per_frame": moved, "lag_s": wait, "arrive": share,
        }  # fmt: skip
    return report


def robust_report(args: argparse.Namespace, networks: dict[str, Path]) -> dict[str, object]:
    """The figures under every condition, in other languages, and of real German."""
    systems = tables.systems_of(networks, dict(args.previous))
    del systems["static"]
    groups = clips.groups(args.data, SUBSET)
    tests = conditions.conditions(conditions.other_voices(args.data), args.seed)
    judged = {
        n: s for n, s in systems.items() if n != "amplitude" and (args.alone or not n.endswith(" alone"))
    }
    report: dict[str, object] = {"conditions": robust.robust_table(judged, groups, tests)}
    spoken = {p.name: utterances.read_utterances(p, UTTERANCES) for p in args.phones}
    try:
        spoken = spoken or utterances.languages(args.seed)
    except RuntimeError as error:
        print(f"\nother languages are left out: {error}")
    if spoken:
        report["languages"] = languages.language_table(systems, spoken)
    real = {"GRID speaker 1": [c.samples for c in groups.get(clips.SPEAKER_1, [])]}
    german = clips.some(sorted((args.data / "dev_emotion").glob("*.flac")), GERMAN_CLIPS)
    real["EMO-DB, German"] = [read_audio(p) for p in german]
    report["movement"] = languages.movement_table(systems, {k: v for k, v in real.items() if v})
    return report


def run_report(args: argparse.Namespace) -> dict[str, object]:
    """Training runs side by side; with --plots, the curve over look-ahead."""
    from models.evaluation import runs

    if args.plots:
        plots.pyplot()
    rows = runs.run_table(dict(args.cues), clips.groups(args.data))
    if args.plots:
        print(runs.curve(args.plots / "lookahead.png", rows))
    return dict(rows)


def parser() -> argparse.ArgumentParser:
    """Every option."""
    found = argparse.ArgumentParser(prog="python -m models.evaluation", description=__doc__)
    found.add_argument(
        "what",
        nargs="?",
        choices=("lips", "emotion", "motion", "robust", "noise", "runs", "ablation", "retarget", "all"),
        default="all",
    )
    found.add_argument("--data", type=Path, required=True, help="folder with grid_s1/val, dev_speakers, …")
    found.add_argument("--network", type=named_path, action="append", metavar="NAME=FILE",
                       help="a network to judge, again for more; default: those that ship")  # fmt: skip
    found.add_argument("--previous", type=named_path, action="append", default=[], metavar="NAME=FILE",
                       help="lips, robust: a network that shipped before, to stand beside")  # fmt: skip
    found.add_argument("--cues", type=named_path, action="append", metavar="NAME=FILE",
                       help="runs: a cues.pt of models.training.cues, again for more")  # fmt: skip
    found.add_argument("--json", type=Path, help="also write the figures here, clip by clip")
    found.add_argument("--plots", type=Path, metavar="DIR", help="lips, emotion, motion: draw what is judged")
    found.add_argument("--phones", type=Path, action="append", default=[], metavar="DIR",
                       help="robust: a language as NAME.flac with NAME.phones; default: espeak-ng's")  # fmt: skip
    found.add_argument(
        "--alone", action="store_true", help="robust: also the networks without gate and smoothing"
    )
    found.add_argument("--level-dbfs", type=float, default=noise.LEVEL_DBFS, help="noise: RMS of every sound")
    found.add_argument("--seeds", type=int, default=8, help="noise: how many of each sound")
    found.add_argument("--seed", type=int, default=0, help="robust: another draw of every noise")
    return found


def main() -> int:
    """Chooses the tables."""
    if sys.argv[1:2] == ["retarget"]:
        from models.evaluation import retarget

        retarget.main(sys.argv[2:])
        return 0
    if sys.argv[1:2] == ["renderer"]:
        from models.evaluation import renderer

        return renderer.main(sys.argv[2:])
    if sys.argv[1:2] == ["ablation"]:
        from models.evaluation import ablation

        return ablation.main(sys.argv[2:])
    options = parser()
    args = options.parse_args()
    if not args.data.is_dir():
        options.error(f"{args.data} is no folder; it should hold grid_s1/val and dev_speakers")
    if args.seeds < 1:
        options.error(f"--seeds is {args.seeds}; at least 1 is needed")
    if args.what == "runs" and not args.cues:
        options.error("runs needs --cues NAME=runs/…/cues.pt, again for every run")
    networks = (
        {}
        if args.what == "runs"
        else dict(args.network or [(p.stem, p) for p in sorted(WEIGHTS.glob("*.onnx"))])
    )
    wanted = ("lips", "emotion", "motion", "robust", "noise") if args.what == "all" else (args.what,)
    report: dict[str, object] = {}
    try:
        if args.plots:
            plots.pyplot()  # a missing library is said before the work, not after it
        for name, path in networks.items():
            ahead = Network(path).predictor.contract.lookahead_ms
            print(f"{name}: look-ahead {ahead} ms")
            report[name] = {"file": str(path), "lookahead_ms": ahead}
        if "lips" in wanted:
            report["lips"] = lip_report(args, networks)
        if "emotion" in wanted:
            report["emotion"] = emotion_report(args.data, networks)
            faces = {name: face_emotion.exported(path) for name, path in networks.items()}
            report["face emotion"] = face_emotion.face_report(faces, args.data)
            voices = face_emotion.recordings(args.data) if args.plots else []
            if args.plots and voices:
                print(portraits.strip(args.plots / "emotions.png", faces, voices[0]))
        if "motion" in wanted:
            report["motion"] = motion.motion_table(networks, args.data)
            if args.plots and motion.sets(args.data):
                sets, first = motion.sets(args.data), next(iter(networks.values()))
                print(portraits.gaze_sheet(args.plots / "gaze.png", first, sets))
                print(portraits.head_sheet(args.plots / "head.png", first, sets))
        if "robust" in wanted:
            report["robust"] = robust_report(args, networks)
        if "runs" in wanted:
            report["runs"] = run_report(args)
        if "noise" in wanted:
            report["noise"] = noise.noise_table(noise.systems_of(networks), args.seeds, dbfs=args.level_dbfs)
    except (ContractError, FileNotFoundError, ValueError, plots.PlotError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.what == "all":
        from models.evaluation import retarget

        retarget.main(["--data", str(args.data)])
    if args.json:
        beside = args.json.with_suffix(".tmp")
        beside.write_text(json.dumps(tables.plain(report), indent=1, allow_nan=False), "utf-8")
        beside.replace(args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
