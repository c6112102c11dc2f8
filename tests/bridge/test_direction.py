import itertools
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.direction import MAX_GAZE_RAD, MAX_HEAD_RAD, RELEASE_S, Direction, DirectionConfig
from bridge.frames import CUE_RATE_HZ, EMOTIONS, Cues, Floats, rest_cues
from bridge.gains import EASE_FRAMES as GAIN_FRAMES
from bridge.rest import REST_FRAMES, scaled_rotation, way_to_rest
from bridge.steering import EASE_S

NEUTRAL = face.neutral_face()
PLAIN = DirectionConfig(blink=False, smoothing_ms=0)


def moving(n: int, size_cm: float = 0.3, seed: int = 0) -> Cues:
    """A lively frame: every point, both eyes and the head away from rest."""
    rng = np.random.default_rng((seed, n))
    landmarks = (NEUTRAL + rng.normal(0, size_cm, NEUTRAL.shape)).astype(np.float32)
    for upper, lower in zip(face.UPPER_LID, face.LOWER_LID, strict=True):
        landmarks[upper, 1] = max(landmarks[upper, 1], landmarks[lower, 1])
    return rest_cues(n, landmarks).with_(
        gaze=rng.normal(0, 0.2, (2, 2)).astype(np.float32),
        head_rotation=turned(rng.normal(0, 0.1), rng.normal(0, 0.1), 0.0),
        head_translation=rng.normal(0, 0.5, 3).astype(np.float32),
        voice=float(rng.uniform(0.1, 0.9)),
    )


def turned(x: float, y: float, z: float) -> Floats:
    """A quaternion that turns by this rotation vector, radians."""
    vector = np.array([x, y, z])
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle else vector
    return np.array([*(axis * math.sin(angle / 2)), math.cos(angle / 2)], np.float32)


def angle_of(quaternion: Floats) -> float:
    return 2 * math.atan2(float(np.linalg.norm(quaternion[:3])), abs(float(quaternion[3])))


def same(a: Cues, b: Cues) -> bool:
    names = ("landmarks", "gaze", "head_rotation", "head_translation", "emotion")
    return (a.n, a.time_s, a.voice) == (b.n, b.time_s, b.voice) and all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in names
    )


def test_by_default_the_network_is_believed() -> None:
    cues = moving(0)
    before = cues.landmarks.copy()
    out = Direction(PLAIN, NEUTRAL)(cues, 1.0)
    np.testing.assert_allclose(out.landmarks, cues.landmarks, atol=1e-5)
    np.testing.assert_allclose(out.head_rotation, cues.head_rotation, atol=1e-6)
    np.testing.assert_array_equal(out.gaze, cues.gaze)
    assert out.voice == cues.voice
    np.testing.assert_array_equal(cues.landmarks, before)  # the network's frame is left alone
    assert out.landmarks is not cues.landmarks


def test_a_shut_gate_leaves_the_mouth_at_rest_and_the_upper_face_alive() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    for n in range(40):
        out = direction(moving(n), 1.0 if n < 20 else 0.0)
    mouth = list(face.MOUTH)
    np.testing.assert_array_equal(out.landmarks[mouth], NEUTRAL[mouth])
    assert float(face.lip_gap(out.landmarks)) == float(face.lip_gap(NEUTRAL))
    np.testing.assert_array_equal(out.landmarks[8], NEUTRAL[8])  # the chin
    cues = moving(39)
    upper = [*list(face.BROWS + face.EYES), 0, 1, 15, 16]
    np.testing.assert_allclose(out.landmarks[upper], cues.landmarks[upper], atol=1e-5)


def test_the_gate_opens_at_once_and_shuts_softly() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    frame = moving(0)
    shift = np.abs(frame.landmarks[62] - NEUTRAL[62]).max()

    def openness(n: int, gate: float) -> float:
        out = direction(frame.with_(n=n, time_s=(n + 0.5) / 50), gate)
        return float(np.abs(out.landmarks[62] - NEUTRAL[62]).max() / shift)

    assert openness(0, 0.0) == 0.0
    assert openness(1, 1.0) == pytest.approx(1.0, abs=1e-4)  # the onset is whole
    shutting = [openness(n, 0.0) for n in range(2, 2 + round(RELEASE_S * CUE_RATE_HZ))]
    assert all(a >= b for a, b in itertools.pairwise(shutting))
    assert max(-np.diff(np.array([1.0, *shutting]))) < 0.3
    assert shutting[-1] == pytest.approx(0.0, abs=1e-6)
    assert Direction(replace(PLAIN, gate=False), NEUTRAL)(frame, 0.0).landmarks[62] == pytest.approx(
        frame.landmarks[62], abs=1e-5
    )


