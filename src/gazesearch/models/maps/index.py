"""What the maps of a file are about: the records, and the fixations that each map follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.models.maps.arrays import Kind, Store, faulty
from gazesearch.prediction import Floats
from gazesearch.scanpaths.table import offsets_of

MAX_INDEX: Final = 2**28
"""Bytes that an array of the index may have at most: 256 MiB."""

MAX_TEXT: Final = 4096
"""Characters that a name may have at most."""

NEAR_PX: Final = 0.01
"""How far a fixation of the index may lie from the one that is asked about, px: float32 does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """n records with N fixations in all.

    Attributes:
        image, finding: (n,) of str.
        subject: (n,) of str; None where the file does not tell people apart.
        offsets: (n+1,); the fixations of record k are `xy[offsets[k]:offsets[k+1]]`.
        xy: (N, 2) px, as the paths are used under their first-fixation rule.
        screen_sizes: (n, 2) px.
        log_stop: (N,) log probability that the path ends after each fixation; None without.
        duration: (N, 2) mean and spread of log seconds of each fixation, NaN where it is not told;
            None without.
    """

    image: NDArray[Any]
    finding: NDArray[Any]
    subject: NDArray[Any] | None
    offsets: NDArray[np.int64]
    xy: Floats
    screen_sizes: Floats
    log_stop: Floats | None
    duration: Floats | None

    @classmethod
    def read(cls, store: Store, file: str) -> Index:
        """Read and check all but the maps.

        Raises:
            DataError: an array is absent, has another shape or type than it must have, or holds
                numbers that mean nothing.
        """
        take = _Taker(store, file)
        image = take.texts("image")
        n = len(image)
        finding = take.texts("finding", n)
        subject = take.texts("subject", n) if "subject" in store else None
        lengths = take.numbers("lengths", (n,), kinds="iu").astype(np.int64)
        if (lengths < 0).any() or lengths.sum() > MAX_INDEX:
            raise faulty(file, "lengths", "must be numbers of fixations, 0 or more")
        total = int(lengths.sum())
        xy = take.numbers("fixations", (total, 2))
        sizes = take.numbers("screen_size", (n, 2), (2,))
        if not (sizes > 0).all():
            raise faulty(file, "screen_size", "must be width and height, above 0 px")
        log_stop = duration = None
        if "log_stop" in store:
            log_stop = take.numbers("log_stop", (total,), finite=False)
            if not (log_stop <= 0).all():  # NaN too
                raise faulty(file, "log_stop", "must be log probabilities, 0 or below")
        if "duration" in store:
            duration = take.numbers("duration", (total, 2), finite=False)
            told = duration[~np.isnan(duration).all(axis=1)]
            if not (np.isfinite(told).all() and (told[:, 1] > 0).all()):
                raise faulty(file, "duration", "must be mean and spread of log seconds, or NaN")
        return cls(
            image=image,
            finding=finding,
            subject=subject,
            offsets=offsets_of(lengths),
            xy=xy,
            screen_sizes=np.broadcast_to(sizes, (n, 2)),
            log_stop=log_stop,
            duration=duration,
        )

    def __len__(self) -> int:
        return len(self.image)

    def follows(self, row: int, history: Floats) -> bool:
        """Whether record `row` begins with the places (k, 2) of a history."""
        own = self.xy[self.offsets[row] : self.offsets[row + 1]][: len(history)]
        return len(own) == len(history) and bool((np.abs(own - history) <= NEAR_PX).all())


@dataclass(frozen=True)
class _Taker:
    """Arrays of an index, each checked before it is read."""

    store: Store
    file: str

    def texts(self, name: str, n: int | None = None) -> NDArray[Any]:
        kind = self._kind(name)
        if len(kind.shape) != 1 or kind.dtype.kind not in "UOST":
            raise faulty(self.file, name, f"{_said(kind)}: must be one text a record")
        if n is not None and kind.shape != (n,):
            raise faulty(self.file, name, f"{_said(kind)}: there are {n} records")
        texts = self.store.read(name).astype(object)
        longest = max(map(len, texts), default=0)
        if longest > MAX_TEXT:
            raise faulty(self.file, name, f"a text of {longest:,} characters: over {MAX_TEXT:,}")
        return np.array([_text(value) for value in texts], object)

    def numbers(
        self, name: str, *shapes: tuple[int, ...], kinds: str = "fiu", finite: bool = True
    ) -> Floats:
        kind = self._kind(name)
        if kind.shape not in shapes or kind.dtype.kind not in kinds:
            raise faulty(self.file, name, f"{_said(kind)}: must be numbers of shape {shapes[0]}")
        values = self.store.read(name).astype(np.float64)
        if finite and not np.isfinite(values).all():
            raise faulty(self.file, name, "holds a number that is not finite")
        return values

    def _kind(self, name: str) -> Kind:
        if name not in self.store:
            raise faulty(self.file, name, "is absent: a file of maps must have it")
        kind = self.store.kind(name)
        if math.prod(kind.shape) * kind.dtype.itemsize > MAX_INDEX:
            raise faulty(self.file, name, f"{_said(kind)}: over {MAX_INDEX:,} bytes")
        return kind


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _said(kind: Kind) -> str:
    return f"{kind.dtype} of shape {kind.shape}"
