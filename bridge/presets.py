"""Directions saved by name: settings files in the user's folder, read by the same rules as any other.

A preset keeps every control but those that are pressed for a moment, and the actor's own neutral face, so that loading
it gives the same face wherever one comes from. One that somebody wrote by hand may name a few; the others stay as they
are then, and so does the neutral face where nothing is said of it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from pathlib import Path

import numpy as np

from bridge.config import ConfigError, Saved, load_saved
from bridge.controls import CONTROLS, DirectionConfig
from bridge.dial import Value
from bridge.frames import Floats
from bridge.tokens import config_folder

NAME_LIMIT = 40
"""Characters of a preset's name."""
PRESET_LIMIT = 1000
"""More than so many nobody saves by hand."""
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
"""File names that Windows keeps for devices."""


class PresetError(ConfigError):
    """A preset that cannot be saved, found or named so; one line."""


class Presets:
    """The presets in a folder, by default that of the user."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = config_folder() / "presets" if folder is None else folder

    def names(self) -> list[str]:
        """What there is, in order."""
        try:
            found = [path.stem for path in self.folder.glob("*.toml")]
        except OSError:
            return []
        return sorted(name for name in found if _is_name(name))[:PRESET_LIMIT]

    def load(self, name: object) -> Saved:
        """What a preset asks for, checked.

        Raises:
            PresetError: a name that cannot be, or that nothing is saved under.
            ConfigError: a file that cannot be read.
        """
        path = self._path(name)
        if not path.is_file():
            known = ", ".join(self.names()) or "none yet"
            raise PresetError(f"no preset is called {name!r}; there are: {known}")
        return load_saved(path)

    def save(self, name: object, config: DirectionConfig, own_neutral: Floats | None = None) -> Path:
        """Keeps a direction under a name; one that was there before is replaced, whole or not at all.

        Args:
            name: of letters, digits, spaces, - and _.
            config: what is asked of the face.
            own_neutral: (68, 3) cm, the resting face that was captured; None: none was.

        Raises:
            PresetError: a name that cannot be, too many presets, or a folder that cannot be written to.
        """
        path = self._path(name)
        lines = [f"{key} = {_toml(getattr(config, key))}" for key, line in CONTROLS.items() if line.kept]
        if not path.exists() and len(self.names()) >= PRESET_LIMIT:
            raise PresetError(f"there are {PRESET_LIMIT} presets already; delete some in {self.folder}")
        text = "\n".join(["[direction]", *lines, "", "[neutral]", *_neutral(own_neutral), ""])
        beside: Path | None = None
        try:
            if path.exists() and path.read_bytes() == text.encode():
                return path  # a surface that saves again and again: a disk may take a second for each
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, written = tempfile.mkstemp(suffix=".part", prefix=".", dir=self.folder)
            beside = Path(written)
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            beside.replace(path)
        except OSError as error:
            if beside is not None:
                with contextlib.suppress(OSError):
                    beside.unlink()
            raise PresetError(
                f"{path} cannot be written: {error.strerror or error}; see to that folder"
            ) from error
        return path

    def delete(self, name: object) -> None:
        """Forgets a preset.

        Raises:
            PresetError: a name that cannot be, that nothing is saved under, or a file that cannot be deleted.
        """
        path = self._path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            known = ", ".join(self.names()) or "none yet"
            raise PresetError(f"no preset is called {name!r}; there are: {known}") from None
        except OSError as error:
            raise PresetError(f"{path} cannot be deleted: {error.strerror or error}") from error

    def _path(self, name: object) -> Path:
        """The file of a name; nothing that leaves the folder or means something to a system."""
        if not isinstance(name, str) or not _is_name(name):
            shown = repr(name[:NAME_LIMIT]) if isinstance(name, str) else f"a {type(name).__name__}"
            raise PresetError(
                f"a preset cannot be called {shown}; use 1 to {NAME_LIMIT} letters, digits, spaces, - and _"
            )
        return self.folder / f"{unicodedata.normalize('NFC', name)}.toml"


def _is_name(name: str) -> bool:
    inside = name.replace(" ", "").replace("-", "").replace("_", "")
    return (
        1 <= len(name) <= NAME_LIMIT
        and name == name.strip()
        and unicodedata.normalize("NFC", inside).isalnum()
        and name.lower() not in _RESERVED
    )


def _neutral(offset: Floats | None) -> list[str]:
    """The lines of a resting face; each number is the shortest that float32 reads back as it was."""
    if offset is None:
        return ["own = false"]
    rows = [", ".join(str(value) for value in row) for row in offset.astype(np.float32)]
    return ["own = true", "offset_cm = [", *(f"  [{row}]," for row in rows), "]"]


def _toml(value: Value) -> str:
    """A value as TOML writes it; texts are names of ours and need no escapes."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
