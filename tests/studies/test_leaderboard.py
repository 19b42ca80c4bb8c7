"""Leaderboards in Python: the same bytes, whole additions, hostile folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths
from gazesearch.errors import BadSetting, DataError, FaultyBoard, GazeSearchError
from gazesearch.studies import About, Board, create_board, open_board
from gazesearch.studies.leaderboard_files import as_text

Predict = Callable[..., Scanpaths]
ABOUT = About(title="Ours", authors=("A. Reader",), date="2025-02-28", trained_on="train")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, annotations: Path, predict: Predict) -> Path:
    root = tmp_path_factory.mktemp("boards") / "board"
    board = create_board(
        root, annotations, title="Test", protocol="official", ranked_by="scanmatch"
    )
    board.add(predict(), "ours", ABOUT)
    board.add(predict(60), "theirs", replace(ABOUT, title="Theirs"))
    board.add_control("medoid")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copytree(made, tmp_path / "board")
    return tmp_path / "board"


@pytest.fixture
def board(root: Path, annotations: Path) -> Board:
    return open_board(root, annotations)


def fault(board: Board) -> str:
    with pytest.raises(FaultyBoard) as caught:
        board.standings()
    (line,) = caught.value.faults
    assert "\n" not in line
    return line


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_board_shows_ranks_controls_and_what_is_remarkable(board: Board) -> None:
    found = board.standings()
    rows = {row.name: row for row in found.rows}
    assert [rows[name].rank for name in ("ours", "theirs", "medoid")] == [1, 2, None]
    assert rows["medoid"].kind == "control"
    table = found.to_table()
    assert "medoid (control)" in table
    assert "medoid: copies of train: 24 of 24" in table


def test_order_format_and_unit_of_a_file_do_not_change_a_byte(
    annotations: Path, predict: Predict, tmp_path: Path
) -> None:
    ours = predict()
    shuffled = ours[np.random.default_rng(0).permutation(len(ours))]
    surplus = Scanpaths.concat([shuffled, ours[[0]].with_parts(
        ours[[0]].fixations, ours[[0]].offsets, integers=ours[[0]].integers,
        columns=ours[[0]].columns.replaced("name", ["other.jpg"]),
    )])  # fmt: skip
    gazesearch.write_scanpaths(surplus, tmp_path / "p.parquet")
    trees = []
    for number, source in enumerate((ours, tmp_path / "p.parquet")):
        board = create_board(tmp_path / str(number), annotations, title="T", protocol="official")
        board.add(source, "ours", ABOUT)
        trees.append(tree(board.root))
    assert trees[0] == trees[1]


def test_showing_a_board_writes_nothing_and_says_the_same_twice(board: Board) -> None:
    before = tree(board.root)
    first, second = board.standings(), board.standings()
    for show in ("to_table", "to_markdown", "to_html", "to_json"):
        assert getattr(first, show)() == getattr(second, show)()
    assert tree(board.root) == before


def test_altered_scores_are_named(board: Board) -> None:
    file = board.submissions / "ours" / "scores.json"
    fields = json.loads(file.read_text())
    fields["groups"]["all records"]["scanmatch"]["mean"] = 0.9
    file.write_text(json.dumps(fields, indent=1, sort_keys=True) + "\n")
    assert "scores.json: altered: groups, all records, scanmatch, mean is 0.9, but 0." in fault(
        board
    )
    assert board.rescore() == ["ours"]
    assert board.standings().rows[0].name == "ours"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("board.json", '"seed": 0', '"seed": 1', "board.json: edited"),
        ("board.json", '"ranked_by": "scanmatch"', '"ranked_by": "dtw"', "board.json: edited"),
        ("protocol.json", '"official"', '"oficial"', "is not the protocol that board.json names"),
    ],
)
def test_what_a_board_was_made_with_is_pinned(
    root: Path, annotations: Path, file: str, old: str, new: str, said: str
) -> None:
    text = (root / file).read_text()
    assert old in text
    (root / file).write_text(text.replace(old, new))
    with pytest.raises(DataError, match=said):
        open_board(root, annotations)


def _digest(root: Path) -> None:
    file = root / "ours" / "submission.json"
    file.write_text(file.read_text().replace("sha256:", "sha256:0"))


def _missing(root: Path) -> None:
    """Predictions and digest agree, but a record was taken out."""
    from gazesearch.studies.leaderboard_files import digest_of

    file, about = root / "ours" / "predictions.json", root / "ours" / "submission.json"
    lines = file.read_text().splitlines()
    old, new = file.read_text(), "\n".join([lines[0], *lines[2:]]) + "\n"
    file.write_text(new)
    about.write_text(about.read_text().replace(digest_of(old), digest_of(new)))


def _link(root: Path) -> None:
    file = root / "ours" / "predictions.json"
    file.rename(root.parent / "elsewhere.json")
    file.symlink_to(root.parent / "elsewhere.json")


def _title(root: Path) -> None:
    file = root / "ours" / "submission.json"
    file.write_text(file.read_text().replace('"Ours"', '"\\u001b[2J"'))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_digest, "predictions.json: altered: its digest is"),
        (_missing, "missing: 1 of 24 records have no prediction"),
        (_link, "predictions.json: is a symbolic link"),
        (_title, "title '\\x1b[2J': must be a text"),
        (lambda r: shutil.copytree(r / "ours", r / "twin"), "has the same predictions as ours"),
        (lambda r: (r / "twin").symlink_to(r / "ours"), "'twin': is no folder of its own"),
        (lambda r: (r / "ours" / "run.py").touch(), "'run.py' does not belong there"),
        (lambda r: (r / "ours" / "scores.json").unlink(), "'scores.json' is missing"),
        (lambda r: (r / "\x1b[2J").mkdir(), "'\\x1b[2J': name"),
        (lambda r: (r / ".x.part").mkdir(), "of an `add` that goes on: wait; or of one that"),
        (lambda r: (r / "medoid").rename(r / "mine"), "controls, and only they"),
        (lambda r: (r / "ours" / "submission.json").write_text("[" * 100_000), "too deeply"),
        (lambda r: (r / "ours" / "submission.json").write_text('{"seed": ' + "9" * 9999 + "}"),
         "submission.json: "),
        (lambda r: (r / "ours" / "submission.json").write_text(" " * 2**21), "over the limit"),
        (lambda r: (r / "ours" / "predictions.json").write_bytes(b"\x1f\x8b\x08" + bytes(99)),
         "is not UTF-8"),
        (lambda r: (r / "ours" / "predictions.json").write_text("[" * 100_000), "too deeply"),
    ],
)  # fmt: skip
def test_a_damaged_entry_gets_one_line(
    board: Board, damage: Callable[[Path], object], said: str
) -> None:
    damage(board.submissions)
    assert said in fault(board)


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "a/b",
        "",
        ".hidden",
        "UPPER",
        "con",
        "a..b",
        "x" * 65,
        "\x1b[2J",
        "a b",
        "<b>",
        "a\n",
    ],
)
def test_a_name_that_is_no_folder_on_every_system_is_refused(
    board: Board, predict: Predict, name: str
) -> None:
    with pytest.raises(BadSetting, match="must be 1 to 64"):
        board.add(predict(20), name, ABOUT)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "\u202eevil"}, {"title": ""}, {"authors": ()}, {"authors": ("a\nb",)},
        {"link": "javascript:alert(1)"}, {"link": 'https://x.org/"onclick='},
        {"date": "yesterday"}, {"date": "2025-02-30"}, {"trained_on": "x" * 201},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_said_of_a_submission_is_checked(changes: dict[str, object]) -> None:
    with pytest.raises(GazeSearchError) as caught:
        replace(ABOUT, **changes)  # type: ignore[arg-type]
    assert str(caught.value).isprintable()


def test_an_addition_that_fails_leaves_nothing(
    board: Board, predict: Predict, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(board.root)
    folders = sorted(board.submissions.iterdir())
    with pytest.raises(FaultyBoard, match="has the same predictions as ours"):
        board.add(predict(), "again", ABOUT)
    with pytest.raises(FaultyBoard, match="copies of test"):
        board.add(board.truth.scored, "cheat", ABOUT)
    with pytest.raises(BadSetting, match="has one of this name"):
        board.add(predict(20), "ours", ABOUT)
    with pytest.raises(BadSetting, match="what a control is called"):
        board.add(predict(20), "fixed-path", ABOUT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(GazeSearchError, match="No space left"):
        board.add(predict(20), "late", ABOUT)
    assert tree(board.root) == before
    assert sorted(board.submissions.iterdir()) == folders


def test_a_board_refuses_gaps_in_what_ranks_when_it_is_added_and_when_it_is_read(
    annotations: Path, predict: Predict, tmp_path: Path
) -> None:
    """A control may have them: it bears no rank."""
    ours = predict()
    cut = Scanpaths.of(
        [path.fixations[: 1 if row == 3 else None] for row, path in enumerate(ours)],
        image=ours.image, finding=ours.finding, info=ours.info,
    )  # fmt: skip
    boards = [
        create_board(tmp_path / ranks, annotations, title="T", protocol="official", ranked_by=ranks)
        for ranks in ("scanmatch", "multimatch_shape")
    ]
    boards[0].add(cut, "ours", ABOUT)
    with pytest.raises(FaultyBoard, match="ours: gaps: 1 prediction has no value"):
        boards[1].add(cut, "ours", ABOUT)
    shutil.copytree(boards[0].submissions / "ours", boards[1].submissions / "ours")
    assert "ours: gaps: 1 prediction has no value of multimatch_shape" in fault(boards[1])
    entry = boards[0].submissions / "ours" / "submission.json"
    fields = json.loads(entry.read_text()) | {
        "kind": "control", "title": "medoid", "authors": [], "date": None, "trained_on": None,
    }  # fmt: skip
    shutil.rmtree(boards[1].submissions / "ours")
    entry.write_text(as_text(fields))
    shutil.copytree(boards[0].submissions / "ours", boards[1].submissions / "medoid")
    assert [row.rank for row in boards[1].standings().rows] == [None]


def test_a_control_that_is_not_its_own_is_found_by_fitting_it_again(
    root: Path, board: Board, predict: Predict
) -> None:
    assert len(board.check(controls=True).rows) == 3
    folder = board.submissions / "medoid"
    about = (folder / "submission.json").read_text()
    shutil.rmtree(folder)
    entry = board.add(predict(5), "mine", ABOUT)
    (board.submissions / "mine").rename(folder)
    old = json.loads(about)["predictions"]
    (folder / "submission.json").write_text(about.replace(old, entry.digest))
    board.standings()
    with pytest.raises(FaultyBoard, match="medoid: altered: the control predicts otherwise"):
        board.check(controls=True)


def test_other_annotations_and_another_protocol_are_refused(
    root: Path, annotations: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(annotations.read_text() + "\n")
    with pytest.raises(DataError, match="made for annotations of digest"):
        open_board(root, other)
    file = root / "protocol.json"
    file.write_text(file.read_text().replace('"12.jpg"', '"13.jpg"'))
    with pytest.raises(DataError, match="altered"):
        open_board(root, annotations)


def test_nothing_that_people_write_becomes_markup(board: Board, predict: Predict) -> None:
    nasty = "<script>alert('x')</script>|*_[x](y)`\"&"
    board.add(
        predict(20),
        "nasty",
        About(title=nasty, authors=(nasty,), date="2025-01-01", trained_on=nasty),
    )
    found = board.standings()
    page, text = found.to_html(), found.to_markdown()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 5
    assert "<script" not in text.replace("\\<", "")
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    for line in text.splitlines():
        if line.startswith("|") and "script" in line:
            assert line.replace("\\|", "").count("|") in (4, 12)


def test_pages_name_what_ranks_and_who_is_who(board: Board) -> None:
    found = board.standings()
    page, text = found.to_html(), found.to_markdown()
    assert '<span class="by">ScanMatch ↑, </span>all records' in page  # narrow screens have no bars
    assert "<small>ours: A. Reader, 2025-02-28</small>" in page  # ties are told by these names
    assert "| rank | submission | ScanMatch ↑, all records" in text
    assert "| --- | --- | ---: |" in text
    assert "Ties need not carry over" in page


def test_rows_stand_in_the_order_of_means_where_lower_is_better(
    annotations: Path, predict: Predict, tmp_path: Path
) -> None:
    board = create_board(
        tmp_path / "b", annotations, title="T", protocol="official", metrics=["dtw"]
    )
    for name, px in (("far", 60), ("near", 5), ("between", 30)):
        board.add(predict(px), name, ABOUT)
    assert [row.name for row in board.standings().rows] == ["near", "between", "far"]


def test_everybody_may_read_an_entry_and_zero_has_no_sign(
    board: Board, annotations: Path, predict: Predict, tmp_path: Path
) -> None:
    entry = board.submissions / "ours"
    assert entry.stat().st_mode & 0o777 == 0o755
    ours = predict()
    texts = []
    for number, zero in enumerate((0.0, -0.0)):
        fixations = ours.fixations.copy()
        fixations[2, 0] = zero
        table = ours.with_parts(
            fixations, ours.offsets, columns=ours.columns, integers=np.zeros_like(ours.integers)
        )
        other = create_board(tmp_path / str(number), annotations, title="T", protocol="official")
        texts.append(other.add(table, "ours", ABOUT).digest)
    assert texts[0] == texts[1]


def test_another_protocol_in_place_of_the_pinned_one_is_refused(
    root: Path, annotations: Path, tmp_path: Path
) -> None:
    create_board(tmp_path / "other", annotations, title="T", protocol="image-disjoint")
    shutil.copy(tmp_path / "other" / "protocol.json", root / "protocol.json")
    with pytest.raises(DataError, match=r"is not the protocol that board\.json names"):
        open_board(root, annotations)
