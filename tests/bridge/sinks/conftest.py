from __future__ import annotations

import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer

from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame, rest_cues
from bridge.landmarks import neutral_face

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


@pytest.fixture(scope="session")
def resting() -> Callable[..., RigFrame]:
    """The face at rest, with some of its cues or its weights (by name) changed."""

    def face(weights: dict[str, float] | None = None, **changes: Any) -> RigFrame:
        values = np.zeros(len(ARKIT), np.float32)
        for name, value in (weights or {}).items():
            values[ARKIT_INDEX[name]] = value
        cues = rest_cues(changes.pop("n", 0), neutral_face())
        return RigFrame(cues.with_(**{k: np.asarray(v, np.float32) for k, v in changes.items()}), values, 0.1)

    return face


@pytest.fixture(scope="session")
def faces() -> st.SearchStrategy[RigFrame]:
    """Faces as they come: any weights, any pose within the director's limits, any time."""

    def face(n: int, weights: Any, gaze: Any, axis: Any, angle: float, shift: Any, seed: int) -> RigFrame:
        axis = axis / np.linalg.norm(axis)
        turn = np.append(axis * np.sin(angle / 2), np.cos(angle / 2)).astype(np.float32)
        jitter = np.random.default_rng(seed).uniform(-1, 1, (68, 3)).astype(np.float32)
        cues = rest_cues(n, neutral_face()).with_(
            landmarks=neutral_face() + jitter, gaze=gaze, head_rotation=turn, head_translation=shift
        )
        return RigFrame(cues, weights, 0.1)

    def numbers(shape: Any, low: float, high: float) -> st.SearchStrategy[Any]:
        return hnp.arrays(np.float32, shape, elements=st.floats(low, high, width=32))

    return st.builds(
        face,
        st.integers(0, 10**7),
        numbers(52, 0, 1),
        numbers((2, 2), -0.625, 0.625),
        numbers(3, 0.125, 1),
        st.floats(-0.8, 0.8),
        numbers(3, -10, 10),
        st.integers(0, 99),
    )


class UdpPeer:
    """A socket that hands out the datagrams it gets."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(5.0)
        self.port: int = self._socket.getsockname()[1]

    def take(self, count: int) -> list[bytes]:
        return [self._socket.recv(65536) for _ in range(count)]

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def udp_peers() -> Iterator[tuple[UdpPeer, UdpPeer]]:
    peers = UdpPeer(), UdpPeer()
    yield peers
    for peer in peers:
        peer.close()
