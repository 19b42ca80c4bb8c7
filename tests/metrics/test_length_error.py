"""Length error."""

from __future__ import annotations

import pytest

from gazesearch.metrics import length_error


@pytest.mark.parametrize(
    ("n", "m", "error"), [(3, 5, 2), (5, 3, 2), (4, 4, 0), (0, 6, 6), (0, 0, 0)]
)
def test_error_is_the_difference_of_lengths_and_always_defined(n: int, m: int, error: int) -> None:
    assert length_error([(1, 2)] * n, [(3, 4, 0.1)] * m, (224, 224)) == error
