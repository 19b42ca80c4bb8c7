"""`gazesearch verify`: whether a downloaded dataset is complete and unaltered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import Json
from gazesearch.cli.progress import progress
from gazesearch.cli.submit_check import CheckFailed


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the dataset.")],
    json: Json = False,
) -> None:
    """Say whether DIR is complete and unaltered, and what is surplus; without network.

    Ends with status 1 if a file is missing or altered.

    \b
    Example:
      gazesearch verify gazesearch-data/
    """
    from gazesearch.access import verify as verified

    with progress() as say:
        found = verified(folder, progress=say)
    typer.echo(found.to_json() if json else found.to_text(), nl=False)
    if not found.is_sound:
        raise CheckFailed(
            f"{folder}: {len(found.missing):,} missing, {len(found.altered):,} altered: move "
            "altered files away and run gazesearch download again"
        )
