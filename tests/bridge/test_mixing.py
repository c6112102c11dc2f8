"""Regions from a tracker, the rest from the voice: what is taken, how softly, and when it is given back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bridge import mixing as mixing_room
from bridge.frames import ARKIT, ARKIT_INDEX, RigFrame, rest_cues
from bridge.landmarks import neutral_face
from bridge.mixing import FADE_S, REGIONS, SILENT_S, Mixing, gaze_of, look_weights, read_mix, shapes_of
from bridge.rest import REST_FRAMES
from bridge.retarget import Retarget
from bridge.trackers import Tracked, TrackerError, TrackerStatus

LOOK = [name for name in ARKIT if name.startswith("eyeLook")]
OTHER_EYES = [name for name in ARKIT if name.startswith("eye") and name not in LOOK]
BROWS = [name for name in ARKIT if name.startswith("brow")]
MOUTH = [name for name in ARKIT if not name.startswith(("eye", "brow"))]
TURN = np.array([0, 0.2, 0, np.sqrt(1 - 0.04)], np.float32)
FRAMES = round(FADE_S * 50)


class Camera:
    """A tracker that says what it is told, when it is told."""

    def __init__(self, uri: str = "cam://") -> None:
        self.uri = uri
        self.tracked = Tracked()
        self.closed = False

    def say(self, names: list[str], value: float, at: float) -> None:
        weights, weights_at = self.tracked.weights.copy(), self.tracked.weights_at.copy()
        indices = [ARKIT_INDEX[name] for name in names]
        weights[indices], weights_at[indices] = value, at
        self.tracked = Tracked(
            weights,
            weights_at,
            self.tracked.gaze,
            self.tracked.gaze_at,
            self.tracked.head,
            self.tracked.head_at,
        )

    def turn(self, at: float, gaze: np.ndarray | None = None) -> None:
        old = self.tracked
        looking = old.gaze if gaze is None else gaze
        gaze_at = old.gaze_at if gaze is None else (at, at)
        self.tracked = Tracked(old.weights, old.weights_at, looking, gaze_at, TURN, at)

    def latest(self) -> Tracked:
        return self.tracked

    def status(self) -> TrackerStatus:
        return TrackerStatus(3, 0, "heard")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]

    class Clock:
        perf_counter = staticmethod(lambda: now[0])

    monkeypatch.setattr(mixing_room, "time", Clock)
    return now


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> dict[str, Camera]:
    opened: dict[str, Camera] = {}

    def open_camera(uri: str) -> Camera:
        if "broken" in uri:
            raise TrackerError(f"{uri}: broken")
        opened[uri] = Camera(uri)
        return opened[uri]

    monkeypatch.setattr(mixing_room, "open_tracker", open_camera)
    return opened


def voice(n: int, gaze: float = 0.1) -> RigFrame:
    cues = rest_cues(n, neutral_face()).with_(
        gaze=np.full((2, 2), gaze, np.float32), head_translation=np.ones(3, np.float32)
    )
    return RigFrame(cues, Retarget()(cues) * 0 + np.float32(0.25), 0.1)


def play(
    mixing: Mixing, clock: list[float], count: int, first: int = 0, say: Callable[[], None] = lambda: None
) -> list[RigFrame]:
    frames = []
    for n in range(first, first + count):
        clock[0] += 0.02
        say()
        frames.append(mixing(voice(n)))
    return frames


def weight(frame: RigFrame, name: str) -> float:
    return float(frame.weights[ARKIT_INDEX[name]])


# what is asked


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("upper=cam://", ("brows", "eyes")), ("head=cam://", ("head",)), ("eyes=cam://", ("eyes",)),
        ("mouth=cam://", ("mouth",)), ("upper,head=cam://x?from=y", ("brows", "eyes", "head")),
        ("brows,upper=cam://", ("brows", "eyes")),
    ],
)  # fmt: skip
def test_regions_are_read(text: str, parts: tuple[str, ...]) -> None:
    assert read_mix(text) == (parts, text.partition("=")[2])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vmc://:39541", "names no region"), ("vmc://:1?from=x", "names no region"), ("0.5", "names no region"),
        ("lower=vmc://", "unknown region 'lower'; known: upper, brows, eyes, mouth, head"),
        ("=vmc://", "unknown region ''"),
    ],
)  # fmt: skip
def test_a_wrong_mix_is_one_line(text: str, says: str) -> None:
    with pytest.raises(TrackerError, match=says):
        read_mix(text)


def test_every_shape_belongs_to_one_part() -> None:
    parts = [part for part in REGIONS if part != "upper"]
    assert (sum(shapes_of(part).astype(int) for part in parts) == 1).all()
    assert {ARKIT[i] for i in np.flatnonzero(shapes_of("brows"))} == set(BROWS)


def test_a_part_has_one_tracker_and_a_tracker_is_opened_once(cameras: dict[str, Camera]) -> None:
    mixing = Mixing(["upper=cam://", "head=cam://", "mouth=cam://2"])
    assert set(cameras) == {"cam://", "cam://2"}
    assert mixing.statuses() == [("brows,eyes,head=cam://", "heard"), ("mouth=cam://2", "heard")]
    mixing.close()
    assert all(camera.closed for camera in cameras.values())
    with pytest.raises(TrackerError, match="eyes is asked of cam://3 and of cam://4; keep one"):
        Mixing(["upper=cam://3", "eyes=cam://4"])


def test_one_that_does_not_open_closes_the_others(cameras: dict[str, Camera]) -> None:
    with pytest.raises(TrackerError, match="broken"):
        Mixing(["upper=cam://5", "head=cam://broken"])
    assert cameras["cam://5"].closed


# what is taken


def test_a_voice_alone_is_left_as_it_is(cameras: dict[str, Camera], clock: list[float]) -> None:
    frame = voice(0)
    assert Mixing(["upper,head,mouth=cam://"])(frame) is frame


def test_brows_and_eyes_come_from_the_tracker_the_mouth_from_the_voice(
    cameras: dict[str, Camera], clock: list[float]
) -> None:
    mixing = Mixing(["upper=cam://"])
    camera = cameras["cam://"]

    def say() -> None:
        camera.say(list(ARKIT), 0.75, clock[0])
        camera.turn(clock[0], gaze=np.full((2, 2), -0.2, np.float32))

    frames = play(mixing, clock, FRAMES + 5, say=say)
    brow = [weight(frame, "browInnerUp") for frame in frames]
    steps = np.diff([0.25, *brow])
    assert (steps >= 0).all()
    assert steps.max() < 0.5 * 2.5 / FRAMES  # no jump
    assert brow[FRAMES - 2] < 0.75 == brow[FRAMES]  # 0.2 s
    last = frames[-1]
    for name in BROWS + OTHER_EYES + LOOK:
        assert weight(last, name) == 0.75
    for name in MOUTH:
        assert weight(last, name) == 0.25
    np.testing.assert_allclose(last.cues.gaze, -0.2, atol=1e-6)
    np.testing.assert_array_equal(last.cues.head_rotation, [0, 0, 0, 1])  # nobody asked for the head
    np.testing.assert_array_equal(last.cues.landmarks, voice(0).cues.landmarks)
    assert last.cues.n == FRAMES + 4


def test_a_head_turns_with_the_tracker_and_its_shift_is_let_go(
    cameras: dict[str, Camera], clock: list[float]
) -> None:
    mixing = Mixing(["head=cam://"])
    frames = play(mixing, clock, FRAMES + 2, say=lambda: cameras["cam://"].turn(clock[0]))
    np.testing.assert_allclose(frames[-1].cues.head_rotation, TURN, atol=1e-6)
    np.testing.assert_array_equal(frames[-1].cues.head_translation, 0)
    half = frames[FRAMES // 2 - 1].cues.head_rotation
    assert 0.05 < half[1] < 0.15
    assert np.linalg.norm(half) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(frames[-1].weights, voice(0).weights)


def test_a_silent_tracker_gives_the_face_back_and_what_it_said_is_forgotten(
    cameras: dict[str, Camera], clock: list[float]
) -> None:
    mixing = Mixing(["upper,head=cam://"])
    camera = cameras["cam://"]

    def say() -> None:
        camera.say(BROWS, 0.75, clock[0])
        camera.turn(clock[0], gaze=np.zeros((2, 2), np.float32))

    play(mixing, clock, 20, say=say)
    silent = play(mixing, clock, 60, first=20)
    brow = np.array([weight(frame, "browInnerUp") for frame in silent])
    held = round(SILENT_S * 50)
    assert (brow[: held - 1] == 0.75).all()  # a pause between packets is no silence
    assert np.abs(np.diff(brow)).max() < 0.5 * 2.5 / FRAMES
    assert (brow[held + FRAMES + 2 :] == 0.25).all()
    after = silent[-1]
    np.testing.assert_array_equal(after.weights, voice(0).weights)
    np.testing.assert_array_equal(after.cues.gaze, voice(0).cues.gaze)
    np.testing.assert_array_equal(after.cues.head_rotation, [0, 0, 0, 1])
    # it comes back with one part only: the other stays the voice's
    back = play(mixing, clock, 20, first=80, say=lambda: camera.say(BROWS, 0.5, clock[0]))
    assert weight(back[-1], "browInnerUp") == 0.5
    np.testing.assert_array_equal(back[-1].cues.head_rotation, [0, 0, 0, 1])
    np.testing.assert_array_equal(back[-1].cues.gaze, voice(0).cues.gaze)


def test_eyes_that_come_as_bones_turn_the_look_shapes(cameras: dict[str, Camera], clock: list[float]) -> None:
    mixing = Mixing(["eyes=cam://"])
    gaze = np.array([[0.3, 0.1], [0.3, -0.2]], np.float32)
    frames = play(mixing, clock, FRAMES + 2, say=lambda: cameras["cam://"].turn(clock[0], gaze=gaze))
    cues = rest_cues(0, neutral_face()).with_(gaze=gaze)
    wanted = Retarget()(cues)
    for name in LOOK:
        assert weight(frames[-1], name) == pytest.approx(float(wanted[ARKIT_INDEX[name]]), abs=1e-5)
    assert weight(frames[-1], "eyeBlinkLeft") == 0.25  # of lids it said nothing


def test_look_shapes_alone_turn_the_eyes(cameras: dict[str, Camera], clock: list[float]) -> None:
    mixing = Mixing(["eyes=cam://"])

    def say() -> None:
        cameras["cam://"].say(LOOK, 0.0, clock[0])
        cameras["cam://"].say(["eyeLookInRight", "eyeLookOutLeft"], 0.5, clock[0])

    last = play(mixing, clock, FRAMES + 2, say=say)[-1]
    assert (last.cues.gaze[:, 0] > 0.2).all()  # both to the subject's left
    np.testing.assert_allclose(last.cues.gaze[:, 1], 0, atol=1e-6)


def test_gaze_and_look_shapes_are_two_ways_to_say_the_same() -> None:
    gaze = np.array([[0.3, 0.2], [-0.4, -0.3]], np.float32)
    weights = np.zeros(52, np.float32)
    weights[mixing_room._LOOK] = look_weights(gaze)
    np.testing.assert_allclose(gaze_of(weights), gaze, atol=1e-6)
    wanted = Retarget()(rest_cues(0, neutral_face()).with_(gaze=gaze))
    np.testing.assert_allclose(weights[mixing_room._LOOK], wanted[mixing_room._LOOK], atol=1e-6)


def test_eyes_and_heads_turn_only_so_far(cameras: dict[str, Camera], clock: list[float]) -> None:
    mixing = Mixing(["eyes,head=cam://"])
    camera = cameras["cam://"]

    def say() -> None:
        camera.turn(clock[0], gaze=np.full((2, 2), 3.0, np.float32))
        old = camera.tracked
        camera.tracked = Tracked(
            old.weights, old.weights_at, old.gaze, old.gaze_at, np.array([0, 1, 0, 0], np.float32), clock[0]
        )

    last = play(mixing, clock, FRAMES + 2, say=say)[-1]
    assert np.abs(last.cues.gaze).max() == pytest.approx(0.6)
    assert 2 * np.arccos(last.cues.head_rotation[3]) == pytest.approx(1.2, abs=1e-5)


def test_a_jump_of_audio_time_is_no_jump_of_the_face(cameras: dict[str, Camera], clock: list[float]) -> None:
    mixing = Mixing(["brows=cam://"])
    mixing(voice(0))
    cameras["cam://"].say(BROWS, 0.75, clock[0])
    for n in (100_000, 5):  # far ahead, and back
        assert weight(mixing(voice(n)), "browInnerUp") <= 0.5


def test_released_the_face_is_the_voices_again(cameras: dict[str, Camera], clock: list[float]) -> None:
    mixing = Mixing(["upper,head=cam://"])
    camera = cameras["cam://"]

    def say() -> None:
        camera.say(BROWS, 0.75, clock[0])
        camera.turn(clock[0], gaze=np.zeros((2, 2), np.float32))

    play(mixing, clock, 20, say=say)
    mixing.release()
    frames = play(mixing, clock, REST_FRAMES, first=20, say=say)  # though it goes on speaking
    assert weight(frames[0], "browInnerUp") < 0.75
    np.testing.assert_array_equal(frames[-1].weights, voice(0).weights)
    np.testing.assert_array_equal(frames[-1].cues.head_rotation, [0, 0, 0, 1])
