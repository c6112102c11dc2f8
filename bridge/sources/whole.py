"""Whether a recording is whole: everything that can be said against a sound file before it is read.

Truncation included: a recording cut short is refused rather than baked into a take that ends early. (An OGG does
not say how long it is: one that was cut exactly between two pages passes for whole.)
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile

from bridge.resample import MAX_RATE_HZ, MIN_RATE_HZ
from bridge.sources import SourceError
from bridge.sources.hush import hushed

MAX_CHANNELS = 64
_COUNT_FRAMES = 512
_MP3_SLACK = 2 * 1152  # samples: encoders count their padding or do not
_OPEN_ENDED = (0, 0xFFFFFFFF)  # data sizes that encoders write into a pipe, where they cannot come back
_OGG_TAIL = 2 * 65_307  # bytes: the largest page of an OGG, twice
_OGG_LAST = 4  # flag of the last page


def checked(path: Path) -> tuple[int, int, int]:
    """Rate, channels and samples a channel of a file that can be played to its end.

    Raises:
        SourceError: if it is empty, not audio, cut short or without sound.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            raise SourceError(f"{path} is empty (0 bytes)")
        with hushed(), soundfile.SoundFile(path) as recording:
            rate, channels, frames = recording.samplerate, recording.channels, recording.frames
            _check_format(path, rate, channels, frames)
            promised = _promised_by_riff(path, size)
            if promised is not None and promised[0] > promised[1]:
                raise truncated(path, promised[0], promised[1])
            if recording.format == "OGG" and not _ogg_ends(path, size):
                raise SourceError(f"{path} is cut short: it ends amid a page; copy it again")
            if not _ends(recording):
                found = _count(path)
                if recording.format != "MP3" or frames - found > _MP3_SLACK:
                    raise truncated(path, frames, found)
                frames = found
    except soundfile.SoundFileError as error:
        raise SourceError(
            f"{path} is not audio that can be read ({line(error)}); use WAV, FLAC, OGG or MP3"
        ) from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    return rate, channels, frames


def _check_format(path: Path, rate: int, channels: int, frames: int) -> None:
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise SourceError(
            f"{path} says its sample rate is {rate} Hz; {MIN_RATE_HZ}..{MAX_RATE_HZ} Hz can be read"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise SourceError(f"{path} has {channels} channels; 1..{MAX_CHANNELS} can be read")
    if frames <= 0:
        raise SourceError(f"{path} holds no sound: its length is 0 samples")


def _ends(recording: soundfile.SoundFile) -> bool:
    """Whether the last sample that the header promises can be decoded."""
    if not recording.seekable():
        return True
    try:
        recording.seek(recording.frames - 1)
        return len(recording.read(1, dtype="float32")) == 1
    except soundfile.SoundFileError:
        return False


def _count(path: Path) -> int:
    """Samples a channel that can in fact be read, to within a piece: of a broken one come none."""
    count = 0
    try:
        with soundfile.SoundFile(path) as recording:
            buffer = np.empty((_COUNT_FRAMES, recording.channels), np.float32)
            while got := len(recording.read(out=buffer)):
                count += got
    except soundfile.SoundFileError:
        return count
    return count


def _promised_by_riff(path: Path, size: int) -> tuple[int, int] | None:
    """Samples that a WAV header promises and that lie in the file, or None where it does not say.

    libsndfile quietly trims the length of a WAV to what is there, so its own count cannot tell.
    """
    with path.open("rb") as raw:
        head = raw.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            return None
        align = 0
        while len(chunk := raw.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            if name == b"fmt " and length >= 16:
                align = struct.unpack("<12xH", raw.read(14))[0]
                raw.seek(length - 14, 1)
            elif name == b"data":
                if length in _OPEN_ENDED or not align:
                    return None
                return length // align, min(length, size - raw.tell()) // align
            else:
                raw.seek(length, 1)
            raw.seek(length % 2, 1)  # chunks are padded to an even length
    return None


def _ogg_ends(path: Path, size: int) -> bool:
    """Whether an OGG ends with a whole page, or one that says it is the last lies before what follows."""
    with path.open("rb") as raw:
        raw.seek(max(0, size - _OGG_TAIL))
        tail = raw.read(_OGG_TAIL)
    at = tail.rfind(b"OggS")
    while at >= 0:
        page = tail[at:]
        if len(page) > 27 and page[4] == 0 and len(page) >= 27 + page[26]:
            length = 27 + page[26] + sum(page[27 : 27 + page[26]])
            if length == len(page) or (page[5] & _OGG_LAST and length < len(page)):
                return True
        at = tail.rfind(b"OggS", 0, at)
    return False


def truncated(path: Path, promised: int, found: int) -> SourceError:
    """The error to raise of a file that holds fewer samples than it says."""
    return SourceError(
        f"{path} is cut short: its header promises {promised} samples, {found} can be read; copy it again"
    )


def line(error: Exception) -> str:
    """An error of libsndfile without the path it repeats, on one line."""
    text = getattr(error, "error_string", None) or str(error)
    return " ".join(str(text).split()).rstrip(".")
