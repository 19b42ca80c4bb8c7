"""ChestSearch as a model of scanpaths: requests in, tables out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazesearch.errors import BadSetting, DataError
from gazesearch.findings import FINDINGS, finding_id
from gazesearch.models import decoding
from gazesearch.models.answering import Answers, by_image
from gazesearch.models.chestsearch.greedy import decode
from gazesearch.models.chestsearch.inputs import SIDE, Resampling, cells_of, normalised, squeezed
from gazesearch.models.chestsearch.model import ChestSearch, Features
from gazesearch.models.chestsearch.pretrained import Pretrained
from gazesearch.models.chestsearch.remembered import Pixels, RememberedFeatures, RememberedImages
from gazesearch.prediction import (
    Floats,
    ImageSource,
    NextFixation,
    Requests,
    Rng,
    image_of,
)
from gazesearch.scanpaths import Scanpaths

Integers = NDArray[np.int64]
Precision = Literal["float32", "bfloat16"]

_CELLS: Final = SIDE // 4  # along a side of the map
_HISTORIES: Final = 256  # histories that are fed together, 0.7 MB each


class ChestSearchModel(Pretrained):
    """ChestSearch of either variant: a `ScanpathModel` and a `ConditionalModel`.

    Answers count in the frame of each request, in which the image is stretched to the whole frame.
    The published variant has no durations.

    Attributes:
        network: the weights, in evaluation mode.
        images_at_once: how many images are encoded together; memory grows with it.
        resampling: how images are resized; "bicubic" is the demo notebook's.
        precision: "float32", in which paths are the published ones, or "bfloat16" for the products
            inside the network; weights, places, features and logits are float32 all the same.
    """

    needs_images = True
    decodes = "greedy"  # what `predict` does

    def __init__(
        self,
        network: ChestSearch,
        *,
        images_at_once: int = 4,
        resampling: Resampling = "bilinear",
        precision: Precision = "float32",
    ) -> None:
        if images_at_once < 1:
            raise BadSetting(f"images_at_once={images_at_once}: must be 1 or more")
        if resampling not in get_args(Resampling):
            raise BadSetting(f"resampling={resampling!r}: must be 'bilinear' or 'bicubic'")
        if precision not in get_args(Precision):
            raise BadSetting(f"precision={precision!r}: must be 'float32' or 'bfloat16'")
        if kinds := {str(p.dtype) for p in network.state_dict().values()} - {"torch.float32"}:
            raise BadSetting(
                f"weights of {', '.join(sorted(kinds))}: must be torch.float32 (network.float()); "
                "precision='bfloat16' computes in bfloat16 with them"
            )
        self.network = network.eval()
        self.images_at_once = images_at_once
        self.resampling: Resampling = resampling
        self.precision: Precision = precision
        self._features = RememberedFeatures()

    @property
    def name(self) -> str:
        """`chestsearch.` and the variant."""
        return f"chestsearch.{self.network.variant.name}"

    @property
    def predicts_durations(self) -> bool:
        """Whether its paths have durations."""
        return self.network.variant.durations

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One path a request, decoded greedily; rng is not used.

        Published: as published. Clean: the centres of the likeliest cells, without inhibition of
        return, and the medians of durations. An image is encoded once for all its findings, and a
        finding asked for twice (by several subjects) is decoded once.

        Raises:
            DataError: no images, or one that is none.
            UnknownName: a finding or an image that is not known.
        """
        findings = _finding_ids(requests)
        paths: list[Floats] = [np.empty((0, 2))] * len(requests)
        for names, rows, image in by_image(requests, images=self.images_at_once):
            small = {name: self._squeezed(images, name) for name in names}
            searches, which = np.unique(
                np.stack([image, findings[rows]]), axis=1, return_inverse=True
            )
            if self.network.variant.predicts_pixels:
                found = self._published(small, *searches)
            else:
                found = self._greedy(small, *searches)
            for row, search in zip(rows, which.ravel().tolist(), strict=True):
                path = found[search].astype(np.float64)
                # In this order, so that whole px stay whole.
                path[:, :2] = path[:, :2] * requests.screen_sizes[row] / SIDE
                paths[row] = path
        return requests.answered(paths, name=self.name)

    def _published(
        self, images: dict[str, Pixels], image: Integers, finding: Integers
    ) -> Sequence[NDArray[Any]]:
        """Paths of searches, (k, 2) px of the 224 px frame."""
        features = self._encoded(list(images.values()))
        with self._computing():
            decoded = decode(self.network, features, self._to(image), self._to(finding))
        pixels, lengths = decoded.pixels.cpu().numpy(), decoded.lengths.cpu().numpy()
        return [path[:length] for path, length in zip(pixels, lengths, strict=True)]

    def _greedy(
        self, images: dict[str, Pixels], image: Integers, finding: Integers
    ) -> Sequence[NDArray[Any]]:
        """Paths of searches, (k, 3): px of the 224 px frame, s."""
        names = list(images)
        asked = Requests.make(
            [names[n] for n in image], [FINDINGS[n] for n in finding], screen_size=(SIDE, SIDE)
        )
        inhibition_px = self.network.variant.inhibition_px
        paths = decoding.greedy(self, asked, images=images, inhibition_px=inhibition_px)
        return [path.fixations for path in paths]

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n draws a request from the model's own density, column `draw` 0..n-1.

        Unlike the published sampling there is no inhibition of return, and stopping is drawn too.
        """
        # Read and resized once, not at every step; squeezed again they stay as they are.
        small = RememberedImages(images, lambda name: self._squeezed(images, name))
        return decoding.sample(self, requests, n, images=small, rng=rng)

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The next fixation after each history, a row a request, on 56 x 56 cells.

        Published: the mass of a cell is the sigmoid of its logit divided by their sum; a path
        starts in the centre, so that after an empty history all mass is there. Clean: the model's
        own distribution, also of the first fixation, and how long the next one lasts.

        Raises:
            DataError: no images, or one that is none; a history that is longer than the variant's
                `max_history`, or with a fixation off the screen.
            UnknownName: a finding or an image that is not known.
        """
        variant = self.network.variant
        findings = _finding_ids(requests)
        lengths = np.asarray(histories.lengths, dtype=np.int64)
        cells = self._cells(requests, histories)
        answers = Answers(len(requests), self.network)
        given = variant.starts_in_centre & (lengths == 0)
        answers.log_mass[given, _CELLS // 2, _CELLS // 2] = 0
        for names, every, image in by_image(requests, images=self.images_at_once, most=_HISTORIES):
            asked = ~given[every]
            if not asked.any():
                continue
            rows = every[asked]
            features = self._encoded([self._squeezed(images, name) for name in names])
            with self._computing():
                told = self.network(
                    features,
                    self._to(image[asked]),
                    self._to(findings[rows]),
                    self._to(cells[rows, : lengths[rows].max()]),
                    self._to(lengths[rows]),
                )
                answers.put(rows, told)
        return answers.next_fixation(durations=variant.durations)

    def _cells(self, requests: Requests, histories: Scanpaths) -> Integers:
        """Cells of each history's fixations, (b, max_history); 0 where there is none.

        Raises:
            DataError: a history that is too long, or with a fixation off the screen.
        """
        most = self.network.variant.max_history
        lengths = np.asarray(histories.lengths)
        if len(lengths) != len(requests):
            raise DataError(
                f"{len(lengths)} histories for {len(requests)} requests: must be as many"
            )
        record = np.repeat(np.arange(len(requests)), lengths)
        xy, sizes = histories.fixations[:, :2], requests.screen_sizes[record]
        if len(long := np.flatnonzero(lengths > most)):
            raise DataError(
                f"{_who(requests, long[0])}: a history of {lengths[long[0]]} fixations: "
                f"{self.name} takes {most} at most"
            )
        if len(off := record[~((xy >= 0) & (xy < sizes)).all(axis=1)]):
            raise DataError(
                f"{_who(requests, off[0])}: a fixation of the history is off the screen"
            )
        cells = np.zeros((len(requests), most), np.int64)
        there = np.arange(most) < lengths[:, None]
        cells[there] = cells_of(xy, sizes, (_CELLS, _CELLS), variant=self.network.variant)
        return cells

    def _squeezed(self, images: ImageSource | None, name: str) -> Pixels:
        return squeezed(image_of(images, name), resampling=self.resampling, where=name)

    def _encoded(self, images: list[Pixels]) -> Features:
        """Features of images, those of the last ones asked for from memory."""
        return self._features.of(images, self.network, self._encode, how=self.precision)

    def _encode(self, images: list[Pixels]) -> Features:
        with self._computing():
            return self.network.encode(self._to(normalised(images)))

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Without gradients, in the precision that was asked for."""
        device = self.network.finding_queries.device.type
        low = self.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=low):
            yield

    def _to(self, values: NDArray[np.generic] | Tensor) -> Tensor:
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(values)
        return tensor.to(self.network.finding_queries.device)


def _who(requests: Requests, row: int) -> str:
    return f"image {requests.image[row]}, finding {requests.finding[row]}"


def _finding_ids(requests: Requests) -> Integers:
    return np.array([finding_id(name) for name in requests.finding], np.int64)
