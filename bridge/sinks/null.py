"""`null://`: counts frames and lets them go; what a pipeline costs without a wire."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.address import check_options
from bridge.frames import RigFrame
from bridge.sinks import SinkError, SinkStatus


class NullSink:
    """A sink that nobody listens to."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ())
        if address:
            raise SinkError(f"{uri}: null:// takes no address, but got {address!r}; write null://")
        self.uri = uri
        self.actor = actor
        self._sent = 0

    def send(self, frame: RigFrame) -> None:  # noqa: ARG002  the protocol's argument
        """Counts the frame."""
        self._sent += 1

    def status(self) -> SinkStatus:
        """Frames counted so far."""
        return SinkStatus(self.uri, self._sent, 0, 0, "goes nowhere")

    def close(self) -> None:
        """Nothing to give back."""
