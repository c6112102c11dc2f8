"""`--mix upper=vmc://:39541`: some regions of the face from a camera tracker, the rest from the voice.

Sits behind the retargeting: weights of the region's shapes, gaze and head are the tracker's, all else the voice's. The
landmarks stay the voice's in every region (a tracker of weights has none to give), and so does the emotion.

A value is taken over across `FADE_S` when it comes, and given back as slowly when none came for `SILENT_S`; what a
tracker said before a silence is never taken up again. Eyes that come as bones only turn the look shapes as well, and
look shapes alone turn the eyes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bridge.frames import ARKIT, ARKIT_INDEX, CUE_RATE_HZ, Floats, RigFrame
from bridge.rest import scaled_rotation
from bridge.retarget import DOWN_FULL, UP_FULL, YAW_FULL
from bridge.sinks.between import turned
from bridge.trackers import Tracked, Tracker, TrackerError, open_tracker

FADE_S = 0.2
SILENT_S = 0.5
LONGEST_STEP_S = 0.1
"""A jump of audio time fades no further than this."""
GAZE_LIMIT_RAD, HEAD_LIMIT_RAD = 0.6, 1.2
"""Eyes and heads turn no further, whatever a tracker says."""
PARTS = ("brows", "eyes", "mouth", "head")
REGIONS = {"upper": ("brows", "eyes"), **{part: (part,) for part in PARTS}}
"""What may stand before `=`, and the parts it is made of."""
_PREFIXES = {"brows": ("brow",), "eyes": ("eye",)}

_LOOK = np.array(
    [
        [ARKIT_INDEX[f"eyeLook{way}{side}"] for way in ("In", "Out", "Up", "Down")]
        for side in ("Right", "Left")
    ]
)
"""(2, 4) right eye, left eye."""
_INWARD = np.array((1.0, -1.0), np.float32)
"""The right eye looks inward to the subject's left, where yaw is +."""


def shapes_of(part: str) -> npt.NDArray[np.bool_]:
    """(52,) which weights a part has; the mouth has what is neither brow nor eye, the head none."""
    if part == "mouth":
        return ~(shapes_of("brows") | shapes_of("eyes"))
    return np.array([name.startswith(_PREFIXES.get(part, ("-",))) for name in ARKIT])


def read_mix(text: str) -> tuple[tuple[str, ...], str]:
    """Takes `upper=vmc://:39541` or `brows,head=…` apart: the parts, each once, and the URI.

    Raises:
        TrackerError: if there is no `=`, or a region is unknown.
    """
    names, separator, uri = text.partition("=")
    if not separator or "://" in names:
        raise TrackerError(f"mix {text!r} names no region; write it as in upper=vmc://:39541")
    parts: list[str] = []
    for name in names.split(","):
        if name.strip() not in REGIONS:
            raise TrackerError(f"mix {text!r}: unknown region {name.strip()!r}; known: {', '.join(REGIONS)}")
        parts += [part for part in REGIONS[name.strip()] if part not in parts]
    return tuple(parts), uri


