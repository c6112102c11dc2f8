"""Other rates: the moments that are sent, when they are sent, and the face in between."""

from __future__ import annotations

import math
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frames import RigFrame, frame_time_s, rest_cues
from bridge.landmarks import neutral_face
from bridge.sinks import SinkError, SinkStatus, open_sink
from bridge.sinks.between import between, turned
from bridge.sinks.rated import BEHIND_S, FRAME_S, QUEUE_FRAMES, STALL_S, Playhead, RatedSink

RATES = (24.0, 25.0, 29.97, 30.0, 50.0, 60.0, 90.0, 120.0)


def yaw(angle: float) -> np.ndarray:
    return np.array([0, math.sin(angle / 2), 0, math.cos(angle / 2)], np.float32)


def moving(n: int, latency_s: float = 0.1) -> RigFrame:
    """Every number is linear in audio time, so that what lies between two frames is known."""
    t = frame_time_s(n)
    cues = rest_cues(n, neutral_face()).with_(
        landmarks=neutral_face() + np.float32(t),
        gaze=np.full((2, 2), t, np.float32),
        head_rotation=yaw(t % 3.0),
        head_translation=np.full(3, 2 * t, np.float32),
    )
    return RigFrame(cues, np.full(52, t / 10, np.float32), latency_s)


# the face between two frames


def test_between_is_linear_and_on_the_sphere() -> None:
    a, b = moving(10), moving(11)
    t = a.cues.time_s + 0.25 * FRAME_S
    made = between(a, b, t, 77)
    assert (made.cues.n, made.cues.time_s) == (77, t)
    np.testing.assert_allclose(made.cues.landmarks, neutral_face() + t, atol=1e-5)
    np.testing.assert_allclose(made.cues.gaze, t, atol=1e-6)
    np.testing.assert_allclose(made.cues.head_translation, 2 * t, atol=1e-6)
    np.testing.assert_allclose(made.weights, t / 10, atol=1e-6)
    np.testing.assert_allclose(made.cues.head_rotation, yaw(t), atol=1e-6)
    assert made.cues.emotion.sum() == pytest.approx(1)
    assert made.weights.dtype == made.cues.landmarks.dtype == made.cues.head_rotation.dtype == np.float32


angles = st.floats(-3, 3)


@given(angles, angles, st.floats(0, 1), st.booleans())
def test_a_head_turns_the_short_way_at_an_even_speed(a: float, b: float, share: float, flip: bool) -> None:
    quaternion = -yaw(b) if flip else yaw(b)  # the same rotation
    made = turned(yaw(a), quaternion, share)
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-6)
    way = (b - a + math.pi) % (2 * math.pi) - math.pi
    if abs(abs(way) - math.pi) > 0.01:  # half a turn has two short ways
        assert abs(float(made @ yaw(a + share * way))) == pytest.approx(1, abs=1e-5)


# which moments, and when


def played(rate: float, arrivals: list[tuple[int, float]], until: float) -> list[tuple[float, RigFrame]]:
    """Runs a playhead over arrivals (frame number, moment), with a clock that steps by 0.1 ms."""
    playhead, out, i = Playhead(rate), [], 0
    for tick in range(int(until * 1e4)):
        now = tick * 1e-4
        while i < len(arrivals) and arrivals[i][1] <= now:
            playhead.feed(moving(arrivals[i][0]), arrivals[i][1])
            i += 1
        due = playhead.due_at()
        if due is not None and now >= due:
            frame = playhead.take(now)
            if frame is None and now - due > STALL_S:
                frame = playhead.stop()
            if frame is not None:
                out.append((now, frame))
    return out


@pytest.mark.parametrize("rate", RATES)
def test_moments_are_a_grid_of_their_own_and_come_evenly(rate: float) -> None:
    sent = played(rate, [(n, 0.1 + FRAME_S * n) for n in range(150)], 3.3)
    numbers = [f.cues.n for _, f in sent]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(sent) == pytest.approx(3.0 * rate, abs=2)
    for _, frame in sent:
        assert frame.cues.time_s == pytest.approx((frame.cues.n + 0.5) / rate)
    for _, frame in sent[:-1]:  # (the last is the face as it was left)
        np.testing.assert_allclose(frame.cues.gaze, frame.cues.time_s, atol=1e-5)
    steps = np.diff([at for at, _ in sent[:-1]])
    np.testing.assert_allclose(steps, 1 / rate, atol=2e-4)
    # frame n came at 0.1 + 0.02 n, 0.09 s after its own sound: what is sent is one frame later
    late = [at - f.cues.time_s for at, f in sent[:-1]]
    np.testing.assert_allclose(late, 0.09 + FRAME_S, atol=2e-4)


