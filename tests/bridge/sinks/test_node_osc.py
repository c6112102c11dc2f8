"""node-osc, an OSC stack of another language and other people, reads what we send and is read by us.

Needs node and its package node-osc (`npm install node-osc@11.7.1`); the folder `node_modules` that holds it is named by
FACECUE_NODE_MODULES, or NODE_PATH. Skipped where there is none.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from bridge.control import ControlDesk
from bridge.controls import DirectionConfig
from bridge.direction import Direction
from bridge.frames import ARKIT, EMOTIONS, RigFrame
from bridge.landmarks import neutral_face
from bridge.remote import open_control
from bridge.remote.osc import OscControl
from bridge.rigs import load_rig
from bridge.sinks import open_sink
from bridge.sinks.datagram import DatagramSink
from bridge.trackers import open_tracker
from bridge.trackers.vmc import VmcTracker

HERE = Path(__file__).parent
NODE = shutil.which("node")
FOLDERS = [os.environ[name] for name in ("FACECUE_NODE_MODULES", "NODE_PATH") if os.environ.get(name)]
ENVIRONMENT = {**os.environ, "NODE_PATH": os.pathsep.join(FOLDERS)}
Message = list[Any]
"""Address, then the arguments."""


@pytest.fixture(scope="module", autouse=True)
def node() -> str:
    if NODE is None:
        pytest.skip("node is not installed")
    found = subprocess.run(
        [NODE, "-e", "require('node-osc')"], env=ENVIRONMENT, capture_output=True, timeout=60, check=False
    )
    if found.returncode:
        pytest.skip(
            "node has no node-osc: npm install node-osc@11.7.1, and name its node_modules in NODE_PATH"
        )
    return NODE


def heard(node: str, uri: str, frame: RigFrame) -> list[list[Message]]:
    """What node-osc reads of a frame sent to a URI (`{port}` in it), packet by packet."""
    with_port = open_sink(uri.format(port=9))
    assert isinstance(with_port, DatagramSink)
    count = len(with_port.packets(frame))
    with_port.close()
    command = [node, str(HERE / "node_osc_reader.cjs"), str(count)]
    reader = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert reader.stdout is not None
        port = reader.stdout.readline().strip()
        sink = open_sink(uri.format(port=port), actor="anna")
        sink.send(frame)
        sink.close()
        out, error = reader.communicate(timeout=20)
    finally:
        reader.kill()
        reader.wait()
    assert (reader.returncode, error) == (0, "")
    packets = json.loads(out)
    assert {tag for tag, _ in packets} == {0}  # node-osc's word for "now"
    return [messages for _, messages in packets]


def exact(values: Any) -> list[float]:
    """float32 as a double holds it: node-osc's numbers are doubles."""
    return [float(value) for value in np.asarray(values, np.float32).ravel()]


def test_it_reads_the_native_wire(node: str, frame: RigFrame) -> None:
    first, second = heard(node, "osc://127.0.0.1:{port}", frame)
    cues = frame.cues
    assert first == [["/facecue/anna/landmarks", cues.n, *exact(cues.landmarks)]]
    assert second == [
        ["/facecue/anna/gaze", *exact(cues.gaze)],
        ["/facecue/anna/head", *exact(cues.head_rotation), *exact(cues.head_translation)],
        ["/facecue/anna/emotion", *exact(cues.emotion)],
        ["/facecue/anna/arkit", *exact(frame.weights)],
        ["/facecue/anna/frame", cues.n, *exact([cues.time_s, frame.latency_s]), 1],
    ]


