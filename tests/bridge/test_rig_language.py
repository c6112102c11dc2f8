"""Response curves, sides, bones and measures of rigs, and where a mistake is said to be."""

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.arkit import head_angles
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, Cues, Floats, rest_cues
from bridge.retarget import mirrored_order
from bridge.rigs import Curve, Rig, RigError, RigTable, Turn, load_rig, parse_rig, rig_names
from bridge.rigs.measures import INPUTS, MEASURES, measured
from bridge.rigs.response import Response
from bridge.rigs.rig import turned
from bridge.rigs.side import mirrored_name

NEUTRAL = face.neutral_face()
REST = rest_cues(0, NEUTRAL)
NONE: Floats = np.zeros(52, np.float32)

ROBOT = """\
title = "My robot"   # curves = 3
rest = "idle"

[curves]
Jaw = "jawOpen"

[curves.idle]

[curves.BrowLeft]
side = "both"
weights = { browOuterUpLeft = 1.0, browDownLeft = -1.0 }
cues = { headYaw = 0.2 }
curve = "smooth"
clamp = [-1.0, 1.0]

[curves.Grin]
weights = { mouthSmileLeft = 0.5, mouthSmileRight = 0.5 }
emotion = { happy = 0.5 }
gain = 1.5
offset = -0.1
curve = [[0.0, 0.0], [0.5, 0.8], [1.0, 1.0]]
unless = { lipGap = 0.2 }

[bones.Head]
yaw = { cues = { headYaw = 0.7 } }
roll = { cues = { headRoll = 0.7 }, curve = 1.5 }

[bones.eye_L]
side = "both"
unit = "degrees"
yaw = { cues = { gazeYawLeft = 57.3 }, clamp = [-25, 30] }
pitch = { cues = { gazePitchLeft = 57.3 }, offset = 2.0 }
"""


def weights(**values: float) -> Floats:
    w = NONE.copy()
    for name, value in values.items():
        w[ARKIT_INDEX[name]] = value
    return w


def any_face(seed: int) -> tuple[Floats, Cues]:
    rng = np.random.default_rng(seed)
    rotation = rng.normal(size=4) + np.array([0, 0, 0, 3])
    emotion = rng.random(8)
    cues = REST.with_(
        landmarks=NEUTRAL + rng.normal(0, 0.3, (68, 3)).astype(np.float32),
        gaze=rng.uniform(-0.5, 0.5, (2, 2)).astype(np.float32),
        head_rotation=(rotation / np.linalg.norm(rotation)).astype(np.float32),
        head_translation=rng.normal(0, 2, 3).astype(np.float32),
        emotion=(emotion / emotion.sum()).astype(np.float32),
        voice=float(rng.random()),
    )
    return rng.random(52).astype(np.float32), cues


def across(w: Floats, cues: Cues) -> tuple[Floats, Cues]:
    """The same face in a mirror."""
    return w[list(mirrored_order())], cues.with_(
        landmarks=face.mirrored(cues.landmarks),
        gaze=cues.gaze[::-1] * np.float32([-1, 1]),
        head_rotation=cues.head_rotation * np.float32([1, -1, -1, 1]),
        head_translation=cues.head_translation * np.float32([-1, 1, 1]),
    )


# evaluation


