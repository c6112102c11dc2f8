"""What travels through the house: AudioBlock → Cues → RigFrame. Units and shapes are written here.

Conventions (one meaning each, everywhere):

* audio: float32 mono at 16 kHz; `time_s` is *audio time*, seconds since the stream's first sample.
* head frame: centimetres, +x the subject's left, +y up, +z out of the face (right-handed).
* landmarks: (68, 3) iBUG-68 in the head frame, rigid head motion removed: neutral + displacement.
* gaze: (2, 2) radians, rows right eye, left eye; columns yaw (+ subject's left), pitch (+ up).
* head pose: unit quaternion xyzw and translation in cm, both relative to the resting head.
* emotion: eight probabilities in the order of `EMOTIONS`.
* weights: the 52 of `ARKIT`, 0..1; left and right are the subject's.

Another handedness, unit or naming is made in the sink that needs it, nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bridge.moods import EMOTIONS as EMOTIONS
from bridge.moods import STYLES as STYLES

Floats = npt.NDArray[np.float32]
"""A float32 array; the shape is given where it is used."""

RATE_HZ = 16_000
"""Sample rate of all audio inside the house."""
CUE_RATE_HZ = 50
"""Cue frames a second."""
FRAME_SAMPLES = RATE_HZ // CUE_RATE_HZ  # 320 samples = 20 ms

NEUTRAL = EMOTIONS.index("neutral")

ARKIT = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 ARKit blend shapes, alphabetical: order of every weight vector."""
ARKIT_INDEX = {name: i for i, name in enumerate(ARKIT)}


def frame_time_s(n: int) -> float:
    """Audio time of the middle of cue frame `n`: (n + 0.5) / 50."""
    return (n + 0.5) / CUE_RATE_HZ


def frame_count(samples: int) -> int:
    """Cue frames of a recording of `samples` at 16 kHz: round(50 × duration), halves up."""
    return (2 * samples + FRAME_SAMPLES) // (2 * FRAME_SAMPLES)


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """A run of consecutive samples, as a source hands it out."""

    samples: Floats
    """(N,) float32 mono, 16 kHz, finite, nominally in [-1, 1]."""
    time_s: float
    """Audio time of the first sample."""
    captured_at: float
    """`time.perf_counter()` at which the *last* sample was heard; read by the latency meter alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """Where every part of the face should be in one frame of 20 ms."""

    n: int
    """Frame number since stream start."""
    time_s: float
    """Audio time of the sound this frame belongs to: `frame_time_s(n)`."""
    landmarks: Floats
    """(68, 3) cm, head frame."""
    gaze: Floats
    """(2, 2) radians."""
    head_rotation: Floats
    """(4,) unit quaternion xyzw."""
    head_translation: Floats
    """(3,) cm."""
    emotion: Floats
    """(8,) probabilities."""
    voice: float = 1.0
    """Probability that somebody speaks; the gate reads it."""

    def with_(self, **changes: Any) -> Cues:
        """A copy with some fields replaced."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, eq=False)
class RigFrame:
    """What the sinks get: the cues, and the ARKit weights made from them."""

    cues: Cues
    weights: Floats
    """(52,) in the order of `ARKIT`, each 0..1."""
    latency_s: float
    """Seconds from the moment the sound at `cues.time_s` was heard until this frame left the pipeline."""


SHAPES: dict[str, tuple[int, ...]] = {
    "landmarks": (68, 3),
    "gaze": (2, 2),
    "head_rotation": (4,),
    "head_translation": (3,),
    "emotion": (len(EMOTIONS),),
    "arkit": (len(ARKIT),),
}
"""The arrays of a `RigFrame` under the names that wires and takes give them."""


def arrays_of(frame: RigFrame) -> dict[str, Floats]:
    """The arrays of a frame by the names of `SHAPES`, in that order."""
    return {key: frame.weights if key == "arkit" else getattr(frame.cues, key) for key in SHAPES}


@dataclass(frozen=True, slots=True, eq=False)
class Steering:
    """What the director asks of the network itself, with the features of a frame."""

    emotion: Floats
    """(8,) the emotion asked for; probabilities."""
    mix: float
    """0 = the voice decides, 1 = `emotion` decides."""
    intensity: float
    """0 = no emotional displacement, 1 = as people do, 2 = twice that."""
    style: str = "actor"
    """Whose manner eyes, head and mouth have: one of `STYLES`."""
    temperature: float = 1.0
    """How much chance there is in eyes and head: 0 = none, 1 = as people have."""
    seed: int = 0
    """Which eyes and head out of all the likely ones."""


def rest_cues(n: int, neutral: Floats) -> Cues:
    """The resting face: `neutral` landmarks (68, 3), straight gaze and head, neutral emotion."""
    emotion = np.zeros(len(EMOTIONS), np.float32)
    emotion[NEUTRAL] = 1.0
    return Cues(
        n=n,
        time_s=frame_time_s(n),
        landmarks=neutral,
        gaze=np.zeros((2, 2), np.float32),
        head_rotation=np.array([0, 0, 0, 1], np.float32),
        head_translation=np.zeros(3, np.float32),
        emotion=emotion,
        voice=0.0,
    )
