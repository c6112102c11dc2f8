"""Control by OSC and by ZeroMQ, each at a desk of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgpack

from benchmarks.fuzz import bend, forms, parsers
from bridge.address import parse
from bridge.control import ControlDesk
from bridge.controls import CONTROLS, DirectionConfig
from bridge.direction import Direction
from bridge.door import Door
from bridge.landmarks import neutral_face
from bridge.presets import Presets
from bridge.remote.osc import WORDS, OscControl
from bridge.remote.zeromq import ZeroMqControl
from bridge.sinks import SCHEMES, SinkError
from bridge.sinks.osc_packet import bundle, message

SOCKETLESS = ("127.0.0.1", 9)
"""Where answers would go: nothing is sent, the socket is closed."""


class _Sinks:
    """A roster that opens nothing: samples name places that are somebody's."""

    def __init__(self) -> None:
        self._open = ["null://"]

    def add(self, uri: str) -> None:
        if parse(uri).scheme not in SCHEMES or uri in self._open or len(self._open) > 8:
            raise SinkError("that cannot be opened")
        self._open.append(uri)

    def remove(self, uri: str) -> None:
        if uri not in self._open:
            raise SinkError("no such sink is open")
        self._open.remove(uri)

    def retarget(self, old: str, new: str) -> None:
        self.remove(old)
        self.add(new)

    def uris(self) -> list[str]:
        return list(self._open)


def _desk(folder: Path) -> ControlDesk:
    return ControlDesk(Direction(DirectionConfig(), neutral_face()), "face", Presets(folder), _Sinks())


def _counted(control: OscControl | ZeroMqControl, desk: ControlDesk, hear: Callable[[], object]) -> bool:
    """Whether nothing was refused; what is held then must still be a direction."""
    before = control.status()
    hear()
    after = control.status()
    DirectionConfig(**desk.values())  # type: ignore[arg-type]  raises on what cannot be
    if not after.detail.isprintable():
        raise parsers.Unexpected(f"a status that is not printable: {after.detail!r}")
    return after.refused == before.refused


def control_osc(_stack: ExitStack, folder: Path) -> parsers.Parser:
    """Packets as they come from UDP."""
    desk = _desk(folder)
    control = OscControl("osc://", "127.0.0.1:0", {}, desk)
    control.close()
    seconds = iter(range(2**62))
    control._door = Door("osc://", None, lambda: float(next(seconds)))  # none is one too many
    root = "/facecue/control"
    seeds = [
        message(f"{root}/mouth", 1.2),
        message(f"{root}/face/emotion", "happy"),
        message(f"{root}/emotion/sad", 1),
        bundle(
            [
                message(f"{root}/mouth/unit", 0.5),
                message(f"{root}/gate/toggle", True),
                message(f"{root}/reset"),
            ]
        ),
        bundle([message(f"{root}/preset/save", "one"), message(f"{root}/preset/load/one", 1)]),
        message(f"{root}/query", 9000),
        message(f"{root}/sink/add", "null://?rate=60"),
        message(f"{root}/neutral/capture"),
    ]
    vocabulary = [
        *CONTROLS,
        *WORDS,
        "unit",
        "toggle",
        "load",
        "save",
        "add",
        "capture",
        "face",
        "happy",
        "control",
    ]

    def hear(data: bytes) -> bool:
        return _counted(control, desk, lambda: control.hear(data, SOCKETLESS))

    return parsers.Parser("control-osc", hear, seeds, forms.osc(vocabulary))


def control_zmq(_stack: ExitStack, folder: Path) -> parsers.Parser:
    """Requests as they come from REQ sockets, and their answers."""
    desk = _desk(folder)
    control = ZeroMqControl("zmq://", "127.0.0.1:0", {}, desk)
    control.close()
    requests: list[dict[str, Any]] = [
        {"do": "set", "values": {"emotion": "sad", "mouth": 1.4}, "unit": {"jaw": 0.5}, "token": "x" * 20},
        {"do": "get", "names": ["mouth", "gate"], "actor": "face"},
        {"do": "toggle", "name": "gate"},
        {"do": "reset", "names": ["mouth"]},
        {"do": "table"},
        {"do": "save", "name": "one"},
        {"do": "load", "name": "one"},
        {"do": "delete", "name": "one"},
        {"do": "add", "uri": "null://?rate=60"},
        {"do": "remove", "uri": "null://?rate=60"},
        {"do": "capture"},
        {"do": "release"},
    ]
    seeds = [json.dumps(one).encode() for one in requests] + [msgpack.packb(one) for one in requests]

    def either(data: bytes, rng: Any) -> bytes:
        return (bend.json_tree if data[:1] == b"{" else bend.packed_tree)(data, rng)

    def answer(data: bytes) -> bool:
        told = b""

        def ask() -> None:
            nonlocal told
            told = control.answer([data])

        taken = _counted(control, desk, ask)
        said = json.loads(told) if told[:1] == b"{" else msgpack.unpackb(told)
        if said["ok"] is not taken:
            raise parsers.Unexpected(f"an answer that was not counted: {said}")
        return taken

    return parsers.Parser("control-zmq", answer, seeds, either)