def naive_response(shape: object, x: float) -> float:
    if shape == "linear":
        return x
    if isinstance(shape, float):
        return math.copysign(abs(x) ** shape, x)
    if isinstance(shape, tuple):
        if x <= shape[0][0]:
            return float(shape[0][1])
        for (x0, y0), (x1, y1) in pairwise(shape):
            if x <= x1:
                return float(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        return float(shape[-1][1])
    size = min(abs(x), 1.0)
    return math.copysign(3 * size**2 - 2 * size**3 if shape == "smooth" else 1 - (1 - size) ** 2, x)


def naive(curve: Curve, given_: dict[str, float]) -> float:
    x = curve.gain * sum(f * given_[n] for n, f in curve.inputs.items()) + curve.offset
    value = min(max(naive_response(curve.response.shape, x), curve.low), curve.high)
    blocked = sum(f * given_[n] for n, f in curve.unless.items())
    return value * (1 - min(max(blocked, 0.0), 1.0))


small = st.floats(-2, 2, width=32)
factors = st.dictionaries(st.sampled_from(INPUTS), small, max_size=5)
shapes = st.one_of(
    st.sampled_from(["linear", "smooth", "ease"]),
    st.floats(0.5, 3),
    st.lists(st.integers(-20, 20), min_size=2, max_size=5, unique=True).flatmap(
        lambda xs: st.lists(small, min_size=len(xs), max_size=len(xs)).map(
            lambda ys: tuple((x / 10, y) for x, y in zip(sorted(xs), ys, strict=True))
        )
    ),
)


@given(
    st.lists(
        st.builds(
            lambda i, g, o, lo, span, u, s: Curve("c", i, g, o, lo, lo + abs(span), u, Response(s)),
            factors, small, small, small, small, factors, shapes,
        ),
        min_size=1, max_size=4,
    ),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_curves_are_what_the_formula_says(curves: list[Curve], seed: int) -> None:
    w, cues = any_face(seed)
    given_ = dict(zip(ARKIT, w.tolist(), strict=True))
    given_ |= dict(zip(EMOTIONS, cues.emotion.tolist(), strict=True))
    given_ |= dict(zip(MEASURES, measured(MEASURES, w, cues), strict=True))
    values = Rig(RigTable("t", tuple(curves))).values(w, cues)
    for value, curve in zip(values.tolist(), curves, strict=True):
        slack = 1e-3 if isinstance(curve.response.shape, str) else 5e-3  # a root makes much of the last bit
        if isinstance(curve.response.shape, tuple):  # so does a steep stretch
            steps = pairwise(curve.response.shape)
            slack *= max(1.0, *(abs((b[1] - a[1]) / (b[0] - a[0])) for a, b in steps))
        assert value == pytest.approx(naive(curve, given_), abs=slack)


@pytest.mark.parametrize(
    ("curve", "at_half"),
    [('"linear"', 0.5), ('"smooth"', 0.5), ('"ease"', 0.75), ("2", 0.25), ("0.5", 0.7071)],
)
def test_responses(curve: str, at_half: float) -> None:
    text = '[curves.aLeft]\nside = "both"\nweights = { jawLeft = 1.0, jawRight = -1.0 }\nclamp = [-1, 1]\n'
    rig = Rig(parse_rig(f"{text}curve = {curve}"))
    assert rig(weights(jawLeft=0.5), REST) == pytest.approx({"aLeft": at_half, "aRight": -at_half}, abs=1e-4)
    assert rig(weights(jawLeft=1.0), REST) == {"aLeft": 1, "aRight": -1}


def test_points_are_held_beyond_their_ends() -> None:
    rig = Rig(parse_rig("[curves.a]\ncues={one=1}\nweights={jawOpen=2}\ncurve=[[1, 0.2],[2, 0.6]]\n"))
    assert [rig(weights(jawOpen=v), REST)["a"] for v in (0, 0.25, 0.5, 1)] == pytest.approx(
        [0.2, 0.4, 0.6, 0.6]
    )


# measures


def test_measures_have_the_signs_that_are_written() -> None:
    gaze = np.array([[0.1, 0.2], [0.3, -0.2]], np.float32)
    turn = turned(0.3, 0.2, -0.1).rotation
    cues = REST.with_(
        gaze=gaze,
        head_rotation=np.array(turn, np.float32),
        head_translation=np.array([1, 2, 3], np.float32),
        voice=0.25,
    )
    w = weights(eyeBlinkLeft=0.5, eyeBlinkRight=0.25, jawOpen=0.4, mouthClose=0.1)
    got = dict(zip(MEASURES, measured(MEASURES, w, cues), strict=True))
    want = {
        "gazeYaw": 0.2, "gazePitch": 0.0, "gazeYawRight": 0.1, "gazeYawLeft": 0.3, "gazePitchRight": 0.2,
        "gazePitchLeft": -0.2, "headYaw": 0.3, "headPitch": 0.2, "headRoll": -0.1, "headX": 1, "headY": 2,
        "headZ": 3, "blinkLeft": 0.5, "blinkRight": 0.25, "blinkBoth": 0.25, "lipsTogether": 0.25, "voice": 0.25,
        "jawAngle": 0, "mouthWidth": 0, "one": 1,
    }  # fmt: skip
    assert {name: got[name] for name in want} == pytest.approx(want, abs=1e-5)
    assert set(want) | {"lipGap"} == set(MEASURES)


def test_the_jaw_angle_is_that_of_a_hinge_at_the_ears() -> None:
    hinge = (NEUTRAL[0] + NEUTRAL[16]) / 2
    for angle in (0.0, 0.05, 0.2):  # down and back: about +x, from +z toward −y
        turn = np.array(
            [[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]]
        )
        points = NEUTRAL.copy()
        points[7:10] = (points[7:10] - hinge) @ turn.T + hinge
        assert measured(("jawAngle",), NONE, REST.with_(landmarks=points)) == [pytest.approx(angle, abs=1e-4)]


# sides


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("eyeBlinkLeft", "eyeBlinkRight"), ("leftEye", "rightEye"), ("Blink_L", "Blink_R"), ("brow_l", "brow_r"),
        ("L_Eye", "R_Eye"), ("CTRL_expressions_mouthFunnelUL", "CTRL_expressions_mouthFunnelUR"),
        ("CTRL_expressions_eyeLookLeftL", "CTRL_expressions_eyeLookRightR"), ("EYE.LEFT", "EYE.RIGHT"),
        ("RR", "RR"), ("sil", "sil"), ("brightness", "brightness"), ("CTRL", "CTRL"), ("UR", "UR"),
    ],
)  # fmt: skip
def test_names_across_the_face(name: str, other: str) -> None:
    assert mirrored_name(name) == other
    assert mirrored_name(other) == name


