"""Damaged files: read with equal meaning, or refused by lines that name file, record and field.

Each case is made from a number alone, so that a failure can be made again. "Equal meaning": what is
read, written as JSON, is what an independent and tolerant parse of the damaged bytes gives.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from gazesearch import Scanpaths, write_scanpaths
from gazesearch.errors import DataError, GazeSearchError
from gazesearch.findings import FINDINGS
from gazesearch.formats import Reading, read_file
from gazesearch.scanpaths import COCO_SEARCH18
from gazesearch.scanpaths.records import read_records

Record = dict[str, Any]
CASES = {".json": 3400, ".csv": 1300, ".parquet": 1300}
LIMIT_S = 2.0  # for one file of a few kB


@dataclass(frozen=True, kw_only=True)
class Base:
    """Sound records, which are then damaged."""

    name: str
    records: list[Record]
    dataset: str
    predictions: bool = False


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """One damaged file, and where the damage is, if it lies within one record."""

    kind: str
    base: Base
    content: bytes
    told: bool
    """Whether the dataset is told or must be guessed."""
    record: int | None = None
    field: str | None = None


# -- sound records


def _annotations() -> list[Record]:
    rng = random.Random(1)
    return [
        {
            "name": f"{i:08x}-a.jpg", "subject": 1, "task": FINDINGS[i % 13],
            "condition": "present", "bbox": [0, 0, 0, 0],
            "X": [rng.randrange(224) for _ in range(n)],
            "Y": [rng.randrange(222) for _ in range(n)],
            "T": [rng.uniform(0.05, 0.9) for _ in range(n)],
            "length": n, "fixOnTarget": True, "correct": 1, "split": ("train", "test")[i % 2],
        }
        for i, n in enumerate([6, 6, 5, 1, 6, 4])
    ]  # fmt: skip


def _predictions() -> list[Record]:
    return [
        {"X": [112.0, *xs], "Y": [112.0, *xs[::-1]], "name": f"{i:08x}-a.jpg",
         "task": FINDINGS[i % 13], "condition": "present"}
        for i, xs in enumerate([[16.0, 120.0], [123.999992, 60.0, 4.0], [], [8.0], [220.0, 0.0]])
    ]  # fmt: skip


def _coco() -> list[Record]:
    rng = random.Random(2)
    return [
        {
            "name": f"{i:012}.jpg", "subject": i % 3 + 1, "task": (COCO_SEARCH18.tasks or ())[i],
            "condition": "present", "bbox": [377, 0, 288, 213],
            "X": [round(rng.uniform(0, 1680), 1) for _ in range(4)],
            "Y": [round(rng.uniform(-5, 1049), 1) for _ in range(4)],
            "T": [rng.randrange(60, 700) for _ in range(4)],
            "length": 4, "correct": i % 2, "RT": 477 + i, "split": "valid",
        }
        for i in range(5)
    ]  # fmt: skip


def _osie() -> list[Record]:
    rng = random.Random(3)
    return [
        {
            "name": f"{1001 + i // 3}.jpg", "subject": i % 3 + 1, "task": "freeview",
            "condition": "freeview",
            "X": [round(rng.uniform(0, 399), 2) for _ in range(5)],
            "Y": [round(rng.uniform(0, 299), 2) for _ in range(5)],
            "T": [rng.randrange(60, 700) / 1000 for _ in range(5)],
            "length": 5, "split": "test",
        }
        for i in range(6)
    ]  # fmt: skip


MADE = (
    Base(name="annotations", records=_annotations(), dataset="gazesearch"),
    Base(name="predictions", records=_predictions(), dataset="gazesearch", predictions=True),
    Base(name="coco", records=_coco(), dataset="coco_search18"),
    Base(name="osie", records=_osie(), dataset="osie"),
)


def as_json(records: list[Any]) -> bytes:
    return ("[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n").encode()


def as_csv(records: list[Record]) -> bytes:
    known = ["name", "task", "subject", "draw", "X", "Y", "T", "condition", "split"]
    fields = [field for field in known if any(field in record for record in records)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    for record in records:
        for place in range(len(record["X"])):
            cells = (record.get(field, "") for field in fields)
            writer.writerow(c[place] if isinstance(c, list) else c for c in cells)
    return out.getvalue().encode()


_PARQUET: dict[str, bytes] = {}


def as_parquet(base: Base, folder: Path) -> bytes:
    if base.name not in _PARQUET:
        options: dict[str, Any] = {"dataset": base.dataset, "predictions": base.predictions}
        paths = read_records(base.records, source="base", **options).scanpaths
        write_scanpaths(paths, folder / "base.parquet")
        _PARQUET[base.name] = (folder / "base.parquet").read_bytes()
    return _PARQUET[base.name]


# -- damage


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


AWKWARD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53 + 1, 10**30, 10**400, -0.0, 0.5, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), "", "x", "7", "\0", "\ud800", "a\nb", "ü" * 70,
    [], {}, [None], {"a": 1}, ["x"], [[]], deep(40), deep(60), deep(400), {"": {"": None}},
)  # fmt: skip


def change_value(record: Record, field: str, rng: random.Random) -> None:
    record[field] = copy.deepcopy(rng.choice(AWKWARD))


def change_element(record: Record, field: str, rng: random.Random) -> None:
    if isinstance(record[field], list) and record[field]:
        record[field][rng.randrange(len(record[field]))] = copy.deepcopy(rng.choice(AWKWARD))
    else:
        change_value(record, field, rng)


def drop_field(record: Record, field: str, _: random.Random) -> None:
    del record[field]


def rename_field(record: Record, field: str, rng: random.Random) -> None:
    record[field.swapcase() + rng.choice(["", "s", "\ud800", "\0"])] = record.pop(field)


def cut_list(record: Record, field: str, rng: random.Random) -> None:
    if isinstance(record[field], list):
        record[field] = record[field][: rng.randrange(len(record[field]) + 1)]
    else:
        record[field] = [record[field]]


def grow_list(record: Record, field: str, rng: random.Random) -> None:
    if isinstance(record[field], list):
        record[field] = record[field] * rng.choice([2, 3])
    else:
        record[field] = str(record[field])


def scale_list(record: Record, field: str, rng: random.Random) -> None:
    factor = rng.choice([-1, 1000, 0.001, 1e6, -1e300])
    if isinstance(record[field], list):
        record[field] = [value * factor for value in record[field]]
    else:
        change_value(record, field, rng)


def swap_with_another(record: Record, field: str, rng: random.Random) -> None:
    other = rng.choice([f for f in record if f != field])
    record[field], record[other] = record[other], record[field]


def add_field(record: Record, field: str, rng: random.Random) -> None:
    del field
    other = rng.choice(["pupil", "", "width", "draw", "X:integer", "note:json", "T"])
    record[other] = copy.deepcopy(rng.choice(AWKWARD))


WITHIN = (
    change_value, change_value, change_element, change_element, change_element, drop_field,
    rename_field, cut_list, grow_list, scale_list, swap_with_another, add_field,
)  # fmt: skip


def flip(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def flips(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.randrange(2, 40)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def zeros(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    length = rng.choice([1, 4, 64, len(content)])
    return content[:start] + bytes(len(content[start : start + length])) + content[start + length :]


def leave_out(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    return content[:start] + content[start + rng.randrange(1, 60) :]


def repeat(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    stop = start + rng.randrange(1, 60)
    return content[:stop] + content[start:stop] + content[stop:]


def append(content: bytes, rng: random.Random) -> bytes:
    return content + rng.choice([b"\0", b"[]", b"x", b"\n\n", b"\xff", content])


def digit(content: bytes, rng: random.Random) -> bytes:
    places = [m.start() for m in re.finditer(rb"[0-9.,:\[\]{}\"-]", content)]
    if not places:
        return truncate(content, rng)
    place = rng.choice(places)
    return content[:place] + rng.choice([b"", b"-", b"9", b"e9", b".", b'"']) + content[place + 1 :]


def encode(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace").replace("jpg", "jpgä")
    codec = rng.choice(["utf-16", "utf-16-be", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp037"])
    return text.encode(codec, "replace")


BYTES = (flip, flip, flip, flips, truncate, truncate, zeros, leave_out, repeat, append, digit)
TEXT = (*BYTES, digit, digit, encode)


def damaged(ending: str, number: int, bases: tuple[Base, ...], folder: Path) -> Damaged:
    """Case `number` of a format."""
    rng = random.Random(f"{ending} {number}")
    base = bases[number % len(bases)]
    make = {".json": _damaged_json, ".csv": _damaged_csv, ".parquet": _damaged_parquet}[ending]
    return make(base, rng, folder)


def _damaged_json(base: Base, rng: random.Random, folder: Path) -> Damaged:
    del folder
    told = rng.random() < 0.7
    records = json.loads(json.dumps(base.records))
    lot = rng.random()
    if lot < 0.62:
        number = rng.randrange(len(records))
        field = rng.choice(list(records[number]))
        how = rng.choice(WITHIN)
        how(records[number], field, rng)
        named = field if how not in (add_field, swap_with_another, rename_field) else None
        content, where = as_json(records), {"record": number, "field": named}
        return Damaged(kind=how.__name__, base=base, content=content, told=told, **where)
    if lot < 0.70:
        number = rng.randrange(len(records) + 1)
        how_many = rng.choice([None, 5, "x", [], {}, records[0], deep(30), [records[0]]])
        records.insert(number, how_many)
        content = as_json(records)
        return Damaged(kind="insert", base=base, content=content, told=told)
    if lot < 0.74:
        content = as_json(rng.choice([[], records * 2, [records], records[:1]]))
        return Damaged(kind="shape", base=base, content=content, told=told)
    if lot < 0.77:
        nested = rng.choice([b"[", b'{"a":', b'[{"X":[']) * rng.choice([50, 2000, 60_000])
        content = as_json(records)[:-3] + b",\n" + nested
        return Damaged(kind="deep", base=base, content=content, told=told, record=len(records))
    how_text = rng.choice(TEXT)
    content = how_text(as_json(records), rng)
    number_of = None
    if how_text in (flip, digit):
        sound = as_json(records)
        changed = (i for i in range(len(sound)) if content[i : i + 1] != sound[i : i + 1])
        start = next(changed, 0)
        number_of = min(max(0, sound[:start].count(b"\n") - 1), len(records) - 1)
    return Damaged(kind=how_text.__name__, base=base, content=content, told=told, record=number_of)


def _damaged_csv(base: Base, rng: random.Random, folder: Path) -> Damaged:
    del folder
    content = as_csv(base.records)
    told = rng.random() < 0.7
    if rng.random() < 0.5:
        how = rng.choice(TEXT)
        return Damaged(kind=how.__name__, base=base, content=how(content, rng), told=told)
    lines = content.decode().splitlines()
    row = rng.randrange(len(lines))
    cells = lines[row].split(",")
    cell = rng.randrange(len(cells))
    kind = rng.choice(["cell", "cell", "cell", "no-cell", "more-cells", "no-line", "twice", "swap"])
    if kind == "cell":
        cells[cell] = rng.choice(
            ["", " ", "x", "nan", "inf", "-1", "1e999", "1e308", "9" * 25, "0x1", "1_0", "٣", '"',
             '"a""b"', "7", "-0", "+5", ".5", "5.", "1,5", "a" * 140_000, "\0", "\r", "train"]
        )  # fmt: skip
        lines[row] = ",".join(cells)
    elif kind == "no-cell":
        lines[row] = ",".join(cells[:cell] + cells[cell + 1 :])
    elif kind == "more-cells":
        lines[row] = ",".join([*cells[:cell], "z", *cells[cell:]])
    elif kind == "no-line":
        del lines[row]
    elif kind == "twice":
        lines.insert(rng.randrange(len(lines)), lines[row])
    else:
        other = rng.randrange(len(lines))
        lines[row], lines[other] = lines[other], lines[row]
    return Damaged(kind=kind, base=base, content="\n".join(lines).encode(), told=told)


def _damaged_parquet(base: Base, rng: random.Random, folder: Path) -> Damaged:
    content = as_parquet(base, folder)
    if rng.random() < 0.8:
        how = rng.choice(BYTES)
        where = rng.random()
        if where < 0.4:  # the footer alone: pages are guarded by their checksums
            footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
            content = content[:footer] + how(content[footer:], rng)
        else:
            content = how(content, rng)
        return Damaged(kind=how.__name__, base=base, content=content, told=where < 0.2)
    table = parquet.read_table(io.BytesIO(content))
    column = rng.randrange(table.num_columns)
    name, n = table.column_names[column], table.num_rows
    kind = rng.choice(
        ["type", "type", "type", "nulls", "no-column", "other-name", "no-description"]
    )
    if kind == "type":
        values = rng.choice(
            [
                pa.array([1.5] * n), pa.array([float("nan")] * n), pa.array([b"\xff"] * n),
                pa.array([[1]] * n), pa.array([[None, 1.0]] * n), pa.array([{"a": 1}] * n),
                pa.array([0] * n, pa.timestamp("ns", "UTC")), pa.array(["{"] * n),
                pa.array([[True]] * n), pa.array([2**63] * n, pa.uint64()),
                pa.array([[0] * 6] * n, pa.list_(pa.int8(), 6)), pa.array([[["a"]]] * n),
            ]
        )  # fmt: skip
        table = table.set_column(column, name, values)
    elif kind == "nulls":
        rows = [None if rng.random() < 0.5 else v for v in table.column(name).to_pylist()]
        table = table.set_column(column, name, pa.array(rows, table.column(name).type))
    elif kind == "no-column":
        table = table.remove_column(column)
    elif kind == "other-name":
        names = list(table.column_names)
        names[column] = rng.choice(["X", "name", "x:json", "", "T:integer", "name:json"])
        table = table.rename_columns(names)
    else:
        table = table.replace_schema_metadata({"gazesearch": rng.choice(["", "{}", "[]", "\xff"])})
    out = io.BytesIO()
    try:
        parquet.write_table(table, out)
    except pa.ArrowException:  # two columns of one name, say
        out = io.BytesIO(content[:-5])
    return Damaged(kind=kind, base=base, content=out.getvalue(), told=rng.random() < 0.5)


# -- independent, tolerant parses


def parsed_json(content: bytes) -> list[Record]:
    return json.loads(content.decode("utf-8-sig"))


def parsed_csv(content: bytes) -> list[Record]:
    text = content.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    header = [cell.strip() for cell in rows[0]]
    records: list[Record] = []
    last = None
    for row in rows[1:]:
        cells = {field: cell.strip() for field, cell in zip(header, row, strict=True)}
        key = [cells.get(field, "") for field in ("name", "task", "subject", "draw")]
        if key != last:
            records.append({"X": [], "Y": [], "T": []})
            last = key
        for field, cell in cells.items():
            if field in "XYT":
                records[-1][field] += [_number(cell)] if cell else []
            elif cell:
                is_text = field in ("name", "task", "condition", "split")
                records[-1][field] = cell if is_text else _number(cell, field == "subject")
    return [{f: v for f, v in record.items() if f != "T" or v} for record in records]


def _number(cell: str, or_text: bool = False) -> int | float | str:
    try:
        if str(int(cell)) == cell and len(cell) < 20:
            return int(cell)
    except ValueError:
        pass
    return cell if or_text else float(cell)


def parsed_parquet(content: bytes) -> list[Record]:
    rows = parquet.read_table(io.BytesIO(content), use_threads=False).to_pylist()
    records = []
    for row in rows:
        record: Record = {}
        for field, value in row.items():
            if value is None or field in ("X:integer", "Y:integer", "T:integer"):
                continue
            if field.endswith(":json"):
                record[field.removesuffix(":json")] = json.loads(value)
                continue
            mask = row.get(f"{field}:integer")
            lists = isinstance(value, list) and isinstance(mask, list)
            if field in ("X", "Y", "T") and lists and len(mask) == len(value):
                value = [
                    int(v) if w and isinstance(v, float) and v.is_integer() else v
                    for v, w in zip(value, mask, strict=True)
                ]
            record[field] = value
        records.append(record)
    return records


PARSED = {".json": parsed_json, ".csv": parsed_csv, ".parquet": parsed_parquet}


def meaning(record: Record, *, unit: str | None, forget_draw: bool) -> str:
    """A record as text that tells kinds and bits; seconds where the file counts in ms."""
    plain = dict(record)
    if not plain["X"]:
        plain.pop("T", None)  # nothing was recorded of no fixations
    if forget_draw:
        plain.pop("draw", None)
    if unit == "ms" and "T" in plain:
        plain["T"] = [(type(ms), ms / 1000) for ms in plain["T"]]
    return repr(sorted(plain.items()))


# -- the judgement

WHOLE_FILE = re.compile(
    "is not UTF-8|must be a JSON list|text follows|screen size cannot be told|T looks like|"
    "not a Parquet file|not a dataset description|stands twice|the header lacks|unknown column|"
    "line [0-9]+|column "
)


def read(file: Path, case: Damaged) -> Reading:
    return read_file(
        file,
        dataset=case.base.dataset if case.told else None,
        predictions=case.base.predictions,
    )


def judge(file: Path, case: Damaged, again: Path) -> tuple[str, str | None]:
    """What became of a case, and what is wrong with that."""
    start = time.process_time()
    try:
        reading = read(file, case)
    except GazeSearchError as refused:
        return "refused", _wrong_refusal(str(refused), file, case)
    except BaseException as error:
        return "crashed", f"{type(error).__name__}: {error}"
    finally:
        took = time.process_time() - start
    if took > LIMIT_S:
        return "slow", f"{took:.1f} s"
    return "accepted", _wrong_meaning(reading, file, case, again)


def _wrong_refusal(message: str, file: Path, case: Damaged) -> str | None:
    lines = message.splitlines()
    if not lines or not all(line.startswith(f"{file}: ") for line in lines):
        return f"a line does not name the file: {message[:300]}"
    said = message.replace(str(file), "")
    if any(len(line) > 400 or not line.isprintable() for line in said.splitlines()):
        return f"a line is long or unprintable: {said[:300]!r}"
    named = {int(number) for number in re.findall(r"record ([0-9]+)", said)}
    if not named and not WHOLE_FILE.search(said):
        return f"no record is named: {said}"
    if case.record is None or (WHOLE_FILE.search(said) and not case.told):
        return None
    near = {case.record} if case.field else {case.record - 1, case.record, case.record + 1}
    if not named & near and not re.search("is not UTF-8|must be a JSON list|text foll", said):
        return f"record {case.record} is not named: {said}"
    if case.field and case.field not in said:
        return f"field {case.field} is not named: {said}"
    return None


def _wrong_meaning(reading: Reading, file: Path, case: Damaged, again: Path) -> str | None:
    write_scanpaths(reading.scanpaths, again)
    written = json.loads(again.read_bytes())
    parsed = PARSED[file.suffix](case.content)
    if len(written) != len(parsed):
        return f"{len(written)} records were read of {len(parsed)}"
    unit = reading.scanpaths.info.duration_unit
    for number, (ours, theirs) in enumerate(zip(written, parsed, strict=True)):
        forget_draw = bool(reading.duplicated) and "draw" not in theirs
        meant = [meaning(r, unit=unit, forget_draw=forget_draw) for r in (ours, theirs)]
        if meant[0] != meant[1]:
            return f"record {number} was read otherwise: {meant[0]} instead of {meant[1]}"
    if len(written) != len(reading.scanpaths):
        return "a path was lost in writing"
    return None


def run(ending: str, n: int, bases: tuple[Base, ...], folder: Path) -> tuple[Counter[str], str]:
    """Judge cases 0..n-1; counts of outcomes, and the first things that were wrong."""
    file, again = folder / f"damaged{ending}", folder / "again.json"
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(n):
        case = damaged(ending, number, bases, folder)
        file.write_bytes(case.content)
        outcome, problem = judge(file, case, again)
        counts[outcome] += 1
        if problem is not None:
            wrong.append(f"{ending} {number} ({case.base.name}, {case.kind}): {problem}")
    return counts, "\n".join([f"{len(wrong)} in all", *wrong[:8]]) if wrong else ""


# -- the tests


def test_the_corpus_has_at_least_5000_files() -> None:
    assert sum(CASES.values()) >= 5000


@pytest.mark.parametrize("ending", CASES)
def test_a_damaged_file_is_read_with_equal_meaning_or_refused_by_name(
    ending: str, tmp_path: Path
) -> None:
    counts, wrong = run(ending, CASES[ending], MADE, tmp_path)
    assert not wrong, wrong
    assert set(counts) == {"accepted", "refused"}
    assert min(counts.values()) > CASES[ending] / 20  # both happen, or the corpus tests nothing


@pytest.mark.parametrize("ending", CASES)
def test_damaged_slices_of_the_real_files_too(
    ending: str,
    annotations_file: Path,
    predictions_file: Path,
    coco_file: Path,
    osie_file: Path,
    tmp_path: Path,
) -> None:
    files = [annotations_file, predictions_file, coco_file, osie_file]
    bases = tuple(
        Base(
            name=f"real-{made.name}",
            records=json.loads(file.read_bytes())[40:46],
            dataset=made.dataset,
            predictions=made.predictions,
        )
        for made, file in zip(MADE, files, strict=True)
    )
    _, wrong = run(ending, CASES[ending] // 10, bases, tmp_path)
    assert not wrong, wrong


@cache
def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "GAZESEARCH_DEBUG"}
    return kept | {"PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii"}


# One process for all of them: what starts anew for each file is the command line, not Python.
READER = """
import contextlib, io, json, sys
from gazesearch.cli import main

