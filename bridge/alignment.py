"""Lines the speech gate up with the frames, which leave the network a look-ahead after their sound."""

from __future__ import annotations

from typing import Protocol

from bridge.frames import Floats

ANTICIPATION_FRAMES = 3
"""The gate opens this long before speech, if the look-ahead allows: lips move before the sound."""
KEPT = 64
"""Values of the past that are kept before they are cut off together."""


class Gate(Protocol):
    """The speech gate: an openness 0..1 for each cue frame of audio that was completed."""

    delay_frames: int
    """How many frames its values lag behind the sound."""

    def __call__(self, samples: Floats) -> Floats:
        """(N,) samples → (K,) openness of the frames that they completed."""
        ...

    def reset(self) -> None:
        """Forgets the stream."""


class AlignedGate:
    """The gate's answer for a frame: the widest from it to as far ahead as is known, so that no onset is cut.

    When frame n leaves the network, 2n + 1 + look-ahead hops of sound are in, and the gate has spoken about
    the frames that those complete. No more than that is used, however much is known: chunked equals whole.

    Args:
        gate: None = always open.
        lookahead_hops: of the network.
    """

    def __init__(self, gate: Gate | None, lookahead_hops: int) -> None:
        self._gate = gate
        self._ahead = (lookahead_hops + 1) // 2 - 1
        if gate is not None:
            self._ahead = min(self._ahead, gate.delay_frames + ANTICIPATION_FRAMES)
        self.restart(0)

    def restart(self, first: int) -> None:
        """Forgets all sound; the next sample is the first of frame `first`."""
        if self._gate is not None:
            self._gate.reset()
        self._values: list[float] = []
        self._first = first  # frame of the first value

    def hear(self, samples: Floats) -> None:
        """Feeds (N,) samples."""
        if self._gate is not None:
            self._values += self._gate(samples).tolist()

    def openness(self, n: int) -> float:
        """The openness 0..1 for frame `n`; ask for the frames in order, when the network gives them."""
        if self._gate is None:
            return 1.0
        last = n + self._ahead
        low = max(min(n, last) - self._first, 0)
        openness = max(
            self._values[low : last + 1 - self._first], default=1.0
        )  # open until the gate has spoken
        if low >= KEPT:
            del self._values[:low]
            self._first += low
        return openness
