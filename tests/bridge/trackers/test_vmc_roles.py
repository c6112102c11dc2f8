"""The tracker as a marionette that listens to a performer, and as a performer that listens to an assistant."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.mixing import Mixing
from bridge.rigs import load_rig
from bridge.sinks import open_sink
from bridge.sinks.humanoid import BONES
from bridge.trackers import NEVER, open_tracker
from bridge.trackers.vmc import NECK_HOLDS_S, VmcTracker
from bridge.trackers.vrm import PRESETS, weights_of

REST = RigFrame(rest_cues(0, neutral_face()), np.zeros(52, np.float32), 0.0)


@pytest.fixture
def tracker() -> Iterator[VmcTracker]:
    opened = open_tracker("vmc://:0")
    assert isinstance(opened, VmcTracker)
    yield opened
    opened.close()


class Performer:
    """A program of other people's: python-osc makes its bundles."""

    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, *messages: tuple[Any, ...]) -> None:
        bundle = OscBundleBuilder(IMMEDIATELY)  # type: ignore[arg-type]
        for address, *arguments in messages:
            one = OscMessageBuilder(address)
            for argument in arguments:
                one.add_arg(argument)
            bundle.add_content(one.build())  # type: ignore[arg-type]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(bundle.build().dgram, ("127.0.0.1", self._port))

    def body(self, turned: dict[str, tuple[float, ...]]) -> None:
        """All bones of a model that stands somewhere, as VirtualMotionCapture sends them: several bundles."""
        pose = (0.1, 1.2, -0.3, 0.0, 0.0, 0.0, 1.0)
        self.send(("/VMC/Ext/Root/Pos", "root", *pose, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0))  # v2.1 has more
        for i in range(0, len(BONES), 12):
            self.send(
                *(("/VMC/Ext/Bone/Pos", n, *pose[:3], *turned.get(n, pose[3:])) for n in BONES[i : i + 12])
            )


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.perf_counter() + 5.0
    while not condition():
        assert time.perf_counter() < until
        time.sleep(0.002)


def test_a_marionette_takes_the_face_of_a_performer_and_leaves_the_rest(tracker: VmcTracker) -> None:
    performer = Performer(tracker.port)
    half = 0.1
    turn = (0.0, -math.sin(half), 0.0, math.cos(half))  # 0.2 rad to the subject's left, in Unity's axes
    performer.send(("/VMC/Ext/OK", 1, 3, 0, 1), ("/VMC/Ext/T", 12.5))
    performer.send(
        ("/VMC/Ext/VRM", "C:\\model.vrm", "Model", "hash"),
        ("/VMC/Ext/Cam", "Camera", *([0.0] * 7), 90.0),
        ("/VMC/Ext/Rcv", 1, 39540),
        ("/VMC/Ext/Light", "Light", *([0.0] * 11)),
        ("/VMC/Ext/Hmd/Pos", "serial", *([0.0] * 7)),
        ("/VMC/Thru/other", "text", 1),
    )
    performer.body({"Head": turn, "LeftEye": turn, "RightEye": turn})
    performer.send(
        ("/VMC/Ext/Blend/Val", "browInnerUp", 0.75),
        ("/VMC/Ext/Blend/Val", "MyOwnShape", 0.5),
        ("/VMC/Ext/Blend/Apply",),
    )
    wait_for(lambda: float(tracker.latest().weights[ARKIT_INDEX["browInnerUp"]]) == 0.75)
    seen = tracker.latest()
    assert seen.head == pytest.approx([0, math.sin(half), 0, math.cos(half)], abs=1e-6)
    np.testing.assert_allclose(seen.gaze, [[0.2, 0], [0.2, 0]], atol=1e-6)
    assert tracker.status().rejected == 0
    performer.send(
        ("/VMC/Ext/OK", 1, 3, 0, 0), ("/VMC/Ext/Blend/Val", "browInnerUp", 0.0), ("/VMC/Ext/Blend/Apply",)
    )
    wait_for(lambda: "lost the face" in tracker.status().detail)
    assert float(tracker.latest().weights[ARKIT_INDEX["browInnerUp"]]) == 0.75


def test_our_performer_moves_our_marionette_with_its_whole_body(tracker: VmcTracker) -> None:
    weights = np.random.default_rng(0).random(52).astype(np.float32)
    sink = open_sink(f"vmc://127.0.0.1:{tracker.port}?role=performer&body=stand")
    sink.send(RigFrame(REST.cues, weights, 0.0))
    wait_for(lambda: tracker.latest().weights_at.min() > NEVER)
    np.testing.assert_allclose(tracker.latest().weights, weights, atol=1e-6)
    assert tracker.status().rejected == 0
    sink.close()


def test_a_performer_takes_where_an_assistant_says_the_eyes_look(tracker: VmcTracker) -> None:
    assistant = Performer(tracker.port)
    yaw, pitch = 0.3, -0.2
    flat = 0.3 * math.cos(pitch)
    assistant.send(
        ("/VMC/Ext/Set/Eye", 1, -flat * math.sin(yaw), 0.3 * math.sin(pitch), flat * math.cos(yaw)),
    )
    wait_for(lambda: max(tracker.latest().gaze_at) > NEVER)
    np.testing.assert_allclose(tracker.latest().gaze, [[yaw, pitch]] * 2, atol=1e-6)


def test_bones_of_the_eyes_say_more_than_a_place(tracker: VmcTracker) -> None:
    gaze = np.array([[0.2, 0.1], [0.4, 0.1]], np.float32)
    sink = open_sink(f"vmc://127.0.0.1:{tracker.port}")  # our assistant sends both
    sink.send(RigFrame(REST.cues.with_(gaze=gaze), REST.weights, 0.0))
    wait_for(lambda: tracker.latest().weights_at.min() > NEVER)
    np.testing.assert_allclose(tracker.latest().gaze, gaze, atol=1e-5)  # each eye's own
    sink.close()


