"""The `facecue` command: its verbs, and what is said when something is wrong: one line, never a traceback.

Each verb lives in `bridge.commands` and imports what it needs when it runs: `facecue --help` loads neither
numpy nor a network.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bridge import __version__
from bridge.commands.bake import bake
from bridge.commands.complaint import complaint
from bridge.commands.controls import controls
from bridge.commands.demo import demo
from bridge.commands.devices import devices
from bridge.commands.doctor import doctor
from bridge.commands.head import head
from bridge.commands.keys import keys
from bridge.commands.live import live
from bridge.commands.render import render
from bridge.commands.rig import rig
from bridge.commands.serve import serve

DEBUG = "--debug"
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells count it: 128 + SIGINT."""

_UsageError: type[Exception] = next(
    cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException"
)
# typer carries click inside itself in new versions and beside itself in older ones: this is right for both

app = typer.Typer(
    name="facecue",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich costs 0.2 s, and a plain help can be piped
    pretty_exceptions_enable=False,
    help="Voice in, a living face out: live audio drives mouth, emotion, gaze and head of a character.",
)
for verb in (demo, live, bake, render, serve, controls, devices, doctor, keys):
    app.command()(verb)
app.add_typer(rig, name="rig")
app.add_typer(head, name="head")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"facecue {__version__}")
        raise typer.Exit


@app.callback()
def facecue(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show where in the program an error arose.")] = False,
) -> None:
    """Options of the command itself; its help text is that of `app`."""


def _printable_output() -> None:
    """A console with few letters (cp1252, ASCII) shows `?` for what it lacks and goes on."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _fail(message: str) -> None:
    typer.echo(f"facecue: {message}", err=True)


def run(arguments: Sequence[str]) -> int:
    """Runs the command with these arguments and returns its exit code.

    0 = done; 1 = it failed; 2 = the command line is wrong; 130 = interrupted. With `--debug` anywhere
    among the arguments an error that ends the command is raised instead.
    """
    debug = DEBUG in arguments
    arguments = [argument for argument in arguments if argument != DEBUG]
    try:
        code = app(arguments, prog_name="facecue", standalone_mode=False)
    except _UsageError as error:
        message = str(error.format_message())  # type: ignore[attr-defined]
        if not arguments:  # the whole help, as asked for by no_args_is_help
            typer.echo(message, err=True)
        else:
            _fail(f"{complaint(ValueError(message))} (facecue {_verb(arguments)}--help lists what there is)")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output has left (`facecue devices | head`): there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    # SourceError, SinkError, ConfigError, ContractError … are ValueErrors
    except (ValueError, OSError, ImportError) as error:
        if debug:
            raise
        _fail(complaint(error))
        return 1
    if code == INTERRUPTED:  # newer versions of typer make it a code, older ones an Abort
        _fail("interrupted")
    return code if isinstance(code, int) else 0


def _verb(arguments: Sequence[str]) -> str:
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    names += [group.name for group in app.registered_groups if group.name]
    return next((f"{argument} " for argument in arguments if argument in names), "")


def main() -> None:
    """The console script."""
    # Our matrices are small: more threads gain nothing, and while they wait for work they keep a core busy.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    _printable_output()
    sys.exit(run(sys.argv[1:]))
