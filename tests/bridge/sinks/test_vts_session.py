"""What comes in from VTube Studio, and what goes out to it, without a socket."""

from __future__ import annotations

import contextlib
import json
import math
from collections import deque
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import ARKIT, ARKIT_INDEX, Floats, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.sinks import vts_session
from bridge.sinks.unity import eye_rotation
from bridge.sinks.vts_message import (
    API,
    LARGEST_ANSWER,
    AnswerError,
    Injection,
    announcement,
    error_of,
    parse_answer,
)
from bridge.sinks.vts_parameters import CREATED_LIMIT, HEAD, OWN, VALUE_LIMIT, Parameters
from bridge.sinks.vts_session import Conversation, RefusedError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
envelopes = st.fixed_dictionaries(
    {"apiName": st.just(API)},
    optional={
        "messageType": st.sampled_from(["APIError", "VTubeStudioAPIStateBroadcast", "X"]) | json_values,
        "requestID": st.text(max_size=8) | json_values,
        "data": st.dictionaries(st.sampled_from(["errorID", "message", "port", "active"]), json_values)
        | json_values,
    },
)


@given(
    st.binary(max_size=300) | st.text(max_size=300) | json_values.map(json.dumps) | envelopes.map(json.dumps)
)
def test_whatever_comes_is_an_answer_or_refused(text: str | bytes) -> None:
    try:
        answer = parse_answer(text)
    except AnswerError:
        return
    assert isinstance(answer.kind, str)
    assert isinstance(answer.data, dict)
    error = error_of(answer)
    assert error is None or (isinstance(error.error_id, int) and str(error).isprintable())


@given(st.binary(max_size=300) | envelopes.map(lambda made: json.dumps(made).encode()))
def test_whatever_is_announced_is_a_port_or_refused(data: bytes) -> None:
    with contextlib.suppress(AnswerError):
        assert 1 <= announcement(data) <= 65_535


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "x" * (LARGEST_ANSWER + 1), b"\xff\xfe", "NaN"])
def test_what_would_hurt_is_refused(text: str | bytes) -> None:
    with pytest.raises(AnswerError):
        parse_answer(text)


class Script:
    """Answers that were written down beforehand, and the requests that they met."""

    def __init__(self, *answers: tuple[str, dict[str, Any]]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answers = deque(answers)
        self._number = ""
        self.talk = Conversation(self._send, self._receive, lambda: None)

    def _send(self, text: str) -> None:
        self.asked.append(json.loads(text))
        self._number = self.asked[-1]["requestID"]

    def _receive(self, wait_s: float) -> str | None:
        if not self._answers:
            return None
        kind, data = self._answers.popleft()
        return json.dumps({"apiName": API, "messageType": kind, "requestID": self._number, "data": data})


class Kept:
    def __init__(self, token: str | None) -> None:
        self.token = token

    def read(self) -> str | None:
        return self.token

    def write(self, token: str) -> None:
        self.token = token

    def forget(self) -> None:
        self.token = None


ALLOWED = "AuthenticationResponse", {"authenticated": True}
STALE = "AuthenticationResponse", {"authenticated": False}
ASKED_ALREADY = "APIError", {"errorID": 51}
DENIED = "APIError", {"errorID": 50}


def token(text: Any) -> tuple[str, dict[str, Any]]:
    return "AuthenticationTokenResponse", {"authenticationToken": text}


def test_a_token_that_is_kept_is_enough() -> None:
    script, kept = Script(ALLOWED), Kept("abc")
    script.talk.become_allowed(kept, lambda _: None)
    assert [request["messageType"] for request in script.asked] == ["AuthenticationRequest"]
    assert script.asked[0]["data"]["authenticationToken"] == "abc"


@pytest.mark.parametrize("no", [STALE, DENIED])
def test_a_stale_token_is_replaced(no: tuple[str, dict[str, Any]]) -> None:
    script, kept = Script(no, token("new"), ALLOWED), Kept("old")
    said: list[str] = []
    script.talk.become_allowed(kept, said.append)
    assert kept.read() == "new"
    assert said == ["waiting for you to allow facecue in VTube Studio"]


def test_a_second_window_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vts_session, "ASK_AGAIN_S", 0.0)
    script, kept = Script(ASKED_ALREADY, ASKED_ALREADY, token("t"), ALLOWED), Kept(None)
    script.talk.become_allowed(kept, lambda _: None)
    assert kept.read() == "t"


