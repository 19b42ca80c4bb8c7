"""Maps on other cells keep their mass where it is."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.errors import DataError
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models import controls
from gazesearch.models.pixels import PerPixel, on_cells


@pytest.mark.parametrize(
    "shape",
    [(3, 4), (6, 8), (5, 7), (2, 3), (1, 1)],
    ids=["same", "finer", "odd", "coarser", "one"],
)
def test_mass_is_what_lies_under_a_cell(shape: tuple[int, int]) -> None:
    mass = np.random.default_rng(0).dirichlet(np.ones(12)).reshape(3, 4)
    # By counting on a grid that both tile.
    fine = np.repeat(np.repeat(mass, 70, 0), 42, 1) / (70 * 42)  # 210 x 168
    rows, columns = shape
    expected = fine.reshape(rows, 210 // rows, columns, 168 // columns).sum((1, 3))
    np.testing.assert_allclose(np.exp(on_cells(np.log(mass), shape)), expected, atol=1e-15)


def test_cells_that_pixels_fit_into_keep_their_bits() -> None:
    looks = np.random.default_rng(0).uniform(0, 224, (20, 4, 2))
    paths = Scanpaths.of(list(looks), image=["a"] * 20, finding="t", screen_size=(224, 224))
    model = controls.CentreGaussian().fit(paths)
    own = next_fixation_bits(model, paths)
    pixels = next_fixation_bits(PerPixel(model), paths)
    np.testing.assert_allclose(pixels.bits, own.bits, atol=1e-12)


def test_a_screen_of_half_a_pixel_is_refused() -> None:
    paths = Scanpaths.of([[[1, 2], [3, 4]]], image=["a"], finding="t", screen_size=(9.5, 9))
    with pytest.raises(DataError, match="need one screen of whole pixels"):
        next_fixation_bits(PerPixel(controls.CentreGaussian().fit(paths)), paths)
