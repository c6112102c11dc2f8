"""`facecue doctor`: what is here, what is missing, and how fast a frame is."""

from __future__ import annotations

import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import typer

from bridge.commands.complaint import complaint

HOPS = 200
"""Hops of 10 ms that are timed."""
SLOW_MS = 10.0
"""A p99 a frame above this is half of what a frame has."""
LOOPBACK = "127.0.0.1"
BOUND = ((5556, "zmq://"), (8765, "preview://"))
"""Ports that we listen on by default."""
RECEIVERS = ((9000, "osc://"), (39540, "vmc://"))
"""Ports that we send to by default."""


class Finding(NamedTuple):
    """One line of the report."""

    mark: Literal["ok", "warn", "fail"]
    text: str


def doctor() -> None:
    """Check this installation; the exit code is 1 if something essential fails."""
    failed = False
    for check in (_python, _libraries, _devices, _ports, _receivers, _speech, _networks):
        for finding in _findings(check):
            failed |= finding.mark == "fail"
            typer.echo(f"{finding.mark:4}  {finding.text}")
    raise typer.Exit(1 if failed else 0)


def _findings(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a check finds; a library that is missing or does not load ends it, and not the report."""
    try:
        yield from check()
    except ImportError as error:
        yield Finding("fail", complaint(error))


def _python() -> Iterator[Finding]:
    yield Finding("ok", f"Python {platform.python_version()} on {platform.platform()}, {sys.executable}")


def _libraries() -> Iterator[Finding]:
    """Versions of what the installed distribution depends on."""
    import re
    from importlib import metadata

    try:
        wanted = metadata.requires("facecue") or []
    except metadata.PackageNotFoundError:
        yield Finding("warn", "facecue is not installed: pip install -e . in its folder")
        return
    versions = []
    for requirement in wanted:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if ";" in requirement:  # of an extra, or for another Python
            continue
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding("fail", f"{name} is not installed: pip install '{requirement}'")
    yield Finding("ok", ", ".join([f"facecue {metadata.version('facecue')}", *versions]))


def _devices() -> Iterator[Finding]:
    from bridge.portaudio import DeviceError, devices

    way_out = "only mic:// and --monitor need one"
    try:
        inputs, outputs = devices("input"), devices("output")
    except DeviceError as error:
        yield Finding("warn", f"{error} ({way_out})")
        return
    for kind, found in (("input", inputs), ("output", outputs)):
        if not found:
            yield Finding("warn", f"no {kind} device: plug one in or start the sound server ({way_out})")
            continue
        default = next((d.name for d in found if d.is_default), "none is the default")
        yield Finding("ok", f"{len(found)} {kind} devices, default: {default} (facecue devices lists them)")


def _ports() -> Iterator[Finding]:
    for port, scheme in BOUND:
        if _is_free(port, socket.SOCK_STREAM):
            yield Finding("ok", f"{scheme}{LOOPBACK}:{port} is free")
        else:
            yield Finding(
                "warn", f"{scheme}{LOOPBACK}:{port} is taken, perhaps by another facecue: name another port"
            )


def _receivers() -> Iterator[Finding]:
    for port, scheme in RECEIVERS:
        heard = "nobody listens there yet" if _is_free(port, socket.SOCK_DGRAM) else "a receiver listens"
        yield Finding("ok", f"{scheme}{LOOPBACK}:{port}: {heard}")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if sys.platform != "win32":  # there it would let us share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _speech() -> Iterator[Finding]:
    from bridge.sources import SourceError

    try:
        from bridge.sources.demo import DEMO_CLIPS, load_clip

        load_clip(DEMO_CLIPS[0][0])
    except (SourceError, OSError) as error:
        yield Finding("fail", f"the bundled speech cannot be read: {error}")
    else:
        yield Finding("ok", f"bundled speech: {len(DEMO_CLIPS)} sentences")


def _networks() -> Iterator[Finding]:
    """Whether each shipped network loads, what it says of itself, what a frame costs with it."""
    from bridge.assembly import assemble
    from bridge.config import LiveConfig
    from bridge.contract import ContractError
    from bridge.predictor import Predictor
    from bridge.weights import NAMED, shipped

    networks = shipped()
    for name in NAMED:
        if name not in networks:
            yield Finding("fail", f"network {name} is missing: install facecue again")
    for name, path in networks.items():
        began = time.perf_counter()
        try:
            contract = Predictor.load(path).contract
        except (ContractError, OSError) as error:
            yield Finding("fail", f"network {name}: {error}")
            continue
        loaded_ms = 1e3 * (time.perf_counter() - began)
        yield Finding(
            "ok",
            f"network {name}: look-ahead {contract.lookahead_ms} ms, version {contract.version}, trained on "
            f"{contract.trained_on}, licence {contract.licence}, loaded in {loaded_ms:.0f} ms",
        )
        assembly = assemble(LiveConfig(model=str(path)))
        assembly.warm_up()  # the first calls are slower: they are not what a voice meets
        cost = assembly.warm_up(HOPS).compute
        mark: Literal["ok", "warn"] = "ok" if cost.p99_ms <= SLOW_MS else "warn"
        slow = "" if mark == "ok" else f" (above {SLOW_MS:.0f} ms: close other programs)"
        yield Finding(
            mark,
            f"network {name}: a frame takes p50 {cost.p50_ms:.2f} ms, p99 {cost.p99_ms:.2f} ms "
            f"over {HOPS} hops{slow}",
        )
