"""Makes speech of many synthetic voices: `python -m models.training.voices --out DIR/tts`.

Every engine that is installed takes part (`models.training.synthesisers`, `espeak`, `neural_voices`); those that are
not are named with what to install. They say English sentences that put every phone in every neighbourhood, commands
in the manner of the GRID corpus, and sentences in a dozen other languages (`models/data/sentences*.txt`), each in
several voices, rates and pitches; with `--films DATA/grid_s1/train --out DIR/dubbed` what filmed clips say, so that a
film's mouth can be lent to other voices (`models.data.dubbing`). FLAC, mono, 16 kHz, peak 0.5, a quarter of a second
of silence at both ends; beside it a `.phones` file where the engine tells its times. The same seed casts the same
voices; it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bridge.frames import RATE_HZ
from models.data.dubbing import grid_sentence
from models.data.phones import padded, write_phones
from models.data.tracks import write_audio
from models.training.espeak import Espeak
from models.training.neural_voices import Hibari, Piper
from models.training.spoken import Engine
from models.training.synthesisers import Festival, Flite, Mbrola, Pico

ENGINES: tuple[tuple[Engine, float], ...] = (
    (Flite(), 0.12), (Espeak(), 0.18), (Mbrola(), 0.24), (Festival(), 0.14), (Pico(), 0.08), (Piper(), 0.11),
    (Hibari(), 0.13),
)  # fmt: skip
"""Engines and how often each is cast, for those that speak a language."""
LEAD_S = 0.25
VERBS, COLOURS = ("bin", "lay", "place", "set"), ("blue", "green", "red", "white")
PREPOSITIONS, ADVERBS = ("at", "by", "in", "with"), ("again", "now", "please", "soon")
LETTERS = "abcdefghijklmnopqrstuvxyz"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def sentences(language: str = "en") -> list[str]:
    """The bundled sentences of a language; the English ones hold every phone in many neighbourhoods."""
    name = "sentences.txt" if language == "en" else f"sentences_{language}.txt"
    return resources.files("models.data").joinpath(name).read_text("utf-8").splitlines()


def languages() -> list[str]:
    """Languages other than English that sentences are bundled for."""
    names = (entry.name for entry in resources.files("models.data").iterdir())
    return sorted(name[10:-4] for name in names if name.startswith("sentences_") and name.endswith(".txt"))


def command(rng: random.Random) -> str:
    """Six words in the manner of GRID (Cooke et al. 2006): `bin red by k seven now`."""
    letter = rng.choice(LETTERS)
    letter = "eigh" if letter == "a" else letter  # `a` alone is read as the article
    words = (rng.choice(VERBS), rng.choice(COLOURS), rng.choice(PREPOSITIONS), letter, rng.choice(DIGITS))
    return f"{' '.join(words)} {rng.choice(ADVERBS)}"


def script(takes: int, commands: int, foreign: int) -> Iterator[tuple[str, str, str]]:
    """(name, language, text) of every utterance, kinds interleaved so that a part of it is a cross-section."""
    rows: list[tuple[float, str, str, str]] = []

    def add(kind: list[tuple[str, str, str]]) -> None:
        rows.extend(((i + 0.5) / len(kind), *row) for i, row in enumerate(kind))

    add([(f"en{t:02d}_{i:03d}", "en", text) for t in range(takes) for i, text in enumerate(sentences())])
    add([(f"grid_{i:04d}", "en", command(random.Random(f"command {i}"))) for i in range(commands)])
    abroad = [(code, i, text) for code in languages() for i, text in enumerate(sentences(code))]
    add([(f"{code}{t:02d}_{i:03d}", code, text) for t in range(foreign) for code, i, text in abroad])
    for _, name, language, text in sorted(rows):
        yield name, language, text


def dubs(films: Path, takes: int) -> Iterator[tuple[str, str, str]]:
    """The same of GRID's clips, for other voices to say (`models.data.dubbing`)."""
    for take in range(takes):
        for path in sorted(films.glob("*.npz")):
            yield f"{path.stem}_{take}", "en", grid_sentence(path.stem)


