"""What the mouth does while nobody talks: `python -m models.evaluation noise`.

Breath, hum, typing and music without a voice, 60 s each at −30 dBFS: by the formulas that the gate learned on
(`models.data.noises`, other seeds) and by others (`models.evaluation.sounds`), which tell more. The figure is the mean
movement of the 20 lip points from frame to frame as a share of the same on the speech that is
bundled with the demo: what `tests/bridge/test_shipped_networks.py` measures. Blinks are off.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bridge.direction import DirectionConfig
from bridge.frames import RATE_HZ, Floats
from bridge.sources import open_source
from models.data import noises
from models.evaluation import sounds
from models.evaluation.lips import System, travel
from models.evaluation.systems import Baked, Network

MAKERS = {"learned": noises.KINDS, "other": sounds.KINDS}
"""Formulas that recipes learn from, and others."""
JUDGED = ("breath", "hum", "typing", "music")
BAR = 0.03
"""Movement that is still taken for a mouth at rest, as a share of speech's."""
LEVEL_DBFS = -30.0
SECONDS = 60.0
SPEECH_SECONDS = 9
"""Of the demo's speech; what follows is a pause."""


def demo_speech() -> Floats:
    """The bundled speech, (N,) at 16 kHz."""
    blocks = [block.samples for block in open_source("demo://", realtime=False)]
    return np.concatenate(blocks)[: SPEECH_SECONDS * RATE_HZ]


def at_level(sound: Floats, dbfs: float) -> Floats:
    """The sound at an RMS of `dbfs`."""
    return np.asarray(sound / np.sqrt((sound**2).mean()) * 10 ** (dbfs / 20), np.float32)


def sound_of(maker: str, kind: str, seed: int, seconds: float = SECONDS, dbfs: float = LEVEL_DBFS) -> Floats:
    """(N,) of one kind; the same seed gives the same sound."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    return at_level(MAKERS[maker][kind](rng, round(seconds * RATE_HZ)), dbfs)


def systems_of(networks: Mapping[str, Path]) -> dict[str, System]:
    """Every network as baked and alone."""
    still = DirectionConfig(blink=False)
    found: dict[str, System] = {}
    for name, path in networks.items():
        found[name] = Baked(path, still).landmarks
        found[f"{name} alone"] = Network(path).landmarks
    return found


def shares(
    system: System, maker: str, seeds: int, seconds: float = SECONDS, dbfs: float = LEVEL_DBFS
) -> dict[str, list[float]]:
    """Kind → movement as a share of speech's, seed by seed.

    Raises:
        ValueError: if speech does not move this mouth, so that there is no share.
    """
    spoken = travel(system(demo_speech()))
    if spoken <= 0:
        raise ValueError("speech does not move this mouth: there is nothing to compare noise with")
    return {
        kind: [travel(system(sound_of(maker, kind, seed, seconds, dbfs))) / spoken for seed in range(seeds)]
        for kind in JUDGED
    }


def noise_table(
    systems: Mapping[str, System], seeds: int, seconds: float = SECONDS, dbfs: float = LEVEL_DBFS
) -> dict[str, object]:
    """Prints mean and worst share of every system; returns them seed by seed for the JSON file."""
    print(
        f"\nmouth movement on {seconds:.0f} s of sound without a voice, % of speech's; "
        f"mean and worst of {seeds} seeds, {dbfs:.0f} dBFS; at most {BAR:.0%} is wanted"
    )
    first = max(len(name) for name in systems)
    report: dict[str, object] = {}
    for maker in MAKERS:
        print(
            f"{maker + ' formulas':{first + 9}s}"
            + "".join(f"{kind:>16s}" for kind in JUDGED)
            + f"{'over':>12s}"
        )
        for name, system in systems.items():
            found = shares(system, maker, seeds, seconds, dbfs)
            cells = "".join(f"{100 * np.mean(v):8.2f} {100 * max(v):7.2f}" for v in found.values())
            over = sum(v > BAR for values in found.values() for v in values)
            print(f"{name:{first + 9}s}{cells}{f'{over} of {seeds * len(JUDGED)}':>12s}")
            report[f"{name}, {maker} formulas"] = found
    return report
