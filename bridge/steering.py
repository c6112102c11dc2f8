"""What is asked of the network, eased from one emotion to the next in audio time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from bridge.frames import EMOTIONS, NEUTRAL, Floats, Steering
from bridge.smoothstep import smoothstep

Asked: TypeAlias = tuple[tuple[float, ...] | None, float, float]
"""Shares of `EMOTIONS` that sum to 1, or None where the voice decides; their mix with the voice's; intensity."""

EASE_S = 0.4
"""A change of emotion takes this long."""
_REST = tuple(float(i == NEUTRAL) for i in range(len(EMOTIONS)))


def departure(start: Steering, to: Steering) -> Steering:
    """What a change blends from; coming from the voice's own there is nothing to leave: only the share grows."""
    return start if start.mix > 0 else Steering(to.emotion, 0.0, start.intensity)


def blended(a: Steering, b: Steering, share: float) -> Steering:
    """Emotion, mix and intensity on the way from `a` (share 0) to `b` (share 1)."""
    return Steering(
        a.emotion + (b.emotion - a.emotion) * np.float32(share),
        a.mix + (b.mix - a.mix) * share,
        a.intensity + (b.intensity - a.intensity) * share,
    )


class SteeringEase:
    """Turns what is asked for into a `Steering` for each moment. Feed it moments in order."""

    def __init__(self, shares: tuple[float, ...] | None, mix: float, intensity: float) -> None:
        self.reset(shares, mix, intensity)

    def reset(self, shares: tuple[float, ...] | None, mix: float, intensity: float) -> None:
        """Starts a stream with this asked for, fully eased in."""
        self._asked: Asked = (shares, mix, intensity)
        self._to = self._from = self.steering = self._target(np.array(_REST, np.float32))
        self._since_s = -math.inf
        self._then_s = -math.inf  # the moment before
        self._soft = True  # a change that comes alone starts softly

    def _target(self, current: Floats) -> Steering:
        """Where the easing ends; the voice keeps the `current` emotion (8,) while its share fades to nothing."""
        shares, mix, intensity = self._asked
        if shares is None:
            return Steering(current, 0.0, intensity)
        return Steering(np.array(shares, np.float32), mix, intensity)

    def steady(self, shares: tuple[float, ...] | None, mix: float, intensity: float) -> bool:
        """Whether asking for this now and later gives what was given last."""
        return self.steering is self._to and self._asked == (shares, mix, intensity)

    def __call__(
        self, time_s: float, shares: tuple[float, ...] | None, mix: float, intensity: float
    ) -> Steering:
        """The steering for the sound at `time_s`; a change eases in from the call that first asks for it."""
        if self._asked != (shares, mix, intensity):
            self._asked = (shares, mix, intensity)
            start = self.steering
            self._to = self._target(start.emotion)
            self._from = departure(start, self._to)
            # a fader that is still moving changes what is asked every few frames: soft starts would hold it up
            self._soft = time_s - self._since_s >= EASE_S
            self._since_s = time_s if self._soft else self._then_s
        self._then_s = time_s
        x = min(max((time_s - self._since_s) / EASE_S, 0.0), 1.0)
        if x >= 1.0:
            self.steering = self._to
            return self.steering
        self.steering = blended(self._from, self._to, smoothstep(x) if self._soft else x)
        return self.steering
