"""A recording as a source: what libsndfile reads (WAV, FLAC, OGG, MP3, …), any rate and channel count.

The file is read in pieces and never held whole. What can be wrong with it is found by room `whole` when it is
opened; only samples that are not finite show later. In real time they are silence, for the face must go on; flat
out they are an error, for a take must not hide that its recording is damaged.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import soundfile

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.resample import Resampler
from bridge.sources import SourceError, SourceStatus
from bridge.sources.hush import hushed
from bridge.sources.pace import play
from bridge.sources.whole import checked, line, truncated

FULL_SCALE = 0.999
"""Three samples in a row from here on were cut off by whoever recorded them."""
_PIECE_VALUES = 1 << 18  # samples × channels read at once: 1 MB


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
        self.rate_hz, self.channels, self.frames = checked(self.path)
        """Of the recording as it lies on the disk; `frames` are samples of each channel."""
        self.clipped = 0
        """Samples at full scale, with their neighbours, in what was read last time, in any channel."""
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
        read = self.clipped = 0
        try:
            with ExitStack() as stack:
                with hushed():
                    recording = stack.enter_context(soundfile.SoundFile(self.path))
                while not self._closed.is_set():
                    with hushed() if recording.format == "MP3" else nullcontext():
                        frames = recording.read(piece, dtype="float32", always_2d=True)
                    if not len(frames):
                        break
                    mono = resampler(frames)
                    self._bad_samples = resampler.bad_samples
                    if self._bad_samples and not self.realtime:
                        raise _not_finite(self.path, (read + _first_bad(frames)) / self.rate_hz)
                    self.clipped += _cut_off(frames)
                    read += len(frames)
                    yield from _seconds(mono)
        except (soundfile.SoundFileError, OSError) as error:
            raise SourceError(
                f"{self.path} broke after {read} of {self.frames} samples: {line(error)}"
            ) from error
        if self._closed.is_set():
            return
        if read < self.frames:
            raise truncated(self.path, self.frames, read)
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


def _cut_off(frames: Floats) -> int:
    """Samples of (N, channels) that lie at full scale between two others that do."""
    if frames.max() < FULL_SCALE and frames.min() > -FULL_SCALE:
        return 0
    loud = np.abs(frames) >= FULL_SCALE
    return int((loud[:-2] & loud[1:-1] & loud[2:]).sum())


def _first_bad(frames: Floats) -> int:
    """Number of the first of (N, channels) frames that is not finite; 0 if all are."""
    return int(np.isfinite(frames).all(1).argmin())


def _not_finite(path: Path, at_s: float) -> SourceError:
    return SourceError(f"{path} holds samples that are NaN or infinite from {at_s:.3f} s on; export it again")
