"""What a training leaves: written beside, then renamed, so that there is never half a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def write(path: Path, what: dict[str, Any]) -> None:
    """Tensors, names and numbers only: results are read with `weights_only=True`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    torch.save(what, beside)
    beside.replace(path)
