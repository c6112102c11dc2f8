"""What is judged on: clips with sound and a face track, brought to cue frames once, and the groups they come in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.frames import Floats, frame_count
from models.data.showings import evenly
from models.data.tracks import Track, audio_beside, cue_times, read_audio, read_track, speech_mask
from models.evaluation.crop import crop_maps


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A recording and the face that was seen, on the T cue frames that the track covers."""

    name: str
    samples: Floats
    """(N,) 16 kHz."""
    track: Track
    inside: np.ndarray
    """(frame_count(N),) bool: cue frames within the track."""
    time_s: Floats
    """(T,) audio time of those."""
    truth: Floats
    """(T, 68, 3) cm: tracked landmarks."""
    speech: np.ndarray
    """(T,) bool: somebody speaks, by the energy of the clean sound."""
    crop: Floats
    """(T, 2, 3): pixels of a 256-pixel face crop a cm."""

    def seen(self, landmarks: Floats) -> Floats:
        """(T, …) of a system's frames (frame_count(N), …).

        Raises:
            ValueError: on another number of frames.
        """
        if len(landmarks) != self.inside.size:
            raise ValueError(
                f"{self.name}: {len(landmarks)} frames of landmarks for a recording of {self.inside.size}; "
                "a system gives frame_count(samples) of them"
            )
        seen: Floats = landmarks[self.inside]
        return seen


def read_clip(path: Path) -> Clip:
    """Reads a track file and the sound beside it.

    Raises:
        FileNotFoundError: if there is no sound of that name.
        ValueError: if the file is no track, or covers less than two cue frames.
    """
    audio = audio_beside(path)
    if audio is None:
        raise FileNotFoundError(f"{path} has no sound beside it (.flac, .ogg or .wav)")
    samples, track = read_audio(audio), read_track(path)
    frames = frame_count(samples.size)
    times = cue_times(samples.size)
    inside = (times >= track.time_s[0]) & (times <= track.time_s[-1])
    if inside.sum() < 2:
        raise ValueError(
            f"{path}: {inside.sum()} of {frames} cue frames lie within the track; do the clocks agree?"
        )
    seen_at, maps = crop_maps(path)
    nearest = np.abs(times[inside][:, None] - seen_at).argmin(1)
    return Clip(
        path.stem,
        samples,
        track,
        inside,
        times[inside],
        track.at(times[inside], track.landmarks),
        speech_mask(samples, frames)[inside],
        maps[nearest],
    )


def track_files(folder: Path) -> list[Path]:
    """Track files with sound beside them, by name."""
    return [p for p in sorted(folder.glob("*.npz")) if audio_beside(p) is not None]


def some(paths: list[Path], limit: int | None) -> list[Path]:
    """At most `limit` of the paths, spread evenly; None: all."""
    return paths if limit is None else evenly(paths, limit)


SPEAKER_1, OTHERS, ELSEWHERE = "GRID speaker 1, validation", "other GRID speakers", "people elsewhere"


def groups(data: Path, limit: int | None = None) -> dict[str, list[Clip]]:
    """The three groups of a data folder, at most `limit` clips of each; groups without clips are left out.

    Raises:
        FileNotFoundError: if there is not a single clip.
    """
    dev = track_files(data / "dev_speakers")
    paths = {
        SPEAKER_1: track_files(data / "grid_s1" / "val"),
        OTHERS: [p for p in dev if p.stem.startswith("GRIDx__")],
        ELSEWHERE: [p for p in dev if not p.stem.startswith("GRIDx__")],
    }
    if not any(paths.values()):
        raise FileNotFoundError(
            f"{data} has no clips in grid_s1/val or dev_speakers: a clip is NAME.npz with NAME.flac beside it"
        )
    return {group: [read_clip(p) for p in some(found, limit)] for group, found in paths.items() if found}