@pytest.mark.parametrize(
    ("name", "points"),
    [("brows", face.BROWS), ("lids", (36, 39, 42, 45)), ("mouth", face.MOUTH), ("jaw", (6, 7, 8, 9, 10))],
)
def test_gains_reach_their_region(name: str, points: tuple[int, ...]) -> None:
    cues = moving(0, 0.05)
    still = Direction(replace(PLAIN, **{name: 0.0}), NEUTRAL)(cues, 1.0)
    twice = Direction(replace(PLAIN, **{name: 2.0}), NEUTRAL)(cues, 1.0)
    chosen = list(points)
    np.testing.assert_allclose(still.landmarks[chosen], NEUTRAL[chosen], atol=1e-6)
    np.testing.assert_allclose(
        twice.landmarks[chosen] - NEUTRAL[chosen], 2 * (cues.landmarks - NEUTRAL)[chosen], atol=1e-5
    )
    others = [i for i in range(68) if i not in face.JAW and i not in range(31, 36)]
    others = [i for i in others if i not in points and not (name == "lids" and i in face.EYES)]
    np.testing.assert_allclose(twice.landmarks[others], cues.landmarks[others], atol=1e-5)


def test_the_jaw_line_fades_into_the_still_face() -> None:
    lowered = NEUTRAL.copy()
    lowered[:, 1] -= 1.0
    out = Direction(replace(PLAIN, jaw=0.0), NEUTRAL)(rest_cues(0, lowered), 1.0)
    kept = (NEUTRAL - out.landmarks)[list(face.JAW), 1]
    np.testing.assert_allclose(kept, kept[::-1], atol=1e-6)
    assert kept[8] == pytest.approx(0, abs=1e-6)
    assert kept[0] == pytest.approx(1, abs=1e-5)
    assert np.abs(np.diff(kept)).max() < 0.3  # no step anywhere along it


def test_sensitivity_raises_the_quiet_and_leaves_the_wide() -> None:
    def gap(opening_cm: float, sensitivity: float) -> float:
        landmarks = NEUTRAL.copy()
        landmarks[list(face.GAP_LOWER), 1] -= opening_cm
        config = replace(PLAIN, sensitivity=sensitivity)
        return float(face.lip_gap(Direction(config, NEUTRAL)(rest_cues(0, landmarks), 1.0).landmarks))

    for sensitivity in (0.25, 0.5, 2.0, 4.0):
        gaps = [gap(x, sensitivity) for x in np.linspace(0, 3, 31)]
        assert all(a <= b + 1e-5 for a, b in itertools.pairwise(gaps))  # more stays more
        assert gap(0.02, sensitivity) == pytest.approx(0.02 * sensitivity, rel=0.02)
        assert gap(2.5, sensitivity) == pytest.approx(2.5, rel=1e-3)


def test_gaze_and_head_are_limited() -> None:
    cues = rest_cues(0, NEUTRAL).with_(
        gaze=np.array([[0.5, -0.9], [0.1, 0.4]], np.float32),
        head_rotation=-turned(0.0, 0.3, 0.0),  # the long way round: still a turn of 0.3
        head_translation=np.array([1, 2, 3], np.float32),
    )
    out = Direction(replace(PLAIN, gaze=2.0, head=2.0), NEUTRAL)(cues, 1.0)
    np.testing.assert_allclose(out.gaze, [[0.6, -0.6], [0.2, 0.6]], atol=1e-6)
    assert np.abs(out.gaze).max() <= np.float32(MAX_GAZE_RAD)
    assert angle_of(out.head_rotation) == pytest.approx(0.6, abs=1e-5)
    np.testing.assert_allclose(out.head_translation, [2, 4, 6])
    far = cues.with_(head_rotation=turned(1.5, 0, 0))
    out = Direction(replace(PLAIN, head=2.0), NEUTRAL)(far, 1.0)
    assert angle_of(out.head_rotation) == pytest.approx(MAX_HEAD_RAD, abs=1e-5)
    still = Direction(replace(PLAIN, gaze=0.0, head=0.0), NEUTRAL)(far, 1.0)
    np.testing.assert_array_equal(still.head_rotation, [0, 0, 0, 1])
    assert not still.gaze.any()
    assert not still.head_translation.any()


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=3).filter(lambda v: 0.01 < math.hypot(*v) < 2.5),
    st.floats(0, 1),
)
def test_scaled_rotation_is_a_slerp_from_no_turn(vector: list[float], amount: float) -> None:
    scaled = scaled_rotation(turned(*vector), amount)
    np.testing.assert_allclose(scaled, turned(*(amount * x for x in vector)), atol=1e-5)
    assert float(np.linalg.norm(scaled)) == pytest.approx(1.0, abs=1e-6)


