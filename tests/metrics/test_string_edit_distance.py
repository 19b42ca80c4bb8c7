"""String edit distance. On 224 px the published steps are floor(224 / 5) = 44 px."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazesearch.errors import BadSetting
from gazesearch.metrics import string_edit_distance

SCREEN = (224, 224)
QUICK = settings(deadline=None, max_examples=80)
COORDINATE = st.integers(-60, 300)
PATHS = st.lists(st.tuples(COORDINATE, COORDINATE), max_size=8)


def edits(a: Any, b: Any) -> int:
    """Levenshtein distance by its recursive definition, remembered."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1,
                table[i, j - 1] + 1,
                table[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
            )
    return table[len(a), len(b)]


def corrected(path: Any, screen: tuple[int, int], grid: int) -> list[tuple[int, int]]:
    clipped = [[min(max(int(v), 0), s - 1) for v, s in zip(p, screen, strict=True)] for p in path]
    return [(x * grid // screen[0], y * grid // screen[1]) for x, y in clipped]


def published(path: Any, screen: tuple[int, int], grid: int) -> list[int]:
    width, height = screen[0] // grid, screen[1] // grid
    return [int(x) // width + grid * (int(y) // height) for x, y in path]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param("kitten", "sitting", 3, id="two substitutions and an insertion"),
        pytest.param("abc", "abc", 0, id="equal"),
        pytest.param("abcd", "bcd", 1, id="deletion at the start"),
        pytest.param("ab", "ba", 2, id="a swap costs two"),
        pytest.param("", "abc", 3, id="empty against three"),
        pytest.param("abc", "", 3, id="three against empty"),
        pytest.param("", "", 0, id="both empty"),
    ],
)
def test_distance_is_the_number_of_edits(a: str, b: str, expected: int) -> None:
    # Letters become the middles of regions of a 30x30 grid with one px each.
    first, second = ([((ord(c) - 97) % 26, 0) for c in text] for text in (a, b))
    assert string_edit_distance(first, second, (30, 30), grid=30) == expected


@pytest.mark.parametrize(
    ("p", "q", "in_corrected", "in_published"),
    [
        # 44 * 5 / 224 = 0.98: the corrected region still is the first, the published one the next.
        pytest.param((43, 0), (44, 0), 0, 1, id="px 44 begins the second published step"),
        pytest.param((44, 0), (45, 0), 1, 0, id="px 45 begins the second region of 44.8 px"),
        pytest.param((43.9, 0), (43, 0), 0, 0, id="truncated, not rounded"),
        pytest.param((-0.9, 0), (0.9, 0), 0, 0, id="truncated towards zero"),
        # x 220 // 44 = 5, y 0: symbol 5; x 0, y 44: symbol 0 + 5 * 1.
        pytest.param((220, 0), (0, 44), 1, 0, id="the sixth published column aliases"),
        pytest.param((300, 0), (223, 0), 0, 1, id="off the screen: only corrected clips"),
        # -50 // 44 = -2: another symbol than that of the first column.
        pytest.param((-50, 0), (0, 0), 0, 1, id="left of the screen: only corrected clips"),
        pytest.param((50, 0), (0, 50), 1, 1, id="right is not down"),
    ],
)
def test_regions_of_two_points(p: Any, q: Any, in_corrected: int, in_published: int) -> None:
    assert string_edit_distance([p], [q], SCREEN) == in_corrected
    assert string_edit_distance([p], [q], SCREEN, variant="published") == in_published


@QUICK
@given(PATHS, PATHS, st.sampled_from([(224, 224), (400, 300), (17, 231)]), st.integers(1, 9))
def test_both_variants_are_those_of_the_definition(
    a: Any, b: Any, screen: tuple[int, int], grid: int
) -> None:
    expected = edits(corrected(a, screen, grid), corrected(b, screen, grid))
    assert string_edit_distance(a, b, screen, grid=grid) == expected
    expected = edits(published(a, screen, grid), published(b, screen, grid))
    assert string_edit_distance(a, b, screen, grid=grid, variant="published") == expected


@QUICK
@given(PATHS, PATHS, PATHS)
def test_distance_is_a_metric_between_the_difference_of_lengths_and_the_longer(
    a: Any, b: Any, c: Any
) -> None:
    distance = string_edit_distance(a, b, SCREEN)
    assert distance == string_edit_distance(b, a, SCREEN)
    assert string_edit_distance(a, a, SCREEN) == 0
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    assert distance <= string_edit_distance(a, c, SCREEN) + string_edit_distance(c, b, SCREEN)


def test_time_is_ignored() -> None:
    assert string_edit_distance([(9, 9, -1.0)], [(9, 9)], SCREEN) == 0


@pytest.mark.parametrize(
    "setting",
    [{"grid": 0}, {"grid": 2.5}, {"grid": True}, {"variant": "exact"}],
    ids=["none", "half", "bool", "unknown variant"],
)
def test_impossible_settings_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match=next(iter(setting))):
        string_edit_distance([(0, 0)], [(0, 0)], SCREEN, **setting)


def test_a_screen_smaller_than_the_published_grid_is_refused() -> None:
    with pytest.raises(BadSetting, match="at least 5x5 px"):
        string_edit_distance([(0, 0)], [(0, 0)], (4, 224), variant="published")
    assert string_edit_distance([(0, 0)], [(0, 0)], (4, 224)) == 0
