import itertools
import threading
import time

import numpy as np
import pytest

from bridge import latency
from bridge.frames import RATE_HZ, AudioBlock
from bridge.latency import COUNTERS, HEARD_BLOCKS, STAGES, WINDOW, LatencyMeter, Pace


class Clock:
    """A wall clock that stands still until it is told to move."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(latency.time, "perf_counter", clock)
    return clock


def block(time_s: float, duration_s: float, captured_at: float) -> AudioBlock:
    return AudioBlock(np.zeros(round(duration_s * RATE_HZ), np.float32), time_s, captured_at)


def test_latency_counts_from_the_moment_the_sample_was_heard(clock: Clock) -> None:
    meter = LatencyMeter()
    meter.heard(block(0.0, 0.010, 99.0))  # its sample at 0.004 s was heard at 98.994
    meter.heard(block(0.010, 0.010, 99.5))  # jitter: this block came late
    assert meter.latency_of(0.004) == pytest.approx(1.006)
    assert meter.latency_of(0.010) == pytest.approx(0.51)
    assert meter.latency_of(0.019) == pytest.approx(0.501)


def test_times_outside_all_blocks_are_reckoned_from_the_nearest(clock: Clock) -> None:
    meter = LatencyMeter()
    assert meter.latency_of(1.0) == 0.0  # nothing heard yet
    meter.heard(block(1.0, 0.010, 99.0))
    meter.heard(block(3.0, 0.010, 99.5))
    assert meter.latency_of(0.9) == pytest.approx(1.11)  # before all
    assert meter.latency_of(2.5) == pytest.approx(0.5 + 0.51)  # in the gap: from the block after it
    assert meter.latency_of(3.02) == pytest.approx(0.49)  # padding after the end
    assert meter.latency_of(99.0) == 0.0  # never negative


def test_sources_that_are_not_in_real_time_have_no_latency(clock: Clock) -> None:
    meter = LatencyMeter(realtime=False)
    meter.heard(block(0.0, 1.0, 3.0))
    assert meter.latency_of(0.5) == 0.0


def test_memory_is_bounded_and_percentiles_are_of_the_window(clock: Clock) -> None:
    meter = LatencyMeter()
    for i in range(HEARD_BLOCKS * 3):
        meter.heard(block(i * 0.01, 0.01, 50.0 + i * 0.01))
    assert len(meter._heard) == HEARD_BLOCKS
    for i in range(2 * WINDOW):
        meter.frames_made([1.0 if i < WINDOW else 0.001 * (i % 100)])
    summary = meter.summary()
    assert summary.frames == 2 * WINDOW
    assert summary.latency.p50_ms == pytest.approx(49.5)  # nothing of the first half
    assert summary.latency.p99_ms == pytest.approx(98, abs=1)


def test_stage_times_are_per_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.chain([0.0, 0.001, 5.0, 5.002, 7.0], itertools.repeat(7.010))
    monkeypatch.setattr(latency.time, "perf_counter", lambda: next(ticks))
    meter = LatencyMeter()
    for name in ("features", "features", "network"):  # 1 + 2 ms of features, 10 ms of network
        with meter.stage(name):
            pass
    meter.frames_made([0.0, 0.0])
    summary = meter.summary()
    assert summary.stages["features"].p50_ms == pytest.approx(1.5)
    assert summary.stages["network"].p50_ms == pytest.approx(5.0)
    assert summary.compute.p50_ms == pytest.approx(6.5)
    assert meter.last_ms("features") == pytest.approx(1.5)
    assert set(summary.stages) == set(STAGES)


def test_a_stage_that_fails_is_still_timed() -> None:
    meter = LatencyMeter()

    def fail() -> None:
        with meter.stage("network"):
            time.sleep(0.005)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    meter.frames_made([0.0])
    assert meter.summary().stages["network"].p50_ms >= 5


def test_fps_is_of_the_last_seconds(clock: Clock) -> None:
    meter = LatencyMeter()
    assert meter.summary().fps == 0.0
    for _ in range(50):  # one second at 50 a second
        clock.now += 0.02
        meter.frames_made([0.0])
    assert meter.summary().fps == pytest.approx(51, abs=1)
    for _ in range(500):
        clock.now += 0.02
        meter.frames_made([0.0])
    assert meter.summary().fps == pytest.approx(50, abs=1)
    clock.now += 3
    assert meter.summary().fps == 0.0  # the flow has stopped


def test_counters_are_a_fixed_set() -> None:
    meter = LatencyMeter()
    meter.count("gaps")
    meter.count("gap_samples", 320)
    assert meter.summary().counts == dict.fromkeys(COUNTERS, 0) | {"gaps": 1, "gap_samples": 320}
    with pytest.raises(KeyError):
        meter.count("gps")
    meter.reset()
    assert not any(meter.summary().counts.values())


def test_summary_may_be_asked_while_the_loop_writes() -> None:
    meter = LatencyMeter()
    done = threading.Event()
    faults: list[BaseException] = []

    def ask() -> None:
        try:
            while not done.is_set():
                meter.summary()
        except RuntimeError as error:
            faults.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    for i in range(20_000):
        with meter.stage("direction"):
            pass
        meter.frames_made([0.001])
        meter.count("gaps")
        if i % 1000 == 0:
            time.sleep(0)
    done.set()
    asker.join()
    assert not faults
    assert meter.summary().frames == 20_000


def test_pace_keeps_time() -> None:
    pace = Pace(0.02)
    start = time.perf_counter()
    for _ in range(11):
        pace.wait()
    assert 0.19 <= time.perf_counter() - start < 3.0
    time.sleep(0.1)  # a late caller is not hurried afterwards
    pace.wait()
    late = time.perf_counter()
    pace.wait()
    assert time.perf_counter() - late >= 0.015
