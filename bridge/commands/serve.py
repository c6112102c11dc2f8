"""`facecue serve`: faces for programs that ask for them, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.commands.options import ConfigFile, Emotion, Intensity, Mix, Model, Seed, Style

if TYPE_CHECKING:
    from threading import Event

    from bridge.address import Endpoint
    from bridge.config import ServeConfig
    from bridge.serve import Serving
    from bridge.serve.a2f import A2FServer
    from bridge.serve.door import Door

DEFAULT_PORT = 52_000
WATCH_S = 0.2
PLAIN_EVERY_S = 5.0
"""Where there is no terminal: one line in so many seconds."""
MAX_PEM_BYTES = 1 << 20


def serve(
    a2f: Annotated[
        bool, typer.Option("--a2f", help="Serve NVIDIA Audio2Face-3D clients (gRPC ProcessAudioStream).")
    ] = False,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="Where; beyond this machine a token is needed. 127.0.0.1:52000 by default.",
        ),
    ] = None,
    fps: Annotated[
        int | None, typer.Option(help="Frames a second, 10 to 240; other than 50 (default) are interpolated.")
    ] = None,
    streams: Annotated[int | None, typer.Option(help="Streams at once, 1 to 256; 4 by default.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Sound of one stream at most, 1 to 86400; 600 by default.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what has no counterpart here instead of naming it.")
    ] = False,
    token_file: Annotated[
        str | None, typer.Option(help="A file with the token clients must bring; else FACECUE_TOKEN.")
    ] = None,
    cert: Annotated[str | None, typer.Option(help="PEM certificate chain, for TLS.")] = None,
    key: Annotated[str | None, typer.Option(help="PEM private key of --cert.")] = None,
    lookahead: Annotated[
        str | None, typer.Option(help="Which network: live (the default), studio, or milliseconds.")
    ] = None,
    emotion: Emotion = None,
    mix: Mix = None,
    intensity: Intensity = None,
    style: Style = None,
    seed: Seed = None,
    config: ConfigFile = None,
    model: Model = None,
    duration: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds.")] = None,
) -> None:
    """Answer programs that send a voice with the face for it, until Ctrl-C."""
    from bridge.address import endpoints
    from bridge.config import load_serve
    from bridge.serve import Limits, ServeError, Serving
    from bridge.serve.door import Door, read_token

    settings = load_serve(
        config, a2f=a2f or None, listen=listen, fps=fps, streams=streams, seconds=seconds,
        strict=strict or None, token_file=token_file, cert=cert, key=key, lookahead=lookahead, model=model,
        emotion=emotion, mix=mix, intensity=intensity, style=style, seed=seed,
    )  # fmt: skip
    if not settings.a2f:
        raise typer.BadParameter("nothing is named that could be served; try --a2f")
    places = endpoints("--listen", settings.listen, default_port=DEFAULT_PORT, lowest_port=0)
    if len(places) != 1:
        raise ServeError(f"--listen names {len(places)} places; a server has one")
    token = read_token(None if settings.token_file is None else Path(settings.token_file))
    door = Door.at(places[0], token)
    certificate = None
    if settings.cert is not None and settings.key is not None:
        certificate = (_pem(Path(settings.key)), _pem(Path(settings.cert)))
    limits = Limits(streams=settings.streams, seconds=settings.seconds)
    serving = Serving(settings.fps, settings.strict, limits)
    _run(places[0], settings, door, serving, certificate, duration)


def _pem(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PEM_BYTES)


def _run(
    place: Endpoint,
    settings: ServeConfig,
    door: Door,
    serving: Serving,
    certificate: tuple[bytes, bytes] | None,
    duration_s: float | None,
) -> None:
    from bridge.commands.interrupt import stop_event
    from bridge.serve import ServeError

    try:
        from bridge.serve.a2f import A2FServer
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "bridge":
            raise
        raise ServeError(
            f"--a2f needs the package {error.name}; install it with: pip install 'facecue[a2f]' "
            "(Python 3.13 or older)"
        ) from error
    with stop_event() as stop:
        server = A2FServer(place, settings, door, serving, certificate)
        try:
            typer.echo(_opening(server, place, door, secure=certificate is not None))
            _watch(server, stop, duration_s)
        finally:
            server.close()
        typer.echo(f"ended: {_line(server)}")


def _opening(server: A2FServer, place: Endpoint, door: Door, *, secure: bool) -> str:
    text = f"serving Audio2Face-3D at {place._replace(port=server.port)}, "
    text += f"network {server.network} (look-ahead {server.lookahead_ms} ms)"
    text += ", with TLS" if secure else ""
    text += ", to those who bring the token" if door.locked else ""
    if not (secure or place.loopback):
        text += "; whoever listens in on the network can read sound and token (--cert and --key help)"
    return f"{text}. Ctrl-C ends."


def _watch(server: A2FServer, stop: Event, duration_s: float | None) -> None:
    ends_at = time.perf_counter() + duration_s if duration_s is not None else float("inf")
    with _shown(server) as show:
        while not stop.wait(WATCH_S) and time.perf_counter() < ends_at:
            show()


def _line(server: A2FServer) -> str:
    refusals = server.refusals
    text = f"{server.tally.line()} | {refusals.count} refused"
    return f"{text}, the last: {refusals.last[:120]}" if refusals.count else text


@contextmanager
def _shown(server: A2FServer) -> Iterator[Callable[[], None]]:
    """A function that brings the status up to date: a line that changes in a terminal, else one now and then."""
    if not sys.stdout.isatty():
        yield _plain(server)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), auto_refresh=False, transient=True) as display:
        yield lambda: display.update(Text(_line(server)), refresh=True)


def _plain(server: A2FServer) -> Callable[[], None]:
    next_at, said = 0.0, ""

    def show() -> None:
        nonlocal next_at, said
        now, line = time.perf_counter(), _line(server)
        if now < next_at or line == said:  # a server that nobody asks has nothing to say
            return
        next_at, said = now + PLAIN_EVERY_S, line
        typer.echo(line)

    return show
