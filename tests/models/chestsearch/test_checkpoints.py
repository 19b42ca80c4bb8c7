"""Weights from elsewhere: the published files and ours are read, hostile ones named and refused."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch.errors import DataError, UnreadableFile

torch = pytest.importorskip("torch", reason="needs the extra `model`")

BACKBONE = "encoder.backbone."
PIXEL_DECODER = "encoder.pixel_decoder."


def same(one: Any, other: Any) -> bool:
    """Whether two networks have the same numbers."""
    one, other = one.state_dict(), other.state_dict()
    return list(one) == list(other) and all(torch.equal(one[k], other[k]) for k in one)


def part(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def staged(state: dict[str, Any]) -> dict[str, Any]:
    """With `stages.` before the names of the backbone's stages, as some files have it."""
    return {
        key.replace("encoder.backbone.res", f"{BACKBONE}stages.res"): state[key] for key in state
    }


def saved(path: Path, state: dict[str, Any]) -> Path:
    torch.save({"model": state, "step": 1}, path)
    return path


# -- what is read


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param(staged, id="stages"),
        pytest.param(lambda s: {f"module.{k}": v for k, v in s.items()}, id="module"),
        pytest.param(lambda s: s | staged(s), id="both-and-equal"),
    ],
)
def test_names_of_all_spellings_give_the_same_network(
    renamed: Callable[..., dict[str, Any]], state: dict[str, Any], network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    assert same(load_published(saved(tmp_path / "a.pt", renamed(state))), network)


def test_the_folder_of_a_network_gives_it_back(network: Any, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, save

    save(network, tmp_path / "made", source={"ckp_29999.pt": "sha256:0"})
    assert sorted(f.name for f in (tmp_path / "made").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    assert same(load(tmp_path / "made"), network)


@pytest.mark.parametrize("kind", ["torch", "mask2former"])
def test_mask2former_parts_fill_backbone_and_pixel_decoder(
    kind: str, state: dict[str, Any], network: Any, tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_backbone, load_pixel_decoder

    backbone, decoder = part(state, BACKBONE), part(state, PIXEL_DECODER)
    files = [tmp_path / "M2F_R50.pkl", tmp_path / "M2F_R50_MSDeformAttnPixelDecoder.pkl"]
    if kind == "torch":
        top = ("lateral_convs.", "output_convs.")
        flat = {
            next((k.removeprefix(t) for t in top if k.startswith(t)), k): v
            for k, v in decoder.items()
        }
        torch.save(
            {f"stages.{k}" if k.startswith("res") else k: v for k, v in backbone.items()}, files[0]
        )
        torch.save(flat, files[1])
    else:
        whole = {f"backbone.{k}": v.numpy() for k, v in backbone.items()}
        whole |= {f"sem_seg_head.pixel_decoder.{k}": v.numpy() for k, v in decoder.items()}
        whole["sem_seg_head.predictor.query_embed.weight"] = np.ones((100, 256), np.float32)
        file = {"model": whole, "__author__": "third_party"}
        files[0].write_bytes(pickle.dumps(file, protocol=4))
        files[1].write_bytes(pickle.dumps(file, protocol=5))

    loaded = load_backbone(files[0]) | load_pixel_decoder(files[1])
    expected = network.state_dict()
    assert set(loaded) == {k for k in expected if k.startswith(("backbone.", "pixel_decoder."))}
    assert all(torch.equal(loaded[k], expected[k]) for k in loaded)


# -- what is no such file


def without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {k: v for k, v in state.items() if k != key}


def changed(key: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: state | {key: change(state[key])}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(without("query_pos.weight"), "lacks query_pos.weight", id="unused-lacks"),
        pytest.param(lambda s: s | {"extra": torch.ones(1)}, "unlike the model, extra", id="more"),
        pytest.param(
            changed("query_embed.weight", lambda t: t[:12]), r"shape \(12, 384\)", id="shape"
        ),
        pytest.param(changed("query_embed.weight", lambda t: t.half()), "float16", id="dtype"),
        pytest.param(changed("query_embed.weight", lambda t: t / 0), "NaN or infinity", id="nan"),
        pytest.param(changed("query_embed.weight", lambda t: 3), "is int", id="no-tensor"),
        pytest.param(
            changed("pixel_loc_emb.pos_w_embedding", lambda t: t + 0.01),
            "differs by 0.01",
            id="table",
        ),
        pytest.param(
            lambda s: s | {f"{BACKBONE}stages.res2.0.conv1.weight": torch.ones(64, 64, 1, 1)},
            "res2.0.conv1.weight is there twice",
            id="twice",
        ),
    ],
)
def test_what_is_not_the_published_layout_is_named(
    change: Callable[..., dict[str, Any]], said: str, state: dict[str, Any], tmp_path: Path
) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    with pytest.raises(DataError, match=said) as caught:
        load_published(saved(tmp_path / "a.pt", change(state)))
    assert "\n" not in str(caught.value)


def test_a_bare_state_dict_is_no_checkpoint(state: dict[str, Any], tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    torch.save({"a": torch.ones(1)}, tmp_path / "a.pt")
    with pytest.raises(DataError, match="holds no 'model'"):
        load_published(tmp_path / "a.pt")


@pytest.mark.parametrize("key", ["model", "variant", "weights", "findings", "source"])
def test_a_folder_of_something_else_is_refused(key: str, network: Any, tmp_path: Path) -> None:
    import json

    from gazesearch.models.chestsearch.checkpoints import load, save

    save(network, tmp_path, source={})
    config = tmp_path / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {key: "clean"}))
    with pytest.raises(DataError, match="config.json"):
        load(tmp_path)


# -- hostile files


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


def huge_storage(path: Path) -> Path:
    """A torch file whose one tensor claims 40 GB of a storage that is not there."""
    torch.save({"model": {"a": torch.zeros(4)}}, path)
    with zipfile.ZipFile(path) as archive:
        members = {m: archive.read(m) for m in archive.namelist()}
    (program,) = (m for m in members if m.endswith("data.pkl"))
    four, many = b"K\x04", b"\x8a\x05" + (10**10).to_bytes(5, "little")
    assert members[program].count(four) == 2  # of the storage, and of the shape
    members[program] = members[program].replace(four, many)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def huge_array(path: Path) -> Path:
    program = pickle.dumps({"model": {"backbone.a": np.zeros((2, 3), np.float32)}}, protocol=2)
    old, new = b"K\x02K\x03\x86", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"
    assert program.count(old) == 1
    path.write_bytes(program.replace(old, new))
    return path


def bomb(path: Path) -> Path:
    """10 GB of zeros, compressed to 10 MB, would be a long test: 300 MB show the same."""
    return zipped(path, b"0" * 300_000_000, compression=zipfile.ZIP_DEFLATED)


def huge_header(path: Path) -> Path:
    path.write_bytes(struct.pack("<Q", 10 * 10**9) + b"{" + b" " * 1000)
    return path


def cut(path: Path) -> Path:
    torch.save({"model": {"a": torch.zeros(1000)}}, path)
    path.write_bytes(path.read_bytes()[:-700])
    return path


def cut_pickle(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"model": {"backbone.a": np.zeros(99)}}, protocol=4)[:-50])
    return path


