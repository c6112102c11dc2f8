"""Audio time of a microphone that may be interrupted: which second of the stream each sample belongs to.

Audio time counts samples, divided by the rate the device claims, so there is no drift within a stream. A card
whose crystal is off by 50 ppm parts from the wall clock by 0.18 s an hour; nothing here needs to know, for
frames are lined up with their own sound. Audio time jumps ahead only where sound was lost: blocks dropped on
the way, an overrun in the card, a device that went away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.sources import BLOCK_S
from bridge.sources.pace import BLOCK_SAMPLES

JUMP_S = 0.030  # audio time follows the wall clock over a gap of more than this; less is jitter


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What one callback leaves behind."""

    stream: int  # which opening of the device it belongs to
    first: int  # number of its first frame within that opening
    frames: Floats  # (N, channels)
    heard_at: float  # of the last frame
    overrun: bool


class Clock:
    """Audio time of a stream that may be interrupted; knows when each moment was heard."""

    def __init__(self) -> None:
        self.stream = 0
        self._time_s = 0.0  # audio time of the next sample
        self._heard_at: float | None = None  # when the sample before it was heard
        self._origin_s, self._made = 0.0, 0  # since the last jump: audio time = origin + made / 16 kHz
        self._next_frame, self._from_frame, self._rate_hz = 0, 0, RATE_HZ
        self._least_late_s = np.inf

    def start(self, now: float) -> None:
        """Audio time runs from now if it does not yet."""
        if self._heard_at is None:
            self._heard_at = now

    def open(self, heard: Heard, rate_hz: int) -> None:
        """A device begins, or begins again: audio time goes on where the wall clock is."""
        self.stream, self._rate_hz = heard.stream, rate_hz
        gap_s = 0.0
        if self._heard_at is not None:
            gap_s = heard.heard_at - len(heard.frames) / rate_hz - self._heard_at
        self._begin(heard, self._time_s + (gap_s if gap_s > JUMP_S else 0.0))

    def jump(self, heard: Heard) -> bool:
        """Whether sound was lost before `heard`; audio time then lies behind it.

        Blocks that were dropped here are counted exactly. What an overrun lost in the card is told by the
        wall clock: by how much this block is later than the least late one.
        """
        late_s = heard.heard_at - (heard.first + len(heard.frames)) / self._rate_hz
        lost_s = (heard.first - self._next_frame) / self._rate_hz
        if heard.overrun and late_s - self._least_late_s > JUMP_S:
            lost_s += late_s - self._least_late_s
        # The line may rise 1 in 1000: a card that is slower than the clock is not late.
        self._least_late_s = min(self._least_late_s + 0.001 * len(heard.frames) / self._rate_hz, late_s)
        if lost_s <= 0.0:
            return False
        consumed_s = (self._next_frame - self._from_frame) / self._rate_hz
        self._begin(heard, self._origin_s + consumed_s + lost_s)
        return True

    def block(self, samples: Floats, heard: Heard) -> AudioBlock:
        """The converted samples of `heard`, with their times."""
        self._next_frame = heard.first + len(heard.frames)
        begun_s = self._time_s
        self._made += samples.size
        self._time_s = self._origin_s + self._made / RATE_HZ
        # The resampler holds a little back: its last sample was heard that much before the card's last.
        held_back_s = self._origin_s + (self._next_frame - self._from_frame) / self._rate_hz - self._time_s
        self._heard_at = heard.heard_at - held_back_s
        return AudioBlock(samples, begun_s, self._heard_at)

    def silence(self, now: float) -> AudioBlock | None:
        """The next 10 ms of silence, if they are over by `now`."""
        if self._heard_at is None or self._heard_at + BLOCK_S > now:
            return None
        begun_s = self._time_s
        self._time_s += BLOCK_S
        self._heard_at += BLOCK_S
        return AudioBlock(np.zeros(BLOCK_SAMPLES, np.float32), begun_s, self._heard_at)

    def _begin(self, heard: Heard, origin_s: float) -> None:
        self._origin_s = self._time_s = origin_s
        self._made, self._from_frame, self._next_frame = 0, heard.first, heard.first
        self._least_late_s = heard.heard_at - (heard.first + len(heard.frames)) / self._rate_hz
