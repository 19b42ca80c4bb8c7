"""pysaliency and we give the same numbers; runs where the extra `bridges` is installed."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import BadSetting, DataError
from gazesearch.evaluation.likelihood import next_fixation_bits, score_fixations
from gazesearch.formats.pysaliency import from_fixation_trains, to_fixation_trains
from gazesearch.models import controls
from gazesearch.models.maps import from_function
from gazesearch.models.pixels import PerPixel
from gazesearch.models.pysaliency import FromPysaliency, to_pysaliency
from gazesearch.prediction import Requests

if importlib.util.find_spec("pysaliency") is None:
    pytest.skip("needs pysaliency: pip install 'gazesearch[bridges]'", allow_module_level=True)

with warnings.catch_warnings():  # it imports what its own dependencies say is going away
    warnings.simplefilter("ignore")
    import pysaliency

NAMES = ["1001.jpg", "1002.jpg"]


@pytest.fixture(scope="module")
def stimuli() -> Any:
    blank = np.zeros((300, 400), np.uint8)
    return pysaliency.Stimuli([blank, blank + 1], attributes={"image": NAMES})


@pytest.fixture(scope="module")
def looks(osie: Scanpaths) -> Scanpaths:
    return Scanpaths.concat([osie.where(image=name)[:5] for name in NAMES])


@pytest.mark.parametrize("name", ["centre-gaussian", "finding-density", "history-density"])
def test_pysaliency_scores_our_models_as_we_do(
    name: str, stimuli: Any, looks: Scanpaths, osie: Scanpaths
) -> None:
    model: Any = controls.get(name).fit(osie[-500:])
    fixations = to_fixation_trains(looks, stimuli=stimuli)
    later = fixations[fixations.lengths > 0]
    theirs = to_pysaliency(model)
    ours = score_fixations(PerPixel(model), looks, split="all")
    rows = ours.keys["position"] > 1
    assert rows.sum() == len(later) > 30
    for asked, measure in (
        (theirs.information_gains, "log_likelihood"),
        (theirs.NSSs, "conditional_nss"),
        (theirs.AUCs, "conditional_auc"),
    ):
        expected = asked(stimuli, later)
        np.testing.assert_allclose(ours.values[measure][rows], expected, atol=1e-6, rtol=0)
    # And back: what was handed over is scored as if it had never left.
    back = score_fixations(FromPysaliency(theirs, stimuli, name="back"), looks, split="all")
    for measure in ("log_likelihood", "conditional_nss", "conditional_auc"):
        np.testing.assert_allclose(
            back.values[measure][rows], ours.values[measure][rows], atol=1e-6, rtol=0
        )


def test_of_a_constant_map_pysaliency_has_an_nss_and_we_have_none(
    stimuli: Any, looks: Scanpaths
) -> None:
    model = from_function(lambda *_: np.full((300, 400), 1 / 120_000), name="flat")
    fixations = to_fixation_trains(looks, stimuli=stimuli)
    later = fixations[fixations.lengths > 0]
    theirs = to_pysaliency(model)
    ours = score_fixations(model, looks, split="all")
    # 0 / 0 is 0 there, and rounding of the mean, by itself, makes it 1.
    assert np.isfinite(theirs.NSSs(stimuli, later)).all()
    assert np.isnan(ours.values["conditional_nss"]).all()
    assert theirs.AUCs(stimuli, later) == pytest.approx(0.5)
    assert ours.summary("conditional_auc").mean == 0.5
    assert ours.summary("log_likelihood").mean == pytest.approx(0, abs=1e-12)


def test_models_of_pysaliency_are_scored_and_sampled(stimuli: Any, looks: Scanpaths) -> None:
    uniform = FromPysaliency(pysaliency.UniformModel(), stimuli, name="uniform", cells=(6, 8))
    assert next_fixation_bits(uniform, looks).mean() == pytest.approx(0, abs=1e-12)
    drawn = uniform.sample(Requests.of(looks[:2]), 3, rng=0)
    assert drawn.draw.tolist() == [0, 1, 2] * 2
    gaussian = pysaliency.GaussianSaliencyMapModel()
    with pytest.raises(BadSetting, match="a saliency map is no density"):
        FromPysaliency(gaussian, stimuli, name="gaussian")
    taken = FromPysaliency(gaussian, stimuli, name="gaussian", saliency_is_density=True)
    assert next_fixation_bits(taken, looks).mean() > 0.05
    nameless = pysaliency.Stimuli([np.zeros((3, 4))])
    with pytest.raises(DataError, match="stimuli need one name each"):
        FromPysaliency(pysaliency.UniformModel(), nameless, name="uniform")


def test_findings_and_durations_reach_our_models(stimuli: Any) -> None:
    seen: list[Scanpaths] = []

    class Spy:
        name = "spy"
        needs_images = False

        def next_fixation(self, requests: Requests, histories: Scanpaths, **_: Any) -> Any:
            seen.append(histories)
            return model.next_fixation(requests, histories)

    paths = Scanpaths.of(
        [[[1, 2, 0.3], [3, 4, 0.5]]],
        image=["1002.jpg"],
        finding="cup",
        subject=[7],
        screen_size=(400, 300),
    )
    model = controls.CentreGaussian().fit(paths)
    fixations = to_fixation_trains(paths, stimuli=stimuli)
    to_pysaliency(Spy()).log_likelihoods(stimuli, fixations)  # type: ignore[arg-type]
    last = seen[-1]
    assert (last.image[0], last.finding[0], last.subject[0]) == ("1002.jpg", "cup", 7)
    assert last.fixations.tolist() == [[1, 2, 0.3]]


def test_pysaliency_reads_what_we_write(coco: Scanpaths, tmp_path: Path) -> None:
    paths = coco[:200]
    write_scanpaths(paths, tmp_path / "f.hdf5")
    read = pysaliency.read_hdf5(str(tmp_path / "f.hdf5"))
    assert len(read) == len(paths.fixations)
    again = from_fixation_trains(read, dataset=paths.info)
    assert again == read_scanpaths(tmp_path / "f.hdf5")
