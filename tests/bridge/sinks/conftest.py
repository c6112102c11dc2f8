from __future__ import annotations

import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer

from bridge.frames import RigFrame

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="session")
def golden_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_writer", GOLDEN / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def frame(golden_writer: ModuleType) -> RigFrame:
    made: RigFrame = golden_writer.golden_frame()
    return made


class OscPeer:
    """python-osc's own server on a port of the system's choice; remembers every message."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.messages: list[tuple[str, tuple[Any, ...]]] = []
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *arguments: self.messages.append((address, arguments)))
        self._server = ThreadingOSCUDPServer((host, port), dispatcher)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def wait_for(self, address: str, count: int = 1) -> list[tuple[Any, ...]]:
        """Arguments of the messages to `address`, once there are `count`."""
        until = time.perf_counter() + 5.0
        while time.perf_counter() < until:
            found = [arguments for a, arguments in list(self.messages) if a == address]
            if len(found) >= count:
                return found
            time.sleep(0.005)
        raise AssertionError(f"{address} did not come {count} times; got {[a for a, _ in self.messages]}")

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def osc_peer() -> Iterator[Callable[..., OscPeer]]:
    peers: list[OscPeer] = []

    def start(*args: Any) -> OscPeer:
        peers.append(OscPeer(*args))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()


@pytest.fixture
def ipv6() -> None:
    """Skips where the machine has no IPv6, as in many containers."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")


@pytest.fixture
def absent_port() -> int:
    """A UDP port that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