SIDEWAYS = ("MouthX", "EyeLeftX", "EyeRightX")
"""Parameters of VTube Studio whose sign says which side."""


@pytest.mark.parametrize("rig", [*map(load_rig, rig_names()), Rig(parse_rig(ROBOT))], ids=lambda r: r.title)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_mirrored_face_gives_mirrored_curves(rig: Rig, seed: int) -> None:
    w, cues = any_face(seed)
    seen, reflected = rig(w, cues), rig(*across(w, cues))
    reflected |= {name: -reflected[name] for name in SIDEWAYS if name in reflected}
    assert {mirrored_name(n): v for n, v in reflected.items()} == pytest.approx(seen, abs=2e-4)
    turns, back = rig.bones(w, cues), rig.bones(*across(w, cues))
    assert set(turns) == {mirrored_name(n) for n in back}
    for name, turn in turns.items():
        other = back[mirrored_name(name)]
        assert (-other.yaw, other.pitch, -other.roll) == pytest.approx(turn[1:], abs=1e-4)


def test_both_sides_are_what_two_rows_say() -> None:
    once = parse_rig(
        '[curves.eyeLeft]\nside = "both"\nweights = { eyeLookInLeft = 1 }\ncues = { gazeYawLeft = 2 }'
    )
    left, right = once.curves
    assert (left.name, left.inputs) == ("eyeLeft", {"eyeLookInLeft": 1, "gazeYawLeft": 2})
    assert (right.name, right.inputs) == ("eyeRight", {"eyeLookInRight": 1, "gazeYawRight": -2})


# bones


def test_a_turn_is_read_back_as_its_angles() -> None:
    for angles in ((0.4, 0.3, -0.2), (-1.0, 0.5, 0.7), (0, 0, 0)):
        turn = turned(*angles)
        assert isinstance(turn, Turn)
        assert np.linalg.norm(turn.rotation) == pytest.approx(1)
        assert head_angles(np.array(turn.rotation)) == pytest.approx(angles, abs=1e-6)


def test_bones_turn_as_their_rows_say() -> None:
    rig = Rig(parse_rig(ROBOT))
    assert rig.bone_names == ("Head", "eye_L", "eye_R")
    cues = REST.with_(
        gaze=np.array([[0.2, 0.1], [0.8, 0.1]], np.float32),
        head_rotation=np.array(turned(0.5, 0.3, 0.0).rotation, np.float32),
    )
    turns = rig.bones(NONE, cues)
    assert turns["Head"][1:] == pytest.approx((0.35, 0, 0), abs=1e-5)
    assert turns["eye_L"][1:] == pytest.approx((math.radians(30), math.radians(0.1 * 57.3 + 2), 0), abs=1e-5)
    assert turns["eye_R"][1:] == pytest.approx((0.2, math.radians(0.1 * 57.3 + 2), 0), abs=1e-4)
    far = rig.bones(NONE, REST.with_(gaze=np.array([[0.8, 0], [-0.8, 0]], np.float32)))
    # the limits are mirrored with the bone: 30° outward, 25° inward
    assert math.degrees(far["eye_R"].yaw) == pytest.approx(25)
    assert math.degrees(far["eye_L"].yaw) == pytest.approx(-25)
    assert load_rig("vrm1").bones(NONE, REST) == {}


def test_a_table_of_bones_alone() -> None:
    rig = Rig(parse_rig("[bones.Jaw]\nunit = 'degrees'\npitch = { weights = { jawOpen = -22.0 } }"))
    assert rig(weights(jawOpen=1), REST) == {}
    assert math.degrees(rig.bones(weights(jawOpen=0.5), REST)["Jaw"].pitch) == pytest.approx(-11)


# the page


def test_the_example_of_the_page_is_a_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rigs.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    rig = Rig(parse_rig(example, "docs/rigs.md"))
    assert rig.bone_names == ("Head", "Jaw", "EyeLeft", "EyeRight")
    assert "BrowRight" in rig.names
    for name in MEASURES:
        assert f"`{name}`" in page, name
    for name in rig_names():
        assert f"`{name}`" in page, name


# mistakes


