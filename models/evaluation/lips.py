"""How right the mouth is: `python -m models.evaluation lips --data DIR`.

Predicted against tracked landmarks at the track's own `time_s`. A system is a function from samples to
landmarks (T, 68, 3) at cue rate; beside the shipped networks stand a mouth that does not move and one that
opens with loudness. Every figure is printed for whole clips and, where it says so, inside speech only: a mouth
that merely opens while there is sound already reaches r = 0.5 on whole clips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, RATE_HZ, Floats, frame_count
from models.data.corpus import quiet_frames
from models.data.tracks import Track, audio_beside, cue_times, neutral_of, read_audio, read_track, speech_mask

System = Callable[[Floats], Floats]
"""Samples (N,) at 16 kHz → landmarks (T, 68, 3) cm, T = frame_count(N)."""

CLOSED_SHARE = 0.12
"""Lips count as closed when the gap is below this share of the clip's 5–95 % gap range above its 5 % quantile."""
MAX_LAG_FRAMES = 6  # ±120 ms


@dataclass(frozen=True, slots=True)
class LipFigures:
    """Figures of one clip."""

    gap_r: float
    """Pearson r of the inner-lip gap at lag 0."""
    speech_r: float
    """The same, only frames inside speech."""
    best_r: float
    """Largest r within ±120 ms."""
    best_lag_ms: float
    """Where it is; positive: the prediction is late."""
    width_r: float
    """Correlation of the mouth width."""
    mouth_mm: float
    """M-LMD: mean distance of the 20 lip points, each frame's displacement from its clip mean compared, mm."""
    mouth_ratio: float
    """The same as a share of the error of a mouth that rests at its clip mean."""
    face_mm: float
    """F-LMD: the same over all 68 points, mm."""
    worst_mm: float
    """LVE: the worst lip point of each frame, mean over frames, mm."""
    closure_f1: float
    """Closed or open, frame by frame, one frame of slack; NaN when the clip never closes in speech."""
    jitter_mm: float
    """Mean frame-to-frame lip movement in silence, mm."""


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's r, or 0 for a constant."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 1e-9 else 0.0


def lagged(a: Floats, b: Floats, lag: int) -> float:
    """Correlation of a(t + lag) with b(t)."""
    return pearson(a[max(0, lag) : len(a) + min(0, lag)], b[max(0, -lag) : len(b) - max(0, lag)])


def closure_f1(predicted: Floats, tracked: Floats, speech: np.ndarray) -> float:
    """F1 of closed-lips frames in speech, matched within ±1 frame."""

    def closed(gap: Floats) -> np.ndarray:
        low, high = np.quantile(gap, [0.05, 0.95])
        return np.asarray(gap < low + CLOSED_SHARE * (high - low))

    def near(mask: np.ndarray) -> np.ndarray:
        return np.convolve(mask, np.ones(3), "same") > 0

    said, true = closed(predicted) & speech, closed(tracked) & speech
    if not true.any():
        return float("nan")
    precision = (said & near(true)).sum() / max(1, said.sum())
    recall = (true & near(said)).sum() / true.sum()
    return float(2 * precision * recall / max(1e-9, precision + recall))


