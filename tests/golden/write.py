"""Writes the golden packets of every wire, from frame.json, and the numbers of a voice: `python tests/golden/write.py`.

Run it only when a wire is meant to change, and look at what git says has changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bridge.features import log_mel
from bridge.frames import ARKIT, Cues, Floats, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.resample import Sinc
from bridge.retarget import Retarget
from bridge.sinks.osc import OscSink
from bridge.sinks.vmc import VmcSink
from bridge.sinks.wire import encode
from bridge.sources.demo import load_clip

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


def chirp(rate_hz: int, count: int) -> Floats:
    """A tone that rises from 100 Hz to 6 kHz, which other languages make alike: (count,)."""
    t = np.arange(count) / rate_hz
    return (0.5 * np.sin(2 * np.pi * (100 + 2950 * t * rate_hz / count) * t)).astype(np.float32)


def golden_voice() -> dict[str, bytes]:
    """File name → what a voice becomes on its way into the networks, and landmarks on theirs to weights."""
    sound = np.round(load_clip("bbbm2p")[12000:28000] * 32768).astype("<i2")
    mel = log_mel(sound.astype(np.float32) / np.float32(32768))
    resampler = Sinc(44100)
    rng = np.random.default_rng(7)
    frames = []
    for n in range(6):
        cues = rest_cues(n, neutral_face())
        if n:  # the first is the resting face
            moved = cues.landmarks + rng.normal(0, 0.12 * n, (68, 3)).astype(np.float32)
            cues = cues.with_(landmarks=moved, gaze=rng.normal(0, 0.3, (2, 2)).astype(np.float32))
        frames += [cues.landmarks.ravel(), cues.gaze.ravel(), Retarget()(cues)]
    return {
        "voice_sound.bin": sound.tobytes(),
        "voice_mel.bin": mel.astype("<f4").tobytes(),
        "voice_16k.bin": resampler(chirp(44100, 4410)).astype("<f4").tobytes(),
        "voice_retarget.bin": np.concatenate(frames).astype("<f4").tobytes(),
    }


if __name__ == "__main__":
    for name, data in (golden_bytes() | golden_voice()).items():
        (HERE / name).write_bytes(data)
