"""Where frames go: one factory, `open_sink(uri)`, and what every sink promises.

A sink never blocks the loop and never ends it: whatever the network does is counted in its status.
The file that serves a scheme, and the library it needs, are imported when that scheme is asked for.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

from bridge.address import UriError, number, parse
from bridge.frames import RigFrame

SCHEMES = {
    "zmq": ("bridge.sinks.zeromq", "ZeroMqSink"),
    "zmq+connect": ("bridge.sinks.zeromq", "ZeroMqSink"),
    "osc": ("bridge.sinks.osc", "OscSink"),
    "vmc": ("bridge.sinks.vmc", "VmcSink"),
    "livelink": ("bridge.sinks.livelink", "LiveLinkSink"),
    "ifacialmocap": ("bridge.sinks.ifacialmocap", "IFacialMocapSink"),
    "openseeface": ("bridge.sinks.openseeface", "OpenSeeFaceSink"),
    "vrchat": ("bridge.sinks.vrchat", "VrChatSink"),
    "vts": ("bridge.sinks.vts", "VtsSink"),
    "preview": ("bridge.sinks.preview", "PreviewSink"),
    "null": ("bridge.sinks.null", "NullSink"),
}
"""scheme → (module, class); each class is made by `Cls(uri, address, options, actor)`."""


RATES_HZ = (24.0, 120.0)
"""Frames a second that `?rate=` may ask for."""


class SinkError(ValueError):
    """A sink cannot be opened as asked: one line with the fact, the value and the way out."""


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """How a sink is doing, counted since it opened."""

    uri: str
    sent: int
    """Frames given to the network whole, with at least one receiver not known to be absent."""
    dropped: int
    """Frames that no receiver can have got whole."""
    errors: int
    """Network faults, over all receivers."""
    detail: str
    """One readable line: who listens, who does not."""


class Sink(Protocol):
    """A place frames go to. `send` belongs to one thread; `status` may be asked from another."""

    uri: str

    def send(self, frame: RigFrame) -> None:
        """Sends a frame. Never blocks; a network fault is counted, not raised."""

    def status(self) -> SinkStatus:
        """What happened so far."""
        ...

    def close(self) -> None:
        """Gives everything back; a second call does nothing."""


def open_sink(uri: str, *, actor: str = "face") -> Sink:
    """Opens the sink that a URI names, such as `vmc://127.0.0.1:39540?names=vrm1`.

    Args:
        uri: `scheme://ADDRESS[?option=value&...]`, a scheme of `SCHEMES`. Each takes the option `rate`: so many
            frames a second, made in time between those that come (`bridge.sinks.rated`).
        actor: who is being moved; part of the native wires' addresses.

    Raises:
        SinkError: if the scheme, an option, the actor or the address is no good, a host is unknown, a port
            is taken, or the library of the scheme is not installed.
    """
    try:
        return _opened(uri, actor)
    except UriError as error:
        raise SinkError(str(error)) from error


def _opened(uri: str, actor: str) -> Sink:
    scheme, address, options = parse(uri)
    if scheme not in SCHEMES:
        raise SinkError(f"{uri}: unknown sink {scheme!r}; known: {', '.join(f'{s}://' for s in SCHEMES)}")
    low, high = RATES_HZ
    rate_hz = number(uri, options, "rate", default=0.0, low=low, high=high)
    options.pop("rate", None)
    module, cls = SCHEMES[scheme]
    try:
        room = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "bridge":
            raise  # a fault of ours, not a missing library
        raise SinkError(f"{uri}: {scheme}:// needs the package {error.name}; install it with pip") from error
    sink: Sink = getattr(room, cls)(uri, address, options, actor)
    if not rate_hz:
        return sink
    from bridge.sinks.rated import RatedSink

    return RatedSink(sink, rate_hz)
