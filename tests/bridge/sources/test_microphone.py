"""The microphone without a sound card: a pretended device that speaks, stalls, overruns, goes and returns."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from bridge.frames import RATE_HZ, AudioBlock
from bridge.portaudio import Deliver, DeviceError, Stream
from bridge.sources import SourceError
from bridge.sources import microphone as room
from bridge.sources.microphone import MicrophoneSource


class Card:
    """A device at 48 kHz stereo; a thread of its own calls back every 10 ms while it is plugged in."""

    def __init__(self) -> None:
        self.plugged = True
        self.silent = False  # open but without callbacks
        self.opened = 0
        self.looked = 0
        self.value = 0.5
        self.streams: list[threading.Event] = []

    def open(self, wanted: str, deliver: Deliver, ended: Callable[[], None]) -> Stream:
        if not self.plugged:
            raise DeviceError(f"no input device is called {wanted!r}; there are: 0: nothing")
        self.opened += 1
        closed = threading.Event()
        self.streams.append(closed)

        def call_back() -> None:
            due = time.perf_counter()
            while self.plugged and not closed.is_set():
                due += 0.01
                time.sleep(max(0.0, due - time.perf_counter()))
                if not self.silent:
                    deliver(np.full((480, 2), self.value, np.float32), due, False)
            if not closed.is_set():
                ended()

        threading.Thread(target=call_back, daemon=True).start()
        return Stream("Pretended Mic", 48000, 2, closed.set)

    def look(self) -> bool:
        self.looked += 1
        return True

    def source(self, rest: str = "pretended") -> MicrophoneSource:
        return MicrophoneSource(rest, open_input=self.open, look_again=self.look)


class Hand:
    """A device that calls back when the test says so, at the times it says."""

    def __init__(self, rate: int = 16000) -> None:
        self.rate = rate
        self.now = time.perf_counter()

    def open(self, wanted: str, deliver: Deliver, ended: Callable[[], None]) -> Stream:
        self.deliver, self.ended = deliver, ended
        return Stream("Hand", self.rate, 1, lambda: None)

    def say(self, samples: int, *, late_s: float = 0.0, overrun: bool = False, value: float = 0.1) -> None:
        self.now += samples / self.rate + late_s
        self.deliver(np.full((samples, 1), value, np.float32), self.now, overrun)

    def source(self) -> MicrophoneSource:
        return MicrophoneSource("", open_input=self.open, look_again=lambda: True)


def gathered(source: MicrophoneSource, wanted: Callable[[list[AudioBlock]], bool]) -> list[AudioBlock]:
    blocks: list[AudioBlock] = []
    began = time.perf_counter()
    for block in source:
        blocks.append(block)
        if wanted(blocks) or time.perf_counter() - began > 10:
            break
    return blocks


def gaps(blocks: list[AudioBlock]) -> np.ndarray:
    """Seconds of audio time between the end of each block and the start of the next."""
    ends = np.array([b.time_s + b.samples.size / RATE_HZ for b in blocks[:-1]])
    return np.array([b.time_s for b in blocks[1:]]) - ends


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BACK_OFF_S", (0.05, 0.1, 0.2))
    monkeypatch.setattr(room, "LOST_AFTER_S", 0.4)
    monkeypatch.setattr(room, "FIRST_CALLBACK_S", 1.0)


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card()
    yield card
    card.plugged = False


def test_any_rate_and_channel_count_becomes_sixteen_kilohertz_mono(card: Card) -> None:
    source = card.source()
    blocks = gathered(source, lambda blocks: len(blocks) >= 40)
    source.close()
    audio = np.concatenate([b.samples for b in blocks])
    np.testing.assert_allclose(audio[100:], 0.5, atol=1e-4)
    assert blocks[0].time_s == 0.0
    np.testing.assert_allclose(gaps(blocks), 0, atol=1e-9)
    assert card.streams[0].is_set()


def test_time_of_hearing_counts_the_resampler(card: Card) -> None:
    source = card.source()
    blocks = gathered(source, lambda blocks: len(blocks) >= 20)
    detail = source.status().detail
    source.close()
    steps = np.diff([b.captured_at for b in blocks])
    sizes = np.array([b.samples.size for b in blocks[1:]]) / RATE_HZ
    np.testing.assert_allclose(
        steps, sizes, atol=1e-6
    )  # the last sample's own time, whatever the block's size
    assert detail == "Pretended Mic, 48000 Hz, 2 ch, resampler 1.5 ms"


def test_a_device_that_goes_away_leaves_silence_and_comes_back(card: Card) -> None:
    source = card.source()
    states: list[tuple[str, str]] = []

    def watch(blocks: list[AudioBlock]) -> bool:
        status = source.status()
        if not states or states[-1][0] != status.state:
            states.append((status.state, status.detail))
        if len(blocks) == 20:
            card.plugged = False
        if len(blocks) == 70:
            card.plugged, card.value = True, 0.25
        return len(blocks) > 70 and bool(blocks[-1].samples[-1] > 0.2) and blocks[-1].time_s > 1.0

    blocks = gathered(source, watch)
    source.close()
    assert [state for state, _ in states] == ["open", "lost", "open"]
    assert states[1][1].startswith("looking for pretended again: the device went away")
    assert card.opened == 2
    assert card.looked >= 2
    silent = [b for b in blocks if not b.samples.any()]
    assert len(silent) > 20
    assert gaps(blocks).min() > -1e-9
    # Audio time runs in step with the wall clock over the whole of it.
    wall_s = blocks[-1].captured_at - blocks[0].captured_at
    ends = [b.time_s + b.samples.size / RATE_HZ for b in blocks]
    assert ends[-1] - ends[0] == pytest.approx(wall_s, abs=0.05)


def test_a_device_without_callbacks_is_lost_and_is_opened_again(card: Card) -> None:
    source = card.source()

    def watch(blocks: list[AudioBlock]) -> bool:
        card.silent = len(blocks) >= 10 and card.opened == 1
        return card.opened == 2 and bool(blocks[-1].samples.any())

    blocks = gathered(source, watch)
    source.close()
    assert card.streams[0].is_set()
    assert any(not b.samples.any() for b in blocks)


def test_a_stall_that_ends_by_itself_needs_no_opening(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BACK_OFF_S", (5.0,))
    source = card.source()
    seen = set()

    def watch(blocks: list[AudioBlock]) -> bool:
        seen.add(source.status().state)
        card.silent = len(blocks) >= 10 and "lost" not in seen
        return "lost" in seen and source.status().state == "open"

    gathered(source, watch)
    source.close()
    assert card.opened == 1


def test_the_looking_backs_off(card: Card) -> None:
    source = card.source()
    began = time.perf_counter()

    def watch(blocks: list[AudioBlock]) -> bool:
        card.plugged = len(blocks) < 5
        return time.perf_counter() - began > 0.9

    gathered(source, watch)
    detail = source.status().detail
    source.close()
    assert 2 <= card.looked <= 6  # at 0.05, 0.15, 0.35, 0.55, 0.75 s
    assert "no input device is called 'pretended'" in detail


@pytest.mark.parametrize("lost", [False, True])
def test_close_wakes_the_listener(card: Card, lost: bool) -> None:
    card.silent = True
    source = card.source()
    if lost:
        threading.Timer(0.05, setattr, [card, "plugged", False]).start()
    threading.Timer(0.3, source.close).start()
    began = time.perf_counter()
    list(source)
    assert 0.25 < time.perf_counter() - began < 2.0
    source.close()
    assert source.status().state == "ended"


def test_a_device_that_hangs_while_closing_keeps_nobody(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_CLOSE_WAIT_S", 0.2)
    stuck = threading.Event()
    source = MicrophoneSource(
        "", open_input=lambda *_: Stream("Stuck", 16000, 1, lambda: bool(stuck.wait(5))), look_again=card.look
    )
    began = time.perf_counter()
    source.close()
    assert time.perf_counter() - began < 1
    stuck.set()


def test_blocks_that_nobody_took_are_dropped_and_time_jumps_over_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "CAPACITY_BLOCKS", 5)
    hand = Hand()
    source = hand.source()
    taken = iter(source)
    hand.say(160)
    assert next(taken).time_s == 0.0
    for i in range(12):
        hand.say(160, value=0.1 + 0.01 * i)
    block = next(taken)
    assert source.status().dropped_blocks == 7
    assert block.time_s == pytest.approx(0.01 + 7 * 0.01)
    assert block.samples[0] == pytest.approx(0.17)
    assert next(taken).time_s == pytest.approx(0.09)
    source.close()


def test_an_overrun_is_counted_and_time_follows_the_clock_over_it() -> None:
    hand = Hand(48000)
    source = hand.source()
    taken = iter(source)
    times = []
    for i in range(30):
        lost = i == 20
        hand.say(480, late_s=0.25 if lost else 0.0, overrun=lost)
        times.append(next(taken).time_s)
    status = source.status()
    source.close()
    assert status.overruns == 1
    jump = times[20] - times[19]
    assert jump == pytest.approx(0.26, abs=0.003)
    np.testing.assert_allclose(np.diff(times[21:]), 0.01, atol=1e-3)


def test_late_callbacks_without_an_overrun_move_no_time() -> None:
    hand = Hand()
    source = hand.source()
    taken = iter(source)
    rng = np.random.default_rng(0)
    times = []
    for _ in range(50):
        late = float(rng.uniform(0, 0.1))
        hand.say(160, late_s=late)
        hand.now -= late
        times.append(next(taken).time_s)
    source.close()
    np.testing.assert_allclose(times, np.arange(50) / 100, atol=1e-9)


def test_samples_that_are_not_finite_are_said() -> None:
    hand = Hand()
    source = hand.source()
    taken = iter(source)
    hand.say(160, value=float("nan"))
    assert not next(taken).samples.any()
    assert "160 samples not finite" in source.status().detail
    source.close()


def test_ten_minutes_in_blocks_do_not_drift() -> None:
    hand = Hand(44100)
    source = hand.source()
    taken = iter(source)
    fed = 0
    for _ in range(100):  # 6 s a block: only the arithmetic matters here
        hand.say(6 * 44100)
        fed += 6 * 44100
        block = next(taken)
        end = block.time_s + block.samples.size / RATE_HZ
        assert 0 <= fed / 44100 - end < 0.002
    source.close()


def test_a_missing_device_is_an_error_of_the_source(card: Card) -> None:
    card.plugged = False
    with pytest.raises(SourceError, match="no input device is called 'USB Mic'"):
        card.source("USB%20Mic")
