"""The bytes in tests/golden are what is sent, and peers that we did not write read the frame out of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgpack
import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle

from bridge.frames import ARKIT, EMOTIONS

GOLDEN = Path(__file__).parents[2] / "golden"
NAMES = ["zmq_v1.bin", "osc_v1_1.bin", "osc_v1_2.bin", "vmc_1.bin", "vmc_2.bin", "vmc_3.bin"]


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / "frame.json").read_text(encoding="utf-8"))
    return loaded


def read_osc(*names: str) -> list[tuple[str, list[Any]]]:
    bundles = [OscBundle((GOLDEN / name).read_bytes()) for name in names]
    return [(message.address, message.params) for bundle in bundles for message in bundle]


def same(got: Any, want: Any) -> None:
    np.testing.assert_array_equal(np.asarray(got, np.float32), np.asarray(want, np.float32).ravel())


def test_encoders_write_the_golden_bytes(golden_writer: ModuleType) -> None:
    made = golden_writer.golden_bytes()
    assert list(made) == NAMES
    for name, data in made.items():
        assert data == (GOLDEN / name).read_bytes(), name


def test_messagepack(values: dict[str, Any]) -> None:
    wire = msgpack.unpackb((GOLDEN / "zmq_v1.bin").read_bytes())
    assert {key: wire.pop(key) for key in ("v", "t", "n", "latency_s")} == {
        key: values[key] for key in ("v", "t", "n", "latency_s")
    }
    for key, raw in wire.items():
        same(np.frombuffer(raw, "<f4"), values[key])


def test_native_osc(values: dict[str, Any]) -> None:
    (address, (n, *landmarks)), *rest = read_osc("osc_v1_1.bin", "osc_v1_2.bin")
    assert (address, n) == ("/facecue/face/landmarks", values["n"])
    same(landmarks, values["landmarks"])
    messages = dict(rest)
    same(messages["/facecue/face/gaze"], values["gaze"])
    same(messages["/facecue/face/head"], values["head_rotation"] + values["head_translation"])
    same(messages["/facecue/face/emotion"], values["emotion"])
    same(messages["/facecue/face/arkit"], values["arkit"])
    assert rest[-1][0] == "/facecue/face/frame"
    n, t, latency_s, v = rest[-1][1]
    assert (n, v) == (values["n"], values["v"])
    same([t, latency_s], [values["t"], values["latency_s"]])


def test_vmc(values: dict[str, Any]) -> None:
    messages = read_osc("vmc_1.bin", "vmc_2.bin", "vmc_3.bin")
    blends = {p[0]: p[1] for a, p in messages if a == "/VMC/Ext/Blend/Val"}
    assert list(blends) == list(ARKIT)
    same(list(blends.values()), values["arkit"])
    emotions = {p[0]: p[1] for a, p in messages if a == "/VMC/Thru/facecue/emotion"}
    assert list(emotions) == list(EMOTIONS)
    same(list(emotions.values()), values["emotion"])
