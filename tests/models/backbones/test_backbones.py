"""What every backbone promises, and EfficientNet-lite against the package it was published in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gazesearch.errors import BadSetting, DataError, UnknownName

torch = pytest.importorskip("torch", reason="needs the extra `train`")
for needed in ("jaxtyping", "safetensors", "huggingface_hub"):
    pytest.importorskip(needed, reason="needs the extra `train`")

from gazesearch.models.backbones import efficientnet_lite  # noqa: E402
from gazesearch.models.backbones.creating import KINDS, blank, create  # noqa: E402

LITE = tuple(efficientnet_lite.MEMBERS)
GREY = np.full((30, 40), 127, np.uint8)


def lite_file(name: str) -> str:
    member = efficientnet_lite.MEMBERS[name]
    package = pytest.importorskip(member.package, reason="needs the extra `train`")
    return str(getattr(package, member.file).get_model_file_path())


def inputs(*shape: int, seed: int = 0) -> Any:
    return torch.randn(*shape, generator=torch.manual_seed(seed))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "huggingface"])
def test_levels_have_the_channels_and_strides_that_are_said(kind: str) -> None:
    backbone = blank(kind)
    levels = backbone(inputs(2, 3, 64, 96))
    assert [level.shape for level in levels] == [
        (2, channels, 64 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]
    assert list(backbone.strides) == sorted(backbone.strides)


@pytest.mark.parametrize("name", LITE)
@pytest.mark.parametrize("shape", [(65, 90), (64, 128)], ids=["odd", "even"])
def test_lite_equals_the_published_package(name: str, shape: tuple[int, int]) -> None:
    theirs = pytest.importorskip("efficientnet_lite_pytorch", reason="an oracle of the tests")
    # Without a size it pads by the image at hand, as TensorFlow; with one, as for that size.
    oracle = theirs.EfficientNet.from_pretrained(
        name.replace("_", "-"), weights_path=lite_file(name), image_size=None
    ).eval()
    ours = create(name).eval()
    images = inputs(2, 3, *shape)
    with torch.no_grad():
        x = torch.nn.functional.relu6(oracle._bn0(oracle._conv_stem(images)))
        outputs = []
        for block in oracle._blocks:
            x = block(x)
            outputs.append(x)
        levels = ours(images)
    for level in levels:
        nearest = min(
            (level - output).abs().max().item() for output in outputs if output.shape == level.shape
        )
        assert nearest < 1e-5
    assert torch.equal(levels[-1], outputs[-1])


def test_lite_sees_pixels_as_tensorflow_does() -> None:
    image = np.array([[[127, 255, 0]]], np.uint8)
    seen = blank("efficientnet_lite0").prepared(image, (1, 1), where="a.png")
    assert seen.flatten().tolist() == [0, 1, -127 / 128]


def test_an_image_of_any_size_is_stretched_and_one_of_floats_refused() -> None:
    backbone = blank("tiny")
    assert backbone.prepared(GREY, (16, 24), where="a.png").shape == (3, 16, 24)
    with pytest.raises(DataError, match=r"a\.png: an array of float64"):
        backbone.prepared(GREY / 255, (16, 24), where="a.png")


def test_frozen_means_no_gradients_and_no_training_mode() -> None:
    backbone = blank("tiny").freeze()
    assert not backbone.train().training
    assert not any(level.requires_grad for level in backbone(inputs(1, 3, 32, 32)))
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert all(level.requires_grad for level in blank("tiny")(inputs(1, 3, 32, 32)))


def test_weights_of_another_member_are_refused() -> None:
    with pytest.raises(DataError, match="weights of another model"):
        efficientnet_lite.load(lite_file("efficientnet_lite0"), "efficientnet_lite2")


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"_conv_stem.weight": Runs()}, tmp_path / "bad.pth")
    with pytest.raises(DataError, match=r"bad\.pth: cannot be read as weights"):
        efficientnet_lite.load(tmp_path / "bad.pth", "efficientnet_lite0")
    assert not (tmp_path / "ran").exists()


def test_resnet50_is_that_of_chestsearch(tmp_path: Path) -> None:
    """Weights go in by the names of the published file, and nothing else is computed."""
    source = blank("resnet50")
    names = {name.removeprefix("network."): value for name, value in source.state_dict().items()}
    torch.save(names, tmp_path / "r50.pkl")
    loaded = create("resnet50", weights=tmp_path / "r50.pkl").eval()
    image = inputs(1, 3, 32, 32)
    with torch.no_grad():
        for ours, theirs in zip(loaded(image), source.network(image), strict=True):
            assert torch.equal(ours, theirs)
    seen = loaded.prepared(np.full((2, 2, 3), 255, np.uint8), (1, 1), where="a.png")
    assert seen.flatten().tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_names_and_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="efficientnet_lite0"):
        create("efficientnet_lite1")
    with pytest.raises(BadSetting, match="takes no weights"):
        create("tiny", weights=tmp_path)
    with pytest.raises(BadSetting, match="name its weights"):
        create("resnet50")
