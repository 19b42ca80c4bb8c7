"""Our models as pysaliency's, and pysaliency's as ours (extra `bridges`).

Names of images stand in a stimuli's attribute `image`, else they are its file names. Findings,
people and durations go through pysaliency's attributes `task`, `subjects` and `duration_hist`.
Coordinates count in px of the stimulus on pysaliency's side, in px of the request's screen on ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import BadSetting, DataError, UnknownName, require
from gazesearch.formats.pysaliency import plain, stimuli_names
from gazesearch.models.conditional import Conditional
from gazesearch.models.pixels import on_cells
from gazesearch.prediction import (
    ConditionalModel,
    Floats,
    ImageSource,
    NextFixation,
    Requests,
)
from gazesearch.scanpaths import Scanpaths


def to_pysaliency(
    model: ConditionalModel, *, finding: str | None = None, images: ImageSource | None = None
) -> Any:
    """A model of ours as a `pysaliency.ScanpathModel`.

    Args:
        model: the model, fitted.
        finding: what is searched for where fixations have no attribute `task`.
        images: for models that look; None takes the stimuli themselves.

    Returns:
        A model whose `conditional_log_density` is the natural log of the mass of each pixel of the
        stimulus, summing to 1 whatever the model's cells; it is a `ScanpathSaliencyMapModel` of the
        same density too, so that `NSSs` and `AUCs` stand beside `log_likelihoods`.

    Raises:
        MissingExtra: pysaliency is not installed.
    """
    pysaliency = require("pysaliency", extra="bridges")

    class OurModel(pysaliency.ScanpathModel, pysaliency.ScanpathSaliencyMapModel):  # type: ignore[misc, name-defined]
        """A GazeSearch model under pysaliency's interface."""

        name = model.name

        def conditional_log_density(
            self,
            stimulus: Any,
            x_hist: Any,
            y_hist: Any,
            t_hist: Any,
            attributes: Mapping[str, Any] | None = None,
            out: Any = None,
        ) -> Floats:
            asked = _asked(stimulus, x_hist, y_hist, attributes or {}, finding, model.name)
            looked_at = images
            if images is None and model.needs_images:
                looked_at = {asked.image[0]: _data(stimulus)}
            told = model.next_fixation(Requests.of(asked), asked, images=looked_at)
            return on_cells(told.log_mass[0], _size(stimulus))

        def conditional_saliency_map(self, *args: Any, **options: Any) -> Floats:
            return np.exp(self.conditional_log_density(*args, **options))

    return OurModel()


def _asked(
    stimulus: Any,
    x: Any,
    y: Any,
    attributes: Mapping[str, Any],
    finding: str | None,
    name: str,
) -> Scanpaths:
    """The history of one question of pysaliency, as a table of one path."""
    height, width = _size(stimulus)
    xy = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)], axis=-1)
    xy = xy[~np.isnan(xy).any(axis=-1)]
    durations = attributes.get("duration_hist", attributes.get("durations_hist"))
    if durations is not None:
        seconds = np.asarray(durations, np.float64)[: len(xy)]
        xy = np.column_stack([xy, seconds])
    task = plain(attributes.get("task", finding))
    if not isinstance(task, str):
        raise DataError(
            f"{name}: fixations have no text attribute task: give finding= to to_pysaliency"
        )
    subject = attributes.get("subjects", attributes.get("subject"))
    return Scanpaths.of(
        [xy],
        image=[_name(stimulus)],
        finding=task,
        subject=None if subject is None else [plain(subject)],
        screen_size=(width, height),
    )


def _size(stimulus: Any) -> tuple[int, int]:
    """Height and width, px."""
    shape = stimulus.size if hasattr(stimulus, "stimulus_id") else np.asarray(stimulus).shape
    return int(shape[0]), int(shape[1])


def _data(stimulus: Any) -> NDArray[Any]:
    return np.asarray(stimulus.stimulus_data if hasattr(stimulus, "stimulus_id") else stimulus)


def _name(stimulus: Any) -> str:
    """The image's name; where nothing tells it, pysaliency's digest of its pixels."""
    if hasattr(stimulus, "stimuli"):
        names = stimuli_names(stimulus.stimuli)
        if names is not None:
            return str(names[stimulus.index])
    if hasattr(stimulus, "stimulus_id"):
        return str(stimulus.stimulus_id)
    digest = require("pysaliency.datasets", extra="bridges").get_image_hash
    return str(digest(np.asarray(stimulus)))


