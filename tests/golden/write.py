"""Writes the golden packets of every wire from frame.json: `python tests/golden/write.py`.

Run it only when a wire is meant to change, and look at what git says has changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bridge.frames import ARKIT, Cues, RigFrame
from bridge.sinks.osc import OscSink
from bridge.sinks.vmc import VmcSink
from bridge.sinks.wire import encode

HERE = Path(__file__).parent


def golden_frame() -> RigFrame:
    """The frame of frame.json."""
    values = json.loads((HERE / "frame.json").read_text(encoding="utf-8"))

    def array(key: str) -> np.ndarray:
        return np.array(values[key], np.float32)

    assert values["arkit_names"] == list(ARKIT)
    cues = Cues(
        n=values["n"],
        time_s=values["t"],
        landmarks=array("landmarks"),
        gaze=array("gaze"),
        head_rotation=array("head_rotation"),
        head_translation=array("head_translation"),
        emotion=array("emotion"),
    )
    return RigFrame(cues, array("arkit"), values["latency_s"])


def golden_bytes() -> dict[str, bytes]:
    """File name → the bytes that today's encoders make of the golden frame."""
    frame = golden_frame()
    files = {"zmq_v1.bin": encode(frame)}
    osc = OscSink("osc://127.0.0.1:9000", "127.0.0.1:9000", {}, "face")
    vmc = VmcSink("vmc://127.0.0.1", "127.0.0.1", {}, "face")
    for sink, stem in ((osc, "osc_v1"), (vmc, "vmc")):
        for i, packet in enumerate(sink.packets(frame), start=1):
            files[f"{stem}_{i}.bin"] = packet
        sink.close()
    return files


if __name__ == "__main__":
    for name, data in golden_bytes().items():
        (HERE / name).write_bytes(data)
