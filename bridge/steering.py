"""What is asked of the network, eased from one emotion to the next in audio time."""

from __future__ import annotations

import math

import numpy as np

from bridge.frames import EMOTIONS, Floats, Steering

AUTO = "auto"
"""The voice decides the emotion."""
EASE_S = 0.4
"""A change of emotion takes this long."""


def _one_hot(emotion: str) -> Floats:
    vector = np.zeros(len(EMOTIONS), np.float32)
    vector[EMOTIONS.index(emotion)] = 1.0
    return vector


class SteeringEase:
    """Turns what is asked for into a `Steering` for each moment. Feed it moments in order."""

    def __init__(self, emotion: str, mix: float, intensity: float) -> None:
        self.reset(emotion, mix, intensity)

    def reset(self, emotion: str, mix: float, intensity: float) -> None:
        """Starts a stream with this asked for, fully eased in."""
        self._asked = (emotion, mix, intensity)
        self._to = self._from = self.steering = self._target(_one_hot("neutral"))
        self._since_s = -math.inf

    def _target(self, current: Floats) -> Steering:
        """Where the easing ends; "auto" keeps the `current` emotion (8,) while its share fades to nothing."""
        emotion, mix, intensity = self._asked
        if emotion == AUTO:
            return Steering(current, 0.0, intensity)
        return Steering(_one_hot(emotion), mix, intensity)

    def steady(self, emotion: str, mix: float, intensity: float) -> bool:
        """Whether asking for this now and later gives what was given last."""
        return self.steering is self._to and self._asked == (emotion, mix, intensity)

    def __call__(self, time_s: float, emotion: str, mix: float, intensity: float) -> Steering:
        """The steering for the sound at `time_s`; a change eases in from the call that first asks for it."""
        if self._asked != (emotion, mix, intensity):
            self._asked = (emotion, mix, intensity)
            start = self.steering
            self._to = self._target(start.emotion)
            # coming from "auto" there is nothing to leave: only the share grows
            self._from = start if start.mix > 0 else Steering(self._to.emotion, 0.0, start.intensity)
            self._since_s = time_s
        x = min(max((time_s - self._since_s) / EASE_S, 0.0), 1.0)
        if x >= 1.0:
            self.steering = self._to
            return self.steering
        x = x * x * (3.0 - 2.0 * x)
        a, b = self._from, self._to
        self.steering = Steering(
            a.emotion + (b.emotion - a.emotion) * np.float32(x),
            a.mix + (b.mix - a.mix) * x,
            a.intensity + (b.intensity - a.intensity) * x,
        )
        return self.steering