@pytest.mark.parametrize(
    "wrong", [(), (1,), (1.0, 0.0, 0.0, 1.0), (1, "x", 0.0, 1.0), (1, 0.0, math.nan, 1.0), (1, 0.0, 0.0)]
)
def test_a_place_that_is_none_is_counted(wrong: tuple[Any, ...], tracker: VmcTracker) -> None:
    Performer(tracker.port).send(("/VMC/Ext/Set/Eye", *wrong))
    wait_for(lambda: tracker.status().packets == 1)
    assert tracker.status().rejected == 1
    assert max(tracker.latest().gaze_at) == NEVER


@pytest.mark.parametrize("place", [(0, 0.0, 0.0, 1.0), (1, 0.0, 0.0, 0.0), (1, 0.0, 0.0, -1.0)])
def test_a_place_switched_off_or_behind_the_head_turns_no_eye(
    place: tuple[Any, ...], tracker: VmcTracker
) -> None:
    Performer(tracker.port).send(("/VMC/Ext/Set/Eye", *place))
    wait_for(lambda: tracker.status().packets == 1)
    assert tracker.status().rejected == 0
    assert max(tracker.latest().gaze_at) == NEVER


# models without Perfect Sync


@pytest.mark.parametrize("names", ["vrm0", "vrm1"])
def test_a_performer_without_perfect_sync_moves_lids_and_mouth(names: str, tracker: VmcTracker) -> None:
    weights = np.zeros(52, np.float32)
    for name, value in {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.4, "jawOpen": 0.5}.items():
        weights[ARKIT_INDEX[name]] = value
    sink = open_sink(f"vmc://127.0.0.1:{tracker.port}?names={names}")
    sink.send(RigFrame(REST.cues, weights, 0.0))
    wait_for(lambda: float(tracker.latest().weights_at.max()) > NEVER)
    seen = tracker.latest().weights
    assert seen[ARKIT_INDEX["eyeBlinkLeft"]] == pytest.approx(1.0, abs=1e-5)
    assert seen[ARKIT_INDEX["eyeBlinkRight"]] == pytest.approx(0.4, abs=1e-5)
    assert seen[ARKIT_INDEX["jawOpen"]] > 0.3
    assert tracker.latest().weights_at[ARKIT_INDEX["tongueOut"]] == NEVER  # no preset speaks of it
    sink.close()


def test_presets_count_only_where_nobody_names_shapes(tracker: VmcTracker) -> None:
    performer = Performer(tracker.port)
    blink = ("/VMC/Ext/Blend/Val", "Blink", 1.0)
    performer.send(("/VMC/Ext/Blend/Val", "eyeBlinkLeft", 0.2), blink, ("/VMC/Ext/Blend/Apply",))
    performer.send(blink, ("/VMC/Ext/Blend/Apply",))  # a frame in which no shape has changed
    wait_for(lambda: tracker.status().packets == 2)
    seen = tracker.latest()
    assert seen.weights[ARKIT_INDEX["eyeBlinkLeft"]] == pytest.approx(0.2)
    assert seen.weights_at[ARKIT_INDEX["eyeBlinkRight"]] == NEVER
    time.sleep(NECK_HOLDS_S + 0.05)
    performer.send(blink, ("/VMC/Ext/Blend/Val", "Blink", 0.9), ("/VMC/Ext/Blend/Apply",))  # the later holds
    wait_for(lambda: tracker.latest().weights_at[ARKIT_INDEX["eyeBlinkRight"]] > NEVER)
    assert tracker.latest().weights[ARKIT_INDEX["eyeBlinkLeft"]] == pytest.approx(0.9)


def test_every_preset_that_our_own_rigs_name_is_known() -> None:
    for rig in ("vrm0", "vrm1"):
        unknown = {name for name in load_rig(rig).names if name.lower() not in PRESETS}
        assert {name.lower() for name in unknown} <= {"neutral"}
    everything = weights_of(dict.fromkeys(PRESETS, 1.0))
    assert all(0 <= value <= 1 for value in everything.values())


@pytest.mark.parametrize("name", ["aa", "ih", "ou", "ee", "oh"])
def test_a_vowel_there_is_the_same_vowel_back(name: str) -> None:
    weights = np.zeros(52, np.float32)
    for shape, value in weights_of({name: 1.0}).items():
        weights[shape] = value
    rig = load_rig("vrm1")
    back = rig(weights, REST.cues)
    assert max(("aa", "ih", "ou", "ee", "oh"), key=back.__getitem__) == name
    assert back[name] > 0.5


def test_mixing_takes_brows_of_moods(tracker: VmcTracker) -> None:
    tracker.close()
    mixing = Mixing([f"upper=vmc://:{tracker.port}"])
    try:
        performer = Performer(tracker.port)
        mixed = REST
        for n in range(40):
            performer.send(("/VMC/Ext/Blend/Val", "Angry", 1.0), ("/VMC/Ext/Blend/Apply",))
            time.sleep(0.002)
            mixed = mixing(RigFrame(rest_cues(n, neutral_face()), REST.weights, 0.0))
        assert mixed.weights[ARKIT_INDEX["browDownLeft"]] == pytest.approx(0.9, abs=1e-3)
        others = [i for i, name in enumerate(ARKIT) if name.startswith(("mouth", "nose"))]
        assert not mixed.weights[others].any()  # the mouth stays the voice's
    finally:
        mixing.close()
