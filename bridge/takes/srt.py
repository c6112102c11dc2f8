"""The emotion as subtitles (SubRip): a cue for each stretch of one emotion, to lay over a film or mark a time line.

Each emotion lasts half a second at least: of all ways to do so, the one that shows most of the probabilities. The
text is its name and its mean probability over the cue; cues follow each other from 0 to the end.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from bridge.frames import CUE_RATE_HZ, EMOTIONS, Floats, RigFrame
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import GatheredTake
from bridge.visemes import best_visemes, stretches

LEAST_FRAMES = 25
"""0.5 s: shorter than that nobody reads a word."""
_TIMES = re.compile(r"(\d+):(\d\d):(\d\d),(\d{3}) --> (\d+):(\d\d):(\d\d),(\d{3})")


def stamp(time_s: float) -> str:
    """HH:MM:SS,mmm."""
    seconds, milliseconds = divmod(round(1000 * time_s), 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02},{milliseconds:03}"


class SrtTake(GatheredTake):
    """Collects the emotion of each frame and writes the cues at the end."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:  # noqa: ARG002 # all takes are begun alike
        super().__init__(path)
        self._emotions: list[Floats] = []

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        self._emotions.append(frame.cues.emotion)

    def _whole(self) -> bytes:
        emotions = np.array(self._emotions, np.float32).reshape(-1, len(EMOTIONS))
        cues = []
        for number, shown in enumerate(stretches(best_visemes(EMOTIONS, emotions, LEAST_FRAMES)), 1):
            rows = slice(round(shown.start_s * CUE_RATE_HZ), round(shown.end_s * CUE_RATE_HZ))
            share = float(emotions[rows, EMOTIONS.index(shown.name)].mean())
            times = f"{stamp(shown.start_s)} --> {stamp(shown.end_s)}"
            cues.append(f"{number}\n{times}\n{shown.name} {share:.2f}\n\n")
        return "".join(cues).encode("utf-8")


def frames_in_srt(path: Path) -> int:
    """Number of frames of the face that complete cues last.

    Raises:
        TakeError: if it is cut short or holds no cue.
        OSError: if it cannot be read.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    found = list(_TIMES.finditer(text))
    if not found or not text.endswith("\n\n") or len(text[found[-1].end() :].strip()) == 0:
        raise TakeError(f"{path} holds no complete cues: bake it again")
    hours, minutes, seconds, milliseconds = (int(v) for v in found[-1].groups()[4:])
    return round((3600 * hours + 60 * minutes + seconds + milliseconds / 1000) * CUE_RATE_HZ)