for line in sys.stdin:
    print("at", line, end="", flush=True)  # if it hangs or dies, this was the case
    sys.argv = ["gazesearch", *json.loads(line)]
    said = [io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding) for _ in range(2)]
    status = 0
    with contextlib.redirect_stdout(said[0]), contextlib.redirect_stderr(said[1]):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        except BaseException as error:
            status = repr(error)
        for stream in said:
            stream.flush()
    print(json.dumps([status, *(stream.buffer.getvalue().decode("ascii") for stream in said)]))
"""


def commands(
    arguments: list[list[str | Path]],
) -> list[subprocess.CompletedProcess[str]]:
    """The command line with each of these words, in a process whose streams are ASCII."""
    words = [list(map(str, given)) for given in arguments]
    try:
        done = subprocess.run(
            [sys.executable, "-c", READER],
            input="".join(json.dumps(given) + "\n" for given in words),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=environment(),
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"hangs: {(late.stdout or b'')[-500:]!r}")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{lines[-1:]} {done.stderr}"
    assert not done.stderr, done.stderr
    answers = [json.loads(line) for line in lines if not line.startswith("at ")]
    return [
        subprocess.CompletedProcess(given, *answer)
        for given, answer in zip(words, answers, strict=True)
    ]


def test_the_command_line_refuses_damaged_files_with_status_2_and_no_traceback(
    tmp_path: Path,
) -> None:
    sound = {}
    for base in MADE[:2]:
        sound[base.name] = tmp_path / f"{base.name}.json"
        sound[base.name].write_bytes(as_json(base.records))
    jobs: list[tuple[list[str | Path], Path, bool]] = []
    for ending in CASES:
        for number in range(0, 13 * 37, 37):
            case = damaged(ending, number, MADE, tmp_path)
            file = tmp_path / f"{number}{ending}"
            file.write_bytes(case.content)
            outcome, _ = judge(file, case, tmp_path / "again.json")
            told = ["--dataset", case.base.dataset] if case.told else []
            if outcome == "refused" and case.base.name == "annotations":
                jobs.append(
                    (["evaluate", sound["predictions"], "--annotations", file, *told], file, True)
                )
            elif outcome == "refused" and case.base.name == "predictions":
                options = ["--annotations", sound["annotations"], "--split", "all"]
                jobs.append((["evaluate", file, *options], file, True))
            else:
                predictions = ["--predictions"] * case.base.predictions
                jobs.append((["validate", file, *told, *predictions], file, outcome == "refused"))
    done = commands([arguments for arguments, _, _ in jobs])
    for (arguments, file, refused), process in zip(jobs, done, strict=True):
        said = f"{arguments}: {process.returncode} {process.stdout} {process.stderr}"
        assert "Traceback" not in process.stderr, said
        if arguments[0] == "validate" or str(file) in process.stderr:
            assert process.returncode == (2 if refused else 0), said
        else:
            # A prediction file is read in its references' frame, where less is left in doubt.
            assert process.returncode in (0, 2), said
        lines = process.stderr.splitlines()
        assert all(line.startswith("gazesearch: ") for line in lines), said
        assert bool(lines) == (process.returncode == 2), said
    assert sum(process.returncode == 2 for process in done) >= 20


def test_an_accepted_file_reads_the_same_a_second_time(tmp_path: Path) -> None:
    for base in MADE:
        file = tmp_path / f"{base.name}.json"
        file.write_bytes(as_json(base.records))
        case = Damaged(kind="none", base=base, content=file.read_bytes(), told=True)
        assert judge(file, case, tmp_path / "again.json") == ("accepted", None)
        paths: Scanpaths = read(file, case).scanpaths
        assert paths == read(tmp_path / "again.json", case).scanpaths


def test_the_judgement_sees_a_changed_number_and_a_lost_record(tmp_path: Path) -> None:
    base = MADE[0]
    file = tmp_path / "a.json"
    file.write_bytes(as_json(base.records))
    for records in (base.records[1:], [{**base.records[0], "X": [1.0] * 6}, *base.records[1:]]):
        case = Damaged(kind="none", base=base, content=as_json(records), told=True)
        assert judge(file, case, tmp_path / "again.json")[1] is not None
    with pytest.raises(DataError):
        read_file(tmp_path / "a.json", dataset="osie")
