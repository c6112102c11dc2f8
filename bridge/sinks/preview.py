"""The face in a browser: `preview://127.0.0.1:8765` serves one page, `preview.html`, and the frames it draws.

`send` only puts the frame into a slot; `bridge.sinks.browser` does the rest in threads of its own. The page
draws the same character as `bridge.takes.drawing` and asks nothing of the network but this server.
"""

from __future__ import annotations

import json
import threading
from importlib import resources

import numpy as np
import numpy.typing as npt

from bridge import look
from bridge.address import check_options, endpoints, flag
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, RigFrame, arrays_of
from bridge.landmarks import neutral_face
from bridge.sinks import SinkError, SinkStatus
from bridge.sinks.browser import HEARTBEAT_S, BrowserServer, Latest

DEFAULT_PORT = 8765
TOP_WEIGHTS = 8
"""Strongest ARKit weights that the page shows."""


def page(actor: str) -> bytes:
    """The page, with the character's look and the actor's name put in as JSON."""
    html = resources.files("bridge.sinks").joinpath("preview.html").read_text(encoding="utf-8")
    shown = {name: value for name, value in vars(look).items() if name.isupper()}
    shown |= {"EMOTIONS": EMOTIONS, "ACTOR": actor, "NEUTRAL": np.round(neutral_face(), 3).tolist()}
    data = json.dumps(shown).replace("<", "\\u003c")  # no name ends the script
    return html.replace("/*LOOK*/ null", data).encode()


def _short(values: npt.ArrayLike) -> list[float]:
    return [round(v, 3) for v in np.asarray(values, np.float64).ravel().tolist()]


def event(frame: RigFrame) -> bytes:
    """One Server-Sent Event: compact JSON in the units of `bridge.frames`, lengths to 1e-3 cm."""
    cues = frame.cues
    top = np.argsort(-frame.weights, kind="stable")[:TOP_WEIGHTS]
    body = {
        "n": cues.n,
        "t": round(cues.time_s, 3),
        "latency": round(frame.latency_s, 4),
        "landmarks": _short(cues.landmarks),
        "gaze": _short(cues.gaze),
        "rotation": [round(v, 4) for v in cues.head_rotation.tolist()],
        "translation": _short(cues.head_translation),
        "emotion": _short(cues.emotion),
        "top": [[ARKIT[i], round(float(frame.weights[i]), 3)] for i in top],
        "tongue": round(float(frame.weights[ARKIT_INDEX["tongueOut"]]), 3),
    }
    return f"id: {cues.n}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()


def _finite(frame: RigFrame) -> bool:
    """JSON has no NaN: a frame with one would end the page's stream."""
    numbers = np.array([frame.cues.time_s, frame.latency_s])
    return all(bool(np.isfinite(values).all()) for values in (*arrays_of(frame).values(), numbers))


class PreviewSink:
    """Shows frames in any number of browsers; `url` is where."""

    def __init__(self, uri: str, address: str, options: dict[str, str], actor: str) -> None:
        """Opens the port.

        Raises:
            SinkError: if an option is unknown, others could reach the address and `public=1` was not given,
                or the port is taken.
        """
        check_options(uri, options, ("public",))
        public = flag(uri, options, "public", default=False)
        found = endpoints(uri, address or "127.0.0.1", default_port=DEFAULT_PORT, lowest_port=0)
        if len(found) != 1:
            raise SinkError(f"{uri}: a preview has one address, not {len(found)}; open one sink for each")
        place = found[0]
        if not (place.loopback or public):
            raise SinkError(
                f"{uri}: {place} can be reached by others, who would see the face; "
                "write 127.0.0.1, or add ?public=1 if that is meant"
            )
        self.uri = uri
        self.actor = actor
        self._latest = Latest(event)
        try:
            self._server = BrowserServer(place, self._latest, page(actor), public=public)
        except OSError as error:
            reason = error.strerror or str(error)
            raise SinkError(
                f"{uri}: {place} cannot be opened ({reason}); choose another port, 0 for any"
            ) from error
        host = "127.0.0.1" if place.host == "*" else str(place).rpartition(":")[0]
        self.url = f"http://{host}:{self._server.server_port}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="preview", daemon=True
        )
        self._thread.start()

    def send(self, frame: RigFrame) -> None:
        """Shows a frame; a browser that is not done with the last one will skip."""
        if _finite(frame):
            self._latest.put(frame)
        else:
            self._latest.failed()

    def status(self) -> SinkStatus:
        """What happened so far; `detail` says where to look."""
        now = self._latest
        people = f"{now.browsers} browser{'' if now.browsers == 1 else 's'}"
        late = f", {now.skipped} frames skipped by slow ones" if now.skipped else ""
        return SinkStatus(self.uri, now.sent, now.dropped, now.errors, f"{self.url} · {people}{late}")

    def close(self) -> None:
        """Frees the port and ends all threads; a second call does nothing."""
        if self._latest.close():
            self._server.end()
            self._thread.join(HEARTBEAT_S)
