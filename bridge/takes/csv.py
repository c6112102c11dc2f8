"""The take as Live Link Face records it: one CSV row a frame, 52 shapes and nine angles.

Columns follow the app's *recording*, in which JawRight precedes JawLeft and MouthRight precedes
MouthLeft (its network packet has them the other way round): values are placed by name, never by
index. Timecode is HH:MM:SS:FF.mmm at the take's rate, where .mmm is thousandths of a frame; a
row stands at the middle of its frame, hence .500. Angles are radians with the app's signs
(`bridge.arkit`): yaw + to the subject's left, pitch + down, roll + with the subject's left side up.
"""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from pathlib import Path

from bridge.arkit import angles
from bridge.frames import ARKIT_INDEX, CUE_RATE_HZ, RigFrame
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import DraftedTake

SHAPES = (
    *(f"Eye{name}{side}" for side in ("Left", "Right")
      for name in ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")),
    "JawForward", "JawRight", "JawLeft", "JawOpen",
    "MouthClose", "MouthFunnel", "MouthPucker", "MouthRight", "MouthLeft",
    *(f"Mouth{name}{side}" for name in ("Smile", "Frown", "Dimple", "Stretch") for side in ("Left", "Right")),
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper",
    *(f"Mouth{name}{side}" for name in ("Press", "LowerDown", "UpperUp") for side in ("Left", "Right")),
    "BrowDownLeft", "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight",
    "CheekPuff", "CheekSquintLeft", "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut",
)  # fmt: skip
"""The 52 shape columns in the order of the app's recordings."""
ANGLES = tuple(
    f"{part}{axis}" for part in ("Head", "LeftEye", "RightEye") for axis in ("Yaw", "Pitch", "Roll")
)
"""The nine angle columns."""
COLUMNS = (*SHAPES, *ANGLES)
HEADER = ",".join(("Timecode", "BlendshapeCount", *COLUMNS))
_in_order = itemgetter(*(ARKIT_INDEX[name[0].lower() + name[1:]] for name in SHAPES))
_ROW = f"%s,{len(COLUMNS)}" + ",%.6f" * len(COLUMNS)


def timecode(n: int, rate_hz: int = CUE_RATE_HZ) -> str:
    """HH:MM:SS:FF.mmm of frame `n` (SMPTE, no frame dropped), at the middle of the frame."""
    seconds, frame = divmod(n, rate_hz)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}:{frame:02}.500"


class CsvTake(DraftedTake):
    """Writes a row for each frame as it comes; memory does not grow."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        super().__init__(path)
        self._rate_hz = slate.rate_hz
        self._line(HEADER)

    def add(self, frame: RigFrame) -> None:
        """Writes the next row.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        weights = frame.weights.tolist()
        self._line(
            _ROW
            % (
                timecode(frame.cues.n, self._rate_hz),
                *_in_order(weights),
                *chain.from_iterable(angles(frame.cues)),
            )
        )


def frames_in_csv(path: Path) -> int:
    """Number of rows of a complete take.

    Raises:
        TakeError: if the header is another or the last row is cut short.
        OSError: if it cannot be read.
    """
    rows, last = 0, b""
    with path.open("rb") as file:
        if file.readline(len(HEADER) + 2).rstrip(b"\r\n") != HEADER.encode("ascii"):
            raise TakeError(f"{path} does not begin with the columns of a Live Link Face take: bake it again")
        for line in file:
            rows, last = rows + 1, line
    if rows and (not last.endswith(b"\n") or last.count(b",") != HEADER.count(",")):
        raise TakeError(f"{path} ends in the middle of row {rows}: bake it again")
    return rows
