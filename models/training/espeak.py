"""espeak-ng through its library: speech with the time of every phone, and the phones of a text in IPA."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import re
from functools import cache
from typing import Any

import numpy as np

from models.data.alphabets import IPA
from models.data.phones import Phone
from models.training.spoken import Spoken, phones_of

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: sound goes to the callback, the call returns when all is said
_PHONEME_EVENTS_IPA = 3
_EVENT_END, _EVENT_PHONEME = 0, 7
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_IPA_WITHOUT_TIES = 2

ACCENTS = {
    "en": (
        "gmw/en-US", "gmw/en", "gmw/en-GB-scotland", "gmw/en-GB-x-rp", "gmw/en-029", "gmw/en-GB-x-gbclan",
        "gmw/en-GB-x-gbcwmd", "gmw/en-US-nyc",
    ),
    "de": ("gmw/de",), "es": ("roa/es", "roa/es-419"), "fr": ("roa/fr", "roa/fr-BE"), "it": ("roa/it",),
    "nl": ("gmw/nl",), "pt": ("roa/pt", "roa/pt-BR"), "pl": ("zlw/pl",), "cs": ("zlw/cs",), "sv": ("gmq/sv",),
    "ro": ("roa/ro",), "tr": ("trk/tr",), "hu": ("urj/hu",), "fi": ("urj/fi",),
}  # fmt: skip
"""Files of espeak-ng's voices, without timbre."""
TIMBRES = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "croak", "whisper", "whisperf",
    "klatt", "klatt2", "klatt3", "klatt4", "klatt5", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo",
    "Gene", "Hugo", "Jacky", "Lee", "Marco", "Michael", "Mike", "adam", "anika", "antonio", "aunty", "belinda",
    "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa", "gustave", "iven", "john",
    "kaukovalta", "linda", "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert",
    "sandro", "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
"""Variants that come with espeak-ng, robots left out."""


CLOSURES_S = {"P": 0.05, "T": 0.05, "K": 0.05, "CH": 0.05, "B": 0.035, "D": 0.035, "G": 0.035, "JH": 0.035}
"""How long espeak-ng closes before it marks a stop, as measured (`models.evaluation.phone_times`)."""


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """The one instance the library allows."""

    def __init__(self, path: str) -> None:
        self.lib: Any = ctypes.CDLL(path)
        self.rate_hz: int = self.lib.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS_IPA)
        if self.rate_hz <= 0:
            raise RuntimeError(
                f"espeak-ng answers {self.rate_hz} to espeak_Initialize: install espeak-ng-data"
            )
        self.sound = bytearray()
        self.marks: list[tuple[float, str]] = []
        self._callback = _Callback(self._heard)  # kept: ctypes does not
        self.lib.espeak_SetSynthCallback(self._callback)
        self.lib.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def _heard(self, samples: int | None, count: int, events: Any) -> int:
        if samples and count > 0:
            self.sound += ctypes.string_at(samples, 2 * count)
        at = 0
        while events[at].type != _EVENT_END:
            if events[at].type == _EVENT_PHONEME:
                offset = (
                    _Event.id.offset
                )  # the union is read as bytes: eight letters fill it without a final zero
                raw = ctypes.string_at(ctypes.addressof(events[at]) + offset, 8)
                self.marks.append(
                    (events[at].sample / self.rate_hz, raw.split(b"\0")[0].decode("utf-8", "ignore"))
                )
            at += 1
        return 0

    def choose(self, voice: str) -> None:
        if self.lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}; `espeak-ng --voices` lists them")


@cache
def _library() -> _Library | None:
    path = ctypes.util.find_library("espeak-ng")
    return None if path is None else _Library(path)


def _loaded() -> _Library:
    library = _library()
    if library is None:
        raise RuntimeError("the library of espeak-ng is not there: install libespeak-ng1")
    return library


def phonemes_of(text: str, voice: str) -> str:
    """IPA of a text, clause by clause, with the comma or full stop that ends each.

    Raises:
        RuntimeError: without espeak-ng.
        ValueError: on a voice it does not have.
    """
    library = _loaded()
    library.choose(voice)
    said = []
    for clause in re.split(r"[,.;:?!]\s*", text):
        pointer = ctypes.c_char_p(clause.strip().encode() + b"\0")
        said.append(
            library.lib.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _IPA_WITHOUT_TIES)
            .decode()
            .strip()
        )
    return ", ".join(part for part in said if part) + "."


class Espeak:
    """Formant voices: accents × timbres, in any of a hundred languages."""

    name = "espeak"

    def missing(self) -> str:
        """Empty, or the package."""
        return "espeak-ng" if _library() is None else ""

    def voices(self, language: str) -> list[str]:
        """Every accent in every timbre."""
        return [f"{accent}+{timbre}" for accent in ACCENTS.get(language, ()) for timbre in TIMBRES]

    def say(self, voice: str, text: str, rng: random.Random) -> Spoken:
        """Phoneme events: each marks where one begins; one without a name is a pause."""
        library = _loaded()
        library.choose(voice)
        for parameter, value in (
            (_RATE, rng.randint(130, 200)), (_PITCH, rng.randint(25, 80)), (_RANGE, rng.randint(30, 80)),
        ):  # fmt: skip
            library.lib.espeak_SetParameter(parameter, value, 0)
        library.sound.clear()
        library.marks.clear()
        raw = text.encode() + b"\0"
        library.lib.espeak_Synth(raw, len(raw), 0, 1, 0, _UTF8, None, None)
        library.lib.espeak_Synchronize()
        samples = (np.frombuffer(bytes(library.sound), "<i2") / 32768).astype(np.float32)
        marks = [
            mark for mark in library.marks if not mark[1].startswith("(")
        ]  # `(en)` announces another language
        ends = [start for start, _ in marks[1:]] + [samples.size / library.rate_hz]
        timed = [(start, end, symbol or "_") for (start, symbol), end in zip(marks, ends, strict=True)]
        phones = phones_of(timed, {**IPA, "_": ("SIL",)})
        return Spoken(samples, library.rate_hz, phones and with_closures(phones))


def with_closures(phones: list[Phone]) -> list[Phone]:
    """espeak-ng marks a stop where it bursts; what is closed before counts to the stop, not to the phone before."""
    out: list[Phone] = []
    for phone in phones:
        closed = CLOSURES_S.get(phone.name, 0.0)
        if out and closed and out[-1].name != "SIL":
            start = max(phone.start_s - closed, (out[-1].start_s + phone.start_s) / 2)
            out[-1] = Phone(out[-1].start_s, start, out[-1].name)
            phone = Phone(start, phone.end_s, phone.name)
        out.append(phone)
    return out
