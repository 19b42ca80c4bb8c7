"""Files that lie, or want something run: named, refused, and no memory or time is lost on them."""

from __future__ import annotations

import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch.errors import DataError

torch = pytest.importorskip("torch", reason="needs the extra `model`")


class Calls:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def zipped(path: Path, program: bytes, *, compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip archive as torch writes it, with another program."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/version", "3\n")
    return path


def bytes_of(value: Any) -> bytes:
    return pickle.dumps({"model": value}, protocol=2)


def global_(module: str, name: str) -> bytes:
    """A program that looks a name up and does nothing with it."""
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"."


TOUCHED = "touched-by-hostile-file"
ATTACKS = [
    pytest.param(bytes_of(Calls(os.system, f"touch {TOUCHED}")), "posix.system", id="os.system"),
    pytest.param(bytes_of(Calls(eval, f"open({TOUCHED!r}, 'w')")), "eval", id="eval"),
    pytest.param(global_("builtins", "getattr"), "getattr", id="getattr"),
    pytest.param(global_("lambdas", "<lambda>"), "lambdas.<lambda>", id="lambda"),
    pytest.param(global_("torch", "Tensor"), "torch.Tensor", id="allocates"),
    pytest.param(bytes_of(Calls(bytearray, 10**12)), "bytearray", id="bytearray"),
    pytest.param(global_("torch.serialization", "load"), "torch.serialization.load", id="nested"),
]


@pytest.mark.parametrize(("program", "named"), ATTACKS)
@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_what_a_file_tries_to_import_is_named_and_not_run(
    kind: str, program: bytes, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone, load_published

    monkeypatch.chdir(tmp_path)
    if kind == "torch":
        read, file = load_published, zipped(tmp_path / "a.pt", program)
    else:
        read, file = load_backbone, tmp_path / "a.pkl"
        file.write_bytes(program)
    with pytest.raises(DataError, match="nothing was run") as caught:
        read(file)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / TOUCHED).exists()


# -- what lies about itself; each maker writes a file of little size

Maker = Callable[[Path], object]
# A pair of the last pair, 200 times: small here, without end where it is shown or hashed.
LAUGHS = b")" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(200))


def plain(program: bytes) -> Maker:
    """A pickle of protocol 4 with these instructions."""
    return lambda path: path.write_bytes(b"\x80\x04" + program + b".")


def array(shape: bytes, data: bytes, dtype: bytes | None = None) -> Maker:
    """A pickle of one array with such a state."""
    if dtype is None:
        dtype = b"cnumpy\ndtype\n\x8c\x02f4\x85R"
    made = b"cnumpy\nndarray\n)R(K\x01" + shape + dtype + b"\x89" + data + b"tb"
    return plain(b"}\x8c\x05model}\x8c\x0abackbone.a" + made + b"ss")


def torch_file(old: bytes, new: bytes, times: int, tensor: Any = None) -> Maker:
    """A torch file of one tensor of 2 x 3, its program changed so many times."""

    def make(path: Path) -> None:
        torch.save({"model": {"a": torch.zeros(2, 3) if tensor is None else tensor}}, path)
        with zipfile.ZipFile(path) as archive:
            members = {m: archive.read(m) for m in archive.namelist()}
        (program,) = (m for m in members if m.endswith("data.pkl"))
        assert members[program].count(old) == times
        members[program] = members[program].replace(old, new)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return make


def archive(change: Callable[[zipfile.ZipFile], object], *, before: bytes = b"") -> Maker:
    """A torch file with something more in its archive, or before it."""

    def make(path: Path) -> None:
        torch.save({"model": {"a": torch.zeros(2)}}, path)
        with zipfile.ZipFile(path, "a") as opened:
            change(opened)
        path.write_bytes(before + path.read_bytes())

    return make


def comment(opened: zipfile.ZipFile) -> None:
    opened.comment = b"another archive"


def bomb(path: Path) -> None:
    """10 GB of zeros, compressed to 10 MB, would be a long test: 250 MB show the same."""
    zipped(path, b"0" * 250_000_000, compression=zipfile.ZIP_DEFLATED)


def sparse(header: int, size: int) -> Maker:
    """A safetensors file that claims such a header, and is as large as it says, but of holes."""

    def make(path: Path) -> None:
        path.write_bytes(struct.pack("<Q", header) + b"{" + b" " * 1000)
        os.truncate(path, size)

    return make


def torch_cut(path: Path) -> None:
    torch.save({"model": {"a": torch.zeros(1000)}}, path)
    path.write_bytes(path.read_bytes()[:-700])


def pickle_cut(path: Path) -> None:
    path.write_bytes(pickle.dumps({"model": {"backbone.a": np.zeros(99)}}, protocol=4)[:-50])


