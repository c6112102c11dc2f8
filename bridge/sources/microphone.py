"""`mic://[device]`: a microphone, at its own rate and channel count, as 16 kHz mono.

The callback copies and leaves; all else happens on the thread that iterates. While a device is away, silent
blocks come in step with the wall clock (the face goes to rest), and it is looked for after 0.5, 1, 2, … 8 s.
How audio time runs over such gaps is the business of room `clock`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from bridge.frames import AudioBlock, Floats
from bridge.portaudio import Deliver, DeviceError, Stream, look_again, open_input
from bridge.resample import Resampler
from bridge.sources import BLOCK_S, SourceError, SourceStatus
from bridge.sources.clock import Clock, Heard
from bridge.sources.mailbox import Mailbox

OpenInput = Callable[[str, Deliver, Callable[[], None]], Stream]

CAPACITY_BLOCKS = 300  # 3 s: beyond that, old sound is worth less than being on time
LOST_AFTER_S = 0.5  # no callback for so long: the device is gone
FIRST_CALLBACK_S = 3.0  # sound servers take up to 2 s to begin
BACK_OFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
_CLOSE_WAIT_S = 1.0


class MicrophoneSource:
    """Opens the device when it is made; one iteration at a time."""

    def __init__(
        self,
        rest: str = "",
        *,
        open_input: OpenInput = open_input,
        look_again: Callable[[], bool] = look_again,
    ) -> None:
        """Starts to listen.

        Args:
            rest: what follows `mic://`: a device number, a URI-encoded part of a name, or nothing.
            open_input: opens a device; another one in tests.
            look_again: makes newly plugged devices visible; likewise.

        Raises:
            SourceError: if there is no such device or no PortAudio.
        """
        self.uri, self.realtime = f"mic://{rest}", True
        self._wanted = unquote(rest)
        self._open_input, self._look_again = open_input, look_again
        self._mailbox: Mailbox[Heard] = Mailbox(CAPACITY_BLOCKS)
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._overruns, self._opening = 0, 0
        self._lost: str | None = None  # why, while the device is away
        self._stream_ended = False
        self._looking: threading.Thread | None = None
        self._resampler: Resampler | None = None
        try:
            self._stream: Stream | None = self._open()
        except DeviceError as error:
            raise SourceError(str(error)) from error

    # ── the sound card's side ────────────────────────────────────────────────

    def _open(self) -> Stream:
        self._opening += 1
        self._stream_ended = False
        opening, count = self._opening, 0

        def deliver(frames: Floats, heard_at: float, overrun: bool) -> None:
            nonlocal count
            self._overruns += overrun
            self._mailbox.put(Heard(opening, count, frames, heard_at, overrun))
            count += len(frames)

        def ended() -> None:
            if opening == self._opening:
                self._stream_ended = True

        return self._open_input(self._wanted, deliver, ended)

    def _look_for_it(self) -> None:
        """Runs beside the iteration until the device is back: closing and opening may take seconds."""
        for attempt in range(1 << 30):
            wait_s = BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)]
            if self._closed.wait(wait_s) or self._lost is None:  # it came back by itself
                return
            self._opening += 1  # what the old stream still says is not heard any more
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            try:
                self._look_again()
                stream = self._open()
            except DeviceError as error:
                self._lost = str(error)
                continue
            with self._lock:
                if not self._closed.is_set():
                    self._stream = stream
            if self._stream is not stream:
                stream.close()
                return
            until = time.perf_counter() + FIRST_CALLBACK_S
            while self._lost is not None and not self._stream_ended and time.perf_counter() < until:
                if self._closed.wait(BLOCK_S):
                    return

    # ── the listener's side ──────────────────────────────────────────────────

    def __iter__(self) -> Iterator[AudioBlock]:
        """Blocks of about 10 ms; silence while the device is away. Ends after `close()` only."""
        clock = Clock()
        last_heard, grace_s = time.perf_counter(), FIRST_CALLBACK_S
        while not self._closed.is_set():
            heard = self._mailbox.get(timeout_s=BLOCK_S if self._lost else 0.1)
            now = time.perf_counter()
            if heard is not None and heard.stream == self._opening:
                last_heard, grace_s, self._lost = now, LOST_AFTER_S, None
                yield from self._converted(heard, clock)
            elif self._lost is None and (self._stream_ended or now - last_heard > grace_s):
                self._lost = "the device went away" if self._stream_ended else "the device is silent"
                clock.start(now)
            if self._lost is not None and (self._looking is None or not self._looking.is_alive()):
                self._looking = threading.Thread(target=self._look_for_it, name="microphone", daemon=True)
                self._looking.start()
            while self._lost is not None and (block := clock.silence(now)) is not None:
                yield block

    def close(self) -> None:
        """Ends the iteration at once and the stream within a second."""
        with self._lock:
            first = not self._closed.is_set()
            self._closed.set()
        self._mailbox.close()
        if first and self._stream is not None:
            # A device that is gone may keep PortAudio waiting: not us.
            closing = threading.Thread(target=self._stream.close, name="microphone close", daemon=True)
            closing.start()
            closing.join(_CLOSE_WAIT_S)

    def status(self) -> SourceStatus:
        """Which device at which rate; or that it is looked for, and why."""
        stream = self._stream
        if self._closed.is_set():
            state, detail = "ended", "closed"
        elif self._lost is not None:
            state, detail = "lost", f"looking for {self._wanted or 'the default input'} again: {self._lost}"
        elif stream is None:
            state, detail = "open", "opening"
        else:
            state, detail = "open", f"{stream.name}, {stream.rate_hz} Hz, {stream.channels} ch"
            if self._resampler is not None:
                detail += f", resampler {1e3 * self._resampler.delay_s:.1f} ms"
                if self._resampler.bad_samples:
                    detail += f", {self._resampler.bad_samples} samples not finite: silenced"
        return SourceStatus(state, detail, self._mailbox.dropped, self._overruns)

    def _converted(self, heard: Heard, clock: Clock) -> Iterator[AudioBlock]:
        stream = self._stream
        if stream is None:  # the very first callback may run before the opener has returned
            return
        if heard.stream != clock.stream:
            self._resampler = Resampler(stream.rate_hz, stream.channels, live=True)
            clock.open(heard, stream.rate_hz)
        elif clock.jump(heard) and self._resampler is not None:
            self._resampler.reset()
        if self._resampler is not None and (samples := self._resampler(heard.frames)).size:
            yield clock.block(samples, heard)
