"""From the bridge to pictures: real sinks, a real receiver under mono. FACECUE_UNITY_FULL=1 takes the full minute.

`python -m benchmarks.unity` prints the same measurements as a table.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = [pytest.mark.mono, pytest.mark.slow]
FULL = os.environ.get("FACECUE_UNITY_FULL") == "1"
WIRES = ("zmq", "osc")


def test_the_bridge_is_read_as_it_speaks(mono: Any, engine: ModuleType) -> None:
    seconds = 60 if FULL else 8
    truth, seen = engine.bridge_run(mono, seconds)
    assert len(truth) > 45 * seconds
    for wire in WIRES:
        assert engine.difference(truth, seen[wire]) <= 1e-6, wire
        assert len(seen[wire].frames) >= 0.98 * len(truth), wire
        assert seen[wire].number("rejected") == 0, wire


def test_pictures_follow_a_known_curve(mono: Any, engine: ModuleType) -> None:
    seen = engine.curve_run(mono, 60 if FULL else 8)
    for wire in WIRES:
        for hz, pictures in seen[wire].pictures.items():
            off = engine.off_curve(pictures)
            assert off.weight < 0.02, (wire, hz, off)
            assert off.turn < 0.02, (wire, hz, off)
            assert off.settled > 0.8, (wire, hz, off)  # a busy machine is late at times


def test_no_frame_allocates(mono: Any, engine: ModuleType) -> None:
    seen = engine.flood_run(mono, 17_000)
    for wire in WIRES:
        assert seen[wire].number("bytes") == 0, wire  # of the thread that takes, plays and pictures
        # of any thread: one object a frame, 16 bytes at least, would have used up the 256 KiB
        assert seen[wire].number("collections") == 0, wire
    assert seen["osc"].number("counted_frames") > 16_400


def test_a_bridge_that_is_killed_and_started_again(mono: Any, engine: ModuleType) -> None:
    killed = engine.kill_run(mono, 20 if FULL else 2)
    assert killed.misread == 0
    for wire in WIRES:
        seen = killed.seen[wire]
        assert len(killed.back_s[wire]) == killed.kills + 1, wire
        assert seen.number("rejected") > 20 * killed.kills, wire
        assert seen.number("dropped") == 0, wire
        assert seen.number("restarts_60") == killed.kills, wire
    assert max(killed.back_s["osc"]) < 0.2
    assert max(killed.back_s["zmq"]) < 1.7
    assert killed.seen["zmq"].number("connections") >= killed.kills + 1
