"""Backbones of transformers, from small random models that it writes itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gazesearch.errors import BadSetting, DataError

torch = pytest.importorskip("torch", reason="needs the extra `train`")
transformers = pytest.importorskip("transformers", reason="needs the extra `train`")
for needed in ("jaxtyping", "safetensors", "huggingface_hub"):
    pytest.importorskip(needed, reason="needs the extra `train`")

from gazesearch.models.backbones.creating import blank, create  # noqa: E402

SMALL = {"hidden_size": 16, "num_hidden_layers": 5, "num_attention_heads": 2}
KINDS = {
    "dinov2": ("Dinov2", {**SMALL, "image_size": 28, "patch_size": 14}),  # RAD-DINO's
    "dinov3_vit": (
        "DINOv3ViT",
        {**SMALL, "intermediate_size": 32, "image_size": 32, "patch_size": 16},
    ),
    "convnext": ("ConvNext", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}),
}


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, sizes = KINDS[request.param]
    torch.manual_seed(3)
    model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**sizes))
    model.save_pretrained(tmp_path)
    return tmp_path


def side_of(backbone: Any) -> int:
    return 4 * int(max(backbone.strides))


def test_levels_are_what_the_model_itself_computes(folder: Path) -> None:
    backbone = create("huggingface", weights=folder).eval()
    original = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    side = side_of(backbone)
    image = torch.randn(2, 3, side, side, generator=torch.manual_seed(0))
    with torch.no_grad():
        levels = backbone(image)
        last = original(image, output_hidden_states=True).last_hidden_state
    assert [level.shape for level in levels] == [
        (2, channels, side // stride, side // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]
    assert len({level.mean().item() for level in levels}) == len(levels) == 4
    if last.ndim == 3:  # normed tokens, those of patches last
        patches = last[:, -levels[-1][0, 0].numel() :].transpose(1, 2)
        assert torch.allclose(levels[-1].flatten(2), patches, atol=1e-5)


def test_it_is_made_again_from_its_description_and_weights(folder: Path) -> None:
    backbone = create("huggingface", weights=folder).eval()
    again = blank("huggingface", json.loads(json.dumps(backbone.description))).eval()
    again.load_state_dict(backbone.state_dict())
    image = torch.randn(1, 3, side_of(backbone), side_of(backbone))
    with torch.no_grad():
        for one, other in zip(backbone(image), again(image), strict=True):
            assert torch.equal(one, other)


def test_pixels_are_those_of_its_processor(folder: Path) -> None:
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.5, 0.25, 0], "image_std": [0.5, 0.25, 1]})
    )
    backbone = create("huggingface", weights=folder)
    assert backbone.mean == (127.5, 63.75, 0)
    assert backbone.std == (127.5, 63.75, 255)


def test_what_is_no_such_backbone_is_refused(folder: Path) -> None:
    backbone = create("huggingface", weights=folder)
    with pytest.raises(BadSetting, match="multiples of"):
        backbone(torch.zeros(1, 3, side_of(backbone) + 1, side_of(backbone)))
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(DataError, match="cannot be read as weights"):
        create("huggingface", weights=folder)
    for config in ('{"model_type": "bert"}', '{"model_type": "timm_backbone"}', "{}", "[]", "{"):
        (folder / "config.json").write_text(config)
        with pytest.raises(DataError, match=r"config\.json"):
            create("huggingface", weights=folder)


def test_weights_that_lack_a_part_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    name, sizes = KINDS["dinov2"]
    model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**sizes))
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    state.pop("layernorm.weight")
    save_file(state, file, metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"lacks layernorm\.weight"):
        create("huggingface", weights=tmp_path)


def test_nothing_of_a_description_is_fetched_from_elsewhere() -> None:
    name, sizes = KINDS["dinov2"]
    plain = json.loads(
        getattr(transformers, f"{name}Config")(**sizes).to_json_string(use_diff=False)
    )
    asked = {"attn_implementation": "someone/kernels", "_attn_implementation": "someone/kernels"}
    made = blank("huggingface", {"config": plain | asked | {"auto_map": {"AutoModel": "a.B"}}})
    assert made.network.config._attn_implementation in ("eager", "sdpa")
    assert not hasattr(made.network.config, "auto_map")
