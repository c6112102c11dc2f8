"""A recording as a source: what libsndfile reads (WAV, FLAC, OGG, MP3, …), any rate and channel count.

The file is read in pieces and never held whole. Everything that can be wrong with it is found when it is
opened, truncation included: a recording cut short is refused rather than baked into a take that ends early.
(An OGG does not say how long it is: one that was cut exactly between two pages passes for whole.)

Samples that are not finite are silence in real time, where the face must go on; flat out they are an error,
for a take must not hide that its recording is damaged.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import soundfile

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.resample import MAX_RATE_HZ, MIN_RATE_HZ, Resampler
from bridge.sources import SourceError, SourceStatus
from bridge.sources.pace import play

MAX_CHANNELS = 64
_PIECE_VALUES = 1 << 18  # samples × channels read at once: 1 MB
_COUNT_FRAMES = 512
_MP3_SLACK = 2 * 1152  # samples: encoders count their padding or do not
_OPEN_ENDED = (0, 0xFFFFFFFF)  # data sizes that encoders write into a pipe, where they cannot come back
_OGG_TAIL = 2 * 65_307  # bytes: the largest page of an OGG, twice
_OGG_LAST = 4  # flag of the last page


class FileSource:
    """`file://path`. May be iterated more than once; each time it starts anew."""

    def __init__(self, path: str, *, realtime: bool = True) -> None:
        """Checks the file.

        Raises:
            SourceError: if it is missing, a directory, empty, not audio, cut short or without sound.
        """
        self.uri = f"file://{path}"
        self.realtime = realtime
        self.path = _existing(path)
        self.rate_hz, self.channels, self.frames = _checked(self.path)
        """Of the recording as it lies on the disk; `frames` are samples of each channel."""
        self._closed = threading.Event()
        self._ended = False
        self._bad_samples = 0

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.frames / self.rate_hz

    def __iter__(self) -> Iterator[AudioBlock]:
        """Blocks of 10 ms in real time, or of up to a second flat out.

        Raises:
            SourceError: if the file goes away or breaks while it is read, or, flat out, if samples of it
                are not finite.
        """
        self._ended = False
        yield from play(self._parts(), self._closed, realtime=self.realtime)
        self._ended = True

    def close(self) -> None:
        """Ends the iteration."""
        self._closed.set()

    def status(self) -> SourceStatus:
        """Name, length and format; how many samples were not finite."""
        detail = f"{self.path.name}, {self.duration_s:.1f} s, {self.rate_hz} Hz, {self.channels} ch"
        if self._bad_samples:
            detail += f", {self._bad_samples} samples not finite: silenced"
        return SourceStatus("ended" if self._ended or self._closed.is_set() else "open", detail, 0, 0)

    def _parts(self) -> Iterator[Floats]:
        resampler = Resampler(self.rate_hz, self.channels, live=False)
        piece = max(1, min(self.rate_hz, _PIECE_VALUES // self.channels))
        read = 0
        try:
            with soundfile.SoundFile(self.path) as recording:
                while not self._closed.is_set():
                    frames = recording.read(piece, dtype="float32", always_2d=True)
                    if not len(frames):
                        break
                    mono = resampler(frames)
                    self._bad_samples = resampler.bad_samples
                    if self._bad_samples and not self.realtime:
                        raise _not_finite(self.path, (read + _first_bad(frames)) / self.rate_hz)
                    read += len(frames)
                    yield from _seconds(mono)
        except (soundfile.SoundFileError, OSError) as error:
            raise SourceError(
                f"{self.path} broke after {read} of {self.frames} samples: {_line(error)}"
            ) from error
        if self._closed.is_set():
            return
        if read < self.frames:
            raise _truncated(self.path, self.frames, read)
        yield resampler.flush()


def _seconds(mono: Floats) -> Iterator[Floats]:
    """A low rate with many channels may make long pieces: none is longer than a second."""
    for at in range(0, mono.size, RATE_HZ):
        yield mono[at : at + RATE_HZ]


def _existing(name: str) -> Path:
    """The file that `name` means: as it is written, else with its %XX decoded.

    `file:///C:/take.wav` is accepted too: the slash before a drive letter is not part of a Windows path.
    """
    spellings = [name, unquote(name)]
    spellings += [s[1:] for s in spellings if len(s) > 2 and s[0] == "/" and s[2] == ":"]
    for spelling in spellings:
        if not spelling or "\0" in spelling:
            continue
        for path in (Path(spelling), _at_home(spelling)):
            if path.is_dir():
                raise SourceError(f"{path} is a folder; name one file in it, or bake the folder")
            if path.exists():
                return path
    if not name:
        raise SourceError("file:// names no file; write file://take.wav")
    raise SourceError(f"{name} does not exist; looked in {Path.cwd()}")


def _at_home(name: str) -> Path:
    """`~/take.wav` in the home folder; a name that begins with ~ and means nobody stays as it is."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _checked(path: Path) -> tuple[int, int, int]:
    """Rate, channels and samples a channel of a file that can be played to its end."""
    try:
        size = path.stat().st_size
        if size == 0:
            raise SourceError(f"{path} is empty (0 bytes)")
        with soundfile.SoundFile(path) as recording:
            rate, channels, frames = recording.samplerate, recording.channels, recording.frames
            _check_format(path, rate, channels, frames)
            promised = _promised_by_riff(path, size)
            if promised is not None and promised[0] > promised[1]:
                raise _truncated(path, promised[0], promised[1])
            if recording.format == "OGG" and not _ogg_ends(path, size):
                raise SourceError(f"{path} is cut short: it ends amid a page; copy it again")
            if not _ends(recording):
                found = _count(path)
                if recording.format != "MP3" or frames - found > _MP3_SLACK:
                    raise _truncated(path, frames, found)
                frames = found
    except soundfile.SoundFileError as error:
        raise SourceError(
            f"{path} is not audio that can be read ({_line(error)}); use WAV, FLAC, OGG or MP3"
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


def _first_bad(frames: Floats) -> int:
    """Number of the first of (N, channels) frames that is not finite; 0 if all are."""
    return int(np.isfinite(frames).all(1).argmin())


def _not_finite(path: Path, at_s: float) -> SourceError:
    return SourceError(f"{path} holds samples that are NaN or infinite from {at_s:.3f} s on; export it again")


def _truncated(path: Path, promised: int, found: int) -> SourceError:
    return SourceError(
        f"{path} is cut short: its header promises {promised} samples, {found} can be read; copy it again"
    )


def _line(error: Exception) -> str:
    """An error of libsndfile without the path it repeats, on one line."""
    text = getattr(error, "error_string", None) or str(error)
    return " ".join(str(text).split()).rstrip(".")
