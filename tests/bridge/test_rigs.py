from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, EMOTIONS, Cues, Floats, rest_cues
from bridge.retarget import Retarget
from bridge.rigs import Rig, RigError, load_rig, parse_rig, rig_names

NEUTRAL = face.neutral_face()
TALK = np.load(Path(__file__).with_name("retarget_moves.npz"), allow_pickle=False)
RETARGET = Retarget()

VRM1 = [
    "happy",
    "angry",
    "sad",
    "relaxed",
    "surprised",
    "aa",
    "ih",
    "ou",
    "ee",
    "oh",
    "blink",
    "blinkLeft",
    "blinkRight",
    "lookUp",
    "lookDown",
    "lookLeft",
    "lookRight",
    "neutral",
]
VRM0 = [
    "Joy",
    "Angry",
    "Sorrow",
    "Fun",
    "A",
    "I",
    "U",
    "E",
    "O",
    "Blink",
    "Blink_L",
    "Blink_R",
    "LookUp",
    "LookDown",
    "LookLeft",
    "LookRight",
    "Surprised",
    "Neutral",
]
OCULUS = ["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"]


def weights(**values: float) -> Floats:
    w: Floats = np.zeros(52, np.float32)
    for name, value in values.items():
        w[ARKIT_INDEX[name]] = value
    return w


def feeling(**values: float) -> Cues:
    emotion = np.zeros(8, np.float32)
    for name, value in (values or {"neutral": 1.0}).items():
        emotion[EMOTIONS.index(name)] = value
    return rest_cues(0, NEUTRAL).with_(emotion=emotion)


def talking(kind: str) -> list[Cues]:
    moves = TALK["moves"][TALK["kind"] == kind].astype(np.float32)
    return [feeling().with_(landmarks=NEUTRAL + m) for m in moves]


@pytest.mark.parametrize(
    ("name", "names"), [("vrm1", VRM1), ("vrm0", VRM0), ("oculus15", OCULUS), ("arkit52", ARKIT)]
)
def test_shipped_rigs_have_the_names_of_their_standard(name: str, names: list[str]) -> None:
    assert sorted(load_rig(name).names) == sorted(names)
    assert name in rig_names()


@pytest.mark.parametrize("name", ["vrm1", "vrm0", "oculus15", "arkit52"])
def test_curves_stay_in_range_on_talk(name: str) -> None:
    rig = load_rig(name)
    for kind in ("closed", "open", "blink", "pucker", "any"):
        for cues in talking(kind):
            values = rig(RETARGET(cues), cues)
            assert tuple(values) == rig.names
            assert all(0 <= v <= 1 for v in values.values())


def test_arkit_is_identity() -> None:
    w = np.linspace(0, 1, 52).astype(np.float32)
    assert load_rig("arkit52")(w, feeling()) == dict(zip(ARKIT, w.tolist(), strict=True))


def test_rest() -> None:
    for name, awake in (("vrm1", "neutral"), ("vrm0", "Neutral"), ("oculus15", "sil")):
        values = load_rig(name)(weights(), feeling())
        assert values.pop(awake) == 1
        assert max(values.values()) == 0


def test_vrm_feels_by_emotion_alone() -> None:
    rig = load_rig("vrm1")
    for emotion, curve in (
        ("happy", "happy"),
        ("angry", "angry"),
        ("sad", "sad"),
        ("surprised", "surprised"),
    ):
        values = rig(weights(), feeling(**{emotion: 1.0}))
        assert values[curve] == pytest.approx(1)
        assert sum(values.values()) == pytest.approx(1)  # and the mouth stays out of it
    grin = rig(weights(mouthSmileLeft=1, mouthSmileRight=1, cheekSquintLeft=1), feeling())
    assert {k: v for k, v in grin.items() if v} == {"neutral": 1.0}
    assert rig(weights(), feeling(neutral=0.55, happy=0.45))["relaxed"] > 0.1


def test_vrm_blinks_are_not_counted_twice() -> None:
    rig = load_rig("vrm1")
    both = rig(weights(eyeBlinkLeft=0.9, eyeBlinkRight=0.9), feeling())
    assert (both["blink"], both["blinkLeft"], both["blinkRight"]) == pytest.approx((0.9, 0, 0))
    wink = rig(weights(eyeBlinkLeft=1.0, eyeBlinkRight=0.2), feeling())
    assert (wink["blink"], wink["blinkLeft"], wink["blinkRight"]) == pytest.approx((0.2, 0.8, 0))


def test_vrm_looks_to_the_characters_left() -> None:
    values = load_rig("vrm1")(weights(eyeLookOutLeft=0.6, eyeLookInRight=0.6), feeling())
    assert values["lookLeft"] == pytest.approx(0.6)
    assert values["lookRight"] == 0


def test_vowels_follow_the_lips() -> None:
    rig = load_rig("vrm1")

    def mean(kind: str) -> dict[str, float]:
        frames = [rig(RETARGET(c), c) for c in talking(kind)]
        return {n: float(np.mean([f[n] for f in frames])) for n in ("aa", "ih", "ou", "ee", "oh")}

    opened, pursed, closed = mean("open"), mean("pucker"), mean("closed")
    assert max(opened, key=opened.__getitem__) == "aa"
    assert max(pursed, key=pursed.__getitem__) == "ou"
    assert max(closed.values()) < 0.12