@final
class FromPysaliency(Conditional):
    """A model of pysaliency as one of ours: bits, sampled and greedy paths like any other."""

    needs_images = False  # it has its stimuli

    def __init__(
        self,
        model: Any,
        stimuli: Any,
        *,
        name: str,
        cells: tuple[int, int] | None = None,
        saliency_is_density: bool = False,
    ) -> None:
        """Wrap a model.

        Args:
            model: a `pysaliency.ScanpathModel` or `Model`, or a map model (see below).
            stimuli: `pysaliency.Stimuli` whose images are named (attribute `image`, or files).
            name: short name for tables.
            cells: (rows, columns) that maps are summed to; None keeps one cell a pixel, and then
                one question must not mix stimuli of different sizes.
            saliency_is_density: take a saliency map, shifted to start at 0 and brought to sum 1,
                for a density. Such a map gives its lowest place no mass.

        Raises:
            MissingExtra: pysaliency is not installed.
            BadSetting: the model is of another kind.
            DataError: the stimuli have no names, or one name twice.
        """
        pysaliency = require("pysaliency", extra="bridges")
        maps = isinstance(model, pysaliency.ScanpathSaliencyMapModel)
        if not isinstance(model, pysaliency.ScanpathModel):
            if not maps:
                raise BadSetting(f"{name}: {type(model).__name__} is no model of pysaliency")
            if not saliency_is_density:
                raise BadSetting(
                    f"{name}: a saliency map is no density: convert it with pysaliency, or take it "
                    "for one with saliency_is_density=True"
                )
        names = stimuli_names(stimuli)
        if names is None or len(set(names)) < len(names):
            raise DataError(
                f"{name}: stimuli need one name each: pysaliency.Stimuli(images, "
                "attributes={'image': names})"
            )
        self.name = name
        self._model = model
        self._is_density = isinstance(model, pysaliency.ScanpathModel)
        self._stimuli = {text: stimuli[row] for row, text in enumerate(names)}
        self._cells = cells

    @property
    def predicts_durations(self) -> bool:
        """Never: pysaliency's models predict places."""
        return False

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """The model's map for each history; it says nothing of stopping or durations.

        Raises:
            UnknownName: the stimuli have no image of a request's name.
            DataError: a map has another shape than its stimulus, or shapes differ within a batch.
        """
        maps = [
            self._map(requests, row, history.fixations) for row, history in enumerate(histories)
        ]
        shapes = {log_mass.shape for log_mass in maps}
        if len(shapes) > 1:
            raise DataError(f"{self.name}: stimuli of different sizes: give cells=(rows, columns)")
        shape = shapes.pop() if shapes else self._cells or (1, 1)
        return NextFixation(log_mass=np.array(maps, np.float64).reshape(-1, *shape))

    def _map(self, requests: Requests, row: int, history: Floats) -> Floats:
        image = requests.image[row]
        if image not in self._stimuli:
            raise UnknownName("image", image, self._stimuli)
        stimulus = self._stimuli[image]
        height, width = _size(stimulus)
        xy = history[:, :2] * (np.array([width, height]) / requests.screen_sizes[row])
        attributes = {
            "task": requests.finding[row],
            "subjects": requests.subject[row],
            "duration_hist": history[:, 2],
            "durations_hist": history[:, 2],
        }
        ask = "conditional_log_density" if self._is_density else "conditional_saliency_map"
        answer = getattr(self._model, ask)(
            stimulus,
            x_hist=xy[:, 0],
            y_hist=xy[:, 1],
            t_hist=np.arange(len(xy), dtype=np.float64),
            attributes=attributes,
        )
        values = np.asarray(answer, np.float64)
        if values.shape != (height, width):
            raise DataError(
                f"{self.name}: {image}: a map of shape {values.shape} for a stimulus of "
                f"{(height, width)}"
            )
        log_mass = values if self._is_density else _density(values)
        return log_mass if self._cells is None else on_cells(log_mass, self._cells)


def _density(saliency: Floats) -> Floats:
    """Log of a saliency map taken for a density; the uniform one where it is flat."""
    raised = saliency - saliency.min()
    if not raised.any():
        raised = np.ones_like(raised)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(raised / raised.sum()))
