"""`predict` and jobs over files, with models that need no weights."""

from __future__ import annotations

import csv
import json
import os
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import gazesearch
from gazesearch import FINDINGS, Scanpaths, create_model, list_models, predict, read_scanpaths
from gazesearch.datasets.image_files import find_images
from gazesearch.errors import BadSetting, DataError, UnknownName
from gazesearch.models.asked import Asked
from gazesearch.models.bulk import Done, predict_files
from gazesearch.models.bulk.job import PART_BATCHES

TRAIN = Scanpaths.of(
    [np.array([[112, 112, 0.2], [60 + 5 * k, 64, 0.4], [150, 90 + k, 0.3]]) for k in range(13)],
    image=[f"{k}.png" for k in range(13)],
    finding=FINDINGS,
    screen_size=(224, 224),
)


@pytest.fixture(scope="module")
def drawing_model() -> Any:
    """A model whose every prediction is a draw."""
    return create_model("finding-density").fit(TRAIN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    (root / "p1").mkdir(parents=True)
    for number in range(10):
        grey = np.full((30 + number, 50), 20 * number, np.uint8)
        PIL.Image.fromarray(grey).save(root / ("p1" if number % 2 else "") / f"{number}.png")
    return root


# -- models by name


def test_every_listed_model_can_be_made_and_controls_are_fitted() -> None:
    assert list_models()[:2] == ("chestsearch", "nextgaze")
    for name in list_models()[2:]:
        assert create_model(name).name == name
    with pytest.raises(BadSetting, match="is a control, without weights"):
        create_model("medoid", weights="a.pt")
    with pytest.raises(UnknownName, match="did you mean chestsearch"):
        create_model("chestsearc")


# -- one call


def test_images_are_arrays_files_or_folders(folder: Path) -> None:
    model = create_model("medoid").fit(TRAIN)
    array = np.zeros((30, 40), np.uint8)
    assert predict(model, array).image.tolist() == ["image"] * 13
    assert predict(model, {"a": array, "b": array}, "edema").image.tolist() == ["a", "b"]
    assert predict(model, folder / "0.png", "edema").image.tolist() == ["0.png"]
    two = predict(model, [folder / "2.png", str(folder / "p1" / "3.png")], ["edema", "fracture"])
    assert two.image.tolist() == ["2.png", "2.png", "3.png", "3.png"]
    assert two.finding.tolist() == ["edema", "fracture"] * 2
    assert len(predict(model, folder)) == 130


def test_an_image_has_the_same_draws_whatever_else_is_asked(
    folder: Path, drawing_model: Any
) -> None:
    every = predict(drawing_model, folder, samples=3, rng=7)
    assert every.draw.tolist() == [0, 1, 2] * 130
    alone = predict(drawing_model, {"p1/5.png": np.zeros((9, 9), np.uint8)}, samples=3, rng=7)
    same = every.where(image="p1/5.png")
    np.testing.assert_array_equal(alone.fixations, same.fixations)
    other = every.where(image="p1/7.png")
    assert not np.array_equal(other.fixations, same.fixations)
    again = predict(drawing_model, folder, samples=3, rng=8)
    assert not np.array_equal(again.fixations, every.fixations)


def test_a_typical_path_is_one_of_64_draws(drawing_model: Any) -> None:
    image = {"a": np.zeros((30, 30), np.uint8)}
    typical = predict(drawing_model, image, "edema", decode="typical", rng=1)
    draws = predict(drawing_model, image, "edema", samples=64, rng=1)
    assert "draw" not in typical.fields
    assert any(np.array_equal(typical[0].fixations, draw.fixations) for draw in draws)


def test_native_paths_are_those_of_the_model_stretched(folder: Path, drawing_model: Any) -> None:
    ours = predict(drawing_model, folder, "edema", rng=0)
    native = predict(drawing_model, folder, "edema", rng=0, frame="native")
    assert ours.info.frame == "224x224"
    assert native.info.screen_size is None
    row = native.image.tolist().index("p1/9.png")
    assert native.screen_sizes[row].tolist() == [50, 39]
    np.testing.assert_allclose(
        native[row].fixations[:, :2], ours[row].fixations[:, :2] * (50 / 224, 39 / 224)
    )
    np.testing.assert_array_equal(native.durations, ours.durations)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"findings": "edma"}, "unknown finding 'edma': did you mean edema"),
        ({"findings": []}, "name at least one"),
        ({"decode": "beam"}, "must be one of greedy, sample, typical"),
        ({"decode": "greedy", "samples": 2}, "greedy gives one path: decode by sample"),
        ({"samples": 0}, "must be 1 or more"),
        ({"frame": "mine"}, "must be one of model, native"),
        ({"rng": -1}, "must be 0 or more"),
        ({"decode": "typical"}, "medoid says nothing of the next fixation"),
    ],
)
def test_a_setting_outside_its_range_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(gazesearch.GazeSearchError, match=says):
        predict(create_model("medoid").fit(TRAIN), np.zeros((9, 9), np.uint8), **settings)


