"""VRChat OSC as python-osc's own server reads it, and as an avatar that keeps what it was last told."""

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
from bridge.sinks.vrchat import PARAMETERS, VrChatSink

ROOT = "/avatar/parameters/v2/"
SWITCHES = {
    f"/avatar/parameters/{name}Active" for name in ("EyeTracking", "ExpressionTracking", "LipTracking")
}
CLOSED, BOTH, CENTRE = (
    f"/tracking/eye/{name}" for name in ("EyesClosedAmount", "LeftRightPitchYaw", "CenterPitchYaw")
)
_SIDED = """
EyeSquint EyeWide EyeOpen EyeClosed EyeLid BrowPinch BrowLowerer BrowInnerUp BrowOuterUp BrowUp BrowDown BrowExpression
CheekSquint CheekPuff CheekPuffSuck NoseSneer LipSuckUpper LipSuckLower LipFunnelUpper LipFunnelLower LipPuckerUpper
LipPuckerLower LipPucker LipSuckFunnelUpper LipSuckFunnelLower MouthUpperUp MouthUpperDeepen MouthLowerDown MouthUpper
MouthLower MouthCornerPull MouthCornerSlant MouthSmile MouthFrown MouthSad MouthStretch MouthTightenerStretch
MouthDimple MouthPress MouthCornerY SmileFrown SmileSad
"""
SIDED = _SIDED.split()
_SINGLE = """
EyeX EyeY EyeLeftX EyeLeftY EyeRightX EyeRightY EyeOpen EyeClosed EyeLid EyeWide EyeSquint
BrowUp BrowDown BrowInnerUp BrowOuterUp BrowExpression CheekSquint CheekPuffSuck NoseSneer
JawOpen JawLeft JawRight JawForward JawX JawZ MouthClosed MouthOpen MouthX MouthUpperX MouthLowerX
MouthRaiserUpper MouthRaiserLower MouthUpperUp MouthLowerDown MouthStretch MouthTightenerStretch MouthDimple MouthPress
MouthCornerY SmileFrown SmileSad LipSuck LipSuckUpper LipSuckLower LipFunnel LipFunnelUpper LipFunnelLower LipPucker
LipPuckerUpper LipPuckerLower LipSuckFunnelUpper LipSuckFunnelLower TongueOut
"""
SINGLE = _SINGLE.split()
"""Names of VRCFaceTracking's parameter list that a voice can fill."""


def read(packets: list[bytes]) -> list[tuple[str, list[Any]]]:
    assert all(len(packet) <= 1500 for packet in packets)
    return [(m.address, m.params) for packet in packets for m in OscBundle(packet)]


def opened(query: str = "") -> VrChatSink:
    sink = open_sink(f"vrchat://127.0.0.1{query}")
    assert isinstance(sink, VrChatSink)
    return sink


def first(frame: RigFrame, query: str = "") -> dict[str, list[Any]]:
    """Address → arguments of the first frame, which is sent whole."""
    sink = opened(query)
    messages = read(sink.packets(frame))
    sink.close()
    assert len(dict(messages)) == len(messages)  # no address twice
    return dict(messages)


def moved(frame: RigFrame) -> dict[str, float]:
    """Parameters that differ from the resting face's, without the raw eyes of the game."""
    return {a.removeprefix(ROOT): p[0] for a, p in first(frame).items() if a.startswith(ROOT) and p[0]}


def test_names_are_vrcfacetrackings(frame: RigFrame) -> None:
    messages = first(frame)
    names = {f"{name}{side}" for name in SIDED for side in ("Left", "Right")} | set(SINGLE)
    assert set(PARAMETERS) == names
    assert set(messages) == {ROOT + name for name in names} | SWITCHES | {CLOSED, BOTH}
    for address, params in messages.items():
        if address in SWITCHES:
            assert params == [True]
        elif address != BOTH:
            (value,) = params
            assert isinstance(value, float)
            assert -1 <= value <= 1


