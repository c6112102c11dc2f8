"""What others may ask of a running face, and what they are told: requests as plain maps, whatever wire they came by.

A request is a map whose `do` names a verb of `VERBS`; the answer is a map with `ok`, and with `error` where it is
false. Nothing is half done. Knows no wire and no secret: who is let in is said by `bridge.remote`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from bridge.controls import CONTROLS, control, table
from bridge.dial import Value, shown
from bridge.direction import Direction
from bridge.presets import Presets

log = logging.getLogger(__name__)

MESSAGE_LIMIT = 400
"""Characters of an error that go back."""
CATCH_WAIT_S = 0.5
"""A preset waits for a face that is just being captured: the next frame has it."""


@runtime_checkable
class SinkRoster(Protocol):
    """Sinks that come and go while frames flow, as control sees them."""

    def add(self, uri: str) -> None:
        """Opens another sink; ValueError if that cannot be."""

    def remove(self, uri: str) -> None:
        """Closes a sink; ValueError if there is no such one."""

    def retarget(self, old: str, new: str) -> None:
        """Puts another sink in the place of one; ValueError if that cannot be, and the old one stays."""

    def uris(self) -> Sequence[str]:
        """What is open."""
        ...


class RequestError(ValueError):
    """A request that is none, or cannot be met; one line for whoever sent it."""


class ControlDesk:
    """Takes requests from any thread; what is asked for reaches the face between two frames.

    Args:
        direction: what is asked for is asked of it.
        actor: who is being moved; a request that names another is refused.
        presets: where presets are kept; the user's folder by default.
        sinks: what may be added to and removed from; None: nothing.
    """

    def __init__(
        self,
        direction: Direction,
        actor: str = "face",
        presets: Presets | None = None,
        sinks: SinkRoster | None = None,
    ) -> None:
        self.actor = actor
        self._direction = direction
        self._start = direction.config
        self._shelf = presets
        self._sinks = sinks
        self._tally = threading.Lock()
        self.taken = self.refused = 0
        self.last_refusal = ""
        """Why the last one was refused."""

    def answer(self, request: object) -> dict[str, Any]:
        """Does what is asked and says what came of it. Never raises, whatever the request is."""
        try:
            told = {"ok": True, **self._done(request)}
        except (ValueError, OSError) as error:
            told = {"ok": False, "error": self.refuse(error)}
        except Exception as error:
            # a fault of ours, or of a sink that was asked for: others must go on being heard
            log.warning("a request failed: %r", error, exc_info=error)
            told = {"ok": False, "error": self.refuse(f"that failed here: {error!r}")}
        else:
            with self._tally:
                self.taken += 1
        return told

    def refuse(self, reason: object) -> str:
        """Counts a request that was refused, and gives the one line about it."""
        # what a sender wrote may be in it: nothing unprintable reaches a terminal
        line = "".join(c if c.isprintable() else " " for c in str(reason))[:MESSAGE_LIMIT]
        with self._tally:
            self.refused += 1
            self.last_refusal = line
        return line

    def values(self, names: Sequence[object] | None = None) -> dict[str, Value]:
        """What is asked of the face now, by name.

        Raises:
            ValueError: an unknown name.
        """
        config = self._direction.config
        chosen = CONTROLS if names is None else [control(name).name for name in names]
        return {name: getattr(config, name) for name in chosen}

    @property
    def _presets(self) -> Presets:
        if self._shelf is None:  # late: a user without a home folder may want no presets
            self._shelf = Presets()
        return self._shelf

    def _done(self, request: object) -> dict[str, Any]:
        if not isinstance(request, Mapping):
            raise RequestError(f"a request is a map with a key do; this is a {type(request).__name__}")
        actor = request.get("actor", self.actor)
        if actor != self.actor:
            raise RequestError(f"{shown(actor)} is not moved here; this is {self.actor!r}")
        verb = request.get("do")
        if not isinstance(verb, str) or verb not in VERBS:
            raise RequestError(f"do is {shown(verb)}; choose {', '.join(VERBS)}")
        return VERBS[verb](self, request)

    # verbs

    def _get(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        names = request.get("names")
        if names is not None and not isinstance(names, (list, tuple)):
            raise RequestError("names must be a list of controls")
        values = self.values(names)
        return {
            "actor": self.actor,
            "values": values,
            "unit": {name: CONTROLS[name].to_unit(value) for name, value in values.items()},
            "own_neutral": self._direction.own_neutral.held,
        }

    def _set(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        values = {name: control(name).loose(value) for name, value in _map(request, "values").items()}
        values |= {name: control(name).from_unit(value) for name, value in _map(request, "unit").items()}
        if not values:
            raise RequestError("nothing to set; give values (as in mouth: 1.2) or unit (mouth: 0.5, of 0..1)")
        self._direction.change(**values)
        return {"values": values}

    def _toggle(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        line = control(request.get("name"))
        if line.kind != "switch":
            raise RequestError(f"{line.name} is no switch; set it")
        value = not getattr(self._direction.config, line.name)
        self._direction.change(**{line.name: value})
        return {"values": {line.name: value}}

    def _reset(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        """Back to what the face was started with."""
        names = request.get("names")
        if names is not None and not isinstance(names, (list, tuple)):
            raise RequestError("names must be a list of controls")
        chosen = CONTROLS if names is None else [control(name).name for name in names]
        values = {name: getattr(self._start, name) for name in chosen}
        self._direction.change(**values)
        return {"values": values}

    def _table(self, request: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"table": table()}

    def _list(self, request: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"presets": self._presets.names()}

    def _load(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        saved = self._presets.load(request.get("name"))
        self._direction.change(**saved.direction)
        if saved.neutral is not None:
            self._direction.keep_neutral(saved.neutral.offset_cm)
        return {"values": saved.direction, "own_neutral": self._direction.own_neutral.held}

    def _save(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        done, own_neutral = self._direction.own_neutral.caught(CATCH_WAIT_S)
        if not done:
            raise RequestError(
                "the neutral face is to be captured, and no frame came yet; save it when one has"
            )
        self._presets.save(request.get("name"), self._direction.config, own_neutral)
        return {"presets": self._presets.names()}

    def _delete(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        self._presets.delete(request.get("name"))
        return {"presets": self._presets.names()}

    def _capture(self, request: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ARG002
        self._direction.own_neutral.catch()
        return {"own_neutral": True}

    def _release(self, request: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ARG002
        self._direction.own_neutral.let_go()
        return {"own_neutral": False}

    # sinks that come and go: the one place where control touches them

    def _roster(self) -> SinkRoster:
        if self._sinks is None:
            raise RequestError("sinks cannot be changed here while it runs; start it again with other --sink")
        return self._sinks

    def _uris(self, request: Mapping[Any, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"sinks": list(self._roster().uris())}

    def _add(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        self._roster().add(_text(request, "uri"))
        return {"sinks": list(self._roster().uris())}

    def _remove(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        self._roster().remove(_text(request, "uri"))
        return {"sinks": list(self._roster().uris())}

    def _retarget(self, request: Mapping[Any, Any]) -> dict[str, Any]:
        self._roster().retarget(_text(request, "old"), _text(request, "uri"))
        return {"sinks": list(self._roster().uris())}


VERBS: Mapping[str, Callable[[ControlDesk, Mapping[Any, Any]], dict[str, Any]]] = {
    "get": ControlDesk._get,
    "set": ControlDesk._set,
    "toggle": ControlDesk._toggle,
    "reset": ControlDesk._reset,
    "table": ControlDesk._table,
    "presets": ControlDesk._list,
    "load": ControlDesk._load,
    "save": ControlDesk._save,
    "delete": ControlDesk._delete,
    "capture": ControlDesk._capture,
    "release": ControlDesk._release,
    "sinks": ControlDesk._uris,
    "add": ControlDesk._add,
    "remove": ControlDesk._remove,
    "retarget": ControlDesk._retarget,
}
"""What `do` may be."""


def _map(request: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    found = request.get(key, {})
    if not isinstance(found, Mapping):
        raise RequestError(f"{key} must be a map of controls to values")
    return found


def _text(request: Mapping[Any, Any], key: str) -> str:
    found = request.get(key)
    if not isinstance(found, str):
        raise RequestError(f"{key} is {shown(found)}; it must be text")
    return found