def test_scaled_rotation_goes_the_short_way() -> None:
    np.testing.assert_allclose(scaled_rotation(-turned(0, 0.5, 0), 0.5), turned(0, 0.25, 0), atol=1e-6)
    for nothing in ((0, 0, 0, 1), (0, 0, 0, -1)):
        np.testing.assert_array_equal(scaled_rotation(np.float32(nothing), 0.5), (0, 0, 0, 1))


def test_smoothing_delays_as_stated_and_needs_no_warm_up() -> None:
    frame = moving(0)
    for smoothing_ms, delay_ms in ((8.0, 1.8), (30.0, 21.1)):
        direction = Direction(DirectionConfig(blink=False, smoothing_ms=smoothing_ms), NEUTRAL)
        first = direction(rest_cues(0, NEUTRAL), 1.0)
        np.testing.assert_allclose(first.landmarks, NEUTRAL, atol=1e-6)
        delay = 0.0
        for n in range(1, 60):  # the area over a step response is its delay
            out = direction(frame.with_(n=n, time_s=(n + 0.5) / 50), 1.0)
            reached = (out.landmarks[8] - NEUTRAL[8])[0] / (frame.landmarks[8] - NEUTRAL[8])[0]
            delay += 20 * (1 - float(reached))
        assert delay == pytest.approx(delay_ms, abs=0.3)
    assert delay_ms <= 22  # 30 ms of smoothing is the frame that the docstring says


def test_smoothing_takes_the_short_way_between_q_and_minus_q() -> None:
    direction = Direction(DirectionConfig(blink=False, smoothing_ms=30), NEUTRAL)
    q = turned(0.0, 0.4, 0.0)
    for n in range(10):
        out = direction(rest_cues(n, NEUTRAL).with_(head_rotation=q if n % 2 else -q), 1.0)
        assert angle_of(out.head_rotation) == pytest.approx(0.4, abs=1e-4)


def run_all(direction: Direction, frames: int = 400) -> list[Cues]:
    return [direction(moving(n), float(n % 70 < 40)) for n in range(frames)]


def test_same_seed_same_take_and_reset_restores_exactly() -> None:
    config = DirectionConfig(emotion="happy", blinks=3, smoothing_ms=20, sensitivity=2)
    direction = Direction(config, NEUTRAL)
    first = run_all(direction)
    direction.reset()
    assert all(same(a, b) for a, b in zip(first, run_all(direction), strict=True))
    assert all(same(a, b) for a, b in zip(first, run_all(Direction(config, NEUTRAL)), strict=True))
    other = run_all(Direction(replace(config, seed=1), NEUTRAL))
    assert not all(same(a, b) for a, b in zip(first, other, strict=True))


def test_a_change_of_emotion_eases_in() -> None:
    direction = Direction(DirectionConfig(), NEUTRAL)
    assert direction.steering_at(0.0).mix == 0.0
    assert direction.steady
    direction.set_emotion("happy", mix=0.8, intensity=1.5)
    assert not direction.steady
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    mixes = []
    for n in range(30):
        steering = direction.steering_at(1.0 + n / 50)
        assert steering is direction.steering
        assert steering.emotion[happy] == 1.0  # from "auto" only the share grows
        mixes.append(steering.mix)
    assert mixes[0] == 0.0
    assert max(np.diff(mixes)) < 0.8 * 0.1
    assert mixes[round(EASE_S * 50)] == pytest.approx(0.8)
    assert mixes[round(EASE_S * 50) - 1] < 0.8
    assert direction.steady
    direction.set_emotion("sad")  # keeps mix and intensity
    middle = [direction.steering_at(2.0 + s) for s in (0.0, EASE_S / 2)][-1]
    np.testing.assert_allclose(middle.emotion[[happy, sad]], [0.5, 0.5], atol=1e-6)
    assert (middle.mix, middle.intensity) == (0.8, 1.5)
    # turning round half way starts from where the face is, not from the end
    direction.set_emotion("happy")
    np.testing.assert_allclose(direction.steering_at(2.0 + EASE_S / 2).emotion, middle.emotion)
    direction.steering_at(9.0)
    direction.set_emotion("auto")
    direction.steering_at(9.0)
    leaving = direction.steering_at(9.0 + EASE_S / 2)
    assert leaving.emotion[happy] == 1.0
    assert leaving.mix == pytest.approx(0.4)
    assert direction.steering_at(10.0).mix == 0.0


