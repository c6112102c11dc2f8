"""A camera tracker on the wire: what is taken, what is refused, and that nothing ends the listening."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.sinks import open_sink
from bridge.sinks.osc_packet import bundle, message
from bridge.trackers import NEVER, TrackerError, open_tracker
from bridge.trackers.vmc import PACKETS_A_SECOND, VmcTracker

APPLY = message("/VMC/Ext/Blend/Apply")


@pytest.fixture
def tracker() -> Iterator[VmcTracker]:
    opened = open_tracker("vmc://:0")
    assert isinstance(opened, VmcTracker)
    yield opened
    opened.close()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.perf_counter() + 5.0
    while not condition():
        assert time.perf_counter() < until
        time.sleep(0.002)


def blend(name: str, value: float) -> bytes:
    return message("/VMC/Ext/Blend/Val", name, value)


def bone(name: str, *rotation: float) -> bytes:
    return message("/VMC/Ext/Bone/Pos", name, 0.0, 0.1, 0.0, *map(float, rotation))


def about_y(degrees: float) -> tuple[float, float, float, float]:
    half = math.radians(degrees) / 2
    return 0.0, math.sin(half), 0.0, math.cos(half)


def test_our_own_sink_is_a_tracker_like_any_other(tracker: VmcTracker) -> None:
    rng = np.random.default_rng(1)
    turn = np.array([0.1, -0.2, 0.05, 0.9], np.float32)
    cues = rest_cues(3, neutral_face()).with_(
        gaze=rng.uniform(-0.4, 0.4, (2, 2)).astype(np.float32), head_rotation=turn / np.linalg.norm(turn)
    )
    frame = RigFrame(cues, rng.random(52).astype(np.float32), 0.1)
    with_neck = open_sink(f"vmc://127.0.0.1:{tracker.port}?names=PerfectSync")
    with_neck.send(frame)
    wait_for(lambda: tracker.latest().weights_at.min() > NEVER)
    seen = tracker.latest()
    np.testing.assert_allclose(seen.weights, frame.weights, atol=1e-6)
    np.testing.assert_allclose(seen.gaze, cues.gaze, atol=1e-5)
    np.testing.assert_allclose(seen.head, cues.head_rotation, atol=1e-5)  # neck and head together
    assert tracker.status().detail == "heard, 3 packets"
    with_neck.close()


def test_values_count_from_apply_on_and_keep_their_moment(tracker: VmcTracker) -> None:
    tracker.hear(blend("browInnerUp", 0.5), "127.0.0.1", 10.0)
    assert tracker.latest().weights_at.max() == NEVER
    tracker.hear(APPLY, "127.0.0.1", 10.1)
    tracker.hear(bundle([blend("BROWDOWNLEFT", 2.0), blend("Joy", 1.0), APPLY]), "127.0.0.1", 11.0)
    seen = tracker.latest()
    inner, down = ARKIT_INDEX["browInnerUp"], ARKIT_INDEX["browDownLeft"]
    assert (seen.weights[inner], seen.weights_at[inner]) == (0.5, 10.1)
    assert (seen.weights[down], seen.weights_at[down]) == (1.0, 11.0)  # cut at 1
    assert np.isfinite(seen.weights_at).sum() == 2
    assert tracker.status().rejected == 0


def test_what_was_seen_is_not_changed_under_the_reader(tracker: VmcTracker) -> None:
    tracker.hear(bundle([blend("jawOpen", 0.5), bone("LeftEye", *about_y(10)), APPLY]), "127.0.0.1", 1.0)
    before = tracker.latest()
    tracker.hear(bundle([blend("jawOpen", 0.9), bone("LeftEye", *about_y(-10)), APPLY]), "127.0.0.1", 2.0)
    assert before.weights[ARKIT_INDEX["jawOpen"]] == 0.5
    assert before.gaze[1, 0] == pytest.approx(-math.radians(10))  # Unity turns the other way


def test_a_face_that_is_lost_gives_nothing(tracker: VmcTracker) -> None:
    lost, found = message("/VMC/Ext/OK", 1, 3, 0, 0), message("/VMC/Ext/OK", 1, 3, 0, 1)
    tracker.hear(bundle([lost, blend("jawOpen", 0.5), bone("Head", *about_y(10)), APPLY]), "127.0.0.1", 1.0)
    assert tracker.latest().head_at == tracker.latest().weights_at.max() == NEVER
    tracker.hear(bundle([found, blend("jawOpen", 0.5), bone("Head", *about_y(10)), APPLY]), "127.0.0.1", 2.0)
    assert tracker.latest().head_at == tracker.latest().weights_at.max() == 2.0


def test_a_neck_that_fell_silent_does_not_stay_turned(tracker: VmcTracker) -> None:
    tracker.hear(bone("Neck", *about_y(20)), "127.0.0.1", 1.0)
    tracker.hear(bone("Head", *about_y(10)), "127.0.0.1", 1.1)
    np.testing.assert_allclose(tracker.latest().head, (*about_y(-30),), atol=1e-6)
    tracker.hear(bone("Head", *about_y(10)), "127.0.0.1", 9.0)
    np.testing.assert_allclose(tracker.latest().head, (*about_y(-10),), atol=1e-6)


@pytest.mark.parametrize(
    "packet",
    [
        blend("jawOpen", math.nan), blend("jawOpen", math.inf), message("/VMC/Ext/Blend/Val", 1, 0.5),
        message("/VMC/Ext/Blend/Val", "jawOpen"), message("/VMC/Ext/Blend/Val", "jawOpen", "0.5"),
        bone("Head", 0, 0, 0, 0), bone("Head", 9, 9, 9, 9), bone("Head", math.nan, 0, 0, 1),
        bone("Head", 3e38, 3e38, 0, 0), message("/VMC/Ext/Bone/Pos", "Head"), message("/VMC/Ext/OK"),
        message("/VMC/Ext/OK", "yes"), b"#bundle\0", b"nonsense", bytes(60_000), b"",
    ],
)  # fmt: skip
def test_what_is_no_good_is_counted_and_not_taken(tracker: VmcTracker, packet: bytes) -> None:
    tracker.hear(packet, "127.0.0.1", 1.0)
    tracker.hear(APPLY, "127.0.0.1", 1.0)
    assert tracker.status().rejected == 1
    assert tracker.latest().weights_at.max() == tracker.latest().head_at == NEVER


@given(packets=st.lists(st.binary(max_size=200), max_size=10), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_that_comes_ends_it_or_makes_it_grow(
    tracker: VmcTracker, packets: list[bytes], data: st.DataObject
) -> None:
    numbers = st.floats(width=32)
    hostile = [
        *packets,
        blend(data.draw(st.sampled_from(ARKIT)), data.draw(numbers)),
        bone(data.draw(st.sampled_from(["Head", "Neck", "LeftEye"])), *data.draw(st.tuples(*[numbers] * 4))),
        blend(data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)), 1.0),
        APPLY,
    ]  # fmt: skip
    for packet in hostile:
        tracker.hear(packet, "127.0.0.1", 5.0)
    seen = tracker.latest()
    assert ((seen.weights >= 0) & (seen.weights <= 1)).all()
    assert np.isfinite(seen.gaze).all()
    assert np.linalg.norm(seen.head) == pytest.approx(1, abs=1e-3)
    assert len(tracker._pending) <= 52


def test_a_flood_is_not_looked_into(tracker: VmcTracker) -> None:
    packet = bundle([blend("jawOpen", 0.5), APPLY])
    for _ in range(PACKETS_A_SECOND + 100):
        tracker.hear(packet, "127.0.0.1", 7.5)
    assert tracker.status().rejected == 100
    tracker.hear(packet, "127.0.0.1", 8.6)
    assert tracker.status().packets == PACKETS_A_SECOND + 1


def test_real_packets_of_all_sizes(tracker: VmcTracker) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for size in (0, 1, 7, 1500, 9000, 65_000):
            sender.sendto(b"\xff" * size, ("127.0.0.1", tracker.port))
        sender.sendto(bundle([blend("jawOpen", 0.5), APPLY]), ("127.0.0.1", tracker.port))
    wait_for(lambda: tracker.latest().weights_at.max() > NEVER)
    assert tracker.status().rejected == 6


# who may speak


def test_beyond_this_machine_only_a_named_sender(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TrackerError, match=r"add \?from=ADDRESS of the tracker"):
        open_tracker("vmc://0.0.0.0:0")
    tracker = open_tracker("vmc://0.0.0.0:0?from=192.0.2.7")
    assert isinstance(tracker, VmcTracker)
    packet = bundle([blend("jawOpen", 0.5), APPLY])
    for i in range(50):
        tracker.hear(packet, "192.0.2.8", 100.0 + i)
    assert tracker.latest().weights_at.max() == NEVER
    assert tracker.status().rejected == 50
    assert len(caplog.records) == 1  # once a minute at most
    tracker.hear(packet, "192.0.2.7", 200.0)
    assert tracker.latest().weights_at.max() == 200.0
    tracker.close()
    tracker.close()


def test_a_taken_port_is_one_line(tracker: VmcTracker) -> None:
    with pytest.raises(TrackerError, match=r"cannot listen on .*choose another port"):
        open_tracker(f"vmc://:{tracker.port}")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("vmd://:39541", "unknown tracker 'vmd'; known: vmc://"),
        (":39541", "no scheme; write it as in vmc://:39541"),
        ("vmc://:39541?public=1", "unknown option 'public'; known: from"),
        ("vmc://127.0.0.1:1,127.0.0.1:2", "one address, not 2"),
        ("vmc://:ninety", "port 'ninety'"),
    ],
)
def test_a_wrong_uri_is_one_line(uri: str, says: str) -> None:
    with pytest.raises(TrackerError, match=says.replace("?", r"\?")):
        open_tracker(uri)


def test_close_frees_the_port_and_the_thread() -> None:
    tracker = open_tracker("vmc://:0")
    assert isinstance(tracker, VmcTracker)
    tracker.close()
    open_tracker(f"vmc://:{tracker.port}").close()
