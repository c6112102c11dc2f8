"""`?rate=24..120` at any sink: frames at another rate than the face's own 50 a second, made by interpolation.

Frame n of such a sink belongs to the sound (n + 0.5) / rate seconds after the stream began, and is made of the two
frames around that moment; none is sent twice. A thread sends each one a constant time after its sound, so that blocks
of sound that come in bursts still give even packets. That constant is the lateness of the latest frame of the last
second and one frame of 20 ms more, for which the second frame of a pair is waited: **20 ms are added**, and what
evens out the bursts.

`Playhead` knows when which frame is due and knows no clock; `RatedSink` has the clock, the thread and the sink.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import suppress

from bridge.frames import CUE_RATE_HZ, RigFrame
from bridge.sinks import Sink, SinkStatus
from bridge.sinks.between import between, held
from bridge.sinks.guarded import GuardedSink

FRAME_S = 1.0 / CUE_RATE_HZ
WINDOW_FRAMES = CUE_RATE_HZ
"""The lateness of so many frames is remembered: one second."""
JITTER_S = 0.04
"""Lateness is evened out up to this much over the least of the window; a frame later than that is waited for."""
SLEW = 0.02
"""The delay follows a better or worse lateness by 2 % of the time, and by 1 % more for every 10 ms it is off."""
GAP_S = 0.1
"""Frames further apart in audio time are not joined: the face was elsewhere meanwhile."""
STALL_S = 0.1
"""A frame that is missing for so long is not waited for any more: sending stops."""
BEHIND_S = 0.1
"""What lies further ahead than this is skipped to: bounds delay and memory after a stall."""
QUEUE_FRAMES = 64
"""Frames that may wait for the sending thread; a full second means that it does not run."""
CLOSE_WAIT_S = 2.0
_EXACT_S = 1e-6


class Playhead:
    """The frames around the moment that is due, and how late moments are to be sent. All times in seconds.

    Feed it frames as they arrive; ask `due_at()` when the next one is to be sent, and then `take` it.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._frames: deque[RigFrame] = deque()
        self._late: deque[float] = deque(maxlen=WINDOW_FRAMES)
        self._next = -1  # number of the next frame
        self._delay_s = 0.0
        self._playing = False
        self._starved = False  # the frame that is due waits for one that has not arrived
        self.skipped = 0
        """Frames that were left out because they lay too far ahead."""

    def time_of(self, n: int) -> float:
        """Audio time of frame `n` at this rate."""
        return (n + 0.5) / self._rate_hz

    def _first_from(self, time_s: float) -> int:
        """Number of the first frame not before an audio time."""
        return max(0, math.ceil(time_s * self._rate_hz - 0.5 - _EXACT_S * self._rate_hz))

    def feed(self, frame: RigFrame, at: float) -> None:
        """Takes the next frame, which arrived at `at`; a jump in audio time, either way, starts anew there."""
        time_s = frame.cues.time_s
        step_s = time_s - self._frames[-1].cues.time_s if self._frames else 0.0
        late_s = at - time_s
        if not (self._playing and 0.0 < step_s <= GAP_S):
            joined = self._frames and 0.0 < step_s <= GAP_S  # only sending had stopped: numbers go on
            if not joined:
                self._next = self._first_from(time_s)
                self._frames.clear()
            self._late.clear()
            self._delay_s = late_s + FRAME_S
            self._playing = True
        self._frames.append(frame)
        self._late.append(late_s)
        if time_s - self.time_of(self._next) > BEHIND_S:
            first = self._first_from(time_s - FRAME_S)
            self.skipped += first - self._next
            self._next = first
            self._late.clear()
            self._late.append(late_s)
            self._delay_s = late_s + FRAME_S
        self._forget()

    def _forget(self) -> None:
        """Lets go of frames before the pair that is played."""
        time_s = self.time_of(self._next) + _EXACT_S
        while len(self._frames) > 1 and self._frames[1].cues.time_s <= time_s:
            self._frames.popleft()

    def due_at(self) -> float | None:
        """When the next frame is to be sent, by the clock of `feed`; None while nothing plays."""
        return self.time_of(self._next) + self._delay_s if self._playing else None

    def take(self, now: float) -> RigFrame | None:
        """The frame that is due, as it is sent at `now`; None if what it is made of has not arrived."""
        time_s = self.time_of(self._next)
        self._forget()
        a, b = self._frames[0], self._frames[min(1, len(self._frames) - 1)]
        if time_s > b.cues.time_s + _EXACT_S:
            self._starved = True
            return None
        frame = between(a, b, time_s, self._next)
        self._next += 1
        if self._starved or now - time_s - self._delay_s > 1.0 / self._rate_hz:
            self._delay_s = (
                now - time_s
            )  # all are sent as late from here on: none hurries after the one before
        wanted_s = min(max(self._late), min(self._late) + JITTER_S) + FRAME_S
        more_s = wanted_s - self._delay_s
        step_s = (SLEW + abs(more_s)) / self._rate_hz
        self._delay_s += min(max(more_s, -step_s), step_s)
        self._starved = False
        return frame

    def stop(self) -> RigFrame | None:
        """Ends playing until the next frame comes: the very last face if it was not sent, under the next number."""
        self._playing = self._starved = False
        last = self._frames[-1]
        if last.cues.time_s <= self.time_of(self._next - 1) + _EXACT_S:
            return None
        n = self._next
        self._next += 1
        return held(last, self.time_of(n), n)