def test_an_emotion_asked_for_from_the_start_is_there_from_the_start() -> None:
    steering = Direction(DirectionConfig(emotion="fear", mix=0.7), NEUTRAL).steering_at(0.0)
    assert steering.emotion[EMOTIONS.index("fear")] == 1.0
    assert steering.mix == 0.7


def test_bad_requests_change_nothing() -> None:
    direction = Direction(DirectionConfig(emotion="sad"), NEUTRAL)
    with pytest.raises(ValueError, match="emotion is 'glad'; choose auto, angry"):
        direction.set_emotion("glad")
    with pytest.raises(ValueError, match=r"mix is 1\.5; it must lie in 0\.\.1"):
        direction.set_emotion("happy", mix=1.5)
    assert direction.config == DirectionConfig(emotion="sad")
    with pytest.raises(ValueError, match=r"sensitivity is 9; it must lie in 0\.25\.\.4"):
        DirectionConfig(sensitivity=9)
    with pytest.raises(ValueError, match="smoothing_ms is nan"):
        DirectionConfig(smoothing_ms=math.nan)
    with pytest.raises(ValueError, match=r"\(68, 3\); got \(5, 3\)"):
        Direction(DirectionConfig(), NEUTRAL[:5])


def test_the_configuration_may_be_swapped_from_another_thread_while_it_runs() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    done = threading.Event()

    def stir() -> None:
        i = 0
        while not done.is_set():
            direction.set_emotion(EMOTIONS[i % 8])
            direction.configure(replace(direction.config, mouth=float(i % 2), blinks=float(i % 3)))
            i += 1

    stirrer = threading.Thread(target=stir)
    stirrer.start()
    for n in range(500):
        steering = direction.steering_at(n / 50)
        assert 0 <= steering.mix <= 1
        assert steering.emotion.sum() == pytest.approx(1, abs=1e-5)
        assert np.isfinite(direction(moving(n), 1.0).landmarks).all()
    done.set()
    stirrer.join()
    direction.configure(replace(PLAIN, mouth=0.0))
    for n in range(500, 500 + GAIN_FRAMES):
        out = direction(moving(n), 1.0)
    np.testing.assert_allclose(out.landmarks[51], NEUTRAL[51], atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.5))
@settings(max_examples=30, deadline=None)
def test_lids_meet_and_never_cross(seed: int, size_cm: float) -> None:
    direction = Direction(DirectionConfig(style="reader", blinks=1.3, seed=seed, lids=2.0), NEUTRAL)
    closed = False
    for n in range(200):
        rng = np.random.default_rng((seed, n))
        landmarks = (NEUTRAL + rng.normal(0, size_cm, NEUTRAL.shape)).astype(np.float32)
        out = direction(rest_cues(n, landmarks), float(n % 50 < 25)).landmarks
        heights = (out[list(face.UPPER_LID)] - out[list(face.LOWER_LID)])[:, 1]
        assert heights.min() >= 0.0
        closed |= bool((face.lid_gap(out) == 0).any())
    assert closed  # 60 a minute: some blink lies in these four seconds


def test_toward_rest_ends_at_rest_exactly() -> None:
    cues = moving(7)
    way = list(way_to_rest(cues, NEUTRAL))
    assert [c.n for c in way] == list(range(8, 8 + REST_FRAMES))
    assert same(way[-1], rest_cues(7 + REST_FRAMES, NEUTRAL))
    distances = [float(np.abs(c.landmarks - NEUTRAL).max()) for c in [cues, *way]]
    assert all(a >= b for a, b in itertools.pairwise(distances))
    assert max(-np.diff(distances)) < 0.15 * distances[0]
    for c in way:
        assert float(c.emotion.sum()) == pytest.approx(1, abs=1e-5)
        assert float(np.linalg.norm(c.head_rotation)) == pytest.approx(1, abs=1e-5)


