"""A take read back: the frames that `bridge.takes.npz` wrote, one by one, as the sinks got them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bridge.frames import ARKIT, EMOTIONS, Cues, RigFrame
from bridge.takes import TakeError
from bridge.takes.npz import COLUMNS, KEYS


def frames_of(path: Path) -> Iterator[RigFrame]:
    """The frames of an npz take. `voice` and latency are not part of a take: they are 1 and 0.

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
    count = len(arrays["time_s"])
    wrong = [key for key, shape in COLUMNS.items() if arrays[key].shape != (count, *shape)]
    for key, names in (("emotion_names", EMOTIONS), ("arkit_names", ARKIT)):
        if tuple(arrays[key].tolist()) != names:
            wrong.append(key)
    if wrong:
        raise TakeError(f"{path}: {', '.join(wrong)} are not as in a take of this version: bake it again")
    rows = {key: arrays[key].astype(np.float32) for key in COLUMNS}
    for n in range(count):
        parts = {key: rows[key][n] for key in COLUMNS if key not in ("time_s", "arkit")}
        yield RigFrame(Cues(n=n, time_s=float(rows["time_s"][n]), **parts), rows["arkit"][n], 0.0)
