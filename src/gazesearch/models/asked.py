"""What is asked of each image, and a model's answer: what every way to predict shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting
from gazesearch.findings import FINDINGS, finding
from gazesearch.images import to_native
from gazesearch.models import decoding
from gazesearch.prediction import ConditionalModel, Requests, Rng, ScanpathModel
from gazesearch.scanpaths import DatasetInfo, Scanpaths

Decode = Literal["greedy", "sample", "typical"]
Frame = Literal["model", "native"]

MODEL_FRAME: Final = (224, 224)
"""Width and height, px, of GazeSearch's frame, over which an image is stretched."""


def in_batches(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """Names, some at a time, in order."""
    rest = iter(names)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of each image.

    Attributes:
        findings: published spellings.
        decode, samples, frame: as in `predict`.
        seed: random numbers of an image come from this and its name.
    """

    findings: tuple[str, ...]
    decode: Decode | None
    samples: int
    seed: int
    frame: Frame

    @classmethod
    def of(
        cls,
        findings: str | Sequence[str] = FINDINGS,
        *,
        decode: Decode | None = None,
        samples: int = 1,
        rng: Rng = None,
        frame: Frame = "model",
    ) -> Asked:
        """Check what is asked; the arguments are those of `predict`."""
        for name, value, known in (("decode", decode, Decode), ("frame", frame, Frame)):
            if value is not None and value not in get_args(known):
                raise BadSetting(f"{name} {value!r}: must be one of {', '.join(get_args(known))}")
        if samples < 1:
            raise BadSetting(f"samples={samples}: must be 1 or more")
        if samples > 1 and decode in ("greedy", "typical"):
            raise BadSetting(f"samples={samples}: {decode} gives one path: decode by sample")
        names = [findings] if isinstance(findings, str) else findings
        chosen = tuple(dict.fromkeys(finding(name) for name in names))
        if not chosen:
            raise BadSetting("findings: name at least one")
        whole = isinstance(rng, int | np.integer)
        seed = int(rng) if whole else int(np.random.default_rng(rng).integers(2**63))  # type: ignore[arg-type]
        if seed < 0:
            raise BadSetting(f"seed {seed}: must be 0 or more")
        return cls(findings=chosen, decode=decode, samples=samples, seed=seed, frame=frame)

    def refuse_unable(self, model: ScanpathModel) -> None:
        """Refuse a decoder that takes a density from a model that has none."""
        own = self.decode in (None, "sample", _own_decoder(model))
        if not own and not isinstance(model, ConditionalModel):
            raise BadSetting(
                f"decode {self.decode!r}: {model.name} says nothing of the next fixation: "
                "leave decode out"
            )

    def answer(self, model: ScanpathModel, images: Mapping[str, NDArray[Any]]) -> Scanpaths:
        """Paths for a few images, which the model may look at together."""
        if self._certain(model):
            drawn = [model.predict(self._requests(images), images=images)]
        else:  # apart, so that an image's random numbers are its own
            drawn = [self._drawn(model, name, image) for name, image in images.items()]
        paths = Scanpaths.concat(drawn)
        return _in_frame(paths, images) if self.frame == "native" else _plain(paths)

    def _certain(self, model: ScanpathModel) -> bool:
        """Whether the model's own prediction is asked for and draws no random numbers."""
        own = _own_decoder(model)
        return own == "greedy" and self.samples == 1 and self.decode in (None, own)

    def _requests(self, names: Mapping[str, Any]) -> Requests:
        each = [(name, finding) for name in names for finding in self.findings]
        return Requests.make(
            [name for name, _ in each], [finding for _, finding in each], screen_size=MODEL_FRAME
        )

    def _drawn(self, model: ScanpathModel, name: str, image: NDArray[Any]) -> Scanpaths:
        images, requests = {name: image}, self._requests({name: image})
        rng = np.random.default_rng([self.seed, _number(name)])
        if self.decode == "sample" or (self.decode is None and self.samples > 1):
            return model.sample(requests, self.samples, images=images, rng=rng)
        if self.decode is None:
            return model.predict(requests, images=images, rng=rng)
        assert isinstance(model, ConditionalModel)  # refuse_unable saw to it
        if self.decode == "greedy":
            return decoding.greedy(model, requests, images=images)
        return decoding.typical(model, requests, images=images, rng=rng)


def _own_decoder(model: ScanpathModel) -> str | None:
    """Name of the decoder that a model's `predict` is, where the model says so."""
    name: str | None = getattr(model, "decodes", None)
    return name


def _number(name: str) -> int:
    """A number for a name, the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:16])


def _plain(paths: Scanpaths) -> Scanpaths:
    """The same paths, without a field for durations where no path has any."""
    return _with(paths, paths.fixations, {}, paths.info)


def _in_frame(paths: Scanpaths, images: Mapping[str, NDArray[Any]]) -> Scanpaths:
    """Paths in px of their own images."""
    fixations = paths.fixations.copy()
    of = np.repeat(paths.image, paths.lengths)
    sizes = {name: (image.shape[1], image.shape[0]) for name, image in images.items()}
    for name, size in sizes.items():
        xy = to_native(fixations[of == name, :2], MODEL_FRAME, size)
        # Rounding must not carry a place just short of the far edge onto it.
        fixations[of == name, :2] = np.minimum(xy, np.nextafter(size, 0.0))
    sides = {
        side: [sizes[name][axis] for name in paths.image]
        for axis, side in enumerate(("width", "height"))
    }
    info = DatasetInfo(name=paths.info.name, duration_unit=paths.info.duration_unit)
    return _with(paths, fixations, sides, info)


def _with(
    paths: Scanpaths,
    fixations: NDArray[np.float64],
    more: Mapping[str, list[int]],
    info: DatasetInfo,
) -> Scanpaths:
    columns = paths.columns
    for field, values in more.items():
        columns = columns.replaced(field, values)
    timed = paths.has_durations.all() and not np.isnan(fixations[:, 2]).all()
    fields = (*columns, "X", "Y", *(("T",) if timed else ()))
    return Scanpaths(fixations, paths.offsets, columns=columns, info=info, fields=fields)
