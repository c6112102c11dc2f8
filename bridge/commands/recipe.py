"""How everything of a batch is baked, and a digest of it: a take that was made in another way is made again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from bridge import __version__
from bridge.batch.ledger import digest
from bridge.config import BakeConfig
from bridge.controls import DirectionConfig
from bridge.frames import CUE_RATE_HZ
from bridge.weights import choose


@dataclass(frozen=True)
class Recipe:
    """How everything of a batch is baked."""

    config: BakeConfig
    formats: tuple[str, ...]
    rig: str | None = None
    """A rig whose curves are wanted too, where a line names no other."""
    fps: int = CUE_RATE_HZ
    """Frames a second of the takes."""

    def settings(self, direction: DirectionConfig, rig: str | None) -> str:
        """SHA-256 of all that shapes a take besides its recording: version, network, direction and rig.

        Fields that are added to the recipe or to `BakeConfig` count as well.

        Raises:
            WeightsError: if no shipped network fits.
            RigError: if there is no such rig.
            OSError: if the network or the rig cannot be read.
        """
        config = self.config
        parts = {f.name: getattr(self, f.name) for f in fields(self)} | {
            f.name: getattr(config, f.name) for f in fields(config)
        }
        for name in ("config", "formats", "lookahead"):  # said by the others, or by the names of the takes
            del parts[name]
        parts |= {
            "version": __version__,
            "model": _network(config.model, config.lookahead),
            "direction": asdict(direction),
            "rig": None if rig is None else _table(rig),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


@cache
def _network(model: str | None, lookahead: str | int) -> str:
    return digest(Path(model) if model is not None else choose(lookahead))


@cache
def _table(rig: str) -> str:
    from bridge.rigs import load_rig

    return repr(load_rig(rig).table)
