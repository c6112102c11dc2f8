"""`vts://[HOST[:PORT],...]`: VTube Studio's plugin API, over a WebSocket (port 8001 unless given).

`vts://` alone listens for the announcement of a VTube Studio on this machine, and tries 127.0.0.1:8001 where
none comes. VTube Studio asks its user once whether facecue is allowed; the token it gives is kept in the
user's configuration folder. A thread of each receiver owns the connection, comes back when it is lost, and
sends the newest frame, at most 60 a second, and the last one again when frames pause: VTube Studio lets go of
a parameter that it hears nothing of for a second. Options:

* `rig`: which curves are sent; `vts` (default), or a table of one's own, as in `rig=my.toml`.
* `created`: whether parameters that VTube Studio does not have are created there (yes).
* `public`: whether `vts://` alone may also find a VTube Studio on another machine (no).
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.address import check_options, endpoints, flag
from bridge.frames import RigFrame
from bridge.sinks import SinkError, SinkStatus
from bridge.sinks.vts_link import DEFAULT_PORT, Link
from bridge.sinks.vts_parameters import Parameters


class VtsSink:
    """Sends frames to every VTube Studio that is named."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], actor: str) -> None:
        check_options(uri, options, ("rig", "created", "public"))
        self.uri = uri
        self.actor = actor
        named = address.strip("/")
        places = endpoints(uri, address, default_port=DEFAULT_PORT) if named else (None,)
        elsewhere = flag(uri, options, "public", default=False)
        if named and elsewhere:
            raise SinkError(f"{uri}: public is for vts:// alone, which looks for a receiver; leave it out")
        created = flag(uri, options, "created", default=True)
        try:
            parameters = Parameters(options.get("rig", "vts"), create=created)
        except ValueError as error:
            raise SinkError(f"{uri}: {error}") from error
        self._links = [Link(place, parameters, elsewhere=elsewhere) for place in places]
        self._closed = False
        self._late = 0  # frames after the end

    def send(self, frame: RigFrame) -> None:
        """Leaves the frame for the threads; never blocks."""
        self._late += self._closed
        for link in self._links:
            link.frames.put(frame)

    def status(self) -> SinkStatus:
        """Counters of the receiver that got most, and what each of them waits for."""
        best = max(self._links, key=lambda link: link.sent)
        errors = sum(link.errors for link in self._links)
        detail = " · ".join(map(str, self._links))
        return SinkStatus(self.uri, best.sent, best.frames.dropped + self._late, errors, detail)

    def close(self) -> None:
        """Ends the connections once the last frame is taken, or after `LINGER_S`."""
        if self._closed:
            return
        self._closed = True
        for link in self._links:
            link.end()
        for link in self._links:
            link.join()
