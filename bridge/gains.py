"""Gains of the parts of a face: what a configuration comes to for each landmark, eased from one to the next."""

from __future__ import annotations

import math

import numpy as np

from bridge import landmarks as face
from bridge.controls import DirectionConfig
from bridge.frames import CUE_RATE_HZ, Floats

EASE_FRAMES = 8  # 0.16 s
"""Gains that were changed take so many frames to get there: a preset that is loaded makes no jump."""
HEAD_SMOOTHING = 3.0
"""The head is smoothed this many times longer than the face."""


def _speech_share() -> Floats:
    """(68, 1) how far a point belongs to speech: 1 at lips and chin, fading up the jaw line and nose."""
    share = np.zeros((face.COUNT, 1), np.float32)
    share[list(face.MOUTH)] = 1.0
    for i in face.JAW:  # 5..11 whole, 4 and 12 three quarters … 1 and 15 nothing
        share[i] = np.clip((7 - abs(i - 8)) / 4, 0.0, 1.0)
    share[31:36] = 0.25  # nostrils ride a little on the upper lip
    return share


SPEECH = _speech_share()
"""(68, 1) how far a point belongs to speech, 0..1."""


class Gains:
    """Gains of now, and the way to those of a new configuration. Advance it once a frame."""

    def __init__(self, config: DirectionConfig) -> None:
        self.still, self.speech, self._turns = _wanted(config)
        self._to = (self.still, self.speech, self._turns)
        self._left = 0
        self._filters(config)

    def _filters(self, config: DirectionConfig) -> None:
        period_ms = 1000 / CUE_RATE_HZ
        tau = config.smoothing_ms
        self.face = np.float32(1 - math.exp(-period_ms / tau) if tau > 0 else 1)
        """Share of the way to a new frame that the face goes."""
        self.head = np.float32(1 - math.exp(-period_ms / (HEAD_SMOOTHING * tau)) if tau > 0 else 1)
        """The same of the head."""

    @property
    def lids(self) -> float:
        """Gain of the eyelids."""
        return float(self.still[face.UPPER_LID[0], 0])

    @property
    def gaze(self) -> float:
        """Gain of the eyes' turning."""
        return self._turns[0]

    @property
    def turn(self) -> float:
        """Amplitude of the head."""
        return self._turns[1]

    def aim_for(self, config: DirectionConfig) -> None:
        """The gains to go to from here on."""
        self._to = _wanted(config)
        self._left = EASE_FRAMES
        self._filters(config)

    def advance(self) -> None:
        """One frame on the way."""
        if not self._left:
            return
        step = np.float32(1 / self._left)
        self._left -= 1
        if not self._left:
            self.still, self.speech, self._turns = self._to
            return
        still, speech, turns = self._to
        self.still = self.still + (still - self.still) * step
        self.speech = self.speech + (speech - self.speech) * step
        self._turns = tuple(a + (b - a) * float(step) for a, b in zip(self._turns, turns, strict=True))


def _wanted(config: DirectionConfig) -> tuple[Floats, Floats, tuple[float, ...]]:
    """(68, 1) gains of what silence leaves alone, (68, 1) of what belongs to speech, and those of gaze and head."""
    gain = np.ones((face.COUNT, 1), np.float32)
    gain[list(face.BROWS)] = config.brows
    gain[list(face.EYES)] = config.lids
    still = gain * (1 - SPEECH)
    gain[list(face.JAW)] = config.jaw
    gain[list(face.MOUTH)] = config.mouth
    gain[31:36] = config.mouth
    return still, gain * SPEECH, (config.gaze, config.head)
