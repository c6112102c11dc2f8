"""`facecue rig`: the rigs that ship, what one's own table does, a table learned from poses, visemes of a take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bridge.rigs.check import Frame

RigName = Annotated[
    str, typer.Argument(metavar="RIG", help="A table of your own (.toml), or a rig that ships.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="The file to write.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]

PIECE_SAMPLES = 1600
"""The bundled speech is heard in pieces of 0.1 s."""

rig = typer.Typer(
    name="rig",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Rigs: tables from weights, emotion and cues to the curves and bones of a character.",
)


@rig.command("list")
def list_rigs() -> None:
    """Name the rigs that ship."""
    from bridge.rigs import load_rig, rig_names

    for name in rig_names():
        one = load_rig(name)
        typer.echo(f"{name:<12} {len(one.names):3} curves  {one.title}")


@rig.command()
def check(
    table: RigName,
    take: Annotated[
        Path | None, typer.Option(help="Look at this npz take instead of the bundled speech.")
    ] = None,
) -> None:
    """Show what a table does: the ranges it reaches, what never moves or stands at a limit, what it does not read.

    A mistake in the table is one line with its line number, and exit code 1.
    """
    from bridge.rigs import load_rig
    from bridge.rigs.check import examined, unread

    one = load_rig(table)
    reached = examined(one, _demo() if take is None else _take(take))
    width = max(len(r.name) for r in reached)
    typer.echo(f"{one.title}: {len(one.names)} curves, {len(one.bone_names)} bones")
    for r in reached:
        typer.echo(f"{r.name:<{width}} {r.low:8.2f} … {r.high:.2f}{f'  {r.note}' if r.note else ''}")
    missed = unread(one)
    typer.echo(f"not read: {', '.join(missed) if missed else 'nothing'}")


@rig.command()
def learn(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pose pairs, .csv or .toml.")],
    out: Out,
    title: Annotated[str | None, typer.Option(help="Title of the table.")] = None,
    force: Force = False,
) -> None:
    """Make a table from a handful of poses: weights and emotions on one side, your curves on the other.

    Tells for each curve what the table misses the poses by, and poses that were left out of the fit.
    """
    from bridge.rigs import parse_rig
    from bridge.rigs.learn import learn as learned_from
    from bridge.rigs.learn import table_text
    from bridge.rigs.pairs import read_pairs

    _refuse_to_overwrite(out, force)
    given = read_pairs(pairs)
    learned = learned_from(given)
    text = table_text(title or pairs.stem, learned.curves)
    parse_rig(text, str(out))
    _write(out, text)
    width = max(len(curve.name) for curve in learned.curves)
    typer.echo(f"{out}: {len(learned.curves)} curves from {len(given.poses)} pairs")
    for curve, residual, left_out in zip(learned.curves, learned.residual, learned.left_out, strict=True):
        typer.echo(f"{curve.name:<{width}} misses by {residual:.3f}, poses left out by {left_out:.3f}")
    if learned.inputs > len(given.poses):
        typer.echo(
            f"{learned.inputs} inputs move in {len(given.poses)} pairs: many tables would fit; give more"
        )


@rig.command()
def visemes(
    take: Annotated[Path, typer.Argument(metavar="TAKE", help="An npz take.")],
    out: Out,
    name: Annotated[str, typer.Option("--rig", help="A rig of visemes.")] = "rhubarb9",
    force: Force = False,
) -> None:
    """Write one viseme at a time for a drawn mouth: lines of start time and name, as Rhubarb's TSV.

    Each is held for 140 ms at least and no second has more than 8 changes. The last line is the end.
    """
    import numpy as np

    from bridge.rigs import load_rig
    from bridge.visemes import best_visemes, stretches

    _refuse_to_overwrite(out, force)
    one = load_rig(name)
    values = [one.values(*frame) for frame in _take(take)]
    if not values:
        raise ValueError(f"{take} has no frame; bake a recording that is not empty")
    shown = stretches(best_visemes(one.names, np.array(values)))
    end = one.table.rest or shown[-1].name
    _write(out, "".join(f"{s.start_s:.2f}\t{s.name}\n" for s in shown) + f"{shown[-1].end_s:.2f}\t{end}\n")
    typer.echo(f"{out}: {len(shown)} visemes in {shown[-1].end_s:.2f} s")


def _refuse_to_overwrite(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise ValueError(f"{out} is there already; --force writes over it")


def _write(out: Path, text: str) -> None:
    """Beside and renamed: a whole file or none."""
    from bridge.takes.draft import Draft

    draft = Draft(out)
    try:
        draft.file.write(text.encode("utf-8"))
    except OSError:
        draft.discard()
        raise
    draft.keep()


def _take(path: Path) -> list[Frame]:
    from bridge.takes.reading import frames_of

    return [(frame.weights, frame.cues) for frame in frames_of(path)]


def _demo() -> list[Frame]:
    """The bundled speech, walked through the eight emotions as in `facecue demo`, without waiting for it."""
    import time

    import numpy as np

    from bridge.assembly import assemble
    from bridge.config import LiveConfig
    from bridge.frames import EMOTIONS, RATE_HZ, AudioBlock
    from bridge.sources.demo import DEMO_CLIPS, load_clip

    speech = np.concatenate([load_clip(name) for name, _ in DEMO_CLIPS])
    pipeline = assemble(LiveConfig(), realtime=False).pipeline
    frames = []
    for i in range(0, speech.size, PIECE_SAMPLES):  # an emotion is asked for before its sound comes
        pipeline.direction.set_emotion(EMOTIONS[i * len(EMOTIONS) // speech.size])
        frames += pipeline.feed(AudioBlock(speech[i : i + PIECE_SAMPLES], i / RATE_HZ, time.perf_counter()))
    frames += pipeline.flush()
    return [(frame.weights, frame.cues) for frame in frames]
