"""What a recording and its take are found to be like while they are made: faces, waveform, emotion, warnings.

`Examiner` hears the sound and sees the frames of one recording and keeps little of them, however long it is. A line
of 3 s leaves some 2 kB of text; the page of `bridge.batch.report` draws it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from bridge.frames import CUE_RATE_HZ, EMOTIONS, FRAME_SAMPLES, Floats, RigFrame
from bridge.landmarks import neutral_face

FACES = 6
"""Faces of a film strip; a shorter take has as many as frames."""
WAVE_POINTS = 120
MOOD_POINTS = 24
FACE_STEP = 0.02
"""cm of landmarks and of the head's shift, and rad of gaze, that a step of a byte is."""
TURN_STEP = 1 / 127
"""Of a component of the head's rotation."""

CLIPPED_SAMPLES = 3
"""So many samples at full scale in one recording are no accident."""
SILENT_DBFS = -50.0
"""The loudest 20 ms of a recording in which nothing is heard."""
NOISY_DB = 18.0
"""Voice less than this above what is heard between words."""
FAST_HZ = 5.8
"""Syllables a second, as they are counted here, that are too many: people were found to have 3 to 5.5."""
UNSURE = 0.5
"""Mean probability of the leading emotion below which the face may as well feel something else."""
SPOKEN = 0.5
"""Probability of a voice from which on somebody speaks."""
_LEAST_FRAMES = 10
"""Frames of speech, or of pause, from which a figure can be had."""
_DIP_DB = 2.0
"""Between two syllables the sound falls by this, at the least."""
_CANDIDATES = 96
"""Frames of which the faces are chosen, at the most."""


@dataclass(frozen=True)
class Findings:
    """What was found. Everything is a number or text: it lies in the ledger as JSON."""

    seconds: float
    """Length."""
    level_dbfs: float
    """Loudest 20 ms (RMS)."""
    noise_db: float | None
    """How far the voice is above what is heard in its pauses; None where there are none."""
    syllables_hz: float | None
    """Syllables a second of speech, counted in the loudness; None without speech."""
    confidence: float | None
    """Mean probability of the leading emotion where somebody speaks; None if it was directed, or nobody does."""
    emotion: str
    """The emotion that the face shows most."""
    moods: str
    """A digit, the index in `EMOTIONS`, for each of up to `MOOD_POINTS` equal stretches."""
    wave: str
    """Base64 of `WAVE_POINTS` bytes: the peak of each equal stretch, 255 = full scale."""
    faces: str
    """Base64 of up to `FACES` × 215 signed bytes: 204 landmarks less the resting ones, gaze, shift, rotation."""
    warnings: tuple[str, ...]
    """Of "clipped", "silent", "no voice", "noisy", "too fast", "low confidence"."""


