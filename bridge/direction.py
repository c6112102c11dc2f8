"""The director's hand: which emotion, how strongly, which part of the face, and when the eyes blink.

Sits on both sides of the network: `steering_at` says what to ask of it, `__call__` shapes what it gives.
A function of audio time and the gate alone: the same take gives the same frames.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace

import numpy as np

from bridge import landmarks as face
from bridge.blink import Blinks, close_lids, usual_rate
from bridge.frames import CUE_RATE_HZ, EMOTIONS, STYLES, Cues, Floats, Steering
from bridge.rest import scaled_rotation
from bridge.steering import AUTO, SteeringEase

RELEASE_S = 0.16
"""The mouth comes to rest in this time after the gate closed; how it opens is the gate's."""
MAX_GAZE_RAD = 0.6
"""Eyes turn no further, either way."""
MAX_HEAD_RAD = 0.8
"""Head rotations beyond this angle stop there: 46° is as far as a talking head turns."""
NATURAL_MOUTH_CM = 2.0
"""A lip displacement that sensitivity leaves as it is; only smaller ones are raised or lowered."""
HEAD_SMOOTHING = 3.0
"""The head is smoothed this many times longer than the face."""

_RANGES: dict[str, tuple[float, float]] = {
    "mix": (0, 1), "intensity": (0, 2), "brows": (0, 2), "lids": (0, 2), "mouth": (0, 2), "jaw": (0, 2),
    "gaze": (0, 2), "head": (0, 2), "sensitivity": (0.25, 4), "blinks": (0, 3),
    "smoothing_ms": (0, 100), "temperature": (0, 2), "seed": (0, 2**32 - 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DirectionConfig:
    """What the director asks for. Gains: 0 = still, 1 = as the network gives it, 2 = twice that.

    Raises:
        ValueError: a value outside its range, or an unknown emotion or style.
    """

    emotion: str = AUTO
    """"auto" = the voice decides, or one of `EMOTIONS`."""
    mix: float = 1.0
    """0..1, how much of `emotion` is blended in when it is not "auto"."""
    intensity: float = 1.0
    """0..2, strength of the emotional expression."""
    brows: float = 1.0
    """0..2, gain of the brows."""
    lids: float = 1.0
    """0..2, gain of the eyelids; blinks are not touched."""
    mouth: float = 1.0
    """0..2, gain of the lips."""
    jaw: float = 1.0
    """0..2, gain of the jaw line."""
    gaze: float = 1.0
    """0..2, gain of the eyes' turning; limited to ±0.6 rad."""
    head: float = 1.0
    """0..2, amplitude of head rotation and translation; rotation is limited to 0.8 rad."""
    sensitivity: float = 1.0
    """0.25..4, how much a quiet voice moves the mouth; a wide-open mouth stays as it is."""
    gate: bool = True
    """Keep the mouth at rest while there is no speech."""
    blink: bool = True
    """Add blinks to the lids' own motion."""
    blinks: float = 1.0
    """0..3, how often the eyes blink, against what is usual for style and emotion."""
    smoothing_ms: float = 8.0
    """0..100, time constant of a one-pole filter; 8 delays the face by 2 ms, 30 by a frame (21 ms)."""
    style: str = "actor"
    """Whose manner eyes, head and mouth have: one of `STYLES` (readers are still, speakers lively, actors between)."""
    temperature: float = 1.0
    """0..2, how much chance there is in eyes and head: 0 = none, 1 = as people have."""
    seed: int = 0
    """0..2³²−1, which blinks, glances and head movements out of all the likely ones."""

    def __post_init__(self) -> None:
        if self.emotion != AUTO and self.emotion not in EMOTIONS:
            raise ValueError(f"emotion is {self.emotion!r}; choose {AUTO}, {', '.join(EMOTIONS)}")
        if self.style not in STYLES:
            raise ValueError(f"style is {self.style!r}; choose {', '.join(STYLES)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise ValueError(f"{name} is {value:g}; it must lie in {low:g}..{high:g}")


def _speech_share() -> Floats:
    """(68, 1) how far a point belongs to speech: 1 at lips and chin, fading up the jaw line and nose."""
    share = np.zeros((face.COUNT, 1), np.float32)
    share[list(face.MOUTH)] = 1.0
    for i in face.JAW:  # 5..11 whole, 4 and 12 three quarters … 1 and 15 nothing
        share[i] = np.clip((7 - abs(i - 8)) / 4, 0.0, 1.0)
    share[31:36] = 0.25  # nostrils ride a little on the upper lip
    return share


_SPEECH = _speech_share()
_LIPS = slice(face.MOUTH[0], face.MOUTH[-1] + 1)


class _Gains:
    """What a configuration comes to, worked out once: per-point gains and filter coefficients."""

    def __init__(self, config: DirectionConfig) -> None:
        gain = np.ones((face.COUNT, 1), np.float32)
        gain[list(face.BROWS)] = config.brows
        gain[list(face.EYES)] = config.lids
        self.still = gain * (1 - _SPEECH)  # the part that silence leaves alone
        gain[list(face.JAW)] = config.jaw
        gain[list(face.MOUTH)] = config.mouth
        gain[31:36] = config.mouth
        self.speech = gain * _SPEECH
        period_ms = 1000 / CUE_RATE_HZ
        tau = config.smoothing_ms
        self.face = np.float32(1 - math.exp(-period_ms / tau) if tau > 0 else 1)
        self.head = np.float32(1 - math.exp(-period_ms / (HEAD_SMOOTHING * tau)) if tau > 0 else 1)


class Direction:
    """Shapes cues as the director asks. Feed it the frames of one stream in order.

    Args:
        config: what to do; may be swapped at any time and from any thread with `configure` or `set_emotion`.
        neutral: (68, 3) cm, the resting face.
    """

    def __init__(self, config: DirectionConfig, neutral: Floats) -> None:
        self.neutral = np.asarray(neutral, np.float32)
        if self.neutral.shape != (face.COUNT, 3):
            raise ValueError(f"the neutral face must be (68, 3); got {self.neutral.shape}")
        self._config = config
        self._ease = SteeringEase(*self._asked)
        self._swap = threading.Lock()  # among those who change it; the loop takes no lock
        upper, lower = self.neutral[list(face.UPPER_LID)], self.neutral[list(face.LOWER_LID)]
        self._open_cm: list[float] = (upper - lower)[:, 1].tolist()
        self._weight = np.empty((face.COUNT, 1), np.float32)  # scratch
        self.reset()

    @property
    def config(self) -> DirectionConfig:
        """What is being asked for now."""
        return self._config

    def configure(self, config: DirectionConfig) -> None:
        """Takes over from the next frame; emotion eases over, the blinks' `seed` waits for the next reset."""
        with self._swap:
            self._config = config

    def set_emotion(self, emotion: str, *, mix: float | None = None, intensity: float | None = None) -> None:
        """Asks for another emotion ("auto" or one of `EMOTIONS`), eased in over `EASE_S`.

        Raises:
            ValueError: an unknown emotion or a value out of range; nothing changes then.
        """
        with self._swap:
            old = self._config
            self._config = replace(
                old,
                emotion=emotion,
                mix=old.mix if mix is None else mix,
                intensity=old.intensity if intensity is None else intensity,
            )

    def reset(self) -> None:
        """Back to the first frame of a stream, with the configuration of now."""
        config = self._config
        self._applied = config
        self._gains = _Gains(config)
        self._blinks = Blinks(1.0, config.seed)  # `__call__` says how often
        self._openness = 0.0
        self._moved: Floats | None = None  # smoothed displacement (68, 3); None before the first frame
        self._gaze: Floats | None = None  # smoothed (2, 2); None before the first frame, as is
        self._shift: Floats = np.zeros(3, np.float32)  # the head's translation
        self._rotation: Floats = np.array((0, 0, 0, 1), np.float32)  # and rotation
        self._ease.reset(*self._asked)
        self._steering = self._manner(self._ease.steering)

    # what is asked of the network

    @property
    def _asked(self) -> tuple[str, float, float]:
        config = self._config
        return config.emotion, config.mix, config.intensity

    @property
    def steering(self) -> Steering:
        """What was asked of the network last."""
        return self._steering

    @property
    def steady(self) -> bool:
        """Whether the steering stays as it is until the configuration changes."""
        return self._ease.steady(*self._asked)

    def steering_at(self, time_s: float) -> Steering:
        """What to ask of the network for the sound at `time_s`; a change eases in from here on."""
        self._steering = self._manner(self._ease(time_s, *self._asked))
        return self._steering

    def _manner(self, steering: Steering) -> Steering:
        """With the style, temperature and seed of now."""
        config = self._config
        return replace(steering, style=config.style, temperature=config.temperature, seed=config.seed)

    # what the network gave

    def __call__(self, cues: Cues, gate: float, speaking: bool | None = None) -> Cues:
        """The directed frame; `cues` is left as it is.

        Args:
            cues: the network's frame.
            gate: openness of the speech gate for it, 0 (the mouth rests) … 1 (it moves as it likes).
            speaking: whether somebody speaks, for the blinks; None: where the gate is open.
        """
        config = self._config
        if config is not self._applied:
            self._applied = config
            self._gains = _Gains(config)
        landmarks = self._shaped(cues.landmarks, self._opened(gate if config.gate else 1.0))
        usual = usual_rate(config.style, cues.emotion, min(1.0, config.intensity))
        self._blinks.rate_per_min = config.blinks * usual
        right, left = self._blinks(
            cues.time_s, gate if speaking is None else float(speaking)
        )  # runs on while switched off, so that none waits
        close_lids(landmarks, *((right, left) if config.blink else (0.0, 0.0)), self._open_cm)
        gaze, translation, rotation = self._turn(cues)
        return Cues(cues.n, cues.time_s, landmarks, gaze, rotation, translation, cues.emotion, cues.voice)

    def _opened(self, gate: float) -> float:
        """The gate, followed at once as it opens and over `RELEASE_S` as it closes, with a soft start and end."""
        self._openness = max(gate, self._openness - 1.0 / (CUE_RATE_HZ * RELEASE_S))
        x = min(self._openness, 1.0)
        return x * x * (3.0 - 2.0 * x)

    def _shaped(self, landmarks: Floats, openness: float) -> Floats:
        """Smoothing, gains and gate: a fresh (68, 3)."""
        gains = self._gains
        shaped: Floats = landmarks - self.neutral
        if self._moved is None:
            self._moved = shaped.copy()
        else:
            shaped -= self._moved
            shaped *= gains.face
            self._moved += shaped
        np.multiply(gains.speech, np.float32(openness * self._sensed()), out=self._weight)
        self._weight += gains.still
        np.multiply(self._moved, self._weight, out=shaped)
        shaped += self.neutral
        return shaped

    def _sensed(self) -> float:
        """The factor that sensitivity puts on the mouth: itself for small motion, 1 for a wide-open mouth."""
        sensitivity = self._applied.sensitivity
        if sensitivity == 1.0 or self._moved is None:
            return 1.0
        extent = min(float(np.abs(self._moved[_LIPS]).max()) / NATURAL_MOUTH_CM, 1.0)
        return sensitivity / math.sqrt(1.0 + (sensitivity * sensitivity - 1.0) * extent * extent)

    def _turn(self, cues: Cues) -> tuple[Floats, Floats, Floats]:
        """Gaze (2, 2), head translation (3,) and head rotation (4,), smoothed, scaled and limited."""
        config, gains = self._applied, self._gains
        if self._gaze is None:
            self._gaze, self._shift = cues.gaze.astype(np.float32), cues.head_translation.astype(np.float32)
            self._rotation = cues.head_rotation.astype(np.float32)
        else:
            self._gaze = self._gaze + gains.face * (cues.gaze - self._gaze)
            self._shift = self._shift + gains.head * (cues.head_translation - self._shift)
            turned = cues.head_rotation
            if float(turned @ self._rotation) < 0.0:  # q and −q are one rotation: take the nearer
                turned = -turned
            self._rotation = self._rotation + gains.head * (turned - self._rotation)
        # scaling reads the angle with atan2, so the rotation need not have unit length
        limit = np.float32(MAX_GAZE_RAD)
        gaze: Floats = np.minimum(np.maximum(self._gaze * np.float32(config.gaze), -limit), limit)
        shift = self._shift * np.float32(config.head)
        return gaze, shift, scaled_rotation(self._rotation, config.head, MAX_HEAD_RAD)
