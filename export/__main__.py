"""Networks leave as ONNX.

    python -m export --cues CUES --emotion EMOTION --expression EXPRESSION --voice VOICE \
                     --performance PERFORMANCE --style STYLE --name live -o live.onnx
    python -m export --from bridge/weights/live.onnx -o live-plain.onnx
    python -m export --profile unity --lookahead live -o Assets/Facecue

The first makes a file of training results; `--profile bridge` (large weights in 8 bits, needs onnxruntime ≥ 1.22)
or `--profile plain` (standard operators of opset 17, for any runtime). The second makes a plain file of one that
was exported before. The third makes what Unity's Inference Engine runs, of a shipped network or of `--from FILE`;
it needs no torch.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bridge.weights import NAMED, choose
from export.engine import FRAMES, write_engine

TRAINED_ON = (
    "speech encoder: from Whisper tiny.en (MIT) on; mouth: GRID corpus speaker 1 (CC BY 4.0) and natural talk of "
    "mixed rights, lent to RAVDESS (CC BY-NC-SA 4.0), synthetic voices (some non-commercial) and recorded prompts "
    "(GPL, CC BY-SA and others) by a teacher on Whisper tiny.en; emotion: RAVDESS; expression, gaze and head offsets: "
    "motion statistics of two MEAD actors (research terms)."
)
LICENCE = "non-commercial (CC BY-NC-SA 4.0, from RAVDESS)"


def main() -> int:
    """Exports one network; prints its parity."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    trained = [
        parser.add_argument(f"--{name}", type=Path)
        for name in ("cues", "emotion", "expression", "voice", "performance", "style")
    ]
    parser.add_argument("--from", dest="source", type=Path, help="a network that was exported before")
    parser.add_argument("--name", help="how the network calls itself")
    parser.add_argument("--profile", choices=("bridge", "plain", "unity"), default="bridge")
    parser.add_argument(
        "--lookahead", choices=NAMED, default="live", help="which shipped network goes into Unity"
    )
    parser.add_argument("--trained-on", default=TRAINED_ON)
    parser.add_argument("--licence", default=LICENCE)
    parser.add_argument("-o", "--out", type=Path, help="file to write; a folder for unity")
    args = parser.parse_args()
    if args.profile == "unity":
        return _for_unity(args.source, args.lookahead, args.out or Path("facecue-unity"))
    lacking = [f"--{a.dest}" for a in trained if getattr(args, a.dest) is None]
    if args.out is None:
        parser.error("give -o FILE")
    if args.source is None and (lacking or args.name is None):
        parser.error(
            f"give {', '.join([*lacking, *(['--name'] if args.name is None else [])])}, or --from FILE"
        )
    from export.onnx_file import (
        ParityError,
        contract_of,
        export,
        plain_copy,
    )  # torch, which the unity profile spares
    from models.cue_network import assemble

    try:
        if args.source is not None:
            said = f"{plain_copy(args.source, args.out)} matrices unpacked, standard operators alone"
        else:
            network = assemble(*(getattr(args, a.dest) for a in trained))
            contract = contract_of(network, args.name, args.trained_on, args.licence)
            found = export(network, contract, args.out, args.profile)
            said = f"look-ahead {contract.lookahead_ms} ms, opset 17\nover 320 frames: "
            said += ", ".join(f"{what} {d:.1e}" for what, d in found.items())
    except (OSError, ValueError, ParityError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {said}")
    return 0


def _for_unity(source: Path | None, lookahead: str, folder: Path) -> int:
    """Writes what Unity runs; prints what it differs by."""
    try:
        measured = write_engine(choose(lookahead) if source is None else source, folder)
    except (OSError, ValueError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{folder}: over {FRAMES} frames " + ", ".join(f"{n} {d:.1e}" for n, d in measured.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
