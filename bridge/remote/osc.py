"""`osc://HOST:PORT`: control by OSC over UDP, as MIDI surfaces, Stream Decks and tablets send it.

`/facecue/control/NAME` takes the plain value, `/facecue/control/NAME/unit` a fader's 0..1; the rest is in
docs/control.md. An actor's name may stand before NAME: messages to another actor are left aside. Where a token is asked
for it stands right behind `/facecue/control`.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.address import check_options, endpoints
from bridge.control import ControlDesk
from bridge.controls import CONTROLS, control
from bridge.dial import Value
from bridge.door import Door, token_for
from bridge.remote import ControlError, ControlStatus
from bridge.remote.osc_reader import PACKET_LIMIT, Argument, Message, OscError, read
from bridge.sinks.osc_packet import bundles, message

DEFAULT_PORT = 39550
ROOT = ("facecue", "control")
POLL_S = 0.1
"""How soon the thread notices that it is to end."""
RESPITE_S = 0.001
"""Whoever sends too much is waited for so long for each message: the face keeps its core."""
BUFFER_BYTES = 65_536
"""What may wait in the system: old wishes are no use."""
WORDS = {
    "preset": ("load", "save", "delete"),
    "neutral": ("capture", "reset"),
    "sink": ("add", "remove"),
    "reset": (),
    "query": ("unit",),
}
"""What may stand in the place of a control's name, and behind it."""


