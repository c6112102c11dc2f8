"""A clip with sound and a face track: reading, the clip's own neutral, and resampling to cue frames.

A track is an `.npz` (never pickled) with `time_s (T,)` on the *audio* clock, `ok (T,)`, `landmarks (T, 68, 3)`,
`iris (T, 10, 3)`, `pose (T, 4, 4)` and, optionally, `blendshapes (T, 52)`; units are those of `bridge.frames`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, RATE_HZ, Floats, frame_count

AUDIO_SUFFIXES = (".flac", ".ogg", ".wav")
NEAR_S = 0.06
"""A frame and a half of the slowest video that is tracked."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Face measurements of one clip, only the frames where a face was found."""

    name: str
    time_s: Floats
    """(T,) seconds on the clip's audio clock."""
    landmarks: Floats
    """(T, 68, 3) cm."""
    iris: Floats
    """(T, 10, 3) cm: right centre and rim, left centre and rim."""
    pose: Floats
    """(T, 4, 4) head frame → camera frame, cm."""
    blendshapes: Floats
    """(T, 52) tracked scores in MediaPipe's order, or (T, 0)."""

    def times(self, step_s: float) -> Floats:
        """(N,) s from its first frame to its last, evenly spaced."""
        return np.arange(self.time_s[0], self.time_s[-1] + 1e-6, step_s).astype(np.float32)

    def covers(self, time_s: Floats) -> np.ndarray:
        """(N,) bool: a tracked frame is no further than `NEAR_S`; between joined clips there is none."""
        right = np.clip(np.searchsorted(self.time_s, time_s), 0, self.time_s.size - 1)
        left = np.maximum(right - 1, 0)
        far = np.minimum(np.abs(self.time_s[right] - time_s), np.abs(self.time_s[left] - time_s))
        return np.asarray(far <= NEAR_S)

    def at(self, time_s: Floats, values: Floats) -> Floats:
        """`values` (T, …) of this track, linearly interpolated at `time_s` (N,); ends are held."""
        i = np.clip(np.searchsorted(self.time_s, time_s) - 1, 0, max(0, self.time_s.size - 2))
        j = np.minimum(i + 1, self.time_s.size - 1)
        span = np.maximum(self.time_s[j] - self.time_s[i], 1e-6)
        w = np.clip((time_s - self.time_s[i]) / span, 0, 1).astype(np.float32)
        w = w.reshape(-1, *[1] * (values.ndim - 1))
        mixed: Floats = values[i] * (1 - w) + values[j] * w
        return mixed


def read_track(path: Path) -> Track:
    """Reads a track file.

    Raises:
        ValueError: if it holds no usable frame or misses a key.
    """
    with np.load(path, allow_pickle=False) as data:
        missing = {"time_s", "ok", "landmarks", "iris", "pose"} - set(data.files)
        if missing:
            raise ValueError(f"{path} misses {', '.join(sorted(missing))}: is it a face track?")
        ok = data["ok"].astype(bool)
        if ok.sum() < 2:
            raise ValueError(f"{path} has {ok.sum()} frames with a face; at least 2 are needed")

        def take(key: str) -> Floats:
            values: Floats = data[key][ok].astype(np.float32)
            return values

        scores = (
            take("blendshapes") if "blendshapes" in data.files else np.zeros((int(ok.sum()), 0), np.float32)
        )
        return Track(path.stem, take("time_s"), take("landmarks"), take("iris"), take("pose"), scores)


def read_audio(path: Path) -> Floats:
    """(N,) float32 mono at 16 kHz.

    Raises:
        ValueError: on another rate; training data is brought to 16 kHz once, not at every epoch.
    """
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE_HZ:
        raise ValueError(f"{path} has {rate} Hz; training reads {RATE_HZ} Hz: resample it first")
    mono: Floats = samples.mean(axis=1)
    return mono


def write_audio(path: Path, samples: Floats) -> None:
    """(N,) mono at 16 kHz as FLAC of 16 bits, written beside, then renamed."""
    beside = path.with_suffix(".part")
    soundfile.write(beside, samples, RATE_HZ, format="FLAC", subtype="PCM_16")
    beside.replace(path)


def audio_beside(track_path: Path) -> Path | None:
    """The sound of a track: the same name with an audio suffix, if there is one."""
    for suffix in AUDIO_SUFFIXES:
        path = track_path.with_suffix(suffix)
        if path.exists():
            return path
    return None


def grid_folders(data: Path, part: str = "train") -> list[Path]:
    """`grid_s1/train` and those of any other GRID speaker that was tracked; `part` is train or val."""
    return sorted(path for path in data.glob(f"grid_*/{part}") if path.is_dir())


def cue_times(samples: int) -> Floats:
    """Audio times of the cue frames of a recording of `samples`."""
    return ((np.arange(frame_count(samples)) + 0.5) / CUE_RATE_HZ).astype(np.float32)


def speech_mask(samples: Floats, frames: int) -> np.ndarray:
    """(frames,) bool: cue frames with speech, by the 60 ms energy around them.

    The threshold stands 30 % of the way (in dB) from the clip's floor (5th percentile) to its loud parts
    (95th), and at most 35 dB below those.
    """
    hop = RATE_HZ // CUE_RATE_HZ
    length = (frames + 2) * hop
    padded = np.pad(samples, (hop, max(0, length - hop - samples.size)))[:length]
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3 * hop)[::hop][:frames]
    level = 10 * np.log10((windows**2).mean(-1) + 1e-10)
    floor, loud = np.percentile(level, [5, 95])
    return np.asarray(level > max(loud - 35.0, floor + 0.3 * (loud - floor)))


def neutral_of(track: Track, quiet: np.ndarray | None = None) -> Floats:
    """(68, 3): the speaker's own rest: median over the frames that are silent and closed, else least open.

    `quiet` marks silent frames (T,). Among them (or all, when fewer than five are quiet) the half with the
    smallest lip gap counts as closed.
    """
    gap = face.lip_gap(track.landmarks)
    pool = np.flatnonzero(quiet) if quiet is not None and quiet.sum() >= 5 else np.arange(gap.size)
    closed = pool[gap[pool] <= np.quantile(gap[pool], 0.5)]
    neutral: Floats = np.median(track.landmarks[closed], axis=0).astype(np.float32)
    return neutral
