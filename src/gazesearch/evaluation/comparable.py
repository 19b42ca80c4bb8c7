"""Which tables of scores may stand side by side, under which names, with which metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.scores import Scores
from gazesearch.metrics import Metric

_KEY = ("dataset", "split", "first fixation", "protocol")
_SAME = ("image", "finding", "subject", "length", "source", "image_in_train")


def names_of(predictors: Sequence[Scores], names: Sequence[str] | None) -> list[str]:
    """The names given, else those of the prediction files, else numbers."""
    if names is None:
        files = [
            scores.run.inputs["predictions"].rpartition(" sha256:")[0] for scores in predictors
        ]
        names = [file.rpartition(".")[0] or file for file in files]
        if len(set(names)) < len(names) or not all(names):
            names = [f"predictor {number}" for number in range(1, len(predictors) + 1)]
    if isinstance(names, str) or len(names) != len(predictors) or len(set(names)) < len(names):
        raise BadSetting(f"names={names!r}: must be {len(predictors)} different names")
    if not all(isinstance(name, str) and name and name.isprintable() for name in names):
        raise BadSetting(f"names={names!r}: a name is a text of printable characters")
    return list(names)


def check_comparable(predictors: Mapping[str, Scores]) -> None:
    """Refuse what was not scored on the same records by the same rule as the first."""
    (first_name, first), *others = predictors.items()
    records = _records(first) if others else {}
    for name, scores in others:
        keys = zip(_KEY, first.comparable_key(), scores.comparable_key(), strict=True)
        different = [f"{what} {one[:19]} and {two[:19]}" for what, one, two in keys if one != two]
        if different:
            raise DataError(
                f"{first_name} and {name} cannot stand in one table: {'; '.join(different)}: "
                "evaluate both in the same way"
            )
        if _records(scores) != records:
            raise DataError(
                f"{first_name} and {name} were scored on different records: evaluate both against "
                "the same references"
            )


def _records(scores: Scores) -> dict[int, tuple[object, ...]]:
    keys = (scores.keys[name].tolist() for name in _SAME)
    return dict(zip(scores.keys["record"].tolist(), zip(*keys, strict=True), strict=True))


def common_metrics(predictors: Mapping[str, Scores]) -> tuple[Metric, ...]:
    """The metrics that all have, in the order of the first; their settings must agree."""
    first_name, first = next(iter(predictors.items()))
    common = {metric.name: metric for metric in first.metrics}
    for name, scores in predictors.items():
        theirs = {metric.name: metric for metric in scores.metrics}
        common = {metric: common[metric] for metric in common if metric in theirs}
        for metric in common.values():
            if theirs[metric.name] != metric:
                raise DataError(
                    f"{metric.name}: {first_name} has {_settings(metric)}, {name} "
                    f"{_settings(theirs[metric.name])}: evaluate both with the same settings"
                )
    if not common:
        raise DataError(f"no metric was computed for all of {', '.join(predictors)}")
    return tuple(common.values())


def _settings(metric: Metric) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in metric.settings.items())


def notes_of(predictors: Mapping[str, Scores], metrics: Sequence[Metric]) -> Iterator[str]:
    """What was left out, what was said of all predictors, and then of single ones."""
    for name, scores in predictors.items():
        extra = [one.name for one in scores.metrics if one not in metrics]
        if extra:
            yield f"not compared, as only some have it: {', '.join(extra)} ({name})"
    first, *others = predictors.values()
    shared = [note for note in first.notes if all(note in other.notes for other in others)]
    yield from shared
    for name, scores in predictors.items():
        yield from (f"{name}: {note}" for note in scores.notes if note not in shared)
