"""How right a mouth is: the figures of one clip, and the baselines that stand beside every network.

Predicted against tracked landmarks at the track's own `time_s`. A system is a function from samples to
landmarks (T, 68, 3) at cue rate. Landmark errors compare each point's displacement from its mean over the clip
(the mean is removed, so nobody's face shape counts); r does not see size at all. Figures are of whole clips or,
where they say so, inside speech only: a mouth that merely opens while there is sound already reaches r = 0.5 on
whole clips. Knows no files and no tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, RATE_HZ, Floats, frame_count
from models.data.corpus import quiet_frames
from models.data.tracks import neutral_of
from models.evaluation import closures, visemes
from models.evaluation.clips import Clip
from models.evaluation.crop import in_pixels

System = Callable[[Floats], Floats]
"""Samples (N,) at 16 kHz → landmarks (T, 68, 3) cm, T = frame_count(N)."""

MAX_LAG_FRAMES = 6  # ±120 ms
MOUTH = list(face.MOUTH)
MM = 10.0
"""Millimetres a centimetre of the head frame."""


@dataclass(frozen=True, slots=True)
class LipFigures:
    """Figures of one clip. NaN where the clip has nothing to judge by (no silence, no closure, no speech)."""

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
    """M-LMD: mean distance of the 20 lip points, mm."""
    mouth_ratio: float
    """The same as a share of the error of a mouth that rests at its clip mean."""
    mouth_px: float
    """M-LMD in pixels of a 256-pixel face crop (`crop`)."""
    face_mm: float
    """F-LMD: mean distance of all 68 points, mm."""
    face_px: float
    """F-LMD in pixels of a 256-pixel face crop."""
    worst_mm: float
    """LVE: the worst lip point of each frame, mean over frames, mm."""
    closure_precision: float
    """Closed lips inside speech, frame by frame (`closures`)."""
    closure_recall: float
    """As above."""
    closure_f1: float
    """As above."""
    velocity_mm_s: float
    """Mean length of the difference between predicted and tracked lip-point velocity inside speech, mm/s."""
    speed_ratio: float
    """Mean predicted speed of the lip points by the tracked one, inside speech: below 1 the mouth under-moves."""
    jitter_mm: float
    """Mean frame-to-frame movement of the lip points in silence, mm."""
    viseme_rate: float
    """Changes of coarse mouth shape a second of speech (`visemes`)."""
    tracked_viseme_rate: float
    """The same of the tracked mouth."""
    closure_f1_at: dict[str, float]
    """F1 at other thresholds."""


def pearson(a: Floats, b: Floats) -> float:
    """Pearson's r, or 0 for a constant."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 1e-9 else 0.0


def lagged(a: Floats, b: Floats, lag: int) -> float:
    """Correlation of a(t + lag) with b(t)."""
    return pearson(a[max(0, lag) : len(a) + min(0, lag)], b[max(0, -lag) : len(b) - max(0, lag)])


def best_lag(a: Floats, b: Floats) -> tuple[float, float]:
    """(largest r within ±120 ms, its lag in ms); of equal ones that with the smallest lag."""
    lags = sorted(range(-MAX_LAG_FRAMES, MAX_LAG_FRAMES + 1), key=abs)
    scores = [lagged(a, b, lag) for lag in lags]
    best = int(np.argmax(scores))
    return scores[best], lags[best] * 1000.0 / CUE_RATE_HZ


def steps(landmarks: Floats) -> Floats:
    """(T − 1, 20) distances that the lip points of (T, 68, 3) go from frame to frame, cm."""
    lips = landmarks[:, MOUTH]
    moved: Floats = np.sqrt((np.diff(lips, axis=0) ** 2).sum(-1))
    return moved


def travel(landmarks: Floats) -> float:
    """Mean movement of the lip points of (T, 68, 3) from frame to frame, cm."""
    return float(steps(landmarks).mean())


def _mean(values: Floats, where: np.ndarray) -> float:
    return float(values[where].mean()) if where.any() else float("nan")


def figures(landmarks: Floats, clip: Clip) -> LipFigures:
    """Compares a system's landmarks (frame_count(N), 68, 3) with the face that was seen.

    Raises:
        ValueError: on another number of frames than the clip has.
    """
    guess, truth, speech = clip.seen(landmarks), clip.truth, clip.speech
    a, b = face.lip_gap(guess), face.lip_gap(truth)
    wide_a, wide_b = face.mouth_width(guess), face.mouth_width(truth)
    best_r, lag_ms = best_lag(a, b)
    still = truth - truth.mean(0)
    error = (guess - guess.mean(0)) - still
    distance = np.sqrt((error**2).sum(-1)) * MM
    pixels = in_pixels(error, clip.crop)
    at_rest = np.sqrt((still[:, MOUTH] ** 2).sum(-1)).mean() * MM
    talking = speech[1:]
    speed, true_speed = steps(guess), steps(truth)
    agreed = closures.compare(a, b, speech)
    return LipFigures(
        gap_r=pearson(a, b),
        speech_r=pearson(a[speech], b[speech]) if speech.sum() > 10 else float("nan"),
        best_r=best_r,
        best_lag_ms=lag_ms,
        width_r=pearson(wide_a, wide_b),
        mouth_mm=float(distance[:, MOUTH].mean()),
        mouth_ratio=float(distance[:, MOUTH].mean() / at_rest) if at_rest > 0 else float("nan"),
        mouth_px=float(pixels[:, MOUTH].mean()),
        face_mm=float(distance.mean()),
        face_px=float(pixels.mean()),
        worst_mm=float(distance[:, MOUTH].max(1).mean()),
        closure_precision=agreed.precision,
        closure_recall=agreed.recall,
        closure_f1=agreed.f1,
        velocity_mm_s=_mean(steps(error) * MM * CUE_RATE_HZ, talking),
        speed_ratio=_mean(speed, talking) / max(1e-9, _mean(true_speed, talking)),
        jitter_mm=_mean(speed * MM, ~talking),
        viseme_rate=visemes.change_rate(a, wide_a, speech),
        tracked_viseme_rate=visemes.change_rate(b, wide_b, speech),
        closure_f1_at=closures.f1_elsewhere(a, b, speech),
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


def absolute_mouth_ratio(made: list[Floats], clips: list[Clip]) -> float:
    """Error of lip displacement from the speaker's neutral against that of a mouth at its mean, over all clips.

    All clips must be of one speaker; `made` holds a system's landmarks for each. Nothing is removed per clip: a
    mouth that sits wrong is wrong.
    """
    neutrals = [neutral_of(c.track, quiet_frames(c.track, c.samples)) for c in clips]
    rest = np.median(neutrals, axis=0)[MOUTH]
    errors, truths = [], []
    for landmarks, clip in zip(made, clips, strict=True):
        truth = clip.truth[:, MOUTH] - rest
        guess = clip.seen(landmarks)[:, MOUTH] - face.neutral_face()[MOUTH]
        errors.append(np.sqrt(((guess - truth) ** 2).sum(-1)))
        truths.append(truth)
    average = np.concatenate(truths).mean(0)
    stills = [np.sqrt(((t - average) ** 2).sum(-1)) for t in truths]
    return float(np.concatenate(errors).mean() / np.concatenate(stills).mean())
