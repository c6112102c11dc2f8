"""How eyes, lids and head move, real beside generated: `python -m models.evaluation motion --data DIR`.

Every clip is brought to 25 frames a second first, so that a tracker's noise and a network's smoothness are
measured alike. A gaze shift is a turn of more than `SHIFT_DEG` within 100 ms outside of blinks; a fixation is
the time between two of them, or the whole clip where there is none; a blink is both lids under half their usual
gap for 80 to 600 ms; the head's speed is the angle from frame to frame, its range the 5 to 95 % range of pitch,
yaw and roll. Gaze and head are medians of three frames first, tracked and generated alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.direction import DirectionConfig
from bridge.frames import CUE_RATE_HZ, EMOTIONS, NEUTRAL, Cues, Floats
from bridge.frames import RATE_HZ as SOUND_HZ
from models.data import corpus
from models.data.motion import gaze_of, swing_of
from models.data.performances import emphasis_of
from models.data.tracks import Track, audio_beside, read_audio, read_track
from models.evaluation.moves import FIGURES, RATE_HZ, Moves, middle, moves, quaternion_matrices, turns_of
from models.evaluation.systems import Baked

WITHIN = 0.25
"""Share of the real figure that a generated one may be off."""
FEWEST = 5
"""Tracked events (blinks, shifts) below which a rate says nothing: it is shown and not judged."""
VOICES, SPOKEN_S, TAKES, SEEDS = 40, 30.0, 4, 3
"""Recordings of an emotion; seconds of a take made of them; takes; seeds."""
SETTLE_S = 4.0
"""A take's beginning is left out: everybody begins at rest."""


HEADS = (
    "blinks/min",
    "shifts/s",
    "fixation s",
    "gaze °",
    "head °/s",
    "fast °/s",
    "pitch °",
    "yaw °",
    "roll °",
)


def steps_of(track: Track) -> Floats:
    """(T,) s, 25 a second."""
    return track.times(1 / RATE_HZ)


def rotation_of(track: Track) -> Floats:
    """(T, 3, 3) at `steps_of`."""
    u, _, vt = np.linalg.svd(track.at(steps_of(track), track.pose[:, :3, :3]))
    turned: Floats = (u @ vt).astype(np.float32)
    return turned


def moves_of_track(track: Track) -> Moves:
    """Figures of a face track at whatever rate it has."""
    times = steps_of(track)
    gaze = gaze_of(track.iris, track.landmarks).mean(axis=1)
    return moves(track.at(times, gaze), track.at(times, face.lid_gap(track.landmarks)), rotation_of(track))


def rotation_of_cues(cues: list[Cues]) -> Floats:
    """(T, 3, 3), every second frame of 50."""
    return quaternion_matrices(np.stack([c.head_rotation for c in cues[::2]]))


def moves_of_cues(cues: list[Cues]) -> Moves:
    """Figures of a network's own frames, every second one of 50."""
    kept = cues[::2]
    return moves(
        np.stack([c.gaze for c in kept]).mean(axis=1),
        face.lid_gap(np.stack([c.landmarks for c in kept])),
        rotation_of_cues(cues),
    )


def swing_of_tracks(played: Played) -> float:
    """How a head's speed follows what is stressed (`models.data.motion.swing_of`), tracked."""
    stresses = [emphasis_of(s, steps_of(t))[:, 0] for t, s in zip(played.tracks, played.sounds, strict=True)]
    return swing_of([turns_of(rotation_of(t)) for t in played.tracks], stresses)


@dataclass(frozen=True)
class Played:
    """One row of the comparison: whose tracks, and the direction under which they are repeated."""

    tracks: list[Track]
    sounds: list[Floats]
    direction: DirectionConfig
    filmed: bool
    """Whether the sounds are those of the tracks, one by one."""


def sets(data: Path) -> dict[str, Played]:
    """What there is to compare with: people in their own manner, and actors by emotion.

    Actors' tracks are silent: the network hears RAVDESS actors whom no recipe trains on, in the same emotion
    (calm talk for contempt, which RAVDESS has not), directed to it.
    """
    found: dict[str, Played] = {}
    for name, folder, style in (
        ("read commands", "grid_s1/val", "reader"),
        ("natural talk", "talk", "speaker"),
    ):
        paths = [p for p in sorted((data / folder).glob("*.npz")) if audio_beside(p) is not None]
        if paths:
            sounds = [read_audio(audio) for p in paths if (audio := audio_beside(p)) is not None]
            direction = DirectionConfig(emotion="neutral", style=style)
            found[name] = Played([read_track(p) for p in paths], sounds, direction, True)
    heard: dict[int, list[Floats]] = {}
    for clip in corpus.ravdess(data / "ravdess_speech", held_out=True):
        heard.setdefault(clip.emotion, []).append(clip.samples)
    for k, emotion in enumerate(EMOTIONS):
        acted = (
            (data / "mead_motion").glob(f"*_{emotion}_*.npz"),
            (data / "emotion_motion").glob(f"mead_{emotion}.npz"),
        )
        tracks = [read_track(path) for paths in acted for path in sorted(paths)]
        sounds = heard.get(k, heard.get(NEUTRAL, []))[:VOICES]
        if tracks and sounds:
            found[f"{emotion}, actors"] = Played(
                tracks, sounds, DirectionConfig(emotion=emotion, style="actor"), False
            )
    return found


