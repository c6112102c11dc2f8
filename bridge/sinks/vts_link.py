"""The connection to one VTube Studio: a thread that keeps it, comes back when it is lost, and sends frames.

What is said in which order is `vts_session`'s, what a frame comes to `vts_parameters`'. Frames wait in a
mailbox of one: who is behind gets the newest.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from bridge.address import Endpoint
from bridge.frames import RigFrame
from bridge.sinks.vts_discovery import find
from bridge.sinks.vts_message import (
    ACCESS_OFF,
    DRIVEN_BY_ANOTHER,
    LARGEST_ANSWER,
    NAME_NOT_FOUND,
    ApiError,
    Injection,
    error_of,
    printable,
)
from bridge.sinks.vts_parameters import Parameters
from bridge.sinks.vts_session import SHUT_OUT, Conversation, RefusedError, SilenceError
from bridge.sources.mailbox import Mailbox
from bridge.tokens import TokenError, config_folder, forget, read_private, write_private

_log = logging.getLogger(__name__)

DEFAULT_PORT = 8001
REFRESH_S = 0.5
"""While frames pause the last one is sent again this often; VTube Studio wants once a second."""
GAP_S = 1 / 65
"""Time between two requests: VTube Studio reads 60 a second."""
IN_FLIGHT = 4
"""Requests that may wait for their answers; VTube Studio answers with its next picture."""
BACK_OFF_S = (0.5, 15.0)
"""First and longest wait before a lost connection is tried again; it doubles."""
RETRY_S = 10.0
"""How often a parameter that another plugin drives is tried again."""
OPEN_S = 3.0
"""How long a receiver may take to accept a connection."""
LINGER_S = 0.3
"""How long closing waits for the last frame to be taken: the face at rest."""
SIFT_S = 1.0
"""How often refused parameters are looked for."""
POLL_S = 0.05


class _Ended(Exception):  # noqa: N818  no error: the sink was closed
    """Ends a conversation."""


class Link:
    """The connection to one VTube Studio, in a thread of its own."""

    def __init__(self, place: Endpoint | None, parameters: Parameters, *, elsewhere: bool) -> None:
        self.frames: Mailbox[RigFrame] = Mailbox(1)
        self.sent = self.errors = 0
        self._place = place
        self._where = str(place) if place else "VTube Studio"
        self._elsewhere = elsewhere
        self._parameters = parameters
        self._state = "not connected yet"
        self._left_out: dict[str, int] = {}  # parameter → number of the error that it gives
        self._leave_out({})
        self._reached = False  # whether the last connection came as far as sending
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facecue-vts", daemon=True)
        self._thread.start()

    def __str__(self) -> str:
        driven, unknown = self._names_of(DRIVEN_BY_ANOTHER), self._names_of(0)
        text = f"{self._where} {self._state}"
        if driven:
            text += f", another plugin drives {driven}"
        return f"{text}, left out {unknown}" if unknown else text

    def _names_of(self, error_id: int) -> str:
        """Parameters that are left out for this error, or for all others (0)."""
        names = [n for n, e in list(self._left_out.items()) if (e == DRIVEN_BY_ANOTHER) == bool(error_id)]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    def end(self) -> None:
        """Asks the thread to end once the last frame is taken."""
        self._ends.set()

    def join(self) -> None:
        """Waits until it has ended."""
        self._thread.join(LINGER_S + 1.0)  # a connection being opened may hold it longer: it ends by itself
        self.frames.close()

    def _goes_on(self) -> None:
        if self._ends.is_set():
            raise _Ended

    def _say(self, state: str) -> None:
        if state != self._state:
            _log.info("%s %s", self._where, state)
        self._state = state

    # the thread

    def _run(self) -> None:
        shortest, longest = BACK_OFF_S
        wait_s = shortest
        while not self._ends.is_set():
            self._reached = False
            try:
                self._converse()
            except _Ended:
                break
            except RefusedError as error:
                self.errors += 1
                self._say(f"{error}; start facecue again to be asked again")
                return
            except ApiError as error:
                self.errors += 1
                off = error.error_id == ACCESS_OFF
                self._say("lets no plugins in: switch on its plugin API" if off else str(error))
            except (
                OSError,
                EOFError,
                WebSocketException,
                SilenceError,
            ) as error:  # TimeoutError is an OSError
                self.errors += 1
                refused = isinstance(error, ConnectionRefusedError)
                self._say(
                    "does not answer; is it running, and its plugin API on?" if refused else _why(error)
                )
            wait_s = shortest if self._reached else min(2 * wait_s, longest)
            self._ends.wait(wait_s)
        self._say("closed")

    def _converse(self) -> None:
        host, port = self._find()
        self._where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        with (
            connect(
                f"ws://{self._where}",
                compression=None,  # costs more time than it saves on one machine
                proxy=None,
                open_timeout=OPEN_S,
                close_timeout=LINGER_S,
                max_size=LARGEST_ANSWER,
            ) as line,
            contextlib.suppress(_Ended),
        ):  # so that an end closes the line as it should be closed

            def receive(wait_s: float) -> str | bytes | None:
                try:
                    return line.recv(timeout=wait_s)
                except TimeoutError:
                    return None

            talk = Conversation(line.send, receive, self._goes_on)
            talk.ask("APIStateRequest")
            keeper = _TokenFile(host, port)
            self._prepare(talk, keeper)
            try:
                self._feed(talk, keeper)
            finally:
                self.errors += talk.strange

    def _find(self) -> tuple[str, int]:
        if self._place is not None:
            return self._place.ip, self._place.port
        self._say("listens for a VTube Studio")
        return find(elsewhere=self._elsewhere, goes_on=self._goes_on) or ("127.0.0.1", DEFAULT_PORT)

    def _prepare(self, talk: Conversation, keeper: _TokenFile) -> None:
        """Is allowed, has parameters created, and leaves out those that are not there."""
        self._say("connected")
        talk.become_allowed(keeper, self._say)
        known = talk.known_parameters()
        wanted = [creation for creation in self._parameters.creations if creation.name not in known]
        for error in talk.create(wanted):
            self.errors += 1
            _log.warning("%s: a parameter is not created: %s", self._where, error)
        if wanted:
            known = talk.known_parameters()
        self._leave_out({name: NAME_NOT_FOUND for name in self._parameters.names if name not in known})
        self._reached = True
        self._say("allows facecue")

    def _feed(self, talk: Conversation, keeper: _TokenFile) -> None:
        """Sends frames until something ends it."""
        last: RigFrame | None = None
        sent_at = sifted_at = retried_at = time.perf_counter()
        while not self._ends.is_set():
            frame = self.frames.get(POLL_S)
            last = frame or last
            now = time.perf_counter()
            if last is not None and (frame is not None or now - sent_at >= REFRESH_S):
                self._send(talk, last, new=frame is not None)
                sent_at = now
            try:
                refused = self._listened(talk)
            except ApiError as error:
                if error.error_id not in SHUT_OUT or error.error_id == ACCESS_OFF:
                    raise
                self.errors += 1
                self._prepare(talk, keeper)  # the user took the permission back
                continue
            if last is not None and refused and now - sifted_at >= SIFT_S:
                sifted_at = now
                self._sift(talk, last, lambda name: name not in self._left_out)
            if last is not None and now - retried_at >= RETRY_S:
                retried_at = now
                self._sift(talk, last, lambda name: self._left_out.get(name) == DRIVEN_BY_ANOTHER)
            self._ends.wait(max(0.0, sent_at + GAP_S - time.perf_counter()))
        frame = self.frames.get()
        if frame is not None:
            self._send(talk, frame, new=True)
        until = time.perf_counter() + LINGER_S
        while talk.waiting and time.perf_counter() < until:
            talk.listen(POLL_S)

    def _leave_out(self, names: dict[str, int]) -> None:
        """From now on all parameters but these are sent."""
        self._left_out = names
        self._taken = [i for i, name in enumerate(self._parameters.names) if name not in names]
        self._injection = Injection([self._parameters.names[i] for i in self._taken])

    def _send(self, talk: Conversation, frame: RigFrame, *, new: bool) -> None:
        if self._taken:
            values = self._parameters(frame)
            talk.inject(self._injection, [values[i] for i in self._taken])
            self.sent += new
        self._say(f"takes {len(self._taken)} parameters")

    def _listened(self, talk: Conversation) -> bool:
        """Hears the answers that are there, and waits where too many are missing; whether one was refused."""
        refused = False
        while True:
            answer = talk.listen(POLL_S if talk.waiting >= IN_FLIGHT else 0.0)
            if answer is None:
                if talk.waiting < IN_FLIGHT or self._ends.is_set():
                    return refused
                continue
            error = error_of(answer)
            if error is not None and error.error_id in SHUT_OUT:
                raise error
            self.errors += error is not None
            refused = refused or error is not None

    def _sift(self, talk: Conversation, frame: RigFrame, concerns: Callable[[str], bool]) -> None:
        """Finds out which parameters are refused, of those that it concerns, and leaves them out."""
        values = zip(self._parameters.names, self._parameters(frame), strict=True)
        tried = {name: value for name, value in values if concerns(name)}
        if not tried:
            return
        refused = talk.sift(tried)
        still = {name: error for name, error in self._left_out.items() if name not in tried}
        self._leave_out(still | {name: error for name, error in refused.items() if error not in SHUT_OUT})


class _TokenFile:
    """The token of one VTube Studio in a file; one that cannot be kept is known until the sink is closed."""

    def __init__(self, host: str, port: int) -> None:
        self._name = re.sub(r"[^0-9A-Za-z.]", "_", f"{host}_{port}")

    @property
    def _path(self) -> Path:
        return config_folder() / "vtube-studio" / f"{self._name}.token"

    def read(self) -> str | None:
        try:
            return read_private(self._path) or None
        except TokenError as error:
            _log.warning("%s", error)
            return None

    def write(self, token: str) -> None:
        try:
            write_private(self._path, token)
        except TokenError as error:
            _log.warning("%s; VTube Studio will ask again the next time", error)

    def forget(self) -> None:
        with contextlib.suppress(TokenError):
            forget(self._path)


def _why(error: BaseException) -> str:
    """What went wrong, for a status line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"is lost ({printable(str(text))})"
