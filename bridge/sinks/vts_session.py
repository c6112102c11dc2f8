"""A conversation with VTube Studio: being allowed, parameters, values; each request and its answer.

Stands on two callables, one that sends a text and one that waits for the next, so it knows no socket and no
thread. A message that is no answer to anything is counted, and the conversation goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from bridge.sinks.vts_message import (
    ACCESS_OFF,
    CREATED_BY_ANOTHER,
    NAME_IS_TAKEN,
    NOT_AUTHENTICATED,
    TOKEN_ASKED_ALREADY,
    TOKEN_DENIED,
    Answer,
    AnswerError,
    ApiError,
    Injection,
    error_of,
    parse_answer,
    request,
)
from bridge.sinks.vts_parameters import Creation

PLUGIN = {"pluginName": "facecue", "pluginDeveloper": "facecue"}
"""Who we are; VTube Studio binds a token to both."""
EXPLANATION = "facecue: a face from a voice"
"""What VTube Studio shows with a parameter that we create."""
PATIENCE_S = 5.0
"""An answer that takes longer will not come: VTube Studio gives one with its next picture."""
SLICE_S = 0.2
"""How often a waiting conversation looks whether it should end."""
ASK_AGAIN_S = 2.0
"""Time between two requests for a token while an earlier one is still before the user."""
TOKEN_CHARACTERS = 256
"""VTube Studio's tokens have at most 64."""
SHUT_OUT = (ACCESS_OFF, NOT_AUTHENTICATED, TOKEN_DENIED)
"""Errors by which VTube Studio lets us do nothing any more."""


class SilenceError(Exception):
    """VTube Studio has stopped answering."""


class RefusedError(Exception):
    """The user does not allow facecue."""


class Keeper(Protocol):
    """Where the token of one VTube Studio is kept."""

    def read(self) -> str | None:
        """The token, or None."""

    def write(self, token: str) -> None:
        """Keeps it."""

    def forget(self) -> None:
        """Throws it away."""


