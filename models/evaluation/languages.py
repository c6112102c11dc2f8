"""Lips in other languages, where no face was seen: judged by what the sounds themselves demand.

Synthetic speech knows when each phone is said. Lips must close for p, b and m (recall: a closed frame within ±60 ms of
the phone), should not close elsewhere inside speech (precision: closed frames that lie within ±60 ms of one, or of a
sound that narrows the lips anyway), and open as wide as the vowels ask (r against a target openness). Thresholds as in
`closures`. English by the same measure stands beside: only the difference says anything about a language.

Real German (EMO-DB) has no phone times: there it is looked at whether the mouth moves in speech and rests in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats, frame_count
from models.data.phones import CLASSES, Phone
from models.data.tracks import cue_times, speech_mask
from models.evaluation.closures import closed
from models.evaluation.lips import System, pearson, steps
from models.evaluation.utterances import Utterance

BILABIALS = CLASSES["bilabial"]
NARROW = ("F", "V", "W", "UW", "UH")
"""Sounds that bring the lips near each other: closing there is neither right nor wrong."""
SLACK_S = 0.06
OPENNESS = {
    "SIL": 0.0, "P": 0.0, "B": 0.0, "M": 0.0, "F": 0.1, "V": 0.1,
    "AA": 1.0, "AE": 1.0, "AY": 0.9, "AW": 0.9, "AH": 0.6, "AO": 0.7, "EH": 0.7, "OY": 0.6, "EY": 0.5, "OW": 0.45,
    "ER": 0.45, "HH": 0.4, "IH": 0.35, "IY": 0.3, "UH": 0.3, "UW": 0.2,
}  # fmt: skip
"""How far lips are open in a phone, 0 closed to 1 widest: height and rounding of the vowel chart."""
CONSONANT = 0.2
"""Openness of the phones that are not named there."""
SMOOTH_FRAMES = 5  # 100 ms: lips do not jump


def during(phones: Iterable[Phone], times: Floats, slack_s: float = 0.0) -> np.ndarray:
    """(T,) bool: within `slack_s` of one of the phones."""
    inside = np.zeros(times.size, bool)
    for phone in phones:
        inside |= (times >= phone.start_s - slack_s) & (times <= phone.end_s + slack_s)
    return inside


def target_openness(phones: list[Phone], times: Floats) -> Floats:
    """(T,) how far the lips should be open, 0..1, smoothed over 100 ms; 0 in silence."""
    target = np.zeros(times.size, np.float32)
    for phone in phones:
        inside = (times >= phone.start_s) & (times < phone.end_s)
        target[inside] = OPENNESS.get(phone.name, CONSONANT)
    kernel = np.hanning(SMOOTH_FRAMES + 2)[1:-1]
    return np.convolve(target, kernel / kernel.sum(), "same").astype(np.float32)


@dataclass(frozen=True, slots=True)
class PhoneFigures:
    """Figures of one utterance; NaN where it has no p, b, m or the mouth never closes inside speech."""

    recall: float
    precision: float
    openness_r: float


PHONE_FIGURES = ("recall", "precision", "openness_r")


def mean_of(values: list[float]) -> float:
    """Mean, NaN left out; NaN of nothing."""
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


def figures(gap: Floats, phones: list[Phone], times: Floats) -> PhoneFigures:
    """Judges a gap (T,) at cue times (T,) by the phones said."""
    lips = [p for p in phones if p.name in BILABIALS]
    narrow = [p for p in phones if p.name in NARROW]
    shut = closed(gap)
    found = [bool(shut[during([p], times, SLACK_S)].any()) for p in lips]
    talking = during([p for p in phones if p.name != "SIL"], times)
    said = shut & talking & ~(during(narrow, times, SLACK_S) & ~during(lips, times, SLACK_S))
    right = said & during(lips, times, SLACK_S)
    return PhoneFigures(
        recall=float(np.mean(found)) if found else float("nan"),
        precision=float(right.sum() / said.sum()) if said.any() else float("nan"),
        openness_r=pearson(gap[talking], target_openness(phones, times)[talking]),
    )


def judged(system: System, spoken: list[Utterance]) -> dict[str, PhoneFigures]:
    """Utterance → figures."""
    return {
        s.name: figures(face.lip_gap(system(s.samples)), s.phones, cue_times(s.samples.size)) for s in spoken
    }


def movement(system: System, recordings: list[Floats]) -> tuple[float, float]:
    """Mean movement of the lip points a frame, cm: (in speech, in silence), frames of all recordings together."""
    talking, silent = [], []
    for samples in recordings:
        moved = steps(system(samples)).mean(1)
        speech = speech_mask(samples, frame_count(samples.size))[1:]
        talking.append(moved[speech])
        silent.append(moved[~speech])
    return float(np.concatenate(talking).mean()), float(np.concatenate(silent).mean())


def language_table(systems: Mapping[str, System], spoken: Mapping[str, list[Utterance]]) -> dict[str, object]:
    """Prints recall, precision and openness of every system in every language; returns them for the JSON file."""
    first = max(len(name) for name in systems)
    print(f"\nlips by phone times, synthetic speech (p, b, m within ±{1000 * SLACK_S:.0f} ms)")
    print(" " * first + "".join(f" |{f'{name} ({len(s)})':^30s}" for name, s in spoken.items()))
    print(" " * first + f" |{'closed R':>10s}{'closed P':>10s}{'open r':>10s}" * len(spoken))
    report: dict[str, object] = {}
    for name, system in systems.items():
        line, found = "", {}
        for language, utterances in spoken.items():
            rows = judged(system, utterances)
            means = {key: mean_of([getattr(r, key) for r in rows.values()]) for key in PHONE_FIGURES}
            found[language] = {"mean": means, "utterances": {k: asdict(r) for k, r in rows.items()}}
            line += " |" + "".join(f"{v:10.3f}" for v in means.values())
        print(f"{name:{first}s}{line}")
        report[name] = found
    return report


def movement_table(systems: Mapping[str, System], sets: Mapping[str, list[Floats]]) -> dict[str, object]:
    """Prints how much the mouth moves in speech and in silence of real recordings."""
    first = max(len(name) for name in systems)
    print("\nmovement of the lips in speech and in the silences of real speech, mm a frame, and their ratio")
    print(" " * first + "".join(f" |{f'{name} ({len(r)})':^30s}" for name, r in sets.items()))
    report: dict[str, object] = {}
    for name, system in systems.items():
        line, found = "", {}
        for title, recordings in sets.items():
            talking, silent = movement(system, recordings)
            found[title] = {
                "speech_mm": 10 * talking,
                "silence_mm": 10 * silent,
                "ratio": talking / max(silent, 1e-9),
            }
            line += f" |{10 * talking:10.3f}{10 * silent:10.3f}{talking / max(silent, 1e-9):10.1f}"
        print(f"{name:{first}s}{line}")
        report[name] = found
    return report