class _Taken:
    """One tracker and what is taken of it: how far each value is the tracker's now, 0..1."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.parts: list[str] = []
        self.shapes = np.zeros(len(ARKIT), np.bool_)
        self.weights = np.zeros(len(ARKIT), np.float32)  # share of each
        self.gaze = self.head = 0.0
        self._eyes: Floats = np.zeros((2, 2), np.float32)

    def add(self, part: str) -> None:
        self.parts.append(part)
        self.shapes |= shapes_of(part)

    def __call__(self, frame: RigFrame, now: float, step: float) -> RigFrame:
        """The frame with what the tracker says at `now`; shares move by at most `step`."""
        tracked = self.tracker.latest()
        fresh = (now - tracked.weights_at <= SILENT_S) & self.shapes
        looks = bool(fresh[_LOOK].all())
        eyes = "eyes" in self.parts and (looks or now - min(tracked.gaze_at) <= SILENT_S)
        head = "head" in self.parts and now - tracked.head_at <= SILENT_S
        self.weights += np.clip(fresh - self.weights, -step, step).astype(np.float32)
        self.gaze += min(max(eyes - self.gaze, -step), step)
        self.head += min(max(head - self.head, -step), step)
        if not (self.gaze > 0.0 or self.head > 0.0 or self.weights.any()):
            return frame
        cues = frame.cues
        share = _soft(self.weights)
        weights = frame.weights + share * (tracked.weights - frame.weights)
        if self.gaze > 0.0:
            self._look(tracked, now, looks=looks)
            gaze = cues.gaze + np.float32(_soft(self.gaze)) * (self._eyes - cues.gaze)
            cues = cues.with_(gaze=gaze)
            turned_eyes = look_weights(gaze)
            weights[_LOOK] += (1 - share[_LOOK]) * (turned_eyes - weights[_LOOK])
        if self.head > 0.0:
            way = float(_soft(self.head))
            there = scaled_rotation(tracked.head, 1.0, HEAD_LIMIT_RAD)
            # where a tracker's head has moved to cannot be told from how its skeleton is built: no shift then
            cues = cues.with_(
                head_rotation=turned(cues.head_rotation, there, way),
                head_translation=cues.head_translation * np.float32(1.0 - way),
            )
        return RigFrame(cues, weights, frame.latency_s)

    def _look(self, tracked: Tracked, now: float, *, looks: bool) -> None:
        """Where the eyes look: as their bones say, else as the look shapes do, else as they did."""
        if now - min(tracked.gaze_at) <= SILENT_S:
            self._eyes = np.clip(tracked.gaze, -GAZE_LIMIT_RAD, GAZE_LIMIT_RAD)
        elif looks:
            self._eyes = np.clip(gaze_of(tracked.weights), -GAZE_LIMIT_RAD, GAZE_LIMIT_RAD)


def _soft(share: Floats | float) -> Floats:
    """A soft start and end for a share that grows evenly."""
    x = np.asarray(share, np.float32)
    soft: Floats = x * x * (3 - 2 * x)
    return soft


def look_weights(gaze: Floats) -> Floats:
    """(2, 4) right eye, left eye: eyeLookIn, Out, Up, Down of a gaze (2, 2), as `bridge.retarget` has them."""
    inward, up = gaze[:, 0] * _INWARD / YAW_FULL, gaze[:, 1]
    columns = (inward, -inward, up / UP_FULL, -up / DOWN_FULL)
    weights: Floats = np.clip(np.stack(columns, axis=1), 0, 1).astype(np.float32)
    return weights


def gaze_of(weights: Floats) -> Floats:
    """(2, 2) the gaze that look shapes show: the way back of `look_weights`."""
    inner, outer, up, down = weights[_LOOK].T
    gaze: Floats = np.stack(((inner - outer) * YAW_FULL * _INWARD, up * UP_FULL - down * DOWN_FULL), axis=1)
    return gaze.astype(np.float32)


class Mixing:
    """Frames of the voice → frames with regions of trackers. Feed it the frames of one stream in order.

    Args:
        asked: as in `read_mix`; several may name the same URI.

    Raises:
        TrackerError: if one is no good, a part is asked of two, or a tracker cannot be listened to.
    """

    def __init__(self, asked: Sequence[str]) -> None:
        self._taken: dict[str, _Taken] = {}
        self._released = False
        self._time_s: float | None = None
        owners: dict[str, str] = {}
        for parts, uri in [read_mix(text) for text in asked]:
            for part in parts:
                if part in owners:
                    raise TrackerError(f"mix: {part} is asked of {owners[part]} and of {uri}; keep one")
                owners[part] = uri
        try:
            for part, uri in owners.items():
                if uri not in self._taken:
                    self._taken[uri] = _Taken(open_tracker(uri))
                self._taken[uri].add(part)
        except BaseException:
            self.close()
            raise

    def __call__(self, frame: RigFrame) -> RigFrame:
        """The mixed frame; `frame` is left as it is, and is itself the result while no tracker speaks."""
        time_s = frame.cues.time_s
        step_s = time_s - self._time_s if self._time_s is not None else 1 / CUE_RATE_HZ
        self._time_s = time_s
        step = min(max(step_s, 0.0), LONGEST_STEP_S) / FADE_S
        now = np.inf if self._released else time.perf_counter()
        for taken in self._taken.values():
            frame = taken(frame, now, step)
        return frame

    def release(self) -> None:
        """Gives everything back to the voice, over `FADE_S`: the face is about to rest."""
        self._released = True

    def statuses(self) -> list[tuple[str, str]]:
        """For each tracker what is taken of it, as it may be asked for, and how it fares."""
        return [
            (f"{','.join(taken.parts)}={uri}", taken.tracker.status().detail)
            for uri, taken in self._taken.items()
        ]

    def close(self) -> None:
        """Closes the trackers."""
        for taken in self._taken.values():
            taken.tracker.close()
