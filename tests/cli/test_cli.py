"""The command line, run as a user runs it: processes, files, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

HELP = (
    "evaluate", "compare", "validate", "audit", "predict", "convert", "show", "phantom", "protocol",
    "submit-check", "leaderboard", "report", "demo", "doctor", "train",
)  # fmt: skip


Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gazesearch.cli", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=300,
        check=False,
    )


def record(**changes: object) -> dict[str, object]:
    return {
        "name": "a.jpg",
        "task": "edema",
        "X": [112, 60, 80],
        "Y": [112, 64, 90],
        "T": [0.2, 0.3, 0.4],
        **changes,
    }


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions and annotations of one record each."""
    predictions, annotations = tmp_path / "predictions.json", tmp_path / "annotations.json"
    predictions.write_text(json.dumps([record(X=[112, 70, 80])]))
    annotations.write_text(json.dumps([record()]))
    return predictions, annotations


def test_released_predictions_are_scored_by_one_command(
    annotations_file: Path, predictions_file: Path, tmp_path: Path
) -> None:
    found = run(
        "evaluate", predictions_file, "--annotations", annotations_file, "--json",
        "--output", tmp_path / "out",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    assert result["records"] == {"scored": 488, "missing": 0, "surplus": 4387, "duplicated": 0}
    scanmatch = result["metrics"]["scanmatch"]
    assert round(scanmatch["mean"], 4) == 0.4395
    assert (scanmatch["n"], scanmatch["undefined"]) == (488, 0)
    assert scanmatch["higher_is_better"] is True
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "results.json", "scores.parquet", "summary.csv", "summary.md",
    ]  # fmt: skip


def test_the_table_shows_direction_n_and_refusals(
    command: Command, files: tuple[Path, Path]
) -> None:
    predictions, annotations = files
    found = command("evaluate", predictions, "--annotations", annotations)
    assert found.returncode == 0, found.stderr
    assert "ScanMatch ↑" in found.stdout
    assert "SED [edits] ↓" in found.stdout
    assert "not computed: tfp_area" in found.stdout


def test_a_terminal_that_has_no_arrow_gets_its_number_instead(files: tuple[Path, Path]) -> None:
    found = run("evaluate", files[0], "--annotations", files[1], PYTHONIOENCODING="latin-1")
    assert found.returncode == 0, found.stderr
    assert "ScanMatch \\u2191" in found.stdout


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"X": [1, 2]}, (), "record 0, X, Y, T"),
        ({"Y": [1, 2, 999]}, (), "record 0, Y[2]: 999: is off the screen"),
        ({"task": "cough"}, ("--dataset", "gazesearch"), "record 0, task"),
        ({"T": [0.1, -1, 0.1]}, (), "record 0, T[1]: -1: is negative"),
        ({"name": "b.jpg"}, (), "have no prediction"),
        ({}, ("--metrics", "scanmatsh"), "did you mean scanmatch"),
        ({}, ("--metrics", ","), "metrics: none is named"),
        ({}, ("--split", "test"), "unknown split"),
        ({}, ("--screen-size", "big"), "--screen-size 'big'"),
        ({}, ("--max-size", "10"), "over the limit of 10"),
        ({}, ("--dataset", "imagenet"), "unknown dataset 'imagenet'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value)[:30],
)
def test_a_mistake_gets_one_line_and_status_2(
    command: Command,
    files: tuple[Path, Path],
    changes: dict[str, object],
    options: tuple[str, ...],
    said: str,
) -> None:
    predictions, annotations = files
    annotations.write_text(json.dumps([record(**changes)]))
    found = command("evaluate", predictions, "--annotations", annotations, *options)
    assert found.returncode == 2
    assert said in found.stderr
    assert found.stderr.startswith("gazesearch: ")
    assert len(found.stderr.splitlines()) == 1
    assert not found.stdout


def test_the_traceback_is_there_for_who_asks(tmp_path: Path) -> None:
    found = run("validate", tmp_path / "none.json", GAZESEARCH_DEBUG="1")
    assert "Traceback" in found.stderr
    assert found.returncode == 2
    assert "Traceback" not in run("validate", tmp_path / "none.json", GAZESEARCH_DEBUG="0").stderr


