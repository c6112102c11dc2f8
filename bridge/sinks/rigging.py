"""What `rig=` and `visemes=` at a sink ask for: curves and bones of a rig, and one viseme at a time.

`rig=` names a rig that ships or a table of one's own (a path that ends in .toml); `visemes=` one whose curves are mouth
shapes. What becomes of them on the wire is said by each sink.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bridge.frames import RigFrame
from bridge.sinks import SinkError
from bridge.visemes import Visemes

if TYPE_CHECKING:
    from bridge.rigs import Rig

OPTIONS = ("rig", "visemes")
VISEME_RIGS = ("rhubarb9", "oculus15", "microsoft22")
"""Rigs that ship and whose curves are mouth shapes."""
NAME_LIMIT = 256
"""UTF-8 bytes of a curve's or bone's name on a wire: one message must fit a packet."""

ENTRY_BYTES = 24
"""What a name costs in a map besides its letters, at most: its length, and a number or a turn."""
MAP_LIMIT = 60_000
"""Bytes that a rig may add to a map: readers take 65 536."""


class Viseme(NamedTuple):
    """The mouth to draw."""

    name: str
    number: int
    """Place of the name in its rig, from 0."""


class LiveVisemes:
    """One viseme at a time for the frames of a sink, at any rate: held for 120 ms, at most 8 changes in any second."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._visemes = Visemes(rig.names)

    def __call__(self, frame: RigFrame) -> Viseme:
        """The viseme of the next frame."""
        values = self._rig.values(frame.weights, frame.cues)
        name = self._visemes(values, frame.cues.time_s)
        return Viseme(name, self._rig.names.index(name))


class Extras:
    """What a rig and visemes add to a map of the native wire: `rig`, `bones`, `viseme`, `viseme_index`.

    Raises:
        SinkError: as `rig_of` and `visemes_of`.
    """

    def __init__(self, uri: str, options: Mapping[str, str]) -> None:
        self._rig = rig_of(uri, options)
        self._visemes = visemes_of(uri, options)
        names = () if self._rig is None else (*self._rig.names, *self._rig.bone_names)
        size = sum(len(name.encode()) + ENTRY_BYTES for name in names)
        if size > MAP_LIMIT:
            raise SinkError(
                f"{uri}: {len(names)} names of {options['rig']} make {size} bytes a frame; {MAP_LIMIT} at most"
            )

    def __call__(self, frame: RigFrame) -> dict[str, Any]:
        """The keys of the next frame; none where nothing was asked for."""
        more: dict[str, Any] = {}
        if self._rig is not None:
            more["rig"] = self._rig(frame.weights, frame.cues)
            turns = self._rig.bones(frame.weights, frame.cues)
            more["bones"] = {n: np.array(t.rotation, "<f4").tobytes() for n, t in turns.items()}
        if self._visemes is not None:
            more["viseme"], more["viseme_index"] = self._visemes(frame)
        return more


def rig_of(uri: str, options: Mapping[str, str]) -> Rig | None:
    """The rig that `rig=` names; None without it.

    Raises:
        SinkError: if there is no such rig, its table cannot be used, or a name of it fits no wire.
    """
    return _loaded(uri, "rig", options["rig"]) if "rig" in options else None


def visemes_of(uri: str, options: Mapping[str, str]) -> LiveVisemes | None:
    """The visemes of the rig that `visemes=` names; None without it.

    Raises:
        SinkError: if it is no rig of visemes that ships and no table, or the table cannot be used.
    """
    name = options.get("visemes")
    if name is None:
        return None
    if name not in VISEME_RIGS and not _is_path(name):
        raise SinkError(
            f"{uri}: visemes={name} is not known; choose {', '.join(VISEME_RIGS)} or a table that ends in .toml"
        )
    rig = _loaded(uri, "visemes", name)
    if not rig.names:
        raise SinkError(f"{uri}: {name} has no curves; a rig of visemes has one for each mouth")
    return LiveVisemes(rig)


def _is_path(name: str) -> bool:
    return name.lower().endswith(".toml")


def _loaded(uri: str, option: str, name: str) -> Rig:
    from bridge.rigs import RigError, load_rig, rig_names

    if not _is_path(name) and name not in rig_names():
        raise SinkError(
            f"{uri}: {option}={name} is not known; shipped: {', '.join(rig_names())}; "
            "a table of your own ends in .toml"
        )
    try:
        rig = load_rig(name)
    except RigError as error:
        raise SinkError(f"{uri}: {error}") from error
    for part in (*rig.names, *rig.bone_names):
        if not part.isprintable() or not 1 <= len(part.encode()) <= NAME_LIMIT:
            raise SinkError(
                f"{uri}: {part!r:.60} in {name} cannot be sent; names have 1 to {NAME_LIMIT} bytes, all printable"
            )
    return rig