class OscControl:
    """A UDP socket and the thread that listens to it."""

    def __init__(self, uri: str, address: str, options: Mapping[str, str], desk: ControlDesk) -> None:
        check_options(uri, options, ("token_file",))
        places = endpoints(uri, address, default_port=DEFAULT_PORT, lowest_port=0)
        if len(places) > 1:
            raise ControlError(f"{uri}: one place for each --control; give another --control for the second")
        self._door = Door(uri, token_for(uri, options, places))
        self.uri = uri
        self._desk = desk
        self._taken = self._refused = self._passed = 0
        self._last = ""
        self._closing = threading.Event()
        self._socket = socket.socket(places[0].family, socket.SOCK_DGRAM)
        try:
            if sys.platform == "win32":  # or another program could take the port from under us
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.bind((places[0].ip, places[0].port))
        except OSError as error:
            self._socket.close()
            reason = error.strerror or error
            raise ControlError(
                f"{uri}: port {places[0].port} cannot be opened ({reason}); choose another"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        """Where it listens; port 0 has become the one the system chose."""
        self._where = f"listens on UDP {self.port}"
        self._socket.settimeout(POLL_S)
        self._thread = threading.Thread(target=self._listen, name="facecue-osc-control", daemon=True)
        self._thread.start()

    def status(self) -> ControlStatus:
        """Counters, and why the last message was refused."""
        more = [f"{self._passed} for others"] if self._passed else []
        more += [f"last: {self._last}"] if self._last else []
        return ControlStatus(self.uri, self._taken, self._refused, ", ".join([self._where, *more]))

    def close(self) -> None:
        """Ends the thread and frees the port."""
        self._closing.set()
        self._thread.join(5 * POLL_S)
        self._socket.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                packet, sender = self._socket.recvfrom(PACKET_LIMIT + 1)
            except TimeoutError:
                continue
            except OSError:  # an answer that nobody took (Windows), a network that went away
                self._closing.wait(RESPITE_S)
                continue
            self.hear(packet, sender)

    def hear(self, packet: bytes, sender: Any) -> None:
        """Takes one packet from an address; whatever it is, nothing is raised."""
        try:
            messages = read(packet)
        except OscError as error:
            self._refuse(self._desk.refuse(f"no OSC: {error}"))
            if not self._door.in_time():
                time.sleep(RESPITE_S)
        else:
            self._take(messages, sender)

    def _take(self, messages: Sequence[Message], sender: Any) -> None:
        """Does what the messages of a packet say; what is set at once is set at once."""
        settings: list[tuple[str, Value]] = []
        for one in messages:
            if not self._door.in_time():
                self._refuse(self._desk.refuse("more messages than hands can send"))
                time.sleep(RESPITE_S)
                continue
            try:
                request = self._request(one)
                if request is None:
                    continue
                if request["do"] == "set":
                    settings += request["values"].items()
                    continue
                self._flush(settings)
                if request["do"] == "get":
                    self._tell(request, sender)
                    self._taken += 1
                else:
                    self._ask(request)
            except ValueError as error:
                self._refuse(self._desk.refuse(error))
        self._flush(settings)

    def _flush(self, settings: list[tuple[str, Value]]) -> None:
        """Sets what was gathered; each was checked."""
        if settings:
            self._desk.answer({"do": "set", "values": dict(settings)})
            self._taken += len(settings)
            settings.clear()

    def _ask(self, request: dict[str, Any]) -> None:
        answer = self._desk.answer(request)
        if answer["ok"]:
            self._taken += 1
        else:
            self._refuse(answer["error"])

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        self._last = reason

    def _request(self, one: Message) -> dict[str, Any] | None:
        """What a message asks of the desk; None = nothing, or somebody else.

        Raises:
            ValueError: what it asks cannot be.
        """
        parts = one.address.split("/")[1:]
        if tuple(parts[:2]) != ROOT:
            raise OscError(f"{one.address[:60]!r} is no control; addresses begin with /facecue/control/")
        parts = parts[2:]
        if self._door.locked and not self._door.admits(parts.pop(0) if parts else ""):
            raise OscError("without the right token")
        if len(parts) > 1 and (parts[1] in CONTROLS or parts[1] in WORDS) and not _known(parts):
            if parts[0] != self._desk.actor:
                self._passed += 1
                return None
            parts = parts[1:]
        if not parts:
            raise OscError("an address without a name behind /facecue/control/")
        name, tail = parts[0], parts[1:]
        argument = _only(one, name)
        if name in WORDS:
            return _word(name, tail, argument)
        return _setting(name, tail, argument, one)

    def _tell(self, request: dict[str, Any], sender: Any) -> None:
        """Sends the state to whoever asked, as messages that would set it."""
        answer = self._desk.answer({"do": "get"})
        unit = request["unit"]
        told = answer["unit" if unit else "values"]
        tail = "/unit" if unit else ""
        lines = [
            message(
                f"/facecue/control/{name}{tail}", int(value) if isinstance(value, bool) else _fitting(value)
            )
            for name, value in told.items()
        ]
        where = (sender[0], request["port"] or sender[1], *sender[2:])
        with contextlib.suppress(OSError):  # one who left hears nothing
            for packet in bundles(lines):
                self._socket.sendto(packet, where)


def _known(parts: Sequence[str]) -> bool:
    """Whether an address makes sense as it is, so that its first part is no actor."""
    return parts[0] in CONTROLS or parts[0] in WORDS


def _only(one: Message, name: str) -> Argument:
    """The one argument of a message; True where there is none, as of a button."""
    if len(one.arguments) > 1:  # its address is not told: a token may stand in it
        raise OscError(f"{name[:40]!r} came with {len(one.arguments)} arguments; one is enough")
    return one.arguments[0] if one.arguments and one.arguments[0] is not None else True


def _fitting(value: Value) -> Value:
    """A whole number that OSC's 31 bits cannot hold goes as a float."""
    return float(value) if isinstance(value, int) and value > 0x7FFF_FFFF else value


def _pressed(argument: Argument) -> bool:
    """Whether a button goes down: it sends 0 as it comes up again."""
    return isinstance(argument, str) or bool(argument)


def _setting(name: str, tail: Sequence[str], argument: Argument, one: Message) -> dict[str, Any] | None:
    line = control(name)
    if not tail:
        if not one.arguments:
            raise OscError(f"{name} came without a value")
        return {"do": "set", "values": {name: line.loose(argument)}}
    if len(tail) == 1 and tail[0] == "unit":
        return {"do": "set", "values": {name: line.from_unit(argument)}}
    if len(tail) == 1 and tail[0] in ("toggle", "reset"):
        asked = {"do": "toggle", "name": name} if tail[0] == "toggle" else {"do": "reset", "names": [name]}
        return asked if _pressed(argument) else None
    if len(tail) == 1 and line.kind == "choice":  # a button for each choice
        return {"do": "set", "values": {name: line.check(tail[0])}} if _pressed(argument) else None
    raise OscError(f"{name}/{'/'.join(tail)[:40]!r} is not known; known: {name}/unit, /toggle, /reset")


def _word(name: str, tail: Sequence[str], argument: Argument) -> dict[str, Any] | None:
    if name == "query":
        port = argument if type(argument) is int else 0
        if tail not in ([], ["unit"]) or not 0 <= port <= 65_535:
            raise OscError("query takes a port to answer to, or nothing; query/unit answers with 0..1")
        return {"do": "get", "unit": bool(tail), "port": port}
    if tail and tail[0] in WORDS[name]:
        verb = tail[0]
    elif name == "reset" and not tail:
        verb = ""
    else:
        raise OscError(f"{name} is followed by one of: {', '.join(WORDS[name]) or 'nothing'}")
    if not _pressed(argument):
        return None
    if name == "reset":
        return {"do": "reset"}
    if name == "neutral":
        return {"do": "capture" if verb == "capture" else "release"}
    # the name of a preset may stand in the address, for buttons that send a number only
    text = argument if isinstance(argument, str) else "/".join(tail[1:])
    return {"do": verb, "name" if name == "preset" else "uri": text}