@pytest.mark.parametrize(
    ("was", "is_", "line", "says"),
    [
        ('curve = "smooth"', 'curve = "smoth"', 13, "curve of curve 'BrowLeft' is 'smoth'; choose linear"),
        ('curve = "smooth"', "curve = 20", 13, "an exponent lies in 0.1..10"),
        ("[0.5, 0.8]", "[0.0, 0.8]", 21, "the x of its points must rise"),
        ("[0.5, 0.8]", "[0.5]", 21, r"the point \[0.5\] is not \[x, y\]"),
        ("[0.5, 0.8]", "[0.5, nan]", 21, "a finite number"),
        ("[-1.0, 1.0]", "[1.0, -1.0]", 14, "min 1.0 above max -1.0"),
        ("[-1.0, 1.0]", "[1.0]", 14, r"write \[min, max\]"),
        ("gain = 1.5", "gain = 1.5\nmin = 0\nclamp = [0, 1]", 21, "clamp and min or max"),
        ("gain = 1.5", "gain = 1e300", 19, "gain of curve 'Grin' is 1e.300; a number within"),
        ("gain = 1.5", f"gain = {'9' * 400}", 19, "a number within"),
        ("gain = 1.5", f"gain = 0x{'F' * 5000}", 19, "a number without end; a number within"),
        ("gain = 1.5", f"gain = {'9' * 5000}", 1, "not TOML"),
        ("gain = 1.5", "gain = 1.5 1.5", 19, "not TOML"),
        ("gain = 1.5", f"gain = {'[' * 5000}", 1, "not TOML: nested too deeply"),
        ("lipGap = 0.2", 'lipGap = "x"', 22, "unless.lipGap of curve 'Grin' is 'x'"),
        ("lipGap = 0.2", "lipsGap = 0.2", 22, "unknown input 'lipsGap'; did you mean lipGap"),
        ('[curves.BrowLeft]\nside = "both"', '[curves.BrowLeft]\nside = "left"', 10, 'write side = "both"'),
        ("[curves.BrowLeft]", "[curves.Brow]", 10, "curve 'Brow' has no side in its name"),
        ("[curves.Grin]", "[curves.BrowRight]", 16, "curve 'BrowRight' is there twice"),
        ('"degrees"', '"turns"', 30, "unit of bone 'eye_L' is 'turns'; choose radians, degrees"),
        ("[bones.eye_L]", "[bones.eye]", 29, "bone 'eye' has no side"),
        ("headYaw = 0.7", "headYaw = true", 25, "cues.headYaw of yaw of bone 'Head' is True"),
        ("roll = ", "rol = ", 26, "unknown key 'rol'; did you mean roll"),
        ("roll = {", "roll = 1 #", 26, "roll of bone 'Head' is 1; write { cues"),
        ("curve = 1.5 }", "side = 'both' }", 26, "unknown key 'side'"),
        ('"idle"', '"idel"', 2, "unknown curve 'idel'; did you mean idle"),
        ("[curves.idle]", '[curves.""]', 7, "a curve has no name"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line(was: str, is_: str, line: int, says: str) -> None:
    assert was in ROBOT
    with pytest.raises(RigError, match=rf"^mine\.toml:{line}: .*{says}") as caught:
        parse_rig(ROBOT.replace(was, is_, 1), "mine.toml")
    assert "\n" not in str(caught.value)


pieces = st.sampled_from(
    ["{", "}", "[", "]", "=", ",", '"', "\n", "#", ".", "0", "-1", "1e999", "nan", "true", "[]", "{}", "[[curves.a]]",
     "jawOpen", "weights", "curve", "side", "both", "Left", "clamp", "min", "unless", "rest", "bones", "\u2028", "\x00",
     "\\n", "1979-05-27", "'''", "[curves.a.b]", "yaw", "= 3", '"a\\nb"', "9" * 500]
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, len(ROBOT)), st.integers(0, 30), pieces), min_size=1, max_size=4))
@example([(ROBOT.index("[curves.idle]"), 13, '[curves."a\\nb"]\nweights = 3')])
@settings(max_examples=600, deadline=None)
def test_a_broken_table_gives_one_line_with_a_line_number(edits: list[tuple[int, int, str]]) -> None:
    text = ROBOT
    for at, length, piece in edits:
        text = text[:at] + piece + text[at + length :]
    said = ""
    try:
        values = Rig(parse_rig(text, "mine.toml")).values(*any_face(1))
    except RigError as error:
        said = str(error)
    if not said:  # it was not broken after all
        assert np.isfinite(values).all()
        return
    found = re.match(r"mine\.toml:(\d+): .", said)
    assert found, said
    assert 1 <= int(found[1]) <= text.count("\n") + 1
    assert len(said.splitlines()) == 1
