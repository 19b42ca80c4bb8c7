"""Features kept on disk: the same as when looked at, once an image, and never trusted blindly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from gazesearch.errors import BadSetting
from gazesearch.training.looking import Looking
from gazesearch.training.seen import look

NAMES = [f"{n}.png" for n in range(5)]


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


@pytest.fixture
def network(small: Any) -> Any:
    torch.manual_seed(1)
    return small.Small()


def test_kept_features_are_those_that_are_seen_mirrored_or_not(
    network: Any, pictures: dict[str, Any], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"folder": tmp_path, "mirrored": True}
    exact = look(network, pictures, NAMES, kept="float32", **options)
    small = look(network, pictures, NAMES, kept="float16", **options)
    asked = ["3.png", "0.png", "3.png"], [True, False, False]
    (true,) = Looking(network, pictures, trained=False).levels(*asked)
    assert torch.equal(exact.levels(*asked)[0], true)
    assert torch.allclose(small.levels(*asked)[0], true, rtol=1e-3, atol=1e-6)
    flipped = pictures["3.png"][:, ::-1]
    (other,) = Looking(network, {"m": flipped}, trained=False).levels(["m"], [False])
    assert torch.allclose(true[0], other[0], atol=1e-6)


def test_each_image_is_looked_at_once_and_only_new_ones_later(
    network: Any, pictures: dict[str, Any], tmp_path: Path
) -> None:
    assert look(network, pictures, NAMES[:3], folder=tmp_path).built == 3
    assert look(network, pictures, NAMES, folder=tmp_path).built == 2
    assert look(network, pictures, NAMES, folder=tmp_path).built == 0
    again = {**pictures, "1.png": pictures["1.png"] // 2}  # another image of that name
    assert look(network, again, NAMES, folder=tmp_path).built == 1
    assert (tmp_path / ".gitignore").read_text() == "*\n"


def test_other_weights_and_another_preparation_see_anew(
    network: Any, pictures: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(network, pictures, NAMES, folder=tmp_path)
    with torch.no_grad():
        network.backbone.weight[0, 0, 0, 0] += 1
    seen = look(network, pictures, NAMES, folder=tmp_path)
    assert seen.built == 5
    plain = type(network).prepared
    monkeypatch.setattr(
        type(network), "prepared", lambda self, image, *, where: 2 * plain(self, image, where=where)
    )
    assert look(network, pictures, NAMES, folder=tmp_path).built == 5


def test_features_of_other_cells_are_not_those_of_these(
    network: Any, pictures: dict[str, Any], tmp_path: Path
) -> None:
    look(network, pictures, NAMES, folder=tmp_path)
    network.map_shape = (3, 4)  # finer levels are pooled to them
    assert look(network, pictures, NAMES, folder=tmp_path).built == 5
    network.map_shape = (6, 8)
    assert look(network, pictures, NAMES, folder=tmp_path).built == 0


def test_shifts_by_cells_of_no_whole_pixels_are_refused(
    network: Any, pictures: dict[str, Any]
) -> None:
    looking = Looking(network, pictures, trained=False)
    by = np.array([[1, 0]])
    assert looking.levels(["0.png"], [False], by)[0].shape == (1, 4, 6, 8)
    network.map_shape = (5, 8)
    with pytest.raises(BadSetting, match="no whole number of px in each of 5 x 8 cells"):
        looking.levels(["0.png"], [False], by)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def one_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def other_names(file: Path) -> None:
    with safe_open(file, framework="pt") as part:
        told = part.metadata()
        levels = {name: part.get_tensor(name) for name in list(part.keys())}
    first, second, *rest = told["images"].strip("[]").split(", ")
    save_file(levels, file, metadata=told | {"images": f"[{', '.join([second, first, *rest])}]"})


def foreign(file: Path) -> None:
    save_file({"0": torch.zeros(5, 4, 6, 8)}, file)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_short, one_bit, other_names, foreign, emptied])
def test_what_is_damaged_or_foreign_is_made_anew(
    network: Any, pictures: dict[str, Any], tmp_path: Path, damage: Any
) -> None:
    whole = look(network, pictures, NAMES, folder=tmp_path).levels(NAMES, [False] * 5)
    damage(parts(tmp_path)[0])
    mended = look(network, pictures, NAMES, folder=tmp_path)
    assert mended.built == 5
    assert torch.equal(mended.levels(NAMES, [False] * 5)[0], whole[0])


def test_what_was_built_before_a_break_is_not_built_again(network: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = {f"{n}.png": rng.integers(0, 256, (24, 32), np.uint8) for n in range(40)}

    def stop_in_the_second_part(_: str, done: float) -> None:
        if done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(network, many, list(many), folder=tmp_path, progress=stop_in_the_second_part)
    assert look(network, many, list(many), folder=tmp_path).built == 8


def test_what_float16_cannot_hold_is_refused(
    network: Any, pictures: dict[str, Any], tmp_path: Path
) -> None:
    with torch.no_grad():
        network.backbone.bias += 1e6
    with pytest.raises(BadSetting, match="keep them as float32"):
        look(network, pictures, NAMES, folder=tmp_path)
    assert look(network, pictures, NAMES, folder=tmp_path, kept="float32").built == 5
