"""CSV: one fixation a row; the rows of a path stand together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gazesearch import Scanpaths, read_scanpaths, write_scanpaths
from gazesearch.errors import DataError, FaultyRecords
from gazesearch.scanpaths.records import read_records
from gazesearch.scanpaths.written import written_records


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "paths.csv"


def read(file: Path, content: str | bytes, **options: Any) -> Scanpaths:
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_scanpaths(file, **({"screen_size": (100, 100)} | options))


def rows(paths: Scanpaths) -> str:
    return repr(list(written_records(paths)))


def test_rows_become_paths_with_the_kinds_of_their_numbers(file: Path) -> None:
    paths = read(file, "name,task,X,Y,T\na,t,1,2.0,0.5\na,t,3,4,1\nb,t,5.5,6,\n")
    assert rows(paths) == repr(
        [
            {"name": "a", "task": "t", "X": [1, 3], "Y": [2.0, 4], "T": [0.5, 1]},
            {"name": "b", "task": "t", "X": [5.5], "Y": [6]},
        ]
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeffname,task,X,Y\na,t,1,2\n", id="byte-order-mark"),
        pytest.param("name,task,X,Y\r\na,t,1,2\r\n", id="crlf"),
        pytest.param("name,task,X,Y\ra,t,1,2\r", id="cr"),
        pytest.param("name,task,X,Y\na,t,1,2", id="no-last-newline"),
        pytest.param('"name","task","X","Y"\n"a","t","1","2"\n', id="quotes"),
        pytest.param(" name , task,X , Y\n a , t, 1 ,2 \n", id="spaces"),
        pytest.param("name,task,X,Y\n\na,t,1,2\n\n", id="blank-lines"),
        pytest.param("Y,X,task,name\n2,1,t,a\n", id="other-order"),
    ],
)
def test_the_freedoms_of_csv_are_read(file: Path, content: str) -> None:
    assert sorted(eval_rows(read(file, content))) == ["X", "Y", "name", "task"]


def eval_rows(paths: Scanpaths) -> dict[str, Any]:
    (record,) = written_records(paths)
    assert repr(sorted(record.items())) == repr(
        [("X", [1]), ("Y", [2]), ("name", "a"), ("task", "t")]
    )
    return record


def test_commas_quotes_and_unicode_stand_in_quoted_cells(file: Path, tmp_path: Path) -> None:
    paths = read(file, 'name,task,X,Y\n"a,""b"" ü.jpg",t,1,2\n')
    assert paths.image.tolist() == ['a,"b" ü.jpg']
    write_scanpaths(paths, tmp_path / "again.csv")
    assert read_scanpaths(tmp_path / "again.csv", screen_size=(100, 100)) == paths


@pytest.mark.parametrize(
    ("cell", "subject"),
    [("7", 7), ("-7", -7), ("007", "007"), ("1.0", "1.0"), ("r1", "r1"), ("", None), ("-0", "-0")],
)
def test_a_subject_is_a_whole_number_or_a_text(file: Path, cell: str, subject: object) -> None:
    paths = read(file, f"name,task,subject,X,Y\na,t,{cell},1,2\n")
    assert repr(paths.subject.tolist()) == repr([subject])


def test_subject_and_draw_tell_paths_of_one_image_apart(file: Path) -> None:
    content = "name,task,subject,draw,X,Y\n" + "".join(
        f"a,t,{subject},{draw},{i},2\n" for subject in "12" for draw in "01" for i in (1, 2)
    )
    paths = read(file, content)
    assert paths.lengths.tolist() == [2, 2, 2, 2]
    assert paths.subject.tolist() == [1, 1, 2, 2]
    assert paths.draw.tolist() == [0, 1, 0, 1]


def test_optional_columns_are_fields_of_the_record(file: Path) -> None:
    paths = read(
        file,
        "name,task,X,Y,condition,split,width,height\na,t,1,2,present,test,50,60.5\n",
        screen_size=None,
    )
    (record,) = written_records(paths)
    assert record["condition"] == "present"
    assert (record["width"], record["height"]) == (50, 60.5)
    assert paths.info.screen_size == (50, 60.5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "the header lacks name, task, X, Y", id="empty"),
        pytest.param("\0", "the header lacks name", id="zero-byte"),
        pytest.param("a,t,1,2\n", "the header lacks name, task, X, Y: it must", id="no-header"),
        pytest.param("name,task,X\n", "the header lacks Y", id="no-Y"),
        pytest.param("name,task,x,y\n", "the header lacks X, Y", id="lower-case"),
        pytest.param("name;task;X;Y\na;t;1;2", "the header lacks name", id="semicolons"),
        pytest.param("name,task,X,Y,pupil\n", "unknown column 'pupil': known are", id="unknown"),
        pytest.param("name,task,X,Y,bbox\n", "unknown column 'bbox'", id="box"),
        pytest.param("name,task,X,Y,\n", "unknown column ''", id="nameless"),
        pytest.param("name,task,X,Y,X\n", "a column name stands twice in the header", id="twice"),
        pytest.param("name,task,X,Y\na,t,1\n", "line 2: 3 cells for 4 columns", id="few-cells"),
        pytest.param("name,task,X,Y\na,t,1,2,3\n", "line 2: 5 cells for 4", id="many-cells"),
        pytest.param(
            "name,task,X,Y\na,t,1,2\nb,t,1,2\na,t,1,2\n",
            r"line 4: rows of a / t stand apart \(first at line 2\): put the rows of a path tog",
            id="rows-apart",
        ),
        pytest.param(
            "name,task,X,Y,split\na,t,1,2,test\na,t,1,2,train\n",
            "line 3: split changes within a path",
            id="split-changes",
        ),
        pytest.param(
            "name,task,X,Y,width\na,t,1,2,5\na,t,1,2,\n", "line 3: width changes", id="width-ends"
        ),
        pytest.param('name,task,X,Y\n"a,t,1,2\n', "line 2: not CSV", id="open-quote"),
        pytest.param('name,task,X,Y\n"a"b,t,1,2\n', "line 2: not CSV", id="after-quote"),
        pytest.param(
            "name,task,X,Y\n" + "a" * 200_000 + ",t,1,2\n", "line 2: not CSV: field", id="long-cell"
        ),
        pytest.param("name,task,X,Y\n".encode("utf-16"), "is not UTF-8 text", id="utf-16"),
        pytest.param(b"name,task,X,Y\n\xe4,t,1,2", r"is not UTF-8 text \(byte 14\)", id="latin-1"),
    ],
)
def test_what_is_no_table_of_fixations_is_refused_at_its_line(
    file: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=f"^{file}: {message}"):
        read(file, content)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        pytest.param("b,t,one,2,1", r"record 1, X\[0\]: 'one': must be a number", id="text"),
        pytest.param("b,t,,2,1", r"record 1, X\[0\]: '': must be a number", id="empty"),
        pytest.param("b,t,nan,2,1", r"record 1, X\[0\]: 'nan': must be a number", id="nan"),
        pytest.param("b,t,inf,2,1", r"record 1, X\[0\]: 'inf': must be a number", id="inf"),
        pytest.param("b,t,1e999,2,1", r"record 1, X\[0\]: inf: must be a finite", id="infinite"),
        pytest.param('b,t,"1,5",2,1', r"record 1, X\[0\]: '1,5': must be", id="decimal-comma"),
        pytest.param("b,t,0x10,2,1", r"record 1, X\[0\]: '0x10': must be", id="hexadecimal"),
        pytest.param("b,t,1_0,2,1", r"record 1, X\[0\]: '1_0': must be", id="underscore"),
        pytest.param("b,t,١,2,1", r"record 1, X\[0\]: '\\u0661': must be", id="arabic-digit"),
        pytest.param("b,t,100,2,1", r"record 1, X\[0\]: 100: is off the screen", id="off"),
        pytest.param("b,t,1,2,-1", r"record 1, T\[0\]: -1: is negative", id="negative"),
        pytest.param(",t,1,2,1", "record 1, name: is missing", id="no-name"),
        pytest.param("b,,1,2,1", "record 1, task: is missing", id="no-task"),
        pytest.param("b,t,1,2,1\nb,t,1,2,", r"record 1, T\[1\]: '': must be", id="some-T"),
    ],
)
def test_a_cell_that_breaks_a_rule_is_a_fault_of_its_record(
    file: Path, cells: str, message: str
) -> None:
    with pytest.raises(FaultyRecords, match=f"^{file}: {message}"):
        read(file, f"name,task,X,Y,T\na,t,1,2,0.5\n{cells}\n")


def test_a_header_alone_is_an_empty_table(file: Path) -> None:
    assert len(read(file, "name,task,X,Y\n")) == 0


# -- writing


def table(*records: dict[str, Any]) -> Scanpaths:
    filled = [{"name": "a", "task": "t", "X": [1], "Y": [2]} | record for record in records]
    return read_records(filled, source="f", screen_size=(100, 100)).scanpaths


def test_columns_stand_in_their_own_order_and_absent_cells_are_empty(file: Path) -> None:
    write_scanpaths(
        table({"split": "test", "subject": 1, "X": [1, 2.0], "Y": [3, 4]}, {"name": "b"}), file
    )
    assert file.read_bytes().decode() == (
        "name,task,subject,X,Y,split\na,t,1,1,3,test\na,t,1,2.0,4,test\nb,t,,1,2,\n"
    )


def test_what_csv_does_not_hold_is_said(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_scanpaths(table({"bbox": [1, 2, 3, 4], "length": 1, "RT": 5}), file)
    assert "left out, since CSV does not hold them: bbox, RT" in caplog.text


@pytest.mark.parametrize(
    ("records", "message"),
    [
        pytest.param([{}, {"name": "b", "X": [], "Y": []}], "cannot hold path 1", id="empty-path"),
        pytest.param([{"name": " a"}], "cannot hold name ' a' of path 0", id="space"),
        pytest.param([{}, {"subject": "12"}], "cannot hold subject '12' of path 1", id="digits"),
        pytest.param([{"condition": "x "}], "cannot hold condition 'x '", id="condition"),
        pytest.param([{"subject": 1}, {"subject": "1"}], "cannot hold subject '1'", id="people"),
    ],
)
def test_what_would_come_back_otherwise_is_not_written(
    file: Path, records: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(DataError, match=f"^{file}: CSV {message}.*: write JSON$"):
        write_scanpaths(table(*records), file)
    assert not file.exists()


def test_paths_of_one_key_are_not_written(file: Path) -> None:
    twice = Scanpaths.concat([table({}), table({"X": [5]})])
    with pytest.raises(DataError, match="path 1 has the key of an earlier one: give it a draw"):
        write_scanpaths(twice, file)
