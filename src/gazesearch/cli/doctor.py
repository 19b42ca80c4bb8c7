"""`gazesearch doctor`: what is installed, and what this machine has."""

from __future__ import annotations

import typer

from gazesearch.cli.options import Json


def doctor(json: Json = False) -> None:
    """Show versions, extras, cores, GPU and cache folders.

    \b
    Example:
      gazesearch doctor --json
    """
    from gazesearch.cli.checkup import as_text, checkup

    if json:
        from json import dumps

        typer.echo(dumps(checkup(), indent=2))
    else:
        typer.echo(as_text(checkup()), nl=False)
