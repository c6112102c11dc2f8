"""The one loop: sound in, frames out, live and offline alike. The only room that knows the order.

block → log-mel → network → speech gate → direction → retarget → RigFrame.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile

import numpy as np

from bridge.direction import Direction
from bridge.features import HOP_SAMPLES, LogMel
from bridge.frames import (
    CUE_RATE_HZ,
    FRAME_SAMPLES,
    RATE_HZ,
    AudioBlock,
    Cues,
    Floats,
    RigFrame,
    frame_count,
    frame_time_s,
)
from bridge.latency import LatencyMeter, Pace
from bridge.rest import way_to_rest
from bridge.sinks import Sink
from bridge.sources import Source
from bridge.stages import CuePredictor, FrameMixer, Gate, WeightMaker
from bridge.timeline import FrameLevels, continued, level_dbfs

log = logging.getLogger(__name__)

PIECE_SAMPLES = RATE_HZ
"""Sound is worked through in pieces of at most this, however long the block."""
STOP_POLL_S = 0.05


class Pipeline:
    """All stages of one stream. Chunked equals whole, whatever the sizes of the blocks.

    Args:
        predictor: features → cues.
        direction: the director's hand; its neutral face is the face at rest.
        retarget: cues → ARKit weights.
        gate: opens the mouth where speech is; None = always open.
        meter: measures; None = one that is not in real time, so that every latency is 0.
    """

    def __init__(
        self,
        predictor: CuePredictor,
        direction: Direction,
        retarget: WeightMaker,
        gate: Gate | None = None,
        meter: LatencyMeter | None = None,
    ) -> None:
        self.direction = direction
        self.meter = meter if meter is not None else LatencyMeter(realtime=False)
        self._predictor = predictor
        self._retarget = retarget
        self._gate = gate
        self._features = LogMel()
        self._levels = FrameLevels()
        self.reset()

    def reset(self) -> None:
        """Starts a stream at time 0; the meter and the direction's configuration stay."""
        self._restart(0)
        self.direction.reset()
        self._retarget.reset()
        self._flushed = False
        self.level_dbfs = -120.0
        """Loudness (RMS) of the last block."""
        self.speaking = False
        """Whether somebody speaks in the last frame."""

    def _restart(self, first: int) -> None:
        """Forgets all sound; the next sample is the first of frame `first`."""
        self._features.reset()
        self._levels.reset()
        self._predictor.reset()
        if self._gate is not None:
            self._gate.reset()
        self._next = first  # frame to come
        self._end: int | None = None  # frames from here on are not wanted
        self._position = first * FRAME_SAMPLES  # samples heard, as audio time

    def feed(self, block: AudioBlock) -> list[RigFrame]:
        """Takes a block and gives the frames that it completed.

        A gap before it becomes silence if it is at most 2 s long; over a longer one the frame number jumps.
        What lies before sound already heard is cut off. All of it is counted in the meter.

        Raises:
            ValueError: samples that are not mono.
            RuntimeError: after `flush()`, before `reset()`.
        """
        if self._flushed:
            raise RuntimeError("the pipeline was flushed: call reset() before it is fed again")
        first, samples = continued(block, self._position, self.meter)
        frames: list[RigFrame] = []
        if first is not None:
            frames += self._drain()
            self._restart(first)
        if samples.size:
            self.meter.heard(block)
            self.level_dbfs = level_dbfs(samples)
            frames += self._listen(samples)
        self._account(frames)
        return frames

    def flush(self) -> list[RigFrame]:
        """Ends the stream: the frames still owed, so that there are `frame_count(samples heard)` in all."""
        if self._flushed:
            return []
        frames = self._drain()
        self._flushed = True
        self._account(frames)
        return frames

    def ease_to_rest(self, last: RigFrame) -> Iterator[RigFrame]:
        """The frames after `last` that bring the face to rest; the last one is the resting face itself."""
        for cues in way_to_rest(last.cues, self.direction.neutral):
            self._retarget.reset()  # no memory of the face before
            yield RigFrame(cues, self._retarget(cues), last.latency_s)

    def _listen(self, samples: Floats) -> list[RigFrame]:
        """Takes the next samples, whatever they are."""
        frames: list[RigFrame] = []
        at = 0
        while at < samples.size:
            frame, inside = divmod(self._position, FRAME_SAMPLES)
            # a moving steering is set frame by frame, so that blocks of any size give the same face
            size = PIECE_SAMPLES if self.direction.steady else FRAME_SAMPLES - inside
            steering = self.direction.steering_at(frame / CUE_RATE_HZ)
            piece = samples[at : at + size]
            at += piece.size
            self._position += piece.size
            if self.direction.config.mute:
                piece = np.zeros_like(piece)
            with self.meter.stage("features"):
                mel = self._features(piece)
                self._levels.feed(piece)
            if not len(mel):
                continue
            with self.meter.stage("network"):
                made = self._predictor(mel, steering)
            for cues in made:
                if self._end is not None and self._next >= self._end:
                    break
                frames.append(self._finished(cues))
        return frames

    def _finished(self, cues: Cues) -> RigFrame:
        """Direction and retarget of the network's next frame."""
        n = self._next
        self._next += 1
        if cues.n != n:  # the network counts from its own start
            cues = cues.with_(n=n, time_s=frame_time_s(n))
        level = self._levels.take()
        openness = 1.0 if self._gate is None else self._gate(cues.voice, level)
        self.speaking = True if self._gate is None else self._gate.speaking
        with self.meter.stage("direction"):
            cues = self.direction(cues, openness, self.speaking)
        with self.meter.stage("retarget"):
            weights = self._retarget(cues)
        return RigFrame(cues, weights, self.meter.latency_of(cues.time_s))

    def _drain(self) -> list[RigFrame]:
        """The frames still owed for what was heard; afterwards only a restart makes sense."""
        end = self._end = frame_count(self._position)
        hops = self._predictor.lookahead_hops + 2
        frames = self._listen(np.zeros(hops * HOP_SAMPLES + FRAME_SAMPLES, np.float32))
        if self._next < end:
            raise RuntimeError(
                f"the network still owes frames {self._next} to {end - 1} after {hops} hops of silence; "
                f"lookahead_hops is {self._predictor.lookahead_hops}: state the look-ahead it really needs"
            )
        return frames

    def _account(self, frames: list[RigFrame]) -> None:
        if frames:
            self.meter.frames_made([frame.latency_s for frame in frames])


