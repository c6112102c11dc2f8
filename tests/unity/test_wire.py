"""The wire layer of the Unity package: NUnit's tests of it under mono, and Python's own rooms as its peers."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bridge.control import ControlDesk
from bridge.direction import Direction, DirectionConfig
from bridge.frames import ARKIT, EMOTIONS, arrays_of
from bridge.landmarks import neutral_face
from bridge.remote import open_control
from bridge.sinks.wire import WireError, decode

pytestmark = pytest.mark.mono
HERE = Path(__file__).parent


def test_nunit(mono: Any, nunit_framework: str) -> None:
    tests = mono.library(
        "Facecue.Wire.Tests", [mono.package / "Tests" / "Runtime" / "Wire"], [mono.wire(), nunit_framework]
    )
    found = mono.nunit(tests)
    failed = "\n\n".join(f"{name}: {said}" for name, said in found.items() if said)
    assert not failed, failed
    assert len(found) > 100


def test_names_and_the_resting_face_are_ours(engine: ModuleType) -> None:
    wire = engine.PACKAGE / "Runtime" / "Wire"
    names = re.findall(r'"(\w+)",', (wire / "FaceNames.cs").read_text(encoding="utf-8"))
    assert names == [*ARKIT, *EMOTIONS]
    numbers = re.findall(r"-?[\d.]+(?=f,)", (wire / "NeutralFace.cs").read_text(encoding="utf-8"))
    np.testing.assert_array_equal(np.array(numbers, np.float32).reshape(68, 3), neutral_face())


def spoilt(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        kind = rng.randrange(4)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del data[at : at + rng.randrange(1, 8)]
        else:
            data[at:at] = rng.randbytes(rng.randrange(1, 8))
        data = data or bytearray(b"\0")
    return bytes(data)


def read_by_python(data: bytes) -> str:
    try:
        frame = decode(data)
    except WireError as error:
        other = re.match(r"wire version (\d+)", str(error))
        return f"version {other[1]}" if other else "nothing"
    arrays = [a.ravel().astype(float) for a in arrays_of(frame).values()]
    total = sum(float((np.arange(1, a.size + 1) * a).sum()) for a in arrays)
    return f"frame {frame.cues.n} {frame.cues.time_s!r} {frame.latency_s!r} {total!r}"


def same_reading(ours: str, theirs: str) -> bool:
    if not ours.startswith("frame") or not theirs.startswith("frame"):
        return ours == theirs
    want, got = ours.split()[1:], theirs.split()[1:]
    return want[0] == got[0] and np.allclose(np.array(got[1:], float), np.array(want[1:], float), rtol=1e-9)


def test_what_python_takes_it_takes(mono: Any, tmp_path: Path) -> None:
    """Of spoilt messages both take the same; only text that is no UTF-8 is nothing to Python and passed over there."""
    rng = random.Random(7)
    whole = (mono.golden / "zmq_v1.bin").read_bytes()
    messages = [whole, *(spoilt(whole, rng) for _ in range(4000))]
    file = tmp_path / "messages"
    file.write_bytes(b"".join(len(m).to_bytes(4, "little") + m for m in messages))
    program = mono.program("Maps", [HERE / "receiver" / "Maps.cs"], [mono.wire()])
    lines = mono.run(program, str(file)).splitlines()
    assert len(lines) == len(messages)
    ours = [read_by_python(m) for m in messages]
    differ = [i for i, (want, got) in enumerate(zip(ours, lines, strict=True)) if not same_reading(want, got)]
    assert not [i for i in differ if ours[i] != "nothing"]
    assert len(differ) < len(messages) / 100, [(ours[i], lines[i]) for i in differ[:5]]
    assert sum(line.startswith("frame") for line in ours) > 500


@pytest.mark.parametrize("locked", [False, True])
def test_the_bridge_hears_its_controls(mono: Any, locked: bool, tmp_path: Path) -> None:
    token = "a-token_of.16~letters" if locked else "-"
    uri = "osc://127.0.0.1:0"
    if locked:
        (tmp_path / "token").write_text(token)
        uri += f"?token_file={tmp_path / 'token'}"
    direction = Direction(DirectionConfig(), neutral_face())
    before = direction.config
    control = open_control(uri, ControlDesk(direction, actor="anna"))
    try:
        program = mono.program("Desk", [HERE / "receiver" / "Desk.cs"], [mono.wire()])
        said = mono.run(program, str(control.port), token, "anna" if locked else "-")
        assert said == "sent=7 problem=none\n"
        until = time.perf_counter() + 5
        while control.status().taken < 10 and time.perf_counter() < until:
            time.sleep(0.01)
        assert control.status().refused == 0, control.status()
    finally:
        control.close()
    after = direction.config
    assert (after.intensity, after.emotion, after.blink, after.mouth) == (1.5, "happy", False, 1.5)
    assert after.gate != before.gate
    assert (after.target, after.target_x, after.target_y, after.target_z) == ("point", -12.5, 3.0, 80.0)
    assert after.target_mix == 0.5