MANY = b"\x8a\x05" + (10**10).to_bytes(5, "little")  # 10**10 as a pickle says it
SIX, SHAPE, STRIDE = b"K\x06", b"K\x02K\x03\x86", b"K\x03K\x01\x86"
NUMBERS = b"C\x04abcd"
BIG_ENDIAN = b"cnumpy\ndtype\n\x8c\x02f4\x85R(K\x03\x8c\x01>NNNtb"

TORCH: dict[str, tuple[Maker, str]] = {
    "a storage that is not there": (torch_file(SIX, MANY, 1), "10,000,000,000 numbers in 24 bytes"),
    "a shape over a small storage": (torch_file(SHAPE, MANY + MANY + b"\x86", 1), "in 6 numbers"),
    "one number for all of them": (
        torch_file(SHAPE, MANY + b"\x85", 1, torch.zeros(2, 3)),
        "no storage, or of two shapes|without a storage",
    ),
    "a step of 0": (torch_file(STRIDE, b"K\x00K\x00\x86", 1, torch.zeros(2, 3)), ""),
    "a step back": (torch_file(STRIDE, b"J\xfd\xff\xff\xffK\x01\x86", 1), "no size"),
    "a negative shape": (torch_file(SHAPE, b"J\xfd\xff\xff\xffK\x03\x86", 1), "no size"),
    "a storage that laughs": (torch_file(b"X\x07\x00\x00\x00storage", LAUGHS, 1), "no storage"),
    "a second program": (archive(lambda z: z.writestr("b/data.pkl", b"N.")), "not one that torch"),
    "the same in capitals": (
        archive(lambda z: z.writestr("x/DATA.PKL", b"")),
        "not one that torch",
    ),
    "a way out": (archive(lambda z: z.writestr("../../data/1", b"")), "not one that torch"),
    "code of TorchScript": (archive(lambda z: z.writestr("x/constants.pkl", b"")), "not one that"),
    "a comment": (archive(comment), "not one that torch"),
    "something before it": (
        archive(lambda z: None, before=b"PK\x03\x04" * 9),
        "not one that torch",
    ),
    "a bomb": (bomb, "is compressed inside"),
    "an end that is missing": (torch_cut, "cut off"),
}
PICKLES: dict[str, tuple[Maker, str]] = {
    "a shape": (array(b"J\xff\xff\xff\x7f" * 2 + b"\x86", NUMBERS), "in 4 bytes"),
    "a shape of texts": (array(b"\x8c\x01aJ\xff\xff\xff\x7f\x86", NUMBERS), "no size"),
    "a shape that laughs": (array(LAUGHS, NUMBERS), "no size"),
    "a number for the numbers": (array(MANY + b"\x85", MANY), "what are no numbers"),
    "an array for a dtype": (array(b"K\x01\x85", NUMBERS, b"cnumpy\nndarray\n)R"), "no numbers"),
    "a dtype that laughs": (
        array(b"K\x01\x85", NUMBERS, b"cnumpy\ndtype\n" + LAUGHS + b"\x85R"),
        "dtype that is no text",
    ),
    "a key that takes for ever to hash": (plain(b"}" + LAUGHS + b"Ns"), "a key that is no text"),
    "a memory slot of a high number": (
        plain(b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff"),
        "holds NoneType",
    ),
    "a million lists": (plain(b"]" * 10**6), "over 262,144 instructions"),
    "a million sets": (plain(b"\x8f" * 10**6), "EMPTY_SET"),
    "a frame of 2**60": (plain(b"\x95" + struct.pack("<Q", 2**60) + b"N"), "holds NoneType"),
    "bytes": (plain(b"\x8e" + struct.pack("<Q", 10**10) + b"abc"), "cut off"),
    "a text of 2**60": (plain(b"\x8d" + struct.pack("<Q", 2**60) + b"abc"), "cut off"),
    "a number of 2 GB": (plain(b"\x8b\xff\xff\xff\x7fabc"), "cut off"),
    "big-endian numbers": (array(b"K\x01\x85", NUMBERS, BIG_ENDIAN), "numbers of type '>' 'f4'"),
    "numbers that lie elsewhere": (plain(b"\x8c\x03abcQ"), "does BINPERSID"),
    "the same in the first protocol": (plain(b"Pabc\n"), "does PERSID"),
    "a name by number": (plain(b"\x82\x01"), "does EXT1"),
    "a name by a large number": (plain(b"\x83\x01\x01"), "does EXT2"),
    "a name by a huge number": (plain(b"\x84\x01\x01\x01\x01"), "does EXT4"),
    "attributes of a name": (plain(b"cnumpy\nndarray\n}b"), "Name with a state"),
    "an end that is missing": (pickle_cut, "cut off"),
    "nothing": (lambda path: path.write_bytes(b""), "is empty"),
}
SAFETENSORS: dict[str, tuple[Maker, str]] = {
    "a header of 10 GB": (sparse(10 * 10**9, 1009), "claims a header"),
    "a header of 3 GB that is there": (sparse(3 * 10**9, 3 * 10**9 + 8), "claims a header"),
    "a file of 10 GB": (sparse(10 * 10**9, 10 * 10**9 + 8), "over the limit"),
}
READER = """
import resource, sys
import torch
from gazesearch.cli import main
from gazesearch.models import weights
from gazesearch.models.chestsearch import checkpoints
from gazesearch.errors import GazeSearchError

files = sys.argv[1:]
with open("/proc/self/statm") as opened:
    pages = int(opened.read().split()[0])
limit = pages * resource.getpagesize() + 2**30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB
for file in files:
    if file.endswith(".safetensors"):
        try:
            print("read", weights.read_safetensors(file).keys(), file=sys.stderr)
        except GazeSearchError as error:
            print(error, file=sys.stderr)
    elif file.endswith(".pkl"):
        try:
            print("read", checkpoints.load_backbone(file).keys(), file=sys.stderr)
        except GazeSearchError as error:
            print(error, file=sys.stderr)
    if not file.endswith(".safetensors"):
        sys.argv = ["gazesearch", "convert", file, "--output", file + ".out"]
        try:
            main()
        except SystemExit as end:
            print(end.code, file, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux does")
def test_files_that_lie_are_refused_by_api_and_command_and_take_no_memory(tmp_path: Path) -> None:
    said = {}
    for ending, makers in ((".pt", TORCH), (".pkl", PICKLES), (".safetensors", SAFETENSORS)):
        for number, (make, expected) in enumerate(makers.values()):
            file = tmp_path / f"{number}{ending}"
            make(file)
            said[str(file)] = expected
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READER, *said],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = iter(done.stderr.splitlines())
    for file, expected in said.items():
        if not file.endswith(".pt"):
            line = next(lines)
            assert line.startswith(file), line
            assert re.search(expected, line), line
        if not file.endswith(".safetensors"):
            line = next(lines)
            assert line.startswith(f"gazesearch: {file}"), line
            assert file.endswith(".pkl") or re.search(expected, line), line
            assert next(lines) == f"2 {file}"
    assert next(lines, None) is None
    assert int(done.stdout) < 200_000  # kB: a quarter million lists are the most of it
    assert not list(tmp_path.glob("*.out"))


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_a_file_cut_anywhere_is_refused(kind: str, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.untrusted import read_numpy_pickle, read_torch

    file = tmp_path / "a"
    if kind == "torch":
        torch.save({"model": {"a": torch.arange(9.0)}}, file)
    else:
        file.write_bytes(pickle.dumps({"model": {"a": np.arange(9.0)}}, protocol=4))
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut off|is empty"):
            (read_torch if kind == "torch" else read_numpy_pickle)(file)


def test_compressed_weights_are_refused_rather_than_read_as_noise(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.untrusted import read_torch

    torch.save({"model": {"a": torch.zeros(1000)}}, tmp_path / "a.pt")
    with (
        zipfile.ZipFile(tmp_path / "a.pt") as archive,
        zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))
    with pytest.raises(DataError, match="compressed"):
        read_torch(tmp_path / "b.pt")


@pytest.mark.parametrize("shared", ["array", "numbers", "names"])
def test_what_stands_in_many_places_takes_memory_once(shared: str, tmp_path: Path) -> None:
    import tracemalloc

    from gazesearch.models.chestsearch.untrusted import read_numpy_pickle

    one, file = np.zeros(2**18, np.float32), tmp_path / "a.pkl"
    if shared == "array":
        found: Any = {f"a{k}": one for k in range(64)}
    elif shared == "numbers":
        rebuild, (_, *rest) = one.__reduce_ex__(5)
        numbers = one.tobytes()
        found = {f"a{k}": Calls(rebuild, numbers, *rest) for k in range(64)}
    else:
        inner = dict.fromkeys(map(str, range(2000)))
        found = {f"a{k}": inner for k in range(2000)}
    file.write_bytes(pickle.dumps(found, protocol=4))
    tracemalloc.start()
    try:
        if shared == "numbers":
            with pytest.raises(DataError, match="the same numbers in many arrays"):
                read_numpy_pickle(file)
        else:
            assert len(read_numpy_pickle(file)) == len(found)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_dictionary_that_holds_itself_is_no_endless_loop(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone

    endless: dict[str, Any] = {}
    endless["model"] = endless["backbone.a"] = endless
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(endless))
    with pytest.raises(DataError, match="lacks stem"):
        load_backbone(tmp_path / "a.pkl")


def test_a_torch_file_cannot_hide_names_in_a_newer_protocol(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    program = pickle.dumps({"model": Calls(os.system, "true")}, protocol=4)
    with pytest.raises(DataError, match="STACK_GLOBAL"):
        load_published(zipped(tmp_path / "a.pt", program))


def test_a_file_of_an_old_torch_is_told_what_to_do(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone

    torch.save({"a": torch.ones(1)}, tmp_path / "a.pkl", _use_new_zipfile_serialization=False)
    with pytest.raises(DataError, match="save it anew"):
        load_backbone(tmp_path / "a.pkl")
