"""What lips must do for a phone, whoever says it: learned from filmed phones, lent to voices without a camera.

A teacher that was filmed saying 51 words guesses at the rest, and it guesses softly. Where the phones of a
recording are known to the millisecond, this puts right what phonetics is sure of: p, b, m close the lips, f and v
nearly, rounded phones narrow the mouth. Targets are medians over filmed phones; phones of which the film
says little take the target of their nearest kin (`KIN`). Between phones the lips travel as in Cohen and Massaro
1993 (dominance functions), except that the teacher's own mouth fills every frame that no phone claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, Floats
from models.data.lessons import Lesson
from models.data.phones import CLASSES, Phone

KIN = {
    "P": "M", "B": "M", "V": "F", "UH": "UW", "OY": "AO", "SH": "UW", "ZH": "UW", "CH": "UW", "JH": "UW",
}  # fmt: skip
"""Phones whose own film says little → whose lips do the same. Plosives: an aligner hears the burst, when the
lips are open again; the nasal sounds while they are shut. Postalveolars protrude as UW does, and few were filmed."""
GAP_CLAIM = {"bilabial": 0.95, "labiodental": 0.6}
"""How firmly a class holds the lip gap, 0..1."""
WIDTH_CLAIM = {"rounded": 0.5, "postalveolar": 0.35}
"""How firmly a class holds the mouth's width."""
REACH_S = 0.09
"""A claim fades to nothing this long before and after its phone's middle half; lips need 80 to 100 ms to travel."""
MIN_FILMED = 8
"""A target from fewer filmed phones than this is taken from its kin."""


@dataclass(frozen=True)
class Articulation:
    """Targets by phone, and how a face moves with gap and width."""

    gap_cm: dict[str, float]
    """Phone → lip gap from neutral."""
    width_cm: dict[str, float]
    """Phone → mouth width from neutral."""
    modes: Floats
    """(2, 68, 3): displacement per cm of gap, per cm of width, as filmed faces move."""


def _measures(displacement: Floats) -> Floats:
    """(T, 68, 3) → (T, 2): gap and width from neutral, cm."""
    points = displacement.astype(np.float32) + face.neutral_face()
    rest = face.neutral_face()[None]
    return np.stack(
        [
            face.lip_gap(points) - face.lip_gap(rest),
            face.mouth_width(points) - face.mouth_width(rest),
        ],
        axis=1,
    )


def learn(filmed: Iterable[tuple[Lesson, Sequence[Phone]]]) -> Articulation:
    """Medians at the middles of filmed phones, and the linear modes of gap and width.

    Raises:
        ValueError: if no filmed phone can be read.
    """
    at: dict[str, list[Floats]] = {}
    faces, measures = [], []
    for lesson, phones in filmed:
        values = _measures(lesson.displacement)
        faces.append(lesson.displacement[::5].astype(np.float32).reshape(-1, face.COUNT * 3))
        measures.append(values[::5])
        for phone in phones:
            frame = int((phone.start_s + phone.end_s) / 2 * CUE_RATE_HZ)
            if phone.name != "SIL" and frame < len(values) and lesson.share[frame] > 0:
                # the tightest frame of 100 ms for lips that close: the camera sees them late or early
                near = values[max(0, frame - 3) : frame + 3]
                tight = phone.name in CLASSES["bilabial"] + CLASSES["labiodental"]
                at.setdefault(phone.name, []).append(near[near[:, 0].argmin()] if tight else values[frame])
    if not at:
        raise ValueError("no filmed phone to learn from: run python -m models.training.alignment first")
    x, y = np.concatenate(measures), np.concatenate(faces)
    modes = np.linalg.lstsq(x - x.mean(0), y - y.mean(0), rcond=None)[0].reshape(2, face.COUNT, 3)
    targets = {name: np.median(rows, axis=0) for name, rows in at.items() if len(rows) >= MIN_FILMED}
    targets |= {name: targets[kin] for name, kin in KIN.items() if kin in targets}
    return Articulation(
        {k: float(v[0]) for k, v in targets.items()},
        {k: float(v[1]) for k, v in targets.items()},
        modes.astype(np.float32),
    )


def _claims(
    phones: Sequence[Phone], frames: int, firmness: dict[str, float], target: dict[str, float]
) -> Floats:
    """(frames, 2): how firmly each frame is held, and at what value; the firmest phone wins a frame."""
    held = np.zeros((frames, 2), np.float32)
    times = (np.arange(frames) + 0.5) / CUE_RATE_HZ
    for phone in phones:
        firm = max((share for name, share in firmness.items() if phone.name in CLASSES[name]), default=0.0)
        if firm == 0.0 or phone.name not in target:
            continue
        middle, core = (phone.start_s + phone.end_s) / 2, (phone.end_s - phone.start_s) / 4
        away = np.maximum(0.0, np.abs(times - middle) - core) / REACH_S
        weight = firm * np.where(away < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1)), 0.0)
        wins = weight > held[:, 0]
        held[wins, 0] = weight[wins]
        held[wins, 1] = target[phone.name]
    return held


def articulated(displacement: Floats, phones: Sequence[Phone], knowledge: Articulation) -> Floats:
    """(T, 68, 3) a teacher's mouth → the same, its critical phones put right.

    Lips are only ever brought closer for lips that close, and only ever narrowed for lips that round.
    """
    values = _measures(displacement)
    out: Floats = displacement.astype(np.float32)
    for mode, (firmness, target) in enumerate(
        ((GAP_CLAIM, knowledge.gap_cm), (WIDTH_CLAIM, knowledge.width_cm))
    ):
        held = _claims(phones, len(out), firmness, target)
        change = np.minimum(0.0, held[:, 1] - values[:, mode]) * held[:, 0]
        out = out + change[:, None, None] * knowledge.modes[mode]
    return out
