"""Bundled speech: seven sentences of the GRID corpus, joined in order, about 20 s. Needs no sound card.

The clips and their credit lie in `demo/`. The same blocks come out every time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.resample import Resampler
from bridge.sources import SourceError, SourceStatus
from bridge.sources.pace import play

DEMO_CLIPS = (
    ("bbbm2p", "bin blue by m two please"),
    ("lwie6p", "lay white in e six please"),
    ("pbap1a", "place blue at p one again"),
    ("srwo6n", "set red with o six now"),
    ("pgwl3a", "place green with l three again"),
    ("swbo9s", "set white by o nine soon"),
    ("bwbh1a", "bin white by h one again"),
)
"""(file name, what is said) in the order played."""
_FADE_SAMPLES = RATE_HZ // 100  # the clips begin with 0 but end amid the room's rumble: no click at a join
_FOLDER = Path(__file__).with_name("demo")


class DemoSource:
    """`demo://`. May be iterated more than once; each time it starts anew."""

    def __init__(self, *, loop: bool = False, realtime: bool = True) -> None:
        """Sets up the sentences; `loop` repeats them until `close()`."""
        self.uri = "demo://?loop=1" if loop else "demo://"
        self.realtime = realtime
        self._loop = loop
        self._closed = threading.Event()
        self._state = "open"
        self._saying = 0

    def __iter__(self) -> Iterator[AudioBlock]:
        """Blocks of 10 ms in real time, or a clip at a time flat out."""
        self._state = "open"
        yield from play(self._parts(), self._closed, realtime=self.realtime)
        self._state = "ended"

    def close(self) -> None:
        """Ends the iteration."""
        self._closed.set()

    def status(self) -> SourceStatus:
        """Which sentence is said now."""
        state = "ended" if self._closed.is_set() else self._state
        number = f"{self._saying + 1}/{len(DEMO_CLIPS)}"
        return SourceStatus(state, f'bundled speech {number}: "{DEMO_CLIPS[self._saying][1]}"', 0, 0)

    def _parts(self) -> Iterator[Floats]:
        while True:
            for self._saying, (name, _) in enumerate(DEMO_CLIPS):
                yield load_clip(name)
            if not self._loop:
                return


def load_clip(name: str) -> Floats:
    """One sentence of `DEMO_CLIPS` by its file name, (N,) at 16 kHz.

    Raises:
        SourceError: if the installation lost the file.
    """
    path = _FOLDER / f"{name}.flac"
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise SourceError(
            f"the bundled clip {path} cannot be read ({error}); install facecue again"
        ) from error
    if rate != RATE_HZ:
        raise SourceError(
            f"the bundled clip {path} is at {rate} Hz instead of {RATE_HZ}; install facecue again"
        )
    clip = Resampler(RATE_HZ, samples.shape[1], live=False)(samples)
    clip[-_FADE_SAMPLES:] *= np.linspace(1, 0, _FADE_SAMPLES, dtype=np.float32)
    return clip
