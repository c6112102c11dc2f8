"""`facecue bake`: recordings in, takes out; one bad file does not stop the rest."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    from bridge.commands.baker import Baked
    from bridge.commands.batch import Batch, Show

FAILED = 1
JOBS_A_PROCESS = 8
"""Starting a process costs about as much as baking so many lines."""
MAX_PROCESSES = 61
"""More than so many a pool of Windows cannot wait for."""


def bake(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the takes.")],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="Any of npz, csv, jsonl, bvh, rhubarb.tsv, rhubarb.json, oculus15.json, microsoft22.json, srt, glb, "
            "usd, usda, with commas between.",
        ),
    ] = "npz",
    fps: Annotated[int, typer.Option(help="Frames a second of the takes: 24, 25, 30, 50, 60.")] = 50,
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
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            help="A table (CSV) of the lines to bake: file, and actor, emotion, intensity, style, rig.",
        ),
    ] = None,
    rig: Annotated[
        str | None, typer.Option("--rig", help="Also write the curves of this rig, as x.RIG.csv.")
    ] = None,
    report: Annotated[
        bool | None,
        typer.Option("--report/--no-report", help="Write OUT/report.html; with --manifest by default."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: bake what appears or changes, until Ctrl-C.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Processes; as many as pay off by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Bake again what is there already.")] = False,
) -> None:
    """Turn recordings into animation: x.wav becomes OUT/x.npz; folders keep their sub-folders.

    A take that was made of the same sound in the same way is left as it is. Recordings that fail are named at the
    end, each with its reason; the exit code is then 1.
    """
    from bridge.batch.ledger import Ledger
    from bridge.batch.manifest import read_manifest
    from bridge.commands.batch import Batch
    from bridge.commands.interrupt import stop_event
    from bridge.commands.recipe import Recipe
    from bridge.config import load_bake
    from bridge.takes import checked_fps, formats_of, require

    settings = load_bake(
        config,
        lookahead=lookahead,
        model=model,
        **directed(
            preset, set_, emotion=emotion, mix=mix, intensity=intensity, style=style, target=target, seed=seed
        ),
    )
    recipe = Recipe(settings, formats_of(formats), rig, checked_fps(fps))
    require(recipe.formats)
    listed = None if manifest is None else read_manifest(manifest)
    batch = Batch(paths, out, recipe, Ledger(out), manifest=listed, force=force)
    wanted = manifest is not None if report is None else report
    with stop_event() as stop, _progress(watch=watch) as show:
        try:
            if watch:
                batch.watch(_processes(None, jobs), stop, show, report=wanted)
            else:
                batch.look()
                batch.bake(_processes(len(batch.work.todo), jobs), stop, show)
        finally:
            if wanted and batch.looked:
                batch.write_report()
            _tell(batch)
    raise typer.Exit(FAILED if batch.faults else 0)


def _processes(jobs: int | None, asked: int | None) -> int:
    """How many processes bake so many jobs; None = nobody knows how many."""
    cores = os.cpu_count() or 1
    if asked is None:
        asked = cores if jobs is None else min(cores, -(-jobs // JOBS_A_PROCESS))
    return min(asked, MAX_PROCESSES) if jobs is None else min(asked, jobs, MAX_PROCESSES)


@contextmanager
def _progress(*, watch: bool) -> Iterator[Show]:
    """A bar in a terminal, and nothing at all elsewhere; who watches gets a line for each recording."""
    if watch:
        yield lambda result, _: _line(result)
        return
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("baking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None)
        yield lambda _, total: progress.update(bar, advance=1, total=total)


def _line(result: Baked) -> None:
    if result.fault is not None:
        about = "" if str(result.job.recording) in result.fault else f"{result.job.recording}: "
        typer.echo(f"facecue: {about}{result.fault}", err=True)
    elif result.entry is not None:
        warnings = ", ".join(result.entry.findings.warnings)
        typer.echo(f"{result.job.recording}: baked{warnings and f' ({warnings})'}")


def _tell(batch: Batch) -> None:
    """How it went."""
    summary = f"{batch.baked} baked"
    if batch.baked:
        pace = batch.speech_s / batch.took_s
        summary += f" ({batch.speech_s:.1f} s of sound in {batch.took_s:.1f} s: {pace:.0f} x real time)"
    if batch.work.done:
        summary += f", {len(batch.work.done)} there already (--force bakes them again)"
    if batch.faults:
        summary += f", {len(batch.faults)} failed:"
    typer.echo(summary)
    for path, reason in batch.faults:
        about = "" if str(path) in reason else f"{path}: "
        typer.echo(f"facecue: {about}{reason}", err=True)
    if batch.report is not None:
        typer.echo(f"{batch.report}: {batch.reported} lines, {batch.warned} with a warning")
