"""What a camera sees of a face: `open_tracker(uri)` listens to another program, and holds the newest it said.

A tracker never ends the face and never holds it up: what arrives is checked, what is no good is counted. Each value
carries the moment it came in; how old is too old is decided by who uses it (`bridge.mixing`).
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bridge.address import UriError, parse
from bridge.frames import ARKIT, Floats

SCHEMES = {"vmc": ("bridge.trackers.vmc", "VmcTracker")}
"""scheme → (module, class); each class is made by `Cls(uri, address, options)`."""
NEVER = -math.inf
"""The moment at which a value that never came came in."""


class TrackerError(ValueError):
    """A tracker cannot be listened to as asked: one line with the fact, the value and the way out."""


def _never() -> npt.NDArray[np.float64]:
    return np.full(len(ARKIT), NEVER)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """The newest of everything; units and axes of `bridge.frames`, moments of `time.perf_counter()`."""

    weights: Floats = field(default_factory=lambda: np.zeros(len(ARKIT), np.float32))
    """(52,) each 0..1."""
    weights_at: npt.NDArray[np.float64] = field(default_factory=_never)
    """(52,) when each came in."""
    gaze: Floats = field(default_factory=lambda: np.zeros((2, 2), np.float32))
    """(2, 2) radians."""
    gaze_at: tuple[float, float] = (NEVER, NEVER)
    """Right eye, left eye."""
    head: Floats = field(default_factory=lambda: np.array([0, 0, 0, 1], np.float32))
    """(4,) unit quaternion."""
    head_at: float = NEVER


@dataclass(frozen=True, slots=True)
class TrackerStatus:
    """How a tracker fares."""

    packets: int
    """Taken since the start."""
    rejected: int
    """Packets and values that were no good, and packets from senders that nobody asked."""
    detail: str
    """One readable line."""


class Tracker(Protocol):
    """Somebody who sees a face."""

    uri: str

    def latest(self) -> Tracked:
        """The newest of everything; never waits."""
        ...

    def status(self) -> TrackerStatus:
        """What happened so far."""
        ...

    def close(self) -> None:
        """Gives everything back; a second call does nothing."""


def open_tracker(uri: str) -> Tracker:
    """Listens at the place that a URI names, such as `vmc://:39541`.

    Raises:
        TrackerError: if the scheme, an option or the address is no good, or a port is taken.
    """
    try:
        scheme, address, options = parse(uri, "vmc://:39541")
        if scheme not in SCHEMES:
            listed = ", ".join(f"{s}://" for s in SCHEMES)
            raise TrackerError(f"{uri}: unknown tracker {scheme!r}; known: {listed}")
        module, cls = SCHEMES[scheme]
        tracker: Tracker = getattr(importlib.import_module(module), cls)(uri, address, options)
    except UriError as error:
        raise TrackerError(str(error)) from error
    return tracker
