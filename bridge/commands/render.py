"""`facecue render`: a recording and a trained person in, a film of that person saying it out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.commands.options import (
    ConfigFile,
    Emotion,
    Intensity,
    Mix,
    Model,
    Preset,
    Seed,
    Set,
    Style,
    Target,
    directed,
)

if TYPE_CHECKING:
    from threading import Event

    from bridge.config import BakeConfig
    from bridge.frames import RigFrame


def render(
    recording: Annotated[Path, typer.Argument(help="A recording of speech.")],
    person: Annotated[Path, typer.Option("--person", help="Folder of a trained person.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The film, an .mp4.")],
    rate: Annotated[float, typer.Option("--fps", min=10, max=60, help="Pictures a second.")] = 25.0,
    head: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the head's turns and shifts that is shown.")
    ] = 0.6,
    device: Annotated[
        str, typer.Option(help="auto, cuda, tensorrt, directml, coreml or cpu: what the network runs on.")
    ] = "auto",
    mark: Annotated[
        bool, typer.Option("--mark/--no-mark", help="Write `synthetic` into each picture.")
    ] = False,
    lookahead: Annotated[
        str | None, typer.Option(help="Which network: studio (the default), live, or milliseconds.")
    ] = None,
    emotion: Emotion = None,
    mix: Mix = None,
    intensity: Intensity = None,
    style: Style = None,
    target: Target = None,
    seed: Seed = None,
    set_: Set = None,
    preset: Preset = None,
    config: ConfigFile = None,
    model: Model = None,
) -> None:
    """Paint a person who says what a recording holds; the film keeps its sound and says that it is synthetic."""
    from bridge.commands.interrupt import stop_event
    from bridge.config import load_bake
    from bridge.portrait.drawing import SIZE
    from bridge.portrait.mark import marked
    from bridge.portrait.painter import Painter
    from bridge.takes.film import Film, read_soundtrack
    from bridge.takes.rate import at_rate

    if out.suffix.lower() != ".mp4":
        raise typer.BadParameter(f"{out} is no .mp4, which is what is written", param_hint="'--out'")
    settings = load_bake(
        config,
        lookahead=lookahead,
        model=model,
        **directed(
            preset, set_, emotion=emotion, mix=mix, intensity=intensity, style=style, target=target, seed=seed
        ),
    )
    painter = Painter.load(person, device)
    soundtrack = read_soundtrack(recording)
    began, count = time.perf_counter(), 0
    with (
        stop_event() as stop,
        Film(
            out, rate, (SIZE, SIZE), soundtrack, f"Person: {painter.person.contract.name}.", synthetic=True
        ) as film,
    ):
        for frame in at_rate(_frames(recording, settings, stop), rate):
            picture = painter(frame.cues, head)
            film.add(marked(picture) if mark else picture)
            count += 1
    took_s = time.perf_counter() - began
    pace = f"{count / took_s:.0f} a second on {painter.runner.device}"
    typer.echo(f"{out}: {count} pictures at {rate:g} a second, made {pace}")


def _frames(recording: Path, settings: BakeConfig, stop: Event) -> Iterator[RigFrame]:
    """The face of a recording, as fast as it is asked for."""
    from bridge.assembly import assemble
    from bridge.sources import open_source

    pipeline = assemble(settings).pipeline
    source = open_source(f"file://{recording}", realtime=False)
    try:
        for block in source:
            if stop.is_set():
                raise KeyboardInterrupt
            yield from pipeline.feed(block)
        yield from pipeline.flush()
    finally:
        source.close()
