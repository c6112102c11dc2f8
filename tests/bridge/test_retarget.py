import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.frames import ARKIT, ARKIT_INDEX, Cues, Floats, rest_cues
from bridge.retarget import (
    CENTRE,
    DOWN_FULL,
    LEFT,
    RIGHT,
    UP_FULL,
    YAW_FULL,
    Retarget,
    halves,
    lip_opening,
    mirrored_order,
)

RETARGET = Retarget()
NEUTRAL = face.neutral_face()
MIRRORED = list(mirrored_order())
TALK = np.load(Path(__file__).with_name("retarget_moves.npz"), allow_pickle=False)
MOVES: Floats = TALK["moves"].astype(np.float32)
"""Held-out frames of the GRID speaker (CC BY 4.0), cm from rest."""
KIND = TALK["kind"]


def cues(move: Floats | float = 0.0, gaze: object = None) -> Cues:
    rest = rest_cues(0, NEUTRAL)
    look = np.zeros((2, 2), np.float32) if gaze is None else np.asarray(gaze, np.float32)
    return rest.with_(landmarks=(NEUTRAL + move).astype(np.float32), gaze=look)


def weigh(move: Floats | float = 0.0, gaze: object = None) -> Floats:
    return RETARGET(cues(move, gaze))


def of(weights: Floats, *names: str) -> tuple[float, ...]:
    return tuple(float(weights[ARKIT_INDEX[n]]) for n in names)


def jaw(drop_cm: float, lips_shut: bool = False) -> Floats:
    """The chin drops; the lower lip goes along, or stays with the upper one."""
    move = np.zeros((68, 3), np.float32)
    chin = np.zeros(68, np.float32)
    chin[3:14] = [0.2, 0.4, 0.7, 0.9, 1, 1, 1, 0.9, 0.7, 0.4, 0.2]
    move[:, 1] = -drop_cm * chin
    if not lips_shut:
        move[[55, 56, 57, 58, 59, 65, 66, 67], 1] = -1.15 * drop_cm
        move[[48, 54, 60, 64], 1] = -0.4 * drop_cm
    return move


def smile(cm: float) -> Floats:
    move = np.zeros((68, 3), np.float32)
    for points, share in (((54, 64), 1.0), ((53, 55), 0.45)):
        move[list(points)] = np.array([0.7, 0.9, -0.5]) * cm * share
    return move + face.mirrored(move)


def brows(cm: float, points: tuple[int, ...] = face.BROWS) -> Floats:
    move = np.zeros((68, 3), np.float32)
    move[list(points), 1] = cm
    return move


def close_lids(points: tuple[int, ...], share: float = 1.0) -> Floats:
    """Upper lids move onto the lower ones, as a blink of the direction stage does."""
    move = np.zeros((68, 3), np.float32)
    for up, low in zip(face.UPPER_LID, face.LOWER_LID, strict=True):
        if up in points:
            move[up] = share * (NEUTRAL[low] - NEUTRAL[up])
    return move


def shown_gap(weights: Floats) -> float:
    """The header's formula, written out by name."""
    by_name = {n: float(RETARGET.parting[i]) * float(weights[i]) for n, i in ARKIT_INDEX.items()}
    jaw_open = (
        by_name.pop("jawOpen")
        - float(RETARGET.parting[ARKIT_INDEX["jawOpen"]]) * of(weights, "mouthClose")[0]
    )
    by_name.pop("mouthClose")
    parting = sum(
        v for n, v in by_name.items() if n.startswith(("mouthLowerDown", "mouthUpperUp", "mouthFunnel"))
    )
    rest = sum(
        v
        for n, v in by_name.items()
        if not n.startswith(("mouthLowerDown", "mouthUpperUp", "mouthFunnel", "eye", "cheekSquint"))
    )
    return max(0.0, jaw_open + parting + max(0.0, rest))


