"""Learns the neutral face that ships with the bridge: `python -m models.training.neutral --data DIR`.

Median over the GRID speaker's silent, closed, open-eyed frames, made left-right symmetric, lips brought
together. Shape only; (68, 3) cm in the head frame.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bridge import landmarks as face
from bridge.frames import Floats
from models.data.tracks import audio_beside, neutral_of, read_audio, read_track, speech_mask


def clip_neutral(path: Path) -> Floats:
    """The rest of one GRID clip: the sound is silent and the lips are closed."""
    track = read_track(path)
    audio = audio_beside(path)
    if audio is None:
        return neutral_of(track)
    samples = read_audio(audio)
    frames = int(samples.size / 320)
    speech = speech_mask(samples, frames)
    index = np.clip((track.time_s * 50).astype(int), 0, frames - 1)
    inside = (track.time_s >= 0) & (track.time_s * 50 < frames)
    return neutral_of(track, inside & ~speech[index])


def learn(paths: list[Path]) -> Floats:
    """(68, 3) symmetric neutral with touching lips."""
    mean = np.median([clip_neutral(p) for p in paths], axis=0).astype(np.float32)
    neutral = (mean + face.mirrored(mean)) / 2
    # inner lips meet: a tracker leaves a hair's breadth between closed lips
    upper, lower = list(face.GAP_UPPER), list(face.GAP_LOWER)
    middle = (neutral[upper] + neutral[lower]) / 2
    neutral[upper] = neutral[lower] = middle
    return np.ascontiguousarray(neutral, np.float32)


def main() -> None:
    """Writes `bridge/neutral_face.npy`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds grid_s1/")
    parser.add_argument("-o", "--out", type=Path, default=Path("bridge/neutral_face.npy"))
    args = parser.parse_args()
    paths = sorted((args.data / "grid_s1" / "train").glob("*.npz"))
    if not paths:
        parser.error(f"no tracks under {args.data / 'grid_s1' / 'train'}")
    neutral = learn(paths[::8])
    np.save(args.out, neutral, allow_pickle=False)
    print(f"{args.out}: lids {face.lid_gap(neutral)} cm, mouth {float(face.mouth_width(neutral)):.2f} cm")


if __name__ == "__main__":
    main()
