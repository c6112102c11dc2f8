"""A frame → values of VTube Studio's tracking parameters, and which of them it has to be asked to create.

The rig `vts` (or one of the user's own) gives all but the head. Signs are those that VTube Studio's set-up of a
model takes: in degrees FaceAngleX + turns to the character's left, FaceAngleY + looks up, FaceAngleZ + leans
to the character's left; in centimetres FacePositionX + is the character's left, FacePositionY + up and
FacePositionZ + away from the viewer. Knows no socket.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge import rigs
from bridge.arkit import head_angles
from bridge.frames import ARKIT, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.rigs import RigError, load_rig, parse_rig

OWN = frozenset(
    (
        *(f"Face{what}{axis}" for what in ("Position", "Angle") for axis in "XYZ"),
        *(f"Eye{side}{axis}" for side in ("Left", "Right") for axis in "XY"),
        *(f"Voice{vowel}" for vowel in "AIUEO"),
        "MouthSmile", "MouthOpen", "MouthX", "Brows", "BrowLeftY", "BrowRightY", "EyeOpenLeft", "EyeOpenRight",
        "CheekPuff", "TongueOut", "FaceAngry", "VoiceVolume", "VoiceFrequency", "VoiceSilence",
        "VoiceVolumePlusMouthOpen", "VoiceVolumePlusMouthOpenSqrt", "VoiceFrequencyPlusMouthSmile",
        "VoiceVolumePlusMouthOpenSquared", "MousePositionX", "MousePositionY",
    )
)  # fmt: skip
"""VTube Studio's own parameters: it does not let a plugin create these names, and older versions lack some."""
HEAD = tuple(f"Face{what}{axis}" for what in ("Angle", "Position") for axis in "XYZ")
"""Parameters made from the head's pose, in the order of `head_values`."""
CREATED_LIMIT = 100
"""Parameters that VTube Studio lets a plugin create."""
VALUE_LIMIT = 1_000_000.0
"""VTube Studio takes values within ± this."""
_NAME = re.compile(r"[A-Za-z0-9]{4,32}\Z")


@dataclass(frozen=True, slots=True)
class Creation:
    """A parameter that VTube Studio is asked to create."""

    name: str
    low: float
    high: float
    """The range it starts with when a user maps it; values may lie outside."""
    rest: float
    """Its value while nobody drives it."""


def head_values(frame: RigFrame) -> list[float]:
    """Degrees and centimetres in the order of `HEAD`."""
    yaw, pitch, roll = (math.degrees(angle) for angle in head_angles(frame.cues.head_rotation))
    left, up, nearer = frame.cues.head_translation.tolist()
    return [yaw, pitch, -roll, left, up, -nearer]


class Parameters:
    """The table of a sink: a rig, and what it asks VTube Studio to create. Stateless after it is made.

    Args:
        rig: name of a shipped rig, or path of a table.
        create: whether parameters that VTube Studio does not have by itself are created and sent.

    Raises:
        RigError: if there is no such rig, or VTube Studio takes no parameter of such a name or so many.
    """

    def __init__(self, rig: str = "vts", *, create: bool = True) -> None:
        self._rig = load_rig(rig)
        clash = [name for name in self._rig.names if name in HEAD]
        if clash:
            raise RigError(f"{rig}: {clash[0]} is made from the head's pose; leave that curve out")
        self.creations = _creations(rig, self._rig) if create else ()
        created = {creation.name for creation in self.creations}
        self._sent = [i for i, name in enumerate(self._rig.names) if name in OWN or name in created]
        self.names = (*HEAD, *(self._rig.names[i] for i in self._sent))
        """What is sent, unless VTube Studio refuses it."""

    def __call__(self, frame: RigFrame) -> list[float]:
        """The value of every parameter of `names`, finite and within ± `VALUE_LIMIT`."""
        curves = self._rig.values(frame.weights, frame.cues)[self._sent]
        values = [*head_values(frame), *curves.tolist()]
        if math.isfinite(sum(values)) and min(values) > -VALUE_LIMIT and max(values) < VALUE_LIMIT:
            return values
        bounded: list[float] = np.nan_to_num(np.clip(values, -VALUE_LIMIT, VALUE_LIMIT)).tolist()
        return bounded


def _creations(name: str, rig: rigs.Rig) -> tuple[Creation, ...]:
    path = Path(name) if name.lower().endswith(".toml") else Path(rigs.__file__).with_name(f"{name}.toml")
    table = parse_rig(path.read_text(encoding="utf-8"), str(path))
    resting = rig(np.zeros(len(ARKIT), np.float32), rest_cues(0, neutral_face()))
    made = tuple(
        Creation(curve.name, curve.low, curve.high, round(resting[curve.name], 4))
        for curve in table.curves
        if curve.name not in OWN
    )
    for creation in made:
        if not _NAME.match(creation.name):
            raise RigError(
                f"{path}: VTube Studio takes no parameter called {creation.name!r}; "
                f"a name has 4 to 32 letters and digits"
            )
    if len(made) > CREATED_LIMIT:
        raise RigError(
            f"{path}: {len(made)} parameters would have to be created; VTube Studio lets a plugin "
            f"create {CREATED_LIMIT}, so leave some curves out, or open with ?created=0"
        )
    return made
