"""Parquet: one row a scanpath, the JSON's field names, `X`, `Y`, `T` as lists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gazesearch.errors import DataError, first_line
from gazesearch.files import written_whole
from gazesearch.scanpaths.info import DatasetInfo
from gazesearch.scanpaths.table import Scanpaths


def read(file: Path) -> tuple[list[Any], DatasetInfo | None]:
    """The records of a Parquet file, and the dataset's description if its metadata hold one.

    Raises:
        DataError: it is not Parquet, or a column cannot be read.
    """
    import pyarrow as pa
    from pyarrow import parquet

    from gazesearch.scanpaths.frames import described_in, records_of

    try:
        # One thread: damaged files must fail here, not in a pool that outlives the call.
        opened = parquet.ParquetFile(file, page_checksum_verification=True)
        table = opened.read(use_threads=False)
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(
            f"{file}: not a Parquet file that can be read: {first_line(error)}"
        ) from error
    return records_of(table, source=str(file)), described_in(table, source=str(file))


def write(parts: Iterable[Scanpaths], file: Path) -> tuple[str, ...]:
    """Write tables as one Parquet file, a row group each. Everything is kept.

    Raises:
        DataError: the tables hold other columns than the first one.
    """
    from pyarrow import parquet

    writer = None
    with written_whole(file) as temporary:
        try:
            for number, paths in enumerate(parts):
                table = paths.to_arrow()
                if writer is None:
                    writer = parquet.ParquetWriter(
                        temporary, table.schema, compression="zstd", write_page_checksum=True
                    )
                if not table.schema.equals(writer.schema):
                    raise DataError(
                        f"{file}: table {number} has other columns than the first: write JSON"
                    )
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()
    return ()
