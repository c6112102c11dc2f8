"""Tracks → what a feeling did to a face, at cue rate: displacement that talking alone does not explain.

Per person everything is relative to their own neutral clip, and what an opening mouth does to a calm face is taken
out. Where a person's neutral face is not known, only movement around the clip's own mean counts (`relative`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import CUE_RATE_HZ, EMOTIONS, Floats
from models.data.acted import people as acted_people
from models.data.motion import motion_of
from models.data.performances import emotion_in
from models.data.prototypes import prototypes
from models.data.tracks import Track, grid_folders, neutral_of, read_track

OPENEST_CM = 1.5
JAW_SHARE = 0.3
"""Trackers guess the jaw line; it counts this much."""
FEW, MANY = 0.3, 1.0
"""Weights of clips whose neutral face is not known, or whose people act nothing, and of acted ones."""
TABLE = Path("ict") / "landmark_basis.npz"


@dataclass(frozen=True, eq=False)
class Showing:
    """One clip, T cue frames."""

    name: str
    person: str
    emotion: int
    """Index into EMOTIONS."""
    displacement: Floats
    """(T, 68, 3) cm."""
    share: Floats
    """(T, 68): how much a point counts; lids in a blink do not."""
    opening: Floats
    """(T,) cm."""
    gesture: Floats
    """(T, 8): gaze yaw and pitch (rad), head rotation vector (rad) and translation (cm)."""
    relative: bool
    """Only movement around the mean is known."""
    articulation: float = 0.0
    """How much wider the mouth opened than on the person's calm face, as a share."""


def people(data: Path) -> dict[str, dict[str, Track]]:
    """{person: {emotion: track}} of acted tracks; only people with a neutral clip."""
    return {person: found for person, found in acted_people(data).items() if "neutral" in found}


def rest_of(calm: Track) -> Floats:
    """(68, 3): the face of a neutral clip where the mouth is least open."""
    gap = face.lip_gap(calm.landmarks)
    rest: Floats = np.median(calm.landmarks[gap <= np.quantile(gap, 0.4)], axis=0)
    return rest


def opening_of(landmarks: Floats, closed_cm: float) -> Floats:
    """(T,) cm beyond a closed mouth's gap."""
    opening: Floats = (face.lip_gap(landmarks) - closed_cm).clip(0.0, OPENEST_CM)
    return opening


def calm_map(calm: Track) -> Floats:
    """(2, 204): what a calm face does when the mouth opens, as a regression on (1, opening)."""
    closed = float(np.quantile(face.lip_gap(calm.landmarks), 0.1))
    opening = opening_of(calm.landmarks, closed)
    design = np.stack([np.ones_like(opening), opening], axis=1)
    flat = (calm.landmarks - rest_of(calm)).reshape(len(opening), -1)
    table: Floats = np.linalg.lstsq(design, flat, rcond=None)[0].astype(np.float32)
    return table


def showing_of(
    track: Track, person: str, emotion: str, rest: Floats, closed_cm: float, table: Floats, *, relative: bool
) -> Showing:
    """A track, what talking explains taken out."""
    times = track.times(1 / CUE_RATE_HZ)
    landmarks = track.at(times, track.landmarks)
    opening = opening_of(landmarks, closed_cm)
    design = np.stack([np.ones_like(opening), opening], axis=1)
    displacement = (landmarks - rest) - (design @ table).reshape(-1, face.COUNT, 3)
    motion = motion_of(track.at(times, track.iris), landmarks, track.at(times, track.pose))
    gaze = motion[:, :4].reshape(-1, 2, 2).mean(1)
    lids = face.lid_gap(landmarks)
    blinking = (lids < 0.6 * np.quantile(lids, 0.7, axis=0)).any(axis=1)
    share = np.ones((len(times), face.COUNT), np.float32)
    share[:, list(face.JAW)] = JAW_SHARE
    share[np.convolve(blinking, np.ones(5), "same") > 0, face.EYES[0] : face.EYES[-1] + 1] = 0.0
    share[~track.covers(times)] = 0.0
    if relative:
        share[:, list(face.LOWER_FACE)] = 0.0
        share *= FEW
    return Showing(
        track.name,
        person,
        EMOTIONS.index(emotion),
        displacement.astype(np.float32),
        share * MANY,
        opening,
        np.concatenate([gaze, motion[:, 4:]], axis=1).astype(np.float32),
        relative,
    )


def acted(data: Path, only: tuple[str, ...] = ()) -> Iterator[Showing]:
    """Clips of people with a neutral clip of their own, all of them or those named.

    Raises:
        FileNotFoundError: if there is nobody.
    """
    found = {p: t for p, t in people(data).items() if not only or p in only}
    if not found:
        wanted = f" of {', '.join(only)}" if only else ""
        raise FileNotFoundError(
            f"{data} holds no person{wanted} with a neutral clip: tracks of MEAD, CREMA-D or RAVDESS belong into "
            "mead_motion, cremad_motion or ravdess_motion"
        )
    for person, tracks in found.items():
        calm = tracks["neutral"]
        gap = face.lip_gap(calm.landmarks)
        closed, table, rest = float(np.quantile(gap, 0.1)), calm_map(calm), rest_of(calm)
        usual = float(opening_of(calm.landmarks, closed).mean())
        for emotion, track in tracks.items():
            made = showing_of(track, person, emotion, rest, closed, table, relative=False)
            wider = float(made.opening.mean()) / max(usual, 0.05) - 1.0
            yield replace(made, articulation=wider)


def evenly(paths: list[Path], limit: int) -> list[Path]:
    """At most `limit` of the paths, spread evenly."""
    return paths if len(paths) <= limit else [paths[i * len(paths) // limit] for i in range(limit)]


def moving(data: Path, tables: list[Floats], limit: int = 40) -> Iterator[Showing]:
    """Clips of people whose neutral face is not known, or who act nothing: movement around their mean.

    Args:
        data: with any of `emotion_motion`, `talk` and `grid_*/train`.
        tables: of calm maps; their mean stands for what is not known.
        limit: clips of a folder.
    """
    mean = np.mean(tables, axis=0).astype(np.float32)
    for folder in (data / "emotion_motion", data / "talk", *grid_folders(data)):
        for path in evenly(sorted(folder.glob("*.npz")), limit):
            emotion = emotion_in(path.stem) if folder.name == "emotion_motion" else "neutral"
            if emotion is None:
                continue
            track = read_track(path)
            closed = float(np.quantile(face.lip_gap(track.landmarks), 0.1))
            made = showing_of(track, path.stem, emotion, neutral_of(track), closed, mean, relative=True)
            if len(made.opening) >= CUE_RATE_HZ:
                yield made


def textbook(data: Path, borrowed: list[Showing]) -> Iterator[Showing]:
    """The prototypes, each held through the mouths and gestures of clips that were filmed."""
    if not (data / TABLE).is_file():
        return
    for k, shape in enumerate(prototypes(data / TABLE)):
        for other in borrowed[k :: len(EMOTIONS)]:
            frames = len(other.opening)
            yield Showing(
                f"{EMOTIONS[k]} ({other.name})",
                "textbook",
                k,
                np.broadcast_to(shape, (frames, face.COUNT, 3)).astype(np.float32),
                np.ones((frames, face.COUNT), np.float32),
                other.opening,
                other.gesture,
                relative=False,
            )
