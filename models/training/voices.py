"""Makes speech of many synthetic voices: `python -m models.training.voices --out DIR/tts`.

flite and espeak-ng (both from any Linux distribution) say the sentences of `models/data/sentences.txt`;
each sentence is said by several voices at several speeds and pitches. FLAC, mono, 16 kHz. Resumes.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bridge.frames import RATE_HZ

FLITE = ("slt", "rms", "awb", "kal16")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
TIMBRES = ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5", "croak", "whisperf")


def sentences() -> list[str]:
    """The bundled sentences: every English phone in many neighbourhoods."""
    return resources.files("models.data").joinpath("sentences.txt").read_text("utf-8").splitlines()


def command(text: str, rng: random.Random, wav: Path) -> list[str]:
    """A synthesiser's command line for one random voice."""
    if rng.random() < 0.5:
        stretch = rng.uniform(0.85, 1.25)
        return [
            "flite",
            "-voice",
            rng.choice(FLITE),
            "--setf",
            f"duration_stretch={stretch:.2f}",
            "-t",
            text,
            "-o",
            str(wav),
        ]
    voice = f"{rng.choice(ACCENTS)}+{rng.choice(TIMBRES)}"
    return [
        "espeak-ng",
        "-v",
        voice,
        "-s",
        str(rng.randint(130, 200)),
        "-p",
        str(rng.randint(25, 80)),
        "-w",
        str(wav),
        text,
    ]


def main() -> None:
    """Writes `--takes` utterances of every sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--takes", type=int, default=6, help="voices a sentence")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    missing = [tool for tool in ("flite", "espeak-ng") if shutil.which(tool) is None]
    if missing:
        parser.error(f"{' and '.join(missing)} not found: install with your package manager")
    args.out.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    for take in range(args.takes):
        for line, text in enumerate(sentences()):
            target = args.out / f"{take:02d}_{line:03d}.flac"
            rng = random.Random(f"{args.seed} {take} {line}")
            if not target.exists():
                wav = target.with_suffix(".wav")
                subprocess.run(command(text, rng, wav), check=True, capture_output=True)  # noqa: S603
                samples, rate = soundfile.read(io.BytesIO(wav.read_bytes()), dtype="float32")
                wav.unlink()
                samples = soxr.resample(samples, rate, RATE_HZ)
                samples *= 0.5 / max(1e-3, float(np.abs(samples).max()))
                silence = np.zeros(int(0.25 * RATE_HZ), np.float32)
                soundfile.write(target, np.concatenate([silence, samples, silence]), RATE_HZ)
            seconds += soundfile.info(target).duration
    print(f"{args.out}: {seconds / 60:.1f} minutes of speech")


if __name__ == "__main__":
    main()
