"""Takes: what a performance leaves on disk. One file a format, each opened by name with `open_take`.

A take is fed frame by frame and appears under its name only when it is complete: it is written
beside and renamed. Leaving the `with` block by an error discards it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from bridge.frames import CUE_RATE_HZ, Floats, RigFrame

VISEME_RIGS = {
    "rhubarb.tsv": "rhubarb9",
    "rhubarb.json": "rhubarb9",
    "oculus15.json": "oculus15",
    "microsoft22.json": "microsoft22",
}
"""Formats that are one viseme at a time, and the rig whose curves are shown."""
FORMATS = ("npz", "csv", "jsonl", "bvh", *VISEME_RIGS, "srt", "glb", "usd", "usda")
"""Formats that `open_take` knows; each is also the suffix of its files."""
TIMED = (*VISEME_RIGS, "srt")
"""Formats of times in seconds and no frames: their rate is always that of the face."""
COUNTED = ("bvh",)
"""Formats whose readers count frames from time 0: frame n shows n / rate, not the middle of its stretch."""
MOST_FPS = 240
"""More frames a second than a scene has."""


class TakeError(ValueError):
    """A format that nobody here writes, or a take on disk that is not whole."""


@dataclass(frozen=True, slots=True)
class Slate:
    """What stands on the board before a take: all it needs to know but its frames."""

    format: str = ""
    """One of `FORMATS`."""
    rate_hz: int = CUE_RATE_HZ
    """Frames a second of what is added."""
    sound: str = ""
    """The recording, as a take names it."""
    neutral: Floats | None = None
    """(68, 3) cm, the resting face the landmarks are relative to; None: ours."""


PLAIN = Slate()
"""Our face at its own rate."""


class Take(Protocol):
    """A writer of one format."""

    path: Path
    """Where the take will be."""

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""

    def finish(self) -> None:
        """Writes all that is left to write; `close` then only renames.

        Several takes of one performance are finished one by one and closed together: all or none.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """

    def close(self) -> None:
        """Completes the take, finishing it if need be: only now does `path` exist.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """

    def discard(self) -> None:
        """Forgets the take and removes what was written of it."""

    def __enter__(self) -> Take:
        """The take itself; `close` on a good end, `discard` on an error."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes or discards."""


def formats_of(text: str) -> tuple[str, ...]:
    """The formats of a list such as "npz,csv", each once.

    Raises:
        TakeError: if one is unknown, or none is named.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise TakeError(f"no format is named; choose from {', '.join(FORMATS)}")
    return tuple(_known(name) for name in names)


def _known(format_: str) -> str:
    if format_ not in FORMATS:
        raise TakeError(f"format {format_!r} is not one of those that can be written: {', '.join(FORMATS)}")
    return format_


def open_take(
    path: Path,
    format_: str,
    *,
    neutral: Floats | None = None,
    rate_hz: int = CUE_RATE_HZ,
    sound: str = "",
) -> Take:
    """A take of `format_` that will lie at `path`; its folder is made.

    Args:
        path: where the take will be; an older one there is replaced on `close`.
        format_: one of `FORMATS`.
        neutral: (68, 3) cm, the resting face the landmarks are relative to; ours by default.
        rate_hz: frames a second of the take, made in time between the 50 a second that are added. Formats of
            times in seconds (`TIMED`) have no frames and stay as they are.
        sound: the recording's name, for formats that tell it.

    Raises:
        TakeError: if the format is unknown, the rate cannot be, or the library that writes it is missing.
        OSError: if the folder cannot be made or written to.
    """
    room = _room(_known(format_))
    rate_hz = checked_fps(rate_hz)
    if format_ in TIMED:
        rate_hz = CUE_RATE_HZ
    take = room.write(path, Slate(format_, rate_hz, sound, neutral))
    if rate_hz == CUE_RATE_HZ and format_ not in COUNTED:
        return take
    from bridge.takes.rate import MIDDLE, START
    from bridge.takes.rated import RatedTake

    return RatedTake(take, rate_hz, phase=START if format_ in COUNTED else MIDDLE)


def checked_fps(rate_hz: int) -> int:
    """The rate itself.

    Raises:
        TakeError: if no take has such a rate.
    """
    if not 1 <= rate_hz <= MOST_FPS:
        raise TakeError(
            f"{rate_hz} frames a second cannot be; 24, 25, 30, 50 and 60 are usual, {MOST_FPS} the most"
        )
    return rate_hz


def require(formats: Sequence[str]) -> None:
    """Nothing, if the libraries that write the formats are there: to be asked before the work and not after.

    Raises:
        TakeError: if one is missing; the message says what to install.
    """
    if "glb" in formats:
        from bridge.takes.glb import require_gltf

        require_gltf()
    if {"usd", "usda"} & set(formats):
        from bridge.takes.usd import require_usd

        require_usd()


def frames_in(path: Path, format_: str) -> int:
    """Number of frames of a complete take; of one without frames, those of the face that its length holds.

    Raises:
        TakeError: if it is cut short or no take at all.
        OSError: if it cannot be read.
    """
    return _room(_known(format_)).count(path)


@dataclass(frozen=True, slots=True)
class _Room:
    """What writes a format and what counts its frames."""

    write: Callable[[Path, Slate], Take]
    count: Callable[[Path], int]


def _room(format_: str) -> _Room:
    """Of a known format; its libraries are imported now and not before."""
    if format_ in VISEME_RIGS:
        from bridge.takes.mouth_cues import MouthCuesTake, frames_in_mouth_cues

        return _Room(MouthCuesTake, frames_in_mouth_cues)
    if format_ == "csv":
        from bridge.takes.csv import CsvTake, frames_in_csv

        return _Room(CsvTake, frames_in_csv)
    if format_ == "jsonl":
        from bridge.takes.jsonl import JsonlTake, frames_in_jsonl

        return _Room(JsonlTake, frames_in_jsonl)
    if format_ == "bvh":
        from bridge.takes.bvh import BvhTake, frames_in_bvh

        return _Room(BvhTake, frames_in_bvh)
    if format_ == "srt":
        from bridge.takes.srt import SrtTake, frames_in_srt

        return _Room(SrtTake, frames_in_srt)
    if format_ == "glb":
        from bridge.takes.glb import GlbTake, frames_in_glb

        return _Room(GlbTake, frames_in_glb)
    if format_ in ("usd", "usda"):
        from bridge.takes.usd import UsdTake, frames_in_usd

        return _Room(UsdTake, frames_in_usd)
    from bridge.takes.npz import NpzTake, frames_in_npz

    return _Room(NpzTake, frames_in_npz)
