"""Tables written one after the other are one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import DataError, UnknownName
from gazesearch.formats import refuse_unknown_ending, write_parts


def table(name: str, n: int, **columns: object) -> Scanpaths:
    rng = np.random.default_rng(len(name) + n)
    paths = [rng.uniform(0, 224, (k + 1, 3)) * (1, 1, 0.01) for k in range(n)]
    names = [f"{name}{row}.png" for row in range(n)]
    return Scanpaths.of(paths, image=names, finding="edema", screen_size=(224, 224), **columns)


@pytest.mark.parametrize("ending", [".json", ".csv", ".parquet"])
def test_parts_are_read_as_one_table(tmp_path: Path, ending: str) -> None:
    parts = [table("a", 3), table("b", 1), table("c", 5)]
    joined = Scanpaths.concat(parts)
    write_parts(iter(parts), tmp_path / f"parts{ending}")
    write_scanpaths(joined, tmp_path / f"whole{ending}")
    found = read_scanpaths(tmp_path / f"parts{ending}", predictions=True)
    np.testing.assert_array_equal(found.fixations, joined.fixations)
    assert found.image.tolist() == joined.image.tolist()
    if ending != ".parquet":  # where each part is a row group
        ours, whole = (tmp_path / f"{name}{ending}" for name in ("parts", "whole"))
        assert ours.read_bytes() == whole.read_bytes()


def test_a_part_with_other_columns_leaves_no_parquet_file(tmp_path: Path) -> None:
    parts = [table("a", 2), table("b", 2, draw=[0, 1])]
    with pytest.raises(DataError, match="table 1 has other columns"):
        write_parts(parts, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_an_ending_is_refused_before_anything_is_done() -> None:
    with pytest.raises(UnknownName, match="unknown file ending '.txt'"):
        refuse_unknown_ending("out.txt")
