"""One stream from its sound to its frames: 16-bit bytes in, weights at any rate and the same bytes out.

Knows no network protocol. What is kept is what the network looks ahead, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bridge.frames import CUE_RATE_HZ, RATE_HZ, AudioBlock, Floats, RigFrame
from bridge.pipeline import Pipeline
from bridge.resample import Resampler
from bridge.serve.wishes import Wishes

SAMPLE_BYTES = 2
FIRST_PIECE_S, LONGEST_PIECE_S = 0.2, 1.0
"""Sound is worked through in pieces: a short one at first, so that the first frame comes soon, then longer ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One frame at the client's rate, and its share of the sound."""

    time_s: float
    """Audio time of the middle of the frame."""
    weights: Floats | None
    """(52,) of `ARKIT`; None where sound was left over and no frame."""
    emotion: Floats
    """(8,) what the face shows."""
    audio_time_s: float
    """Audio time of the first sample."""
    audio: bytes
    """The sound as it came."""


class Hearing:
    """Sound → answers. Frame k stands at (k + 0.5)/fps and brings the sound from k/fps on.

    Args:
        pipeline: reset, with the direction of this stream.
        wishes: rate, multipliers and offsets.
        fps: frames a second; other than 50 they are interpolated in time.
    """

    def __init__(self, pipeline: Pipeline, wishes: Wishes, fps: int = CUE_RATE_HZ) -> None:
        self._pipeline = pipeline
        self._wishes = wishes
        self._fps = fps
        self._resampler = Resampler(wishes.rate_hz, 1, live=False)
        self._heard = 0  # samples at 16 kHz
        self._odd = b""  # half a sample
        self._sound = bytearray()  # not given back yet
        self._returned = 0  # samples given back
        self._made = 0  # answers
        self._before: RigFrame | None = None
        self._piece_s = FIRST_PIECE_S
        self.seconds = 0.0
        """Sound heard so far."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The bytes of a message in runs that `feed` does in a moment."""
        at = 0
        while at < len(data):
            size = SAMPLE_BYTES * round(self._piece_s * self._wishes.rate_hz)
            yield data[at : at + size]
            at += size
            self._piece_s = min(2 * self._piece_s, LONGEST_PIECE_S)

    def feed(self, data: bytes) -> list[Answer]:
        """Takes bytes of any number and gives the answers that they completed."""
        self._sound += data
        data = self._odd + data
        whole = len(data) // SAMPLE_BYTES * SAMPLE_BYTES
        self._odd = data[whole:]
        self.seconds += whole / SAMPLE_BYTES / self._wishes.rate_hz
        samples = np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(1 << 15)
        return self._answers(self._listen(self._resampler(samples)))

    def end(self) -> list[Answer]:
        """The answers still owed; the last one brings all the sound that is left."""
        frames = self._listen(self._resampler.flush()) + self._pipeline.flush()
        answers = self._answers(frames)
        last = self._before
        if last is not None:  # past the middle of the last frame the face holds still
            total = (2 * self._heard * self._fps + RATE_HZ) // (2 * RATE_HZ)
            answers += [self._answer(last, last, 0.0) for _ in range(self._made, total)]
        if self._sound:
            rest = bytes(self._sound)
            self._sound.clear()
            if answers:
                a = answers[-1]
                answers[-1] = Answer(a.time_s, a.weights, a.emotion, a.audio_time_s, a.audio + rest)
            else:
                start_s = self._returned / self._wishes.rate_hz
                answers.append(Answer(start_s, None, np.zeros(0, np.float32), start_s, rest))
        return answers

    def _listen(self, samples: Floats) -> list[RigFrame]:
        block = AudioBlock(samples, self._heard / RATE_HZ, 0.0)
        self._heard += samples.size
        return self._pipeline.feed(block)

    def _answers(self, frames: list[RigFrame]) -> list[Answer]:
        answers = []
        for frame in frames:
            before = frame if self._before is None else self._before
            while self._next_s <= frame.cues.time_s:
                span = frame.cues.time_s - before.cues.time_s
                # before the first frame there is nothing to come from
                x = (self._next_s - before.cues.time_s) / span if span > 0 else 1.0
                answers.append(self._answer(before, frame, x))
            self._before = frame
        return answers

    @property
    def _next_s(self) -> float:
        return (self._made + 0.5) / self._fps

    def _answer(self, before: RigFrame, after: RigFrame, x: float) -> Answer:
        """The next answer, `x` of the way from one frame to the other."""
        weights, emotion = after.weights, after.cues.emotion
        if x < 1.0:
            weights = before.weights + (weights - before.weights) * np.float32(x)
            emotion = before.cues.emotion + (emotion - before.cues.emotion) * np.float32(x)
        time_s, rate = self._next_s, self._wishes.rate_hz
        self._made += 1
        size = SAMPLE_BYTES * (self._made * rate // self._fps - self._returned)
        audio_time_s = self._returned / rate
        audio = bytes(self._sound[:size])
        del self._sound[:size]
        self._returned += len(audio) // SAMPLE_BYTES
        return Answer(time_s, self._wishes.shaped(weights), emotion, audio_time_s, audio)
