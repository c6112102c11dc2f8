"""Sentences in three languages with the time of every phone, said by espeak-ng or read from a folder.

No recipe says these sentences. English stands beside the others as the yardstick. Knows no faces.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from bridge.frames import RATE_HZ, Floats
from models.data.phones import Phone, padded, read_phones
from models.data.tracks import AUDIO_SUFFIXES, read_audio
from models.evaluation.clips import some
from models.training.espeak import Espeak

PAD_S = 0.3
"""Silence before and after."""
VOICES = {
    "English": ("gmw/en-US+m3", "gmw/en-US+f2"),
    "German": ("gmw/de+m3", "gmw/de+f2"),
    "Spanish": ("roa/es+m3", "roa/es+f2"),
}
"""espeak-ng's voices, a man's and a woman's."""
SENTENCES = {
    "English": (
        "My mother puts a big pepper by the pump.",
        "Bob and Pam bought a purple lamp in Boston.",
        "The boy came home from the camp with a broken arm.",
        "Please bring me a map of the public beach.",
        "Some people prefer warm milk before bed.",
        "A pot of jam stood open on the table top.",
        "Nobody remembers the number of the last train.",
        "He told a long story about a yellow dog.",
    ),
    "German": (
        "Peter bringt meiner Mutter Blumen über die Brücke.",
        "Am Abend backen wir Apfelkuchen mit Pflaumenmus.",
        "Mein Bruder malt ein Bild vom blauen Himmel.",
        "Bitte bleib noch bis zum Morgen bei mir.",
        "Der Lampenschirm im Zimmer ist kaputt.",
        "Paul probiert die Suppe mit einem Löffel.",
        "Gestern haben wir lange auf den Zug gewartet.",
        "Sieben Boote schwimmen im Hafen von Bremen.",
    ),
    "Spanish": (
        "Pablo compra un poco de pan y mantequilla.",
        "Mi madre pone la mesa para comer.",
        "Bebemos mucha agua porque tenemos sed.",
        "El primo de Pepe puso un mapa en la pared.",
        "Mañana por la mañana empieza el campamento.",
        "Un hombre importante habla por el micrófono.",
        "La playa está muy lejos de la ciudad.",
        "Siempre me pides un favor imposible.",
    ),
}
"""Language → sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """Speech with phone times."""

    name: str
    samples: Floats
    """(N,) 16 kHz."""
    phones: list[Phone]
    """Of the whole recording, in order."""


def said(text: str, voice: str, seed: int = 0) -> Utterance:
    """A sentence in one of espeak-ng's voices; speed and pitch follow from the seed.

    Raises:
        RuntimeError: without espeak-ng.
        ValueError: on a voice it does not have, or a sentence it does not say.
    """
    spoken = Espeak().say(voice, text, random.Random(seed))
    if not spoken.samples.size or not spoken.phones:
        raise ValueError(f"espeak-ng's voice {voice} says nothing for {text!r}")
    pad = np.zeros(round(PAD_S * RATE_HZ), np.float32)
    sound = soxr.resample(spoken.samples, spoken.rate_hz, RATE_HZ).astype(np.float32)
    samples = np.concatenate([pad, sound, pad])
    return Utterance(f"{voice}: {text}", samples, padded(spoken.phones, PAD_S, samples.size / RATE_HZ))


def languages(seed: int = 0) -> dict[str, list[Utterance]]:
    """Language → every sentence in both voices; as `said`."""
    return {
        language: [said(text, voice, seed) for text in texts for voice in VOICES[language]]
        for language, texts in SENTENCES.items()
    }


def read_utterances(folder: Path, limit: int | None = None) -> list[Utterance]:
    """Sound with `.phones` beside it: everything in a folder, or an even choice of it.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: on a `.phones` file that cannot be read.
    """
    paths = sorted(
        p for p in folder.glob("*") if p.suffix in AUDIO_SUFFIXES and p.with_suffix(".phones").exists()
    )
    if not paths:
        raise FileNotFoundError(f"{folder} has no NAME.flac with NAME.phones beside it")
    return [
        Utterance(p.stem, read_audio(p), read_phones(p.with_suffix(".phones"))) for p in some(paths, limit)
    ]