def many_bytes(path: Path) -> Path:
    """A pickle that says that 10 GB follow."""
    path.write_bytes(b"\x80\x04\x8e" + struct.pack("<Q", 10**10) + b"abc")
    return path


LIARS = {
    "huge-storage": (huge_storage, "read_torch"),
    "bomb": (bomb, "read_torch"),
    "cut": (cut, "read_torch"),
    "huge-array": (huge_array, "read_numpy_pickle"),
    "many-bytes": (many_bytes, "read_numpy_pickle"),
    "cut-pickle": (cut_pickle, "read_numpy_pickle"),
    "huge-header": (huge_header, "read_safetensors"),
}
READER = """
import resource, sys
from gazesearch.errors import DataError
from gazesearch.models.chestsearch import untrusted

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, on Linux
for reader, file in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        getattr(untrusted, reader)(file)
    except DataError as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_files_that_claim_more_than_they_hold_are_refused_and_take_no_memory(
    tmp_path: Path,
) -> None:
    arguments = [
        argument
        for name, (make, reader) in LIARS.items()
        for argument in (reader, str(make(tmp_path / name)))
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READER, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    *refusals, growth = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line.split(": ")[0] for line in refusals] == [str(tmp_path / name) for name in LIARS]
    assert int(growth) < 50_000


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


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load, load_published

    with pytest.raises(UnreadableFile, match="no such file"):
        load_published(tmp_path / "a.pt")
    with pytest.raises(UnreadableFile, match="no such file"):
        load(tmp_path)


def test_ordered_dictionaries_are_fine(state: dict[str, Any], network: Any, tmp_path: Path) -> None:
    from gazesearch.models.chestsearch.checkpoints import load_published

    ordered = collections.OrderedDict(state)
    assert same(load_published(saved(tmp_path / "a.pt", ordered)), network)