def test_lenient_drops_faulty_records_and_lists_them(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text(json.dumps([record(), record(name="b.jpg", X=[1])]))
    refused = command("validate", file)
    assert refused.returncode == 2
    assert "record 1, X, Y, T" in refused.stderr
    kept = command("validate", file, "--lenient")
    assert kept.returncode == 0
    assert "1 path" in kept.stdout
    assert "dropped record 1, X, Y, T" in kept.stdout


def test_lenient_evaluation_names_what_it_left_out(
    command: Command, files: tuple[Path, Path]
) -> None:
    predictions, annotations = files
    annotations.write_text(json.dumps([record(), record(name="b.jpg", X=[1])]))
    found = command("evaluate", predictions, "--annotations", annotations, "--lenient")
    assert found.returncode == 0, found.stderr
    assert "references: dropped record 1, X, Y, T" in found.stdout


@pytest.mark.parametrize("name", HELP)
def test_every_command_teaches_by_example(command: Command, name: str) -> None:
    found = command(name, "--help")
    assert found.returncode == 0
    assert f"gazesearch {name}" in found.stdout


def test_doctor_names_versions_cores_and_cache() -> None:
    found = json.loads(run("doctor", "--json").stdout)
    assert found["versions"]["numba"]
    assert found["cores"] >= 1
    assert "kernel_cache" in found
    assert "train" in found["extras"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and output of a small demo."""
    folder = tmp_path_factory.mktemp("demo")
    found = run("demo", folder, "--images", "10", "--seed", "3")
    assert found.returncode == 0, found.stderr
    return folder, found.stdout


def test_the_demo_scores_four_predictors_in_one_table(demo: tuple[Path, str]) -> None:
    folder, said = demo
    assert "observer typical image-free random records scored" in " ".join(said.split())
    assert said.count("ScanMatch ↑") == 1
    names = {"observer", "typical", "image-free", "random"}
    assert {path.name for path in (folder / "results").iterdir()} == names
    assert all((folder / "results" / name / "summary.md").is_file() for name in names)


def test_the_demo_draws_each_of_its_first_test_images(demo: tuple[Path, str]) -> None:
    folder, said = demo
    pictures = list((folder / "pictures").iterdir())
    assert len(pictures) == 2  # 2 of 10 images are of test
    for path in pictures:
        assert path.name in said
        with PIL.Image.open(path) as picture:
            assert picture.width > picture.height  # panels side by side


def test_the_demo_makes_the_same_files_from_the_same_seed(
    command: Command, demo: tuple[Path, str], tmp_path: Path
) -> None:
    found = command("demo", tmp_path, "--images", "10", "--seed", "3")
    assert found.returncode == 0, found.stderr
    made = [
        path
        for path in demo[0].rglob("*")
        if path.suffix in (".json", ".png") and path.name != "results.json"
    ]
    assert len(made) == 18  # 10 images, annotations, description, 4 predictions, 2 pictures
    for path in made:
        twin = tmp_path / path.relative_to(demo[0])
        assert path.read_bytes() == twin.read_bytes()


def test_the_commands_that_the_demo_prints_work(
    command: Command, demo: tuple[Path, str], tmp_path: Path
) -> None:
    printed = [line.split() for line in demo[1].splitlines() if line.startswith("  gazesearch")]
    assert [words[1] for words in printed] == ["evaluate", "show"]
    for words in printed:
        picture = str(tmp_path / "paths.png")
        again = command(*(picture if word == "paths.png" else word for word in words[1:]))
        assert again.returncode == 0, again.stderr
    assert (tmp_path / "paths.png").stat().st_size > 10_000


def test_output_that_nobody_reads_is_no_error(files: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "gazesearch.cli", "evaluate", str(files[0])]
    process = subprocess.Popen(
        [*command, "--annotations", str(files[1])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, stderr = process.communicate(timeout=300)
    assert stderr == b""


def test_an_error_of_ours_is_one_line_and_another_status() -> None:
    code = (
        "import sys\n"
        "from gazesearch import cli\n"
        "@cli.app.command()\n"
        "def broken() -> None:\n"
        "    raise RuntimeError('no such case')\n"
        "sys.argv = ['gazesearch', 'broken']\n"
        "cli.main()\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert found.returncode == 70
    assert found.stderr.startswith(b"gazesearch: internal error, please report it: RuntimeError")
    assert len(found.stderr.splitlines()) == 1


def test_options_reach_the_evaluation(command: Command, tmp_path: Path) -> None:
    predictions, annotations = tmp_path / "p.json", tmp_path / "a.json"
    paths = [record(task="cough"), record(task="sneeze")]
    predictions.write_text(json.dumps(paths[:1]))
    annotations.write_text(json.dumps(paths))
    found = command(
        "evaluate", predictions, "--annotations", annotations, "--screen-size", "300x200",
        "--first-fixation", "prepend", "--duration-unit", "s", "--metrics", "length_error dtw",
        "--allow-missing", "--by", "finding", "--json", "--output", tmp_path / "out",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    result = json.loads(found.stdout)
    assert result["dataset"]["screen_size"] == [300, 200]
    assert result["first_fixation"] == "prepend"
    assert result["records"] == {"scored": 1, "missing": 1, "surplus": 0, "duplicated": 0}
    assert list(result["metrics"]) == ["length_error", "dtw"]
    assert list(result["groups"]) == ["cough", "sneeze"]
    assert result["groups"]["cough"]["metrics"]["length_error"]["mean"] == 1
    assert result["groups"]["sneeze"]["metrics"]["length_error"]["mean"] == 4
    assert "sneeze" in (tmp_path / "out" / "summary.csv").read_text()


def test_the_table_shows_the_groups_asked_for(command: Command, files: tuple[Path, Path]) -> None:
    found = command("evaluate", files[0], "--annotations", files[1], "--by", "length")
    assert "3 fixations" in found.stdout


def test_a_unit_in_doubt_is_settled_by_its_option(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "paths.json"
    file.write_text(json.dumps([record(T=[0.2, 0.3, 61])]))
    for words in (["validate", file], ["evaluate", file, "--annotations", file]):
        assert "give duration_unit" in command(*words).stderr
        settled = command(*words, "--duration-unit", "s")
        assert settled.returncode == 0, settled.stderr


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    command: Command,
    files: tuple[Path, Path],
) -> None:
    predictions, annotations = files
    found = command("evaluate", predictions, "--annotations", annotations, "--output", annotations)
    assert found.returncode == 2
    assert "no folder to write to" in found.stderr


def test_a_full_disk_gets_one_line(files: tuple[Path, Path]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    command = [sys.executable, "-m", "gazesearch.cli", "validate", str(files[0])]
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert found.returncode == 2
    assert b"Traceback" not in found.stderr
