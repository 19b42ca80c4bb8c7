"""One entry of a leaderboard: its folder is read, checked and scored anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from gazesearch.errors import DataError, FaultyBoard, GazeSearchError
from gazesearch.evaluation.scores import Scores
from gazesearch.evaluation.tables import find
from gazesearch.evaluation.truth import Truth
from gazesearch.metrics import Metric
from gazesearch.models import controls
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.rules import shown
from gazesearch.studies.leaderboard_files import (
    as_text,
    canonical,
    checked_date,
    checked_link,
    checked_text,
    digest_of,
    entries,
    predictions_text,
    read_object,
    read_predictions,
    read_text,
)
from gazesearch.studies.remarks import Remark
from gazesearch.studies.submission import check_submission

FILES: Final = ("predictions.json", "scores.json", "submission.json")
FORMAT: Final = "gazesearch leaderboard submission 1"
MOST_AUTHORS: Final = 50

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class About:
    """What whoever sends predictions in says of them; of a control what is known of it.

    Attributes:
        kind: "submission", or "control": a reference row.
        title: what tables call it.
        authors: names; none of a control.
        link: an https address, of a paper or of code.
        date: YYYY-MM-DD as it was given; None of a control.
        trained_on: what the model has learned from, in the authors' words; nobody checks it.
        seed: of a control that draws; None of a submission.
    """

    kind: Literal["submission", "control"] = "submission"
    title: str
    authors: tuple[str, ...] = ()
    link: str | None = None
    date: str | None = None
    trained_on: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("submission", "control"):
            raise DataError(f"kind {shown(self.kind)}: must be submission or control")
        checked_text("title", self.title)
        if len(self.authors) > MOST_AUTHORS:
            raise DataError(f"authors: {len(self.authors)} are named: at most {MOST_AUTHORS}")
        for author in self.authors:
            checked_text("author", author)
        checked_link(self.link)
        if self.trained_on is not None:
            checked_text("trained_on", self.trained_on)
        if self.kind == "submission":
            checked_date(self.date or "")
            if not self.authors:
                raise DataError("authors: none is named: name who answers for the submission")
        elif self.title not in controls.names():
            raise DataError(f"control {shown(self.title)}: there is none of this name")

    @property
    def leak(self) -> bool:
        """Whether it is a control that remembers images of train."""
        return self.kind == "control" and controls.remembers_images(self.title)


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """An entry whose files agree with each other and with what it scores.

    Attributes:
        name: of its folder.
        about: who made it.
        digest: of its predictions.
        predictions: as scored.
        scores: made anew.
        remarks: hints and facts.
        groups: what is stored of the scores, by group and metric.
        written: what `scores.json` must hold.
    """

    name: str
    about: About
    digest: str
    predictions: Scanpaths
    scores: Scores
    remarks: tuple[Remark, ...]
    groups: dict[str, dict[str, dict[str, Any]]]
    written: str


def about_text(about: About, digest: str) -> str:
    """What `submission.json` holds."""
    return as_text({"format": FORMAT, **asdict(about), "predictions": digest})


def read_about(file: Path) -> tuple[About, str]:
    """What `submission.json` says: about the submission, and the digest of its predictions.

    Raises:
        UnreadableFile, DataError: it cannot be read, or says what it may not.
    """
    none = type(None)
    fields = read_object(
        file,
        {
            "format": str,
            "kind": str,
            "title": str,
            "authors": list,
            "link": (str, none),
            "date": (str, none),
            "trained_on": (str, none),
            "seed": (int, none),
            "predictions": str,
        },
    )
    digest = fields.pop("predictions")
    if fields.pop("format") != FORMAT:
        raise DataError(f"{file}: its format is not {FORMAT!r}")
    try:
        about = About(**{**fields, "authors": tuple(fields["authors"])})
    except GazeSearchError as error:
        raise DataError(f"{file}: {error}") from error
    if read_text(file) != about_text(about, digest):
        raise DataError(f"{file}: is not written as `leaderboard add` writes it: add it again")
    return about, digest


def read_entry(
    folder: Path,
    truth: Truth,
    *,
    metrics: Sequence[Metric],
    ranked_by: Metric,
    keys: dict[str, str],
    max_size: int,
    stored: bool | None = True,
    say: Progress,
) -> Entry:
    """Read, check and score an entry.

    Args:
        folder: its folder.
        truth: the board's recorded scanpaths.
        metrics: the board's metrics.
        ranked_by: the one of them that ranks.
        keys: digests that its scores must name beside that of the predictions.
        max_size: largest file of predictions, bytes.
        stored: True where its stored scores must equal the new ones, False where there must be none
            yet, None where they do not matter.
        say: called with what is being done and the fraction done.

    Raises:
        FaultyBoard: a file is absent, too many, a link, damaged, altered, or blocks.
    """
    try:
        _check_files(folder, stored)
        about, digest = read_about(folder / "submission.json")
        file = folder / "predictions.json"
        table = read_predictions(file, truth, max_size=max_size)
        text = read_text(file, max_size=max_size)
    except GazeSearchError as error:
        raise FaultyBoard(str(error).splitlines()) from error
    found = digest_of(text)
    if found != digest:
        raise FaultyBoard(
            [
                f"{file}: altered: its digest is {found[:19]}, submission.json says "
                f"{shown(digest[:19])}: add the submission again"
            ]
        )
    ranks = ranked_by if about.kind == "submission" else None  # controls bear no rank
    check = check_submission(table, truth, metrics=metrics, ranked_by=ranks, progress=say)
    faults = [f"{folder}: {remark}" for remark in check.blocking]
    if check.used is None or check.scores is None or faults:
        raise FaultyBoard(faults or [f"{folder}: cannot be scored"])
    if predictions_text(canonical(check.used, truth)) != text:
        raise FaultyBoard([f"{file}: is not written as `leaderboard add` writes it: add it again"])
    scored = scored_fields(check.scores) | keys | {"predictions": digest}
    entry = Entry(
        name=folder.name,
        about=about,
        digest=digest,
        predictions=table,
        scores=check.scores,
        remarks=check.remarks,
        groups=scored["groups"],
        written=as_text(scored),
    )
    if stored:
        _compare(folder / "scores.json", scored)
    return entry


def _check_files(folder: Path, stored: bool | None) -> None:
    there = set(entries(folder))
    wanted = set(FILES) if stored else set(FILES) - {"scores.json"}
    if stored is None:
        there.discard("scores.json")
    for name in sorted(there ^ wanted):
        what = "is missing" if name in wanted else "does not belong there: remove it"
        raise DataError(f"{folder}: {shown(name)} {what}")


# -- scores as they are stored


def rounded(value: float) -> float | str | None:
    """Six decimals, in which machines that add in another order agree; null where undefined.

    Twice, so that noise in the last digits cannot decide what is rounded up.

    >>> rounded(0.43951234567), rounded(float("nan"))
    (0.439512, None)
    """
    if math.isnan(value):
        return None
    return round(round(value, 12), 6) + 0.0 if math.isfinite(value) else str(value)


def scored_fields(scores: Scores) -> dict[str, Any]:
    """What is stored of scores: means and intervals of every group and metric, rounded."""
    return {
        "format": "gazesearch leaderboard scores 1",
        "groups": {
            label: {
                name: {
                    "mean": rounded(summary.mean),
                    "low": rounded(interval.low),
                    "high": rounded(interval.high),
                    "n": summary.n,
                    "undefined": summary.undefined,
                    "images": interval.images,
                }
                for name, (summary, interval) in by_metric.items()
            }
            for label, by_metric in find(scores).items()
        },
    }


def _compare(file: Path, scored: dict[str, Any]) -> None:
    """Refuse stored scores that are not the new ones, and name the first that differs."""
    try:
        stored = read_object(file, {name: type(value) for name, value in scored.items()})
        text = read_text(file)
    except GazeSearchError as error:
        raise FaultyBoard([str(error)]) from error
    if text == as_text(scored):
        return
    for place, new in _leaves(scored, ""):
        old = stored
        for part in place[1:].split("\0"):
            old = old.get(part, "absent") if isinstance(old, dict) else "absent"
        if old != new or type(old) is not type(new):
            raise FaultyBoard(
                [
                    f"{file}: altered: {', '.join(place[1:].split(chr(0)))} is {shown(old)}, but "
                    f"{shown(new)} when scored anew: run `leaderboard rescore`"
                ]
            )
    raise FaultyBoard([f"{file}: altered: it holds more than the scores: add the submission again"])


def _leaves(value: Any, place: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for name in value for leaf in _leaves(value[name], f"{place}\0{name}")]
    return [(place, value)]
