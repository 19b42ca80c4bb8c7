"""What a scanpath model is asked, and what it answers.

A model says for any image, finding and history where the next fixation falls (`next_fixation`), or
just predicts paths (`predict`, `sample`). `models.decoding` makes paths from the first; evaluation
takes both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.scanpaths import DatasetInfo, Scanpaths, ScreenSize
from gazesearch.scanpaths.columns import constant, objects

Floats = NDArray[np.float64]
Rng = int | np.random.Generator | None
MASS_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Requests:
    """Scanpaths asked for: a table with a row a request.

    Attributes:
        image: image name of each, (n,) of str.
        finding: what is searched for, (n,) of str.
        subject: who looks, (n,) of int or str; None where it does not matter.
        screen_sizes: width and height of the frame that answers count in, (n, 2) px.
    """

    image: NDArray[Any]
    finding: NDArray[Any]
    subject: NDArray[Any]
    screen_sizes: Floats

    @classmethod
    def make(
        cls,
        image: Sequence[str],
        finding: str | Sequence[str],
        *,
        screen_size: ScreenSize,
        subject: Sequence[int | str] | None = None,
    ) -> Requests:
        """Requests from plain lists, all in one frame.

        Args:
            image: image names.
            finding: one for all, or one each.
            screen_size: (width, height), px.
            subject: who looks.

        Raises:
            DataError: the lists differ in length, or `image` is one name and not a list.

        >>> len(Requests.make(["a.png", "b.png"], "edema", screen_size=(224, 224)))
        2
        """
        if isinstance(image, str):  # else a request a letter
            raise DataError(f"requests: image {image!r}: must be a list of names")
        n = len(image)
        findings = [finding] * n if isinstance(finding, str) else list(finding)
        if len(findings) != n or (subject is not None and len(subject) != n):
            raise DataError(f"requests: {n} images, but other columns of another length")
        return cls(
            image=objects(image),
            finding=objects(findings),
            subject=constant(None, n) if subject is None else objects(subject),
            screen_sizes=np.tile(np.array(screen_size, np.float64), (n, 1)),
        )

    @classmethod
    def of(cls, scanpaths: Scanpaths) -> Requests:
        """The requests that recorded scanpaths answer; their fixations are forgotten."""
        return cls(
            image=scanpaths.image,
            finding=scanpaths.finding,
            subject=scanpaths.subject,
            screen_sizes=np.array(scanpaths.screen_sizes),
        )

    def __len__(self) -> int:
        return len(self.image)

    def __getitem__(self, rows: slice | NDArray[Any] | Sequence[int]) -> Requests:
        """Some of the requests: a slice, a mask or row numbers."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        if not isinstance(index, slice) and index.size == 0:  # an empty list is one of floats
            index = index.astype(np.intp)
        return Requests(
            image=self.image[index],
            finding=self.finding[index],
            subject=self.subject[index],
            screen_sizes=self.screen_sizes[index],
        )

    def repeated(self, n: int) -> Requests:
        """Each request n times, one after the other.

        Raises:
            BadSetting: n is below 1.
        """
        if n < 1:
            raise BadSetting(f"n={n}: must be 1 or more")
        return self[np.repeat(np.arange(len(self)), n)]

    def answered(
        self, paths: Sequence[Floats], *, name: str, draw: Sequence[int] | None = None
    ) -> Scanpaths:
        """The table of predicted paths, one a request.

        Args:
            paths: one array a request, (k, 2) x px, y px or (k, 3) with durations in s.
            name: name of the model, which becomes that of the table.
            draw: number of the draw of each path.
        """
        sizes = np.unique(self.screen_sizes, axis=0)
        one = (float(sizes[0, 0]), float(sizes[0, 1])) if len(sizes) == 1 else None
        anybody = any(who is not None for who in self.subject)
        table = Scanpaths.of(
            paths,
            image=self.image.tolist(),
            finding=self.finding.tolist(),
            subject=self.subject.tolist() if anybody else None,
            draw=draw,
            info=DatasetInfo(name=name, screen_size=one, duration_unit="s"),
        )
        if one is not None:
            return table
        columns = table.columns
        for axis, side in enumerate(("width", "height")):
            columns = columns.replaced(side, self.screen_sizes[:, axis].tolist())
        return table.with_parts(
            table.fixations, table.offsets, columns=columns, integers=table.integers
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LogNormal:
    """Log-normal distributions of durations.

    Attributes:
        mean: mean of log seconds, (b,).
        spread: standard deviation of log seconds, (b,).
    """

    mean: Floats
    spread: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class NextFixation:
    """Where, for how long, and whether at all the next fixation falls; the model's own belief.

    Attributes:
        log_mass: natural log of the mass of each cell, (b, h, w); cells tile the screen evenly,
            (x, y) is in row floor(y h / H) and column floor(x w / W) of a screen of W x H px.
            Before inhibition of return, temperature or nucleus: those belong to decoding.
        log_stop: log probability that the path ends instead, (b,); None where the model cannot say.
        duration: of the next fixation, (b,); None where the model predicts none.
    """

    log_mass: Floats
    log_stop: Floats | None = None
    duration: LogNormal | None = None

    def __post_init__(self) -> None:
        if self.log_mass.ndim != 3:
            raise DataError(f"log_mass of shape {self.log_mass.shape}: must be (b, h, w)")


class ImageSource(Protocol):
    """Images by name: a folder, a dict of arrays, a phantom."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The image, (h, w) or (h, w, 3)."""

    def __iter__(self) -> Iterator[str]:
        """Names of the images."""


@runtime_checkable
class ScanpathModel(Protocol):
    """A model of scanpaths."""

    @property
    def name(self) -> str:
        """Short name for tables."""

    @property
    def needs_images(self) -> bool:
        """Whether `images` must be given."""

    @property
    def predicts_durations(self) -> bool:
        """Whether its paths have durations."""

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One path a request."""

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n draws a request, column `draw` 0..n-1, the draws of a request together."""


@runtime_checkable
class ConditionalModel(ScanpathModel, Protocol):
    """A model that also says what comes after any history."""

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The next fixation after each history, a row a request."""


@runtime_checkable
class FittedModel(Protocol):
    """A model that is fitted on recorded scanpaths."""

    def fit(self, train: Scanpaths, *, valid: Scanpaths | None = None, rng: Rng = None) -> Self:
        """Fit on train; choose, if anything is chosen, on valid."""


def image_of(images: ImageSource | Mapping[str, NDArray[Any]] | None, name: str) -> NDArray[Any]:
    """One image of a source.

    Raises:
        DataError: no images were given.
        UnknownName: the source has no image of this name.
    """
    if images is None:
        raise DataError(f"{name}: this model looks at images: give images=")
    try:
        return images[name]
    except KeyError:
        raise UnknownName("image", name, images) from None
