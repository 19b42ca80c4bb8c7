"""BIDS folders: fixations as events, there and back, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from gazesearch import Scanpaths
from gazesearch.errors import DataError, GazeSearchError
from gazesearch.formats.bids import read_bids, write_bids

STEM = "sub-1/beh/sub-1_task-edema_recording-eye1_physioevents"


def floats(paths: Scanpaths) -> Scanpaths:
    whole = np.zeros_like(paths.integers)
    return paths.with_parts(paths.fixations, paths.offsets, columns=paths.columns, integers=whole)


@pytest.mark.parametrize("data", ["odd", "annotations", "coco"])
def test_a_folder_holds_a_table(
    data: str, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    paths = request.getfixturevalue(data)[:400]
    write_bids(paths, tmp_path)
    assert "left out, since BIDS does not hold them: gaze samples" in caplog.text
    assert read_bids(tmp_path) == floats(paths)


def test_the_screen_is_told_where_bids_wants_it(odd: Scanpaths, tmp_path: Path) -> None:
    write_bids(odd[1:2], tmp_path, screen_size_m=(0.4, 0.3), screen_distance_m=0.6)
    told = json.loads((tmp_path / "task-edema_events.json").read_text())["StimulusPresentation"]
    assert told == {
        "ScreenOrigin": ["top", "left"],
        "ScreenResolution": [100, 80],
        "ScreenSize": [0.4, 0.3],
        "ScreenDistance": 0.6,
    }
    with pytest.raises(DataError, match="already holds sub-"):
        write_bids(odd, tmp_path)


def test_columns_are_described_in_words_that_bids_has(
    annotations: Scanpaths, tmp_path: Path
) -> None:
    columns: dict[str, list[object]] = {
        "seen": [True, False],
        "score": [1.5, 2.5],
        "times": [3, 4],
        "hand": ["l", "r"],
    }
    two = annotations[:2]
    more = two.columns
    for name, values in columns.items():
        more = more.replaced(name, values)
    paths = two.with_parts(two.fixations, two.offsets, columns=more, integers=two.integers)
    write_bids(paths, tmp_path)
    sidecars = [json.loads(f.read_text()) for f in tmp_path.glob("sub-*/beh/*_physioevents.json")]
    assert sidecars
    for told in sidecars:
        words = {name: told[name]["Format"] for name in columns}
        assert words == {"seen": "boolean", "score": "number", "times": "integer", "hand": "string"}
        assert "OnsetSource" not in told  # it names a column of samples, and there are none
    # The screen's JSON is no orphan: the events that it describes are there, without an onset.
    events = [f.read_text() for f in tmp_path.glob("sub-*/beh/*_events.tsv")]
    assert events == ["onset\tduration\n"] * len(sidecars)
    assert read_bids(tmp_path) == floats(paths)


def test_folders_that_say_bool_are_still_read(tmp_path: Path) -> None:
    names = ["onset", "duration", "trial_type", "x_coordinate", "y_coordinate", "stim_file", "seen"]
    told = {"Columns": names, "seen": {"Format": "bool"}}
    paths = read_bids(foreign(tmp_path, ROW.replace("a.png", "a.png\ttrue"), told))
    assert list(paths.columns.get("seen")) == [True]


def test_a_path_without_fixations_is_refused(tmp_path: Path) -> None:
    empty = Scanpaths.of([[]], image=["a"], finding="t", screen_size=(9, 9))
    with pytest.raises(DataError, match="BIDS cannot hold path 0, which has no fixations"):
        write_bids(empty, tmp_path)


# -- folders of others


def foreign(root: Path, rows: str, sidecar: dict[str, object] | None = None) -> Path:
    """A folder as an eye tracker's converter writes it."""
    names = ["onset", "duration", "trial_type", "x_coordinate", "y_coordinate", "stim_file"]
    pixel = {"Units": "pixel"}
    told = {"Columns": names, "x_coordinate": pixel, "y_coordinate": pixel} | (sidecar or {})
    (root / STEM).parent.mkdir(parents=True)
    (root / f"{STEM}.tsv.gz").write_bytes(gzip.compress(rows.encode()))
    (root / "task-edema_physioevents.json").write_text(json.dumps(told))
    screen = {"ScreenOrigin": ["top", "left"], "ScreenResolution": [100, 80]}
    events = {"TaskName": "edema", "StimulusPresentation": screen}
    (root / "task-edema_events.json").write_text(json.dumps(events))
    return root


ROW = "10\t250\tfixation\t1.5\t2\ta.png\n"


