"""`gazesearch download`: the gated dataset, whole and verified, in the published layout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.access import Repo
from gazesearch.cli.options import Json
from gazesearch.cli.progress import progress
from gazesearch.errors import BadSetting


def download(
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the dataset.")] = Path(
        "gazesearch-data"
    ),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART", help="annotations, images or checkpoints; may be given again."
        ),
    ] = None,
    local: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of files you hold, as MIMIC-CXR-JPG: linked, not copied."
        ),
    ] = None,
    repo: Repo = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit; the newest by default.")
    ] = None,
    i_accept_the_conditions: Annotated[
        bool,
        typer.Option(
            "--i-accept-the-conditions", help="You have read and accept them: do not ask."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Download the gated dataset: annotations/, images/, checkpoints/, and a receipt.

    Shows the conditions and asks first. Broken off, the same command goes on; every file is
    compared with the hub's size and digest before it gets its name. Needs the extra `hub` and a
    granted request: see gazesearch access check.

    \b
    Examples:
      gazesearch download --to gazesearch-data/
      gazesearch download --only annotations --only checkpoints
      gazesearch download --local /data/mimic-cxr-jpg/
    """
    from gazesearch.access import REPO, find_release
    from gazesearch.access import download as downloaded

    release = find_release(repo or REPO, revision=revision)
    typer.echo(release.conditions, err=True)
    if not i_accept_the_conditions and not _accepted():
        raise BadSetting("the conditions were not accepted: nothing was downloaded")
    with progress() as say:
        found = downloaded(
            release,
            to,
            accepted=release.conditions,
            only=only or (),
            local=local,
            progress=say,
        )
    typer.echo(found.to_json() if json else found.to_text(), nl=False)


def _accepted() -> bool:
    if not sys.stdin.isatty():
        raise BadSetting(
            "nobody is there to accept the conditions: read them, then give "
            "--i-accept-the-conditions"
        )
    return typer.confirm("Do you accept these conditions?", err=True)
