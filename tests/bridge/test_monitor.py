"""The monitor on a pretended output whose clock the test turns by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from bridge.frames import RATE_HZ, AudioBlock
from bridge.monitor import MAX_DELAY_S, RING_S, Monitor
from bridge.portaudio import DeviceError, Fill, Stream


class Output:
    """An output at `rate`: `run` feeds and plays, 10 ms at a time, from wall time `now` on."""

    def __init__(self, rate: int = 48000, latency_s: float = 0.03, skew: float = 1.0) -> None:
        self.rate, self.latency_s, self.skew = rate, latency_s, skew
        self.now = 1000.0
        self.fed_s = 0.0
        self.closed = self.interrupted = False
        self.played: list[np.ndarray] = []
        self.played_at: list[float] = []  # when each sample is heard

    def open(self, wanted: str, fill: Fill, ended: Callable[[], None]) -> Stream:
        self.fill, self.ended = fill, ended
        return Stream("Pretended", self.rate, 2, lambda: setattr(self, "closed", True))

    def run(self, monitor: Monitor, sound: Callable[[np.ndarray], np.ndarray], length_s: float) -> None:
        for _ in range(round(length_s * 100)):
            self.now += 0.01
            t = self.fed_s + np.arange(160) / RATE_HZ
            monitor.feed(AudioBlock(sound(t).astype(np.float32), self.fed_s, self.now))
            self.fed_s += 0.01
            self.play()

    def play(self, count: int | None = None) -> None:
        count = self.rate // 100 if count is None else count
        begins = self.now + self.latency_s
        self.played.append(self.fill(count, begins, self.interrupted))
        self.interrupted = False
        self.played_at.extend(begins + np.arange(count) / self.rate / self.skew)

    def clicks(self) -> np.ndarray:
        """When each click was heard, as its centre of mass."""
        audio, at = np.concatenate(self.played), np.array(self.played_at)
        loud = np.flatnonzero(audio > 0.2)
        groups = np.split(loud, np.flatnonzero(np.diff(loud) > self.rate // 20) + 1)
        return np.array([(at[g] * audio[g]).sum() / audio[g].sum() for g in groups])


def clicks(t: np.ndarray) -> np.ndarray:
    """A click every half second, at 0.25, 0.75, …"""
    return np.exp(-0.5 * (((t % 0.5) - 0.25) / 0.0004) ** 2)


@pytest.mark.parametrize("rate", [44100, 48000, 16000])
@pytest.mark.parametrize("delay_s", [0.05, 0.14, 1.9])
def test_a_click_is_heard_again_after_the_delay(rate: int, delay_s: float) -> None:
    output = Output(rate)
    monitor = Monitor("", delay_s, open_output=output.open)
    output.run(monitor, clicks, 4.0)
    heard = output.clicks()
    # Wall time 1000 is audio time 0.
    late = (heard - 1000.0 - 0.25) % 0.5
    expected = delay_s % 0.5
    np.testing.assert_allclose(late, expected, atol=0.001)
    assert len(heard) >= 3
    assert monitor.underruns == monitor.overruns == 0


def test_jitter_of_the_source_is_smoothed() -> None:
    output = Output()
    monitor = Monitor("", 0.14, open_output=output.open)
    rng = np.random.default_rng(0)
    feed = monitor.feed
    monitor.feed = lambda b: feed(  # type: ignore[method-assign]
        AudioBlock(b.samples, b.time_s, b.captured_at + float(rng.uniform(-0.004, 0.004)))
    )
    output.run(monitor, clicks, 6.0)
    late = (output.clicks()[2:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.14, atol=0.003)


def test_a_changed_delay_is_reached_without_a_gap() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, lambda t: np.sin(2 * np.pi * 440 * t), 2.0)
    before = len(output.played)
    monitor.delay_s = 0.18
    output.run(monitor, lambda t: np.sin(2 * np.pi * 440 * t), 8.0)
    audio = np.concatenate(output.played[before - 50 :])
    steepest = 2 * np.pi * 440 * 1.03 / 48000
    assert np.abs(np.diff(audio)).max() < steepest * 1.05  # no jump, and never more than 3 % faster
    output.run(monitor, clicks, 2.0)
    late = (output.clicks()[-3:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.18, atol=0.002)
    assert monitor.underruns == 0


def test_a_card_with_another_clock_is_followed() -> None:
    output = Output(48000, skew=1.0)
    monitor = Monitor("", 0.1, open_output=output.open)
    for i in range(3000):  # 30 s on a card that is 1000 ppm fast: it asks for 0.48 samples more each time
        output.now += 0.01
        t = output.fed_s + np.arange(160) / RATE_HZ
        monitor.feed(AudioBlock(clicks(t).astype(np.float32), output.fed_s, output.now))
        output.fed_s += 0.01
        output.play(480 + (i % 2))
    late = (output.clicks()[-4:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.1, atol=0.003)
    assert monitor.underruns == monitor.overruns == 0


def test_a_delay_shorter_than_the_path_becomes_the_shortest_there_is() -> None:
    output = Output(latency_s=0.03)
    monitor = Monitor("", 0.01, open_output=output.open)
    output.run(monitor, clicks, 4.0)
    late = (output.clicks() - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.045, atol=0.003)  # 30 ms, a block of 10, resampling and a spare
    assert len(late) == 8
    assert monitor.underruns == 0
    assert "monitor: Pretended, 10 ms + 3" in monitor.detail
    assert "that this output needs" in monitor.detail


def test_an_output_that_asks_earlier_than_before_underruns_once() -> None:
    """As PulseAudio does: how full its buffer is when it asks for more wanders by tens of milliseconds."""
    output = Output(latency_s=0.04)
    monitor = Monitor("", 0.095, open_output=output.open)
    output.run(monitor, clicks, 2.0)
    assert monitor.detail == "monitor: Pretended, 95 ms, 0 underruns, 0 overruns"
    for _ in range(3):
        for _ in range(5):  # its buffer fills: five blocks more than there is new sound
            output.latency_s += 0.01
            output.play()
            output.run(monitor, clicks, 0.3)
        for _ in range(5):  # and empties
            output.latency_s -= 0.01
            output.now += 0.01
            t = output.fed_s + np.arange(160) / RATE_HZ
            monitor.feed(AudioBlock(clicks(t).astype(np.float32), output.fed_s, output.now))
            output.fed_s += 0.01
            output.run(monitor, clicks, 0.3)
    assert monitor.underruns == 1
    late = (output.clicks()[-2:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.105, atol=0.003)  # 90 ms, a block of 10, resampling and a spare
    output.run(monitor, clicks, 125.0)  # long enough without: the delay is the one that was asked for again
    late = (output.clicks()[-3:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.095, atol=0.003)
    assert monitor.underruns == 1
    assert "needs" not in monitor.detail


def test_the_source_pauses_and_goes_on() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, clicks, 2.0)
    for _ in range(100):  # a second without blocks
        output.now += 0.01
        output.play()
    assert monitor.underruns == 1
    assert not np.concatenate(output.played[-50:]).any()
    output.fed_s += 1.0
    output.run(monitor, clicks, 3.0)
    late = (output.clicks()[-4:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.1, atol=0.003)


def test_a_card_that_was_not_served_for_a_while_is_in_step_at_once() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, clicks, 2.0)
    for _ in range(12):  # 120 ms without a callback: too little to be jumped for itself
        output.now += 0.01
        t = output.fed_s + np.arange(160) / RATE_HZ
        monitor.feed(AudioBlock(clicks(t).astype(np.float32), output.fed_s, output.now))
        output.fed_s += 0.01
    output.interrupted = True
    output.run(monitor, clicks, 1.0)
    late = (output.clicks()[-2:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.1, atol=0.002)
    assert monitor.underruns == 1


def test_a_stalled_card_overruns_a_bounded_ring() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, clicks, 1.0)
    for _ in range(round(100 * (RING_S + 1))):
        output.now += 0.01
        monitor.feed(AudioBlock(np.zeros(160, np.float32), output.fed_s, output.now))
        output.fed_s += 0.01
    assert monitor.overruns == 1
    output.run(monitor, clicks, 2.0)
    late = (output.clicks()[-3:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.1, atol=0.003)


def test_a_block_longer_than_the_ring_and_a_jump_in_time() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, clicks, 0.5)
    output.now += 20.0
    monitor.feed(AudioBlock(np.zeros(20 * RATE_HZ, np.float32), output.fed_s, output.now))
    output.fed_s += 20.0
    output.run(monitor, clicks, 2.0)
    output.now += 3600.0
    output.fed_s += 3600.0
    output.run(monitor, clicks, 2.0)
    late = (output.clicks()[-3:] - 1000.25) % 0.5
    np.testing.assert_allclose(late, 0.1, atol=0.003)


def test_suspended_it_keeps_feeding_and_resumes() -> None:
    output = Output()
    monitor = Monitor("", 0.1, open_output=output.open)
    output.run(monitor, clicks, 1.0)
    monitor.suspend()
    assert output.closed
    output.run(monitor, clicks, 1.0)
    assert not output.played[-1].any()
    monitor.resume()
    output.run(monitor, clicks, 2.0)
    assert (output.clicks()[-1] - 1000.25) % 0.5 == pytest.approx(0.1, abs=0.003)
    output.ended()
    assert monitor.detail == "monitor: Pretended went away"
    monitor.close()
    monitor.close()


@pytest.mark.parametrize("delay_s", [-0.1, MAX_DELAY_S + 0.1, float("nan")])
def test_an_absurd_delay_is_refused(delay_s: float) -> None:
    with pytest.raises(ValueError, match=r"the monitor delays by 0..2.0 s; got"):
        Monitor("", delay_s, open_output=Output().open)


def test_an_output_that_cannot_be_opened_is_one_line() -> None:
    def closed(*_: object) -> Stream:
        raise DeviceError("no output device is called 'x'; there are: 0: Speakers")

    with pytest.raises(DeviceError, match="no output device is called 'x'"):
        Monitor("x", open_output=closed)
