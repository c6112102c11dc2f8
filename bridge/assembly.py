"""All stages put together: where live, bake, demo, doctor and benchmarks get a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.config import Config, LiveConfig, ServeConfig
from bridge.direction import Direction
from bridge.features import HOP_SAMPLES
from bridge.frames import RATE_HZ, AudioBlock
from bridge.landmarks import neutral_face
from bridge.latency import LatencyMeter, LatencySummary
from bridge.pipeline import Pipeline
from bridge.stages import CuePredictor

BLOCK_MS = 1000 * HOP_SAMPLES // RATE_HZ
"""Sound is gathered for so long before the pipeline sees it."""


@dataclass(frozen=True)
class Assembly:
    """A pipeline, and what is to be said of its network."""

    pipeline: Pipeline
    network: str
    """Name of the network."""
    lookahead_ms: int
    """How far past a frame's own time it must hear."""

    def added_latency_ms(self, compute_ms: float) -> float:
        """Milliseconds from sound to frame: buffering, look-ahead, computing; not the sound card's own."""
        return BLOCK_MS + self.lookahead_ms + compute_ms

    def warm_up(self, hops: int = 50) -> LatencySummary:
        """Runs faint noise through all stages, starts the stream anew and says what it cost.

        The first calls of a network are slower than all later ones: they should not meet a voice.
        """
        noise = np.random.default_rng(0).normal(0.0, 1e-3, hops * HOP_SAMPLES).astype(np.float32)
        for n in range(hops):
            samples = noise[n * HOP_SAMPLES : (n + 1) * HOP_SAMPLES]
            self.pipeline.feed(AudioBlock(samples, n * HOP_SAMPLES / RATE_HZ, 0.0))
        summary = self.pipeline.meter.summary()
        self.pipeline.reset()
        self.pipeline.meter.reset()
        return summary


def assemble(
    config: Config | None = None,
    *,
    predictor: CuePredictor | None = None,
    realtime: bool = False,
) -> Assembly:
    """Puts a pipeline together.

    Args:
        config: which network, and what the director asks for; that of `facecue live` by default.
        predictor: a network that is loaded already, to use instead of a file.
        realtime: whether latencies are to be measured.

    Raises:
        WeightsError: if no shipped network fits the look-ahead.
        ContractError: if the network's file cannot be used.
    """
    from bridge.gate import SpeechGate
    from bridge.predictor import Predictor
    from bridge.retarget import Retarget
    from bridge.weights import choose

    config = LiveConfig() if config is None else config
    name = "given"
    if predictor is None:
        path = Path(config.model) if config.model is not None else choose(config.lookahead)
        predictor = Predictor.load(path)
        name = predictor.contract.name
    direction = Direction(config.direction, neutral_face())
    if not isinstance(config, ServeConfig) and config.neutral.own:
        direction.keep_neutral(config.neutral.offset_cm)
    pipeline = Pipeline(
        predictor,
        direction,
        Retarget(),
        SpeechGate(),
        LatencyMeter(realtime=realtime),
    )
    return Assembly(pipeline, name, predictor.lookahead_hops * 1000 * HOP_SAMPLES // RATE_HZ)