# what is asked while it runs


def stretch(direction: Direction, start: int, frames: int, gate: float = 1.0) -> list[Cues]:
    return [direction(moving(n), gate, True) for n in range(start, start + frames)]


def test_gains_ease_over_so_that_a_preset_makes_no_jump() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    frame = moving(0)

    def chin(n: int) -> float:
        out = direction(frame.with_(n=n, time_s=(n + 0.5) / 50), 1.0)
        return float((out.landmarks[8] - NEUTRAL[8])[0] / (frame.landmarks[8] - NEUTRAL[8])[0])

    assert chin(0) == pytest.approx(1)
    direction.change(jaw=2.0)
    track = [chin(n) for n in range(1, 1 + GAIN_FRAMES)]
    np.testing.assert_allclose(np.diff([1.0, *track]), 1 / GAIN_FRAMES, atol=1e-3)
    assert track[-1] == pytest.approx(2)


def test_a_change_is_whole_or_nothing() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    direction.change(mouth=1.5, target="camera", seed=3)
    assert direction.config == replace(PLAIN, mouth=1.5, target="camera", seed=3)
    with pytest.raises(ValueError, match=r"jaw is 5; it must lie in 0\.\.2"):
        direction.change(mouth=0.5, jaw=5)
    with pytest.raises(ValueError, match="unknown control 'chin'; known: emotion"):
        direction.change(mouth=0.5, chin=1)
    assert direction.config.mouth == 1.5


def test_a_blend_is_asked_of_the_network_and_eases_in() -> None:
    direction = Direction(DirectionConfig(emotion="happy"), NEUTRAL)
    direction.steering_at(0.0)
    direction.change(emotion="blend", blend_happy=0.25, blend_sad=0.5)
    start = direction.steering_at(1.0)
    assert start.emotion[EMOTIONS.index("happy")] == 1.0
    end = direction.steering_at(1.01 + EASE_S)
    expected = {"happy": 0.25, "sad": 0.5, "neutral": 0.25}
    np.testing.assert_allclose(end.emotion, [expected.get(name, 0.0) for name in EMOTIONS], atol=1e-6)
    assert direction.steady


def test_a_fader_that_moves_is_followed_while_it_moves() -> None:
    direction = Direction(DirectionConfig(intensity=0.0), NEUTRAL)
    direction.steering_at(0.0)
    track = []
    for n in range(100):  # two seconds up, thirty settings a second
        if n % 2 == 0:
            direction.change(intensity=2.0 * (n + 1) / 100)
        track.append(direction.steering_at(1 + n / 50).intensity)
    assert track[50] > 0.5  # of 1.0 that are asked for by then: 0.4 s behind
    assert track[-1] > 1.5
    assert max(np.diff(track)) < 0.03
    assert direction.steering_at(1 + 99 / 50 + EASE_S).intensity == pytest.approx(1.98)


@pytest.mark.parametrize("gate", [True, False])
def test_mute_brings_the_mouth_to_rest_softly_though_the_gate_is_open(gate: bool) -> None:
    direction = Direction(replace(PLAIN, gate=gate), NEUTRAL)
    stretch(direction, 0, 5)
    direction.change(mute=True)
    frame = moving(5, 0.3)
    tracks = [direction(frame.with_(n=n, time_s=(n + 0.5) / 50), 1.0, True).landmarks for n in range(5, 25)]
    moves = np.abs(np.array(tracks)[:, 62] - NEUTRAL[62]).max(-1)
    assert moves[0] > 0
    assert np.diff(moves).max() <= 1e-6
    assert moves[round(RELEASE_S * CUE_RATE_HZ)] == pytest.approx(0, abs=1e-6)
    brow = np.abs(tracks[-1][19] - frame.landmarks[19]).max()
    assert brow == pytest.approx(0, abs=1e-5)  # the upper face lives on
    direction.change(mute=False)
    assert np.abs(direction(frame, 1.0, True).landmarks[62] - NEUTRAL[62]).max() > 0


