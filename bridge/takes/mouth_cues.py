"""One viseme at a time, for drawn mouths: Rhubarb Lip Sync's TSV and JSON, and its JSON for other sets of visemes.

TSV: lines of start time, tab, shape; the last line is the end, at rest. JSON: `metadata` (`soundFile`, `duration` in
seconds) and `mouthCues`, each `start`, `end`, `value`; sets that are not Rhubarb's say their name in
`metadata.visemes`. Cues follow each other without gaps, from 0 to the end, at the rules of `bridge.visemes`.
Source: https://github.com/DanielSWolf/rhubarb-lip-sync, "Output formats".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import CUE_RATE_HZ, Floats, RigFrame
from bridge.rigs import load_rig
from bridge.takes import VISEME_RIGS, Slate, TakeError
from bridge.takes.draft import GatheredTake
from bridge.visemes import best_visemes, stretches

RHUBARB = "rhubarb9"


class MouthCuesTake(GatheredTake):
    """Collects the curves of a viseme rig and chooses the visemes at the end."""

    def __init__(self, path: Path, slate: Slate) -> None:
        super().__init__(path)
        self._slate = slate
        self._rig_name = VISEME_RIGS[slate.format]
        self._rig = load_rig(self._rig_name)
        self._values: list[Floats] = []

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        self._values.append(self._rig.values(frame.weights, frame.cues))

    def _whole(self) -> bytes:
        names = self._rig.names
        values = np.array(self._values, np.float32).reshape(-1, len(names))
        shown = stretches(best_visemes(names, values))
        end_s = shown[-1].end_s if shown else 0.0
        if self._slate.format.endswith(".tsv"):
            lines = [f"{s.start_s:.2f}\t{s.name}\n" for s in shown]
            return "".join([*lines, f"{end_s:.2f}\t{self._rig.table.rest or names[0]}\n"]).encode("utf-8")
        metadata: dict[str, Any] = {"soundFile": self._slate.sound, "duration": round(end_s, 2)}
        if self._rig_name != RHUBARB:
            metadata["visemes"] = self._rig_name
        cues = [{"start": round(s.start_s, 2), "end": round(s.end_s, 2), "value": s.name} for s in shown]
        # no line end after it: a file cut short is no JSON then
        whole = json.dumps({"metadata": metadata, "mouthCues": cues}, ensure_ascii=False, indent=2)
        return whole.encode("utf-8")


def frames_in_mouth_cues(path: Path) -> int:
    """Number of frames of the face that a complete track of either kind lasts.

    Raises:
        TakeError: if it is cut short or no such track.
        OSError: if it cannot be read.
    """
    text = path.read_bytes()
    try:
        end_s = (
            _end_of_tsv(text) if path.suffix == ".tsv" else float(json.loads(text)["metadata"]["duration"])
        )
        return round(end_s * CUE_RATE_HZ)
    except (ValueError, KeyError, TypeError) as error:
        raise TakeError(f"{path} is no complete track of visemes ({error}): bake it again") from error


def _end_of_tsv(text: bytes) -> float:
    """Time of the last line, which says that the mouth rests."""
    lines = text.decode("utf-8").split("\n")
    last = lines[-2].split("\t") if len(lines) > 1 and not lines[-1] else []
    if len(last) != 2 or last[1] != load_rig(RHUBARB).table.rest:
        raise ValueError("its last line is no end")
    return float(last[0])
