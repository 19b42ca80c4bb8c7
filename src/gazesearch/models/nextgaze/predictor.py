"""NextGaze as a model of scanpaths: requests in, tables out."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.findings import FINDINGS, finding
from gazesearch.models.answering import Answers, by_image
from gazesearch.models.conditional import Conditional
from gazesearch.models.histories import cells_under
from gazesearch.models.nextgaze import saving
from gazesearch.models.nextgaze.network import NextGaze, Panels
from gazesearch.models.nextgaze.settings import NextGazeSettings
from gazesearch.models.walking import Start
from gazesearch.models.weights import WEIGHTS_NAME
from gazesearch.prediction import ImageSource, NextFixation, Requests, image_of
from gazesearch.scanpaths import Scanpaths

Integers = NDArray[np.int64]

_HISTORIES: Final = 128  # histories that are fed together, 0.3 MB each on 56 x 56 cells
_REMEMBERED: Final = 64  # images whose features are kept: 0.8 MB each on 56 x 56 cells


@final
class NextGazeModel(Conditional):
    """NextGaze: a `ScanpathModel` and a `ConditionalModel`.

    Answers count in the frame of each request, in which the image is stretched to the whole frame.

    Attributes:
        network: the weights, in evaluation mode.
        images_at_once: how many images are encoded together; memory grows with it.
        longest, start: of the paths that decoders make of it.
    """

    name = "nextgaze"

    def __init__(self, network: NextGaze, *, images_at_once: int = 4) -> None:
        if images_at_once < 1:
            raise BadSetting(f"images_at_once={images_at_once}: must be 1 or more")
        self.network = network.eval()
        self.images_at_once = images_at_once
        self.needs_images = network.settings.sees_image
        self.longest = network.settings.longest
        self.start: Start = "centre" if network.settings.starts_in_centre else "model"
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    @classmethod
    def from_pretrained(cls, weights: str | os.PathLike[str], *, images_at_once: int = 4) -> Self:
        """The model of a folder, or of the `model.safetensors` in it.

        Raises:
            DataError: what is there is no NextGaze, or damaged.
            UnreadableFile: a file is absent or too large.
        """
        path = Path(weights)
        folder = path.parent if path.name == WEIGHTS_NAME else path
        return cls(saving.load(folder), images_at_once=images_at_once)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder of two files.

        Raises:
            UnreadableFile: the folder cannot be written to.
        """
        saving.save(self.network, folder, source=self.network.source)

    @property
    def predicts_durations(self) -> bool:
        """Whether its paths have durations."""
        settings: NextGazeSettings = self.network.settings
        return settings.durations

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The next fixation after each history, a row a request, on the network's cells.

        Raises:
            DataError: no images, or one that is none; a fixation of a history off the screen.
            UnknownName: a task or an image that is not known.
        """
        settings = self.network.settings
        tasks = np.array([task_number(name, settings) for name in requests.finding], np.int64)
        cells, lengths = self._cells(requests, histories)
        answers = Answers(len(requests), self.network)
        for names, rows, image in by_image(requests, images=self.images_at_once, most=_HISTORIES):
            with torch.inference_mode():
                panels = self._panels(names, images)
                told = self.network(
                    panels,
                    self._to(image if self.needs_images else np.zeros_like(image)),
                    self._to(tasks[rows]),
                    self._to(cells[rows, : lengths[rows].max(initial=0)]),
                    self._to(lengths[rows]),
                )
                answers.put(rows, told)
        return answers.next_fixation(durations=settings.durations)

    def _cells(self, requests: Requests, histories: Scanpaths) -> tuple[Integers, Integers]:
        """Cells of the last fixations of each history, (b, t), and how many there are.

        What came before the last `max_history` fixations has no effect on the network.

        Raises:
            DataError: a history with a fixation off the screen, or not as many as requests.
        """
        lengths = np.asarray(histories.lengths, np.int64)
        if len(lengths) != len(requests):
            raise DataError(
                f"{len(lengths)} histories for {len(requests)} requests: must be as many"
            )
        record = np.repeat(np.arange(len(requests)), lengths)
        under = cells_under(
            histories.fixations[:, :2], requests.screen_sizes[record], self.network.map_shape
        )
        if len(off := record[under < 0]):
            raise DataError(
                f"image {requests.image[off[0]]}, task {requests.finding[off[0]]}: "
                "a fixation of the history is off the screen"
            )
        most = self.network.max_history
        before_end = np.repeat(lengths, lengths) - 1 - _positions(lengths)
        kept = before_end < most
        fed = np.minimum(lengths, most)
        cells = np.zeros((len(requests), most), np.int64)
        cells[record[kept], (fed[record] - 1 - before_end)[kept]] = under[kept]
        return cells, fed

    def _panels(self, names: list[str], images: ImageSource | None) -> Panels:
        """Features of images, those of the last ones asked for from memory."""
        if self.needs_images:
            pixels = [np.asarray(image_of(images, name)) for name in names]
        else:  # all images are alike
            names, pixels = ["image"], [np.zeros((1, 1), np.uint8)]
        stamp = _stamp(self.network)
        keys = [
            hashlib.sha256(
                repr((image.shape, image.dtype.str)).encode() + image.tobytes() + stamp
            ).digest()
            for image in pixels
        ]
        # Held here: another thread may ask for so many images that these are forgotten meanwhile.
        held = {key: kept for key in keys if (kept := self._kept.get(key)) is not None}
        new = {key: n for n, key in enumerate(keys) if key not in held}
        if new:
            inputs = [self.network.prepared(pixels[n], where=names[n]) for n in new.values()]
            encoded = self.network.encode(self._to(torch.stack(inputs))).panels
            held |= {key: encoded[n].clone() for n, key in enumerate(new)}
        for key in keys:  # the last ones asked for stand last
            self._kept.pop(key, None)
            self._kept[key] = held[key]
        while len(self._kept) > max(_REMEMBERED, len(keys)):
            self._kept.popitem(last=False)
        return Panels(panels=torch.stack([held[key] for key in keys]))

    def _to(self, values: NDArray[np.generic] | Tensor) -> Tensor:
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(values)
        return tensor.to(self.network.log_priors.device)

    def __getstate__(self) -> dict[str, Any]:
        """Without features: those of a copy, whose weights lie elsewhere, would never be found."""
        return {**self.__dict__, "_kept": OrderedDict()}


def task_number(name: str, settings: NextGazeSettings) -> int:
    """The number of a task; findings may be spelt in any way that is known.

    Raises:
        UnknownName: the network knows no such task.
    """
    if name not in settings.tasks and set(settings.tasks) & set(FINDINGS):
        with suppress(UnknownName):
            name = finding(name)
    if name not in settings.tasks:
        raise UnknownName("task", name, settings.tasks)
    return settings.tasks.index(name)


def _positions(lengths: Integers) -> Integers:
    """Number of each fixation in its path, from 0."""
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.arange(int(lengths.sum())) - starts


def _stamp(network: NextGaze) -> bytes:
    """Changes when the weights do: training on, or loading others, makes features stale.

    What is written through a tensor's `.data` leaves no trace and is not noticed.
    """
    tensors = network.state_dict().values()
    return repr([(tensor.data_ptr(), tensor._version) for tensor in tensors]).encode()
