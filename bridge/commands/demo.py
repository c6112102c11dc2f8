"""`facecue demo`: bundled speech moves a face through the eight emotions, and leaves a take of it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.commands.options import Controls, Preset, Set, Sinks, Trackers, directed

if TYPE_CHECKING:
    from bridge.direction import Direction
    from bridge.frames import Floats, RigFrame
    from bridge.sinks import Sink
    from bridge.sinks.roster import Roster

PREVIEW = "preview://127.0.0.1:8765"
DEFAULT_SINKS = ("zmq://127.0.0.1:5556", "osc://127.0.0.1:9000", "vmc://127.0.0.1:39540", PREVIEW)
GIF_FPS = 12.5
GIF_SIZE = 256


def demo(
    sink: Sinks = None,
    mix: Trackers = None,
    set_: Set = None,
    preset: Preset = None,
    control: Controls = None,
    loop: Annotated[bool, typer.Option("--loop", help="Go on until Ctrl-C.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the take.")] = Path("facecue-demo"),
    fast: Annotated[bool, typer.Option("--fast", hidden=True, help="As fast as it goes.")] = False,
) -> None:
    """Show what facecue does with bundled speech; needs no sound card.

    Frames go to zmq://127.0.0.1:5556, osc://127.0.0.1:9000, vmc://127.0.0.1:39540 and a preview in a
    browser, or to the sinks that are named instead. A take, a film strip and a GIF are left in the folder.
    """
    import numpy as np

    from bridge.assembly import assemble
    from bridge.commands.interrupt import stop_event
    from bridge.commands.performance import opened_controls, opened_mixing, perform
    from bridge.config import load_live
    from bridge.frames import EMOTIONS, RATE_HZ, frame_count
    from bridge.sources import open_source
    from bridge.sources.demo import DEMO_CLIPS, load_clip

    settings = load_live(None, control=control or None, **directed(preset, set_))
    out.mkdir(parents=True, exist_ok=True)  # a folder that refuses is known before the show
    speech = np.concatenate([load_clip(name) for name, _ in DEMO_CLIPS])
    source = open_source("demo://?loop=1" if loop else "demo://", realtime=not fast)
    assembly = assemble(settings, realtime=not fast)
    assembly.warm_up()
    frames: list[RigFrame] = []
    walk = EmotionWalk(assembly.pipeline.direction, speech.size / RATE_HZ / len(EMOTIONS))
    wanted = frame_count(speech.size)

    def on_frame(frame: RigFrame) -> None:
        if len(frames) < wanted:  # the first round of a loop, and without the way to rest at the end
            frames.append(frame)
        elif not loop:
            return
        walk(frame)

    direction = assembly.pipeline.direction
    with (
        stop_event() as stop,
        _sinks(sink) as sinks,
        opened_mixing(mix or ()) as mixing,
        opened_controls(settings.control, direction, settings.actor, sinks),
    ):
        _announce(sinks, browser=not no_browser and not fast)
        perform(
            source, assembly.pipeline, sinks, stop=stop, on_frame=on_frame, watch=lambda: None, mix=mixing
        )
        if len(frames) < wanted:
            raise KeyboardInterrupt
    _keep(frames, speech, out)


class EmotionWalk:
    """Asks for one emotion after another, each for `each_s`, and says so, until somebody else asks for one."""

    def __init__(self, direction: Direction, each_s: float) -> None:
        self._each_s = each_s
        self._direction = direction
        self._step = -1
        self._asked = direction.config.emotion

    def __call__(self, frame: RigFrame) -> None:
        """Looks at the time of a frame."""
        from bridge.frames import EMOTIONS

        step = int(frame.cues.time_s / self._each_s)
        if step > self._step and self._direction.config.emotion == self._asked:
            self._step = step
            emotion = self._asked = EMOTIONS[step % len(EMOTIONS)]
            self._direction.set_emotion(emotion)
            typer.echo(f"{frame.cues.time_s:5.1f} s  {emotion}")


@contextmanager
def _sinks(asked: Sequence[str] | None) -> Iterator[Roster]:
    """The sinks that were asked for; else the default ones, as far as their ports are free."""
    from bridge.sinks import SinkError
    from bridge.sinks.roster import Roster

    roster = Roster()
    try:
        for uri in asked or DEFAULT_SINKS:
            try:
                roster.add(uri)
            except SinkError as error:
                if asked:
                    raise
                if uri == PREVIEW:
                    typer.echo(f"{error}; the preview takes a free port instead")
                    roster.add("preview://127.0.0.1:0")
                else:
                    typer.echo(f"{error}; going on without it")
        yield roster
    finally:
        roster.close()


def _announce(sinks: Sequence[Sink], *, browser: bool) -> None:
    for one in sinks:
        typer.echo(f"frames go to {one.uri}")
    url = next((url for one in sinks if (url := getattr(one, "url", None))), None)
    if url is None:
        return
    typer.echo(f"watch the face at {url}")
    if browser and _has_display():
        import webbrowser

        # starting a browser may take seconds: the face does not wait for it
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _has_display() -> bool:
    """Whether a person sits before a terminal with a screen."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _keep(frames: Sequence[RigFrame], speech: Floats, out: Path) -> None:
    """Leaves the take and its pictures in `out`."""
    from bridge.takes import open_take
    from bridge.takes.strip import animated_gif, film_strip

    for format_ in ("npz", "csv"):
        with open_take(out / f"demo.{format_}", format_) as take:
            for frame in frames:
                take.add(frame)
    typer.echo("drawing a film strip and a GIF ...")
    film_strip(frames, out / "strip.png", speech)
    animated_gif(frames, out / "face.gif", GIF_FPS, GIF_SIZE)
    typer.echo("")
    for name, what in (
        ("demo.npz", "every frame as numpy arrays"),
        ("demo.csv", "the same as a Live Link Face take"),
        ("strip.png", "a film strip of it"),
        ("face.gif", "the face moving"),
    ):
        typer.echo(f"{out / name}  {what}")
    typer.echo(
        "\nNow with your voice: facecue live --sink vmc://127.0.0.1:39540 (facecue devices lists microphones)"
    )