def test_pause_brings_everything_to_rest_and_lets_it_come_back() -> None:
    config = DirectionConfig(style="reader", blinks=3, target="camera")
    direction = Direction(config, NEUTRAL)
    before = stretch(direction, 0, 20)[-1]
    assert not same(before, rest_cues(19, NEUTRAL))
    direction.change(pause=True)
    frame = moving(20)
    way = [direction(frame.with_(n=n, time_s=(n + 0.5) / 50), 1.0, True) for n in range(20, 20 + REST_FRAMES)]
    assert same(way[-1], rest_cues(19 + REST_FRAMES, NEUTRAL))
    for n in range(40, 400):  # no blink, no glance
        assert same(direction(moving(n), 1.0, True), rest_cues(n, NEUTRAL))
    direction.change(pause=False)
    back = stretch(direction, 400, REST_FRAMES)
    assert not same(back[0], rest_cues(400, NEUTRAL))
    free = Direction(config, NEUTRAL)
    expected = stretch(free, 0, 400 + REST_FRAMES)[-1]
    np.testing.assert_allclose(back[-1].landmarks, expected.landmarks, atol=1e-5)


def test_a_captured_face_is_the_neutral_one_from_then_on() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    frame = moving(0)
    still = [frame.with_(n=n, time_s=(n + 0.5) / 50) for n in range(120)]
    direction(still[0], 1.0)
    direction.own_neutral.catch()
    assert direction.own_neutral.held
    shown = [direction(cues, 1.0).landmarks for cues in still[1:40]]
    far = [float(np.abs(landmarks - NEUTRAL).max()) for landmarks in shown]
    assert all(a >= b - 1e-6 for a, b in itertools.pairwise(far))  # eased
    assert max(-np.diff(far)) < 0.1 * far[0]
    np.testing.assert_allclose(shown[-1], NEUTRAL, atol=1e-5)
    direction.reset()  # the next stream has it from its first frame on
    np.testing.assert_allclose(direction(still[0], 1.0).landmarks, NEUTRAL, atol=1e-5)
    direction.own_neutral.let_go()
    for cues in still[1:40]:
        out = direction(cues, 1.0)
    assert not direction.own_neutral.held
    np.testing.assert_allclose(out.landmarks, frame.landmarks, atol=1e-5)


def test_a_mouth_that_is_held_shut_is_not_captured() -> None:
    direction = Direction(PLAIN, NEUTRAL)
    direction.own_neutral.catch()
    for n in range(40):
        direction(moving(0).with_(n=n, time_s=(n + 0.5) / 50), 0.0)
    opened = direction(moving(0).with_(n=40), 1.0)
    np.testing.assert_allclose(opened.landmarks[62], moving(0).landmarks[62], atol=1e-5)
    assert np.abs(opened.landmarks[list(face.BROWS)] - NEUTRAL[list(face.BROWS)]).max() < 1e-5


def test_automatic_gain_raises_a_mumbler_as_far_as_it_may() -> None:
    def gap(auto: bool) -> float:
        direction = Direction(replace(PLAIN, auto_gain=auto), NEUTRAL)
        landmarks = NEUTRAL.copy()
        landmarks[list(face.GAP_LOWER), 1] -= 0.1
        for n in range(3000):  # a minute of speech
            out = direction(rest_cues(n, landmarks).with_(voice=0.9), 1.0, True)
        return float(face.lip_gap(out.landmarks))

    assert gap(False) == pytest.approx(0.1, abs=1e-3)
    assert gap(True) == pytest.approx(0.2, rel=0.02)


def test_everything_at_once_repeats_after_a_reset_and_eyes_follow_their_target() -> None:
    config = DirectionConfig(
        emotion="blend",
        blend_happy=0.7,
        blinks=3,
        smoothing_ms=20,
        sensitivity=2,
        auto_gain=True,
        target="away",
    )
    direction = Direction(config, NEUTRAL)
    first = run_all(direction)
    direction.reset()
    assert all(same(a, b) for a, b in zip(first, run_all(direction), strict=True))
    free = run_all(Direction(replace(config, target="none"), NEUTRAL))
    assert np.abs(first[-1].gaze - free[-1].gaze).max() > 0.05
    others = [i for i in range(68) if i not in (*face.UPPER_LID, *face.LOWER_LID)]  # lids go with the eyes
    np.testing.assert_array_equal(first[-1].landmarks[others], free[-1].landmarks[others])
