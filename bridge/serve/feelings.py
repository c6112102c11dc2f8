"""Ten emotions of Audio2Face as eight of ours, and a director who follows their time codes.

An emotion of theirs becomes a mixture of ours (`MAPPING`); strengths that sum to less than 1 leave the rest
to neutral, those that sum to more are shared out.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Mapping

import numpy as np

from bridge.direction import Direction, DirectionConfig
from bridge.frames import CUE_RATE_HZ, EMOTIONS, NEUTRAL, RATE_HZ, Floats, Steering
from bridge.pipeline import PIECE_SAMPLES
from bridge.serve import WishError
from bridge.smoothstep import smoothstep
from bridge.steering import EASE_S, blended, departure

MAPPING: dict[str, dict[str, float]] = {
    "amazement": {"surprised": 1.0},
    "anger": {"angry": 1.0},
    "cheekiness": {"happy": 0.5, "contempt": 0.5},  # a smile on one side
    "disgust": {"disgusted": 1.0},
    "fear": {"fear": 1.0},
    "grief": {"sad": 1.0},
    "joy": {"happy": 1.0},
    "outofbreath": {"neutral": 1.0},  # nothing of ours pants
    "pain": {"disgusted": 0.5, "sad": 0.5},  # raised nose, drawn brows
    "sadness": {"sad": 1.0},
}
"""What each of their emotions is here; no more than the nearest there is."""
NAMED_BACK = {
    "angry": "anger", "disgusted": "disgust", "fear": "fear", "happy": "joy", "sad": "sadness",
    "surprised": "amazement",
}  # fmt: skip
"""Which of theirs is reported for ours; neutral and contempt have no name there."""
FAR_S = 2 * PIECE_SAMPLES / RATE_HZ + 2 / CUE_RATE_HZ
"""A time code so far after the start of a piece of sound falls neither into it nor into the next one."""
MIN_TRANSITION_S, MAX_TRANSITION_S = 1 / CUE_RATE_HZ, 10.0


def mixture(strengths: Mapping[str, float]) -> Floats:
    """Strengths 0..1 of their emotions → (8,) probabilities of ours.

    Raises:
        WishError: an emotion that is not known, or a strength outside 0..1.
    """
    ours: Floats = np.zeros(len(EMOTIONS), np.float32)
    total = 0.0
    for name, strength in strengths.items():
        if name not in MAPPING:
            raise WishError(f"unknown emotion {name[:40]!r}; known: {', '.join(MAPPING)}")
        if not 0.0 <= strength <= 1.0:
            raise WishError(f"emotion {name} is {strength:g}; it must lie in 0..1")
        total += strength
        for emotion, share in MAPPING[name].items():
            ours[EMOTIONS.index(emotion)] += np.float32(strength * share)
    if total > 1.0:
        ours /= np.float32(total)
        return ours
    ours[NEUTRAL] += np.float32(1.0 - total)
    return ours


def named_back(emotion: Floats) -> dict[str, float]:
    """Our probabilities (8,) under their names."""
    return {NAMED_BACK[name]: float(emotion[i]) for i, name in enumerate(EMOTIONS) if name in NAMED_BACK}


class Feelings(Direction):
    """A direction whose emotion follows time codes: from each on, its mixture, eased in.

    Until the first one holds what the configuration says ("auto": the voice decides). A time code that has
    passed holds from now on. Feed it the frames of one stream in order.

    Args:
        config: all else the director asks for.
        neutral: (68, 3) cm, the resting face.
        mix: share of the time codes' emotions against the voice's own, 0..1.
        transition_s: how long a change takes.
        beginning: (8,) what the face feels at time 0, if that is not what follows.
        delay_s: look-ahead of the network: what is asked with the sound at t shows in the frame before it.
    """

    def __init__(
        self,
        config: DirectionConfig,
        neutral: Floats,
        *,
        mix: float = 1.0,
        transition_s: float = EASE_S,
        beginning: Floats | None = None,
        delay_s: float = 0.0,
    ) -> None:
        self._mix = mix
        self._transition_s = min(max(transition_s, MIN_TRANSITION_S), MAX_TRANSITION_S)
        self._beginning = beginning
        self._delay_s = delay_s
        super().__init__(config, neutral)

    def reset(self) -> None:
        """Back to the first frame; time codes are forgotten."""
        super().reset()
        self._codes: list[tuple[float, int, Steering]] = []
        self._count = 0
        self._to = self._from = self._now = self._at_first()
        self._since_s = -math.inf
        self._time_s = -PIECE_SAMPLES / RATE_HZ  # of the last piece, were there one
        if self._beginning is not None:
            self._from = self._now = Steering(self._beginning, 1.0, self.config.intensity)
            self._since_s = 0.0

    def _at_first(self) -> Steering:
        config = self.config
        if config.shares is not None:
            return Steering(np.array(config.shares, np.float32), config.mix, config.intensity)
        emotion: Floats = np.zeros(len(EMOTIONS), np.float32)
        emotion[NEUTRAL] = 1.0
        return Steering(emotion if self._beginning is None else self._beginning, 0.0, config.intensity)

    def feel(self, time_s: float, emotion: Floats) -> None:
        """From audio time `time_s` on: `emotion` (8,), as `mixture` gives it."""
        self._count += 1  # of two at one time the later word holds
        insort(self._codes, (time_s, self._count, Steering(emotion, self._mix, self.config.intensity)))

    @property
    def steady(self) -> bool:
        """Whether the last change is over, and the next piece of sound brings none."""
        near = self._codes and self._codes[0][0] <= self._time_s + FAR_S
        return not near and self._now is self._to

    def steering_at(self, time_s: float) -> Steering:
        """What to ask of the network with the sound at `time_s`."""
        time_s -= self._delay_s
        self._time_s = time_s
        while self._codes and self._codes[0][0] <= time_s:
            code_s, _, self._to = self._codes.pop(0)
            self._from = departure(self._now, self._to)
            self._since_s = max(code_s, time_s - 1 / CUE_RATE_HZ)  # late words ease in as well
        x = min(max((time_s - self._since_s) / self._transition_s, 0.0), 1.0)
        self._now = self._to if x >= 1.0 else blended(self._from, self._to, smoothstep(x))
        self._steering = self._manner(self._now)
        return self._steering
