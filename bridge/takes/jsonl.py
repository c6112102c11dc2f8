"""The take as JSON lines: a header with names and units, then a frame a line, for whoever reads no numpy.

The header is an object with `facecue` = "take", `version`, `rate_hz`, `sound`, `fields` (shape and unit of each),
`arkit_names`, `emotion_names` and `neutral`; a frame has `n`, `time_s` and the fields of `bridge.frames.SHAPES`, to
six decimals.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import ARKIT, EMOTIONS, SHAPES, Floats, RigFrame, arrays_of
from bridge.landmarks import neutral_face
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import DraftedTake

VERSION = 1
UNITS = {
    "landmarks": "cm; x the subject's left, y up, z out of the face; head motion removed",
    "gaze": "rad; rows right eye, left eye; columns yaw (+ subject's left), pitch (+ up)",
    "head_rotation": "unit quaternion x y z w from rest",
    "head_translation": "cm from rest",
    "emotion": "probabilities in the order of emotion_names",
    "arkit": "0..1 in the order of arkit_names",
}
"""What the numbers of each field are."""
DECIMALS = 6


def _numbers(values: Floats) -> Any:
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class JsonlTake(DraftedTake):
    """Writes a line for each frame as it comes; memory does not grow."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        super().__init__(path)
        self._line(
            _json(
                {
                    "facecue": "take",
                    "version": VERSION,
                    "rate_hz": slate.rate_hz,
                    "sound": slate.sound,
                    "fields": {name: {"shape": SHAPES[name], "unit": UNITS[name]} for name in SHAPES},
                    "emotion_names": EMOTIONS,
                    "arkit_names": ARKIT,
                    "neutral": _numbers(neutral_face() if slate.neutral is None else slate.neutral),
                }
            )
        )

    def add(self, frame: RigFrame) -> None:
        """Writes the next line.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        fields = {name: _numbers(values) for name, values in arrays_of(frame).items()}
        self._line(_json({"n": frame.cues.n, "time_s": round(frame.cues.time_s, 9), **fields}))


def frames_in_jsonl(path: Path) -> int:
    """Number of frames of a complete take.

    Raises:
        TakeError: if the header is another or the last line is cut short.
        OSError: if it cannot be read.
    """
    lines, last = 0, b""
    with path.open("rb") as file:
        first = file.readline()
        for line in file:
            lines, last = lines + 1, line
    try:
        header = json.loads(first)
        known = (
            isinstance(header, dict) and header.get("facecue") == "take" and header.get("version") == VERSION
        )
    except ValueError:
        known = False
    if not known or not first.endswith(b"\n"):
        raise TakeError(f"{path} does not begin with the header of a facecue take: bake it again")
    if lines and not last.endswith(b"}\n"):
        raise TakeError(f"{path} ends in the middle of line {lines + 1}: bake it again")
    return lines