def generated(path: Path, played: Played) -> tuple[Moves, float]:
    """The same figures of baked frames, each take with `SEEDS` seeds, and `swing_of` them.

    Short sounds are joined to `SPOKEN_S` seconds, and the frames cut into pieces as long as the tracks are: the
    longer one looks, the further a head has wandered and the longer a fixation can be.
    """
    joined, parts, size = [], [], 0
    for sound in played.sounds:
        parts.append(sound)
        size += sound.size
        if size >= SPOKEN_S * SOUND_HZ:
            joined.append(np.concatenate(parts))
            parts, size = [], 0
    if not joined:
        joined = [np.tile(np.concatenate(parts), 1 + int(SPOKEN_S * SOUND_HZ / max(1, size)))]
    lengths = [track.time_s[-1] - track.time_s[0] for track in played.tracks]
    piece = max(2, round(float(np.median(lengths)) * CUE_RATE_HZ))
    baked, figures, turns, stresses = Baked(path), [], [], []
    for seed in range(SEEDS):
        for take, sound in enumerate(joined[:TAKES]):
            # chance of its own for every take: few bursts of a head fill half a minute
            baked.direct(replace(played.direction, seed=TAKES * seed + take))
            cues = baked.cues(sound)[round(SETTLE_S * CUE_RATE_HZ) :]
            figures += [moves_of_cues(cues[at : at + piece]) for at in range(0, len(cues) - piece + 1, piece)]
            turns.append(turns_of(rotation_of_cues(cues)))
            stresses.append(emphasis_of(sound, np.array([c.time_s for c in cues[::2]], np.float32))[:, 0])
    return middle(figures), swing_of(turns, stresses)


def motion_table(networks: dict[str, Path], data: Path) -> dict[str, object]:
    """Prints real beside generated for every set; what is off by more than `WITHIN` is marked."""
    report: dict[str, object] = {}
    near = {name: [0, 0] for name in networks}
    everybody: dict[str, list[Moves]] = {}
    for title, played in sets(data).items():
        figures = {"tracked": middle([moves_of_track(track) for track in played.tracks])}
        swings = {"tracked": swing_of_tracks(played)} if played.filmed else {}
        for name, path in networks.items():
            figures[name], swings[name] = generated(path, played)
        if not played.filmed:
            for name, found in figures.items():
                everybody.setdefault(name, []).append(found)
        report[title] = _compared(title, figures, near)
        if played.filmed:
            told = ", ".join(f"{name} {swing:.2f}" for name, swing in swings.items())
            print(f"  head speed follows stress: {told}")
            report[f"{title}, swing"] = swings
    if everybody:
        figures = {name: middle(found) for name, found in everybody.items()}
        report["all actors"] = _compared("all actors", figures, near)
    for name, (fits, every) in near.items():
        print(f"\n{name}: {fits} of {every} figures within {WITHIN:.0%} of the tracked ones "
              f"(* = not; ~ = fewer than {FEWEST} events were tracked: not judged)")  # fmt: skip
    return report


def _compared(title: str, figures: dict[str, Moves], near: dict[str, list[int]]) -> dict[str, object]:
    """Prints a set, tracked first, and counts what is near."""
    real = figures["tracked"]
    print(f"\n{title + f' ({real.seconds:.0f} s)':30s}" + "".join(f"{head:>12s}" for head in HEADS))
    print(f"{'  tracked':30s}" + "".join(f"{getattr(real, name):12.2f}" for name in FIGURES))
    events = {
        "blinks_per_min": real.blinks_per_min * real.seconds / 60,
        "shifts_per_s": real.shifts_per_s * real.seconds,
    }
    events["fixation_s"] = events["shifts_per_s"]
    for name in near:
        cells = ""
        for figure in FIGURES:
            wanted, got = getattr(real, figure), getattr(figures[name], figure)
            if events.get(figure, FEWEST) < FEWEST - 0.5:
                cells += f"{got:11.2f}~"
                continue
            fits = abs(got - wanted) <= WITHIN * wanted
            near[name][0] += fits
            near[name][1] += 1
            cells += f"{got:11.2f}{' ' if fits else '*'}"
        print(f"{'  ' + name:30s}{cells}")
    return {name: asdict(found) for name, found in figures.items()}
