import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import landmarks as face
from bridge.direction import RELEASE_S, Direction, DirectionConfig
from bridge.features import SILENCE
from bridge.frames import (
    ARKIT_INDEX,
    EMOTIONS,
    RATE_HZ,
    AudioBlock,
    Cues,
    Floats,
    RigFrame,
    Steering,
    frame_count,
    frame_time_s,
    rest_cues,
)
from bridge.gate import HANG_OVER_S, SpeechGate
from bridge.latency import LatencyMeter
from bridge.mixing import Mixing
from bridge.pipeline import Pipeline, run
from bridge.rest import REST_FRAMES
from bridge.retarget import Retarget
from bridge.sinks import SinkStatus, open_sink
from bridge.sources import SourceError, SourceStatus
from bridge.timeline import MAX_FILL_SAMPLES

NEUTRAL = face.neutral_face()


class Echo:
    """A network of a few lines: the energy of a frame's first hop opens the mouth; it feels as steered.

    A leaky sum over all energy rides on the brows, so that a stream cut or joined wrongly shows for long.
    """

    def __init__(self, lookahead_hops: int = 7) -> None:
        self.lookahead_hops = self._needed = lookahead_hops
        self.calls: list[int] = []
        self.reset()

    def reset(self) -> None:
        self._hops: list[float] = []
        self._heard = self._made = 0
        self._memory = 0.0

    def __call__(self, mel: Floats, steering: Steering) -> list[Cues]:
        self.calls.append(len(mel))
        self._hops += (mel.mean(1) - SILENCE).tolist()
        self._heard += len(mel)
        made = []
        while self._heard >= 2 * self._made + 1 + self._needed:
            now = 2 * self._made - self._heard + len(self._hops)
            energy = self._hops[now]
            self._memory = 0.99 * self._memory + energy
            landmarks = NEUTRAL.copy()
            landmarks[[*face.GAP_LOWER, 57, 8], 1] -= 0.2 * energy
            landmarks[list(face.BROWS), 1] += 0.001 * self._memory
            cues = rest_cues(self._made, landmarks)
            share = (1 - steering.mix) * cues.emotion + steering.mix * steering.emotion
            voice = float(max(self._hops[now : now + self._needed + 1]) > 0.9)  # it hears the look-ahead
            made.append(cues.with_(emotion=share.astype(np.float32), voice=voice))
            self._made += 1
        del self._hops[: max(0, len(self._hops) - self._needed - 2)]
        return made


def pipeline(lookahead_hops: int = 7, config: DirectionConfig | None = None, **others: object) -> Pipeline:
    config = DirectionConfig(style="reader") if config is None else config
    direction = Direction(config, NEUTRAL)
    return Pipeline(Echo(lookahead_hops), direction, Retarget(), **others)  # type: ignore[arg-type]


