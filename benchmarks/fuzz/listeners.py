"""The parsers behind a port, by name: control by OSC and ZeroMQ, PCM by TCP, gRPC, VTube Studio's answers, HTTP.

Each is the listener itself with its socket taken away, so that a sample goes through all of it, its count included.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.fuzz import desks, lines, parsers, vts


def makers() -> dict[str, Callable[[ExitStack, Path], parsers.Parser]]:
    """Name → what opens that parser; those whose library is missing are left out."""
    made: dict[str, Callable[[ExitStack, Path], parsers.Parser]] = {
        "control-osc": desks.control_osc, "control-zmq": desks.control_zmq, "pcm": lines.pcm, "preview": lines.preview,
        "vts": vts.conversation, "vts-found": vts.found,
    }  # fmt: skip
    if all(importlib.util.find_spec(name) for name in ("grpc", "nvidia_audio2face_3d")):
        made["a2f"] = importlib.import_module("benchmarks.fuzz.a2f").stream_of_messages
    return made
