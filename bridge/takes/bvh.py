"""The head and the eyes as BVH, the motion file every animation program reads: centimetres, degrees, right-handed.

Axes are the head frame's: x the subject's left, y up, z out of the face. Joints: `Neck` (root; its place carries the
head's translation, it does not turn) > `Head` > `EyeRight`, `EyeLeft`. Channels of every joint that turns are
Yrotation Xrotation Zrotation: yaw first, then pitch (+ down, for X turns y towards z), roll last, each about the axes
as turned so far, so that R = Ry Rx Rz. Frame n is the moment n × Frame Time. At rest all angles are 0.
"""

from __future__ import annotations

import math
from pathlib import Path

from bridge.arkit import angles
from bridge.frames import RigFrame
from bridge.head import load_head
from bridge.head.glb import NECK_BASE_CM
from bridge.head.model import SIDES
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import GatheredTake

TURNS = "Yrotation Xrotation Zrotation"
VALUES = 15
"""Numbers of a frame: six of the neck, three of each other joint."""
_FRAMES = "Frames:"


def hierarchy() -> str:
    """The joints at rest, in cm from the one above; the root stands where its channels say."""
    head = load_head()
    neck = [head.pivot[i] - NECK_BASE_CM[i] for i in range(3)]
    lines = [
        "HIERARCHY",
        "ROOT Neck",
        "{",
        "\tOFFSET 0.0000 0.0000 0.0000",
        f"\tCHANNELS 6 Xposition Yposition Zposition {TURNS}",
        "\tJOINT Head",
        "\t{",
        f"\t\tOFFSET {_row(neck, 4)}",
        f"\t\tCHANNELS 3 {TURNS}",
    ]
    for side, name in enumerate(SIDES):
        lines += [
            f"\t\tJOINT Eye{name.capitalize()}",
            "\t\t{",
            f"\t\t\tOFFSET {_row(head.eyes[side] - head.pivot, 4)}",
            f"\t\t\tCHANNELS 3 {TURNS}",
            "\t\t\tEnd Site",
            "\t\t\t{",
            f"\t\t\t\tOFFSET 0.0000 0.0000 {head.eye_radius:.4f}",
            "\t\t\t}",
            "\t\t}",
        ]
    return "\n".join([*lines, "\t}", "}", ""])


def _row(values: object, decimals: int) -> str:
    return " ".join(f"{float(v):.{decimals}f}" for v in values)  # type: ignore[attr-defined]


class BvhTake(GatheredTake):
    """Collects a row for each frame; their number stands before the first."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        super().__init__(path)
        self._rate_hz = slate.rate_hz
        self._rows: list[str] = []

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        head, left, right = ([math.degrees(v) for v in part] for part in angles(frame.cues))
        place = [a + float(b) for a, b in zip(NECK_BASE_CM, frame.cues.head_translation, strict=True)]
        self._rows.append(_row([*place, 0, 0, 0, *head, *right, *left], 6))

    def _whole(self) -> bytes:
        motion = f"MOTION\n{_FRAMES} {len(self._rows)}\nFrame Time: {1 / self._rate_hz:.8f}\n"
        return (hierarchy() + motion + "".join(f"{row}\n" for row in self._rows)).encode("ascii")


def frames_in_bvh(path: Path) -> int:
    """Number of frames of a complete take.

    Raises:
        TakeError: if it has not as many rows as it says, or the last is cut short.
        OSError: if it cannot be read.
    """
    text = path.read_bytes().decode("ascii", "replace")
    _, motion, after = text.partition("\nMOTION\n")
    lines = after.split("\n")
    if not motion or len(lines) < 3 or not lines[0].startswith(_FRAMES):
        raise TakeError(f"{path} is no complete BVH take: bake it again")
    said, rows = lines[0].removeprefix(_FRAMES).strip(), lines[2:-1]
    if not said.isdecimal() or int(said) != len(rows) or lines[-1]:
        raise TakeError(f"{path} says {said} frames and holds {len(rows)}: bake it again")
    if any(len(row.split()) != VALUES for row in rows[-1:]):
        raise TakeError(f"{path} ends in the middle of frame {len(rows)}: bake it again")
    return len(rows)
