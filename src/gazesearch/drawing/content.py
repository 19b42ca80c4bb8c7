"""What a picture shows, checked: paths by source, target boxes, image and density in one frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazesearch.drawing.styles import STYLES, Style
from gazesearch.errors import BadSetting, DataError, FrameMismatch
from gazesearch.prediction import NextFixation
from gazesearch.scanpaths import Scanpath, Scanpaths

Floats = NDArray[np.float64]
Source = Scanpath | Scanpaths
Density = NextFixation | ArrayLike


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """The paths of one source.

    Attributes:
        label: its name in the legend.
        number: its place among the sources, from 0.
        paths: (k, 3) each: x, y px of the canvas, duration s or NaN.
    """

    label: str
    number: int
    paths: tuple[Floats, ...]

    @property
    def style(self) -> Style:
        """Its look, the same in every picture that has it in this place."""
        return STYLES[self.number]

    @property
    def fixations(self) -> Floats:
        """All fixations, (n, 3)."""
        return np.concatenate([np.empty((0, 3)), *self.paths])


@dataclass(frozen=True, kw_only=True, eq=False)
class Content:
    """Everything of one picture, in px of its canvas: the image, or else the frame.

    Attributes:
        traces: the sources.
        canvas: width and height, px.
        boxes: distinct target boxes, (m, 4): x, y, width, height.
        grey: the image, (h, w), 0 black to 1 white; None for a plain frame.
    """

    traces: tuple[Trace, ...]
    canvas: tuple[float, float]
    boxes: Floats
    grey: Floats | None

    @property
    def view(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what is shown.

        The canvas and fixations off it, but no more than half a canvas beyond each side: one stray
        point does not shrink everything else.
        """
        size = np.array(self.canvas)
        xy = np.concatenate([trace.fixations[:, :2] for trace in self.traces])
        low = np.maximum(np.minimum(xy.min(axis=0, initial=0), 0), -size / 2)
        high = np.minimum(np.maximum(xy.max(axis=0, initial=-np.inf), size), size * 1.5)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def shown(self, path: Floats) -> NDArray[np.bool_]:
        """Which fixations lie in the view, (k,)."""
        left, top, right, bottom = self.view
        x, y = path[:, 0], path[:, 1]
        return np.asarray((x >= left) & (x <= right) & (y >= top) & (y <= bottom))


def gather(
    sources: Mapping[str, Source], *, image: ArrayLike | None, target_boxes: bool
) -> Content:
    """Check the sources and bring them into the px of the canvas.

    Raises:
        BadSetting: no source, or more than there are styles.
        DataError: the sources show several images, or the image is no array of an image.
        FrameMismatch: the sources count px in different frames.
    """
    if not 1 <= len(sources) <= len(STYLES):
        raise BadSetting(
            f"{len(sources)} sources: one picture tells 1 to {len(STYLES)} apart: draw several"
        )
    names: dict[str, str] = {}
    frames: dict[tuple[float, float], str] = {}
    for label, source in sources.items():
        for name, frame in _places(source):
            names.setdefault(name, label)
            frames.setdefault(frame, label)
    if len(names) > 1:
        first, second, *_ = ((label, name) for name, label in names.items())
        raise DataError(
            f"one picture shows one image: {first[0]} has {first[1]!r}, {second[0]} {second[1]!r}"
        )
    if len(frames) != 1:
        shown = ", ".join(f"{label} {w:g}x{h:g}" for (w, h), label in frames.items())
        raise FrameMismatch(f"sources count px in different frames: {shown or 'no path at all'}")
    frame_size = next(iter(frames))
    grey = None if image is None else _grey(image)
    canvas = frame_size if grey is None else (float(grey.shape[1]), float(grey.shape[0]))
    scale = np.array(canvas) / np.array(frame_size)
    traces = tuple(
        Trace(
            label=label,
            number=number,
            paths=tuple(path * (*scale, 1.0) for path in _paths(source)),
        )
        for number, (label, source) in enumerate(sources.items())
    )
    boxes = _boxes(sources.values()) if target_boxes else np.empty((0, 4))
    return Content(traces=traces, canvas=canvas, boxes=boxes * np.tile(scale, 2), grey=grey)


def _places(source: Source) -> set[tuple[str, tuple[float, float]]]:
    """Image and frame of each path."""
    if isinstance(source, Scanpath):
        return {(source.image, (float(source.screen_size[0]), float(source.screen_size[1])))}
    sizes = source.screen_sizes.tolist()
    return {(name, (w, h)) for name, (w, h) in zip(source.image.tolist(), sizes, strict=True)}


def _paths(source: Source) -> list[Floats]:
    return [source.fixations] if isinstance(source, Scanpath) else [p.fixations for p in source]


def _boxes(sources: Iterable[Source]) -> Floats:
    """Distinct boxes with an area: 0, 0, 0, 0 is the released files' placeholder for none."""
    tables = [source.target_boxes for source in sources if isinstance(source, Scanpaths)]
    boxes = np.concatenate([np.empty((0, 4)), *tables])
    return np.unique(boxes[(boxes[:, 2] > 0) & (boxes[:, 3] > 0)], axis=0)


def _grey(image: ArrayLike) -> Floats:
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (1,), (3,)) or 0 in pixels.shape:
        raise DataError(f"image of shape {pixels.shape}: must be (h, w) or (h, w, 3)")
    if np.issubdtype(pixels.dtype, np.integer):
        white: float = np.iinfo(pixels.dtype).max
    elif np.issubdtype(pixels.dtype, np.floating):
        white = 1.0
    else:
        raise DataError(f"image of {pixels.dtype}: must hold integers, or floats from 0 to 1")
    values = pixels.astype(np.float64) / white
    if values.ndim == 3:
        # Rec. 601, as Pillow's mode L.
        weights = (0.299, 0.587, 0.114) if values.shape[2] == 3 else (1.0,)
        values = values @ np.array(weights)
    return np.asarray(np.clip(np.nan_to_num(values), 0, 1))


def mass_of(density: Density) -> Floats:
    """Mass of each cell, (h, w), summing to 1.

    Raises:
        DataError: it is for several requests, of another shape, negative, or nothing at all.
    """
    if isinstance(density, NextFixation):
        if len(density.log_mass) != 1:
            raise DataError(f"density for {len(density.log_mass)} requests: give that of one")
        mass: Floats = np.exp(density.log_mass[0])
    else:
        mass = np.asarray(density, dtype=np.float64)
    if mass.ndim != 2 or 0 in mass.shape:
        raise DataError(f"density of shape {mass.shape}: must be (h, w)")
    if not np.isfinite(mass).all() or (mass < 0).any() or mass.sum() <= 0:
        raise DataError("density: its cells must be finite, none negative, and not all 0")
    return np.asarray(mass / mass.sum())


def densities(
    density: Density | Mapping[str, Density] | None, labels: Sequence[str], *, layout: str
) -> dict[str, Floats]:
    """The density that each source's panel shows.

    Raises:
        BadSetting: densities by source in one panel, or of an unknown source.
    """
    if density is None:
        return {}
    if not isinstance(density, Mapping):
        return dict.fromkeys(labels, mass_of(density))
    if layout == "overlay" and len(labels) > 1:
        raise BadSetting("density by source: one panel takes one: layout='side-by-side'")
    unknown = [label for label in density if label not in labels]
    if unknown:
        raise BadSetting(f"density of {unknown[0]!r}: no source is called so")
    return {label: mass_of(given) for label, given in density.items()}
