"""`gazesearch publish`: a dataset onto the Hugging Face Hub, behind its gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import Json
from gazesearch.cli.progress import progress
from gazesearch.cli.submit_check import CheckFailed


def publish(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The dataset, with release.toml in it.")
    ] = None,
    repo: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="Repository on the hub.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write everything into the staging folder only.")
    ] = False,
    staging: Annotated[
        Path | None, typer.Option(help="Staging folder; DIR.release beside DIR by default.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Show the repository to everybody when all is there.")
    ] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Print a release.toml to fill in, and end.")
    ] = False,
    json: Json = False,
) -> None:
    """Check DIR, write its card, metadata and digests, and upload it behind its gate.

    What may not be published (pixels or DICOM headers without a gate, speech, dates, identifiers of
    patients, names of readers, EXIF, files that nobody listed) is named and ends with status 1;
    nothing is uploaded then. A new repository is private until --public. Needs the extra `hub`.

    \b
    Examples:
      gazesearch publish --template > my-dataset/release.toml
      gazesearch publish my-dataset --dry-run
      gazesearch publish my-dataset --repo lab/my-dataset
    """
    from gazesearch.access import release_file
    from gazesearch.access.publish import publish as published
    from gazesearch.access.release_check import ReleaseRefused
    from gazesearch.errors import BadSetting

    if template:
        typer.echo(release_file.template(), nl=False)
        return
    if folder is None:
        raise BadSetting("no folder is named: say DIR, or --template")
    try:
        with progress() as say:
            made = published(
                folder, repo=repo, dry_run=dry_run, staging=staging, public=public, progress=say
            )
    except ReleaseRefused as refused:
        raise CheckFailed(f"{refused}\nnothing was uploaded") from refused
    if json:
        from dataclasses import asdict
        from json import dumps

        files = {name: {"bytes": n, "sha256": s} for name, (n, s) in made.staged.files.items()}
        told = asdict(made.uploaded) if made.uploaded is not None else None
        typer.echo(dumps({"files": files, "staging": str(made.staged.root), "uploaded": told}))
        return
    typer.echo(made.to_table(), nl=False)
