"""The stages as the loop sees them: what it calls, whoever made them."""

from __future__ import annotations

from typing import Protocol

from bridge.frames import Cues, Floats, RigFrame, Steering


class CuePredictor(Protocol):
    """The network, as the loop sees it."""

    lookahead_hops: int

    def __call__(self, mel: Floats, steering: Steering) -> list[Cues]:
        """Features (K, 80) → the cues that they completed."""
        ...

    def reset(self) -> None:
        """Forgets the stream."""


class Gate(Protocol):
    """The speech gate."""

    speaking: bool
    """Whether somebody speaks in the last frame, short pauses included."""

    def __call__(self, voice: float, level_dbfs: float) -> float:
        """Probability that somebody speaks in the next frame, and its loudness → openness 0..1 of the mouth."""
        ...

    def reset(self) -> None:
        """Forgets the stream."""


class WeightMaker(Protocol):
    """The retargeting stage."""

    def __call__(self, cues: Cues) -> Floats:
        """Cues → (52,) weights."""
        ...

    def reset(self) -> None:
        """Forgets the stream."""


class FrameMixer(Protocol):
    """Puts what others say of the face into frames that are done."""

    def __call__(self, frame: RigFrame) -> RigFrame:
        """A frame of the voice → the frame that is sent."""
        ...

    def release(self) -> None:
        """Gives the face back to the voice, within the time that it takes to rest."""
