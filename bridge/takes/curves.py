"""The take on a rig: one CSV row a frame, the curves of a table of `bridge.rigs` and the turns of its bones.

Columns: `time_s`, the curves by name, and for each bone `NAME.x`, `.y`, `.z`, `.w`, a unit quaternion in the head
frame of `bridge.frames`.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from bridge.frames import RigFrame
from bridge.rigs import Rig
from bridge.takes.draft import DraftedTake


class CurvesTake(DraftedTake):
    """Writes a row for each frame as it comes; memory does not grow."""

    def __init__(self, path: Path, rig: Rig) -> None:
        super().__init__(path)
        self._rig = rig
        names = [f"{bone}.{axis}" for bone in rig.bone_names for axis in "xyzw"]
        self._row(["time_s", *rig.names, *names])

    def add(self, frame: RigFrame) -> None:
        """Writes the next row.

        Raises:
            OSError: if it cannot be written; nothing is left behind then.
        """
        values = self._rig.values(frame.weights, frame.cues).tolist()
        for turn in self._rig.bones(frame.weights, frame.cues).values():
            values += turn.rotation
        self._row([f"{frame.cues.time_s:.4f}", *(f"{value:.6g}" for value in values)])

    def _row(self, cells: list[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)  # a table may name curves as it likes
        try:
            self._draft.file.write(text.getvalue().encode())
        except OSError:
            self.discard()
            raise
