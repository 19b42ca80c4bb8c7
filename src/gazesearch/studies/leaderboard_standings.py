"""`Standings`: who stands where on a leaderboard, and what a reader must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gazesearch.evaluation.intervals import RESAMPLES
from gazesearch.evaluation.tables import title
from gazesearch.metrics import Metric
from gazesearch.protocols import Stamp
from gazesearch.scanpaths import FirstFixation
from gazesearch.studies.leaderboard_entries import About, Entry
from gazesearch.studies.leaderboard_ranks import Ranks, ranked
from gazesearch.studies.remarks import Remark

Number = float | str | None
_PARTS: Final = ("mean", "low", "high", "undefined")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A mean as a board shows it, rounded to six decimals; None where it is undefined.

    Attributes:
        mean, low, high: the mean and its 95% interval.
        undefined: scores without a value.
    """

    mean: Number
    low: Number
    high: Number
    undefined: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """An entry on the board.

    Attributes:
        name, about: of the entry.
        digest: of its predictions.
        rank: 1 + number of submissions that are ahead: significantly better, or better than one
            that is; None for a control, and where there is nothing to test.
        tied: submissions of which neither is ahead.
        not_beaten: controls that it is not significantly better than.
        cells: by group and metric; a metric that was not computed is absent.
        remarks: hints and facts.
    """

    name: str
    about: About
    digest: str
    rank: int | None
    tied: tuple[str, ...]
    not_beaten: tuple[str, ...]
    cells: Mapping[str, Mapping[str, Cell]]
    remarks: tuple[Remark, ...]

    @property
    def kind(self) -> str:
        """`submission`, `control` or `leak control`."""
        return "leak control" if self.about.leak else self.about.kind


@dataclass(frozen=True, kw_only=True)
class Standings:
    """A leaderboard as it is shown.

    Attributes:
        title: of the board.
        rows: best first by the mean that ranks, then by name.
        groups: labels of records, all first.
        metrics: what is shown.
        ranked_by: the one of them that ranks.
        tests, resamples: pairs tested, and resamples of each test.
        protocol, first_fixation, dataset, annotations, records: what was scored.
    """

    title: str
    rows: tuple[Row, ...]
    groups: tuple[str, ...]
    metrics: tuple[Metric, ...]
    ranked_by: Metric
    tests: int
    resamples: int
    protocol: Stamp
    first_fixation: FirstFixation
    dataset: str
    annotations: str
    records: int

    def notes(self) -> Iterator[str]:
        """How the board is to be read, a sentence or two each."""
        yield "↑ higher is better, ↓ lower is better."
        yield (
            f"Brackets hold 95% intervals by bootstrap over images, {RESAMPLES:,} resamples. "
            "Overlapping intervals are no test: all entries are scored on the same records, which "
            "the tests use."
        )
        yield (
            f"Rank: 1 + the number of submissions that are significantly better by "
            f"{title(self.ranked_by)}, or better than one that is: paired sign-flip tests over "
            f"images, {self.resamples:,} resamples, {self.tests:,} pairs, corrected together "
            "(Holm, 5%). Equal ranks are ties. Ties need not carry over: of three neighbours, the "
            "first may be better than the last, and the one between tied with both. Rows stand in "
            "the order of the means, which ranks need not follow to the last place."
        )
        if any(row.about.kind == "control" for row in self.rows):
            yield (
                "Controls never see an image and have no rank. Leak controls (†) remember which "
                "train paths lie on an image: they show what a split gives away."
            )
        yield "What a model has learned from is its authors' word."

    def to_table(self) -> str:
        """The board as text for a terminal."""
        from gazesearch.studies.leaderboard_tables import to_text

        return to_text(self)

    def to_markdown(self) -> str:
        """The board as Markdown; nothing of an entry becomes markup."""
        from gazesearch.studies.leaderboard_tables import to_markdown

        return to_markdown(self)

    def to_html(self) -> str:
        """The board as one page without scripts, which asks nothing of any host."""
        from gazesearch.studies.leaderboard_tables import to_html

        return to_html(self)

    def to_json(self) -> str:
        """Everything as JSON, keys sorted."""
        from gazesearch.studies.leaderboard_tables import to_json

        return to_json(self)


def standings_of(
    found: Sequence[Entry],
    *,
    title: str,
    metrics: tuple[Metric, ...],
    ranked_by: Metric,
    seed: int,
    protocol: Stamp,
    first_fixation: FirstFixation,
    dataset: str,
    annotations: str,
    records: int,
) -> Standings:
    """Rank entries; the arguments are the attributes of `Standings`, and the seed of the tests."""
    ranks = ranked(
        {entry.name: entry.scores for entry in found},
        ranked_by,
        controls=frozenset(entry.name for entry in found if entry.about.kind == "control"),
        seed=seed,
    )
    rows = [_row(entry, ranks) for entry in found]
    groups = tuple(rows[0].cells) if rows else ("all records",)

    def order(row: Row) -> tuple[bool, float, str]:
        cell = row.cells[groups[0]].get(ranked_by.name)
        mean = None if cell is None else cell.mean
        if not isinstance(mean, float):
            return (True, 0.0, row.name)
        return (False, -mean if ranked_by.higher_is_better else mean, row.name)

    return Standings(
        title=title,
        rows=tuple(sorted(rows, key=order)),
        groups=groups,
        metrics=metrics,
        ranked_by=ranked_by,
        tests=ranks.tests,
        resamples=ranks.resamples,
        protocol=protocol,
        first_fixation=first_fixation,
        dataset=dataset,
        annotations=annotations,
        records=records,
    )


def _row(entry: Entry, ranks: Ranks) -> Row:
    return Row(
        name=entry.name,
        about=entry.about,
        digest=entry.digest,
        rank=ranks.rank[entry.name],
        tied=ranks.tied[entry.name],
        not_beaten=ranks.not_beaten[entry.name],
        cells={
            label: {
                name: Cell(**{part: fields[part] for part in _PARTS})
                for name, fields in by_metric.items()
            }
            for label, by_metric in entry.groups.items()
        },
        remarks=entry.remarks,
    )
