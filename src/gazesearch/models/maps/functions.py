"""A function that returns maps as a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from gazesearch.errors import DataError
from gazesearch.models.conditional import Conditional
from gazesearch.prediction import Floats, ImageSource, NextFixation, Requests, image_of
from gazesearch.scanpaths import Scanpaths

Function = Callable[[Any, str, Floats], ArrayLike]


@final
class FunctionMaps(Conditional):
    """Asks a function for every map; see `from_function`."""

    predicts_durations = False

    def __init__(self, f: Function, *, name: str, needs_images: bool, as_log: bool) -> None:
        self.name, self.needs_images, self.as_log = name, needs_images, as_log
        self._f = f

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """One call of the function a request.

        Raises:
            DataError: what it returns is no map, or has another shape than the one before.
        """
        maps = []
        for image, finding, path in zip(requests.image, requests.finding, histories, strict=True):
            seen = image_of(images, image) if self.needs_images else image
            history = path.fixations
            if np.isnan(history[:, 2]).all():
                history = history[:, :2]
            maps.append(self._checked(self._f(seen, finding, history), image, finding))
            if maps[-1].shape != maps[0].shape:
                raise DataError(
                    f"{self.name}: maps of shapes {maps[0].shape} and {maps[-1].shape}: "
                    "return one shape"
                )
        return NextFixation(log_mass=np.stack(maps) if maps else np.empty((0, 1, 1)))

    def _checked(self, returned: ArrayLike, image: str, finding: str) -> Floats:
        values = np.asarray(returned, np.float64)
        if values.ndim != 2 or not values.size:
            raise DataError(
                f"{self.name}: image {image}, finding {finding}: returned shape {values.shape}: "
                "must be (h, w)"
            )
        if self.as_log:
            return values
        if not (values >= 0).all():
            raise DataError(
                f"{self.name}: image {image}, finding {finding}: a mass below 0 or NaN: return "
                "masses, or say as_log=True"
            )
        with np.errstate(divide="ignore"):  # no mass is -inf
            return np.asarray(np.log(values))


def from_function(
    f: Function, *, name: str, needs_images: bool = False, as_log: bool = False
) -> FunctionMaps:
    """A function of image, finding and history as a model with `next_fixation`.

    Args:
        f: `f(image, finding, history) -> (h, w)` masses that sum to 1; history is (k, 3) x px, y
            px, duration s, or (k, 2) without durations.
        name: name of the model, for tables.
        needs_images: whether `f` gets the image as an array; else it gets its name.
        as_log: whether `f` returns natural logs of masses.

    >>> flat = from_function(lambda image, finding, history: np.full((4, 4), 1 / 16), name="flat")
    >>> asked = Requests.make(["a.png"], "edema", screen_size=(224, 224))
    >>> flat.next_fixation(asked, asked.answered([[[112, 112]]], name="past")).log_mass.shape
    (1, 4, 4)
    """
    return FunctionMaps(f, name=name, needs_images=needs_images, as_log=as_log)
