"""Groups of rows that tables show beside all records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from gazesearch.errors import DataError, UnknownName
from gazesearch.evaluation.means import Keys, Mask

ALL: Final = "all records"
GROUPINGS: Final = ("finding", "length", "split-overlap", "source", "subject")


def groups_of(
    keys: Keys, by: str | None = None, *, known: Sequence[str] = GROUPINGS
) -> dict[str, Mask]:
    """Masks of rows by label, all records first.

    Args:
        keys: columns that say what each row is.
        by: name of a grouping; None splits by whether train has the image too, where the references
            can tell and any has, and else not at all.
        known: the groupings that these rows can have.

    Raises:
        UnknownName: no grouping is called so.
        DataError: the references have no train to overlap with.
    """
    everything = {ALL: np.ones(len(keys["record"]), np.bool_)}
    seen = keys["image_in_train"]
    if by is None or by == "split-overlap":
        told = np.array([value is not None for value in seen], dtype=np.bool_)
        shared = np.array([value is True for value in seen], dtype=np.bool_)
        if by is None and not shared.any():
            return everything
        if not told.any():
            raise DataError("split-overlap: the references have no train apart from these")
        groups = {"image also in train": shared, "image unseen": told & ~shared}
        return everything | {label: mask for label, mask in groups.items() if mask.any()}
    if by not in known:
        raise UnknownName("grouping", by, known)
    column = keys[by]
    values = sorted(set(column.tolist()), key=lambda v: (isinstance(v, str), v is None, v))
    groups = everything
    for value in values:
        label = _label(by, value)
        while label in groups:  # subject 1 beside subject "1", a finding called "all records"
            label += f" ({by})"
        groups[label] = np.array([v == value for v in column], dtype=np.bool_)
    return groups


def _label(by: str, value: Any) -> str:
    if value is None:
        return f"no {by}"
    if by == "length":
        return f"{value} fixation{'s' * (value != 1)}"
    if by == "position":
        return f"fixation {value}"
    return f"{by} {value}" if by in ("source", "subject") else str(value)
