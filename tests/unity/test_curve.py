"""CURVE: the Unity package's own cryptography against libzmq's, with keys as `facecue keys` makes them."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zmq

from bridge import keys
from bridge.sinks import open_sink
from bridge.sinks.curve import key_pair

pytestmark = [
    pytest.mark.mono,
    pytest.mark.skipif(not zmq.has("curve"), reason="this pyzmq was built without CURVE"),
]


def test_who_has_the_key_is_let_in(
    mono: Any, engine: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FACECUE_CONFIG_DIR", str(tmp_path))
    server, client, stranger = key_pair(), key_pair(), key_pair()
    keys.keep("studio", *server)
    keys.admit("studio", "laptop", client[0])
    keys.keep("open", *server)  # whoever knows the bridge's key
    ports = {name: engine.free_port(socket.SOCK_STREAM) for name in ("studio", "open")}
    plan = {
        "client": (ports["studio"], [server[0], *client]),
        "stranger": (ports["studio"], [server[0], *stranger]),
        "mistaken": (ports["studio"], [stranger[0], *client]),
        "keyless": (ports["studio"], []),
        "anybody": (ports["open"], [server[0], "-", "-"]),
    }
    sinks = [open_sink(f"zmq://127.0.0.1:{port}?curve={name}") for name, port in ports.items()]
    running = {}
    try:
        for who, (port, given) in plan.items():
            running[who] = engine.Receiver(mono, "zmq", port, keys=given)
        start = time.perf_counter()
        n = 0
        while time.perf_counter() < start + 5:
            for sink in sinks:
                sink.send(engine.curve_frame(n))
            n += 1
            time.sleep(0.02)
        seen = {who: receiver.end() for who, receiver in running.items()}
    finally:
        for receiver in running.values():
            receiver.process.kill()
            receiver.process.wait()
        for sink in sinks:
            sink.close()
    for who in ("client", "anybody"):
        assert len(seen[who].frames) > 100, seen[who].says
        assert not any(engine.misread(frame) for frame in seen[who].frames)
        assert seen[who].number("rejected") == 0
        assert seen[who].number("connections") == 1
    for who in ("stranger", "mistaken", "keyless"):
        assert len(seen[who].frames) == 0
    assert "refuses this receiver" in seen["stranger"].says["detail"], seen["stranger"].says
    assert "handshake" in seen["mistaken"].says["detail"], seen["mistaken"].says
    assert "the receiver needs them" in seen["keyless"].says["detail"], seen["keyless"].says
    assert all(seen[who].says["state"] == "Refused" for who in ("stranger", "mistaken", "keyless"))
