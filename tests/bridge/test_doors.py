"""Beyond this machine nobody is heard without a key or a token: every port that listens, one after the other."""

import ast
import hashlib
import hmac
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import bridge
from bridge import door as doors
from bridge.address import endpoints
from bridge.cli import run
from bridge.control import ControlDesk
from bridge.controls import DirectionConfig
from bridge.direction import Direction
from bridge.door import VARIABLE, Door
from bridge.landmarks import neutral_face
from bridge.mishaps import QUIET_S
from bridge.presets import Presets
from bridge.remote import open_control
from bridge.serve.door import Door as ServeDoor
from bridge.serve.door import Refusals, read_token
from bridge.sinks import open_sink
from bridge.sinks.curve import Guard
from bridge.sources import open_source
from bridge.trackers import open_tracker

TOKEN = "-".join(("correct", "horse", "battery"))


def _control(scheme: str, tmp_path: Path) -> None:
    desk = ControlDesk(Direction(DirectionConfig(), neutral_face()), "face", Presets(tmp_path))
    open_control(f"{scheme}://0.0.0.0:0", desk)


PORTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "control osc": (lambda p: _control("osc", p), "token_file"),
    "control zmq": (lambda p: _control("zmq", p), "token_file"),
    "source tcp": (lambda _: open_source("tcp://0.0.0.0:0"), "token_file"),
    "sink zmq": (lambda _: open_sink("zmq://0.0.0.0:5556"), "curve=NAME"),
    "sink preview": (lambda _: open_sink("preview://0.0.0.0:0"), "public=1"),
    "tracker vmc": (lambda _: open_tracker("vmc://0.0.0.0:0"), r"\?from=ADDRESS"),
    "serve a2f": (
        lambda _: ServeDoor.at(endpoints("x", "0.0.0.0:0", lowest_port=0)[0], read_token(None)),
        "without a token",
    ),
}
"""What is opened → what its refusal tells to do. A preview and a sink only show; a tracker's protocol has no keys."""


@pytest.mark.parametrize("name", PORTS)
def test_no_port_opens_to_other_machines_without_a_key(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr(socket.socket, "bind", lambda _, where: opened.append(where))
    monkeypatch.setattr("zmq.Socket.bind", lambda _, where: opened.append(where))
    make, says = PORTS[name]
    with pytest.raises(ValueError, match=says) as caught:
        make(tmp_path)
    assert opened == []
    assert "\n" not in str(caught.value)


def test_the_server_refuses_before_it_loads_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert run(["serve", "--a2f", "--listen", "0.0.0.0:0"]) == 1
    assert "nobody is let in there without a token" in capsys.readouterr().err


def test_every_room_that_listens_is_in_the_list() -> None:
    listening = set()
    root = Path(bridge.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
                "bind", "create_server", "add_insecure_port", "add_secure_port", "server_bind",
            ):  # fmt: skip
                listening.add(path.relative_to(root).as_posix())
    assert listening == {
        "remote/osc.py", "remote/zeromq.py", "sources/tcp.py", "sinks/zeromq.py", "sinks/browser.py", "trackers/vmc.py",
        "serve/a2f.py",
        "sinks/curve.py",  # inproc, within the process
        "sinks/vts_discovery.py",  # hears announcements; from other machines with public=1 only
        "commands/doctor.py",  # on loopback, for a moment
    }  # fmt: skip


class Comparisons:
    """Stands in for `hmac.compare_digest` and keeps what it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[bytes, bytes]] = []
        real = hmac.compare_digest

        def compare(a: bytes, b: bytes) -> bool:
            self.seen.append((a, b))
            return real(a, b)

        monkeypatch.setattr(hmac, "compare_digest", compare)


WRONG: tuple[object, ...] = (
    "", "x", TOKEN[:-1], TOKEN + "x", "y" + TOKEN[1:], "x" * 10_000, "\ud800é", None, 7, b"bytes", ["list"],
)  # fmt: skip


@pytest.mark.parametrize("given", WRONG, ids=lambda g: repr(g)[:20])
def test_a_wrong_token_takes_one_comparison_of_digests_of_one_length(
    given: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparisons = Comparisons(monkeypatch)
    size = hashlib.sha256().digest_size
    assert not Door("x", TOKEN).admits(given)
    assert [(len(a), len(b)) for a, b in comparisons.seen] == [(size, size)]
    comparisons.seen.clear()
    if given is None or isinstance(given, str):
        for scheme in ("Bearer", "Basic"):
            assert not ServeDoor(TOKEN).admits(None if given is None else f"{scheme} {given}")
        assert {(len(a), len(b)) for a, b in comparisons.seen} == {(size, size)}
        assert len(comparisons.seen) == 2  # also under another scheme: as long as under the right one
    assert TOKEN.encode() not in b"".join(a + b for pair in comparisons.seen for a, b in [pair])


def test_only_the_door_compares_tokens_and_only_so() -> None:
    for name in ("remote/osc.py", "remote/zeromq.py", "sources/tcp.py", "serve/a2f.py", "serve/door.py"):
        tree = ast.parse((Path(bridge.__file__).parent / name).read_text(encoding="utf-8"))
        compared = {
            getattr(part, "attr", getattr(part, "id", ""))
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare) and any(isinstance(op, (ast.Eq, ast.NotEq)) for op in node.ops)
            for part in (node.left, *node.comparators)
        }
        assert not {"token", "_token", "authorization"} & compared, name
    assert Path(doors.__file__).read_text(encoding="utf-8").count("compare_digest") == 1


def test_a_wrong_key_is_compared_with_all_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard.__new__(Guard)
    guard._allowed = [bytes([i]) * 32 for i in range(5)]
    comparisons = Comparisons(monkeypatch)
    for key in (guard._allowed[0], guard._allowed[4], b"\xff" * 32):
        comparisons.seen.clear()
        assert guard.knows(key) is (key in guard._allowed)
        assert len(comparisons.seen) == 5


@pytest.mark.parametrize("kind", ["control, source", "serve"])
def test_ten_thousand_wrong_ones_are_one_line_in_a_minute(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    door, refusals = Door("osc://x", TOKEN, lambda: now[0]), Refusals("server", lambda: now[0])
    caplog.set_level(logging.DEBUG)

    def knock() -> None:
        if kind == "serve":
            refusals.add("a token is needed")
        else:
            door.admits("wrong")

    for n in range(10_000):
        now[0] = n * 2 * QUIET_S / 10_000  # two minutes
        knock()
    assert len(caplog.records) == 2
    assert TOKEN not in caplog.text
