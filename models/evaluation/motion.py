"""How eyes, lids and head move, real beside generated: `python -m models.evaluation motion --data DIR`.

Every clip is brought to 25 frames a second first, so that a tracker's noise and a network's smoothness are
measured alike. A gaze shift is a turn of more than `SHIFT_DEG` within 100 ms outside of blinks; a fixation is
the time between two of them, or the whole clip where there is none; a blink is both lids under half their usual
gap for 80 to 600 ms; the head's speed is the angle from frame to frame, its range the 5 to 95 % range of pitch,
yaw and roll. Gaze and head are medians of three frames first, tracked and generated alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.direction import DirectionConfig
from bridge.frames import CUE_RATE_HZ, EMOTIONS, NEUTRAL, Cues, Floats
from bridge.frames import RATE_HZ as SOUND_HZ
from models.data import corpus
from models.data.motion import gaze_of, rotation_vectors, steadied
from models.data.tracks import Track, audio_beside, read_audio, read_track
from models.evaluation.systems import Baked

RATE_HZ = 25
SHIFT_DEG = 4.0
MIN_BLINK, MAX_BLINK = 2, 15
"""Frames."""
WITHIN = 0.25
"""Share of the real figure that a generated one may be off."""
VOICES, SPOKEN_S, TAKES, SEEDS = 40, 30.0, 4, 3
"""Recordings of an emotion; seconds of a take made of them; takes; seeds."""
SETTLE_S = 4.0
"""A take's beginning is left out: everybody begins at rest."""


@dataclass(frozen=True)
class Moves:
    """Figures of one clip or, weighted by their seconds, of many."""

    seconds: float
    blinks_per_min: float
    shifts_per_s: float
    fixation_s: float
    gaze_spread_deg: float
    """Root of the mean variance of yaw and pitch."""
    head_speed_deg_s: float
    """Median."""
    head_fast_deg_s: float
    """90 %."""
    pitch_range_deg: float
    yaw_range_deg: float
    roll_range_deg: float


FIGURES = tuple(f.name for f in fields(Moves) if f.name != "seconds")


def onsets(mask: np.ndarray) -> np.ndarray:
    """Indices where a run of True begins."""
    return np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int)])) == 1)


def blinks(lid_gap: Floats) -> tuple[int, np.ndarray]:
    """(T, 2) cm → number of blinks, and (T,) frames in or beside a closure."""
    closed = np.asarray((lid_gap < 0.5 * np.quantile(lid_gap, 0.7, axis=0)).all(axis=1))
    starts, ends = onsets(closed), onsets(~closed)
    count = 0
    for start in starts:
        later = ends[ends > start]
        length = (int(later[0]) if later.size else len(closed)) - start
        count += MIN_BLINK <= length <= MAX_BLINK
    return count, np.convolve(closed, np.ones(5), "same") > 0


