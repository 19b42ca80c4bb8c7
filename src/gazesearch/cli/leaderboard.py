"""`gazesearch leaderboard`: a leaderboard as plain files, scored anew whenever it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gazesearch.cli.options import (
    Dataset,
    DurationUnit,
    Json,
    MaxSize,
    ScreenSizeText,
    parse_screen_size,
    parse_size,
)
from gazesearch.cli.progress import progress
from gazesearch.cli.submit_check import CheckFailed

leaderboard = typer.Typer(
    no_args_is_help=True,
    help="""A leaderboard as plain files that fit in a git repository; scores are made anew.

    \b
    Examples:
      gazesearch leaderboard new board/ --annotations gazesearch.json --title "Unseen images"
      gazesearch leaderboard show board/ --annotations gazesearch.json
    """,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the leaderboard.")]
Annotations = Annotated[
    Path, typer.Option(help="The recorded scanpaths that the board was made for.")
]


@leaderboard.command()
def new(
    folder: Folder,
    annotations: Annotations,
    title: Annotated[str, typer.Option(help="What the page is called.")],
    protocol: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Which records count, by which rules.")
    ] = "unseen-images",
    metrics: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Which metrics; the protocol's by default."),
    ] = None,
    rank_by: Annotated[
        str | None, typer.Option(metavar="NAME", help="The metric that ranks; the first of them.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of tests, and of controls that draw.")] = 0,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
) -> None:
    """Make an empty leaderboard in DIR.

    \b
    Example:
      gazesearch leaderboard new board/ --annotations gazesearch.json --title "Unseen images"
    """
    from gazesearch.studies import create_board

    made = create_board(
        folder,
        annotations,
        title=title,
        protocol=protocol,
        metrics=None if metrics is None else metrics.replace(",", " ").split(),
        ranked_by=rank_by,
        seed=seed,
        dataset=dataset,
        screen_size=parse_screen_size(screen_size),
    )
    typer.echo(f"{folder}: {made.truth.protocol}, ranked by {made.ranked_by.name}")


@leaderboard.command()
def add(
    folder: Folder,
    annotations: Annotations,
    predictions: Annotated[
        Path | None, typer.Argument(help="Predicted scanpaths: .json, .parquet or .csv.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the submission's folder: a-z, 0-9, '.', '_', '-'.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What tables call it; the name.")] = None,
    author: Annotated[
        list[str] | None, typer.Option(help="Who answers for it; may be repeated.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD, as it was sent in.")] = None,
    link: Annotated[str | None, typer.Option(help="https address of a paper or of code.")] = None,
    trained_on: Annotated[
        str | None, typer.Option(help="What the model has learned from, in its authors' words.")
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Instead of PREDICTIONS: a control (fixed-path, ...) as a reference row; may be "
            "repeated.",
        ),
    ] = None,
    duration_unit: DurationUnit = None,
    max_size: MaxSize = "64MiB",
) -> None:
    """Check and score PREDICTIONS and add them to the leaderboard in DIR, wholly or not at all.

    \b
    Examples:
      gazesearch leaderboard add board/ mine.json --annotations gazesearch.json \\
          --name mine-2 --author "A. Reader" --date 2025-02-28 --trained-on "train"
      gazesearch leaderboard add board/ --annotations gazesearch.json --control fixed-path
    """
    from gazesearch.errors import BadSetting
    from gazesearch.studies import About, open_board

    if (predictions is None) == (not control):
        raise BadSetting("leaderboard add: give PREDICTIONS, or --control NAME")
    if predictions is not None and (name is None or not author or date is None):
        raise BadSetting("leaderboard add: a submission needs --name, --author and --date")
    with progress() as say:
        board = open_board(folder, annotations, max_size=parse_size(max_size))
        if predictions is None:
            added = [board.add_control(one, progress=say) for one in control or ()]
        else:
            about = About(
                title=title or name or "",
                authors=tuple(author or ()),
                link=link,
                date=date,
                trained_on=trained_on,
            )
            added = [
                board.add(predictions, name or "", about, duration_unit=duration_unit, progress=say)
            ]
    for entry in added:
        typer.echo(f"{board.submissions / entry.name}: {entry.digest}")
        for remark in entry.remarks:
            typer.echo(f"{remark.grade.upper():9} {remark}")


@leaderboard.command()
def show(
    folder: Folder, annotations: Annotations, max_size: MaxSize = "64MiB", json: Json = False
) -> None:
    """Score everything on the leaderboard in DIR anew, and show who stands where.

    \b
    Example:
      gazesearch leaderboard show board/ --annotations gazesearch.json
    """
    from gazesearch.studies import open_board

    with progress() as say:
        board = open_board(folder, annotations, max_size=parse_size(max_size))
        found = board.standings(progress=say)
    typer.echo(found.to_json() if json else found.to_table(), nl=False)


@leaderboard.command()
def export(
    folder: Folder,
    annotations: Annotations,
    output: Annotated[
        Path, typer.Option(help="Folder for leaderboard.md, leaderboard.html, leaderboard.json.")
    ],
    max_size: MaxSize = "64MiB",
) -> None:
    """Score everything anew, and write the leaderboard as Markdown, HTML and JSON.

    \b
    Example:
      gazesearch leaderboard export board/ --annotations gazesearch.json --output board/
    """
    from gazesearch.files import ready_folder, write_text
    from gazesearch.studies import open_board

    ready_folder(output)
    with progress() as say:
        board = open_board(folder, annotations, max_size=parse_size(max_size))
        found = board.standings(progress=say)
    write_text(output / "leaderboard.md", found.to_markdown())
    write_text(output / "leaderboard.html", found.to_html())
    write_text(output / "leaderboard.json", found.to_json())
    typer.echo(f"{output}: leaderboard.md, leaderboard.html, leaderboard.json")


@leaderboard.command()
def check(
    folder: Folder,
    annotations: Annotations,
    controls: Annotated[
        bool, typer.Option("--controls", help="Also fit every control again (minutes).")
    ] = False,
    max_size: MaxSize = "64MiB",
) -> None:
    """Check every file of the leaderboard in DIR and score everything anew; status 1 at a fault.

    \b
    Example:
      gazesearch leaderboard check board/ --annotations gazesearch.json
    """
    from gazesearch.errors import FaultyBoard
    from gazesearch.studies import open_board

    with progress() as say:
        board = open_board(folder, annotations, max_size=parse_size(max_size))
        try:
            found = board.check(controls=controls, progress=say)
        except FaultyBoard as error:
            raise CheckFailed(str(error)) from error
    n = len(found.rows)
    typer.echo(f"{folder}: {n:,} {'entry' if n == 1 else 'entries'}, all as scored anew")


@leaderboard.command()
def rescore(folder: Folder, annotations: Annotations, max_size: MaxSize = "64MiB") -> None:
    """Write the stored scores anew, after a change of metrics or of this package.

    \b
    Example:
      gazesearch leaderboard rescore board/ --annotations gazesearch.json
    """
    from gazesearch.studies import open_board

    with progress() as say:
        board = open_board(folder, annotations, max_size=parse_size(max_size))
        changed = board.rescore(progress=say)
    typer.echo(f"{folder}: {len(changed):,} changed{': ' * bool(changed)}{', '.join(changed)}")