class Conversation:
    """Requests in order, their answers in any.

    Args:
        send: sends a text.
        receive: the next text, or None after so many seconds without one.
        goes_on: called now and then while waiting; raises to end the conversation.
    """

    def __init__(
        self,
        send: Callable[[str], None],
        receive: Callable[[float], str | bytes | None],
        goes_on: Callable[[], None],
    ) -> None:
        self._send, self._receive, self._goes_on = send, receive, goes_on
        self._number = 0
        self._open: dict[str, float] = {}  # request → when it was sent, oldest first
        self.strange = 0
        """Messages that answered nothing."""

    @property
    def waiting(self) -> int:
        """Requests without an answer so far."""
        return len(self._open)

    def put(self, kind: str, data: dict[str, Any] | None = None, *, forever: bool = False) -> str:
        """Sends a request and returns its id; `forever`: a person has to decide before the answer comes."""
        self._number += 1
        number = str(self._number)
        self._send(request(kind, number, data))
        self._open[number] = float("inf") if forever else time.perf_counter()
        return number

    def listen(self, wait_s: float) -> Answer | None:
        """The next answer to an open request, or None after `wait_s`.

        Raises:
            SilenceError: if the oldest request has been open for `PATIENCE_S`.
        """
        text = self._receive(wait_s)
        if text is not None:
            try:
                answer = parse_answer(text)
            except AnswerError:
                self.strange += 1
            else:
                if self._open.pop(answer.request, None) is not None:
                    return answer
                self.strange += 1
        if self._open and time.perf_counter() - next(iter(self._open.values())) > PATIENCE_S:
            raise SilenceError(f"no answer for {PATIENCE_S:g} s")
        return None

    def ask(self, kind: str, data: dict[str, Any] | None = None, *, forever: bool = False) -> dict[str, Any]:
        """Sends a request and returns the data of its answer.

        Raises:
            ApiError: if it is refused.
            SilenceError: if no answer comes.
        """
        number = self.put(kind, data, forever=forever)
        answer = self._gather([number])[number]
        error = error_of(answer)
        if error is not None:
            raise error
        return answer.data

    def _gather(self, numbers: Iterable[str]) -> dict[str, Answer]:
        """Waits for the answers to these requests; what answers others on the way is dropped."""
        missing, found = set(numbers), {}
        while missing:
            self._goes_on()
            answer = self.listen(SLICE_S)
            if answer is not None and answer.request in missing:
                missing.remove(answer.request)
                found[answer.request] = answer
        return found

    def become_allowed(self, keeper: Keeper, says: Callable[[str], None]) -> None:
        """Authenticates, with the token that is kept or with one that the user is asked for.

        Args:
            keeper: keeps the token.
            says: told what is waited for.

        Raises:
            RefusedError: if the user says no.
            ApiError: if VTube Studio refuses for another reason.
        """
        token = keeper.read()
        if token is not None and self._authenticated(token):
            return
        if token is not None:  # it was taken back in VTube Studio
            keeper.forget()
        says("waiting for you to allow facecue in VTube Studio")
        token = self._new_token()
        keeper.write(token)
        if not self._authenticated(token):
            keeper.forget()
            raise RefusedError("VTube Studio does not know the token that it gave")

    def _authenticated(self, token: str) -> bool:
        try:
            data = self.ask("AuthenticationRequest", {**PLUGIN, "authenticationToken": token})
        except ApiError as error:
            if error.error_id != TOKEN_DENIED:
                raise
            return False
        return data.get("authenticated") is True

    def _new_token(self) -> str:
        while True:
            try:
                data = self.ask("AuthenticationTokenRequest", PLUGIN, forever=True)
            except ApiError as error:
                if error.error_id == TOKEN_DENIED:
                    raise RefusedError("you refused facecue in VTube Studio") from error
                if error.error_id != TOKEN_ASKED_ALREADY:
                    raise
                self._pause(ASK_AGAIN_S)
                continue
            token = data.get("authenticationToken")
            if isinstance(token, str) and token.isascii() and 1 <= len(token.strip()) <= TOKEN_CHARACTERS:
                return token.strip()
            raise ApiError(-1, "a token that is none")

    def _pause(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self._goes_on()
            self.listen(min(SLICE_S, seconds))

    def known_parameters(self) -> set[str]:
        """Names of the parameters that VTube Studio has now, its own and created ones."""
        data = self.ask("InputParameterListRequest")
        names = set()
        for key in ("defaultParameters", "customParameters"):
            listed = data.get(key)
            for entry in listed if isinstance(listed, list) else ():
                name = entry.get("name") if isinstance(entry, dict) else None
                if isinstance(name, str):
                    names.add(name)
        return names

    def create(self, creations: Iterable[Creation]) -> list[ApiError]:
        """Has parameters created; one that another plugin made is as good. Returns what was refused.

        Raises:
            ApiError: if VTube Studio lets us do nothing any more.
        """
        numbers = [
            self.put(
                "ParameterCreationRequest",
                {
                    "parameterName": made.name,
                    "explanation": EXPLANATION,
                    "min": made.low,
                    "max": made.high,
                    "defaultValue": made.rest,
                },
            )
            for made in creations
        ]
        refused = []
        for answer in self._gather(numbers).values():
            error = error_of(answer)
            if error is not None and error.error_id in SHUT_OUT:
                raise error
            if error is not None and error.error_id not in (CREATED_BY_ANOTHER, NAME_IS_TAKEN):
                refused.append(error)
        return refused

    def inject(self, injection: Injection, values: Sequence[float]) -> str:
        """Sends values and returns the request's id."""
        self._number += 1
        number = str(self._number)
        self._send(injection(number, values))
        self._open[number] = time.perf_counter()
        return number

    def sift(self, values: Mapping[str, float]) -> dict[str, int]:
        """Sends the value of each parameter for itself. Returns those refused, with the error's number.

        One refused parameter fails a whole request, and the answer names it for people only.
        """
        numbers = {self.inject(Injection([name]), [value]): name for name, value in values.items()}
        errors = {number: error_of(answer) for number, answer in self._gather(numbers).items()}
        return {numbers[number]: error.error_id for number, error in errors.items() if error is not None}
