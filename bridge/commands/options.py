"""Options that several verbs share: one spelling, one help text, one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Emotion = Annotated[
    str | None,
    typer.Option(
        "--emotion",
        help="auto (the voice decides), angry, contempt, disgusted, fear, happy, neutral, sad or surprised.",
    ),
]
Mix = Annotated[
    float | None, typer.Option("--mix", help="How much of --emotion is blended in, 0 to 1; 1 by default.")
]
MixOrTrackers = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="0..1|REGION=URI",
        help="How much of --emotion is blended in; or regions from a camera tracker, as in upper=vmc://:39541 "
        "(upper, brows, eyes, mouth, head). May be repeated.",
    ),
]
Trackers = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="REGION=URI",
        help="Regions from a camera tracker, as in upper=vmc://:39541 (upper, brows, eyes, mouth, head). "
        "May be repeated.",
    ),
]
Intensity = Annotated[
    float | None,
    typer.Option(
        "--intensity", help="Strength of the emotion: 0 none, 1 as people do (default), 2 twice that."
    ),
]
Style = Annotated[
    str | None,
    typer.Option(
        "--style", help="Whose manner eyes, head and mouth have: reader, speaker or actor (default)."
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Another number: other blinks, glances and head movements.")
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings in a TOML file; options on the command line go before it."),
]
Actor = Annotated[
    str | None,
    typer.Option("--actor", help="Who is being moved, in the native wires' addresses; face by default."),
]
Model = Annotated[
    str | None, typer.Option("--model", help="A network file of your own instead of a shipped one.")
]
Sinks = Annotated[
    list[str] | None,
    typer.Option(
        "--sink", help="Where frames go: zmq://, osc://, vmc:// or preview://HOST:PORT; may be repeated."
    ),
]


def split_mix(values: list[str] | None) -> tuple[float | None, list[str] | None]:
    """What `--mix` says: how much of an emotion is blended in, and regions from trackers; None = not given.

    Raises:
        typer.BadParameter: a value that is neither.
    """
    shares, trackers = [], []
    for value in values or ():
        if "=" in value:
            trackers.append(value)
            continue
        try:
            shares.append(float(value))
        except ValueError:
            raise typer.BadParameter(
                f"{value!r} is neither a number from 0 to 1 nor REGION=URI, as in upper=vmc://:39541",
                param_hint="'--mix'",
            ) from None
    if len(shares) > 1:
        raise typer.BadParameter(f"{len(shares)} numbers are given; keep one", param_hint="'--mix'")
    return (shares[0] if shares else None), trackers or None