def test_a_resting_face_has_open_eyes_and_nothing_else(resting: Callable[..., RigFrame]) -> None:
    at_rest = moved(resting())
    assert at_rest == {f"Eye{name}{side}": value for name, value in (("Open", 1), ("Lid", 0.75))
                       for side in ("", "Left", "Right")}  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "wanted"),
    [
        ({"jawOpen": 0.5, "mouthClose": 0.25}, {"JawOpen": 0.5, "MouthClosed": 0.25}),
        ({"jawLeft": 0.5}, {"JawLeft": 0.5, "JawX": -0.5}),
        ({"mouthRight": 0.5},
         {"MouthUpperRight": 0.5, "MouthLowerRight": 0.5, "MouthX": 0.5, "MouthUpperX": 0.5, "MouthLowerX": 0.5}),
        ({"mouthSmileLeft": 0.5},
         {"MouthCornerPullLeft": 0.5, "MouthCornerSlantLeft": 0.5, "MouthSmileLeft": 0.5, "MouthCornerYLeft": 0.5,
          "SmileFrownLeft": 0.5, "SmileSadLeft": 0.5, "MouthCornerY": 0.25, "SmileFrown": 0.25, "SmileSad": 0.25}),
        ({"mouthFrownRight": 0.5, "mouthStretchRight": 0.75},
         {"MouthFrownRight": 0.5, "MouthStretchRight": 0.75, "MouthSadRight": 0.75, "MouthCornerYRight": -0.5,
          "SmileFrownRight": -0.5, "SmileSadRight": -0.75, "MouthTightenerStretchRight": -0.75,
          "MouthStretch": 0.375, "MouthTightenerStretch": -0.375, "MouthCornerY": -0.25, "SmileFrown": -0.25,
          "SmileSad": -0.375}),
        ({"browDownLeft": 1.0},
         {"BrowPinchLeft": 1, "BrowLowererLeft": 1, "BrowDownLeft": 1, "BrowExpressionLeft": -1, "BrowDown": 0.5,
          "BrowExpression": -0.5}),
        ({"eyeWideRight": 0.5}, {"EyeWideRight": 0.5, "EyeWide": 0.5, "EyeLidRight": 0.875, "EyeLid": 0.8125}),
        ({"mouthRollUpper": 0.5},
         {"LipSuckUpperLeft": 0.5, "LipSuckUpperRight": 0.5, "LipSuckUpper": 0.5, "LipSuck": 0.25,
          "LipSuckFunnelUpperLeft": 0.5, "LipSuckFunnelUpperRight": 0.5, "LipSuckFunnelUpper": 0.5}),
        ({"cheekPuff": 0.5},
         {"CheekPuffLeft": 0.5, "CheekPuffRight": 0.5, "CheekPuffSuckLeft": 0.5, "CheekPuffSuckRight": 0.5,
          "CheekPuffSuck": 0.5}),
        ({"mouthUpperUpLeft": 0.5},
         {"MouthUpperUpLeft": 0.5, "MouthUpperDeepenLeft": 0.5, "MouthUpperUp": 0.25, "MouthOpen": 0.125}),
    ],
)  # fmt: skip
def test_what_a_weight_moves(
    resting: Callable[..., RigFrame], weights: dict[str, float], wanted: dict[str, float]
) -> None:
    expected = {**moved(resting()), **wanted}
    assert moved(resting(weights)) == pytest.approx(expected, abs=1e-6)


def test_a_blink(resting: Callable[..., RigFrame]) -> None:
    face = resting({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.5})
    got = moved(face)
    assert "EyeOpenLeft" not in got  # 0
    assert (got["EyeOpenRight"], got["EyeOpen"], got["EyeClosedLeft"], got["EyeClosed"]) == (
        0.5,
        0.25,
        1,
        0.75,
    )
    assert first(face)[CLOSED] == [0.75]


def test_gaze_is_right_and_up_over_45_degrees(resting: Callable[..., RigFrame]) -> None:
    gaze = np.radians([[9, 18], [-27, -36]])  # right eye left and up, left eye right and down
    got = moved(resting(gaze=gaze))
    want = {"EyeRightX": -0.2, "EyeRightY": 0.4, "EyeLeftX": 0.6, "EyeLeftY": -0.8, "EyeX": 0.2, "EyeY": -0.2}
    assert {name: got[name] for name in want} == pytest.approx(want, abs=1e-6)