class RatedSink:
    """Sends what it gets to another sink, `rate_hz` frames a second, from a thread of its own."""

    def __init__(self, sink: Sink, rate_hz: float) -> None:
        self.uri = sink.uri
        self.rate_hz = rate_hz
        self._sink = GuardedSink(sink)
        self._arrived: deque[tuple[float, RigFrame]] = deque(maxlen=QUEUE_FRAMES)
        self._news = threading.Event()
        self._ending = False
        self._lost = 0
        self._playhead = Playhead(rate_hz)
        self._thread = threading.Thread(target=self._play, name="facecue-rate", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str | None:
        """Where a browser sees it, if it is a sink that one looks at."""
        return self._sink.url

    def send(self, frame: RigFrame) -> None:
        """Puts the frame aside for the thread; never blocks."""
        if self._ending or len(self._arrived) == QUEUE_FRAMES:
            self._lost += 1
            if self._ending:
                return
        self._arrived.append((time.perf_counter(), frame))
        if not self._news.is_set():
            self._news.set()

    def status(self) -> SinkStatus:
        """The sink's own; frames that were never sent for want of time are among the dropped."""
        own = self._sink.status()
        dropped = own.dropped + self._lost + self._playhead.skipped
        detail = f"{own.detail} · {self.rate_hz:g} a second"
        return SinkStatus(self.uri, own.sent, dropped, own.errors, detail)

    def close(self) -> None:
        """Sends what has come, the last face exactly as it is, and closes the sink."""
        self._ending = True
        self._news.set()
        self._thread.join(CLOSE_WAIT_S)
        self._sink.close()

    def _play(self) -> None:
        """The thread: sleeps until a frame is due, sends it; waits where nothing is due."""
        playhead = self._playhead
        heard_at = 0.0  # of the sound at audio time 0, by what the newest frame says
        while True:
            ending = self._ending  # before looking: what came before `close` is not overlooked
            self._news.clear()
            while self._arrived:
                at, frame = self._arrived.popleft()
                playhead.feed(frame, at)
                heard_at = at - frame.latency_s - frame.cues.time_s
            due_at = playhead.due_at()
            if due_at is None:
                if ending:
                    return
                self._news.wait()
                continue
            wait_s = due_at - time.perf_counter()
            if wait_s > 0.0:
                time.sleep(wait_s)  # finer than an event's wait, which on Windows ends on ticks of 16 ms
            now = time.perf_counter()
            taken = playhead.take(now)
            if taken is None and not self._arrived:
                if ending or now - due_at > STALL_S:
                    taken = playhead.stop()
                else:
                    self._news.wait(due_at + STALL_S - now)
            if taken is not None:
                self._hand_over(taken, now - heard_at - taken.cues.time_s)

    def _hand_over(self, frame: RigFrame, latency_s: float) -> None:
        if frame.latency_s > 0.0:  # in real time: what waiting here added is part of it
            frame = RigFrame(frame.cues, frame.weights, max(0.0, latency_s))
        with suppress(Exception):  # counted and named by the guard
            self._sink.send(frame)
