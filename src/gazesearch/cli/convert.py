"""`gazesearch convert`: a published checkpoint as safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import Json


def convert(
    file: Annotated[Path, typer.Argument(help="The published checkpoint, ckp_29999.pt.")],
    output: Annotated[Path, typer.Option(help="Folder for model.safetensors and config.json.")],
    json: Json = False,
) -> None:
    """Read the published ChestSearch checkpoint and write it as safetensors, with digests.

    The file is read strictly, and nothing that stands in it is run. What the folder holds already
    is never replaced. Needs the extra `model`.

    \b
    Example:
      gazesearch convert ckp_29999.pt --output chestsearch/
    """
    from gazesearch.models.chestsearch.conversion import convert as converted

    made = converted(file, output)
    if json:
        from json import dumps

        told = {"source": made.source, "weights": made.weights, "written": made.written}
        typer.echo(dumps({"folder": str(made.folder), **told}, indent=2))
        return
    ((name, digest),) = made.source.items()
    did = "wrote" if made.written else "nothing to do, holds this file already:"
    typer.echo(
        f"{name}: {digest}\n"
        f"model.safetensors: {made.weights}, {made.size:,} bytes\n"
        f"{did} {made.folder}; use it: gazesearch predict IMAGES --weights {made.folder}"
    )
