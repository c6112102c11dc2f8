"""`facecue live`: a voice moves a face until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.commands.options import (
    Actor,
    ConfigFile,
    Controls,
    Emotion,
    Intensity,
    MixOrTrackers,
    Model,
    Preset,
    Seed,
    Set,
    Sinks,
    Style,
    Target,
    directed,
    split_mix,
)

if TYPE_CHECKING:
    from bridge.assembly import Assembly
    from bridge.commands.status import LiveStatus
    from bridge.config import LiveConfig
    from bridge.frames import RigFrame
    from bridge.monitor import Monitor
    from bridge.sources import Source

PLAIN_EVERY_S = 5.0
"""Where there is no terminal: one line in so many seconds."""
FOLLOW_FRAMES = 100
"""The monitor's delay follows the measured latency every so many frames: 2 s."""
HALF_FRAME_S = 0.01
"""A frame is seen from its arrival until the next one: its own sound belongs in the middle of that."""
DEFAULT_DEVICE = "default"


def live(
    source: Annotated[
        str | None,
        typer.Option(help="The voice: mic://[DEVICE] (the default), file://, demo:// or tcp://HOST:PORT."),
    ] = None,
    sink: Sinks = None,
    emotion: Emotion = None,
    mix: MixOrTrackers = None,
    intensity: Intensity = None,
    style: Style = None,
    target: Target = None,
    seed: Seed = None,
    set_: Set = None,
    preset: Preset = None,
    control: Controls = None,
    lookahead: Annotated[
        str | None, typer.Option(help="Which network: live (the default), studio, or milliseconds.")
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option(
            metavar="DEVICE",
            help='Play the voice delayed by the bridge\'s latency on this output; "default" is one.',
        ),
    ] = None,
    config: ConfigFile = None,
    model: Model = None,
    actor: Actor = None,
    duration: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds.")] = None,
) -> None:
    """Move a face with a voice, until Ctrl-C; the face is at rest then."""
    from bridge.config import load_live

    share, trackers = split_mix(mix)
    settings = load_live(
        config, source=source, sinks=sink or None, trackers=trackers, control=control or None, lookahead=lookahead,
        monitor=monitor, model=model, actor=actor,
        **directed(
            preset, set_, emotion=emotion, mix=share, intensity=intensity, style=style, target=target, seed=seed
        ),
    )  # fmt: skip
    if not settings.sinks:
        raise typer.BadParameter(
            "no sink is named, so nobody would see the face; try --sink preview://127.0.0.1:8765"
        )
    _run(settings, duration)


def _run(settings: LiveConfig, duration_s: float | None) -> None:
    from bridge.assembly import assemble
    from bridge.commands.interrupt import stop_event
    from bridge.commands.performance import opened_controls, opened_mixing, opened_sinks, perform
    from bridge.commands.status import LiveStatus
    from bridge.sources import open_source

    with (
        stop_event() as stop,
        opened_sinks(settings.sinks, settings.actor) as sinks,
        opened_mixing(settings.trackers) as mixing,
    ):
        assembly = assemble(settings, realtime=True)
        delay_ms = _state_latency(assembly)
        with (
            _monitor(settings.monitor, delay_ms) as speaker,
            opened_controls(settings.control, assembly.pipeline.direction, settings.actor, sinks) as controls,
        ):
            source = open_source(settings.source)  # last: it may listen from now on
            status = LiveStatus(assembly.pipeline, source, sinks, speaker, controls, mixing)
            on_frame = status.note if speaker is None else _following(status, speaker, assembly)
            with _shown(status, source) as show:
                ends_at = time.perf_counter() + duration_s if duration_s is not None else float("inf")

                def watch() -> None:
                    show()
                    if time.perf_counter() >= ends_at:
                        stop.set()

                perform(
                    source, assembly.pipeline, sinks, stop=stop, on_frame=on_frame, watch=watch,
                    monitor=None if speaker is None else speaker.feed, mix=mixing,
                )  # fmt: skip
        typer.echo(f"ended, the face is at rest: {status.line()}")


def _state_latency(assembly: Assembly) -> float:
    """Says what the bridge adds, and returns it in milliseconds."""
    from bridge.assembly import BLOCK_MS

    compute_ms = assembly.warm_up().compute.p50_ms
    total_ms = assembly.added_latency_ms(compute_ms)
    typer.echo(
        f"network {assembly.network}: {total_ms:.0f} ms added (buffering {BLOCK_MS} + look-ahead "
        f"{assembly.lookahead_ms} + computing {compute_ms:.1f}); the sound card adds its own. Ctrl-C ends."
    )
    return total_ms


@contextmanager
def _monitor(device: str | None, delay_ms: float) -> Iterator[Monitor | None]:
    if device is None:
        yield None
        return
    from bridge.monitor import Monitor

    speaker = Monitor("" if device == DEFAULT_DEVICE else device, delay_ms / 1000 + HALF_FRAME_S)
    try:
        typer.echo(speaker.detail)
        yield speaker
    finally:
        speaker.close()


def _following(status: LiveStatus, speaker: Monitor, assembly: Assembly) -> Callable[[RigFrame], None]:
    """Notes frames, and lets the monitor's delay follow the latency that is measured."""
    from bridge.monitor import MAX_DELAY_S

    def note(frame: RigFrame) -> None:
        status.note(frame)
        if frame.cues.n % FOLLOW_FRAMES == FOLLOW_FRAMES - 1:
            measured_s = assembly.pipeline.meter.summary().latency.p50_ms / 1000
            speaker.delay_s = min(measured_s + HALF_FRAME_S, MAX_DELAY_S)

    return note


@contextmanager
def _shown(status: LiveStatus, source: Source) -> Iterator[Callable[[], None]]:
    """A function that brings the status up to date: lines in a terminal, else one now and then."""
    if not sys.stdout.isatty():
        yield _plain(status, source)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console()
    ascii_only = console.options.ascii_only
    with Live(console=console, auto_refresh=False, transient=True) as display:
        yield lambda: display.update(status.table(ascii_only=ascii_only), refresh=True)


def _plain(status: LiveStatus, source: Source) -> Callable[[], None]:
    next_at, state = 0.0, ""

    def show() -> None:
        nonlocal next_at, state
        now, seen = time.perf_counter(), source.status().state
        if now < next_at and seen == state:
            return
        # a source that was lost or came back is told at once
        next_at, state = now + PLAIN_EVERY_S, seen
        typer.echo(status.line())

    return show
