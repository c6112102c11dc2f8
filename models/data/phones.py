"""Phones in time: the inventory, `.phones` files, labels at cue rate, and what lips do for each phone.

A `.phones` file lies beside a recording and holds one line a phone, `start_s end_s PHONE`, on the recording's own
clock. The inventory is ARPAbet without stress and `SIL` for pauses; 40 names, the index is the label. Sounds that
ARPAbet lacks are written as the one whose lips and jaw come nearest (`models.data.alphabets` has the tables).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.frames import CUE_RATE_HZ

PHONES = (
    "SIL",
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG",
    "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
"""Index = label; silence is 0."""
INDEX = {name: index for index, name in enumerate(PHONES)}
SILENCE = INDEX["SIL"]
UNKNOWN = -1
"""Label of a cue frame that no phone covers."""

CLASSES: dict[str, tuple[str, ...]] = {
    "silence": ("SIL",),
    "bilabial": ("B", "M", "P"),
    "labiodental": ("F", "V"),
    "dental": ("DH", "TH"),
    "alveolar": ("D", "L", "N", "T"),
    "sibilant": ("CH", "JH", "S", "SH", "Z", "ZH"),
    "postalveolar": ("CH", "JH", "SH", "ZH"),
    "velar": ("G", "K", "NG"),
    "glottal": ("HH",),
    "approximant": ("L", "R", "W", "Y"),
    "rounded": ("AO", "OW", "OY", "UH", "UW", "W"),
    "spread": ("EY", "IH", "IY", "Y"),
    "open_vowel": ("AA", "AE", "AW", "AY"),
    "mid_vowel": ("AH", "AO", "EH", "ER", "EY", "OW", "OY"),
    "close_vowel": ("IH", "IY", "UH", "UW"),
    "diphthong": ("AW", "AY", "EY", "OW", "OY"),
    "vowel": ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"),
    "nasal": ("M", "N", "NG"),
    "stop": ("B", "D", "G", "K", "P", "T"),
    "fricative": ("DH", "F", "HH", "S", "SH", "TH", "V", "Z", "ZH"),
}
"""What an articulator does → the phones that do it. A phone is in several; diphthongs stand where they begin."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone of a recording."""

    start_s: float
    end_s: float
    name: str
    """One of PHONES."""


def read_phones(path: Path) -> list[Phone]:
    """The phones of a `.phones` file, in order.

    Raises:
        ValueError: on a line that is not `start_s end_s PHONE`, times that run backwards, or an unknown phone.
    """
    phones: list[Phone] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            start, end, name = float(fields[0]), float(fields[1]), fields[2]
        except (IndexError, ValueError):
            raise ValueError(f"{path}:{number} is {line!r}; a line reads: start_s end_s PHONE") from None
        if len(fields) != 3:
            raise ValueError(f"{path}:{number} has {len(fields)} fields; a line reads: start_s end_s PHONE")
        if name not in INDEX:
            raise ValueError(f"{path}:{number} names {name}; phones are {' '.join(PHONES)}")
        if not 0 <= start <= end < float("inf") or (phones and start < phones[-1].end_s - 1e-3):
            raise ValueError(
                f"{path}:{number} runs from {start} to {end} s; phones follow each other in time"
            )
        phones.append(Phone(start, end, name))
    return phones


def write_phones(path: Path, phones: Iterable[Phone]) -> None:
    """Writes a `.phones` file beside its final name and renames it: a half-written one is never seen."""
    beside = path.with_name(path.name + ".part")
    lines = [f"{phone.start_s:.4f} {phone.end_s:.4f} {phone.name}\n" for phone in phones]
    beside.write_text("".join(lines), "utf-8")
    beside.replace(path)


def phones_beside(audio_path: Path) -> Path | None:
    """The `.phones` file of a recording, if it has one."""
    path = audio_path.with_suffix(".phones")
    return path if path.exists() else None


def frame_labels(phones: list[Phone], frames: int) -> np.ndarray:
    """(frames,) int64: the phone at the middle of each cue frame; UNKNOWN where none is."""
    labels = np.full(frames, UNKNOWN, np.int64)
    if not phones:
        return labels
    times = (np.arange(frames) + 0.5) / CUE_RATE_HZ
    starts = np.array([phone.start_s for phone in phones])
    ends = np.array([phone.end_s for phone in phones])
    names = np.array([INDEX[phone.name] for phone in phones])
    at = np.searchsorted(starts, times, side="right") - 1
    inside = (at >= 0) & (times < ends[np.maximum(at, 0)])
    labels[inside] = names[at[inside]]
    return labels


def in_class(labels: np.ndarray, name: str) -> np.ndarray:
    """(T,) labels → (T,) bool: frames whose phone is of the class.

    Raises:
        ValueError: if there is no such class; the known ones are named.
    """
    if name not in CLASSES:
        raise ValueError(f"no articulatory class {name!r}; there are {', '.join(CLASSES)}")
    return np.isin(labels, [INDEX[phone] for phone in CLASSES[name]])


def padded(phones: list[Phone], shift_s: float, total_s: float) -> list[Phone]:
    """Phones moved by `shift_s`, gaps, lead and tail filled with SIL up to `total_s`, silences in a row made one."""
    filled: list[Phone] = []

    def add(end: float, name: str) -> None:
        start = filled[-1].end_s if filled else 0.0
        if end - start < 1e-4:
            return
        if name == "SIL" and filled and filled[-1].name == "SIL":
            filled[-1] = Phone(filled[-1].start_s, end, name)
        else:
            filled.append(Phone(start, end, name))

    for phone in phones:
        add(min(phone.start_s + shift_s, total_s), "SIL")
        add(min(phone.end_s + shift_s, total_s), phone.name)
    add(total_s, "SIL")
    return filled
