"""Making and opening a leaderboard: its settings, protocol and annotations must fit together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gazesearch import __version__
from gazesearch import metrics as metrics_
from gazesearch.errors import BadSetting, DataError, GazeSearchError
from gazesearch.evaluation.scoring import chosen_metrics
from gazesearch.evaluation.truth import truth_of
from gazesearch.files import digest as digest_of_file
from gazesearch.files import write_text
from gazesearch.formats import read_file
from gazesearch.metrics import Metric
from gazesearch.protocols import Protocol, find, read_protocol, write_protocol
from gazesearch.scanpaths import KNOWN_DATASETS, ScreenSize
from gazesearch.scanpaths.rules import shown
from gazesearch.studies.leaderboard import Board
from gazesearch.studies.leaderboard_files import (
    as_text,
    checked_text,
    digest_of,
    plain_file,
    read_object,
)
from gazesearch.studies.submission import MAX_SIZE

FORMAT: Final = "gazesearch leaderboard 1"

Path_ = str | os.PathLike[str]


def create_board(
    root: Path_,
    annotations: Path_,
    *,
    title: str,
    protocol: Protocol | Path_ = "unseen-images",
    metrics: Sequence[str | Metric] | None = None,
    ranked_by: str | None = None,
    seed: int = 0,
    dataset: str | None = None,
    screen_size: ScreenSize | None = None,
) -> Board:
    """Make an empty leaderboard.

    Args:
        root: its folder, which is made; what stands there already must not be a board.
        annotations: recorded scanpaths, a file; it does not become part of the board.
        title: what its page is called.
        protocol: name or file of a protocol.
        metrics: what is shown; None takes the protocol's.
        ranked_by: the one of them that ranks; None takes the first.
        seed: of the tests, and of controls that draw.
        dataset, screen_size: of the annotations, as in `read_scanpaths`.

    Raises:
        BadSetting: there is a board already, or a setting is wrong.
        UnreadableFile, DataError, UnknownName: as `evaluate`.
    """
    folder = Path(root)
    checked_text("title", title)
    if os.path.lexists(folder / "board.json"):
        raise BadSetting(f"{folder}: there is a board already: add to it, or take another folder")
    recorded = read_file(annotations, dataset=dataset, screen_size=screen_size).scanpaths
    chosen = find(protocol, recorded)
    shown_metrics = chosen_metrics(chosen.metrics if metrics is None else metrics)
    first = shown_metrics[0].name if ranked_by is None else ranked_by
    if first not in {metric.name for metric in shown_metrics}:
        raise BadSetting(f"ranked_by {first!r}: is not among the metrics shown")
    chosen.applied(recorded)
    write_text(folder / "submissions" / ".gitkeep", "")
    write_protocol(chosen, folder / "protocol.json")
    fields = {
        "format": FORMAT,
        "title": title,
        "gazesearch": __version__,
        "protocol": asdict(chosen.stamp),
        "annotations": digest_of_file(annotations),
        "metrics": [{"name": one.name, "settings": dict(one.settings)} for one in shown_metrics],
        "ranked_by": first,
        "seed": seed,
    }
    write_text(folder / "board.json", as_text(fields | {"digest": _seal(fields)}))
    return open_board(folder, annotations)


def _seal(fields: dict[str, Any]) -> str:
    """The digest of all settings of a board: what is edited afterwards is noticed."""
    return digest_of(as_text({name: fields[name] for name in fields if name != "digest"}))


def open_board(root: Path_, annotations: Path_, *, max_size: int = MAX_SIZE) -> Board:
    """Open a leaderboard with the annotations that it was made for.

    Raises:
        UnreadableFile, DataError: a file of the board is absent, a link, damaged or altered, or the
            annotations are others.
    """
    folder = Path(root)
    file = folder / "board.json"
    kinds: dict[str, Any] = {"format": str, "title": str, "gazesearch": str, "protocol": dict}
    kinds |= {"annotations": str, "metrics": list, "ranked_by": str, "seed": int, "digest": str}
    fields = read_object(file, kinds)
    if fields["format"] != FORMAT:
        raise DataError(f"{file}: its format is not {FORMAT!r}")
    checked_text("title", fields["title"])
    if fields["digest"] != _seal(fields):
        raise DataError(
            f"{file}: edited: its fields are not those of its digest: take back the edit, or make "
            "a board anew"
        )
    found = digest_of_file(annotations)
    if found != fields["annotations"]:
        raise DataError(
            f"{annotations}: digest {found[:19]}, but the board was made for annotations of digest "
            f"{shown(fields['annotations'][:19])}: give those"
        )
    protocol = read_protocol(plain_file(folder / "protocol.json", max_size=2**26))
    if asdict(protocol.stamp) != fields["protocol"]:
        raise DataError(f"{folder / 'protocol.json'}: is not the protocol that board.json names")
    metrics = _metrics(fields["metrics"], file)
    ranks = [metric for metric in metrics if metric.name == fields["ranked_by"]]
    if not ranks or fields["seed"] < 0:
        raise DataError(f"{file}: ranked_by is none of its metrics, or seed is below 0")
    known = protocol.dataset in KNOWN_DATASETS
    return Board(
        root=folder,
        title=fields["title"],
        truth=truth_of(
            annotations,
            protocol=protocol,
            dataset=protocol.dataset if known else None,
            screen_size=protocol.screen_size,
        ),
        metrics=metrics,
        ranked_by=ranks[0],
        seed=fields["seed"],
        annotations=found,
        max_size=max_size,
    )


def _metrics(named: list[Any], file: Path) -> tuple[Metric, ...]:
    try:
        found = [metrics_.get(str(one["name"]), **one["settings"]) for one in named]
        return tuple(chosen_metrics(found))
    except (GazeSearchError, TypeError, KeyError) as error:
        raise DataError(f"{file}: metrics: {error}") from error
