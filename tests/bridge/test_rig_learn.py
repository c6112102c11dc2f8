"""Rigs learned from pose pairs, and the pairs as people write them."""

from pathlib import Path

import numpy as np
import pytest

from bridge.rigs import Rig, RigError, parse_rig
from bridge.rigs.learn import learn, table_text
from bridge.rigs.pairs import POSED, Pairs, read_pairs

CSV = """\
jawOpen,mouthSmileLeft,happy,curve:Mouth,curve:Grin
0,0,0,0,0
1,0,0,0.9,0
0.5,,0,0.45,0
0,1,0,0,0.6
0,0.5,1,0,0.7
"""
TOML = """\
[[pairs]]
[[pairs]]
weights = { jawOpen = 1 }
curves = { Mouth = 0.9 }
[[pairs]]
weights = { jawOpen = 0.5 }
curves = { Mouth = 0.45 }
[[pairs]]
weights = { mouthSmileLeft = 1 }
curves = { Grin = 0.6 }
[[pairs]]
weights = { mouthSmileLeft = 0.5 }
emotion = { happy = 1 }
curves = { Grin = 0.7 }
"""


def written(tmp_path: Path, text: str, name: str = "p.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def poses(rng: np.random.Generator, count: int, active: int) -> np.ndarray:
    made = np.zeros((count, len(POSED)))
    made[:, :active] = rng.random((count, active)) * (rng.random((count, active)) < 0.4)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_known_rig_is_recovered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = np.zeros((len(POSED), 5))
    for curve in range(5):
        factors[rng.choice(30, 3, replace=False), curve] = rng.uniform(0.4, 1.5, 3) * [1, 1, -1]
    factors[:, 4] *= 30  # one in degrees
    low, high = np.array([0, 0, 0, 0, -45.0]), np.array([1, 1, 1, 1, 45.0])
    seen = poses(rng, 60, 30)
    values = np.clip(seen @ factors, low, high)
    learned = learn(Pairs(seen, ("a", "b", "c", "d", "e"), values))
    found = np.array([[c.inputs.get(name, 0.0) for name in POSED] for c in learned.curves]).T
    offset = np.array([c.offset for c in learned.curves])
    other = poses(rng, 200, 30)
    limits = [c.low for c in learned.curves], [c.high for c in learned.curves]
    missed = np.clip(other @ found + offset, *limits) - np.clip(other @ factors, low, high)
    span = high - low
    assert (np.sqrt((missed**2).mean(0)) < 0.03 * span).all()
    assert (learned.residual < 0.02 * span).all()
    assert (learned.left_out < 0.1 * span).all()
    assert max(len(c.inputs) for c in learned.curves) <= 6


def test_what_is_learned_is_a_table(tmp_path: Path) -> None:
    learned = learn(read_pairs(written(tmp_path, CSV)))
    text = table_text('a "title"\x7f 😀', learned.curves)
    table = parse_rig(text)
    assert table.title == 'a "title"\x7f 😀'
    assert [(c.name, c.inputs, c.offset) for c in table.curves] == [
        ("Mouth", {"jawOpen": 0.9}, 0),
        ("Grin", {"mouthSmileLeft": 0.6, "happy": 0.4}, 0),
    ]
    assert learned.residual == pytest.approx([0, 0], abs=1e-3)
    odd = table_text("t", (learned.curves[0].__class__('Mund "auf" ü.1', {"jawOpen": 12.5}, 1, 0.5, -3, 40),))
    (curve,) = parse_rig(odd).curves
    assert (curve.name, curve.inputs, curve.offset, curve.low, curve.high) == (
        'Mund "auf" ü.1', {"jawOpen": 12.5}, 0.5, -3, 40,
    )  # fmt: skip


def test_csv_and_toml_say_the_same(tmp_path: Path) -> None:
    a, b = read_pairs(written(tmp_path, CSV)), read_pairs(written(tmp_path, TOML, "p.toml"))
    assert a.curves == b.curves == ("Mouth", "Grin")
    np.testing.assert_array_equal(a.poses, b.poses)
    np.testing.assert_array_equal(a.values, b.values)
    excel = read_pairs(written(tmp_path, "\ufeff" + CSV.replace("\n", "\r\n")))
    np.testing.assert_array_equal(a.values, excel.values)


def test_a_curve_at_its_limit_asks_only_to_be_there() -> None:
    seen = np.zeros((6, len(POSED)))
    seen[:, POSED.index("jawOpen")] = [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    learned = learn(Pairs(seen, ("a",), np.clip(2 * seen.sum(1, keepdims=True), 0, 1)))
    assert learned.curves[0].inputs["jawOpen"] == pytest.approx(2, abs=0.01)
    assert Rig(parse_rig(table_text("t", learned.curves))).names == ("a",)


def test_too_little_to_learn_from() -> None:
    same = Pairs(np.ones((9, len(POSED))), ("a",), np.arange(9.0)[:, None])
    with pytest.raises(RigError, match=r"1 different poses are too few.*give 3 at least"):
        learn(same)
    still = Pairs(np.eye(9, len(POSED)), ("a", "b"), np.stack([np.arange(9.0), np.ones(9)], 1))
    with pytest.raises(RigError, match="'b' has the same value in every pair"):
        learn(still)


@pytest.mark.parametrize(
    ("was", "is_", "says"),
    [
        ("jawOpen,", "jawOpne,", r"p\.csv:1: unknown column .*'jawOpne'; did you mean jawOpen"),
        ("curve:Grin", "curve:Mouth", r":1: the column 'curve:Mouth' is there twice"),
        ("curve:Mouth,curve:Grin", "angry,sad", r":1: no curves of a character"),
        ("curve:Grin", "curve:", r":1: no curves of a character, or one without a name"),
        ("1,0,0,0.9,0", "1,0,0,0.9", r":3: 4 values for 5 columns"),
        ("1,0,0,0.9,0", "1,0,0,wide,0", r":3: curve:Mouth is 'wide'; a finite number"),
        ("1,0,0,0.9,0", "inf,0,0,0.9,0", r":3: jawOpen is 'inf'"),
    ],
)  # fmt: skip
def test_a_mistake_in_csv(tmp_path: Path, was: str, is_: str, says: str) -> None:
    with pytest.raises(RigError, match=says):
        read_pairs(written(tmp_path, CSV.replace(was, is_, 1)))


@pytest.mark.parametrize(
    ("was", "is_", "says"),
    [
        ("jawOpen = 1 }", "jawOpne = 1 }", r"p\.toml:2: unknown name 'jawOpne' in weights"),
        ("happy", "joy", r":11: unknown name 'joy' in emotion"),
        ("emotion =", "emotions =", r":11: unknown key 'emotions'"),
        ("{ Grin = 0.7 }", "3", r":11: curves is 3; write"),
        ("{ Grin = 0.7 }", "{ Grin = true }", r":11: curves: a finite number"),
        ("[[pairs]]\n", "x = 1\n[[pairs]]\n", r":1: unknown key 'x'"),
        ("[[pairs]]\n", "pairs = 3\n[[pair]]\n", r":3: not TOML"),
        ("jawOpen = 1 }", "jawOpen = }", r":3: not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_in_toml(tmp_path: Path, was: str, is_: str, says: str) -> None:
    with pytest.raises(RigError, match=says):
        read_pairs(written(tmp_path, TOML.replace(was, is_, 1), "p.toml"))


def test_no_such_pairs(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"gone\.csv: No such file"):
        read_pairs(tmp_path / "gone.csv")
    with pytest.raises(RigError, match=r"neither \.csv nor \.toml"):
        read_pairs(written(tmp_path, CSV, "p.xls"))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RigError, match="not UTF-8"):
        read_pairs(tmp_path / "b.csv")
    with pytest.raises(RigError, match="no curves"):
        read_pairs(written(tmp_path, "", "e.csv"))
