"""A take read back: the frames that `bridge.takes.npz` wrote, one by one, at the rate of the face."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bridge.frames import ARKIT, CUE_RATE_HZ, EMOTIONS, Cues, Floats, RigFrame
from bridge.takes import TakeError
from bridge.takes.npz import COLUMNS, KEYS
from bridge.takes.rate import at_rate


def frames_of(path: Path) -> Iterator[RigFrame]:
    """The frames of an npz take, 50 a second: those of a take at another rate are made in time between.

    `voice` and latency are not part of a take: they are 1 and 0.

    Raises:
        TakeError: if it is no whole take of this version.
        OSError: if it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            missing = [key for key in KEYS if key not in data.files]
            if missing:
                raise TakeError(f"{path} lacks {', '.join(missing)}: bake it again")
            arrays = {key: np.asarray(data[key]) for key in KEYS}
    except (zipfile.BadZipFile, ValueError, EOFError, AttributeError) as error:
        if isinstance(error, TakeError):
            raise
        raise TakeError(f"{path} is no npz take ({error}): make one with `facecue bake`") from error
    rate_hz = float(arrays["rate_hz"]) if arrays["rate_hz"].shape == () else 0.0
    if not rate_hz > 0:
        raise TakeError(f"{path} has no rate: bake it again")
    count = len(arrays["time_s"])
    wrong = [key for key, shape in COLUMNS.items() if arrays[key].shape != (count, *shape)]
    for key, names in (("emotion_names", EMOTIONS), ("arkit_names", ARKIT)):
        if tuple(arrays[key].tolist()) != names:
            wrong.append(key)
    if wrong:
        raise TakeError(f"{path}: {', '.join(wrong)} are not as in a take of this version: bake it again")
    rows = {key: arrays[key].astype(np.float32) for key in COLUMNS}
    frames = _rows_of(rows)
    yield from frames if rate_hz == CUE_RATE_HZ else at_rate(frames, CUE_RATE_HZ, given_hz=rate_hz)


def _rows_of(rows: dict[str, Floats]) -> Iterator[RigFrame]:
    for n, time_s in enumerate(rows["time_s"]):
        parts = {key: rows[key][n] for key in COLUMNS if key not in ("time_s", "arkit")}
        yield RigFrame(Cues(n=n, time_s=float(time_s), **parts), rows["arkit"][n], 0.0)
