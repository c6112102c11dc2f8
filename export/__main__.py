"""`python -m export --cues runs/live/cues.pt --emotion … --expression … --name live -o bridge/weights/live.onnx`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from export.onnx_file import ParityError, contract_of, export
from models.cue_network import assemble

TRAINED_ON = (
    "speech encoder: from Whisper tiny.en (MIT) on; mouth: GRID corpus speaker 1 (CC BY 4.0) and natural talk of "
    "mixed rights, lent to RAVDESS (CC BY-NC-SA 4.0), synthetic voices (some non-commercial) and recorded prompts "
    "(GPL, CC BY-SA and others) by a teacher on Whisper tiny.en; emotion: RAVDESS; expression, gaze and head offsets: "
    "motion statistics of two MEAD actors (research terms)."
)
LICENCE = "non-commercial (CC BY-NC-SA 4.0, from RAVDESS)"


def main() -> int:
    """Exports one network; prints its parity."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", type=Path, required=True)
    parser.add_argument("--emotion", type=Path, required=True)
    parser.add_argument("--expression", type=Path, required=True)
    parser.add_argument("--voice", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--trained-on", default=TRAINED_ON)
    parser.add_argument("--licence", default=LICENCE)
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        network = assemble(args.cues, args.emotion, args.expression, args.voice)
        contract = contract_of(network, args.name, args.trained_on, args.licence)
        found = export(network, contract, args.out)
    except (FileNotFoundError, ValueError, ParityError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {size:.2f} MB, look-ahead {contract.lookahead_ms} ms, opset 17")
    print("parity over 320 frames: " + ", ".join(f"{c} a call {d:.1e}" for c, d in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
