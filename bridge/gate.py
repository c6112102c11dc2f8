"""Speech gate: how open the mouth may be, 0..1, frame by frame. Breath, hum and room noise leave it shut.

The network says how likely it is that somebody speaks (`Cues.voice`), with its look-ahead. A switch with hysteresis
makes speech of that: on above 0.5, off below 0.3 and a hang-over later. The mouth is held shut only by sound that is
*no* speech: 0.6 s of it, after a word or at the start of a stream. While it is quiet, which is 20 dB below the voice,
that time stands still: a mouth that gets ready for its next word is not cut off. 0.8 s of quiet bring it to rest as
well, until there is sound again. How the mouth closes is `direction`'s.
"""

from __future__ import annotations

from bridge.frames import CUE_RATE_HZ

ON, OFF = 0.5, 0.3
HANG_OVER_S = 0.6  # lips go on moving after a word and between words
EARNED = 3
"""Frames of hang-over that each frame of speech earns: a click that was taken for a voice soon ends."""
ATTACK_S = 0.04
QUIET_DB = 20.0
"""So far below the voice, sound is nothing to move for."""
QUIET_S = 0.8
"""Quiet as long as this brings the mouth to rest."""
USUAL_DBFS = -36.0
"""What a voice is expected to have before one was heard."""
FADE_DB = 0.1
"""The voice's loudness comes down by this a frame of speech, and goes up at once."""
_HANG_OVER_FRAMES = round(HANG_OVER_S * CUE_RATE_HZ)
_QUIET_FRAMES = round(QUIET_S * CUE_RATE_HZ)
_RISE = 1 / (ATTACK_S * CUE_RATE_HZ)


class SpeechGate:
    """Streaming, one value a frame. State: who speaks, patience left, the voice's loudness, the openness."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets the stream; open until sound that is no speech shuts it."""
        self.speaking = False
        """Whether somebody speaks, pauses up to the hang-over included."""
        self._on = False
        self._since_speech = _HANG_OVER_FRAMES
        self._run = 0
        self._patience = _HANG_OVER_FRAMES
        self._quiet = 0
        self._voice_dbfs: float | None = None
        self._openness = 1.0

    def __call__(self, voice: float, level_dbfs: float) -> float:
        """Probability that somebody speaks in the next frame, and its loudness → openness 0..1 of the mouth in it."""
        self._on = voice >= (OFF if self._on else ON)
        if self._on:
            self._run += 1
            self._quiet = 0
            self._since_speech = 0
            self._patience = max(self._patience, min(_HANG_OVER_FRAMES, EARNED * self._run))
            if voice > 0.5:
                known = level_dbfs if self._voice_dbfs is None else self._voice_dbfs - FADE_DB
                self._voice_dbfs = max(level_dbfs, known)
        else:
            self._run = 0
            self._since_speech = min(self._since_speech + 1, _HANG_OVER_FRAMES)
            loud = USUAL_DBFS if self._voice_dbfs is None else self._voice_dbfs
            if level_dbfs > loud - QUIET_DB:
                self._patience = max(0, self._patience - 1)
                self._quiet = 0
            else:
                self._quiet = min(self._quiet + 1, _QUIET_FRAMES)
        self.speaking = self._since_speech < _HANG_OVER_FRAMES
        open_ = self._on or (self._patience > 0 and self._quiet < _QUIET_FRAMES)
        self._openness = min(1.0, self._openness + _RISE) if open_ else 0.0
        return self._openness