def test_it_reads_a_rig_and_a_viseme(node: str, frame: RigFrame, tmp_path: Path) -> None:
    table = tmp_path / "my.toml"
    table.write_text('[curves]\nJaw = "jawOpen"\n[bones.Jaw]\npitch = { weights = { jawOpen = -0.4 } }\n')
    query = f"?landmarks=0&visemes=rhubarb9&rig={quote(str(table))}"
    (messages,) = heard(node, "osc://127.0.0.1:{port}" + query, frame)
    by_address = {message[0]: message[1:] for message in messages}
    rig = load_rig(table)
    assert by_address["/facecue/anna/rig/Jaw"] == exact(rig.values(frame.weights, frame.cues))
    turn = rig.bones(frame.weights, frame.cues)["Jaw"]
    assert by_address["/facecue/anna/bone/Jaw"] == exact([*turn.rotation, turn.yaw, turn.pitch, turn.roll])
    name, index = by_address["/facecue/anna/viseme"]
    assert load_rig("rhubarb9").names[index] == name
    assert messages[-1][0] == "/facecue/anna/frame"


@pytest.mark.parametrize("role", ["assistant", "performer"])
def test_it_reads_vmc(node: str, role: str, frame: RigFrame) -> None:
    packets = heard(node, f"vmc://127.0.0.1:{{port}}?role={role}", frame)
    messages = [message for packet in packets for message in packet]
    assert messages[0] == ["/VMC/Ext/OK", 1, 3, 0, 1]
    assert messages[1] == ["/VMC/Ext/T", *exact(frame.cues.time_s)]
    assert messages[-1] == ["/VMC/Ext/Blend/Apply"]
    of: dict[str, list[Message]] = {}
    for address, *arguments in messages:
        of.setdefault(address, []).append(arguments)
    assert of["/VMC/Ext/Blend/Val"] == [[n, *exact(w)] for n, w in zip(ARKIT, frame.weights, strict=True)]
    emotions = [[n, *exact(p)] for n, p in zip(EMOTIONS, frame.cues.emotion, strict=True)]
    assert of["/VMC/Thru/facecue/emotion"] == emotions
    bones = {name: pose for name, *pose in of["/VMC/Ext/Bone/Pos"]}
    assert set(bones) == {"Neck", "Head", "LeftEye", "RightEye"}
    assert all(len(pose) == 7 for pose in bones.values())
    x, y, z = exact(frame.cues.head_translation)
    assert bones["Head"][:3] == pytest.approx([-x / 100, y / 100, z / 100], abs=1e-7)
    assert ("/VMC/Ext/Root/Pos" in of) == (role == "performer")
    assert ("/VMC/Ext/Set/Eye" in of) == (role == "assistant")


def send(node: str, port: int, *sent: Any) -> None:
    command = [node, str(HERE / "node_osc_writer.cjs"), str(port)]
    subprocess.run(
        command,
        env=ENVIRONMENT,
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )


def until(true: Callable[[], bool]) -> None:
    ends_at = time.perf_counter() + 5
    while not true():
        assert time.perf_counter() < ends_at
        time.sleep(0.01)


def test_control_hears_it(node: str) -> None:
    direction = Direction(DirectionConfig(), neutral_face())
    control = open_control("osc://127.0.0.1:0", ControlDesk(direction))
    assert isinstance(control, OscControl)
    try:
        send(
            node,
            control.port,
            ["/facecue/control/mouth", 0.5],
            {"bundle": [["/facecue/control/emotion", "happy"], ["/facecue/control/mute", 1]]},
        )
        until(lambda: direction.config.mute)
        assert (direction.config.mouth, direction.config.emotion) == (0.5, "happy")
        assert control.status().refused == 0
    finally:
        control.close()


def test_the_tracker_hears_it(node: str) -> None:
    tracker = open_tracker("vmc://:0")
    assert isinstance(tracker, VmcTracker)
    try:
        send(
            node,
            tracker.port,
            {
                "bundle": [
                    ["/VMC/Ext/OK", 1],
                    ["/VMC/Ext/Blend/Val", "JawOpen", 0.25],
                    ["/VMC/Ext/Blend/Apply"],
                ]
            },
        )
        until(lambda: float(tracker.latest().weights[ARKIT.index("jawOpen")]) == 0.25)
        assert tracker.status().rejected == 0
    finally:
        tracker.close()
