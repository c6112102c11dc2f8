"""A VTube Studio whose user allows everything: what the `vts://` sink talks to where it is measured.

Answers the requests that facecue makes, as https://github.com/DenchiSoft/VTubeStudio says, and notes when the values of
a frame came. Needs the package websockets.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from bridge.sinks.vts_parameters import OWN


class Studio:
    """Serves one port of this machine in a thread of its own, until the process ends."""

    def __init__(self, port: int, into: dict[int, float]) -> None:
        """Listens; the k-th frame that comes is noted as `into[k] = time.perf_counter()`."""
        self._into = into
        self._created: set[str] = set()
        self._server = serve(self._talk, "127.0.0.1", port)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _talk(self, line: ServerConnection) -> None:
        try:
            for text in line:
                asked = json.loads(text)
                kind = asked["messageType"]
                answer = {**asked, "messageType": kind.replace("Request", "Response")}
                answer["data"] = self._answered(kind, asked.get("data") or {})
                line.send(json.dumps(answer))
        except ConnectionClosed:
            pass

    def _answered(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        if kind == "AuthenticationTokenRequest":
            return {"authenticationToken": "token"}
        if kind == "AuthenticationRequest":
            return {"authenticated": True, "reason": "Token valid."}
        if kind == "InputParameterListRequest":
            return {
                "modelLoaded": True,
                "customParameters": [_listed(name) for name in sorted(self._created)],
                "defaultParameters": [_listed(name) for name in OWN],
            }
        if kind == "ParameterCreationRequest":
            self._created.add(data["parameterName"])
            return {"parameterName": data["parameterName"]}
        if kind == "InjectParameterDataRequest" and len(data["parameterValues"]) > 1:
            self._into[len(self._into)] = time.perf_counter()
        return {"active": True, "currentSessionAuthenticated": True}


def _listed(name: str) -> dict[str, Any]:
    return {"name": name, "addedBy": "facecue", "value": 0, "min": 0, "max": 1, "defaultValue": 0}
