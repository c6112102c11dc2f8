"""What a VTube Studio says: the answers of a whole conversation, and its announcement."""

from __future__ import annotations

import json
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.fuzz import bend, parsers
from bridge.sinks.vts_message import API, AnswerError, ApiError, announcement
from bridge.sinks.vts_parameters import Parameters
from bridge.sinks.vts_session import Conversation, RefusedError, SilenceError


class _Over(Exception):  # noqa: N818
    """VTube Studio has said all it says."""


class _Keeper:
    def __init__(self) -> None:
        self.token: str | None = "kept"  # noqa: S105

    def read(self) -> str | None:
        return self.token

    def write(self, token: str) -> None:
        self.token = token

    def forget(self) -> None:
        self.token = None


def answer(kind: str, number: int, **data: Any) -> bytes:
    """A message of VTube Studio as bytes."""
    envelope = {
        "apiName": API,
        "apiVersion": "1.0",
        "requestID": str(number),
        "messageType": kind,
        "data": data,
    }
    return json.dumps(envelope).encode()


def conversation(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    """Answers to every request that there is, in order."""
    parameters = Parameters("vts", create=True)

    def converse(data: bytes) -> bool:
        answers = deque(bend.parted(data))

        def receive(_wait_s: float) -> bytes | None:
            return answers.popleft() if answers else None

        def goes_on() -> None:
            if not answers:
                raise _Over

        talk = Conversation(lambda _: None, receive, goes_on)
        talk._pause = lambda _: None  # type: ignore[method-assign]
        refused = False
        try:
            talk.ask("APIStateRequest")
            talk.become_allowed(_Keeper(), lambda _: None)
            talk.known_parameters()
            refused = bool(talk.create(parameters.creations[:2]))
            talk.sift({"JawOpen": 0.5})
        except _Over:
            pass
        except (ApiError, RefusedError, SilenceError) as error:
            if not str(error).isprintable():
                raise parsers.Unexpected(f"{str(error)!r}") from error
            refused = True
        return not (refused or talk.strange)

    lists = {
        "defaultParameters": [{"name": "MouthOpen"}],
        "customParameters": [{"name": "JawOpen", "value": 1}],
    }
    seeds = [
        bend.joined([
            answer("APIStateResponse", 1, active=True),
            answer("AuthenticationResponse", 2, authenticated=True),
            answer("InputParameterListResponse", 3, **lists),
            answer("ParameterCreationResponse", 4, parameterName="x"),
            answer("APIError", 5, errorID=354, message="taken"),
            answer("InjectParameterDataResponse", 6),
        ]),
        bend.joined([
            answer("APIStateResponse", 1, active=True),
            answer("APIError", 2, errorID=50, message="no"),
            answer("AuthenticationTokenResponse", 3, authenticationToken="t" * 64),
            answer("AuthenticationResponse", 4, authenticated=True),
            answer("InputParameterListResponse", 5, **lists),
        ]),
    ]  # fmt: skip
    return parsers.Parser("vts", converse, seeds, bend.messages_of(bend.json_tree))


def found(_stack: ExitStack, _folder: Path) -> parsers.Parser:
    """Announcements on the local network."""
    seed = answer("VTubeStudioAPIStateBroadcast", 0, active=True, port=8001, instanceID="a", windowTitle="V")

    def hear(data: bytes) -> None:
        if not 1 <= announcement(data) <= 65_535:
            raise parsers.Unexpected("a port that is none")

    return parsers.Parser("vts-found", parsers.refusing(hear, AnswerError), [seed], bend.json_tree)
