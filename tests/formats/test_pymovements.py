"""pymovements: fixations as precomputed events."""

from __future__ import annotations

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.errors import DataError
from gazesearch.formats.pymovements import from_pymovements, to_pymovements

pymovements = pytest.importorskip("pymovements", reason="pymovements is not installed")
polars = pytest.importorskip("polars", reason="polars is not installed")


def floats(paths: Scanpaths) -> Scanpaths:
    whole = np.zeros_like(paths.integers)
    return paths.with_parts(paths.fixations, paths.offsets, columns=paths.columns, integers=whole)


@pytest.mark.parametrize("data", ["odd", "annotations", "coco", "osie"])
def test_events_hold_a_table(data: str, request: pytest.FixtureRequest) -> None:
    paths = request.getfixturevalue(data)[:300]
    events, experiment = to_pymovements(paths)
    assert from_pymovements(events, experiment, dataset=paths.info) == floats(paths)


def test_times_are_ms_without_gaps_from_the_start_of_each_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks = [[[1, 2, 0.25], [3, 4, 0.5]], [[5, 6, 0.125]], [[7, 8]]]
    paths = Scanpaths.of(looks, image=["a", "b", "c"], finding="t", screen_size=(9, 9))
    events, experiment = to_pymovements(paths)
    frame = events.frame
    assert frame["onset"].to_list() == [0, 250, 0, None]
    assert frame["offset"].to_list() == [250, 750, 125, None]
    assert frame["duration"].to_list() == [250, 500, 125, None]
    assert events.trial_columns == ["trial"]
    assert (experiment.screen.width_px, experiment.screen.origin) == (9, "upper left")
    assert "the dataset's description" in caplog.text


def test_other_events_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    frame = polars.DataFrame(
        {
            "page": [1, 1, 1],
            "name": ["fixation", "saccade", "fixation"],
            "onset": [0, 100, 120],
            "offset": [100, 120, 300],
            "location": [[1.0, 2.0], None, [3.0, 4.0]],
            "image": ["a.png"] * 3,
        }
    )
    events = pymovements.Events(frame, trial_columns="page")
    screen = pymovements.Experiment(screen_width_px=10, screen_height_px=8, origin="upper left")
    paths = from_pymovements(events, screen, finding="freeview")
    assert paths.fixations.tolist() == [[1, 2, 0.1], [3, 4, 0.18]]
    assert "1 events that are no fixations" in caplog.text
    lower = pymovements.Experiment(screen_width_px=10, screen_height_px=8, origin="center")
    with pytest.raises(DataError, match="origin 'center': locations must count from"):
        from_pymovements(events, lower, finding="freeview")
    with pytest.raises(DataError, match="what was searched for is not told"):
        from_pymovements(events, screen)
    with pytest.raises(DataError, match="they lack trial columns"):
        from_pymovements(pymovements.Events(frame), screen, finding="freeview")