def run(
    source: Source,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    stop: threading.Event,
    on_frame: Callable[[RigFrame], None] | None = None,
    monitor: Callable[[AudioBlock], None] | None = None,
    mix: FrameMixer | None = None,
) -> None:
    """Drives every sink with the voice of `source` until it ends or `stop` is set.

    A source in real time leaves the face at rest, whatever ended the run: 0.3 s of frames lead there. The
    caller closes the sinks, and the source unless `stop` did.

    Args:
        source: where the voice comes from.
        pipeline: freshly made or reset.
        sinks: where every frame goes, in this order; asked anew for every frame, so a `Roster` may change meanwhile.
        stop: set it from any thread to end the run in less than a second.
        on_frame: called with every frame after the sinks had it.
        monitor: called with every block before it is worked on.
        mix: has the last word on every frame; gives the face back to the voice when it is to rest.

    Raises:
        SourceError: if the source breaks; the face was brought to rest before.
    """
    meter = pipeline.meter
    meter.realtime = source.realtime
    last: RigFrame | None = None

    def send(frames: Iterable[RigFrame]) -> None:
        nonlocal last
        for frame in frames:
            with meter.stage("sinks"):
                sent = frame if mix is None else mix(frame)
                for sink in sinks:
                    try:
                        sink.send(sent)
                    except Exception as error:  # noqa: BLE001  a sink's fault is not the face's end
                        meter.count("sink_errors")
                        log.debug("%s: %r", sink.uri, error)
            last = frame
            if on_frame is not None:
                on_frame(sent)

    with _closed_on(stop, source):  # on the outside: a device that closes slowly keeps nobody from resting
        try:
            for block in source:
                if stop.is_set():
                    break
                if monitor is not None:
                    monitor(block)
                send(pipeline.feed(block))
            if not stop.is_set():
                owed: Iterable[RigFrame] = pipeline.flush()
                if source.realtime:  # no sound sets their pace any more
                    late = (replace(f, latency_s=meter.latency_of(f.cues.time_s)) for f in _paced(owed))
                    owed = takewhile(lambda _: not stop.is_set(), late)
                send(owed)
        finally:
            if source.realtime and last is not None:
                if mix is not None:
                    mix.release()
                send(_paced(pipeline.ease_to_rest(last)))


def _paced(frames: Iterable[RigFrame]) -> Iterator[RigFrame]:
    """The frames at 50 a second of the wall clock."""
    pace = Pace(1 / CUE_RATE_HZ)
    for frame in frames:
        pace.wait()
        yield frame


@contextmanager
def _closed_on(stop: threading.Event, source: Source) -> Iterator[None]:
    """Closes `source` when `stop` is set, so that a loop that waits for sound wakes up."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(STOP_POLL_S):
            if stop.is_set():
                source.close()
                return

    watcher = threading.Thread(target=watch, name="facecue-stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