def test_the_example_of_vrchats_own_page(resting: Callable[..., RigFrame]) -> None:
    """A target 15° up, 20° to the user's right and half a metre away, eyes 64 mm apart."""
    gaze = np.radians([[-16.503, 15.560], [-23.592, 14.903]])
    face = resting(gaze=gaze)
    assert first(face)[BOTH] == pytest.approx([-14.903, 23.592, -15.560, 16.503], abs=1e-3)
    centre = first(resting(gaze=np.radians([[-20.128, 15.252]] * 2)), "?eyes=centre")
    assert centre[CENTRE] == pytest.approx([-15.252, 20.128], abs=1e-3)
    assert BOTH not in centre  # one look address at a time
    assert not any(address.startswith("/tracking") for address in first(face, "?eyes=off"))


def test_a_prefix(frame: RigFrame) -> None:
    messages = first(frame, "?prefix=FT")
    assert "/avatar/parameters/FT/v2/JawOpen" in messages
    assert set(messages) >= SWITCHES
    assert first(frame, "?prefix=/a/b/").keys() >= {"/avatar/parameters/a/b/v2/JawOpen"}


def test_only_what_moved_is_sent_and_all_of_it_once_a_second(resting: Callable[..., RigFrame]) -> None:
    sink = opened()
    sizes = [len(read(sink.packets(resting(n=n)))) for n in range(103)]
    whole = len(PARAMETERS) + len(SWITCHES) + 2
    assert [n for n, size in enumerate(sizes) if size == whole] == [0, 50, 100]
    assert set(sizes) == {whole, 2}  # the game's own eyes go with every frame
    jaw = read(sink.packets(resting({"jawOpen": 0.3}, n=103)))
    assert [address for address, _ in jaw] == [CLOSED, BOTH, ROOT + "JawOpen"]
    again = read(sink.packets(resting(n=0)))  # the stream began again
    assert len(again) == whole
    sink.close()


def test_what_creeps_is_sent_too(resting: Callable[..., RigFrame]) -> None:
    sink, heard = opened(), {}
    for n in range(40):
        heard.update(read(sink.packets(resting({"jawOpen": n * 0.0004}, n=n))))
        assert abs(heard[ROOT + "JawOpen"][0] - n * 0.0004) <= 0.001 + 1e-6
    sink.close()


@given(st.data())
def test_an_avatar_that_keeps_what_it_hears_has_the_face(
    faces: st.SearchStrategy[RigFrame], data: st.DataObject
) -> None:
    frames = data.draw(st.lists(faces, min_size=1, max_size=4))
    sink, heard = opened(), {}
    for frame in frames:
        heard.update(read(sink.packets(frame)))
    sink.close()
    now = first(frames[-1])
    assert set(heard) == set(now)
    for address, params in now.items():
        np.testing.assert_allclose(heard[address], params, atol=0.0011, err_msg=address)


def test_python_oscs_server_gets_it_at_two_places(
    osc_peer: Callable[..., Any], frame: RigFrame, absent_port: int
) -> None:
    peers = [osc_peer(), osc_peer()]
    sink = open_sink(f"vrchat://127.0.0.1:{peers[0].port},127.0.0.1:{absent_port},127.0.0.1:{peers[1].port}")
    sink.send(frame)
    for peer in peers:
        ((value,),) = peer.wait_for(ROOT + "JawOpen")
        assert value == pytest.approx(float(frame.weights[24]))
        assert peer.wait_for("/avatar/parameters/EyeTrackingActive") == [(True,)]
        for name in PARAMETERS:
            peer.wait_for(ROOT + name)
    assert sink.status().sent == 1
    sink.close()


@pytest.mark.parametrize(
    ("query", "says"),
    [("eyes=left", "both, centre, off"), ("prefix=F%20T", "prefix=FT"), ("v=2", "prefix, eyes")],
)
def test_a_wrong_option_says_what_would_do(query: str, says: str) -> None:
    with pytest.raises(SinkError, match=says):
        open_sink(f"vrchat://127.0.0.1?{query}")


def test_the_port_is_vrchats() -> None:
    sink = opened()
    assert "127.0.0.1:9000" in sink.status().detail
    sink.close()
