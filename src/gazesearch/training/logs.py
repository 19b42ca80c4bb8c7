"""Logs of a run: `epochs.csv`, a row an epoch, and TensorBoard's files, a point a step."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gazesearch.errors import DataError, first_line
from gazesearch.files import readable, write_text

EPOCHS = "epochs.csv"


class Logs:
    """What is written while a run goes on; after a break, what came after the state is dropped."""

    def __init__(self, folder: Path, *, step: int) -> None:
        """Open the logs of a run that stands at a step."""
        from torch.utils.tensorboard import SummaryWriter

        self._file = folder / EPOCHS
        self._rows: list[dict[str, Any]] = []
        if step:
            self._rows = [row for row in read_epochs(folder) if int(row["step"]) <= step]
        self._board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Values after a step."""
        for name, value in values.items():
            self._board.add_scalar(f"train/{name}", value, step)

    def epoch(self, step: int, values: Mapping[str, float]) -> None:
        """Values after an epoch."""
        for name, value in values.items():
            if name.startswith("valid_"):
                self._board.add_scalar(f"valid/{name.removeprefix('valid_')}", value, step)
        self._rows.append(dict(values))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(values), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._file, text.getvalue())

    def close(self) -> None:
        """Write what is left."""
        self._board.close()


def read_epochs(folder: Path) -> list[dict[str, float]]:
    """The rows of `epochs.csv`, the first epoch first; none where there is no such file.

    Raises:
        DataError: it is something else, or damaged.
    """
    file = folder / EPOCHS
    if not file.exists():
        return []
    try:
        with readable(file).open(encoding="utf-8", newline="") as lines:
            return [
                {name: float(value) for name, value in row.items()} for row in csv.DictReader(lines)
            ]
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{file}: is no log of a run, or is damaged: {first_line(error)}"
        ) from error
