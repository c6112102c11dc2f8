"""The take as glTF: the project's own head, its 52 shapes, head and eyes moving. Needs pygltflib (extra `studio`).

Metres; axes are the head frame's, which are glTF's. Keys stand at each frame's `time_s`; between them all is linear.
The mesh `Face` names its 52 targets in `extras.targetNames`; the nodes `Head`, `EyeRight` and `EyeLeft` turn.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from bridge.frames import Floats, RigFrame
from bridge.head import load_head
from bridge.head.binary import UNIT_M
from bridge.head.glb import FLOAT, Gltf, head_glb
from bridge.head.model import SIDES
from bridge.takes import PLAIN, Slate, TakeError
from bridge.takes.draft import GatheredTake
from bridge.takes.joints import Motion

MAGIC = b"glTF"
HEADER = struct.Struct("<4sII")
CHUNK = struct.Struct("<I4s")


def require_gltf() -> None:
    """Nothing, if pygltflib is there.

    Raises:
        TakeError: if not.
    """
    try:
        Gltf()
    except ImportError as error:
        raise TakeError(str(error)) from error


class GlbTake(GatheredTake):
    """Collects what moves and writes it with the head at the end."""

    def __init__(self, path: Path, slate: Slate = PLAIN) -> None:
        require_gltf()
        super().__init__(path)
        self._slate = slate
        self._motion = Motion()

    def add(self, frame: RigFrame) -> None:
        """Takes the next frame."""
        self._motion.add(frame)

    def _whole(self) -> bytes:
        g = head_glb(load_head())
        if len(self._motion):
            animate(g, self._motion, "Take")
        g.doc.asset.extras = {
            "facecue": {
                "frames": len(self._motion),
                "rate_hz": self._slate.rate_hz,
                "sound": self._slate.sound,
            }
        }
        return g.bytes()


def animate(g: Gltf, motion: Motion, name: str) -> None:
    """Adds an animation to a document that has the nodes `Face`, `Head`, `EyeRight` and `EyeLeft`."""
    lib = g.lib
    nodes = {node.name: index for index, node in enumerate(g.doc.nodes)}
    time_s = motion.time_s.astype("<f4")
    times = g.accessor(time_s, "SCALAR", FLOAT, min=[float(time_s[0])], max=[float(time_s[-1])])
    channels: list[Any] = []
    samplers: list[Any] = []

    def channel(node: str, path: str, values: Floats, kind: str) -> None:
        keys = g.accessor(np.ascontiguousarray(values, "<f4"), kind, FLOAT)
        samplers.append(lib.AnimationSampler(input=times, output=keys, interpolation="LINEAR"))
        target = lib.AnimationChannelTarget(node=nodes[node], path=path)
        channels.append(lib.AnimationChannel(sampler=len(samplers) - 1, target=target))

    rest = np.asarray(g.doc.nodes[nodes["Head"]].translation, np.float32)
    channel("Face", "weights", motion.weights.reshape(-1), "SCALAR")
    channel("Head", "rotation", motion.head_rotation, "VEC4")
    channel("Head", "translation", rest + motion.head_translation * np.float32(UNIT_M), "VEC3")
    for side, which in enumerate(SIDES):
        channel(f"Eye{which.capitalize()}", "rotation", motion.eye_rotation(side), "VEC4")
    g.doc.animations.append(lib.Animation(name=name, channels=channels, samplers=samplers))


def frames_in_glb(path: Path) -> int:
    """Number of frames of a complete take; no library is needed.

    Raises:
        TakeError: if it is cut short or no take of ours.
        OSError: if it cannot be read.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            magic, version, length = HEADER.unpack(file.read(HEADER.size))
            if (magic, version, length) != (MAGIC, 2, size):
                raise TakeError(f"{path} is no complete GLB of {size} bytes: bake it again")
            count, _ = CHUNK.unpack(file.read(CHUNK.size))
            return int(json.loads(file.read(count))["asset"]["extras"]["facecue"]["frames"])
    except (struct.error, ValueError, KeyError, TypeError) as error:
        if isinstance(error, TakeError):
            raise
        raise TakeError(f"{path} is no GLB take ({error}): bake it again") from error