@pytest.mark.parametrize(
    "images",
    [PIL.Image.new("L", (9, 9)), [np.zeros((9, 9), np.uint8)], None, (name for name in ("a.png",))],
    ids=lambda images: type(images).__name__,
)
def test_images_of_another_type_are_refused_and_told_how(images: Any) -> None:
    with pytest.raises(BadSetting, match=r"give \{\"a.png\": numpy.asarray\(image\)\}"):
        predict(create_model("medoid").fit(TRAIN), images, "edema")


# -- a job


def run(model: Any, folder: Path, output: Path, **settings: Any) -> Done:
    options = {name: settings.pop(name) for name in ("batch", "draw", "inputs") if name in settings}
    asked = Asked.of(**{"rng": 0, "findings": ["edema", "fracture"], **settings})
    return predict_files(model, find_images([folder]), output, asked, **options)


@pytest.mark.parametrize("ending", [".json", ".csv", ".parquet"])
@pytest.mark.parametrize("frame", ["model", "native"])
def test_a_job_writes_what_one_call_gives(
    drawing_model: Any, folder: Path, tmp_path: Path, ending: str, frame: Any
) -> None:
    output = tmp_path / "out" / f"a{ending}"
    done = run(drawing_model, folder, output, batch=1, samples=2, frame=frame)
    assert (done.images, done.paths, done.rejected, done.rejects) == (10, 40, 0, None)
    assert sorted(file.name for file in output.parent.iterdir()) == [
        f"a{ending}",
        f"a{ending}.run.json",
    ]
    expected = predict(drawing_model, folder, ["edema", "fracture"], samples=2, rng=0, frame=frame)
    found = read_scanpaths(output, predictions=True)
    assert found.image.tolist() == expected.image.tolist()
    np.testing.assert_array_equal(found.fixations, expected.fixations)
    np.testing.assert_array_equal(found.screen_sizes, expected.screen_sizes)
    np.testing.assert_array_equal(found.draw, expected.draw)