@pytest.mark.parametrize("answers", [(DENIED,), (token("t"), STALE)])
def test_a_refusal_keeps_nothing(answers: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    kept = Kept(None)
    with pytest.raises(RefusedError):
        Script(*answers).talk.become_allowed(kept, lambda _: None)
    assert kept.token is None


@pytest.mark.parametrize("text", ["", None, 7, "ü", "x" * 257])
def test_a_token_that_is_none_is_not_kept(text: Any) -> None:
    kept = Kept(None)
    with pytest.raises(vts_session.ApiError, match="a token that is none"):
        Script(token(text)).talk.become_allowed(kept, lambda _: None)
    assert kept.token is None


@given(json_values)
def test_a_list_of_parameters_may_be_anything(listed: Any) -> None:
    script = Script(
        ("InputParameterListResponse", {"defaultParameters": listed, "customParameters": [listed]})
    )
    assert all(isinstance(name, str) for name in script.talk.known_parameters())


def frame_of(
    weights: dict[str, float] | None = None,
    rotation: tuple[float, ...] = (0, 0, 0, 1),
    translation: tuple[float, ...] = (0, 0, 0),
) -> RigFrame:
    row: Floats = np.zeros(len(ARKIT), np.float32)
    for name, value in (weights or {}).items():
        row[ARKIT_INDEX[name]] = value
    cues = rest_cues(0, neutral_face()).with_(
        head_rotation=np.array(rotation, np.float32), head_translation=np.array(translation, np.float32)
    )
    return RigFrame(cues, row, 0.0)


def valued(frame: RigFrame) -> dict[str, float]:
    parameters = Parameters()
    text = Injection(parameters.names)("7", parameters(frame))
    request = json.loads(text)
    assert request["requestID"] == "7"
    return {entry["id"]: entry["value"] for entry in request["data"]["parameterValues"]}


def test_a_face_at_rest() -> None:
    values = valued(frame_of())
    moved = {name: value for name, value in values.items() if value}
    assert moved == {
        "EyeOpenLeft": 1, "EyeOpenRight": 1, "Brows": 0.5, "BrowLeftY": 0.5, "BrowRightY": 0.5, "MouthSmile": 0.5,
        "VoiceFrequencyPlusMouthSmile": 0.5, "FaceCueNeutral": 1,
    }  # fmt: skip


def test_what_is_created_rests_as_it_is_sent() -> None:
    parameters = Parameters()
    values = valued(frame_of())
    assert {made.name: made.rest for made in parameters.creations} == {
        name: value for name, value in values.items() if name not in OWN
    }
    assert len(parameters.creations) <= CREATED_LIMIT
    assert all(made.low <= made.rest <= made.high for made in parameters.creations)


def turned(axis: str, degrees: float) -> tuple[float, ...]:
    half = math.radians(degrees) / 2
    return (*(math.sin(half) * (a == axis) for a in "xyz"), math.cos(half))


@pytest.mark.parametrize(
    ("rotation", "angles"),
    [
        (turned("y", 20), (20, 0, 0)),  # to the subject's left, as ParamAngleX: to the right of the screen
        (turned("x", -15), (0, 15, 0)),  # up, as ParamAngleY
        (turned("z", -10), (0, 0, 10)),  # the left side sinks, as ParamAngleZ: to the right of the screen
        (eye_rotation(0.2, 0.1), (math.degrees(0.2), math.degrees(0.1), 0)),
    ],
)
def test_signs_of_the_head(rotation: tuple[float, ...], angles: tuple[float, ...]) -> None:
    values = valued(frame_of(rotation=rotation))
    assert [values[f"FaceAngle{axis}"] for axis in "XYZ"] == pytest.approx(angles, abs=0.01)


def test_signs_of_the_shift() -> None:
    values = valued(frame_of(translation=(1, 2, 3)))
    assert [values[f"FacePosition{axis}"] for axis in "XYZ"] == [1, 2, -3]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (
            {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
            {"EyeLeftX": -0.5, "EyeRightX": -0.5},
        ),  # to the left
        ({"eyeLookUpLeft": 0.5, "eyeLookDownRight": 0.5}, {"EyeLeftY": 0.5, "EyeRightY": -0.5}),
        ({"eyeBlinkLeft": 1.0}, {"EyeOpenLeft": 0.0, "EyeOpenRight": 1.0}),
        ({"mouthLeft": 0.5}, {"MouthX": 0.5}),
        ({"jawOpen": 0.3, "mouthClose": 0.3}, {"MouthOpen": 0.0, "JawOpen": 0.3}),  # shut lips on an open jaw
        ({"jawOpen": 0.35}, {"MouthOpen": 0.91, "VoiceA": 0.91, "VoiceVolumePlusMouthOpen": 0.91}),
        ({"mouthSmileLeft": 1, "mouthSmileRight": 1}, {"MouthSmile": 1.0}),
        ({"mouthFrownLeft": 1, "mouthFrownRight": 1}, {"MouthSmile": 0.0}),
        ({"mouthPucker": 0.6}, {"MouthPucker": -0.6, "FaceCueMouthPucker": 0.6}),
        ({"browDownLeft": 0.5}, {"BrowLeftY": 0.0, "BrowRightY": 0.5}),
    ],
)
def test_signs_and_ends_of_the_face(weights: dict[str, float], expected: dict[str, float]) -> None:
    values = valued(frame_of(weights))
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-3)


def test_what_is_not_finite_stays_here() -> None:
    for wrong in (math.nan, math.inf):
        values = Parameters()(frame_of(translation=(wrong, -wrong, 0)))
        assert len(values) == len(Parameters().names)
        assert all(abs(value) <= VALUE_LIMIT for value in values)


def test_the_heads_names_are_the_sinks() -> None:
    assert set(HEAD) <= OWN
    assert not set(HEAD) & {made.name for made in Parameters().creations}
