"""`facecue keys`: CURVE keys for native ZeroMQ beyond this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bridge.keys import Keys


def keys(
    name: Annotated[
        str | None, typer.Argument(help="What the keys are called; without it, all are listed.")
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(metavar="CLIENT", help="Make a pair for a receiver: only known ones may connect then."),
    ] = None,
    allow: Annotated[
        str | None,
        typer.Option(metavar="CLIENT=KEY", help="Know a receiver that made its own pair, by its public key."),
    ] = None,
    revoke: Annotated[str | None, typer.Option(metavar="CLIENT", help="Forget a receiver.")] = None,
) -> None:
    """Make and show the keys of zmq://HOST:PORT?curve=NAME; a name that is new gets a pair."""
    from bridge import keys as kept

    asked = [option for option in (client, allow, revoke) if option is not None]
    if name is None:
        if asked:
            raise typer.BadParameter(
                "of which keys? Write a name first, as in: facecue keys studio --client laptop"
            )
        _list()
        return
    if len(asked) > 1:
        raise typer.BadParameter("--client, --allow and --revoke go one at a time")
    if name not in kept.names():
        if revoke is not None:
            kept.load(name)  # says that there are none
        from bridge.sinks.curve import key_pair

        kept.keep(name, *key_pair())
    if client is not None:
        _make_client(name, client)
    if allow is not None:
        who, separator, key = allow.partition("=")
        if not separator:
            raise typer.BadParameter(f"--allow {allow}: write CLIENT=KEY, with the receiver's public key")
        kept.admit(name, who, key)
    if revoke is not None:
        kept.revoke(name, revoke)
    _show(kept.load(name))


def _make_client(name: str, client: str) -> None:
    from bridge.keys import admit
    from bridge.sinks.curve import key_pair

    path = admit(name, client, *key_pair())
    typer.echo(f"made for {client}: move {path} to its machine, and nowhere else")


def _list() -> None:
    from bridge.keys import folder, load, names

    if not names():
        typer.echo(f"no keys in {folder()}; `facecue keys NAME` makes some")
    for name in names():
        _show(load(name))


def _show(found: Keys) -> None:
    typer.echo(f"{found.name}: public key {found.public}")
    if found.clients is None:
        typer.echo("  whoever knows that key may connect; --client CLIENT makes it known receivers only")
    elif not found.clients:
        typer.echo("  nobody may connect; --client CLIENT makes a pair for a receiver")
    for client, public in (found.clients or {}).items():
        typer.echo(f"  {client} may connect: {public}")
