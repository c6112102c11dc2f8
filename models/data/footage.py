"""What is in a video or sound file: pictures with their times on the audio clock, and the sound at 16 kHz.

Decoding is PyAV's (`pip install av`); sound files that libsndfile knows are read without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from bridge.frames import RATE_HZ, Floats

LIBSNDFILE = (".flac", ".ogg", ".wav", ".mp3")
GAP_S = 0.02
"""Sound that begins this much later than what came before ends is put where it belongs."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One frame of a video."""

    time_s: float
    """The middle of the time it is shown, in the file's own time."""
    rgb: npt.NDArray[np.uint8]
    """(H, W, 3), upright."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file in PyAV; what goes wrong with it inside the `with` is told as the errors below.

    Raises:
        ModuleNotFoundError: without PyAV.
        FileNotFoundError: if it is not there.
        ValueError: if the file is no video or sound.
    """
    try:
        import av
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{path} is read with PyAV, which is not installed: pip install 'facecue[track]'"
        ) from None
    try:
        with av.open(str(path)) as container:
            yield container
    except av.error.FileNotFoundError:
        raise FileNotFoundError(f"{path} is not there") from None
    except av.error.FFmpegError as error:
        raise ValueError(f"{path} cannot be read as video or sound: {error.strerror or error}") from None


def rate_of(path: Path) -> float:
    """Pictures a second.

    Raises:
        ValueError: if there is no video in it.
    """
    with opened(path) as container:
        if not container.streams.video:
            raise ValueError(f"{path} holds no video")
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        return float(rate) if rate else 25.0


def pictures(path: Path) -> Iterator[Picture]:
    """Every frame of the first video stream, with the middle of the time it is shown."""
    rate = rate_of(path)
    last = -1.0 / rate
    with opened(path) as container:
        for frame in container.decode(video=0):
            shown = last + 1.0 / rate if frame.time is None else float(frame.time)
            last = shown
            rgb = frame.to_ndarray(format="rgb24")
            turned = round(getattr(frame, "rotation", 0) / 90) % 4
            yield Picture(shown + 0.5 / rate, np.ascontiguousarray(np.rot90(rgb, turned)))


def sound_inside(path: Path) -> tuple[Floats, float] | None:
    """(N,) float32 mono at 16 kHz of a file's first sound, and when it begins in the file's time; None if silent."""
    with opened(path) as container:
        import av  # `opened` tells of a missing one

        if not container.streams.audio:
            return None
        rate = int(container.streams.audio[0].rate)
        resampler = av.AudioResampler(format="fltp")  # the format alone: rate and channels stay
        parts: list[Floats] = []
        start, length = 0.0, 0
        for frame in container.decode(audio=0):
            at = None if frame.time is None else float(frame.time)
            if not parts:
                start = at or 0.0
            elif at is not None and (late := round((at - start) * rate) - length) > GAP_S * rate:
                parts.append(np.zeros(late, np.float32))
                length += late
            for plain in resampler.resample(frame):
                parts.append(plain.to_ndarray().mean(axis=0, dtype=np.float32))
                length += parts[-1].size
    if not length:
        return None
    return soxr.resample(np.concatenate(parts), rate, RATE_HZ).astype(np.float32), start


def read_sound(path: Path) -> Floats:
    """(N,) float32 mono at 16 kHz of any sound or video file.

    Raises:
        ValueError: if there is no sound in it.
    """
    if path.suffix.lower() in LIBSNDFILE:
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{path} cannot be read as sound: {error.error_string}") from None
        if not len(samples):
            raise ValueError(f"{path} holds no sound")
        mono: Floats = samples.mean(axis=1)
        return mono if rate == RATE_HZ else soxr.resample(mono, rate, RATE_HZ).astype(np.float32)
    found = sound_inside(path)
    if found is None:
        raise ValueError(f"{path} holds no sound")
    return found[0]
