"""`Scanpaths`: an immutable table of ragged fixation sequences, offsets over flat columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.errors import BadSetting, DataError, FrameMismatch
from gazesearch.scanpaths.columns import ABSENT, Array, Columns, objects, read_only
from gazesearch.scanpaths.info import DatasetInfo, ScreenSize
from gazesearch.scanpaths.path import Scanpath

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class Scanpaths:
    """An immutable table of scanpaths of one dataset.

    Path i is rows `offsets[i]:offsets[i+1]` of `fixations`. Iterating and slicing give views; an
    integer or boolean array gathers once; `concat` copies once. Fields that a file has and this
    package does not know are kept as they are and written back.

    Made by `read_scanpaths`, by `Scanpaths.of`, or from Arrow, pandas and polars.

    >>> look = [[112, 112], [60, 64]]
    >>> paths = Scanpaths.of([look], image=["a.jpg"], finding="edema", screen_size=(224, 224))
    >>> paths
    <Scanpaths: 1 path, 2 fixations, 1 image, unnamed 224x224>
    >>> paths[0].x
    array([112.,  60.])
    """

    __slots__ = ("_columns", "_fields", "_fixations", "_info", "_integers", "_offsets")

    def __init__(
        self,
        fixations: NDArray[np.float64],
        offsets: NDArray[np.int64],
        *,
        columns: Columns,
        info: DatasetInfo,
        fields: Sequence[str] | None = None,
        integers: NDArray[np.bool_] | None = None,
    ) -> None:
        """Assemble a table from parts that are already checked; see `of` for arrays of your own.

        Args:
            fixations: (N, 3) float64: x px, y px, duration s.
            offsets: (n+1,) into `fixations`; a view keeps offsets of a larger array.
            columns: the fields of the records but X, Y, T; `name` and `task` are required.
            info: the dataset's description.
            fields: order of all fields when written, X, Y, T among them.
            integers: (N, 3): which numbers the file wrote as integers.
        """
        if integers is None:
            integers = np.broadcast_to(np.False_, fixations.shape)
        self._info = info
        self._fixations = read_only(fixations)
        self._integers = read_only(integers)
        self._offsets = read_only(offsets)
        self._columns = columns
        self._fields = tuple(fields) if fields is not None else (*columns, "X", "Y", "T")

    @classmethod
    def of(
        cls,
        paths: Sequence[ArrayLike],
        *,
        image: Sequence[str],
        finding: str | Sequence[str],
        screen_size: ScreenSize | None = None,
        info: DatasetInfo | None = None,
        subject: Sequence[int | str] | None = None,
        draw: Sequence[int] | None = None,
        split: Sequence[str] | None = None,
        condition: Sequence[str] | None = None,
        target_boxes: ArrayLike | None = None,
    ) -> Scanpaths:
        """Build a table from arrays.

        Args:
            paths: one array a path, (n, 2) x px, y px or (n, 3) with durations in s.
            image: image name of each path.
            finding: finding of each path, or one for all.
            screen_size: (width, height) px; or give `info`.
            info: the dataset's description.
            subject, draw, split, condition: one value a path; None where it is absent.
            target_boxes: (n, 4): x, y, width, height px; NaN throughout where it is absent.

        Raises:
            DataError: a column's length is not that of `paths`, or a path has another shape.
            BadSetting: neither `screen_size` nor `info` is given.
        """
        if info is None:
            if screen_size is None:
                raise BadSetting("Scanpaths.of: give screen_size or info")
            info = DatasetInfo(name="unnamed", screen_size=screen_size)
        boxes = None if target_boxes is None else np.asarray(target_boxes, np.float64)
        given: dict[str, Iterable[Any] | None] = {
            "name": image,
            "subject": subject,
            "task": [finding] * len(paths) if isinstance(finding, str) else finding,
            "draw": draw,
            "condition": condition,
            "bbox": None if boxes is None else map(_box, boxes.tolist()),
            "split": split,
        }
        columns = {
            field: objects(map(_plain, values))
            for field, values in given.items()
            if values is not None
        }
        for field, column in columns.items():
            if len(column) != len(paths):
                raise DataError(f"{field}: {len(column)} values for {len(paths)} paths")
        rows = [_path_array(path, index) for index, path in enumerate(paths)]
        fixations = np.concatenate([np.empty((0, 3)), *rows])
        if info.duration_unit is None and not np.isnan(fixations[:, 2]).all():
            info = replace(info, duration_unit="s")
        return cls(
            fixations,
            offsets_of([len(row) for row in rows]),
            columns=Columns(columns, len(rows)),
            info=info,
        )

    @classmethod
    def concat(cls, tables: Iterable[Scanpaths]) -> Scanpaths:
        """One table of several, in order; copies once. The first one's description is kept.

        Raises:
            DataError: there is no table.
            FrameMismatch: their frames differ.
        """
        parts = list(tables)
        if not parts:
            raise DataError("Scanpaths.concat: no tables given")
        info = parts[0].info
        for part in parts[1:]:
            if part.info.screen_size != info.screen_size:
                raise FrameMismatch(
                    f"concat: {info.name} is {info.frame}, {part.info.name} is {part.info.frame}: "
                    "bring them to one frame first"
                )
        return cls(
            np.concatenate([part.fixations for part in parts]),
            offsets_of(np.concatenate([part.lengths for part in parts])),
            columns=Columns.concat([part.columns for part in parts]),
            info=info,
            fields=tuple(dict.fromkeys(field for part in parts for field in part.fields)),
            integers=np.concatenate([part.integers for part in parts]),
        )

    # -- fixations

    @property
    def info(self) -> DatasetInfo:
        """The dataset's description: frame, unit, tasks, rules."""
        return self._info

    @property
    def fixations(self) -> NDArray[np.float64]:
        """All fixations, (N, 3) read-only: x px, y px, duration s (NaN where a path has none)."""
        return self._fixations[self._offsets[0] : self._offsets[-1]]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Path i is rows `offsets[i]:offsets[i+1]` of `fixations`, (n+1,)."""
        return self._offsets if self._offsets[0] == 0 else self._offsets - self._offsets[0]

    @property
    def integers(self) -> NDArray[np.bool_]:
        """Which numbers the file wrote as integers, (N, 3)."""
        return self._integers[self._offsets[0] : self._offsets[-1]]

    @property
    def durations(self) -> NDArray[np.float64]:
        """Durations of all fixations, (N,) s; NaN for every fixation of a path without them."""
        return self.fixations[:, 2]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of fixations of each path, (n,)."""
        return np.diff(self._offsets)

    @property
    def has_durations(self) -> NDArray[np.bool_]:
        """Whether each path has durations, (n,); an empty path lacks none."""
        missing = offsets_of(np.isnan(self.durations))
        return np.equal(missing[self.offsets[1:]], missing[self.offsets[:-1]])

    # -- columns

    @property
    def columns(self) -> Columns:
        """The fields of the records but X, Y, T, as the file had them."""
        return self._columns

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields, in writing order."""
        return self._fields

    @property
    def image(self) -> Array:
        """Image name of each path (the field `name`), (n,) of str."""
        return self._columns["name"]

    @property
    def finding(self) -> Array:
        """What was searched for (the field `task`), (n,) of str."""
        return self._columns["task"]

    @property
    def subject(self) -> Array:
        """Who looked, (n,) of int or str; None where absent."""
        return self._columns.get("subject", absent=None)

    @property
    def split(self) -> Array:
        """Split of each path, (n,) of str; None where absent."""
        return self._columns.get("split", absent=None)

    @property
    def condition(self) -> Array:
        """Condition of each path, (n,) of str; None where absent."""
        return self._columns.get("condition", absent=None)

    @property
    def draw(self) -> NDArray[np.int64]:
        """Number of the draw, (n,); 0 where absent."""
        return self._columns.get("draw", absent=0).astype(np.int64)

    @property
    def correct(self) -> NDArray[np.float64]:
        """1 where the person's answer was correct, 0 where not, (n,); NaN where absent."""
        return self._columns.numbers("correct", absent=np.nan)

    @property
    def target_boxes(self) -> NDArray[np.float64]:
        """x, y, width, height px of the target (the field `bbox`), (n, 4); NaN where absent."""
        boxes = self._columns.get("bbox", absent=(np.nan,) * 4)
        return np.array(boxes.tolist(), dtype=np.float64).reshape(-1, 4)

    @property
    def screen_sizes(self) -> NDArray[np.float64]:
        """Width and height of each path's screen, (n, 2) px."""
        if self.info.screen_size is not None:
            return np.broadcast_to(np.array(self.info.screen_size, np.float64), (len(self), 2))
        sides = [self._columns.numbers(side, absent=np.nan) for side in ("width", "height")]
        return np.stack(sides, axis=1)

    # -- rows

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __iter__(self) -> Iterator[Scanpath]:
        return (self[row] for row in range(len(self)))

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> Scanpath: ...
    @overload
    def __getitem__(self, rows: slice | Array | Sequence[int]) -> Scanpaths: ...
    def __getitem__(
        self, rows: int | np.integer[Any] | slice | Array | Sequence[int]
    ) -> Scanpath | Scanpaths:
        if isinstance(rows, (int, np.integer)):
            return self._path(int(rows))
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._view(start, max(start, stop))
            return self._gather(np.arange(start, stop, step))
        index = np.asarray(rows)
        if index.dtype == np.bool_:
            if index.shape != (len(self),):
                raise DataError(f"mask of shape {index.shape} for {len(self)} paths")
            return self._gather(np.flatnonzero(index))
        if index.ndim != 1 or (index.size and not np.issubdtype(index.dtype, np.integer)):
            raise DataError(f"rows of {index.dtype}, shape {index.shape}: must be whole numbers")
        return self._gather(index.astype(np.intp))

    def _path(self, row: int) -> Scanpath:
        if not -len(self) <= row < len(self):
            raise IndexError(f"path {row} of {len(self)}")
        row %= len(self)
        columns = self._columns
        width, height = self.info.screen_size or (
            columns.at("width", row),
            columns.at("height", row),
        )
        return Scanpath(
            fixations=self._fixations[self._offsets[row] : self._offsets[row + 1]],
            image=columns.at("name", row),
            finding=columns.at("task", row),
            screen_size=(width, height),
            subject=columns.at("subject", row),
            draw=columns.at("draw", row, absent=0),
            split=columns.at("split", row),
            condition=columns.at("condition", row),
        )

    def _view(self, start: int, stop: int) -> Scanpaths:
        return self.with_parts(
            self._fixations,
            self._offsets[start : stop + 1],
            columns=self._columns.slice(start, stop),
            integers=self._integers,
        )

    def _gather(self, rows: NDArray[np.intp]) -> Scanpaths:
        lengths = self.lengths[rows]
        offsets = offsets_of(lengths)
        flat = np.repeat(self._offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return self.with_parts(
            self._fixations[flat],
            offsets,
            columns=self._columns.take(rows),
            integers=self._integers[flat],
        )

    def with_parts(
        self,
        fixations: NDArray[np.float64],
        offsets: NDArray[np.int64],
        *,
        columns: Columns,
        integers: NDArray[np.bool_],
    ) -> Scanpaths:
        """A table of the same dataset and fields with other content."""
        return Scanpaths(
            fixations,
            offsets,
            columns=columns,
            info=self.info,
            fields=(*self._fields, *(f for f in columns if f not in self._fields)),
            integers=integers,
        )

    def where(
        self,
        *,
        image: str | None = None,
        finding: str | None = None,
        subject: int | str | None = None,
        split: str | None = None,
        condition: str | None = None,
        correct: bool | None = None,
    ) -> Scanpaths:
        """The paths whose columns have the given values."""
        wanted = {
            "name": image,
            "task": finding,
            "subject": subject,
            "split": split,
            "condition": condition,
            "correct": correct,
        }
        return self[self._columns.matching(wanted)]

    def sort(self, *by: str) -> Scanpaths:
        """The paths in the order of the named fields: stable, absent first, numbers before text."""
        return self._gather(self._columns.order(by))

    def group(self, *by: str) -> dict[Any, Scanpaths]:
        """The paths by the values of the named fields, groups in order of first appearance.

        Gathers once; every group is a view. Keys are values for one field, tuples for several.
        """
        if not by:
            raise BadSetting("group: name at least one field")
        members = self._columns.members(by)
        rows = [row for group in members.values() for row in group]
        gathered = self._gather(np.array(rows, dtype=np.intp))
        bounds = offsets_of([len(group) for group in members.values()]).tolist()
        return {
            key: gathered._view(start, stop)
            for key, start, stop in zip(members, bounds, bounds[1:], strict=False)
        }

    def __eq__(self, other: object) -> bool:
        """Whether two tables hold the same records to the last bit (NaN equals NaN)."""
        if not isinstance(other, Scanpaths):
            return NotImplemented
        return (
            self.info == other.info
            and np.array_equal(self.lengths, other.lengths)
            and np.array_equal(_bits(self.fixations), _bits(other.fixations))
            and np.array_equal(self.integers, other.integers)
            and self._columns == other._columns
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = (
            (len(self), "path"),
            (len(self.fixations), "fixation"),
            (len(set(self.image)), "image"),
        )
        counts = ", ".join(f"{n:,} {noun}{'s' * (n != 1)}" for n, noun in parts)
        return f"<Scanpaths: {counts}, {self.info.name} {self.info.frame}>"

    # -- other tables; one row a path, fields and units as in files

    def to_arrow(self) -> pyarrow.Table:
        """The table as Arrow; the dataset's description stands in the schema's metadata."""
        from gazesearch.scanpaths.frames import to_arrow

        return to_arrow(self)

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas frame of Arrow columns; the description stands in `attrs`."""
        from gazesearch.scanpaths.frames import to_pandas

        return to_pandas(self)

    def to_polars(self) -> polars.DataFrame:
        """The table as a polars frame, which cannot hold the dataset's description."""
        from gazesearch.scanpaths.frames import to_polars

        return to_polars(self)

    @classmethod
    def from_arrow(
        cls, table: pyarrow.Table, *, dataset: str | DatasetInfo | None = None
    ) -> Scanpaths:
        """Read an Arrow table with the checks and errors of a file."""
        from gazesearch.scanpaths.frames import from_arrow

        return from_arrow(table, dataset=dataset)

    @classmethod
    def from_pandas(
        cls, frame: pandas.DataFrame, *, dataset: str | DatasetInfo | None = None
    ) -> Scanpaths:
        """Read a pandas frame, one row a path, with the checks and errors of a file."""
        from gazesearch.scanpaths.frames import from_pandas

        return from_pandas(frame, dataset=dataset)

    @classmethod
    def from_polars(
        cls, frame: polars.DataFrame, *, dataset: str | DatasetInfo | None = None
    ) -> Scanpaths:
        """Read a polars frame, one row a path, with the checks and errors of a file."""
        from gazesearch.scanpaths.frames import from_polars

        return from_polars(frame, dataset=dataset)


def offsets_of(lengths: ArrayLike) -> NDArray[np.int64]:
    """Where each path begins in the flat arrays, and the end of the last, (n+1,)."""
    counts = np.asarray(lengths, dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _plain(value: Any) -> Any:
    if value is None:
        return ABSENT
    return value.item() if isinstance(value, np.generic) else value


def _box(sides: list[float]) -> Any:
    return ABSENT if np.isnan(sides).all() else tuple(sides)


def _bits(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """What tells -0.0 from 0.0 and no NaN from another."""
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)


def _path_array(path: ArrayLike, index: int) -> NDArray[np.float64]:
    array = np.asarray(path, dtype=np.float64)
    if array.size == 0:
        return np.empty((0, 3))
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise DataError(f"path {index}: shape {array.shape}, expected (n, 2) or (n, 3)")
    if array.shape[1] == 2:
        array = np.column_stack([array, np.full(len(array), np.nan)])
    if not np.isfinite(array[:, :2]).all() or np.isinf(array[:, 2]).any():
        raise DataError(f"path {index}: a coordinate or duration is not finite")
    if (array[:, 2] < 0).any():
        raise DataError(f"path {index}: a duration is negative")
    if len(set(np.isnan(array[:, 2]))) > 1:
        raise DataError(f"path {index}: durations are there for a whole path or not at all")
    return array
