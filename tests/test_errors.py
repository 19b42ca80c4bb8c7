"""The tree of errors, as drawn and as it is."""

from __future__ import annotations

import builtins
import inspect
import re
from pathlib import Path

import pytest

from gazesearch import errors
from gazesearch.errors import (
    BadSetting,
    DataError,
    Fault,
    FaultyRecords,
    GazeSearchError,
    MissingExtra,
    UnknownName,
    UnreadableFile,
    require,
)

DRAWN = re.compile(
    r"^(?P<lines>[│ ├└─]*)(?P<name>[A-Z]\w+)(?: \((?P<builtin>\w+)\))?", re.MULTILINE
)


def drawn() -> dict[str, tuple[str | None, str | None]]:
    """Parent and builtin of each error in the docstring's tree."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    above: list[str] = []
    drawing = inspect.cleandoc(errors.__doc__ or "").split("\n\n", 1)[1]
    for line in DRAWN.finditer(drawing):
        depth = len(line["lines"]) // 4
        above[depth:] = [line["name"]]
        tree[line["name"]] = (above[depth - 1] if depth else None, line["builtin"])
    return tree


def real() -> dict[str, type[BaseException]]:
    return {
        name: thing
        for name, thing in vars(errors).items()
        if inspect.isclass(thing) and issubclass(thing, BaseException)
    }


def test_the_tree_that_is_drawn_is_the_tree_that_is() -> None:
    assert drawn().keys() == real().keys()
    for name, (parent, builtin) in drawn().items():
        bases = [base.__name__ for base in real()[name].__bases__]
        assert bases == [base for base in (parent or "Exception", builtin) if base], name


@pytest.mark.parametrize("name", [name for name, (_, builtin) in drawn().items() if builtin])
def test_an_error_can_be_caught_as_its_builtin(name: str) -> None:
    builtin = getattr(builtins, drawn()[name][1] or "")
    assert issubclass(real()[name], builtin)
    assert issubclass(real()[name], GazeSearchError)


@pytest.mark.parametrize("name", sorted(real()))
def test_every_error_says_what_it_is(name: str) -> None:
    assert (real()[name].__doc__ or "").strip()


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        pytest.param("scanmach", ["scanmatch", "dtw"], "did you mean scanmatch?", id="near"),
        pytest.param("ScanMatch", ["scanmatch", "dtw"], "did you mean scanmatch?", id="case"),
        pytest.param("zzz", ["b", "a"], "known: a, b", id="none-is-near"),
        pytest.param(
            "map_x", ["map_cc", "map_nss", "dtw"], "did you mean map_cc or map_nss?", id="several"
        ),
        pytest.param(7, ["a"], "known: a", id="a-number"),
        pytest.param("x", [], "known: ", id="nothing-known"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_or_all(
    name: object, known: list[str], hint: str
) -> None:
    assert str(UnknownName("metric", name, iter(known))) == f"unknown metric {name!r}: {hint}"


def test_an_unknown_name_among_thousands_is_still_a_line_one_can_read() -> None:
    known = [f"{number:04d}.jpg" for number in range(2328)]
    said = str(UnknownName("image", "nope", known))
    assert said.endswith("0038.jpg, 0039.jpg and 2,288 more")
    assert "0040" not in said


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            Fault(record=3, field="X[1]", value="-1", mend="is off"),
            "record 3, X[1]: -1: is off",
        ),
        (Fault(record=0, field="name", value="", mend="is missing"), "record 0, name: is missing"),
        (Fault(record=2, field=None, value="7", mend="must be"), "record 2: 7: must be"),
        (Fault(record=None, field=None, value="", mend="is bad"), "file: is bad"),
    ],
    ids=["all", "no-value", "no-field", "file"],
)
def test_a_fault_is_one_line_of_where_what_mend(fault: Fault, line: str) -> None:
    assert str(fault) == line


@pytest.mark.parametrize(("n", "lines"), [(1, 1), (20, 20), (21, 21), (500, 21)])
def test_faulty_records_show_20_and_the_count(n: int, lines: int) -> None:
    faults = [Fault(record=i, field="X", value="v", mend="m") for i in range(n)]
    error = FaultyRecords("f.json", faults)
    said = str(error).splitlines()
    assert len(said) == lines
    assert said[0] == "f.json: record 0, X: v: m"
    assert (said[-1] == f"f.json: {n} faults in all, 20 shown") == (n > 20)
    assert error.faults == tuple(faults)
    assert error.path == "f.json"


def test_a_missing_extra_comes_with_the_line_that_installs_it() -> None:
    with pytest.raises(MissingExtra, match=r"no_such_module is not installed: pip install 'gaze"):
        require("no_such_module", extra="frames")
    assert require("json", extra="frames").__name__ == "json"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import no_such_part", "no_such_part, which needy needs, is not installed: pip install '"),
        ("from json import no_such_name", r"needy cannot be imported \(cannot import name 'no_su"),
    ],
)
def test_what_a_package_lacks_itself_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    (tmp_path / "needy.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=line):
        require("needy", extra="frames")


@pytest.mark.parametrize(
    ("error", "builtin"),
    [(DataError, ValueError), (UnreadableFile, OSError), (BadSetting, ValueError)],
)
def test_the_common_errors_keep_their_message(
    error: type[Exception], builtin: type[Exception]
) -> None:
    with pytest.raises(builtin, match="^what: where: mend$"):
        raise error("what: where: mend")
