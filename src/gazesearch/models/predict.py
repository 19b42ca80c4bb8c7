"""Predictions in one call: images in, a table of scanpaths out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.image_files import find_images
from gazesearch.errors import BadSetting, DataError
from gazesearch.findings import FINDINGS
from gazesearch.models.asked import Asked, Decode, Frame, in_batches
from gazesearch.prediction import (
    ImageSource,
    Rng,
    ScanpathModel,
    image_of,
)
from gazesearch.scanpaths import Scanpaths

Images = (
    NDArray[Any]
    | str
    | os.PathLike[str]
    | Sequence[str | os.PathLike[str]]
    | Mapping[str, NDArray[Any]]
    | ImageSource
)

_TOGETHER: Final = 4  # images at a time, for a model that does not say


def predict(
    model: ScanpathModel,
    images: Images,
    findings: str | Sequence[str] = FINDINGS,
    *,
    decode: Decode | None = None,
    samples: int = 1,
    rng: Rng = None,
    frame: Frame = "model",
) -> Scanpaths:
    """Scanpaths of a model for each image and finding.

    Random numbers of an image come from `rng` and the image's name, so its paths do not depend on
    which others are asked for.

    Args:
        model: as `create_model` makes it.
        images: a file, several, or a folder with all below it; an array, (h, w) or (h, w, 3) of
            8 bits, whose name is then "image"; arrays by name; or another source of images.
        findings: one or several; all 13 by default.
        decode: "greedy", "sample", "typical" (of 64 draws the one most like the others); None is
            the model's own choice, and its own draws where `samples` is above 1.
        samples: how many draws of each, in the column `draw`.
        rng: seed or generator.
        frame: "model" counts in 224 x 224 px, over which an image is stretched; "native" in the
            image's own px, with `width` and `height` on every record.

    Returns:
        The paths, image by image, finding by finding, draw by draw.

    Raises:
        BadSetting: a setting outside its range, a decoder that this model has no density for, or
            images of a type that is none of these.
        DataError: no images, two of one name, or one that is none.
        UnknownName: a finding that is not known.
        UnreadableFile: a file or folder that is absent.

    >>> from gazesearch import Scanpaths, create_model
    >>> look = [[112, 112, 0.2], [60, 64, 0.4]]
    >>> train = Scanpaths.of([look], image=["a.png"], finding="edema", screen_size=(224, 224))
    >>> model = create_model("medoid").fit(train)
    >>> predict(model, {"b.png": np.zeros((50, 40), np.uint8)}, "edema")[0].x
    array([112.,  60.])
    """
    asked = Asked.of(findings, decode=decode, samples=samples, rng=rng, frame=frame)
    asked.refuse_unable(model)
    source = _source(images)
    together = int(getattr(model, "images_at_once", _TOGETHER))
    tables = [
        asked.answer(model, {name: image_of(source, name) for name in names})
        for names in in_batches(source, together)
    ]
    if not tables:
        raise DataError("no images were given")
    return Scanpaths.concat(tables)


def _source(images: Images) -> ImageSource | Mapping[str, NDArray[Any]]:
    if isinstance(images, np.ndarray):
        return {"image": images}
    if isinstance(images, str | os.PathLike):
        return find_images([images])
    if isinstance(images, Sequence) and all(isinstance(p, str | os.PathLike) for p in images):
        return find_images(images)
    if isinstance(images, Mapping) or _is_source(images):
        return images
    raise BadSetting(
        f"images: {type(images).__name__} is none of a path, several, an array and arrays by "
        'name: give {"a.png": numpy.asarray(image)}'
    )


def _is_source(images: Any) -> TypeGuard[ImageSource]:
    """Whether a type gives images by name; a list or a tensor has the same methods."""
    own = hasattr(images, "__getitem__") and hasattr(images, "__iter__")
    return own and not isinstance(images, Sequence) and not hasattr(images, "shape")
