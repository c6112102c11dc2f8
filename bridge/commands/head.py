"""`facecue head`: the project's own 3D head, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

head = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The project's own 3D head.")
KINDS = (".glb", ".bytes", ".png")


@head.callback()
def _group() -> None:
    """Keeps `export` a verb of its own while it is alone."""


@head.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="head.glb, head.bytes or head.png.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    size: Annotated[int, typer.Option(min=16, max=4096, help="Side of a PNG in pixels.")] = 640,
) -> None:
    """Write the head with its 52 ARKit shapes: GLB for any engine, bytes for the Unity sample, or a picture."""
    from bridge.head import load_head
    from bridge.takes.draft import Draft

    kind = out.suffix.lower()
    if kind not in KINDS:
        raise ValueError(
            f"{out}: the head can be written as {', '.join(KINDS)}, not as {kind or 'a bare name'!r}"
        )
    if out.exists() and not force:
        raise ValueError(f"{out} is there already; --force writes over it")
    one = load_head()
    if kind == ".bytes":
        from bridge.head.binary import head_bytes

        data = head_bytes(one)
    elif kind == ".glb":
        from bridge.head.glb import head_glb

        data = head_glb(one).bytes()
    else:
        from bridge.head.picture import Painter, png

        data = png(Painter(one, size).render())
    draft = Draft(out)
    try:
        draft.file.write(data)
    except OSError:
        draft.discard()
        raise
    draft.keep()
    typer.echo(
        f"{out}: {len(one.vertices)} vertices, {len(one.triangles)} triangles, 52 shapes, {len(data) / 1e6:.2f} MB"
    )