def test_rest_is_zero() -> None:
    assert weigh().max() < 0.02
    assert weigh().dtype == np.float32
    assert weigh().shape == (52,)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_weights_stay_in_range_and_finite(gain: float) -> None:
    for move in MOVES:
        w = weigh(move * gain, np.full((2, 2), 3.0))
        assert np.isfinite(w).all()
        assert w.min() >= 0
        assert w.max() <= 1


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
@settings(max_examples=60, deadline=None)
def test_mirror_is_exact(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    move = rng.choice(MOVES) + rng.normal(0, size, (68, 3)).astype(np.float32)
    gaze = rng.normal(0, 0.4, (2, 2)).astype(np.float32)
    frame = cues(move, gaze)
    image = frame.with_(
        landmarks=face.mirrored(frame.landmarks), gaze=gaze[::-1] * np.array([-1, 1], np.float32)
    )
    np.testing.assert_array_equal(RETARGET(image), RETARGET(frame)[MIRRORED])


def test_halves_of_a_mirror_image() -> None:
    even, odd = halves(MOVES)
    image_even, image_odd = halves(face.mirrored(MOVES))
    np.testing.assert_array_equal(even, image_even)
    np.testing.assert_array_equal(odd, -image_odd)


def test_map_covers_each_weight_once() -> None:
    formed = [i for i, n in enumerate(ARKIT) if n.startswith(("eye", "cheekSquint", "tongue"))]
    assert sorted([*LEFT, *RIGHT, *CENTRE, *formed]) == list(range(52))


def test_formula_of_the_gap() -> None:
    for move in MOVES:
        w = weigh(move)
        assert RETARGET.lip_gap(w) == pytest.approx(shown_gap(w), abs=1e-4)


@pytest.mark.parametrize("drop", [0.2, 0.5, 0.8])
def test_lips_shut_on_an_open_jaw(drop: float) -> None:
    w = weigh(jaw(drop, lips_shut=True))
    opened, closed = of(w, "jawOpen", "mouthClose")
    assert opened > 0.1 * drop
    assert closed == pytest.approx(opened, abs=0.05)
    assert shown_gap(w) < 0.01


def test_lips_that_touch_touch_in_the_weights() -> None:
    for move in MOVES[KIND == "closed"]:
        assert shown_gap(weigh(move)) < 0.04  # the tracker leaves up to 0.03 cm between closed lips


def test_the_gap_of_the_weights_is_the_gap_of_the_landmarks() -> None:
    for move in MOVES:
        assert shown_gap(weigh(move)) == pytest.approx(
            lip_opening((NEUTRAL + move).astype(np.float32)), abs=0.02
        )


def test_crossed_lips_are_closed() -> None:
    move = np.zeros((68, 3), np.float32)
    move[list(face.GAP_UPPER), 1] = -0.1
    assert lip_opening(NEUTRAL + move) == 0
    assert shown_gap(weigh(move)) == 0


def test_jaw_is_monotone() -> None:
    values = np.array([of(weigh(jaw(d)), "jawOpen")[0] for d in np.linspace(0, 2.0, 41)])
    assert (np.diff(values) >= -1e-3).all()
    assert values[-1] > 0.4
    talk = np.array([of(weigh(MOVES[KIND == "open"][0] * g), "jawOpen")[0] for g in np.linspace(0, 1.5, 31)])
    assert (np.diff(talk) >= -1e-3).all()
    assert talk[-1] > 0.3


def test_smile_brows_and_their_opposites() -> None:
    grown = np.array([of(weigh(smile(s)), "mouthSmileLeft")[0] for s in np.linspace(0, 1, 21)])
    assert (np.diff(grown) >= -0.02).all()
    assert grown[-1] > 0.5
    assert of(weigh(smile(1.0)), "mouthFrownLeft")[0] < 0.1
    up, down = weigh(brows(0.5)), weigh(brows(-0.4))
    assert sum(of(up, "browInnerUp", "browOuterUpLeft", "browOuterUpRight")) > 0.6
    assert max(of(up, "browDownLeft", "browDownRight")) < 0.05
    assert min(of(down, "browDownLeft", "browDownRight")) > 0.2
    assert max(of(down, "browInnerUp", "browOuterUpLeft", "browOuterUpRight")) < 0.05


def test_one_side_moves_one_side() -> None:
    left_brow = weigh(brows(0.6, face.LEFT_BROW))
    assert of(left_brow, "browOuterUpLeft")[0] > of(left_brow, "browOuterUpRight")[0] + 0.2
    move = smile(0.8)
    move[list(range(48, 68)), :] *= (NEUTRAL[48:68, :1] > 0.1).astype(np.float32)  # +x is the subject's left
    w = weigh(move)
    assert of(w, "mouthSmileLeft")[0] > of(w, "mouthSmileRight")[0] + 0.2
    shift = np.zeros((68, 3), np.float32)
    shift[[*range(4, 13), *face.MOUTH], 0] = 0.4
    aside = weigh(shift)
    assert sum(of(aside, "jawLeft", "mouthLeft")) > 0.15
    assert max(of(aside, "jawRight", "mouthRight")) < 0.05


def test_pucker_against_stretch() -> None:
    narrow = np.zeros((68, 3), np.float32)
    lips = list(face.MOUTH)
    narrow[lips, 0] = -0.25 * NEUTRAL[lips, 0]
    narrow[lips, 2] = 0.5
    pursed, wide = weigh(narrow), weigh(-0.6 * narrow)
    assert of(pursed, "mouthPucker")[0] > 0.2
    assert max(of(pursed, "mouthStretchLeft", "mouthSmileLeft")) < 0.05
    assert of(wide, "mouthPucker")[0] < 0.02
    assert sum(of(wide, "mouthStretchLeft", "mouthSmileLeft", "mouthDimpleLeft")) > 0.2
    real = np.mean([of(weigh(m), "mouthPucker")[0] for m in MOVES[KIND == "pucker"]])
    assert real > 0.1 > np.mean([of(weigh(m), "mouthPucker")[0] for m in MOVES[KIND == "open"]])


def test_lids_close_each_on_its_own() -> None:
    both = weigh(close_lids(face.EYES))
    assert min(of(both, "eyeBlinkLeft", "eyeBlinkRight")) > 0.97
    left = weigh(close_lids(face.LEFT_EYE))
    assert of(left, "eyeBlinkLeft")[0] > 0.97
    assert of(left, "eyeBlinkRight")[0] == 0
    shares = [of(weigh(close_lids(face.EYES, s)), "eyeBlinkLeft")[0] for s in np.linspace(0, 1, 11)]
    assert (np.diff(shares) >= 0).all()
    for move in MOVES[KIND == "blink"]:
        assert min(of(weigh(move), "eyeBlinkLeft", "eyeBlinkRight")) > 0.9


def test_blink_moves_nothing_else() -> None:
    w = weigh(close_lids(face.EYES))
    w[[ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]] = 0
    assert w.max() == 0


def test_wide_and_squint_are_no_blink() -> None:
    wide = weigh(close_lids(face.EYES, -0.35))
    assert min(of(wide, "eyeWideLeft", "eyeWideRight")) > 0.5
    assert max(of(wide, "eyeBlinkLeft", "eyeSquintLeft")) == 0
    move = np.zeros((68, 3), np.float32)
    move[[40, 41, 46, 47], 1] = 0.18
    squint = weigh(move)
    assert min(of(squint, "eyeSquintLeft", "eyeSquintRight")) > 0.5
    assert max(of(squint, "eyeBlinkLeft", "eyeWideLeft")) < 0.4
    assert of(weigh(move + smile(0.8)), "cheekSquintLeft")[0] > of(squint, "cheekSquintLeft")[0] + 0.1


@pytest.mark.parametrize(
    ("yaw", "pitch", "names"),
    [
        (YAW_FULL, 0.0, ("eyeLookOutLeft", "eyeLookInRight")),  # + yaw: the subject's left
        (-YAW_FULL, 0.0, ("eyeLookInLeft", "eyeLookOutRight")),
        (0.0, UP_FULL, ("eyeLookUpLeft", "eyeLookUpRight")),
        (0.0, -DOWN_FULL, ("eyeLookDownLeft", "eyeLookDownRight")),
    ],
)
def test_eyes_look_where_gaze_says(yaw: float, pitch: float, names: tuple[str, str]) -> None:
    for scale, want in ((0.5, 0.5), (1.0, 1.0), (3.0, 1.0)):
        w = weigh(0.0, [[yaw * scale, pitch * scale]] * 2)
        assert of(w, *names) == pytest.approx((want, want), abs=1e-5)
        assert w.sum() == pytest.approx(2 * want, abs=1e-4)


def test_each_eye_looks_for_itself() -> None:
    w = weigh(0.0, [[0.2, 0.0], [-0.1, 0.1]])  # rows right eye, left eye
    assert of(w, "eyeLookInRight", "eyeLookInLeft", "eyeLookUpLeft") == pytest.approx(
        (0.2 / YAW_FULL, 0.1 / YAW_FULL, 0.1 / UP_FULL)
    )


def test_noise_moves_little() -> None:
    rng = np.random.default_rng(0)
    changes = np.array(
        [
            np.abs(weigh(m + rng.normal(0, 0.01, m.shape).astype(np.float32)) - weigh(m))
            for m in np.tile(MOVES, (4, 1, 1))
        ]
    )
    assert changes.mean() < 0.006
    assert np.percentile(changes, 99) < 0.05
    assert max(weigh(rng.normal(0, 0.01, (68, 3)).astype(np.float32)).max() for _ in range(50)) < 0.15


def test_frames_stand_alone() -> None:
    other = Retarget()
    forwards = [other(cues(m)) for m in MOVES]
    other.reset()
    backwards = [other(cues(m)) for m in MOVES[::-1]][::-1]
    np.testing.assert_array_equal(forwards, backwards)


def test_a_frame_is_cheap() -> None:
    frame, spent = cues(MOVES[0]), []
    for _ in range(300):
        start = time.perf_counter()
        RETARGET(frame)
        spent.append(time.perf_counter() - start)
    assert np.median(spent) < 0.001  # measured 0.08 ms; a loaded machine gets a margin


def test_a_file_that_is_no_map(tmp_path: Path) -> None:
    path = tmp_path / "map.npz"
    np.savez(path, even=np.zeros(3))
    with pytest.raises(ValueError, match=r"misses names, bias.*models\.training\.retarget"):
        Retarget(path)
    with np.load(Path(face.__file__).with_name("rigs") / "arkit_map.npz", allow_pickle=False) as data:
        arrays = dict(data)
    arrays["even"] = arrays["even"][:, :-1]
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"another set of weights \(even"):
        Retarget(path)
