"""The simulated observer, whose every belief is known: what it samples from is what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from gazesearch.datasets.phantom.config import (
    CELLS,
    PHANTOM_V1,
    SIDE_PX,
    ObserverConfig,
    PhantomConfig,
)
from gazesearch.datasets.phantom.evidence import evidence
from gazesearch.datasets.phantom.walks import walk
from gazesearch.errors import DataError
from gazesearch.findings import finding_id
from gazesearch.prediction import Floats, ImageSource, LogNormal, NextFixation, Requests, Rng
from gazesearch.prediction import image_of as one_image
from gazesearch.scanpaths import Scanpaths

CELL_PX: Final = SIDE_PX / CELLS
_CACHED: Final = 4096  # maps of evidence, 25 kB each


@final
class Observer:
    """Searches an image for a finding; a `ScanpathModel` whose density is the truth of a phantom.

    A search starts at the centre of the frame. The log mass of a cell is, up to a constant, the sum
    of what speaks for the finding there in this image (`evidence`), nearness to the last fixation,
    and inhibition round every earlier one; a small share of looks falls anywhere. After a few
    fixations the search may stop, the more likely the better the evidence under the last one; it
    must stop after `config.observer.longest` fixations, where the probability of stopping is 1.
    Whole numbers as subjects are people who differ a little; None is the average of them.
    """

    name = "phantom-observer"
    needs_images = True
    predicts_durations = True

    def __init__(self, config: PhantomConfig = PHANTOM_V1) -> None:
        self.config: Final = config
        self._maps: dict[tuple[bytes, int], Floats] = {}

    def next_fixation(
        self, requests: Requests, histories: Scanpaths, *, images: ImageSource | None = None
    ) -> NextFixation:
        """Where, how long and whether at all, exactly as `sample` draws it.

        An empty history is answered by all mass on the cell of the centre: there every path starts.

        Args:
            requests: what is asked, b of them.
            histories: fixations so far, a path a request, in the frame of the requests.
            images: the images asked for, of any size.

        Returns:
            Mass on 56 x 56 cells; log probability of stopping; log-normal duration of the next
            fixation, which does not depend on where it falls.

        Raises:
            DataError: no images, numbers of requests and histories that differ, or a subject that
                is neither None nor a whole number.
            UnknownName: an image or finding is not known.
        """
        if len(requests) != len(histories):
            raise DataError(f"{len(requests)} requests, but {len(histories)} histories")
        own = self.config.observer
        found = self._evidence(requests, images)  # (b, 56, 56) nats
        people = np.array([_character(who) for who in requests.subject]).reshape(-1, 3)
        lengths = histories.lengths
        cells = _places(histories, requests.screen_sizes)  # (b, k, 2), unused ones far away
        score = own.focus * (1 + own.focus_varies * people[:, 0, None, None]) * found
        last = cells[np.arange(len(cells)), np.maximum(lengths - 1, 0)]
        score += _nearness(last, own)
        strength = own.inhibition * (1 + own.inhibition_varies * people[:, 1])
        for k in range(int(lengths.max(initial=0))):
            score -= strength[:, None, None] * _disc(cells[:, k], own.inhibition_px)
        log_mass = _normalised(score, own.lapse)
        log_mass[lengths == 0] = _START
        under = _under(found, last)
        return NextFixation(
            log_mass=log_mass,
            log_stop=_log_stop(under, lengths, own),
            duration=LogNormal(
                mean=own.log_duration
                + own.duration_varies * people[:, 2]
                + np.where(lengths == 0, own.first_shorter, own.slower * _sigmoid(under)),
                spread=np.full(len(requests), own.duration_spread),
            ),
        )

    def predict(
        self, requests: Requests, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """One search a request."""
        paths = walk(self, requests, images=images, rng=rng, longest=self.config.observer.longest)
        return requests.answered(paths, name=self.name)

    def sample(
        self, requests: Requests, n: int, *, images: ImageSource | None = None, rng: Rng = None
    ) -> Scanpaths:
        """n searches a request, column `draw` 0..n-1.

        Raises:
            BadSetting: n is under 1.
        """
        repeated = requests.repeated(n)
        paths = walk(self, repeated, images=images, rng=rng, longest=self.config.observer.longest)
        draws = np.tile(np.arange(n), len(requests)).tolist()
        return repeated.answered(paths, name=self.name, draw=draws)

    def _evidence(self, requests: Requests, images: ImageSource | None) -> Floats:
        """Evidence for each request, (b, 56, 56); each image is fetched once a call."""
        numbers = [finding_id(name) for name in requests.finding]
        rows_of: dict[str, list[int]] = {}
        for row, name in enumerate(requests.image):
            rows_of.setdefault(name, []).append(row)
        found = np.empty((len(requests), CELLS, CELLS))
        for name, rows in rows_of.items():
            maps = self._maps_of(one_image(images, name), {numbers[row] for row in rows})
            for row in rows:
                found[row] = maps[numbers[row]]
        return found

    def _maps_of(self, image: NDArray[Any], numbers: Iterable[int]) -> dict[int, Floats]:
        """Maps of some findings of an image, known by its pixels and not by its name."""
        stamp = hashlib.blake2b(repr((image.shape, image.dtype.str)).encode(), digest_size=16)
        stamp.update(np.ascontiguousarray(image).tobytes())
        key = stamp.digest()
        maps = {number: self._maps.get((key, number)) for number in numbers}
        missing = sorted(number for number, known in maps.items() if known is None)
        if missing:
            made = evidence(image, missing, config=self.config.observer)
            for number, one in zip(missing, made, strict=True):
                maps[number] = self._maps[key, number] = one
            # A copy of the keys: other threads add to the maps meanwhile.
            for old in list(self._maps)[: max(0, len(self._maps) - _CACHED)]:
                self._maps.pop(old, None)
        return {number: one for number, one in maps.items() if one is not None}


def _start() -> Floats:
    log_mass = np.full((CELLS, CELLS), -np.inf)
    log_mass[CELLS // 2, CELLS // 2] = 0.0
    return log_mass


_START: Final = _start()


def _character(subject: object) -> tuple[float, float, float]:
    """How a person differs from the average: focus, inhibition, pace, each from -1 to 1."""
    if subject is None:
        return 0.0, 0.0, 0.0
    if isinstance(subject, bool) or not isinstance(subject, int | np.integer):
        raise DataError(f"subject {subject!r}: observers of a phantom are whole numbers or None")
    # Multiples of irrational numbers spread evenly, however many people there are.
    golden, plastic, silver = (
        float(subject) * step % 1.0 for step in (0.618034, 0.754878, 0.414214)
    )
    return 2 * golden - 1, 2 * plastic - 1, 2 * silver - 1


def _places(histories: Scanpaths, sizes: Floats) -> Floats:
    """x, y of every fixation of the histories, in cells, (b, longest or 1, 2)."""
    lengths = histories.lengths
    cells = np.full((len(histories), max(1, int(lengths.max(initial=0))), 2), CELLS / 2)
    used = np.arange(cells.shape[1]) < lengths[:, None]
    cells[used] = histories.fixations[:, :2] / np.repeat(sizes, lengths, axis=0) * CELLS
    cells[~used] = -1e6
    cells[lengths == 0, 0] = CELLS / 2
    return cells


def _off(place: Floats, axis: int) -> Floats:
    """Distance of each column or row of cells from a place, (b, 56) px."""
    off: Floats = (np.arange(CELLS) + 0.5 - place[:, axis, None]) * CELL_PX
    return off


def _disc(place: Floats, spread_px: float) -> Floats:
    """A Gaussian hill of height 1 round a place, (b, 56, 56)."""
    across, down = (np.exp(-0.5 * (_off(place, axis) / spread_px) ** 2) for axis in (0, 1))
    hill: Floats = down[:, :, None] * across[:, None, :]
    return hill


def _nearness(place: Floats, own: ObserverConfig) -> Floats:
    """Log weight of saccades, (b, 56, 56): a hill with wide skirts, so that far is never barred."""
    weight: Floats = np.log(_disc(place, own.reach_px) + own.far)
    return weight


def _normalised(score: Floats, lapse: float) -> Floats:
    """Log mass of scores, with a share `lapse` of the mass spread over all cells."""
    mass = np.exp(score - score.max(axis=(1, 2), keepdims=True))
    mass *= (1 - lapse) / mass.sum(axis=(1, 2), keepdims=True)
    mass += lapse / (CELLS * CELLS)
    log_mass: Floats = np.log(mass)
    return log_mass


def _under(found: Floats, place: Floats) -> Floats:
    """Evidence in the cell of a place, (b,) nats."""
    column, row = (np.clip(np.floor(place[:, axis]), 0, CELLS - 1).astype(int) for axis in (0, 1))
    under: Floats = found[np.arange(len(found)), row, column]
    return under


def _sigmoid(z: Floats) -> Floats:
    value: Floats = 0.5 * (1 + np.tanh(z / 2))
    return value


def _log_stop(under: Floats, lengths: NDArray[np.int64], own: ObserverConfig) -> Floats:
    """Log probability that a search ends after its last fixation, (b,)."""
    odds = own.stop + own.stop_on_target * _sigmoid(own.stop_slope * (under - own.sure))
    log_stop: Floats = -np.logaddexp(0.0, -odds)
    log_stop[lengths < own.shortest] = -np.inf
    log_stop[lengths >= own.longest] = 0.0
    return log_stop