def record(target: Path, engine: Engine, voice: str, text: str, rng: random.Random) -> float:
    """Writes one utterance and, where they are known, its phones; seconds."""
    spoken = engine.say(voice, text, rng)
    samples = soxr.resample(spoken.samples, spoken.rate_hz, RATE_HZ)
    loudest = float(np.abs(samples).max()) if samples.size else 0.0
    if samples.size < 0.3 * RATE_HZ or loudest < 1e-3:
        raise ValueError(f"{engine.name} {voice} made {samples.size / RATE_HZ:.2f} s of silence of {text!r}")
    silence = np.zeros(int(LEAD_S * RATE_HZ), np.float32)
    sound = np.concatenate([silence, samples * (0.5 / loudest), silence])
    if spoken.phones:
        write_phones(target.with_suffix(".phones"), padded(spoken.phones, LEAD_S, sound.size / RATE_HZ))
    write_audio(target, sound)
    return sound.size / RATE_HZ


def say(
    out: Path, name: str, language: str, text: str, cast: list[tuple[Engine, float]], seed: int
) -> tuple[str, str, float] | None:
    """Casts a voice, the same for the same name and seed, and records: (engine, voice, seconds); None: it could not."""
    rng = random.Random(f"{seed} {name}")
    able = [(engine, share) for engine, share in cast if engine.voices(language)]
    if not able:
        return None
    engine = rng.choices([e for e, _ in able], [s for _, s in able])[0]
    voice = rng.choice(engine.voices(language))
    plain = voice.split("/")[-1].replace("+", "-").replace("_", "-")
    try:
        length = record(out / f"{name}__{engine.name}_{plain}.flac", engine, voice, text, rng)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"{name}: {engine.name} {voice}: {error}", flush=True)
        return None
    return engine.name, plain, length


def engines_here() -> list[tuple[Engine, float]]:
    """The engines that are installed; the others are named with what to install.

    Raises:
        SystemExit: if there is none.
    """
    absent = {engine.name: engine.missing() for engine, _ in ENGINES if engine.missing()}
    for name, packages in absent.items():
        print(f"without {name}: install {packages}")
    cast = [(engine, share) for engine, share in ENGINES if engine.name not in absent]
    if not cast:
        raise SystemExit("no synthesiser found: install flite or espeak-ng with your package manager")
    return cast


def main() -> None:
    """Casts and records every line of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--takes", type=int, default=5, help="voices an English sentence")
    parser.add_argument("--commands", type=int, default=700, help="commands in the manner of GRID")
    parser.add_argument("--foreign", type=int, default=2, help="voices a sentence of another language")
    parser.add_argument(
        "--films",
        type=Path,
        help="DATA/grid_s1/train: say what its clips say, --takes voices each, nothing else",
    )
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cast = engines_here()
    args.out.mkdir(parents=True, exist_ok=True)
    there = {path.stem.split("__")[0]: path for path in args.out.glob("*__*.flac")}
    seconds: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    lines = (
        script(args.takes, args.commands, args.foreign)
        if args.films is None
        else dubs(args.films, args.takes)
    )
    for name, language, text in lines:
        if name in there:
            engine_name, voice = there[name].stem.split("__")[1].split("_", 1)
            length = soundfile.info(there[name]).duration
        else:
            spoken = say(args.out, name, language, text, cast, args.seed)
            if spoken is None:
                continue
            engine_name, voice, length = spoken
        seconds[engine_name] += length
        people.setdefault(engine_name, set()).add(voice)
    for engine_name, length in seconds.most_common():
        print(f"{engine_name:10} {len(people[engine_name]):4} voices {length / 60:6.1f} min")
    print(f"{args.out}: {sum(seconds.values()) / 60:.1f} minutes of speech")


if __name__ == "__main__":
    main()
