"""Speech gate: how open the mouth may be, 0..1, frame by frame. Breath, hum and room noise leave it shut.

The network says how likely it is that somebody speaks (`Cues.voice`); it has heard the look-ahead already and
learned to say so 80 ms before the voice, as lips do. Here that becomes a switch with hysteresis: on above 0.3,
opening over 40 ms; off below 0.2 once the hang-over is through. How the mouth closes then is `direction`'s.

A recording that begins in the middle of a word finds it open: the first frame is judged with its look-ahead, like
every other.
"""

from __future__ import annotations

from bridge.frames import CUE_RATE_HZ

ON, OFF = 0.3, 0.2
"""Below one half: a word that is cut off is seen at once, and noises stay far below (`tests/bridge`)."""
HANG_OVER_S = 0.6  # lips go on moving after a word and between words
ATTACK_S = 0.04
_HANG_OVER_FRAMES = round(HANG_OVER_S * CUE_RATE_HZ)
_RISE = 1 / (ATTACK_S * CUE_RATE_HZ)


class SpeechGate:
    """Streaming, one value a frame. State: whether it is on, the hang-over left, the openness."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets the stream; open until the first frame says otherwise."""
        self._speaking = False
        self._hang_over = 0
        self._openness = 1.0

    def __call__(self, voice: float) -> float:
        """Probability that somebody speaks in the next frame → openness 0..1 of the mouth in it."""
        self._speaking = voice >= (OFF if self._speaking else ON)
        open_ = self._speaking or self._hang_over > 0
        self._hang_over = _HANG_OVER_FRAMES if self._speaking else max(0, self._hang_over - 1)
        self._openness = min(1.0, self._openness + _RISE) if open_ else 0.0
        return self._openness
