"""The permutation test: whether the findings of an image have paths of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.audit.distinct import distinct_findings
from gazesearch.audit.item import Item

SIDE = (224.0, 224.0)


def table(
    rng: np.random.Generator, *, images: int, people: int, specific: float, same_place: bool = False
) -> Scanpaths:
    """Searches for two findings; `specific` is how far the finding moves the path, px."""
    paths, image, finding, subject = [], [], [], []
    for number in range(images):
        home = np.array([112.0, 112.0]) if same_place else rng.uniform(70, 150, size=2)
        for who in range(people):
            for sign, name in ((-1, "edema"), (1, "fracture")):
                paths.append(home + sign * specific + rng.normal(0, 15, size=(5, 2)))
                image.append(f"{number}.png")
                finding.append(name)
                subject.append(who)
    return Scanpaths.of(paths, image=image, finding=finding, subject=subject, screen_size=SIDE)


def outcome(paths: Scanpaths, seed: int = 0) -> Item:
    return distinct_findings(paths, np.random.default_rng(seed))


@pytest.mark.parametrize(("people", "compared"), [(3, "the same image"), (1, "different images")])
def test_findings_that_move_the_path_are_told_apart(people: int, compared: str) -> None:
    rng = np.random.default_rng(1)
    item = outcome(table(rng, images=30, people=people, specific=25, same_place=True))
    assert item.severity == "info"
    assert item.figures["p"] == pytest.approx(1 / 1001)
    assert item.figures["pairs_of"] == compared
    assert item.figures["records"] == 60 * people
    assert item.figures["images"] == 30
    difference = item.figures["difference"]
    assert isinstance(difference, float)
    assert difference > 0.1


@pytest.mark.parametrize("people", [3, 1])
def test_findings_that_do_nothing_are_significant_as_often_as_chance_has_it(people: int) -> None:
    rng = np.random.default_rng(2)
    found = [outcome(table(rng, images=8, people=people, specific=0)) for _ in range(60)]
    p = np.array([item.figures["p"] for item in found], dtype=np.float64)
    assert np.mean(p <= 0.05) <= 9 / 60  # at most 9 of 60 with probability 0.998 under the null
    assert 0.35 < p.mean() < 0.65
    assert {item.severity for item in found if (item.figures["p"] or 0) > 0.05} == {"warning"}  # type: ignore[operator]


def test_people_who_differ_are_no_findings_that_differ() -> None:
    """Each person has a place; within a person the findings have nothing of their own."""
    rng = np.random.default_rng(3)
    p = []
    for _ in range(30):
        paths = table(rng, images=8, people=3, specific=0, same_place=True)
        moved = [path.fixations[:, :2] + 15.0 * (path.subject - 1) for path in paths]
        again = Scanpaths.of(
            moved, image=list(paths.image), finding=list(paths.finding),
            subject=list(paths.subject), screen_size=SIDE,
        )  # fmt: skip
        item = outcome(again)
        assert item.figures["shuffled_within"] == "image and person"
        p.append(item.figures["p"])
    assert 0.3 < np.mean(np.array(p, dtype=np.float64)) < 0.7


@pytest.mark.parametrize(
    ("image", "finding", "why"),
    [
        (["a", "b"], ["edema", "fracture"], "no image was searched for several findings"),
        (["a", "a"], ["edema", "edema"], "no image was searched for several findings"),
        (["a", "a"], ["edema", "fracture"], "no finding can be compared with itself"),
    ],
)
def test_where_nothing_can_be_compared_it_says_so(
    image: Sequence[str], finding: Sequence[str], why: str
) -> None:
    paths = Scanpaths.of(
        [[[10, 10]], [[90, 90]]], image=image, finding=finding, subject=[1, 2], screen_size=SIDE
    )
    item = outcome(paths)
    assert item.severity == "info"
    assert why in item.found
    assert item.figures["p"] is None


def test_people_who_each_searched_for_one_finding_are_shuffled_within_the_image() -> None:
    rng = np.random.default_rng(4)
    paths = table(rng, images=20, people=4, specific=25, same_place=True)
    even = np.array([who % 2 == 0 for who in paths.subject])
    one_each = even == np.equal(paths.finding, "edema").astype(np.bool_)
    item = outcome(paths[one_each])
    assert item.figures["shuffled_within"] == "image"
    assert item.figures["p"] == pytest.approx(1 / 1001)


def test_the_seed_decides_p() -> None:
    rng = np.random.default_rng(5)
    paths = table(rng, images=12, people=2, specific=2)
    assert outcome(paths, 1) == outcome(paths, 1)
    assert len({outcome(paths, seed).figures["p"] for seed in range(4)}) > 1


def test_paths_without_fixations_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(6)
    full = table(rng, images=10, people=2, specific=25)
    paths = [path.fixations[:, :2] for path in full]
    paths[0] = np.empty((0, 2))
    holed = Scanpaths.of(
        paths, image=list(full.image), finding=list(full.finding), subject=list(full.subject),
        screen_size=SIDE,
    )  # fmt: skip
    assert outcome(holed).figures["pairs_undefined"] == 3


def test_many_pairs_are_drawn_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gazesearch.audit.distinct.MOST_PAIRS", 500)
    rng = np.random.default_rng(7)
    for people, compared in ((8, "the same image"), (1, "different images")):
        item = outcome(table(rng, images=40, people=people, specific=25, same_place=True))
        assert item.figures["pairs_of"] == compared
        assert 400 < (item.figures["pairs"] or 0) <= 500  # type: ignore[operator]
        assert item.figures["p"] == pytest.approx(1 / 1001)