def test_visemes_sum_to_one_and_follow_the_lips() -> None:
    rig = load_rig("oculus15")
    means = {}
    for kind in ("closed", "open", "blink", "pucker", "any"):
        frames = np.array([rig.values(RETARGET(c), c) for c in talking(kind)])
        np.testing.assert_allclose(frames.sum(1), 1, atol=1e-5)
        means[kind] = dict(zip(rig.names, frames.mean(0), strict=True))
    closed, opened, pursed = means["closed"], means["open"], means["pucker"]
    assert closed["sil"] + closed["PP"] > 0.9
    assert closed["PP"] > 0.1
    assert opened["aa"] > 0.5
    assert opened["sil"] < 0.05
    assert pursed["ou"] == max(v for n, v in pursed.items() if n != "sil")


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_visemes_sum_to_one_on_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cues = feeling().with_(landmarks=NEUTRAL + rng.normal(0, 0.3, (68, 3)).astype(np.float32))
    values = load_rig("oculus15").values(rng.random(52).astype(np.float32), cues)
    assert values.sum() == pytest.approx(1, abs=1e-5)
    assert values.min() >= 0


def test_formula_of_a_curve() -> None:
    text = """
    [curves.a]
    weights = { jawOpen = 2.0 }
    emotion = { happy = 1.0 }
    cues = { one = 0.25 }
    gain = 0.5
    offset = -0.125
    max = 0.8
    unless = { mouthClose = 1.0 }
    """
    rig = Rig(parse_rig(text))
    assert rig(weights(jawOpen=0.25), feeling(happy=0.5)) == {"a": pytest.approx(0.5)}
    assert rig(weights(jawOpen=1.0), feeling(happy=0.5)) == {"a": pytest.approx(0.8)}
    assert rig(weights(jawOpen=1.0, mouthClose=0.25), feeling(happy=0.5)) == {"a": pytest.approx(0.6)}


def test_rest_takes_what_is_left_and_scales_what_is_too_much() -> None:
    rig = Rig(parse_rig('rest = "r"\n[curves.r]\n[curves]\na = "jawOpen"\nb = "mouthPucker"'))
    assert rig(weights(jawOpen=0.25, mouthPucker=0.25), feeling()) == pytest.approx(
        {"r": 0.5, "a": 0.25, "b": 0.25}
    )
    assert rig(weights(jawOpen=1.0, mouthPucker=1.0), feeling()) == pytest.approx(
        {"r": 0, "a": 0.5, "b": 0.5}
    )


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "robot.toml"
    path.write_text('[curves]\nMouth = "jawOpen"\n', encoding="utf-8")
    for given_path in (path, str(path)):
        rig = load_rig(given_path)
        assert rig.names == ("Mouth",)
        assert rig(weights(jawOpen=0.5), feeling()) == {"Mouth": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[curves.a]\nweights = { jawOpne = 1.0 }",
            r"mine\.toml:2: unknown weight 'jawOpne'; did you mean jawOpen\? \(known: browDownLeft",
        ),
        (
            "# jawOpne\n[curves.a]\ngain = 1\nemotion = { joy = 1 }",
            r":4: unknown emotion 'joy' \(known: angry, .*surprised\)",
        ),
        ("[curves.a]\ncues = { lip = 1 }", r":2: unknown cue 'lip'.*known: lipGap"),
        ("[curves.a]\nunless = { lip = 1 }", r":2: unknown input 'lip'"),
        ("[curves.a]\ngains = 2", r":2: unknown key 'gains'; did you mean gain\? \(known: weights"),
        ("curve = 1\n[curves.a]", r":1: unknown key 'curve'.*known: title, rest, curves"),
        ('[curves]\na = "jaw"', r":2: unknown weight 'jaw'|:2: unknown weight"),
        ("[curves]\na = 3", r":2: curve 'a' is 3; give a weight's name or a table"),
        ("[curves.a]\ngain = 'x'", r":2: gain of curve 'a' is 'x'; a finite number"),
        ("[curves.a]\ngain = inf", r"gain of curve 'a' is inf"),
        ("[curves.a]\ngain = true", r"gain of curve 'a' is True"),
        ("[curves.a]\nweights = 1", r":2: weights of curve 'a' is 1; write"),
        ("[curves.a]\nmin = 1.0\nmax = 0.5", r":2: curve 'a' has min 1.0 above max 0.5"),
        ('rest = "b"\n[curves.a]', r":1: unknown curve 'b'.*known: a"),
        ("rest = 1\n[curves.a]", r":1: rest is 1; the name of a curve"),
        ("title = 1\n[curves.a]", r":1: title is 1"),
        ("title = 'x'", r"mine\.toml:1: no curves"),
        ("[curves.a", r"mine\.toml:1: not TOML: "),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RigError, match=message) as caught:
        load_rig(path)
    assert "\n" not in str(caught.value)


def test_no_such_rig(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"no rig 'vrm2'; shipped: arkit52, .*oculus15, .*vrm0, vrm1"):
        load_rig("vrm2")
    with pytest.raises(RigError, match=r"gone\.toml: No such file"):
        load_rig(tmp_path / "gone.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RigError, match="not UTF-8"):
        load_rig(tmp_path / "bytes.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(RigError, match="at most"):
        load_rig(tmp_path / "big.toml")


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_complains(text: str) -> None:
    try:
        table = parse_rig(text)
    except RigError:
        return
    assert table.curves or table.bones