def test_the_run_record_says_what_the_paths_depend_on(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "a.json"
    done = run(drawing_model, folder, output, rng=5, inputs={"weights": "w sha256:00"})
    record = json.loads(done.run.read_text())
    assert record["settings"]["findings"] == ["edema", "fracture"]
    assert record["settings"]["frame"] == "model"
    assert record["seed"] == 5
    assert record["inputs"]["weights"] == "w sha256:00"
    assert record["inputs"]["images"].startswith("10 names and sizes sha256:")
    assert record["output"] == {"a.json": gazesearch.files.digest(output)}
    assert record["versions"]["gazesearch"] == gazesearch.__version__


def test_a_broken_off_job_goes_on_and_gives_the_same_bytes(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    run(drawing_model, folder, whole, batch=1)
    for allowed in (PART_BATCHES + 1, 1):  # the second breaks off before its part is finished
        with pytest.raises(KeyboardInterrupt):
            run(_Stops(drawing_model, allowed), folder, broken, batch=1)
        assert not broken.exists()
    assert (tmp_path / "broken.json.partial" / "part-000000.json").exists()
    counted = _Stops(drawing_model, 100)
    assert run(counted, folder, broken, batch=1).resumed
    assert counted.asked == 10 - PART_BATCHES
    assert broken.read_bytes() == whole.read_bytes()
    assert not (tmp_path / "broken.json.partial").exists()


class _Stops:
    """A model that is interrupted after so many images."""

    needs_images = False
    predicts_durations = True

    def __init__(self, model: Any, allowed: int) -> None:
        self.model, self.allowed, self.asked, self.name = model, allowed, 0, model.name

    def predict(self, *arguments: Any, **options: Any) -> Scanpaths:
        if self.asked == self.allowed:
            raise KeyboardInterrupt
        self.asked += 1
        return self.model.predict(*arguments, **options)

    def sample(self, *arguments: Any, **options: Any) -> Scanpaths:
        return self.model.sample(*arguments, **options)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rng": 1}, r"another seed \(0, now 1\)"),
        ({"findings": "edema"}, r"another findings"),
        ({"frame": "native"}, r'another frame \("model", now "native"\)'),
        ({"inputs": {"weights": "other"}}, r"another weights \(null, now \"other\"\)"),
        ({"batch": 2}, r"another batch \(1, now 2\)"),
    ],
)
def test_a_broken_off_job_is_not_gone_on_with_by_another(
    drawing_model: Any, folder: Path, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    output = tmp_path / "a.json"
    with pytest.raises(KeyboardInterrupt):
        run(_Stops(drawing_model, 5), folder, output, batch=1)
    with pytest.raises(BadSetting, match=says) as caught:
        run(drawing_model, folder, output, **{"batch": 1, **change})
    assert "\n" not in str(caught.value)
    assert "remove the folder to begin anew" in str(caught.value)


@pytest.mark.parametrize("time", [1, 2**61], ids=["to an older one", "to a newer one"])
def test_a_changed_image_is_noticed(
    drawing_model: Any, folder: Path, tmp_path: Path, time: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(_Stops(drawing_model, 5), folder, tmp_path / "a.json", batch=1)
    os.utime(folder / "0.png", ns=(time, time))
    with pytest.raises(BadSetting, match="times when images were changed"):
        run(drawing_model, folder, tmp_path / "a.json", batch=1)


@pytest.mark.parametrize("broken_off_at", range(8))
def test_a_job_broken_off_while_it_tidies_up_can_be_run_again(
    drawing_model: Any,
    folder: Path,
    tmp_path: Path,
    broken_off_at: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, unlink, removed = tmp_path / "a.json", Path.unlink, list[str]()

    def stops(file: Path, **options: Any) -> None:
        if file.name.startswith(("part-", "job", ".lock")):
            if len(removed) == broken_off_at:
                raise KeyboardInterrupt
            removed.append(file.name)
        unlink(file, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", stops)
        with pytest.raises(KeyboardInterrupt):
            run(drawing_model, folder, output, batch=1)
    before = output.read_bytes()
    assert run(drawing_model, folder, output, batch=1).paths == 20
    assert output.read_bytes() == before
    assert not (tmp_path / "a.json.partial").exists()


def test_a_part_whose_paths_are_gone_is_made_again(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    run(drawing_model, folder, whole, batch=1)
    with pytest.raises(KeyboardInterrupt):
        run(_Stops(drawing_model, PART_BATCHES + 1), folder, broken, batch=1)
    paths = tmp_path / "broken.json.partial" / "part-000000.parquet"
    paths.unlink()
    run(drawing_model, folder, broken, batch=1)
    assert broken.read_bytes() == whole.read_bytes()


def test_paths_that_are_damaged_say_what_to_do(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(_Stops(drawing_model, PART_BATCHES + 1), folder, tmp_path / "a.json", batch=1)
    (tmp_path / "a.json.partial" / "part-000000.parquet").write_bytes(b"")  # the power failed
    with pytest.raises(DataError, match=r"is damaged: remove .*a\.json\.partial and begin anew"):
        run(drawing_model, folder, tmp_path / "a.json", batch=1)


class _Meanwhile(_Stops):
    """A model during whose first prediction something happens."""

    def __init__(self, model: Any, happens: Any) -> None:
        super().__init__(model, 1000)
        self.happens = happens

    def predict(self, *arguments: Any, **options: Any) -> Scanpaths:
        if self.asked == PART_BATCHES:
            self.happens()
        return super().predict(*arguments, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no lock on Windows")
def test_two_jobs_do_not_write_one_output(drawing_model: Any, folder: Path, tmp_path: Path) -> None:
    refused = list[str]()

    def second() -> None:
        with pytest.raises(BadSetting, match="another process is at work on this output") as caught:
            run(drawing_model, folder, tmp_path / "a.json", batch=1)
        refused.append(str(caught.value))

    assert run(_Meanwhile(drawing_model, second), folder, tmp_path / "a.json", batch=1).paths == 20
    assert len(refused) == 1
    assert len(read_scanpaths(tmp_path / "a.json", predictions=True)) == 20


def test_no_output_is_written_of_which_parts_are_gone(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    work = tmp_path / "a.json.partial"
    model = _Meanwhile(drawing_model, lambda: shutil.rmtree(work))
    with pytest.raises(DataError, match="is gone: run the same command again"):
        run(model, folder, tmp_path / "a.json", batch=1)
    assert not (tmp_path / "a.json").exists()


def test_outputs_of_one_stem_have_their_own_records(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    (folder / "text.png").write_text("no image")
    first = run(drawing_model, folder, tmp_path / "a.json")
    (folder / "text.png").unlink()
    second = run(drawing_model, folder, tmp_path / "a.csv")
    assert first.rejects is not None
    assert first.rejects.exists()
    for done in (first, second):
        assert list(json.loads(done.run.read_text())["output"]) == [done.output.name]


def test_a_folder_that_is_no_work_folder_is_left_alone(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "a.json.partial" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(DataError, match="move it away"):
        run(drawing_model, folder, tmp_path / "a.json")
    assert mine.read_text() == "mine"


# -- images that are none


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def test_hostile_images_are_listed_and_the_rest_goes_on(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    (folder / "text.png").write_text("=cmd()")
    grey = np.arange(120_000, dtype=np.uint8).reshape(300, 400)
    PIL.Image.fromarray(grey).save(folder / "cut.jpg")
    content = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(content[: len(content) // 2])
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)  # of 400 million grey pixels
    bomb = b"".join(map(chunk, (b"IHDR", b"IDAT", b"IEND"), (header, zlib.compress(b""), b"")))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bomb)
    PIL.Image.new("L", (1, 1)).save(folder / "one.png")
    for name in ("new\nline.png", "\x1b[31mred.png"):
        PIL.Image.new("L", (1, 1)).save(folder / name)
    output = tmp_path / "a.json"
    done = run(drawing_model, folder, output, batch=3, frame="native")
    assert (done.images, done.rejected) == (11, 5)
    with (tmp_path / "a.json.rejects.csv").open(encoding="utf-8", newline="") as file:
        rows = dict(csv.reader(file))
    assert rows.pop("name") == "reason"
    assert {name: reason.split(":")[0] for name, reason in rows.items()} == {
        r"\x1b[31mred.png": "the name has letters that cannot be printed",
        "bomb.png": f"has over {PIL.Image.MAX_IMAGE_PIXELS:,} pixels",
        "cut.jpg": "is cut off or broken",
        r"new\nline.png": "the name has letters that cannot be printed",
        "text.png": "is neither a PNG nor a JPEG image",
    }
    assert str(tmp_path) not in done.rejects.read_text()
    found = read_scanpaths(output, predictions=True)
    one = found.where(image="one.png")
    assert len(one) == 2
    assert (one.fixations[:, :2] < 1).all()


def test_what_no_file_can_be_is_listed_without_the_path(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes((folder / "0.png").read_bytes())
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "dangling.png").symlink_to("absent.png")
    listed = tmp_path / "films.txt"
    listed.write_bytes(b"films/0.png\nnul\0.png\n" + b"x" * 5000 + b".png\n/\n.\n")
    done = predict_files(
        drawing_model, find_images([folder], listed=[listed]), tmp_path / "a.json",
        Asked.of("edema", rng=0),
    )  # fmt: skip
    assert done.images == 11  # films/0.png is another name of 0.png
    assert done.rejects is not None
    with done.rejects.open(encoding="utf-8", newline="") as file:
        rows = dict(csv.reader(file))
    assert rows["out.png"] == "image 'out.png' leads out of the folder"
    assert {r"nul\x00.png", "loop.png", "dangling.png", ".", "", "x" * 5000 + ".png"} < set(rows)
    assert str(tmp_path) not in done.rejects.read_text()


def test_rejects_of_an_earlier_run_do_not_stay(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    (folder / "text.png").write_text("no image")
    assert run(drawing_model, folder, tmp_path / "a.json").rejected == 1
    (folder / "text.png").unlink()
    assert run(drawing_model, folder, tmp_path / "a.json").rejects is None
    assert not (tmp_path / "a.json.rejects.csv").exists()


def test_where_nothing_can_be_predicted_there_is_no_output(
    drawing_model: Any, tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.png").write_text("no image")
    with pytest.raises(DataError, match="none of the 1 images could be predicted"):
        run(drawing_model, tmp_path / "films", tmp_path / "a.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json.rejects.csv", "films"]


def test_csv_rejects_a_name_that_it_cannot_hold(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    (folder / "0.png").rename(folder / " 0.png")
    assert run(drawing_model, folder, tmp_path / "a.csv").rejected == 1
    assert run(drawing_model, folder, tmp_path / "a.json").rejected == 0


# -- pictures


def test_there_is_a_picture_of_every_image_and_finding(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    draw = tmp_path / "pictures"
    for number in (5, 7, 9):
        (folder / "p1" / f"{number}.png").unlink()
    run(drawing_model, folder / "p1", tmp_path / "a.json", draw=draw, samples=2, findings="edema")
    found = [file.relative_to(draw).as_posix() for file in draw.rglob("*.png") if file.is_file()]
    assert sorted(found) == ["1.png/edema.png", "3.png/edema.png"]


def test_pictures_are_not_put_among_the_images(
    drawing_model: Any, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadSetting, match="is searched for images: draw elsewhere"):
        run(drawing_model, folder, tmp_path / "a.json", draw=folder / "pictures")
    assert not (folder / "pictures").exists()
