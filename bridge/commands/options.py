"""Options that several verbs share: one spelling, one help text, one meaning. Controls say their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.controls import CONTROLS


def _meaning(name: str) -> str:
    meaning = CONTROLS[name].meaning
    return meaning[0].upper() + meaning[1:]


def _control(name: str) -> Any:
    """The option of a control, in the table's words."""
    line = CONTROLS[name]
    default = str(line.default).lower() if line.kind == "switch" else line.default
    return typer.Option(f"--{name}", help=f"{_meaning(name)} ({line.span}; {default} by default).")


Emotion = Annotated[str | None, _control("emotion")]
Mix = Annotated[float | None, _control("mix")]
Intensity = Annotated[float | None, _control("intensity")]
Style = Annotated[str | None, _control("style")]
Target = Annotated[str | None, _control("target")]
Seed = Annotated[int | None, _control("seed")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any control, as in mouth=1.2 (facecue controls lists them); may be repeated.",
    ),
]
Preset = Annotated[
    str | None, typer.Option("--preset", help="A direction saved by name; settings and options go before it.")
]
MixOrTrackers = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="0..1|REGION=URI",
        help=f"{_meaning('mix')} ({CONTROLS['mix'].span}; {CONTROLS['mix'].default} by default); or regions from a "
        "camera tracker, as in upper=vmc://:39541 (upper, brows, eyes, mouth, head). May be repeated.",
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
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--control",
        metavar="URI",
        help="Let others direct it while it runs: osc://127.0.0.1:39550 or zmq://127.0.0.1:5557; may be repeated.",
    ),
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


def directed(preset: str | None, assigned: Sequence[str] | None, **named: Any) -> dict[str, Any]:
    """What `--preset`, `--set` and the controls' own options ask for, as `load_live` and `load_bake` take it.

    Raises:
        ValueError: no such preset or control, a value that cannot be, or a control that is given twice.
    """
    from bridge.controls import assignments

    flags: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for name, value in assignments(assigned or ()).items():
        if name in flags:
            raise ValueError(f"--set {name}={value} and --{name} are both given; keep one")
        flags[name] = value
    if preset is None:
        return flags
    from bridge.presets import Presets

    return {"preset": Presets().load(preset), **flags}


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
