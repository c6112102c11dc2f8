"""A person on film: square crops of the face, where the landmarks lie in each, and the sound, in one folder.

`frames.npy` holds (N, 256, 256, 3) uint8, read as a memory map; `person.npz` everything else. Built from tracked videos
(`models.data.track`, or `grid_s1` with its ready crops), it is what renderers are trained on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from bridge.frames import Floats
from bridge.portrait.camera import Camera, fitted
from bridge.portrait.drawing import SIZE, Picture
from bridge.portrait.person import drawing_of
from models.data import footage
from models.data.tracks import audio_beside, read_audio

ROOM = 1.55
"""Side of a crop, in heights of the face from brow to chin over the whole clip."""
ABOVE = 0.08
"""By how much of its side a crop's middle lies above the face's: hair needs room."""
TRAIN, VAL = 0, 1
HELD_OUT = 0.1
FRAMES, PERSON = "frames.npy", "person.npz"


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and its track; `crop` is left, top and side in the track's pixels if the video is cropped already."""

    video: Path
    track: Path
    sound: Path | None
    split: int | None
    """`TRAIN` or `VAL`; None: the last `HELD_OUT` of its frames are held out."""
    crop: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What a folder holds; N frames of all clips, in order."""

    frames: Picture
    """(N, 256, 256, 3)."""
    clip: npt.NDArray[np.int32]
    """(N,) which clip."""
    split: npt.NDArray[np.int8]
    """(N,) `TRAIN` or `VAL`."""
    time_s: Floats
    """(N,) on the audio clock of its clip."""
    landmarks: Floats
    """(N, 68, 3) cm."""
    irises: Floats
    """(N, 10, 3) cm."""
    rotation: Floats
    """(N, 3, 3)."""
    scale: Floats
    """(N,) pixels a centimetre."""
    shift: Floats
    """(N, 2) pixels."""
    sound: Floats
    """(S,) of all clips, one after another, 16 kHz; empty clips have none."""
    sound_at: npt.NDArray[np.int64]
    """(clips + 1,) where each begins."""

    def camera(self, i: int) -> Camera:
        """How frame `i` sees the head."""
        return Camera(self.rotation[i], float(self.scale[i]), self.shift[i])

    def drawing(self, i: int, *, gaze: bool = True) -> Picture:
        """The drawing of frame `i`, without irises if told so."""
        return drawing_of(self.camera(i), self.landmarks[i], self.irises[i], gaze=gaze)

    def of(self, split: int) -> npt.NDArray[np.intp]:
        """Indices of frames."""
        return np.flatnonzero(self.split == split)


def read_person(folder: Path) -> Person:
    """Opens a folder; frames stay on disk until they are asked for.

    Raises:
        ValueError: if it is none.
    """
    try:
        frames = np.load(folder / FRAMES, mmap_mode="r", allow_pickle=False)
        with np.load(folder / PERSON, allow_pickle=False) as data:
            fields = {name: data[name] for name in Person.__slots__ if name != "frames"}
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"{folder} holds no prepared person ({error}); make one with --video or --clips"
        ) from None
    return Person(frames=frames, **fields)


def grid_clips(data: Path) -> list[Clip]:
    """The clips of `grid_s1/video`, which are crops already."""
    folder = data / "grid_s1"
    found = []
    with (folder / "video" / "crops.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            track = folder / row["split"] / f"{row['clip']}.npz"
            crop = (float(row["x0"]), float(row["y0"]), float(row["size_px"]))
            split = VAL if row["split"] == "val" else TRAIN
            found.append(
                Clip(folder / "video" / f"{row['clip']}.mp4", track, audio_beside(track), split, crop)
            )
    return found


def face_crop(pixels: Floats, width: int, height: int) -> tuple[float, float, float]:
    """Left, top and side of the square around a face (T, 68, 2) that suits a whole clip, inside the picture."""
    low, high = (
        np.nanquantile(pixels.min(axis=1), 0.02, axis=0),
        np.nanquantile(pixels.max(axis=1), 0.98, axis=0),
    )
    side = min(float((high - low).max()) * ROOM, width, height)
    middle = (low + high) / 2 - (0.0, ABOVE * side)
    left = float(np.clip(middle[0] - side / 2, 0, width - side))
    top = float(np.clip(middle[1] - side / 2, 0, height - side))
    return left, top, side


def build(clips: Sequence[Clip], folder: Path, progress: Iterable[Clip] | None = None) -> Person:
    """Decodes, crops and places every frame with a face; files are written beside and renamed.

    Raises:
        ValueError: if no clip has a face.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FRAMES}.part"
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ("clip", "split", "time_s", "landmarks", "irises",
                                                               "rotation", "scale", "shift")}  # fmt: skip
    sounds: list[Floats] = []
    count = 0
    with part.open("wb") as file:
        for k, clip in enumerate(clips if progress is None else progress):
            sounds.append(read_audio(clip.sound) if clip.sound is not None else np.zeros(0, np.float32))
            with np.load(clip.track, allow_pickle=False) as track:
                ok, size = track["ok"].astype(bool), track["size"]
                landmarks, irises = track["landmarks"].astype(np.float32), track["iris"].astype(np.float32)
                pixels, times = track["pixels"].astype(np.float32), track["time_s"]
            if not ok.any():
                continue
            crop = clip.crop or face_crop(pixels[ok], int(size[0]), int(size[1]))
            zoom = SIZE / crop[2]
            for i, picture in enumerate(footage.pictures(clip.video)):
                if i >= len(ok) or not ok[i]:
                    continue
                image = Image.fromarray(picture.rgb)
                if clip.crop is None:
                    box = (crop[0], crop[1], crop[0] + crop[2], crop[1] + crop[2])
                    image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=box)
                file.write(np.asarray(image, np.uint8).tobytes())
                held_out = i >= len(ok) * (1 - HELD_OUT)
                split = (VAL if held_out else TRAIN) if clip.split is None else clip.split
                camera = fitted(landmarks[i], pixels[i]).cropped(crop[0], crop[1], zoom)
                values = (
                    k,
                    split,
                    times[i],
                    landmarks[i],
                    irises[i],
                    camera.rotation,
                    camera.scale,
                    camera.shift,
                )
                for name, value in zip(rows, values, strict=True):
                    rows[name].append(np.asarray(value))
                count += 1
    if not count:
        part.unlink()
        raise ValueError("no clip shows a face: track the videos first (python -m models.data.track)")
    _named(part, folder / FRAMES, count)
    kinds = {"clip": np.int32, "split": np.int8}
    arrays: dict[str, Any] = {
        name: np.stack(values).astype(kinds.get(name, np.float32)) for name, values in rows.items()
    }
    starts = np.cumsum([0, *(len(sound) for sound in sounds)]).astype(np.int64)
    beside = folder / f"{PERSON}.part"
    with beside.open("wb") as file:
        np.savez_compressed(file, sound=np.concatenate(sounds), sound_at=starts, **arrays)
    beside.replace(folder / PERSON)
    return read_person(folder)


def _named(raw: Path, target: Path, count: int) -> None:
    """Turns raw bytes into an `.npy` of (count, 256, 256, 3), beside and renamed."""
    made = target.with_name(f"{target.name}.made")
    out = np.lib.format.open_memmap(made, mode="w+", dtype=np.uint8, shape=(count, SIZE, SIZE, 3))
    given = np.memmap(raw, np.uint8, mode="r", shape=(count, SIZE, SIZE, 3))
    for at in range(0, count, 256):
        out[at : at + 256] = given[at : at + 256]
    out.flush()
    del out, given
    made.replace(target)
    raw.unlink()
