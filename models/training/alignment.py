"""Phone times of recordings whose words are known: `python -m models.training.alignment --data DIR --out DIR/phones`.

Forced alignment with pocketsphinx (BSD, `pip install pocketsphinx==5.1.1`, its own US English model) of GRID, whose
words lie beside each clip in an `.align` file, and of RAVDESS, which says one of two sentences. Writes
`grid/NAME.phones` and `ravdess/actor_NN/NAME.phones`; clips that do not align are left out and counted. Nobody that
evaluation listens to is aligned.
"""

from __future__ import annotations

import argparse
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import RATE_HZ, Floats
from models.data.phones import INDEX, Phone, padded, write_phones
from models.data.tracks import AUDIO_SUFFIXES, audio_beside, read_audio

GRID_UNIT_S = 1 / 25000
RAVDESS_SENTENCES = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
"""Fifth field of a RAVDESS name."""
LETTERS = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH", "i": "AY",
    "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY", "q": "K Y UW",
    "r": "AA", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "x": "EH K S", "y": "W AY", "z": "Z EH D",
}  # fmt: skip
"""As the British say them; GRID's fourth word is one."""
FRAME_S = 0.01
EARLY_S = 0.005
"""Frame k of the aligner looks at 25 ms from k · 10 ms on: what it calls a beginning lies in the middle of those,
less a step. The rest is measured (`models.evaluation.phone_times`)."""
OTHER_WORD_S = 0.12
LONGEST_S = 0.9
SHORTEST_S = 0.03
WEAK = 0.5


class Aligner:
    """Words and sound → phones."""

    def __init__(self) -> None:
        """Loads the model.

        Raises:
            ModuleNotFoundError: without pocketsphinx, with the way to get it.
        """
        try:
            pocketsphinx = importlib.import_module("pocketsphinx")
        except ModuleNotFoundError:
            raise ModuleNotFoundError("pocketsphinx is not there: pip install pocketsphinx==5.1.1") from None
        self._decoder: Any = pocketsphinx.Decoder(
            lm=None, bestpath=False, beam=1e-80, pbeam=1e-80, wbeam=1e-60, loglevel="FATAL"
        )
        for letter, spelled in LETTERS.items():
            self._decoder.add_word(f"letter_{letter}", spelled, True)

    def __call__(self, samples: Floats, words: list[str]) -> list[tuple[str, list[Phone]]] | None:
        """(N,) at 16 kHz → words in order with their phones, silence included; None where they do not fit the sound.

        Two passes: words first, then their states; both see the whole clip.
        """
        pcm = (np.clip(samples / (np.abs(samples).max() + 1e-9) * 0.5, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.set_align_text(" ".join(words))
        try:
            self._hear(pcm)
            self._decoder.set_alignment()
            self._hear(pcm)
        except RuntimeError:
            return None
        alignment = self._decoder.get_alignment()
        if alignment is None:
            return None
        found = []
        for word in alignment:
            phones = [
                Phone(
                    max(0.0, p.start * FRAME_S + EARLY_S),
                    (p.start + p.duration) * FRAME_S + EARLY_S,
                    p.name if p.name in INDEX else "SIL",
                )
                for p in word
            ]
            found.append((str(word.name), phones))
        return found

    def _hear(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()


def grid_words(path: Path) -> list[tuple[float, float, str]]:
    """The words of an `.align` file with start and end in seconds of the clip's audio; silences left out.

    Raises:
        ValueError: on a line that is not `start end word`.
    """
    words = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fields = line.split()
        if len(fields) != 3 or not (fields[0].isdigit() and fields[1].isdigit()):
            raise ValueError(f"{path}:{number} is {line!r}; a line reads: start end word, in 1/25000 s")
        if fields[2] not in ("sil", "sp"):
            words.append((int(fields[0]) * GRID_UNIT_S, int(fields[1]) * GRID_UNIT_S, fields[2]))
    return words


def misfit(found: list[tuple[str, list[Phone]]] | None, given: list[float]) -> str:
    """Why an alignment is not believed, in a word or two; empty if it is. `given`: word starts in seconds, if known."""
    if found is None:
        return "not aligned"
    spoken = [phones for name, phones in found if phones and phones[0].name != "SIL"]
    if not spoken:
        return "no words"
    lengths = [p.end_s - p.start_s for phones in spoken for p in phones]
    if max(lengths) > LONGEST_S:
        return "a phone too long"
    if np.mean(np.array(lengths) <= SHORTEST_S + 1e-6) > WEAK:
        return "phones too short"
    starts = np.array([phones[0].start_s for phones in spoken])
    if given and (len(given) != starts.size or np.median(np.abs(starts - given)) > OTHER_WORD_S):
        return "words elsewhere"
    return ""


def clips(data: Path) -> Iterator[tuple[str, Path, list[str], list[float]]]:
    """(name below the output folder, recording, words, their starts in seconds if known)."""
    for part in ("train", "val"):
        for path in sorted((data / "grid_s1" / part).glob("*.align")):
            audio = audio_beside(path)
            if audio is None:
                continue
            rows = grid_words(path)
            words = [f"letter_{w}" if i == 3 and w in LETTERS else w for i, (_, _, w) in enumerate(rows)]
            yield f"grid/{path.stem}", audio, words, [start for start, _, _ in rows]
    for path in sorted((data / "ravdess_speech").glob("actor_*/*")):
        fields = path.stem.split("-")
        if path.suffix in AUDIO_SUFFIXES and len(fields) == 7 and fields[4] in RAVDESS_SENTENCES:
            yield f"ravdess/{path.parent.name}/{path.stem}", path, RAVDESS_SENTENCES[fields[4]].split(), []


def main() -> None:
    """Aligns what there is and says what did not align."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    aligner = Aligner()
    counts: dict[str, Counter[str]] = {}
    errors: list[float] = []
    for name, audio, words, given in clips(args.data):
        samples = read_audio(audio)
        found = aligner(samples, words)
        why = misfit(found, given)
        counts.setdefault(name.split("/")[0], Counter())[why or "aligned"] += 1
        if why or found is None:
            continue
        if given:
            starts = [phones[0].start_s for _, phones in found if phones and phones[0].name != "SIL"]
            errors += [1000 * (a - b) for a, b in zip(starts, given, strict=True)]
        target = args.out / f"{name}.phones"
        target.parent.mkdir(parents=True, exist_ok=True)
        phones = [phone for _, spoken in found for phone in spoken]
        write_phones(target, padded(phones, 0.0, samples.size / RATE_HZ))
    for group, counted in counts.items():
        print(f"{group:8} " + ", ".join(f"{count} {why}" for why, count in counted.most_common()))
    if errors:
        low, middle, high = np.percentile(errors, [25, 50, 75])
        print(
            f"word starts against GRID's own: median {middle:+.0f} ms, quartiles {low:+.0f} and {high:+.0f}"
        )


if __name__ == "__main__":
    main()
