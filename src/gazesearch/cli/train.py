"""`gazesearch train`: a recipe in, a trained model out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gazesearch.cli.progress import progress


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or its TOML file.")],
    output: Annotated[Path, typer.Option(help="Folder of the run, and of the trained model.")],
    annotations: Annotated[
        Path | None,
        typer.Option(help="Recorded scanpaths; a phantom recipe makes its own without."),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of their images.")] = None,
    init: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH", help="Weights to start from, a file or a model's folder; repeatable."
        ),
    ] = None,
    backbone: Annotated[
        Path | None, typer.Option(help="Weights of a backbone that no package has.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for what a frozen backbone saw; OUTPUT/seen."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a setting, as schedule.epochs=3; repeatable.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the recipe's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; a GPU if there is one.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in OUTPUT.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would cost, after two steps.")
    ] = False,
) -> None:
    """Train a model by RECIPE.

    Broken off, at whatever moment, the same command with --resume goes on as if nothing had been.

    \b
    Examples:
      gazesearch train phantom-tiny --output run/
      gazesearch train osie --annotations osie/fixations.json --images osie/images --output run/
      gazesearch train phantom --output run/ --resume
      gazesearch train mine.toml --output run/ --set schedule.epochs=3 --dry-run
    """
    import gazesearch
    from gazesearch.training.dry_run import dry_run as tried
    from gazesearch.training.processes import speaks_for_all
    from gazesearch.training.recipe import changed, read_recipe

    settings = changed(read_recipe(recipe), change or ())
    first = speaks_for_all()

    given: dict[str, Any] = {
        "annotations": annotations,
        "images": images,
        "init": init or (),
        "backbone": backbone,
        "rng": seed,
        "device": device,
    }
    try:
        with progress() as say:
            if dry_run:
                cost = tried(settings, progress=say if first else None, **given)
                if first:
                    typer.echo(cost.to_text(), nl=False)
                return
            done = gazesearch.train(
                settings,
                output=output,
                cache=cache,
                resume=resume,
                progress=say if first else None,
                **given,
            )
    except KeyboardInterrupt:
        if first and not dry_run:
            typer.echo(
                "interrupted: the same command with --resume goes on where it stopped", err=True
            )
        raise
    if not first:
        return
    typer.echo(
        f"best on valid: {done.best.bits:.3f} bits a fixation over uniform, after epoch "
        f"{done.best_epoch} of {len(done.epochs)}\nwrote {done.folder}"
    )
