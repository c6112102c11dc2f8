"""The messages of VTube Studio's plugin API 1.0: requests out, answers and announcements in.

Source: https://github.com/DenchiSoft/VTubeStudio and its `Files/ErrorID.cs`. Nothing that comes in is trusted:
what is no message of that API is an `AnswerError`. Knows neither order nor sockets.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from bridge.address import PORT_LIMIT

API = "VTubeStudioPublicAPI"
VERSION = "1.0"
LARGEST_ANSWER = 1 << 20
"""Bytes of an answer that is read: a list of 400 parameters has 60 kB."""
MESSAGE_CHARACTERS = 200
"""What is kept of an error's message."""

ACCESS_OFF, NOT_AUTHENTICATED = 1, 8
TOKEN_DENIED, TOKEN_ASKED_ALREADY = 50, 51
CREATED_BY_ANOTHER, NAME_IS_TAKEN = 352, 354
NAME_NOT_FOUND, DRIVEN_BY_ANOTHER = 453, 454
"""Numbers of errors that mean something to us."""


class AnswerError(ValueError):
    """A text that is no answer of VTube Studio."""


class ApiError(Exception):
    """VTube Studio refused a request."""

    def __init__(self, error_id: int, message: str) -> None:
        super().__init__(f"VTube Studio says {message or 'nothing'} (error {error_id})")
        self.error_id = error_id


class Answer(NamedTuple):
    """A message from VTube Studio."""

    kind: str
    request: str
    """Id of the request it answers."""
    data: dict[str, Any]


def request(kind: str, number: str, data: dict[str, Any] | None = None) -> str:
    """A request as text; its id is `number`."""
    envelope = {"apiName": API, "apiVersion": VERSION, "requestID": number, "messageType": kind}
    return json.dumps(envelope if data is None else {**envelope, "data": data}, separators=(",", ":"))


class Injection:
    """The request that carries values of some parameters, prepared: most of its text is always the same."""

    def __init__(self, names: Sequence[str]) -> None:
        data = {"faceFound": True, "mode": "set", "parameterValues": [{"id": n, "value": "#"} for n in names]}
        text = request("InjectParameterDataRequest", "#", data)
        self._text = (
            text.replace("%", "%%").replace('"requestID":"#"', '"requestID":"%s"').replace('"#"', "%.4f")
        )

    def __call__(self, number: str, values: Sequence[float]) -> str:
        """The request with this id; finite values, in the order of the names."""
        return self._text % (number, *values)


def parse_answer(text: str | bytes) -> Answer:
    """Reads one message.

    Raises:
        AnswerError: if it is anything but a message of VTube Studio's API.
    """
    if len(text) > LARGEST_ANSWER:
        raise AnswerError(f"{len(text)} bytes; an answer has at most {LARGEST_ANSWER}")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8 are a ValueError, too
        raise AnswerError("not JSON") from error
    if not isinstance(message, dict) or message.get("apiName") != API:
        raise AnswerError(f"not a message of {API}")
    kind, number, data = (message.get(key) for key in ("messageType", "requestID", "data"))
    if not isinstance(kind, str) or not isinstance(number, str) or not isinstance(data or {}, dict):
        raise AnswerError("messageType, requestID or data is missing")
    return Answer(kind, number, data or {})


def error_of(answer: Answer) -> ApiError | None:
    """The error that an answer is, if it is one."""
    if answer.kind != "APIError":
        return None
    number, message = answer.data.get("errorID"), answer.data.get("message")
    if not isinstance(number, int) or isinstance(number, bool):
        number = -1
    return ApiError(number, printable(message) if isinstance(message, str) else "")


def printable(message: str) -> str:
    """What another program says, cut and without control characters: it is shown in a terminal."""
    return "".join(c if c.isprintable() else " " for c in message[:MESSAGE_CHARACTERS])


def announcement(data: bytes) -> int:
    """The port that a datagram of VTube Studio names; it comes also while plugins are not let in.

    Raises:
        AnswerError: if it is none.
    """
    answer = parse_answer(data)
    port = answer.data.get("port")
    if answer.kind != "VTubeStudioAPIStateBroadcast" or isinstance(port, bool) or not isinstance(port, int):
        raise AnswerError("not an announcement of VTube Studio")
    if not 1 <= port <= PORT_LIMIT:
        raise AnswerError(f"port {port} is none")
    return port
