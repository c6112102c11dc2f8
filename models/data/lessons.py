"""What the streaming networks learn from, ready to read: features, a strong encoder's states, a mouth.

One `GROUP.npz` a group of voices, made by `models.training.teacher`; 16-bit, so that ten hours fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.frames import Floats

_PARTS = ("mel", "states", "displacement", "share", "motion")


@dataclass(slots=True, eq=False)
class Lesson:
    """One clip at cue rate; T frames."""

    name: str
    group: str
    """The file's name: grid and talk were filmed, the others got their mouth from the teacher."""
    mel: Floats
    """(2·T, 80) features of the clean sound."""
    states: Floats
    """(T, 384) Whisper's states of the clean sound."""
    displacement: Floats
    """(T, 68, 3) cm from the speaker's neutral."""
    share: Floats
    """(T,) how much each frame of the mouth counts, 0..1."""
    motion: Floats | None = None
    """(T, 10) gaze and head where somebody was filmed."""

    @property
    def frames(self) -> int:
        """T."""
        return len(self.states)


def save(path: Path, lessons: Iterable[Lesson]) -> int:
    """Writes beside, then renames; returns how many."""
    arrays: dict[str, Floats] = {}
    names = []
    for lesson in lessons:
        for part in _PARTS:
            value = getattr(lesson, part)
            if value is not None:
                arrays[f"{part}/{lesson.name}"] = value.astype(np.float16)
        names.append(lesson.name)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    beside.replace(path)
    return len(names)


def load(folder: Path, groups: Iterable[str] | None = None) -> list[Lesson]:
    """All lessons of a folder, or of some groups.

    Raises:
        FileNotFoundError: if there are none, with the way to make them.
    """
    paths = sorted(p for p in folder.glob("*.npz") if groups is None or p.stem in set(groups))
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no lessons (GROUP.npz): run python -m models.training.teacher first"
        )
    out = []
    for path in paths:
        with np.load(path, allow_pickle=False) as saved:
            for key in (k for k in saved.files if k.startswith("mel/")):
                name = key.removeprefix("mel/")
                parts = {p: saved[f"{p}/{name}"] for p in _PARTS if f"{p}/{name}" in saved.files}
                out.append(Lesson(name=name, group=path.stem, **parts))
    return out
