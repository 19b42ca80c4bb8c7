"""ChestSearch scored fixation by fixation, from its file of weights."""

import math
from pathlib import Path

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.likelihood import open_model, score_fixations
from gazesearch.prediction import Requests


def test_a_checkpoint_is_opened_by_its_path_and_scored_by_its_own_density(checkpoint: Path) -> None:
    look = [[112, 112, 0.2], [30, 60, 0.3], [200.5, 90, 0.3]]
    paths = Scanpaths.of([look], image=["a.png"], finding="edema", screen_size=(224, 224))
    images = {"a.png": np.arange(64 * 64, dtype=np.uint16).astype(np.uint8).reshape(64, 64)}
    truth = truth_of(paths, split="all", first_fixation="replace")
    opened = open_model(str(checkpoint), truth)
    assert opened.origin.startswith("ckp_29999.pt sha256:")

    scores = score_fixations(opened.model, truth, images=images, origin=opened.origin)

    request = Requests.of(paths)
    assert scores.keys["position"].tolist() == [2, 3]
    for number, (x, y) in ((1, (30, 60)), (2, (200, 90))):
        history = Scanpaths.of(
            [np.array(look)[:number]], image=["a.png"], finding="edema", screen_size=(224, 224)
        )
        told = opened.model.next_fixation(request, history, images=images)
        expected = (told.log_mass[0, y // 4, x // 4] + math.log(56 * 56)) / math.log(2)
        assert scores.values["log_likelihood"][number - 1] == pytest.approx(expected, abs=1e-6)
