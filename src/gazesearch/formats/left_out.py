"""How every writer says what its format cannot hold: one warning to the logger `gazesearch`."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from gazesearch.scanpaths.table import Scanpaths

_logger = logging.getLogger("gazesearch")


def say_left_out(target: object, format_name: str, lost: Sequence[str]) -> None:
    """Warn of what was not written, if anything was not."""
    if lost:
        held = f"since {format_name} does not hold them"
        _logger.warning("%s: left out, %s: %s", target, held, ", ".join(lost))


def kinds_of_numbers(paths: Scanpaths) -> tuple[str, ...]:
    """What is lost where every coordinate and duration is a float."""
    return ("which numbers were whole",) if np.any(paths.integers) else ()
