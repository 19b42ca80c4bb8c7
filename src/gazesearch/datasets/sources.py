"""Which eye tracker a record of the released GazeSearch file likely comes from.

The release names no source. Its two sources store durations differently: REFLACX in whole
milliseconds, EGD (Eye Gaze Data for Chest X-rays) with five decimals of a second.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.columns import objects

_NOISE_MS: Final = 1e-3  # of sums and differences of seconds; the finest step of EGD is 1e-2 ms


def source_of_record(scanpaths: Scanpaths) -> NDArray[Any]:
    """The likely source of each record, (n,): "REFLACX", "EGD", or None without durations.

    Meant for the released GazeSearch annotations alone. REFLACX where every duration is a whole
    number of milliseconds, else EGD. A short record of EGD may be whole by chance (1 in 100 for one
    fixation); in the released file none is, and no image has both.

    >>> looks = [[[112, 112, 0.25]], [[60, 64, 0.23337]], [[60, 64]]]
    >>> paths = Scanpaths.of(looks, image=list("abc"), finding="edema", screen_size=(224, 224))
    >>> source_of_record(paths).tolist()
    ['REFLACX', 'EGD', None]
    """
    ms = scanpaths.durations * 1000
    finer = np.abs(ms - np.rint(ms)) > _NOISE_MS
    path = np.repeat(np.arange(len(scanpaths)), scanpaths.lengths)
    fine = np.bincount(path[finer], minlength=len(scanpaths)) > 0
    known = scanpaths.has_durations & (scanpaths.lengths > 0)
    return objects(
        ("EGD" if is_fine else "REFLACX") if is_known else None
        for is_fine, is_known in zip(fine, known, strict=True)
    )