class Examiner:
    """Collects findings of one recording. State: its levels and peaks frame by frame, and some of its faces."""

    def __init__(self, *, directed: bool) -> None:
        """`directed`: somebody asked for the emotion, so that it says nothing of the voice."""
        self._directed = directed
        self._rest: Floats = np.zeros(0, np.float32)
        self._levels: list[Floats] = []
        self._peaks: list[Floats] = []
        self._voices: list[float] = []
        self._moods: list[Floats] = []
        self._faces: list[RigFrame] = []
        self._stride = 1

    def hear(self, samples: Floats) -> None:
        """The next (N,) samples, 16 kHz."""
        heard = np.concatenate([self._rest, samples])
        whole = heard.size // FRAME_SAMPLES * FRAME_SAMPLES
        self._measure(heard[:whole])
        self._rest = heard[whole:]

    def _measure(self, samples: Floats) -> None:
        frames = samples.reshape(-1, FRAME_SAMPLES)
        self._levels.append(10 * np.log10((frames * frames).mean(axis=1) + 1e-12))
        self._peaks.append(np.abs(frames).max(axis=1, initial=0.0))

    def see(self, frame: RigFrame) -> None:
        """The next frame."""
        n = len(self._voices)
        self._voices.append(frame.cues.voice)
        self._moods.append(frame.cues.emotion)
        if n % self._stride == 0:
            self._faces.append(frame)
            if len(self._faces) > _CANDIDATES:  # a long recording is looked at more coarsely
                self._faces, self._stride = self._faces[::2], 2 * self._stride

    def findings(self, clipped: int) -> Findings:
        """What was found in all; `clipped` samples of the recording lie at full scale.

        Raises:
            ValueError: if there was no frame.
        """
        if not self._faces:
            raise ValueError("there is nothing to examine: not one frame was made")
        if self._rest.size:
            self._measure(np.pad(self._rest, (0, FRAME_SAMPLES - self._rest.size)))
        count = len(self._voices)
        levels, peaks = (np.resize(np.concatenate(parts), count) for parts in (self._levels, self._peaks))
        felt = np.stack(self._moods)
        speaks = np.array(self._voices) >= SPOKEN
        spoken = int(speaks.sum())
        level = float(levels.max())
        noise_db = _above_noise(levels, speaks)
        syllables_hz = _syllables(levels, speaks) * CUE_RATE_HZ / spoken if spoken >= _LEAST_FRAMES else None
        sure = None if self._directed or not spoken else float(felt[speaks].max(axis=1).mean())
        warnings = {
            "clipped": clipped >= CLIPPED_SAMPLES,
            "silent": level < SILENT_DBFS,
            "no voice": level >= SILENT_DBFS and spoken < _LEAST_FRAMES,
            "noisy": level >= SILENT_DBFS and noise_db is not None and noise_db < NOISY_DB,
            "too fast": syllables_hz is not None and syllables_hz > FAST_HZ,
            "low confidence": sure is not None and sure < UNSURE,
        }
        return Findings(
            seconds=round(count / CUE_RATE_HZ, 2),
            level_dbfs=round(level, 1),
            noise_db=None if noise_db is None else round(noise_db, 1),
            syllables_hz=None if syllables_hz is None else round(syllables_hz, 1),
            confidence=None if sure is None else round(sure, 2),
            emotion=EMOTIONS[int(felt[speaks if spoken else slice(None)].mean(axis=0).argmax())],
            moods="".join(str(int(part.mean(axis=0).argmax())) for part in _stretches(felt, MOOD_POINTS)),
            wave=_text(
                np.array([min(255, round(255 * float(p.max()))) for p in _stretches(peaks, WAVE_POINTS)])
            ),
            faces=self._strip(),
            warnings=tuple(name for name, found in warnings.items() if found),
        )

    def _strip(self) -> str:
        from bridge.takes.strip import telling

        rest, rows = neutral_face(), []
        for frame in telling(self._faces, FACES):
            cues = frame.cues
            moved = np.concatenate(
                [(cues.landmarks - rest).ravel(), cues.gaze.ravel(), cues.head_translation]
            )
            rows.append(np.concatenate([moved / FACE_STEP, cues.head_rotation / TURN_STEP]))
        return _text(np.clip(np.rint(np.stack(rows)), -127, 127).astype(np.int8))


def _stretches(values: Floats, count: int) -> list[Floats]:
    """(T, …) cut into up to `count` stretches of about equal length."""
    return np.array_split(values, min(count, len(values)))


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8, copy=False).tobytes()).decode()


def _above_noise(levels: Floats, speaks: np.ndarray) -> float | None:
    """Decibels from the pauses up to the voice; None if there is not enough of either."""
    if speaks.size < 2 * _LEAST_FRAMES:
        return None
    # a frame beside speech holds some of it
    pauses = ~np.convolve(speaks, np.ones(11), "same").astype(bool)
    if speaks.sum() < _LEAST_FRAMES or pauses.sum() < _LEAST_FRAMES:
        return None
    return float(np.percentile(levels[speaks], 90) - np.percentile(levels[pauses], 50))


def _syllables(levels: Floats, speaks: np.ndarray) -> int:
    """Peaks of the loudness in speech with a dip before each (after de Jong and Wempe, 2009, without pitch)."""
    smooth = np.convolve(levels, (0.25, 0.5, 0.25), "same")
    loud = np.percentile(smooth[speaks], 95) - 25
    count, low, high, rising = 0, float(smooth[0]), float(smooth[0]), True
    for value, spoken in zip(smooth.tolist(), speaks.tolist(), strict=True):
        if rising:
            high = max(high, value)
            if value < high - _DIP_DB:
                count += spoken and high > loud
                low, rising = value, False
        else:
            low = min(low, value)
            if value > low + _DIP_DB:
                high, rising = value, True
    return count + int(rising and high > loud)
