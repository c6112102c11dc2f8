"""What a synthesiser hands over: sound, and the time of every phone in it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.frames import Floats
from models.data.alphabets import spell
from models.data.phones import Phone


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """One utterance."""

    samples: Floats
    """(N,) mono."""
    rate_hz: int
    phones: list[Phone] | None
    """On the utterance's own clock; None where the engine does not tell."""


class Engine(Protocol):
    """What the recipe asks of a synthesiser."""

    name: str

    def missing(self) -> str:
        """Empty, or what to install."""

    def voices(self, language: str) -> list[str]:
        """Voices that speak a language (ISO 639-1)."""

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """One utterance, at a random rate and pitch where the engine has them."""


def phones_of(
    timed: Iterable[tuple[float, float, str]], table: Mapping[str, tuple[str, ...]]
) -> list[Phone] | None:
    """Engine symbols with their times → our phones; one that is several shares its time. None: a symbol is unknown."""
    phones: list[Phone] = []
    for start, end, symbol in timed:
        names = spell(symbol, table)
        if names is None:
            return None
        if not names and phones:  # a glottal stop, a lengthening: the phone before it lasts
            phones[-1] = Phone(phones[-1].start_s, end, phones[-1].name)
        step = (end - start) / max(1, len(names))
        phones += [Phone(start + k * step, start + (k + 1) * step, name) for k, name in enumerate(names)]
    return phones
