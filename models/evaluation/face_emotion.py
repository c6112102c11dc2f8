"""The emotion that generated faces show: `python -m models.evaluation emotion --data DIR`, second half.

Directed to each of eight emotions, and left to the voice of RAVDESS actors never heard, named by judges of
`models.evaluation.faces`; what the lips pay, how the intensity dial runs, and what two seeds have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, EMOTIONS, RATE_HZ, Floats, Steering
from models.evaluation import clips, faces
from models.evaluation.faces import Clips, Judge
from models.evaluation.systems import Network, left_to_the_voice
from models.evaluation.voice_emotion import ravdess_held_out

RECORDINGS, SECONDS = 8, 5.0
"""That are directed to every emotion: half GRID's speaker, half people elsewhere."""
DIAL = (0.0, 0.5, 1.0, 1.5, 2.0)
LIP_CLIPS = 20
HEARD_S = 1.0
"""Of a face that its voice moves; what came before was said before the voice could be known."""


@dataclass(frozen=True, eq=False)
class Made:
    """A generated face, T frames."""

    displacement: Floats
    """(T, 68, 3) cm from the neutral face."""
    gaze: Floats
    """(T, 2, 2) rad."""
    head: Floats
    """(T, 4) quaternion xyzw."""


Face = Callable[[Floats, Steering], Made]
"""Samples (N,) and direction → a face."""


def exported(path: Path) -> Face:
    """A model file as a face."""
    network = Network(path)

    def made(samples: Floats, steering: Steering) -> Made:
        network.steering = steering
        cues = network.cues(samples)
        return Made(
            np.stack([c.landmarks for c in cues]) - face.neutral_face(),
            np.stack([c.gaze for c in cues]),
            np.stack([c.head_rotation for c in cues]),
        )

    return made


def directed_to(emotion: int, intensity: float = 1.0, seed: int = 0) -> Steering:
    """All of one emotion, whatever the voice says."""
    return Steering(np.eye(len(EMOTIONS), dtype=np.float32)[emotion], 1.0, intensity, seed=seed)


def spoken_groups(data: Path, limit: int) -> dict[str, list[clips.Clip]]:
    """Groups of clips with sound and tracks; none where there are none."""
    try:
        return clips.groups(data, limit)
    except FileNotFoundError:
        return {}


