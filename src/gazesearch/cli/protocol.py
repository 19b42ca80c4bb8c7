"""`gazesearch protocol`: which records and rules a result rests on; list, show, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gazesearch.cli.options import Dataset, Json, ScreenSizeText, parse_screen_size

if TYPE_CHECKING:
    from gazesearch.protocols import Protocol
    from gazesearch.scanpaths import Scanpaths

protocol = typer.Typer(
    no_args_is_help=True,
    help="""Which records are learned from and scored, and by which rules.

    \b
    Examples:
      gazesearch protocol list
      gazesearch protocol show official --annotations gazesearch.json
    """,
    rich_markup_mode=None,
)

Annotations = Annotated[Path, typer.Option(help="Recorded scanpaths of the dataset.")]
FirstFixation = Annotated[
    Literal["replace", "prepend", "as-recorded"] | None,
    typer.Option(help="How recorded paths start; the dataset's own rule by default."),
]


@protocol.command("list")
def list_() -> None:
    """Names of the protocols, and what each is for.

    \b
    Example:
      gazesearch protocol list
    """
    from gazesearch.protocols import ABOUT

    for name, about in ABOUT.items():
        typer.echo(f"{name:15}  {about}")


@protocol.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A name, or an exported file.")],
    annotations: Annotations,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    json: Json = False,
) -> None:
    """What a protocol takes from ANNOTATIONS: its digest, rules, records and shared images.

    \b
    Example:
      gazesearch protocol show unseen-images --annotations gazesearch.json
    """
    import gazesearch
    from gazesearch.protocols import find
    from gazesearch.protocols.summary import as_json, as_text

    scanpaths = gazesearch.read_scanpaths(
        annotations, dataset=dataset, screen_size=parse_screen_size(screen_size)
    )
    chosen = find(name, scanpaths)
    chosen.applied(scanpaths)  # an exported protocol must fit these annotations
    typer.echo(as_json(chosen) if json else as_text(chosen), nl=False)


@protocol.command()
def export(
    name: Annotated[str, typer.Argument(help="Name of a protocol.")],
    annotations: Annotations,
    output: Annotated[Path, typer.Option(help="The file to write, .json.")],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of image-disjoint; another seed, another split.")
    ] = None,
    fold: Annotated[
        str | None,
        typer.Option(metavar="I/K", help="Of image-disjoint: fold I of K instead of one split."),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns image, patient: no patient in two parts."),
    ] = None,
    first_fixation: FirstFixation = None,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
) -> None:
    """Write a protocol to a file that pins it for a paper: every record, every rule, a digest.

    \b
    Examples:
      gazesearch protocol export unseen-images --annotations gazesearch.json --output unseen.json
      gazesearch protocol export image-disjoint --annotations gazesearch.json --fold 2/5 \\
          --seed 7 --output fold2.json
    """
    import gazesearch
    from gazesearch.protocols import write_protocol

    scanpaths = gazesearch.read_scanpaths(
        annotations, dataset=dataset, screen_size=parse_screen_size(screen_size)
    )
    made = _made(
        name,
        scanpaths,
        seed=seed,
        fold=fold,
        patients=patients,
        first_fixation=first_fixation,
    )
    write_protocol(made, output)
    typer.echo(f"{output}: {made.name} v{made.version}, {made.digest}")


def _made(
    name: str,
    scanpaths: Scanpaths,
    *,
    seed: int | None,
    fold: str | None,
    patients: Path | None,
    first_fixation: Literal["replace", "prepend", "as-recorded"] | None,
) -> Protocol:
    from gazesearch import protocols
    from gazesearch.errors import BadSetting, UnknownName

    fixed = {"official": protocols.official, "unseen-images": protocols.unseen_images}
    if name in fixed:
        if seed is not None or fold is not None or patients is not None:
            raise BadSetting(f"{name}: --seed, --fold and --patients are for image-disjoint")
        return fixed[name](scanpaths, first_fixation=first_fixation)
    if name != "image-disjoint":
        raise UnknownName("protocol", name, protocols.names())
    people = None if patients is None else protocols.read_patients(patients)
    if fold is None:
        return protocols.image_disjoint(
            scanpaths, seed=seed or 0, patients=people, first_fixation=first_fixation
        )
    number, k = _parse_fold(fold)
    made = protocols.folds(
        scanpaths, k, seed=seed or 0, patients=people, first_fixation=first_fixation
    )
    return made[number - 1]


def _parse_fold(text: str) -> tuple[int, int]:
    """Number and count of `I/K`.

    >>> _parse_fold("2/5")
    (2, 5)
    """
    from gazesearch.errors import BadSetting

    number, slash, k = text.partition("/")
    if slash and number.isdecimal() and k.isdecimal() and 1 <= int(number) <= int(k) <= 1000:
        return int(number), int(k)
    raise BadSetting(f"--fold {text!r}: must be I/K with I from 1 to K, as 2/5")
