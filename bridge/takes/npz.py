"""The take as numpy arrays: every field of every frame under the names and units of `bridge.frames`.

Keys: time_s (T,), landmarks (T, 68, 3), neutral (68, 3), gaze (T, 2, 2), head_rotation (T, 4),
head_translation (T, 3), emotion (T, 8), emotion_names (8,), arkit (T, 52), arkit_names (52,),
rate_hz (); numbers are float32. Read it with `numpy.load(path, allow_pickle=False)`.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import ARKIT, EMOTIONS, SHAPES, RigFrame, arrays_of
from bridge.landmarks import neutral_face
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import DraftedTake

COLUMNS: dict[str, tuple[int, ...]] = {"time_s": (), **SHAPES}
"""Per-frame arrays and the shape of one frame of each."""
KEYS = (*COLUMNS, "neutral", "emotion_names", "arkit_names", "rate_hz")
_GROWTH = 500
"""Frames by which the arrays grow at first: 10 s."""


class NpzTake(DraftedTake):
    """Collects frames in growing arrays (1.1 kB a frame) and writes them at the end."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        super().__init__(path)
        self._neutral = neutral_face() if slate.neutral is None else slate.neutral
        self._rate_hz = slate.rate_hz
        self._count = 0
        self._arrays = {key: np.empty((_GROWTH, *shape), np.float32) for key, shape in COLUMNS.items()}

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        if self._count == len(self._arrays["time_s"]):
            self._arrays = {key: np.concatenate([a, np.empty_like(a)]) for key, a in self._arrays.items()}
        self._arrays["time_s"][self._count] = frame.cues.time_s
        for key, values in arrays_of(frame).items():
            self._arrays[key][self._count] = values
        self._count += 1

    def finish(self) -> None:
        """Writes the take; `close` then only renames it.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        if self._draft.file.closed:
            return
        # numbers and text only, so nothing is pickled; to say so in the call would be an array for numpy before 2.1
        arrays: dict[str, Any] = {key: array[: self._count] for key, array in self._arrays.items()}
        try:
            np.savez(
                self._draft.file,
                **arrays,
                neutral=np.asarray(self._neutral, np.float32),
                emotion_names=np.array(EMOTIONS),
                arkit_names=np.array(ARKIT),
                rate_hz=np.float32(self._rate_hz),
            )
        except OSError:
            self._draft.discard()
            raise
        self._draft.finish()


def frames_in_npz(path: Path) -> int:
    """Number of frames of a complete take.

    Raises:
        TakeError: if the archive is cut short, lacks a key or holds arrays of unlike lengths.
        OSError: if it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            missing = [key for key in KEYS if f"{key}.npy" not in archive.namelist()]
            if missing:
                raise TakeError(f"{path} lacks {', '.join(missing)}: bake it again")
            lengths = {key: _rows(archive, key) for key in COLUMNS}
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        if isinstance(error, TakeError):
            raise
        raise TakeError(f"{path} is no complete take ({error}): bake it again") from error
    if len(set(lengths.values())) != 1:
        raise TakeError(f"{path} holds arrays of unlike lengths {lengths}: bake it again")
    return lengths["time_s"]


def _rows(archive: zipfile.ZipFile, key: str) -> int:
    """Length of an array by its header alone: nothing of its data is read."""
    with archive.open(f"{key}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise TakeError(f"{key} has array header version {version}, 1.0 is what a take has")
        shape, _, _ = np.lib.format.read_array_header_1_0(member)
    return int(shape[0]) if shape else 0