def test_events_of_others_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = ROW + "260\t20\tsaccade\tn/a\tn/a\ta.png\n" + ROW + "300\t100\tfixation\t5\t6\tb.png\n"
    paths = read_bids(foreign(tmp_path, rows, {"duration": {"Units": "ms"}}))
    assert paths.image.tolist() == ["a.png", "b.png"]
    assert paths.subject.tolist() == ["1", "1"]
    assert paths.fixations.tolist() == [[1.5, 2, 0.25], [1.5, 2, 0.25], [5, 6, 0.1]]
    assert paths.info.screen_size == (100, 80)
    assert "1 events that are no fixations" in caplog.text


@pytest.mark.parametrize(
    ("rows", "sidecar", "message"),
    [
        pytest.param("1\t2\n", {}, "line 1: 2 cells for 6 columns", id="cells"),
        pytest.param(ROW, {"Columns": 3}, "its JSON lists no Columns", id="columns"),
        pytest.param(ROW, {"Columns": ["onset", "message"]}, "it has no trial_type", id="messages"),
        pytest.param(ROW, {"x_coordinate": {"Units": "deg"}}, "counts in 'deg'", id="degrees"),
        pytest.param(ROW, {"x_coordinate": 5}, "x_coordinate counts in None", id="no-unit"),
        pytest.param(ROW, {"duration": {"Units": "min"}}, "duration counts in 'min'", id="minutes"),
        pytest.param(ROW, {"duration": {"Units": ["s"]}}, "duration counts in", id="list"),
        pytest.param(ROW.replace("1.5", "x"), {}, "must be a number", id="word"),
        pytest.param(ROW.replace("1.5", "900"), {}, "is off the screen of 100 x 80", id="off"),
        pytest.param(ROW.replace("a.png", "n/a"), {}, "on which image", id="no-image"),
        pytest.param(ROW.replace("1.5", "n/a"), {}, "must be a number", id="lost-track"),
    ],
)
def test_faulty_events_are_one_line(
    rows: str, sidecar: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(GazeSearchError, match=message) as caught:
        read_bids(foreign(tmp_path, rows, sidecar))
    assert len(str(caught.value).splitlines()) == 1


def _cut(root: Path) -> None:
    file = root / f"{STEM}.tsv.gz"
    file.write_bytes(file.read_bytes()[:-12])


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        pytest.param(_cut, "cannot be unpacked", id="cut"),
        pytest.param(
            lambda r: (r / f"{STEM}.tsv.gz").write_bytes(b"plain"), "cannot be unpacked", id="plain"
        ),
        pytest.param(
            lambda r: (r / f"{STEM}.tsv.gz").write_bytes(gzip.compress(b"\xff")),
            "is not UTF-8",
            id="bytes",
        ),
        pytest.param(
            lambda r: (r / f"{STEM}.tsv.gz").write_bytes(gzip.compress(b"\n" * 2**21)),
            "when unpacked: raise max_size",
            id="bomb",
        ),
        pytest.param(lambda r: (r / f"{STEM}.json").write_text("{"), "not JSON", id="json"),
        pytest.param(lambda r: (r / f"{STEM}.json").write_text("[]"), "JSON object", id="list"),
        pytest.param(
            lambda r: (r / f"{STEM}.json").write_text("[" * 100_000), "not JSON", id="deep"
        ),
        pytest.param(
            lambda r: (r / "task-edema_events.json").unlink(),
            "no StimulusPresentation",
            id="screen",
        ),
        pytest.param(
            lambda r: (r / "task-edema_events.json").write_text('{"StimulusPresentation": {}}'),
            "ScreenOrigin None: must be",
            id="origin",
        ),
        pytest.param(lambda r: (r / f"{STEM}.tsv.gz").unlink(), "no events to read", id="none"),
    ],
)
def test_damaged_folders_are_one_line(harm: object, message: str, tmp_path: Path) -> None:
    foreign(tmp_path, ROW)
    harm(tmp_path)  # type: ignore[operator]
    with pytest.raises(GazeSearchError, match=message) as caught:
        read_bids(tmp_path, max_size=2**20)
    assert len(str(caught.value).splitlines()) == 1


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    root = foreign(tmp_path / "set", ROW)
    secret = tmp_path / "secret.tsv.gz"
    (root / f"{STEM}.tsv.gz").rename(secret)
    (root / f"{STEM}.tsv.gz").symlink_to(secret)
    with pytest.raises(GazeSearchError, match="leads out of"):
        read_bids(root)
