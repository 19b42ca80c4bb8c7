"""`gazesearch evaluate`: score a file of predicted scanpaths."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gazesearch.cli.likelihood import refuse_mixture, score_maps
from gazesearch.cli.options import (
    Dataset,
    DurationUnit,
    Json,
    Lenient,
    MaxSize,
    ScreenSizeText,
    parse_screen_size,
    parse_size,
)
from gazesearch.cli.progress import progress


def evaluate(
    predictions: Annotated[
        Path,
        typer.Argument(
            help="Predicted scanpaths: .json, .parquet or .csv; with --likelihood a control or a "
            "file of maps: .npz, .h5."
        ),
    ],
    annotations: Annotated[Path, typer.Option(help="Recorded scanpaths to score against.")],
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="official, unseen-images, image-disjoint or an exported file; instead of --split "
            "and --first-fixation.",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, valid, test or all; test where there is one, else all."),
    ] = None,
    first_fixation: Annotated[
        Literal["replace", "prepend", "as-recorded"] | None,
        typer.Option(help="How recorded paths start; the dataset's own rule by default."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Which metrics; all but sequence_score by default."),
    ] = None,
    by: Annotated[
        Literal["finding", "length", "split-overlap", "source", "subject", "position"] | None,
        typer.Option(
            help="Show the scores of these groups beside those of all records; position needs "
            "--likelihood."
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Compare with another prediction file, a control (fixed-path, consensus, ...; "
            "see the guide), people or typical-person; may be repeated.",
        ),
    ] = None,
    distribution: Annotated[
        bool,
        typer.Option(
            "--distribution",
            help="Score several draws a record as a distribution: energy form, best, diversity.",
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the resamples, and of controls that draw.")
    ] = 0,
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Count what is missing; the table says as what."),
    ] = False,
    likelihood: Annotated[
        bool,
        typer.Option(
            "--likelihood",
            help="Score a model fixation by fixation: what it says of each, given those before.",
        ),
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option(help="With --likelihood: folder of the images, for models that look at them."),
    ] = None,
    mix_uniform: Annotated[
        str | None,
        typer.Option(
            metavar="valid|SHARE",
            help="With --likelihood: mix uniform mass into the maps; valid chooses how much.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder for results.json, scores.parquet, summary.csv, summary.md; of "
            "--likelihood likelihood.json, .csv, .md, fixations.parquet, decisions.parquet."
        ),
    ] = None,
    dataset: Dataset = None,
    screen_size: ScreenSizeText = None,
    duration_unit: DurationUnit = None,
    lenient: Lenient = False,
    max_size: MaxSize = "1GiB",
    json: Json = False,
) -> None:
    """Score PREDICTIONS against recorded scanpaths by every metric.

    \b
    Examples:
      gazesearch evaluate mine.json --annotations gazesearch.json
      gazesearch evaluate mine.csv --annotations gazesearch.json --by finding --output results/
      gazesearch evaluate mine.json --annotations gazesearch.json --protocol unseen-images \\
          --against theirs.json --against fixed-path
      gazesearch evaluate mine.json --annotations coco.json --metrics scanmatch,tfp_area --json
      gazesearch evaluate maps.npz --annotations gazesearch.json --likelihood --by position
      gazesearch evaluate draws.json --annotations coco.json --distribution
    """
    refuse_mixture(
        likelihood,
        evaluating={
            "--metrics": metrics,
            "--against": against,
            "--allow-missing": allow_missing,
            "--distribution": distribution,
        },
        scoring={
            "--images": images,
            "--mix-uniform": mix_uniform,
            "--by position": by == "position",
        },
    )
    import gazesearch  # numba and pyarrow load on first use, so that --help stays instant
    from gazesearch.errors import BadSetting
    from gazesearch.evaluation import compare_with, evaluate_distribution, truth_of
    from gazesearch.files import ready_folder, write_text

    if distribution and (by or against):
        raise BadSetting("--distribution has one table of its own: leave out --by and --against")
    if output is not None:
        ready_folder(output)
    with progress() as say:
        say("reading references", 0.0)
        truth = truth_of(
            annotations,
            protocol=protocol,
            split=split,
            first_fixation=first_fixation,
            dataset=dataset,
            screen_size=parse_screen_size(screen_size),
            duration_unit=duration_unit,
            lenient=lenient,
            max_size=parse_size(max_size),
        )
        if likelihood:
            found = score_maps(
                str(predictions), truth, images=images, mix_uniform=mix_uniform, seed=seed, say=say
            )
            if output is not None:
                found.save(output, by=by)
            typer.echo(found.to_json(by=by) if json else found.to_table(by=by), nl=False)
            return
        assert by != "position"
        scoring: dict[str, Any] = {
            "metrics": None if metrics is None else metrics.replace(",", " ").split(),
            "allow_missing": allow_missing,
            "duration_unit": duration_unit,
            "lenient": lenient,
            "max_size": parse_size(max_size),
            "progress": say,
        }
        if distribution:
            found_draws = evaluate_distribution(
                predictions,
                truth,
                **scoring,
            )
            if output is not None:
                found_draws.save(output)
            typer.echo(found_draws.to_json() if json else found_draws.to_table(), nl=False)
            return
        scores = gazesearch.evaluate(
            predictions,
            truth,
            **scoring,
        )
        if output is not None:
            scores.save(output, by=by)
        if against:
            compared = compare_with(
                scores,
                against,
                truth,
                by=by,
                name=predictions.stem,
                duration_unit=duration_unit,
                lenient=lenient,
                max_size=parse_size(max_size),
                rng=seed,
                progress=say,
            )
            if output is not None:
                write_text(output / "comparison.json", compared.to_json())
                write_text(output / "comparison.md", compared.to_markdown())
            typer.echo(compared.to_json() if json else compared.to_table(), nl=False)
            return
    typer.echo(scores.to_json(by=by) if json else scores.to_table(by=by), nl=False)
