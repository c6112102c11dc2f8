"""Plays the voice again, later by the bridge's own latency: route it to the stream, and lips and sound meet.

Sound heard at moment t leaves the speaker at t + delay_s, the output's own latency included. The two clocks
(wall, output card) are kept together by playing up to 2 % faster or slower, which is also how a changed delay
is reached; more than 0.2 s is jumped. An output that takes its sound so early that a piece of it has not come
yet gets a reserve on top of the delay, as much as it needed in the last minute or two. The loop only writes into
a bounded ring; the output's callback only reads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from bridge.frames import RATE_HZ, AudioBlock, Floats
from bridge.portaudio import DeviceError, Fill, Stream, lend, open_output, take_back
from bridge.resample import Sinc

OpenOutput = Callable[[str, Fill, Callable[[], None]], Stream]

MAX_DELAY_S = 2.0
RING_S = MAX_DELAY_S + 1.0  # beyond the longest delay: room for bursts
JUMP_S = 0.2
MAX_SLEW = 0.02  # of the speed: a third of a semitone, for as long as it takes
PULL_S = 0.5  # an error of a millisecond is played off at 0.2 %
SMOOTHING = 0.05  # how fast the two clocks' relation follows what a block or a callback says
GAP_S = 0.001  # a block that starts later than the last ended is preceded by silence
MAX_RESERVE_S = 0.1
SPARE_S = 0.003  # more than was needed so far: the next block may be a little later still
PAUSE_S = 0.03  # nothing has come for so long: the source pauses, and that needs no reserve
MEMORY_S = 60.0


class Monitor:
    """One output device. `feed` and the setters are for the loop's thread, the rest for any."""

    def __init__(
        self, device: str = "", delay_s: float = 0.1, *, open_output: OpenOutput = open_output
    ) -> None:
        """Opens the output at its own rate.

        Args:
            device: number or part of the name; "" is the default output.
            delay_s: seconds after it was heard that a sound is to leave the speaker, 0..2.
            open_output: opens a device; another one in tests.

        Raises:
            DeviceError: if there is no such device or no PortAudio.
        """
        self.underruns = 0
        """Times that sound was wanted that had not come yet, or that the card was not served in time."""
        self.overruns = 0
        """Blocks that pushed unplayed sound out of the ring."""
        self._device, self._open_output = device, open_output
        self._lock = threading.Lock()
        self._lost: str | None = None
        self._playing_at: float | None = None  # ring position of the next sample to play; fractional
        self._error_s = 0.0
        self._reserve_s = 0.0
        self._needed_s = self._needed_before_s = 0.0  # reserve: in this minute, and in the one before
        self._minute = 0  # samples played in it
        self._asked = 0  # samples played since the last block came
        self._dry = True  # nothing has come yet: no underrun
        self._stream: Stream | None = None
        self.delay_s = delay_s
        stream = open_output(device, self._fill, self._ended)
        self._rate_hz = stream.rate_hz
        self._ring: Floats = np.zeros(round(RING_S * stream.rate_hz), np.float32)
        self._resampler = Sinc(RATE_HZ, stream.rate_hz)
        self._fed = 0  # samples ever fed, at 16 kHz
        self._written = 0  # samples ever put into the ring: the position of the next one
        self._began_at: float | None = None  # perf_counter at which ring position 0 was heard, smoothed
        self._next_time_s: float | None = None
        self._stream = stream
        lend(self)

    @property
    def delay_s(self) -> float:
        """Seconds between a sound and its repetition; a change is reached by playing slower or faster."""
        return self._delay_s

    @delay_s.setter
    def delay_s(self, value: float) -> None:
        if not 0.0 <= value <= MAX_DELAY_S:
            raise ValueError(f"the monitor delays by 0..{MAX_DELAY_S} s; got {value}")
        self._delay_s = float(value)

    @property
    def detail(self) -> str:
        """One readable line."""
        if self._lost is not None:
            return f"monitor: {self._lost}"
        name = self._stream.name if self._stream is not None else "closed"
        faults = f"{self.underruns} underruns, {self.overruns} overruns"
        waiting = ", waiting for sound that is due" if self._dry else ""
        reserve = f" + {1e3 * self._reserve_s:.0f} that this output needs" if self._reserve_s else ""
        return f"monitor: {name}, {1e3 * self._delay_s:.0f} ms{reserve}, {faults}{waiting}"

    def feed(self, block: AudioBlock) -> None:
        """Takes the next block; never waits for the device."""
        samples = block.samples
        if self._next_time_s is not None and block.time_s - self._next_time_s > GAP_S:
            gap = round(min(block.time_s - self._next_time_s, RING_S) * RATE_HZ)
            samples = np.concatenate([np.zeros(gap, np.float32), samples])
        self._next_time_s = block.time_s + block.samples.size / RATE_HZ
        audio = self._resampler(samples)
        self._fed += samples.size
        began_at = block.captured_at - self._fed / RATE_HZ
        with self._lock:
            self._write(audio)
            self._asked = 0
            if self._began_at is None or abs(began_at - self._began_at) > JUMP_S:
                self._began_at = began_at
            else:
                self._began_at += SMOOTHING * (began_at - self._began_at)

    def close(self) -> None:
        """Ends the stream; any number of times."""
        take_back(self)
        self.suspend()

    def suspend(self) -> None:
        """Closes the stream for a moment; feeding goes on."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def resume(self) -> None:
        """Opens it again; `detail` says so if that fails."""
        try:
            stream = self._open_output(self._device, self._fill, self._ended)
        except DeviceError as error:
            self._lost = str(error)
            return
        if stream.rate_hz != self._rate_hz:
            stream.close()
            self._lost = (
                f"{stream.name} now runs at {stream.rate_hz} Hz instead of {self._rate_hz}: start again"
            )
            return
        self._lost, self._playing_at, self._stream = None, None, stream

    def _ended(self) -> None:
        if self._stream is not None:
            self._lost = f"{self._stream.name} went away"

    def _write(self, audio: Floats) -> None:
        self._written += max(0, audio.size - self._ring.size)
        audio = audio[-self._ring.size :]
        at = self._written % self._ring.size
        first = min(audio.size, self._ring.size - at)
        self._ring[at : at + first] = audio[:first]
        self._ring[: audio.size - first] = audio[first:]
        self._written += audio.size
        oldest = self._written - self._ring.size
        if self._playing_at is not None and self._playing_at < oldest:
            self.overruns += 1
            self._playing_at = None

    def _fill(self, count: int, plays_at: float, interrupted: bool) -> Floats:
        """(count,) samples for the card, the first of which will be heard at `plays_at`.

        Where the card ran dry before (`interrupted`), there was a gap already: the place is found anew.
        """
        with self._lock:
            if interrupted:
                self.underruns += self._playing_at is not None
                self._playing_at = None
            if self._stream is None or self._began_at is None:
                return np.zeros(count, np.float32)
            due = (plays_at - self._delay_s - self._began_at) * self._rate_hz
            due -= self._reserve(due, count) * self._rate_hz
            before = self._playing_at
            step = self._step(due)
            jumped = before is None or (self._playing_at is not None and abs(self._playing_at - before) > 1)
            if self._playing_at is None:
                return np.zeros(count, np.float32)
            positions = self._playing_at + step * np.arange(count)
            whole = np.floor(positions).astype(np.int64)
            weight = (positions - whole).astype(np.float32)
            size = self._ring.size
            audio = (1 - weight) * self._ring[whole % size] + weight * self._ring[(whole + 1) % size]
            self._playing_at += step * count
            unwritten = whole + 1 >= self._written
            if unwritten.any():
                audio[unwritten] = 0.0
            self.underruns += bool(unwritten.any()) and not self._dry
            self._dry = bool(unwritten.any())
            if jumped:
                audio *= np.linspace(0, 1, count)  # no click
            filled: Floats = audio.astype(np.float32, copy=False)
            return filled

    def _reserve(self, due: float, count: int) -> float:
        """Seconds by which (count,) samples, the first at ring position `due`, must be later to be there."""
        self._asked += count
        self._minute += count
        if self._minute > MEMORY_S * self._rate_hz:
            self._minute, self._needed_before_s, self._needed_s = 0, self._needed_s, 0.0
        lacking_s = (due + count + 1 - self._written) / self._rate_hz
        if self._asked <= PAUSE_S * self._rate_hz:
            self._needed_s = max(self._needed_s, min(lacking_s, MAX_RESERVE_S))
        needed_s = max(self._needed_s, self._needed_before_s)
        if needed_s > self._reserve_s:  # at once: to slow down would take seconds of missing sound
            self.underruns += self._playing_at is not None and not self._dry
            self._playing_at = None
            self._reserve_s = needed_s + SPARE_S
        else:
            self._reserve_s = min(self._reserve_s, needed_s + SPARE_S if needed_s else 0.0)
        return self._reserve_s

    def _step(self, due: float) -> float:
        """Ring positions to advance a sample, so that playing draws near to `due`; may jump there."""
        if self._playing_at is None or abs(due - self._playing_at) > JUMP_S * self._rate_hz:
            self._error_s = 0.0
            within = self._written - self._ring.size <= due
            self._playing_at = due if within and due >= 0 else None
            self._dry = self._playing_at is None
            return 1.0
        self._error_s += SMOOTHING * ((due - self._playing_at) / self._rate_hz - self._error_s)
        return 1.0 + min(MAX_SLEW, max(-MAX_SLEW, self._error_s / PULL_S))