def speech(samples: int, seed: int = 0) -> Floats:
    """Noise in syllables, with a pause now and then."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / RATE_HZ
    envelope = np.abs(np.sin(2 * np.pi * 2 * t)) * ((t % 1.5) < 1.0)
    return (rng.normal(0, 0.1, samples) * envelope).astype(np.float32)


def block(samples: Floats, start: int, captured_at: float = 0.0) -> AudioBlock:
    return AudioBlock(samples, start / RATE_HZ, captured_at)


def whole(p: Pipeline, audio: Floats) -> list[RigFrame]:
    return p.feed(block(audio, 0)) + p.flush()


def assert_same(got: list[RigFrame], expected: list[RigFrame]) -> None:
    assert [f.cues.n for f in got] == [f.cues.n for f in expected]
    for a, b in zip(got, expected, strict=True):
        assert a.cues.time_s == b.cues.time_s
        for name in ("landmarks", "gaze", "head_rotation", "head_translation", "emotion"):
            np.testing.assert_allclose(getattr(a.cues, name), getattr(b.cues, name), atol=1e-4)
        np.testing.assert_allclose(a.weights, b.weights, atol=1e-3)


# --- chunked equals whole, and every frame is there


@pytest.mark.parametrize("lookahead_hops", [0, 1, 7, 8, 40])
@pytest.mark.parametrize("samples", [0, 1, 159, 160, 319, 320, 321, 479, 480, 16_000, 33_333])
def test_a_stream_gives_exactly_its_frames(lookahead_hops: int, samples: int) -> None:
    frames = whole(pipeline(lookahead_hops, gate=SpeechGate()), speech(samples))
    assert [f.cues.n for f in frames] == list(range(frame_count(samples)))
    assert [f.cues.time_s for f in frames] == [frame_time_s(n) for n in range(len(frames))]
    assert all(f.latency_s == 0.0 for f in frames)  # no meter, no real time


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=25),
    st.sampled_from([0, 1, 7, 8, 25]),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_chunked_equals_whole(sizes: list[int], lookahead_hops: int, seed: int) -> None:
    audio = speech(sum(sizes), seed)
    config = DirectionConfig(emotion="happy", style="reader", smoothing_ms=20)
    expected = whole(pipeline(lookahead_hops, config, gate=SpeechGate()), audio)
    p = pipeline(lookahead_hops, config, gate=SpeechGate())
    got, at = [], 0
    for size in sizes:
        got += p.feed(block(audio[at : at + size], at))
        at += size
    assert_same(got + p.flush(), expected)


@pytest.mark.parametrize("chunk", [1, 7, 160, 333, 16_001])
def test_chunked_equals_whole_while_an_emotion_eases(chunk: int) -> None:
    def play(p: Pipeline, size: int) -> list[RigFrame]:
        frames, at = [], 0
        for end in (3200, 9600):  # the director speaks at 0.2 s
            while at < end:
                piece = audio[at : min(at + size, end)]
                frames += p.feed(block(piece, at))
                at += piece.size
            p.direction.set_emotion("sad")
        return frames + p.flush()

    audio = speech(9600)
    frames = play(pipeline(), 9600)
    assert_same(play(pipeline(), chunk), frames)
    shares = np.array([f.cues.emotion[EMOTIONS.index("sad")] for f in frames])
    assert shares[0] == 0.0
    assert np.diff(shares).max() < 0.1  # eased, also over one big block
    assert shares[-1] > 0.9


@pytest.mark.parametrize("chunk", [1, 7, 160, 333])
def test_a_muted_face_hears_silence_however_the_sound_comes(chunk: int) -> None:
    audio = speech(RATE_HZ)
    config = DirectionConfig(blink=False, mute=True, target="away", emotion="blend", blend_sad=1)
    heard = whole(pipeline(config=config), np.zeros_like(audio))
    p = pipeline(config=config)
    got = [f for at in range(0, audio.size, chunk) for f in p.feed(block(audio[at : at + chunk], at))]
    assert p.level_dbfs > -100  # what the meter shows is what came
    assert_same(got + p.flush(), heard)
    loud = whole(pipeline(config=replace(config, mute=False)), audio)
    assert max(f.weights.max() for f in loud) > 0.1


def test_gated_speech_chunked_equals_whole() -> None:
    audio = speech(6 * RATE_HZ)
    expected = whole(pipeline(gate=SpeechGate()), audio)
    p = pipeline(gate=SpeechGate())
    got, at, rng = [], 0, np.random.default_rng(1)
    while at < audio.size:
        piece = audio[at : at + int(rng.integers(1, 900))]
        got += p.feed(block(piece, at))
        at += piece.size
    assert_same(got + p.flush(), expected)
    gaps = np.array([face.lip_gap(f.cues.landmarks) for f in expected])
    assert gaps.max() > 0.1
    assert (gaps == 0).any()


def test_reset_starts_again_and_flush_ends() -> None:
    p = pipeline(gate=SpeechGate())
    first = whole(p, speech(20_000))
    assert p.flush() == []
    with pytest.raises(RuntimeError, match="reset"):
        p.feed(block(speech(10), 20_000))
    p.reset()
    assert_same(whole(p, speech(20_000)), first)


def test_memory_stays_bounded() -> None:
    p = pipeline(40, gate=SpeechGate())
    audio = speech(320)
    for i in range(1000):
        p.feed(block(audio, i * 320))
    assert len(p._predictor._hops) < 60  # type: ignore[attr-defined]
    p.feed(block(np.zeros(60 * RATE_HZ, np.float32), 1000 * 320))
    assert max(p._predictor.calls) <= 100  # type: ignore[attr-defined]  # a minute at once goes in by the second


def test_a_network_that_misstates_its_lookahead_is_found_out() -> None:
    p = pipeline(40)
    p._predictor.lookahead_hops = 4
    p.feed(block(speech(3200), 0))
    with pytest.raises(RuntimeError, match=r"still owes frames \d+ to 9 .* lookahead_hops is 4"):
        p.flush()


# --- time


def test_a_gap_is_filled_with_silence() -> None:
    audio = speech(48_000)
    silenced = audio.copy()
    silenced[10_001:30_000] = 0
    meter = LatencyMeter(realtime=False)
    p = pipeline(gate=SpeechGate(), meter=meter)
    got = p.feed(block(audio[:10_001], 0)) + p.feed(block(audio[30_000:], 30_000)) + p.flush()
    assert_same(got, whole(pipeline(gate=SpeechGate()), silenced))
    counts = meter.summary().counts
    assert (counts["gaps"], counts["gap_samples"], counts["jumps"]) == (1, 19_999, 0)


@given(st.floats(-0.49, 0.49))
@settings(max_examples=20, deadline=None)
def test_less_than_half_a_sample_is_no_gap(jitter: float) -> None:
    meter = LatencyMeter(realtime=False)
    p = pipeline(meter=meter)
    audio = speech(4000)
    p.feed(block(audio[:1111], 0))
    p.feed(AudioBlock(audio[1111:], (1111 + jitter) / RATE_HZ, 0.0))
    assert len(p.flush()) + meter.summary().frames >= frame_count(4000)
    assert not any(meter.summary().counts.values())


def test_a_long_gap_is_jumped_and_time_stays_true() -> None:
    audio = speech(16_000)
    meter = LatencyMeter(realtime=False)
    config = DirectionConfig(blink=False, smoothing_ms=0)
    p = pipeline(config=config, gate=SpeechGate(), meter=meter)
    before = p.feed(block(audio, 0))
    start = 3600 * RATE_HZ + 77  # an hour later, off the grid of frames
    after = p.feed(block(audio, start))
    after += p.flush()
    numbers = [f.cues.n for f in before + after]
    assert numbers[: frame_count(16_000)] == list(range(50))  # what was owed comes first
    assert numbers[50:] == list(range(180_000, frame_count(start + 16_000)))
    assert [f.cues.time_s for f in after] == [frame_time_s(f.cues.n) for f in after]
    assert meter.summary().counts["jumps"] == 1
    # and the face is the one of that sound, from a stream of its own
    alone = whole(
        pipeline(config=config, gate=SpeechGate()), np.concatenate([np.zeros(77, np.float32), audio])
    )
    # (direction runs on over the jump: a mouth that was open may take its 160 ms to close)
    for a, b in zip(after[-len(alone) :][8:], alone[8:], strict=True):
        np.testing.assert_allclose(a.cues.landmarks, b.cues.landmarks, atol=1e-4)


def test_the_longest_gap_to_fill_costs_two_seconds_of_frames() -> None:
    for extra, jumps in ((0, 0), (1, 1)):
        meter = LatencyMeter(realtime=False)
        p = pipeline(meter=meter)
        p.feed(block(speech(320), 0))
        p.feed(block(speech(320), 320 + MAX_FILL_SAMPLES + extra))
        assert meter.summary().counts["jumps"] == jumps
        assert meter.summary().frames <= 102


def test_sound_from_the_past_is_cut_or_dropped() -> None:
    audio = speech(16_000)
    meter = LatencyMeter(realtime=False)
    p = pipeline(meter=meter)
    got = p.feed(block(audio[:8000], 0))
    got += p.feed(block(audio[2000:4000], 2000))  # heard before: dropped
    got += p.feed(block(audio[7000:], 7000))  # overlaps: the new part counts
    got += p.feed(AudioBlock(audio, float("nan"), 0.0))
    got += p.feed(AudioBlock(audio, float("inf"), 0.0))
    assert_same(got + p.flush(), whole(pipeline(), audio))
    assert meter.summary().counts["late_blocks"] == 4


def test_what_is_no_sound_is_silence_and_counted() -> None:
    audio = speech(16_000)
    broken, silenced = audio.copy(), audio.copy()
    broken[[5, 100, 4000]] = [np.nan, np.inf, -1e30]
    silenced[[5, 100, 4000]] = 0
    meter = LatencyMeter(realtime=False)
    got = whole(pipeline(meter=meter), broken)
    assert_same(got, whole(pipeline(), silenced))
    assert meter.summary().counts["bad_samples"] == 3
    assert all(np.isfinite(f.weights).all() and np.isfinite(f.cues.landmarks).all() for f in got)
    with pytest.raises(ValueError, match=r"mono.*\(10, 2\)"):
        pipeline().feed(block(np.zeros((10, 2), np.float32), 0))


def test_empty_blocks_and_other_float_types_are_fine() -> None:
    p = pipeline()
    audio = speech(3200)
    got = p.feed(block(audio[:0], 0)) + p.feed(block(audio.astype(np.float64), 0))
    got += p.feed(block(audio[:0], 3200))
    assert_same(got + p.flush(), whole(pipeline(), audio))


def test_level_is_that_of_the_block() -> None:
    p = pipeline()
    tone = np.sin(2 * np.pi * 440 * np.arange(1600) / RATE_HZ).astype(np.float32)
    p.feed(block(tone, 0))
    assert p.level_dbfs == pytest.approx(-3.01, abs=0.05)
    p.feed(block(0 * tone, 1600))
    assert p.level_dbfs == pytest.approx(-120)


# --- gate

SHUT_AFTER = round((HANG_OVER_S + RELEASE_S) * 50) + 5
"""Frames from the last sound, or the start, until the mouth lies shut."""


def burst(onset: int, end: int, samples: int) -> Floats:
    audio = np.zeros(samples, np.float32)
    audio[onset:end] = np.random.default_rng(0).normal(0, 0.2, end - onset)
    return audio


@pytest.mark.parametrize("lookahead_hops", [5, 7, 8, 40])
@pytest.mark.parametrize("onset", [16_000, 16_001, 16_319])
def test_an_onset_is_never_clipped(lookahead_hops: int, onset: int) -> None:
    audio = burst(onset, onset + 8000, 40_000)
    config = DirectionConfig(blink=False, smoothing_ms=0)
    gated = whole(pipeline(lookahead_hops, config, gate=SpeechGate()), audio)
    free = whole(pipeline(lookahead_hops, config), audio)
    first = onset // 320
    opened = [face.lip_gap(f.cues.landmarks) for f in gated]
    wanted = [face.lip_gap(f.cues.landmarks) for f in free]
    assert wanted[first + 1] > 0.3
    sounding = slice(first, (onset + 8000) // 320)
    np.testing.assert_allclose(opened[sounding], wanted[sounding], atol=1e-4)
    # and it shuts: long before and after, the lips lie together
    assert opened[first - 10] == 0.0
    assert opened[first + 25 + SHUT_AFTER] == 0.0


def test_a_shut_gate_keeps_noise_from_the_mouth() -> None:
    hum = 0.009 * np.sin(2 * np.pi * 120 * np.arange(32_000) / RATE_HZ).astype(np.float32)
    free = whole(pipeline(), hum)
    gated = whole(pipeline(gate=SpeechGate()), hum)
    assert max(face.lip_gap(f.cues.landmarks) for f in free) > 0.05
    for frame in gated[SHUT_AFTER:]:
        np.testing.assert_array_equal(frame.cues.landmarks[list(face.MOUTH)], NEUTRAL[list(face.MOUTH)])


# --- latency


def test_latency_is_from_heard_to_made() -> None:
    meter = LatencyMeter()
    p = pipeline(7, meter=meter)
    audio = speech(3200)
    frames = []
    began = time.perf_counter()
    for at in range(0, 3200, 160):
        # each block arrives when its last sample was heard, or later on a busy machine
        heard = began + (at + 160) / RATE_HZ
        time.sleep(max(0.0, heard - time.perf_counter()))
        frames += p.feed(AudioBlock(audio[at : at + 160], at / RATE_HZ, heard))
    # look-ahead 70 ms past the frame's time, then computing
    assert 0.0699 < min(f.latency_s for f in frames) < 0.5
    assert meter.summary().stages["network"].p50_ms > 0


# --- run


class Voice:
    """A source of recorded sound, paced or not, that may break or never say a word more."""

    uri = "voice://"

    def __init__(
        self, audio: Floats, *, realtime: bool, then: Callable[[], None] | None = None, size: int = 160
    ) -> None:
        self.realtime = realtime
        self.closed = threading.Event()
        self._audio, self._then, self._size = audio, then, size

    def __iter__(self) -> Iterator[AudioBlock]:
        began = time.perf_counter()
        for at in range(0, self._audio.size, self._size):
            piece = self._audio[at : at + self._size]
            heard = began + (at + piece.size) / RATE_HZ
            if self.realtime and self.closed.wait(max(0.0, heard - time.perf_counter())):
                return
            if self.closed.is_set():
                return
            yield AudioBlock(piece, at / RATE_HZ, heard)
        if self._then is not None:
            self._then()

    def hang(self) -> None:
        self.closed.wait(30)

    def close(self) -> None:
        self.closed.set()

    def status(self) -> SourceStatus:
        return SourceStatus("open", "", 0, 0)


class Memory:
    """A sink that keeps what it gets."""

    uri = "memory://"

    def __init__(self, error: Exception | None = None) -> None:
        self.frames: list[RigFrame] = []
        self.at: list[float] = []
        self._error = error

    def send(self, frame: RigFrame) -> None:
        self.frames.append(frame)
        self.at.append(time.perf_counter())
        if self._error is not None:
            raise self._error

    def status(self) -> SinkStatus:
        return SinkStatus(self.uri, len(self.frames), 0, 0, "")

    def close(self) -> None:
        pass


def assert_rest(frame: RigFrame) -> None:
    rest = rest_cues(frame.cues.n, NEUTRAL)
    for name in ("landmarks", "gaze", "head_rotation", "head_translation", "emotion"):
        np.testing.assert_array_equal(getattr(frame.cues, name), getattr(rest, name))
    np.testing.assert_array_equal(frame.weights, Retarget()(rest))


def test_a_bake_gives_every_frame_and_nothing_more() -> None:
    sink, seen, heard = Memory(), [], []
    source = Voice(speech(33_333), realtime=False, size=4000)
    p = pipeline(40, gate=SpeechGate())
    run(source, p, [sink], stop=threading.Event(), on_frame=seen.append, monitor=heard.append)
    assert_same(sink.frames, whole(pipeline(40, gate=SpeechGate()), speech(33_333)))
    assert seen == sink.frames
    assert sum(b.samples.size for b in heard) == 33_333
    assert all(f.latency_s == 0 for f in sink.frames)


def test_a_live_run_ends_at_rest_in_its_own_time() -> None:
    sink = Memory()
    source = Voice(speech(8000), realtime=True)
    run(source, pipeline(7), [sink], stop=threading.Event())
    assert [f.cues.n for f in sink.frames] == list(range(25 + REST_FRAMES))
    assert_rest(sink.frames[-1])
    steps = np.diff(sink.at[-REST_FRAMES:])
    assert np.median(steps) == pytest.approx(0.02, abs=0.005)
    way = [f.cues.landmarks for f in sink.frames[-REST_FRAMES - 1 :]]
    moves = [np.abs(b - a).max() for a, b in pairwise(way)]
    started = np.abs(way[0] - NEUTRAL).max()
    assert max(moves) <= 0.15 * started  # eased, no jump
    assert all(0.0 < f.latency_s < 5.0 for f in sink.frames[:25])  # a busy machine may be late, never early


@pytest.mark.parametrize("hangs", [False, True], ids=["while it speaks", "while it waits for sound"])
def test_stop_ends_within_a_second_with_the_face_at_rest(hangs: bool) -> None:
    sink, stop = Memory(), threading.Event()
    source = Voice(speech(3200 if hangs else 160_000), realtime=True)
    source._then = source.hang
    runner = threading.Thread(target=run, args=(source, pipeline(), [sink]), kwargs={"stop": stop})
    runner.start()
    time.sleep(0.5)
    stop.set()
    asked = time.perf_counter()
    runner.join(5)
    assert time.perf_counter() - asked < 3.0  # 0.4 s on an idle machine
    assert source.closed.is_set() or not hangs
    assert_rest(sink.frames[-1])
    numbers = [f.cues.n for f in sink.frames]
    assert numbers == list(range(len(numbers)))


def test_a_device_that_closes_slowly_keeps_nobody_from_resting() -> None:
    class Stuck(Voice):
        def close(self) -> None:
            super().close()
            time.sleep(1.5)
            rested.append(len(sink.frames))

    sink, stop, rested = Memory(), threading.Event(), list[int]()
    source = Stuck(speech(160_000), realtime=True)
    threading.Timer(0.3, stop.set).start()
    run(source, pipeline(), [sink], stop=stop)
    assert_rest(sink.frames[-1])
    assert rested == [len(sink.frames)]  # the face was at rest before the device was


def test_stop_before_any_frame_sends_nothing() -> None:
    sink, stop = Memory(), threading.Event()
    stop.set()
    run(Voice(speech(1600), realtime=True), pipeline(), [sink], stop=stop)
    assert not sink.frames


def test_a_sink_that_raises_an_os_error_is_counted_and_the_others_go_on() -> None:
    bad, good = Memory(OSError("cable cut")), Memory()
    p = pipeline()
    run(Voice(speech(6400), realtime=False), p, [bad, good], stop=threading.Event())
    assert len(good.frames) == 20
    assert p.meter.summary().counts["sink_errors"] == 20


def test_a_sink_with_a_mistake_does_not_end_the_face() -> None:
    bad, good = Memory(ZeroDivisionError("our own mistake")), Memory()
    p = pipeline()
    run(Voice(speech(6400), realtime=True), p, [bad, good], stop=threading.Event())
    assert_rest(good.frames[-1])
    assert p.meter.summary().counts["sink_errors"] == len(good.frames)


def test_sinks_may_change_from_frame_to_frame() -> None:
    first, second = Memory(), Memory()
    sinks: list[Memory] = [first]

    def swap(frame: RigFrame) -> None:
        sinks[:] = [second] if frame.cues.n == 9 else sinks

    run(Voice(speech(6400), realtime=False), pipeline(), sinks, stop=threading.Event(), on_frame=swap)
    assert [len(first.frames), len(second.frames)] == [10, 10]


def test_a_source_that_breaks_leaves_the_face_at_rest_and_says_so() -> None:
    def break_down() -> None:
        raise SourceError("the cable is out")

    sink = Memory()
    with pytest.raises(SourceError, match="cable"):
        run(Voice(speech(6400), realtime=True, then=break_down), pipeline(), [sink], stop=threading.Event())
    assert_rest(sink.frames[-1])
    threads = [t.name for t in threading.enumerate()]
    assert "facecue-stop" not in threads


def test_frames_are_not_changed_after_they_were_sent() -> None:
    p = pipeline(config=replace(DirectionConfig(), smoothing_ms=30.0))
    frames = p.feed(block(speech(8000), 0))
    kept = [f.cues.landmarks.copy() for f in frames]
    p.feed(block(speech(8000), 8000))
    for frame, landmarks in zip(frames, kept, strict=True):
        np.testing.assert_array_equal(frame.cues.landmarks, landmarks)


def test_a_whole_run_with_a_tracker_on_the_wire_ends_at_rest() -> None:
    turn = np.array([0, 0.2, 0, np.sqrt(1 - 0.04)], np.float32)
    mixing = Mixing(["upper,head=vmc://:0"])
    (taken,) = mixing._taken.values()
    port = taken.tracker.port  # type: ignore[attr-defined]
    camera = open_sink(f"vmc://127.0.0.1:{port}")
    stop = threading.Event()

    def film() -> None:
        n = 0
        while not stop.is_set():
            cues = rest_cues(n, NEUTRAL).with_(head_rotation=turn)
            camera.send(RigFrame(cues, np.full(52, 0.75, np.float32), 0.0))
            n += 1
            time.sleep(0.02)

    filming = threading.Thread(target=film)
    filming.start()
    sink = Memory()
    source = Voice(speech(32_000), realtime=True)
    run(source, pipeline(), [sink], stop=threading.Event(), mix=mixing)
    stop.set()
    filming.join()
    mixing.close()
    camera.close()
    spoken = sink.frames[50]
    assert spoken.weights[ARKIT_INDEX["browInnerUp"]] == pytest.approx(0.75)
    assert spoken.weights[ARKIT_INDEX["jawOpen"]] < 0.75
    np.testing.assert_allclose(spoken.cues.head_rotation, turn, atol=1e-5)
    assert_rest(sink.frames[-1])