@pytest.mark.parametrize("rate", [25.0, 60.0, 120.0])
def test_no_face_is_sent_twice(rate: float) -> None:
    sent = played(rate, [(n, 0.1 + FRAME_S * n) for n in range(100)], 2.5)
    faces = [float(f.weights[0]) for _, f in sent]
    assert all(b > a for a, b in pairwise(faces))


@pytest.mark.parametrize("rate", [24.0, 50.0, 60.0, 120.0])
def test_bursts_are_evened_out(rate: float) -> None:
    sent = played(rate, [(n, 0.1 + 2 * FRAME_S * (n // 2 + 1)) for n in range(200)], 4.4)
    steady = [at for at, f in sent[:-1] if f.cues.time_s > 1.0]
    np.testing.assert_allclose(np.diff(steady), 1 / rate, rtol=0.045, atol=2e-4)  # the slew
    late = [at - f.cues.time_s for at, f in sent[:-1]]
    assert max(late) <= 0.1 + 1.5 * FRAME_S + FRAME_S + 2e-4  # the latest of a burst, and one frame


def test_one_late_frame_is_waited_for_and_none_hurries_after_it() -> None:
    arrivals = [(n, 0.1 + FRAME_S * n + (0.03 if n == 50 else 0.0)) for n in range(51)]
    arrivals += [(n, max(0.1 + FRAME_S * n, arrivals[-1][1])) for n in range(51, 200)]
    sent = played(60.0, arrivals, 4.4)
    steps = np.diff([at for at, _ in sent[:-1]])
    assert steps.max() < 1 / 60 + 0.031
    assert steps.min() > 0.94 / 60
    late = np.array([at - f.cues.time_s for at, f in sent[:-1]])
    assert late[-1] == pytest.approx(0.09 + FRAME_S, abs=1e-3)  # and it comes back


@pytest.mark.parametrize("rate", [24.0, 60.0, 120.0])
def test_sending_stops_with_the_frames_and_leaves_the_last_face(rate: float) -> None:
    sent = played(rate, [(n, 0.1 + FRAME_S * n) for n in range(50)], 4.0)
    at, last = sent[-1]
    assert at < 0.1 + 1.0 + FRAME_S + STALL_S + 0.05
    np.testing.assert_array_equal(last.cues.landmarks, moving(49).cues.landmarks)
    np.testing.assert_array_equal(last.weights, moving(49).weights)


def test_after_a_pause_in_which_nothing_was_lost_numbers_go_on() -> None:
    arrivals = [(n, 0.1 + FRAME_S * n + (1.0 if n >= 50 else 0.0)) for n in range(100)]
    numbers = [f.cues.n for _, f in played(60.0, arrivals, 4.0)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.parametrize("jump", [100_000, 30, -40], ids=["far ahead", "a gap", "back"])
def test_a_jump_of_audio_time_is_followed_and_nothing_is_made_up_across_it(jump: int) -> None:
    arrivals = [(n + (jump if n >= 50 else 0), 0.1 + FRAME_S * n) for n in range(100)]
    sent = played(60.0, arrivals, 2.4)
    own = {round(frame_time_s(n), 6) for n, _ in arrivals}
    for _, frame in sent:
        t = float(frame.cues.gaze[0, 0])
        assert min(abs(t - one) for one in own) < FRAME_S  # a moment that somebody saw
    assert len(sent) == pytest.approx(120, abs=8)
    late = [at - f.cues.time_s for at, f in sent if f.cues.n < 200]
    assert max(late) < 1.5


def test_a_backlog_is_skipped_to_its_end() -> None:
    arrivals = [(n, 0.1 + FRAME_S * n) for n in range(50)]
    arrivals += [(n, 3.0) for n in range(50, 150)]  # two seconds at once
    arrivals += [(n, 3.0 + FRAME_S * (n - 149)) for n in range(150, 250)]
    sent = [(at, f) for at, f in played(60.0, arrivals, 5.2) if at > 3.0]
    late = [at - f.cues.time_s for at, f in sent[:-1]]
    assert max(late) < 0.01 + 3 * FRAME_S + BEHIND_S
    assert late[-1] == pytest.approx(0.01 + FRAME_S, abs=0.01)
    assert len(sent) == pytest.approx(120, abs=10)


@given(
    st.floats(24, 120),
    st.lists(st.tuples(st.integers(-5, 200), st.floats(0, 0.3)), min_size=1, max_size=60),
)
def test_a_playhead_takes_whatever_comes(rate: float, steps: list[tuple[int, float]]) -> None:
    playhead, n, now = Playhead(rate), 0, 0.0
    for step, pause in steps:
        n, now = max(0, n + step), now + pause
        playhead.feed(moving(n), now)
        for _ in range(20):
            due = playhead.due_at()
            if due is None or due > now:
                break
            frame = playhead.take(now) or playhead.stop()
            assert frame is None or np.isfinite(frame.cues.landmarks).all()
        assert len(playhead._frames) < 20


# the sink


class Memory:
    uri = "memory://"

    def __init__(self) -> None:
        self.frames: list[RigFrame] = []
        self.at: list[float] = []
        self.threads: set[str] = set()
        self.closed = 0
        self.error: Exception | None = None

    def send(self, frame: RigFrame) -> None:
        if self.error is not None:
            raise self.error
        self.at.append(time.perf_counter())
        self.frames.append(frame)
        self.threads.add(threading.current_thread().name)

    def status(self) -> SinkStatus:
        return SinkStatus(self.uri, len(self.frames), 0, 0, "fine")

    def close(self) -> None:
        self.closed += 1


def play(sink: RatedSink, frames: int, first: int = 0) -> None:
    began = time.perf_counter()
    for i in range(frames):
        time.sleep(max(0.0, began + FRAME_S * i - time.perf_counter()))
        sink.send(moving(first + i))


def test_a_sink_at_another_rate() -> None:
    memory = Memory()
    sink = RatedSink(memory, 120.0)
    play(sink, 50)
    sink.close()
    sink.close()
    assert memory.threads == {"facecue-rate"}
    assert len(memory.frames) == pytest.approx(120, abs=20)  # a busy machine may skip some
    numbers = [f.cues.n for f in memory.frames]
    assert numbers == sorted(set(numbers))
    assert np.median(np.diff(memory.at)) == pytest.approx(1 / 120, abs=0.002)
    np.testing.assert_array_equal(memory.frames[-1].weights, moving(49).weights)  # the face as it was left
    latencies = [f.latency_s for f in memory.frames[:-1]]
    assert np.median(latencies) == pytest.approx(0.1 + FRAME_S, abs=0.015)  # counted with what it added
    assert memory.closed >= 1
    assert "facecue-rate" not in [t.name for t in threading.enumerate()]
    assert sink.status().detail == "fine · 120 a second"
    before = len(memory.frames)
    sink.send(moving(99))
    assert (len(memory.frames), sink.status().dropped) == (before, sink.status().dropped)


def test_what_does_not_wait_for_the_clock_is_counted_not_kept() -> None:
    memory = Memory()
    sink = RatedSink(memory, 60.0)
    for n in range(1000):  # twenty seconds at once, as `--fast` gives them
        sink.send(moving(n, latency_s=0.0))
    sink.close()
    assert sink.status().dropped > 500
    assert len(sink._arrived) <= QUEUE_FRAMES
    assert memory.frames[-1].latency_s == 0.0
    np.testing.assert_array_equal(memory.frames[-1].weights, moving(999).weights)


def test_a_fault_of_the_sink_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    memory.error = ValueError("no")
    sink = RatedSink(memory, 60.0)
    play(sink, 15)
    memory.error = None
    play(sink, 15, first=15)
    sink.close()
    assert memory.frames
    assert sink.status().errors > 3
    assert len(caplog.records) == 1


def test_a_sink_that_never_got_a_frame_closes() -> None:
    memory = Memory()
    RatedSink(memory, 60.0).close()
    assert (memory.frames, memory.closed) == ([], 1)


@pytest.mark.parametrize(
    "uri", ["null://?rate=60", "osc://127.0.0.1:9000?landmarks=0&rate=24", "vmc://127.0.0.1?rate=90"]
)
def test_every_scheme_has_it(uri: str) -> None:
    sink = open_sink(uri)
    assert isinstance(sink, RatedSink)
    assert (sink.uri, sink.status().uri) == (uri, uri)
    sink.close()


def test_a_preview_still_says_where_it_is() -> None:
    sink = open_sink("preview://127.0.0.1:0?rate=24")
    assert isinstance(sink, RatedSink)
    assert str(sink.url).startswith("http://127.0.0.1:")
    sink.close()


@pytest.mark.parametrize("rate", ["23", "121", "0", "fast", "nan", ""])
def test_a_rate_out_of_range(rate: str) -> None:
    with pytest.raises(SinkError, match=f"rate={rate} is not a number from 24 to 120"):
        open_sink(f"null://?rate={rate}")
