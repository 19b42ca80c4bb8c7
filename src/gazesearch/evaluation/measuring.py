"""The values of `Scores`: each metric on every pair that has what the metric needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gazesearch import metrics as metrics_
from gazesearch.errors import BadSetting
from gazesearch.evaluation.matching import Matches
from gazesearch.metrics import Metric
from gazesearch.metrics.fixation_maps import fixation_map, map_scores
from gazesearch.metrics.search_efficiency import first_on_target, scanpath_ratios
from gazesearch.scanpaths import Scanpaths

Floats = NDArray[np.float64]

_READ = 0.2  # fraction of the work that is done once the files are read
_SEARCH_NOTE = "search efficiency: {} records, those with a target box and correct == 1"


@dataclass(kw_only=True)
class Measured:
    """Values by column, the metrics they serve, and why others were refused."""

    values: dict[str, Floats] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def measure(
    matches: Matches,
    metrics: Sequence[Metric],
    *,
    recorded: Scanpaths,
    numbers: NDArray[np.intp],
    train: Scanpaths | None,
    say: Callable[[str, float], None],
) -> Measured:
    """Compute every metric that the records allow; name the reason where they do not.

    Args:
        matches: the pairs.
        metrics: what is asked for.
        recorded: all recorded scanpaths, of every split, as they are used.
        numbers: (n,) number of each scored scanpath among them.
        train: recorded scanpaths of train, if train is apart from what is scored.
        say: called with what is being done and the fraction done.
    """
    measured = Measured()
    for metric in metrics:
        reason = _refusal(metric, matches, train)
        if reason is None:
            measured.metrics.append(metric)
        else:
            measured.refused[metric.name] = reason
    asked = {
        kind: [metric for metric in measured.metrics if metric.kind == kind]
        for kind in ("pair", "search", "map")
    }
    pairs, maps = list(_by_kernel(asked["pair"])), list(_by_kernel(asked["map"]))
    steps = len(pairs) + len(maps)
    for step, group in enumerate(pairs):
        say(group[0].title, _READ + (1 - _READ) * step / steps)
        measured.values |= _pairs(matches, group, recorded, numbers)
    if len({metric.measure for metric in asked["search"]}) > 1:
        raise BadSetting("search efficiency: one max_fixations for all its metrics in one table")
    if asked["search"]:
        measured.values |= _search(matches, asked["search"][0])
        measured.notes.append(_SEARCH_NOTE.format(_trials(matches.references).sum()))
    for step, group in enumerate(maps, len(pairs)):
        say("fixation maps", _READ + (1 - _READ) * step / steps)
        measured.values |= _maps(matches, group, train)
        measured.notes.append(_map_note(group[0], matches.references))
    return measured


def _refusal(metric: Metric, matches: Matches, train: Scanpaths | None) -> str | None:
    """Why a metric cannot be computed on any record, if so."""
    references, predictions = matches.references, matches.predictions
    if "durations" in metric.needs:
        if not references.has_durations.any():
            return "the references have no durations"
        if not predictions.has_durations.any():
            return "the predictions have no durations"
    if "target boxes" in metric.needs:
        if "bbox" not in references.columns:
            return "the references have no target boxes (field bbox)"
        if not (references.target_boxes[:, 2:] > 0).all(axis=1).any():
            return "all target boxes (field bbox) are empty: no box has an area"
        if not _trials(references).any():
            return "no trial has a target box and a correct answer"
    if "train records" in metric.needs:
        if train is None:
            return "its baseline is made from train records, and there are none apart from these"
        if references.info.screen_size is None:
            return "its baseline needs one frame for all records"
    return None


def _trials(references: Scanpaths) -> NDArray[np.bool_]:
    """Records whose search counts: answered correctly, or without an answer on record."""
    return np.asarray(references.correct != 0) & (references.target_boxes[:, 2:] > 0).all(axis=1)


# -- path against path


def _by_kernel(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    """Metrics that one computation serves."""
    groups: dict[object, list[Metric]] = {}
    for metric in metrics:
        timed = "durations" in metric.needs
        groups.setdefault((metric.measure, timed), []).append(metric)
    yield from groups.values()


def _pairs(
    matches: Matches, metrics: Sequence[Metric], recorded: Scanpaths, numbers: NDArray[np.intp]
) -> dict[str, Floats]:
    references, predictions, predicted = matches.references, matches.predictions, matches.predicted
    ready = predicted.copy()
    if "durations" in metrics[0].needs:
        ready[predicted] &= predictions.has_durations[matches.columns[predicted]]
        ready &= references.has_durations[matches.rows]
    # All recorded paths, not only the scored split: what is made of an image must not depend on it.
    scores = metrics_.paired(
        metrics,
        recorded,
        predictions,
        screen_size=recorded.screen_sizes,
        rows=numbers[matches.rows[ready]],
        columns=matches.columns[ready],
    )
    values = {}
    for metric in metrics:
        values[metric.name] = np.full(len(predicted), np.nan)
        values[metric.name][ready] = scores[metric.name]
        values[metric.name][~predicted] = _penalty(metric, references)[matches.rows[~predicted]]
    return values


def _penalty(metric: Metric, references: Scanpaths) -> Floats:
    """What a missing prediction counts as, for each reference, (n,)."""
    if metric.missing == "reference length":
        return references.lengths.astype(np.float64)
    if metric.missing == "screen diagonal":
        return np.asarray(np.hypot(*references.screen_sizes.T))
    if metric.missing == "reference duration":
        return np.array([path.durations.mean() if len(path) else np.nan for path in references])
    return np.full(len(references), np.nan if metric.missing == "undefined" else 0.0)


# -- path and target box


def _search(matches: Matches, metric: Metric) -> dict[str, Floats]:
    references, predictions, predicted = matches.references, matches.predictions, matches.predicted
    trials, boxes = _trials(references), references.target_boxes
    used = predictions[matches.columns[predicted]]
    at = (used.fixations, used.offsets, boxes[matches.rows[predicted]])
    first = np.full(len(predicted), np.inf)
    first[predicted] = first_on_target(*at)
    ratio = np.zeros(len(predicted))
    last = int(str(metric.settings["max_fixations"]))
    ratio[predicted] = scanpath_ratios(*at, max_fixations=last)
    people = first_on_target(references.fixations, references.offsets, boxes)
    values = {
        "first_on_target": first,
        "scanpath_ratio": ratio,
        "reference_first_on_target": people[matches.rows],
    }
    for column in values.values():
        column[~trials[matches.rows]] = np.nan
    return values


# -- map against map


def _maps(
    matches: Matches, metrics: Sequence[Metric], train: Scanpaths | None
) -> dict[str, Floats]:
    """One value per image and finding, repeated on its rows."""
    references = matches.references
    sigma = _sigma_px(metrics[0])
    baselines = {}
    if train is not None and references.info.screen_size is not None:
        baselines = {
            finding: fixation_map(paths.fixations, references.info.screen_size, sigma_px=sigma)
            for finding, paths in train.group("task").items()
        }
    values = {metric.name: np.full(len(matches.rows), np.nan) for metric in metrics}
    pairs: dict[tuple[str, str], list[int]] = {}
    keys = zip(references.image[matches.rows], references.finding[matches.rows], strict=True)
    for place, key in enumerate(keys):
        pairs.setdefault(key, []).append(place)
    for (_, finding), places in pairs.items():
        rows, columns = np.unique(matches.rows[places]), np.unique(matches.columns[places])
        columns = columns[columns >= 0]
        width, height = references.screen_sizes[rows[0]].tolist()
        scores = map_scores(
            references[rows].fixations,
            matches.predictions[columns].fixations if len(columns) else None,
            (width, height),
            sigma_px=sigma,
            baseline_map=baselines.get(finding),
        )
        for metric in metrics:
            values[metric.name][places] = scores[metric.name]
    return values


def _sigma_px(metric: Metric) -> float | None:
    sigma = metric.settings["sigma_px"]
    return None if sigma is None else float(str(sigma))


def _map_note(metric: Metric, references: Scanpaths) -> str:
    sigma, size = _sigma_px(metric), references.info.screen_size
    said = "1/14 of the screen's larger side"
    if sigma is not None or size is not None:
        said = f"{sigma or max(size or ()) / 14:g} px"
    return f"fixation maps: Gaussian with sigma {said}, one value per image and finding"
