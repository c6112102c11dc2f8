"""An MP4 of pictures and the sound they belong to: H.264 and AAC, written beside and renamed.

Encoding is PyAV's (`pip install 'facecue[studio]'`). The sound keeps its own rate and channels. What is made by a
network says so in the file's metadata, under the names that IPTC gives: `digitalSourceType`.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from bridge.frames import Floats
from bridge.takes import TakeError
from bridge.takes.draft import Draft

SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""What IPTC calls pictures that a trained network made."""
QUALITY = "18"
"""H.264's constant rate factor: nothing of a mouth's edge is lost to the eye."""
AUDIO_BITS = 192_000
AUDIO_BLOCK = 1024
"""Samples of an AAC frame."""
AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)


def _av() -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise TakeError(
            "a film is written with PyAV, which is not installed: pip install 'facecue[studio]'"
        ) from None
    return av


def read_soundtrack(path: Path) -> tuple[Floats, int]:
    """(N, channels) and the rate of a recording; more than two channels are mixed to one.

    Raises:
        TakeError: if it cannot be read.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise TakeError(f"{path} cannot be read as sound: {error.error_string}") from None
    if samples.shape[1] > 2:
        samples = samples.mean(axis=1, keepdims=True)
    return samples, int(rate)


class Film:
    """A film that is one file: `add` pictures, and it appears when it is closed.

    Args:
        path: where it will be.
        rate_hz: pictures a second.
        size: width and height; both even.
        sound: (N, 1 or 2) samples and their rate, or None for a silent one.
        comment: what is said about it in the metadata.
        synthetic: whether a network made the pictures.

    Raises:
        TakeError: without PyAV, or if the size is odd.
        OSError: if it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        rate_hz: float,
        size: tuple[int, int],
        sound: tuple[Floats, int] | None = None,
        comment: str = "",
        *,
        synthetic: bool = False,
    ) -> None:
        if size[0] % 2 or size[1] % 2:
            raise TakeError(f"a film of {size[0]} × {size[1]} cannot be coded; width and height are even")
        av = _av()
        self.path = path
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        self._draft = Draft(path)
        self._container = av.open(
            self._draft.file, "w", format="mp4", options={"movflags": "use_metadata_tags"}
        )
        self._container.metadata.update(_metadata(comment, synthetic=synthetic))
        self._video = self._container.add_stream("libx264", rate=self._rate, options={"crf": QUALITY})
        self._video.width, self._video.height, self._video.pix_fmt = size[0], size[1], "yuv420p"
        self._sound = None if sound is None else _Soundtrack(av, self._container, *sound)
        self._count = 0
        self._av = av
        self._finished = False

    def add(self, picture: npt.NDArray[np.uint8]) -> None:
        """The next picture, (H, W, 3) RGB; the sound up to it goes along, so that players need not seek."""
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = self._count, 1 / self._rate
        self._container.mux(self._video.encode(frame))
        self._count += 1
        if self._sound is not None:
            self._sound.until(float(self._count / self._rate))

    def finish(self) -> None:
        """Writes what is left; `close` then only renames."""
        if self._finished:
            return
        self._finished = True
        self._container.mux(self._video.encode(None))
        if self._sound is not None:
            self._sound.finish()
        self._container.close()
        self._draft.finish()

    def close(self) -> None:
        """Completes the film: only now is it at its path."""
        self.finish()
        self._draft.keep()

    def discard(self) -> None:
        """Forgets it."""
        self._draft.discard()

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _metadata(comment: str, *, synthetic: bool) -> dict[str, str]:
    said = {"encoder": "facecue"}
    if synthetic:
        said["digitalSourceType"] = SYNTHETIC
        comment = f"Synthetic: this person's face was generated from speech. {comment}".strip()
    if comment:
        said["comment"] = comment
    return said


class _Soundtrack:
    """The sound of a film, coded as far as its pictures have come."""

    def __init__(self, av: Any, container: Any, samples: Floats, rate: int) -> None:
        self._av, self._container, self._rate = av, container, rate
        self._samples = np.ascontiguousarray(samples.T)  # planes
        self._layout = "stereo" if len(self._samples) == 2 else "mono"
        coded = min(AAC_RATES, key=lambda one: (one < rate, abs(one - rate)))
        self._stream = container.add_stream("aac", rate=coded, layout=self._layout)
        self._stream.bit_rate = AUDIO_BITS
        self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=coded)
        self._at = 0

    def until(self, time_s: float) -> None:
        """Codes all sound before `time_s`."""
        end = min(self._samples.shape[1], int(time_s * self._rate))
        while self._at + AUDIO_BLOCK <= end:
            self._code(self._at + AUDIO_BLOCK)

    def finish(self) -> None:
        """Codes the rest."""
        while self._at < self._samples.shape[1]:
            self._code(min(self._samples.shape[1], self._at + AUDIO_BLOCK))
        for frame in self._resampler.resample(None):
            self._container.mux(self._stream.encode(frame))
        self._container.mux(self._stream.encode(None))

    def _code(self, end: int) -> None:
        planes = np.ascontiguousarray(self._samples[:, self._at : end].clip(-1, 1))
        frame = self._av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._at, Fraction(1, self._rate)
        for one in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(one))
        self._at = end
