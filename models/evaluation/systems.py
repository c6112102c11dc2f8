"""What is judged: exported networks as the bridge runs them, alone or with the whole pipeline around them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import numpy as np

from bridge.assembly import assemble
from bridge.config import BakeConfig
from bridge.direction import DirectionConfig
from bridge.features import log_mel
from bridge.frames import EMOTIONS, NEUTRAL, AudioBlock, Cues, Floats, Steering, frame_count
from bridge.predictor import Predictor


def left_to_the_voice() -> Steering:
    """No direction: the voice's own emotion at intensity 1."""
    request = np.zeros(len(EMOTIONS), np.float32)
    request[NEUTRAL] = 1.0
    return Steering(request, mix=0.0, intensity=1.0)


class Network:
    """A model file, fed a recording from a fresh state, its look-ahead filled with silence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.predictor = Predictor.load(path)
        self.steering = left_to_the_voice()

    def cues(self, samples: Floats) -> list[Cues]:
        """frame_count(N) cues."""
        frames = frame_count(samples.size)
        tail = (self.predictor.lookahead_hops + 3) * 160
        padded = np.pad(samples, (0, max(0, frames * 320 - samples.size) + tail))
        self.predictor.reset()
        return self.predictor(log_mel(padded), self.steering)[:frames]

    def landmarks(self, samples: Floats) -> Floats:
        """(T, 68, 3)."""
        return np.stack([c.landmarks for c in self.cues(samples)])

    def emotion(self, samples: Floats) -> Floats:
        """(T, 8)."""
        return np.stack([c.emotion for c in self.cues(samples)])


class Baked:
    """Any model file with the whole pipeline around it, as `facecue bake` runs it: gate, blinks, smoothing."""

    def __init__(self, path: Path, direction: DirectionConfig | None = None) -> None:
        direction = DirectionConfig() if direction is None else direction
        self.pipeline = assemble(BakeConfig(model=str(path), direction=direction)).pipeline

    def direct(self, direction: DirectionConfig) -> None:
        """Another direction for the recordings to come; the network stays loaded."""
        self.pipeline.direction.configure(direction)

    def cues(self, samples: Floats) -> list[Cues]:
        """frame_count(N) cues, directed, from a fresh state."""
        self.pipeline.reset()
        frames = self.pipeline.feed(AudioBlock(samples, 0.0, 0.0)) + self.pipeline.flush()
        return [f.cues for f in frames]

    def landmarks(self, samples: Floats) -> Floats:
        """(T, 68, 3)."""
        return np.stack([c.landmarks for c in self.cues(samples)])


def named_path(text: str) -> tuple[str, Path]:
    """`NAME=path.onnx` → (NAME, path); a bare path is named by its stem.

    Raises:
        ArgumentTypeError: if the name is empty or there is no such file.
    """
    name, sign, rest = text.partition("=")
    path = Path(rest if sign else text)
    name = name.strip() if sign else path.stem
    if not name:
        raise ArgumentTypeError(f"{text!r} has no name; write NAME=path.onnx")
    if not path.is_file():
        raise ArgumentTypeError(f"{path} is no file; write NAME=path.onnx")
    return name, path
