"""`facecue bake`: recordings in, takes out; one bad file does not stop the rest."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
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
    from threading import Event

    from bridge.commands.bakery import Recipe
    from bridge.commands.worklist import Worklist

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
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Processes; as many as pay off by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Bake again what is there already.")] = False,
) -> None:
    """Turn recordings into animation: x.wav becomes OUT/x.npz; folders keep their sub-folders.

    A take that is whole and newer than its recording is left as it is. Recordings that fail are named at the
    end, each with its reason; the exit code is then 1.
    """
    from bridge.commands.bakery import Recipe
    from bridge.commands.interrupt import stop_event
    from bridge.commands.worklist import worklist
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
    recipe = Recipe(settings, formats_of(formats), checked_fps(fps))
    require(recipe.formats)
    work = worklist(paths, out, recipe.formats, force=force)
    with stop_event() as stop:
        failed = _baked(recipe, work, _processes(len(work.todo), jobs), stop)
    raise typer.Exit(FAILED if failed else 0)


def _processes(jobs: int, asked: int | None) -> int:
    """How many processes bake so many jobs."""
    if asked is None:
        asked = min(os.cpu_count() or 1, -(-jobs // JOBS_A_PROCESS))
    return min(asked, jobs, MAX_PROCESSES)


def _baked(recipe: Recipe, work: Worklist, processes: int, stop: Event) -> int:
    """Bakes what is to be done, shows how far it is, tells how it went; returns the number that failed."""
    from bridge.commands.bakery import bake_all

    faults = list(work.refused)
    speech_s, baked, began = 0.0, 0, time.perf_counter()
    try:
        with _progress(len(work.todo)) as advance:
            for result in bake_all(recipe, work.todo, processes, stop):
                advance()
                if result.fault is None:
                    baked, speech_s = baked + 1, speech_s + result.speech_s
                else:
                    faults.append((result.job.recording, result.fault))
    finally:
        _tell(baked, speech_s, time.perf_counter() - began, len(work.done), faults)
    return len(faults)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar in a terminal, and nothing at all elsewhere; call what it yields when a recording is done."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("baking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=total)
        yield lambda: progress.advance(bar)


def _tell(baked: int, speech_s: float, took_s: float, there: int, faults: list[tuple[Path, str]]) -> None:
    summary = f"{baked} baked"
    if baked:
        summary += f" ({speech_s:.1f} s of sound in {took_s:.1f} s: {speech_s / took_s:.0f} x real time)"
    if there:
        summary += f", {there} there already (--force bakes them again)"
    if faults:
        summary += f", {len(faults)} failed:"
    typer.echo(summary)
    for path, reason in faults:
        about = "" if str(path) in reason else f"{path}: "
        typer.echo(f"facecue: {about}{reason}", err=True)