def figures(landmarks: Floats, track: Track, samples: Floats) -> LipFigures:
    """Compares a system's landmarks with a track on the cue frames that the track covers."""
    frames = min(len(landmarks), frame_count(samples.size))
    times = cue_times(samples.size)[:frames]
    inside = (times >= track.time_s[0]) & (times <= track.time_s[-1])
    truth = track.at(times[inside], track.landmarks)
    guess = landmarks[:frames][inside]
    speech = speech_mask(samples, frames)[inside]
    a, b = face.lip_gap(guess), face.lip_gap(truth)
    lags = range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1)
    scores = [lagged(a, b, lag) for lag in lags]
    best = int(np.argmax(scores))
    error = (guess - guess.mean(0)) - (truth - truth.mean(0))
    distance = np.sqrt((error**2).sum(-1)) * 10
    mouth = list(face.MOUTH)
    still = np.sqrt(((truth - truth.mean(0))[:, mouth] ** 2).sum(-1)).mean() * 10
    step = np.sqrt((np.diff(guess[:, mouth], axis=0) ** 2).sum(-1)).mean(1) * 10
    silence = ~speech[1:]
    return LipFigures(
        gap_r=pearson(a, b),
        speech_r=pearson(a[speech], b[speech]) if speech.sum() > 10 else float("nan"),
        best_r=scores[best],
        best_lag_ms=lags[best] * 1000.0 / CUE_RATE_HZ,
        width_r=pearson(face.mouth_width(guess), face.mouth_width(truth)),
        mouth_mm=float(distance[:, mouth].mean()),
        mouth_ratio=float(distance[:, mouth].mean() / still),
        face_mm=float(distance.mean()),
        worst_mm=float(distance[:, mouth].max(1).mean()),
        closure_f1=closure_f1(a, b, speech),
        jitter_mm=float(step[silence].mean()) if silence.any() else float("nan"),
    )


def static_mouth(samples: Floats) -> Floats:
    """A face that does not move."""
    return np.asarray(np.repeat(face.neutral_face()[None], frame_count(samples.size), axis=0))


def amplitude_mouth(samples: Floats) -> Floats:
    """What a loudness-driven mouth does: the lower lip and chin drop with the 40 ms level."""
    frames = frame_count(samples.size)
    hop = RATE_HZ // CUE_RATE_HZ
    padded = np.pad(samples, (hop // 2, hop + max(0, frames * hop - samples.size)))
    level = np.sqrt(np.stack([(padded[i * hop : i * hop + 2 * hop] ** 2).mean() for i in range(frames)]))
    opening = np.clip(level / max(1e-4, float(np.quantile(level, 0.95))), 0, 1).astype(np.float32)
    out: Floats = static_mouth(samples).copy()
    low = [*range(5, 12), *range(55, 60), 65, 66, 67]
    out[:, low, 1] -= 1.2 * opening[:, None]
    return out


def clips(folder: Path) -> list[Path]:
    """Track files with sound beside them."""
    return [p for p in sorted(folder.glob("*.npz")) if audio_beside(p) is not None]


def judge(system: System, paths: list[Path]) -> dict[str, LipFigures]:
    """{clip name: figures}."""
    found = {}
    for path in paths:
        audio = audio_beside(path)
        if audio is None:
            raise FileNotFoundError(f"{path} has no sound beside it (.flac, .ogg or .wav)")
        samples = read_audio(audio)
        found[path.stem] = figures(system(samples), read_track(path), samples)
    return found


def mean(rows: list[LipFigures], key: str) -> float:
    """Mean of one figure, NaN left out."""
    values = np.array([getattr(r, key) for r in rows])
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def absolute_mouth_ratio(system: System, paths: list[Path]) -> float:
    """Error of lip displacement from the speaker's neutral against that of a mouth at its mean, over all clips.

    All clips must be of one speaker. Nothing is removed per clip: a mouth that sits wrong is wrong.
    """
    tracks = [read_track(p) for p in paths]
    sounds = [read_audio(a) for p in paths if (a := audio_beside(p)) is not None]
    rest = np.median([neutral_of(t, quiet_frames(t, s)) for t, s in zip(tracks, sounds, strict=True)], axis=0)
    mouth = list(face.MOUTH)
    errors, truths = [], []
    for track, samples in zip(tracks, sounds, strict=True):
        times = cue_times(samples.size)
        inside = (times >= track.time_s[0]) & (times <= track.time_s[-1])
        truth = track.at(times[inside], track.landmarks)[:, mouth] - rest[mouth]
        guess = system(samples)[inside][:, mouth] - face.neutral_face()[mouth]
        errors.append(np.sqrt(((guess - truth) ** 2).sum(-1)))
        truths.append(truth)
    average = np.concatenate(truths).mean(0)
    stills = [np.sqrt(((t - average) ** 2).sum(-1)) for t in truths]
    return float(np.concatenate(errors).mean() / np.concatenate(stills).mean())
