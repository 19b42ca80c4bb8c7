"""Batches that share prefixes: some images, each encoded once for all that is asked of it.

What a step trains on is a function of the seed, the epoch and the position in it, and of nothing
that happened before: a run that was broken off goes on with exactly the batches it would have had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError
from gazesearch.models.objectives import Searches
from gazesearch.training.steps import Steps, some_of
from gazesearch.training.views import mirrored, shifted

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Some images and all that is asked of them.

    Attributes:
        images: numbers in `Steps.images`, (i,).
        mirrored: which of them are shown mirrored, (i,).
        shifts: by how many cells each is shifted right and down, (i, 2).
        searches: their `image` is a place in `images`; mirrored and shifted as their images are.
        epoch, position: which batch this is.
    """

    images: Integers
    mirrored: NDArray[np.bool_]
    shifts: Integers
    searches: Searches
    epoch: int
    position: int

    def pieces(self, images_at_once: int) -> Iterator[Batch]:
        """The batch in pieces of so many images at most, for memory."""
        for start in range(0, len(self.images), images_at_once):
            part = slice(start, start + images_at_once)
            image = self.searches.image
            mine = some_of(self.searches, (image >= start) & (image < start + images_at_once))
            yield Batch(
                images=self.images[part],
                mirrored=self.mirrored[part],
                shifts=self.shifts[part],
                searches=replace(mine, image=mine.image - start),
                epoch=self.epoch,
                position=self.position,
            )


class SharedPrefixes:
    """All batches of a training, epoch after epoch; a stateful sampler.

    Every epoch shows each image once, in an order of its own, in batches of nearly equal size.

    Attributes:
        epoch, position: of the next batch.
    """

    def __init__(
        self,
        steps: Steps,
        *,
        images: int,
        map_shape: tuple[int, int],
        records: int | None = None,
        mirror: bool = False,
        shift: int = 0,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """Set up the order.

        Args:
            steps: all that can be trained on.
            images: how many make a batch, over all processes.
            map_shape: (h, w) of the cells, for mirroring.
            records: how many paths of an image are drawn each time; None takes all.
            mirror: whether half of the images, drawn anew each epoch, are shown mirrored.
            shift: by how many cells images are shifted at most, drawn anew each epoch.
            seed: of order and draws.
            rank, ranks: number of this process and how many share each batch.
        """
        if images < ranks:
            raise BadSetting(f"batch of {images} images: must be {ranks} or more, one a process")
        if records is not None and records < 1:
            raise BadSetting(f"records={records}: must be 1 or more")
        if len(steps.images) < ranks:
            raise DataError(f"{len(steps.images)} images for {ranks} processes: too few")
        self.steps = steps
        self.map_shape = map_shape
        self.records = records
        self.mirror = mirror
        self.shift = shift
        self.seed = seed
        self.rank, self.ranks = rank, ranks
        self.steps_per_epoch = max(
            1, min(-(-len(steps.images) // images), len(steps.images) // ranks)
        )
        self.epoch = self.position = 0

    def state_dict(self) -> dict[str, int]:
        """Where the order stands."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on where another one stood."""
        self.epoch, self.position = int(state["epoch"]), int(state["position"])

    def __iter__(self) -> Iterator[Batch]:
        """The next batches, without end."""
        while True:
            batch = self.at(self.epoch, self.position)
            self.position += 1
            if self.position == self.steps_per_epoch:
                self.epoch, self.position = self.epoch + 1, 0
            yield batch

    def at(self, epoch: int, position: int) -> Batch:
        """One batch; of several processes, the part of this one."""
        order = np.random.default_rng([self.seed, epoch, 0]).permutation(len(self.steps.images))
        images = np.array_split(order, self.steps_per_epoch)[position]
        rng = np.random.default_rng([self.seed, epoch, 1, position])
        flipped = rng.random(len(images)) < (0.5 if self.mirror else 0.0)
        rows = [self._rows(image, rng) for image in images]
        shifts = rng.integers(-self.shift, self.shift, (len(images), 2), endpoint=True)
        # Drawn for all, then shared out: what is drawn does not depend on how many processes share.
        mine = slice(self.rank, None, self.ranks)
        return self._batch(images[mine], flipped[mine], shifts[mine], rows[mine], epoch, position)

    def _rows(self, image: int, rng: np.random.Generator) -> Integers:
        """Searches of an image: of all its paths, or of some drawn ones."""
        start, stop = self.steps.offsets[image : image + 2]
        rows = np.arange(start, stop)
        if self.records is None:
            return rows
        record = self.steps.searches.record[start:stop].numpy()
        paths = np.unique(record)
        if len(paths) <= self.records:
            return rows
        return rows[np.isin(record, rng.choice(paths, self.records, replace=False))]

    def _batch(
        self,
        images: Integers,
        flipped: NDArray[np.bool_],
        shifts: Integers,
        rows: list[Integers],
        epoch: int,
        position: int,
    ) -> Batch:
        place = torch.from_numpy(np.repeat(np.arange(len(images)), [len(some) for some in rows]))
        searches = some_of(self.steps.searches, torch.from_numpy(np.concatenate(rows)))
        searches = replace(searches, image=place)
        if flipped.any():
            searches = mirrored(searches, torch.from_numpy(flipped)[place], self.map_shape)
        if shifts.any():
            searches = shifted(searches, torch.from_numpy(shifts)[place], self.map_shape)
        return Batch(
            images=images,
            mirrored=flipped,
            shifts=shifts,
            searches=searches,
            epoch=epoch,
            position=position,
        )
