"""People as predictors of each other: who predicts whom, and the figures of OSIE."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import Scanpaths, evaluate, metrics
from gazesearch.errors import DataError
from gazesearch.evaluation.people import other_people, typical_person


def people(n: int = 4, *, seed: int = 0) -> Scanpaths:
    rng = np.random.default_rng(seed)
    return Scanpaths.of(
        [rng.uniform(0, [224, 224, 1], (5, 3)) for _ in range(2 * n)],
        image=["a.jpg"] * n + ["b.jpg"] * n,
        finding="edema",
        subject=[*range(n), *range(n)],
        split=["test"] * (2 * n),
        screen_size=(224, 224),
    )


def test_nobody_predicts_himself_and_everybody_predicts_all_others() -> None:
    paths = people()
    predicted = other_people(paths)
    assert len(predicted) == 2 * 4 * 3
    own = {(p.image, p.subject): p.fixations.tobytes() for p in paths}
    for path in predicted:
        assert path.fixations.tobytes() != own[path.image, path.subject]
    assert sorted(set(predicted.draw.tolist())) == [0, 1, 2]


def test_the_score_is_the_mean_over_ordered_pairs() -> None:
    paths = people()
    found = evaluate(other_people(paths), paths, metrics=["scanmatch"]).summary("scanmatch")
    means = []
    for group in paths.group("name").values():
        table = metrics.pairwise("scanmatch", group, group, (224, 224))
        means.append(table[~np.eye(4, dtype=bool)].mean())
    assert found.mean == pytest.approx(np.mean(means), abs=1e-12)


@pytest.mark.parametrize("metric", ["scanmatch", "dtw"])
def test_the_typical_person_is_chosen_without_the_one_predicted(metric: str) -> None:
    paths = people(5)
    sign = 1 if metrics.get(metric).higher_is_better else -1
    for answer in typical_person(paths, metric=metric):
        others = [
            p.fixations for p in paths if p.image == answer.image and p.subject != answer.subject
        ]
        table = sign * metrics.pairwise(metric, others, others, (224, 224))
        np.fill_diagonal(table, 0)
        best = others[int(table.sum(axis=0).argmax())]
        assert answer.fixations.tobytes() == best.tobytes()


def test_two_records_of_one_person_are_both_left_out() -> None:
    paths = people(3)
    same = paths.with_parts(
        paths.fixations,
        paths.offsets,
        columns=paths.columns.replaced("subject", [0, 0, 1, 0, 0, 1]),
        integers=paths.integers,
    )
    predicted = other_people(same)
    assert predicted.subject.tolist() == [0, 1, 1, 0, 1, 1]
    with pytest.raises(DataError, match="no 3 people"):
        typical_person(same)


def test_records_of_nobody_are_neither_asked_nor_answered() -> None:
    """As a prediction a path without a subject is for everybody, so for its own maker too."""
    paths = people(4)
    nameless = paths.with_parts(
        paths.fixations,
        paths.offsets,
        columns=paths.columns.replaced("subject", [0, 1, 2, None, 0, 1, 2, None]),
        integers=paths.integers,
    )
    for predicted in (other_people(nameless), typical_person(nameless)):
        assert None not in predicted.subject
        scores = evaluate(predicted, nameless, metrics=["scanmatch"], allow_missing=True)
        assert scores.counts.missing == 2
        assert scores.values["scanmatch"].max() < 1


def test_one_reader_only_is_refused(annotations: Scanpaths) -> None:
    with pytest.raises(DataError, match="no 2 people looked at the same image"):
        other_people(annotations)


def test_paths_that_cannot_be_compared_are_never_typical() -> None:
    paths = people(4)
    shorter = [p.fixations if number else p.fixations[:0] for number, p in enumerate(paths)]
    table = Scanpaths.of(
        shorter,
        image=paths.image.tolist(),
        finding="edema",
        subject=paths.subject.tolist(),
        screen_size=(224, 224),
    )
    assert (typical_person(table).lengths > 0).all()


def test_osie(osie: Scanpaths) -> None:
    """DATA: 0.395 without and 0.393 with durations; the typical person 0.451."""
    test = osie.where(split="test")
    names = ["scanmatch", "scanmatch_duration"]
    among = evaluate(other_people(test), osie, metrics=names)
    assert among.summary("scanmatch").mean == pytest.approx(0.3948, abs=5e-4)
    assert among.summary("scanmatch_duration").mean == pytest.approx(0.3926, abs=5e-4)
    typical = evaluate(typical_person(test), osie, metrics=["scanmatch"])
    assert typical.summary("scanmatch").mean == pytest.approx(0.451, abs=1e-3)