def moves(gaze: Floats, lid_gap: Floats, rotation: Floats) -> Moves:
    """Figures of (T, 2) gaze in rad, (T, 2) lid gaps in cm and (T, 3, 3) head rotations, 25 a second."""
    seconds = len(gaze) / RATE_HZ
    degrees = np.degrees(gaze)
    count, covered = blinks(lid_gap)
    steady = steadied(degrees)
    lag = round(0.1 * RATE_HZ)
    turned = np.linalg.norm(steady[lag:] - steady[:-lag], axis=1) if len(steady) > lag else np.zeros(0)
    hidden = covered[lag:] | covered[:-lag] if turned.size else np.zeros(0, bool)
    shifts = onsets(np.asarray((turned > SHIFT_DEG) & ~hidden)).size
    middle = rotation[len(rotation) // 2]
    vectors = np.degrees(rotation_vectors(np.einsum("ji,tjk->tik", middle, rotation).astype(np.float32)))
    vectors = steadied(vectors)
    speed = np.linalg.norm(np.diff(vectors, axis=0), axis=1) * RATE_HZ
    pitch, yaw, roll = (np.quantile(vectors, 0.95, axis=0) - np.quantile(vectors, 0.05, axis=0)).tolist()
    return Moves(
        seconds=seconds,
        blinks_per_min=60 * count / seconds,
        shifts_per_s=shifts / seconds,
        fixation_s=seconds / (shifts + 1),
        gaze_spread_deg=float(np.sqrt(steady.var(axis=0).mean())),
        head_speed_deg_s=float(np.median(speed)),
        head_fast_deg_s=float(np.quantile(speed, 0.9)),
        pitch_range_deg=pitch,
        yaw_range_deg=yaw,
        roll_range_deg=roll,
    )


def quaternion_matrices(quaternions: Floats) -> Floats:
    """(T, 4) xyzw → (T, 3, 3)."""
    x, y, z, w = quaternions.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrices: Floats = np.array(rows, np.float32).transpose(2, 0, 1)
    return matrices


def moves_of_track(track: Track) -> Moves:
    """Figures of a face track at whatever rate it has."""
    times = np.arange(track.time_s[0], track.time_s[-1] + 1e-6, 1 / RATE_HZ).astype(np.float32)
    gaze = gaze_of(track.iris, track.landmarks).mean(axis=1)
    mixed = track.at(times, track.pose[:, :3, :3])
    u, _, vt = np.linalg.svd(mixed)
    return moves(
        track.at(times, gaze), track.at(times, face.lid_gap(track.landmarks)), (u @ vt).astype(np.float32)
    )


def moves_of_cues(cues: list[Cues]) -> Moves:
    """Figures of a network's own frames, every second one of 50."""
    kept = cues[::2]
    return moves(
        np.stack([c.gaze for c in kept]).mean(axis=1),
        face.lid_gap(np.stack([c.landmarks for c in kept])),
        quaternion_matrices(np.stack([c.head_rotation for c in kept])),
    )


def middle(found: list[Moves]) -> Moves:
    """Medians over clips; rates of rare events are means, weighted by seconds (a median of so few would be 0)."""
    seconds = np.array([m.seconds for m in found])
    rare = ("blinks_per_min", "shifts_per_s")
    values = {
        name: float(np.average([getattr(m, name) for m in found], weights=seconds))
        if name in rare
        else float(np.median([getattr(m, name) for m in found]))
        for name in FIGURES
    }
    values["fixation_s"] = float(
        seconds.sum() / (sum(m.seconds * m.shifts_per_s for m in found) + len(found))
    )
    return Moves(seconds=float(seconds.sum()), **values)


@dataclass(frozen=True)
class Played:
    """One row of the comparison: whose tracks, and the direction under which they are repeated."""

    tracks: list[Track]
    sounds: list[Floats]
    direction: DirectionConfig


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
            found[name] = Played([read_track(p) for p in paths], sounds, direction)
    heard: dict[int, list[Floats]] = {}
    for clip in corpus.ravdess(data / "ravdess_speech", held_out=True):
        heard.setdefault(clip.emotion, []).append(clip.samples)
    for k, emotion in enumerate(EMOTIONS):
        tracks = [read_track(p) for p in sorted((data / "mead_motion").glob(f"*_{emotion}_*.npz"))]
        sounds = heard.get(k, heard.get(NEUTRAL, []))[:VOICES]
        if tracks and sounds:
            found[f"{emotion}, actors"] = Played(
                tracks, sounds, DirectionConfig(emotion=emotion, style="actor")
            )
    return found


def generated(path: Path, played: Played) -> Moves:
    """The same figures of baked frames, with `SEEDS` seeds.

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
    figures = []
    for seed in range(SEEDS):
        baked = Baked(path, replace(played.direction, seed=seed))
        for sound in joined[:TAKES]:
            cues = baked.cues(sound)[round(SETTLE_S * CUE_RATE_HZ) :]
            figures += [moves_of_cues(cues[at : at + piece]) for at in range(0, len(cues) - piece + 1, piece)]
    return middle(figures)


def motion_table(networks: dict[str, Path], data: Path) -> dict[str, object]:
    """Prints real beside generated for every set; what is off by more than `WITHIN` is marked."""
    heads = (
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
    report: dict[str, object] = {}
    near = {name: [0, 0] for name in networks}
    for title, played in sets(data).items():
        real = middle([moves_of_track(track) for track in played.tracks])
        print(f"\n{title + f' ({real.seconds:.0f} s)':30s}" + "".join(f"{head:>12s}" for head in heads))
        print(f"{'  tracked':30s}" + "".join(f"{getattr(real, name):12.2f}" for name in FIGURES))
        rows: dict[str, object] = {"tracked": asdict(real)}
        for name, path in networks.items():
            made = generated(path, played)
            cells = ""
            for figure in FIGURES:
                wanted, got = getattr(real, figure), getattr(made, figure)
                fits = abs(got - wanted) <= WITHIN * wanted
                near[name][0] += fits
                near[name][1] += 1
                cells += f"{got:11.2f}{' ' if fits else '*'}"
            print(f"{'  ' + name:30s}{cells}")
            rows[name] = asdict(made)
        report[title] = rows
    for name, (fits, every) in near.items():
        print(f"\n{name}: {fits} of {every} figures within {WITHIN:.0%} of the tracked ones (* = not)")
    return report
