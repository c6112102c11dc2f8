from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle

from bridge.frames import RigFrame
from bridge.sinks import SinkError, open_sink
from bridge.sinks.osc import OscSink

Peer = Callable[..., Any]


def test_python_osc_reads_a_frame(osc_peer: Peer, frame: RigFrame) -> None:
    peer = osc_peer()
    sink = open_sink(f"osc://127.0.0.1:{peer.port}", actor="anna")
    sink.send(frame)
    n, t, latency_s, v = peer.wait_for("/facecue/anna/frame")[0]
    assert (n, v) == (frame.cues.n, 1)
    assert (t, latency_s) == pytest.approx((frame.cues.time_s, frame.latency_s))
    landmarks_n, *landmarks = peer.wait_for("/facecue/anna/landmarks")[0]
    assert landmarks_n == n
    np.testing.assert_array_equal(np.array(landmarks, np.float32).reshape(68, 3), frame.cues.landmarks)
    assert list(peer.wait_for("/facecue/anna/gaze")[0]) == frame.cues.gaze.ravel().tolist()
    head = peer.wait_for("/facecue/anna/head")[0]
    assert list(head) == [*frame.cues.head_rotation.tolist(), *frame.cues.head_translation.tolist()]
    assert list(peer.wait_for("/facecue/anna/emotion")[0]) == frame.cues.emotion.tolist()
    assert list(peer.wait_for("/facecue/anna/arkit")[0]) == frame.weights.tolist()
    sink.close()


@pytest.mark.usefixtures("ipv6")
def test_several_receivers_one_absent_one_ipv6(osc_peer: Peer, frame: RigFrame, absent_port: int) -> None:
    first, second = osc_peer(), osc_peer("::1")
    sink = open_sink(f"osc://127.0.0.1:{first.port},127.0.0.1:{absent_port},[::1]:{second.port}")
    for _ in range(5):
        sink.send(frame)
    for peer in (first, second):
        peer.wait_for("/facecue/face/frame", 5)
        peer.wait_for("/facecue/face/landmarks", 5)
    assert sink.status().sent == 5
    assert f"[::1]:{second.port} ok" in sink.status().detail
    sink.close()


def test_landmarks_can_be_left_out(osc_peer: Peer, frame: RigFrame) -> None:
    peer = osc_peer()
    sink = open_sink(f"osc://127.0.0.1:{peer.port}?landmarks=0")
    sink.send(frame)
    peer.wait_for("/facecue/face/frame")
    assert {address.rpartition("/")[2] for address, _ in peer.messages} == {
        "gaze",
        "head",
        "emotion",
        "arkit",
        "frame",
    }
    sink.close()


names = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#*,/?[]{}"),
    min_size=1,
    max_size=64,
)


@given(names, st.integers(0, 2**40))
def test_packets_fit_and_frame_comes_last(frame: RigFrame, actor: str, n: int) -> None:
    sink = OscSink("osc://127.0.0.1:9000", "127.0.0.1:9000", {}, actor)
    packets = sink.packets(RigFrame(frame.cues.with_(n=n), frame.weights, 0.1))
    sink.close()
    assert len(packets) == 2
    assert all(len(packet) <= 1500 for packet in packets)
    last = OscBundle(packets[-1])
    assert last.content(last.num_contents - 1).address == f"/facecue/{actor}/frame"
    assert last.content(last.num_contents - 1).params[0] == n & 0x7FFFFFFF


@pytest.mark.parametrize("actor", ["", "a b", "a/b", "Zoë", "x" * 65])
def test_an_actor_that_osc_cannot_name(actor: str) -> None:
    with pytest.raises(SinkError, match="cannot stand in an OSC address"):
        open_sink("osc://127.0.0.1:9000", actor=actor)


def test_no_port() -> None:
    with pytest.raises(SinkError, match="no port"):
        open_sink("osc://127.0.0.1")