def recordings(data: Path) -> list[Floats]:
    """Voices that are directed: some of GRID's speaker, some of people elsewhere."""
    groups = spoken_groups(data, RECORDINGS // 2)
    found = [c for name in (clips.SPEAKER_1, clips.ELSEWHERE) for c in groups.get(name, [])]
    return [c.samples[: int(SECONDS * RATE_HZ)] for c in found]


def directed(generate: Face, voices: list[Floats]) -> Clips:
    """Every recording under every emotion."""
    return [
        (generate(samples, directed_to(k)).displacement, k)
        for samples in voices
        for k in range(len(EMOTIONS))
    ]


def voiced(generate: Face, data: Path) -> Clips:
    """RAVDESS actors never heard, the emotion left to their voice: the last `HEARD_S`, as the voice is judged."""
    made = []
    for samples, label in ravdess_held_out(data):
        shown = generate(samples, left_to_the_voice()).displacement
        made.append((shown[-round(HEARD_S * CUE_RATE_HZ) :], label))
    return made


def lip_cost(generate: Face, data: Path) -> float:
    """Mean gap r with the voice's emotion on minus that with intensity 0, on GRID's speaker."""
    found = spoken_groups(data, LIP_CLIPS).get(clips.SPEAKER_1, [])
    if not found:
        return float("nan")
    voice = left_to_the_voice()
    off = Steering(voice.emotion, voice.mix, 0.0)
    scores = []
    for clip in found:
        tracked = face.lip_gap(clip.truth)
        each = []
        for steering in (voice, off):
            shown = clip.seen(generate(clip.samples, steering).displacement) + face.neutral_face()
            each.append(float(np.corrcoef(face.lip_gap(shown), tracked)[0, 1]))
        scores.append(each[0] - each[1])
    return float(np.mean(scores))


def directed_lip_cost(generate: Face, data: Path) -> dict[str, float]:
    """The same, directed to each emotion at intensity 1."""
    found = spoken_groups(data, LIP_CLIPS // 4).get(clips.SPEAKER_1, [])
    out: dict[str, float] = {}
    for k, name in enumerate(EMOTIONS):
        scores = []
        for clip in found:
            tracked = face.lip_gap(clip.truth)
            r = []
            for intensity in (1.0, 0.0):
                made = generate(clip.samples, directed_to(k, intensity)).displacement
                shown = clip.seen(made) + face.neutral_face()
                r.append(float(np.corrcoef(face.lip_gap(shown), tracked)[0, 1]))
            scores.append(r[0] - r[1])
        out[name] = float(np.mean(scores)) if scores else float("nan")
    return out


def dial(generate: Face, samples: Floats) -> dict[str, list[float]]:
    """Emotion → mean landmark distance (mm) from intensity 0, at every point of `DIAL`."""
    out: dict[str, list[float]] = {}
    for k, name in enumerate(EMOTIONS):
        rest = generate(samples, directed_to(k, 0.0)).displacement
        out[name] = [
            10
            * float(np.linalg.norm(generate(samples, directed_to(k, i)).displacement - rest, axis=2).mean())
            for i in DIAL
        ]
    return out


def diversity(generate: Face, samples: Floats) -> dict[str, float]:
    """Two seeds, the same voice, happy: how far gaze (deg), head (deg) and lip gap (mm) differ."""
    happy = EMOTIONS.index("happy")
    a, b = (generate(samples, directed_to(happy, seed=seed)) for seed in (1, 2))
    turn = 2 * np.arccos(np.clip(np.abs((a.head * b.head).sum(1)), 0, 1))
    gap = [face.lip_gap(m.displacement + face.neutral_face()) for m in (a, b)]
    return {
        "gaze_deg": float(np.degrees(np.linalg.norm((a.gaze - b.gaze).mean(1), axis=1)).mean()),
        "head_deg": float(np.degrees(turn).mean()),
        "lip_gap_mm": 10 * float(np.abs(gap[0] - gap[1]).mean()),
    }


def face_report(generators: Mapping[str, Face], data: Path) -> dict[str, object]:
    """Prints the tables; returns them for the JSON file."""
    filmed = faces.filmed(data)
    if not filmed:
        print(f"\nemotion of the face: no people with a neutral clip in {data}")
        return {}
    judge, real = Judge.of([clip for shown in filmed.values() for clip in shown]), faces.strangers(filmed)
    print(f"\nemotion of the face; judges on real people new to them: {real:.3f}")
    print(f"{'':10s}{'directed':>10s}{'from voice':>12s}{'lips pay':>10s}  directed, lips pay at most")
    report: dict[str, object] = {"real strangers": real}
    voices = recordings(data)
    for name, generate in generators.items():
        shown, heard = directed(generate, voices), voiced(generate, data)
        by_emotion = directed_lip_cost(generate, data)
        row = {
            "directed": judge.accuracy(shown) if shown else float("nan"),
            "voiced": judge.accuracy(heard) if heard else float("nan"),
            "lip_cost": lip_cost(generate, data),
            "worst_directed_lip_cost": min(by_emotion.values()),
        }
        print(f"{name:10s}{row['directed']:10.3f}{row['voiced']:12.3f}{row['lip_cost']:+10.3f}"
              f"  {row['worst_directed_lip_cost']:+.3f} ({min(by_emotion, key=lambda k: by_emotion[k])})")  # fmt: skip
        dials = dial(generate, voices[0]) if voices else {}
        for emotion, values in dials.items():
            told = " ".join(f"{value:5.2f}" for value in values)
            rising = all(b > a for a, b in pairwise(values))
            print(f"  dial {emotion:10s} {told} mm at {DIAL}{'' if rising else '  not rising'}")
        seeds = diversity(generate, voices[0]) if voices else {}
        if seeds:
            print(f"  two seeds: gaze {seeds['gaze_deg']:.2f}°, head {seeds['head_deg']:.2f}°, "
                  f"lip gap {seeds['lip_gap_mm']:.3f} mm apart")  # fmt: skip
        report[name] = {**row, "directed_lip_cost": by_emotion, "dial": dials, "seeds": seeds}
    return report
