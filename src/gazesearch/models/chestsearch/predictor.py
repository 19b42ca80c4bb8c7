"""ChestSearch as a model of scanpaths: requests in, tables out."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gazesearch.errors import BadSetting, DataError
from gazesearch.findings import finding_id
from gazesearch.models import decoding
from gazesearch.models.chestsearch.greedy import decode
from gazesearch.models.chestsearch.inputs import SIDE, Resampling, normalised, squeezed
from gazesearch.models.chestsearch.model import MAX_HISTORY, ChestSearch, Features
from gazesearch.prediction import ImageSource, NextFixation, Requests, Rng, image_of
from gazesearch.scanpaths import Scanpaths

Pixels = NDArray[np.uint8]
Integers = NDArray[np.int64]

_REMEMBERED: Final = 32  # images whose features are kept between questions, 5 MB each


class ChestSearchModel:
    """The published ChestSearch: a `ScanpathModel` and a `ConditionalModel`.

    Answers count in the frame of each request, in which the image is stretched to the whole frame.
    There are no durations.

    Attributes:
        network: the weights, in evaluation mode.
        images_at_once: how many images are encoded together; memory grows with it.
        resampling: how images are resized; "bicubic" is the demo notebook's.
    """

    name = "chestsearch.wacv2025"
    needs_images = True
    predicts_durations = False

    def __init__(
        self,
        network: ChestSearch,
        *,
        images_at_once: int = 4,
        resampling: Resampling = "bilinear",
    ) -> None:
        if images_at_once < 1:
            raise BadSetting(f"images_at_once={images_at_once}: must be 1 or more")
        self.network = network.eval()
        self.images_at_once = images_at_once
        self.resampling: Resampling = resampling
        self._features: OrderedDict[bytes, Features] = OrderedDict()

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One path a request, decoded greedily as published; rng is not used.

        An image is encoded once for all its findings, and a finding asked for twice (by several
        subjects) is decoded once.

        Raises:
            DataError: no images, or one that is none.
            UnknownName: a finding or an image that is not known.
        """
        findings = _finding_ids(requests)
        paths: list[NDArray[np.float64]] = [np.empty((0, 2))] * len(requests)
        for names, rows in self._by_image(requests):
            features = self._encoded([self._squeezed(images, name) for name in names])
            image, finding, which = _distinct(names, requests.image[rows], findings[rows])
            with torch.inference_mode():
                decoded = decode(self.network, features, self._to(image), self._to(finding))
            pixels, lengths = decoded.pixels.cpu().numpy(), decoded.lengths.cpu().numpy()
            for row, search in zip(rows, which, strict=True):
                kept = pixels[search, : lengths[search]]
                paths[row] = kept / SIDE * requests.screen_sizes[row]
        return requests.answered(paths, name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n draws a request from the model's own density, column `draw` 0..n-1.

        Unlike the published sampling there is no inhibition of return, and stopping is drawn too.
        """
        generator = np.random.default_rng(
            rng
        )  # on from part to part: parts of any size, same draws
        parts = []
        for part in _parts(requests):
            # Read and resized once, not at every step; squeezed again they stay as they are.
            small = {name: self._squeezed(images, name) for name in dict.fromkeys(part.image)}
            parts.append(decoding.sample(self, part, n, images=small, rng=generator))
        repeated = requests[np.repeat(np.arange(len(requests)), n)]
        return repeated.answered(
            [path.fixations for drawn in parts for path in drawn],
            name=self.name,
            draw=np.tile(np.arange(n), len(requests)).tolist(),
        )

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The next fixation after each history, a row a request, on 56 x 56 cells.

        The mass of a cell is the sigmoid of its logit divided by their sum. A path starts in the
        centre: after an empty history all mass is there.

        Raises:
            DataError: no images, or one that is none; a history of over 6 fixations, or with one
                off the screen.
            UnknownName: a finding or an image that is not known.
        """
        findings = _finding_ids(requests)
        lengths = np.asarray(histories.lengths, dtype=np.int64)
        past = _past(requests, histories)
        side = SIDE // 4
        log_mass = np.full((len(requests), side, side), -np.inf)
        log_stop = np.full(len(requests), -np.inf)
        for names, rows in self._by_image(requests):
            for row in rows[lengths[rows] == 0]:
                log_mass[row, side // 2, side // 2] = 0
            rows = rows[lengths[rows] > 0]
            if len(rows) == 0:
                continue
            features = self._encoded([self._squeezed(images, name) for name in names])
            image = np.array([names.index(name) for name in requests.image[rows]])
            with torch.inference_mode():
                told = self.network(
                    features,
                    self._to(image),
                    self._to(findings[rows]),
                    self._to(past[rows, : lengths[rows].max()]),
                    self._to(lengths[rows]),
                )
                mass = F.logsigmoid(told.map_logits.double()).flatten(1).log_softmax(1)
                stop = F.logsigmoid(told.stop_logits.double())
            log_mass[rows] = mass.view(-1, side, side).cpu().numpy()
            log_stop[rows] = stop.cpu().numpy()
        return NextFixation(log_mass=log_mass, log_stop=log_stop)

    def _by_image(self, requests: Requests) -> Iterator[tuple[list[str], Integers]]:
        """Some images at a time, and the rows that ask for them."""
        rows_of: dict[str, list[int]] = {}
        for row, name in enumerate(requests.image.tolist()):
            rows_of.setdefault(name, []).append(row)
        names = list(rows_of)
        for start in range(0, len(names), self.images_at_once):
            some = names[start : start + self.images_at_once]
            yield some, np.concatenate([np.array(rows_of[name], np.int64) for name in some])

    def _squeezed(self, images: ImageSource | None, name: str) -> Pixels:
        return squeezed(image_of(images, name), resampling=self.resampling, where=name)

    def _encoded(self, images: list[Pixels]) -> Features:
        """Features of images, those of the last ones asked for from memory."""
        weights = self._stamp()
        keys = [hashlib.sha256(pixels.tobytes() + weights).digest() for pixels in images]
        new = {key: n for n, key in enumerate(keys) if key not in self._features}
        if new:
            with torch.inference_mode():
                batch = self._to(normalised([images[n] for n in new.values()]))
                encoded = self.network.encode(batch)
            for n, key in enumerate(new):
                one = slice(n, n + 1)  # a copy, so that it does not keep the whole batch alive
                self._features[key] = Features(
                    dim=encoded.dim[one].clone(),
                    sharp=encoded.sharp[one].clone(),
                    shape=encoded.shape,
                )
        found = [self._features[key] for key in keys]
        for key in keys:
            self._features.move_to_end(key)
        while len(self._features) > max(_REMEMBERED, len(keys)):
            self._features.popitem(last=False)
        return Features(
            dim=torch.cat([f.dim for f in found]),
            sharp=torch.cat([f.sharp for f in found]),
            shape=found[0].shape,
        )

    def _stamp(self) -> bytes:
        """Changes when the weights do: training on, or loading others, makes features stale."""
        tensors = self.network.state_dict().values()
        return repr([(tensor.data_ptr(), tensor._version) for tensor in tensors]).encode()

    def _to(self, values: NDArray[np.generic] | Tensor) -> Tensor:
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(values)
        return tensor.to(self.network.finding_queries.device)


def _finding_ids(requests: Requests) -> Integers:
    return np.array([finding_id(name) for name in requests.finding], np.int64)


def _parts(requests: Requests) -> Iterator[Requests]:
    """Requests that stand together, on no more images than are remembered."""
    start, seen = 0, set[str]()
    for row, name in enumerate(requests.image.tolist()):
        if name not in seen and len(seen) == _REMEMBERED:
            yield requests[start:row]
            start, seen = row, set()
        seen.add(name)
    yield requests[start:]


def _distinct(
    names: list[str], images: Iterable[str], findings: Integers
) -> tuple[Integers, Integers, Integers]:
    """Number of the image and finding of each search that differs, and the search of each row."""
    pairs = np.array([names.index(name) for name in images]) * 1000 + findings
    distinct, which = np.unique(pairs, return_inverse=True)
    return distinct // 1000, distinct % 1000, which


def _past(requests: Requests, histories: Scanpaths) -> NDArray[np.float32]:
    """Fixations of each history, 0 to below 1, (b, 6, 2); 0 where there is none.

    Raises:
        DataError: a history of over 6 fixations, or with one off the screen.
    """
    if len(histories) != len(requests):
        raise DataError(f"{len(histories)} histories for {len(requests)} requests: must be as many")
    past = np.zeros((len(requests), MAX_HISTORY, 2), np.float32)
    for row, history in enumerate(histories):
        xy = history.fixations[:, :2]
        who = f"image {requests.image[row]}, finding {requests.finding[row]}"
        if len(xy) > MAX_HISTORY:
            raise DataError(
                f"{who}: a history of {len(xy)} fixations: the published model takes "
                f"{MAX_HISTORY} at most"
            )
        if not ((xy >= 0) & (xy < requests.screen_sizes[row])).all():
            raise DataError(f"{who}: a fixation of the history is off the screen")
        past[row, : len(xy)] = xy / requests.screen_sizes[row]
    # What rounding to float32 carries to the far edge belongs to the last cell.
    return np.minimum(past, np.nextafter(np.float32(1), np.float32(0)))
