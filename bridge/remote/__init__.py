"""Control from outside while a face runs: one factory, `open_control(uri, desk)`, and what every listener promises.

A listener has a thread of its own; the loop that makes frames never waits for it. What it hears is bounded in size and
in rate, what is wrong is counted, and beyond this machine nobody is heard without a token.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from bridge.address import UriError, parse
from bridge.control import ControlDesk

SCHEMES = {
    "osc": ("bridge.remote.osc", "OscControl"),
    "zmq": ("bridge.remote.zeromq", "ZeroMqControl"),
}
"""scheme → (module, class); each class is made by `Cls(uri, address, options, desk)`."""
EXAMPLE = "osc://127.0.0.1:39550"


class ControlError(ValueError):
    """A place for control that cannot be opened as asked: one line with the fact, the value and the way out."""


@dataclass(frozen=True, slots=True)
class ControlStatus:
    """How a listener is doing, counted since it opened."""

    uri: str
    taken: int
    """Requests that were met."""
    refused: int
    """Requests that were not: malformed, out of range, too many, or without the token."""
    detail: str
    """One readable line: where it listens, and why the last one was refused."""


class Control(Protocol):
    """A place where requests are heard, from when it is made until it is closed."""

    uri: str

    def status(self) -> ControlStatus:
        """What happened so far; from any thread."""
        ...

    def close(self) -> None:
        """Ends it within a second; a second call does nothing."""


def open_control(uri: str, desk: ControlDesk) -> Control:
    """Listens where a URI says, such as `osc://127.0.0.1:39550` or `zmq://127.0.0.1:5557`.

    Raises:
        ControlError: if the scheme, an option or the address is no good, the port is taken, or other machines could
            reach it and there is no token.
    """
    try:
        scheme, address, options = parse(uri, EXAMPLE)
        if scheme not in SCHEMES:
            known = ", ".join(f"{name}://" for name in SCHEMES)
            raise ControlError(f"{uri}: control does not speak {scheme!r}; known: {known}")
        module, cls = SCHEMES[scheme]
        opened: Control = getattr(importlib.import_module(module), cls)(uri, address, options, desk)
    except UriError as error:
        raise ControlError(str(error)) from error
    return opened
