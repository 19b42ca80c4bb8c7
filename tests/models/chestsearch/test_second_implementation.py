"""ChestSearch written a second time, plainly: published names, float64, loops, all projections.

It shares no code with the package; both agree on other weights, other sizes and all histories.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra `model`")
F = torch.nn.functional

State = dict[str, Any]


def resnet(s: State, x: Any) -> list[Any]:
    def conv(name: str, x: Any, stride: int = 1) -> Any:
        weight = s[f"{name}.weight"]
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        norm = [s[f"{name}.norm.{k}"] for k in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *norm, eps=1e-5)

    x = F.max_pool2d(conv("stem.conv1", x, 2).relu(), 3, 2, 1)
    outputs = []
    for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3)):
        for block in range(blocks):
            name = f"res{stage}.{block}"
            stride = 2 if block == 0 and stage > 2 else 1
            y = conv(f"{name}.conv1", x).relu()
            y = conv(f"{name}.conv2", y, stride).relu()
            y = conv(f"{name}.conv3", y)
            around = conv(f"{name}.shortcut", x, stride) if block == 0 else x
            x = (y + around).relu()
        outputs.append(x)
    return outputs


def norm(s: State, name: str, x: Any) -> Any:
    return F.layer_norm(x, x.shape[-1:], s[f"{name}.weight"], s[f"{name}.bias"])


def linear(s: State, name: str, x: Any) -> Any:
    return F.linear(x, s[f"{name}.weight"], s[f"{name}.bias"])


def bilinear(value: Any, h: int, w: int, x: Any, y: Any) -> Any:
    """Values (h*w, c) at x, y counted in cells, cell centres at whole numbers; zero outside."""
    total = 0
    for dx in (0, 1):
        for dy in (0, 1):
            column, row = x.floor() + dx, y.floor() + dy
            weight = (1 - (x - column).abs()) * (1 - (y - row).abs())
            inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
            cell = (row.clamp(0, h - 1) * w + column.clamp(0, w - 1)).long()
            total = total + value[cell] * (weight * inside)[..., None]
    return total


def deformable(s: State, name: str, query: Any, tokens: Any, shapes: list[Any]) -> Any:
    t = len(tokens)
    centres = torch.tensor(
        [((c + 0.5) / w, (r + 0.5) / h) for h, w in shapes for r in range(h) for c in range(w)]
    ).double()
    offsets = linear(s, f"{name}.sampling_offsets", query).view(t, 8, 3, 4, 2)
    weights = linear(s, f"{name}.attention_weights", query).view(t, 8, 12).softmax(-1)
    values = linear(s, f"{name}.value_proj", tokens)
    out = torch.zeros(t, 8, 32, dtype=torch.double)
    for head in range(8):
        start = 0
        for level, (h, w) in enumerate(shapes):
            value = values[start : start + h * w, head * 32 : (head + 1) * 32]
            start += h * w
            for point in range(4):
                x = centres[:, 0] * w + offsets[:, head, level, point, 0] - 0.5
                y = centres[:, 1] * h + offsets[:, head, level, point, 1] - 0.5
                seen = bilinear(value, h, w, x, y)
                out[:, head] += weights[:, head, level * 4 + point, None] * seen
    return linear(s, f"{name}.output_proj", out.flatten(1))


def sine(h: int, w: int) -> Any:
    table = torch.zeros(h, w, 256, dtype=torch.double)
    for k in range(64):
        scale = 2 * math.pi / 10_000 ** (2 * k / 128)
        y, x = torch.arange(1, h + 1) / (h + 1e-6), torch.arange(1, w + 1) / (w + 1e-6)
        table[:, :, 2 * k] = (y * scale).sin()[:, None]
        table[:, :, 2 * k + 1] = (y * scale).cos()[:, None]
        table[:, :, 128 + 2 * k] = (x * scale).sin()
        table[:, :, 129 + 2 * k] = (x * scale).cos()
    return table.flatten(0, 1)


def pixel_decoder(s: State, features: list[Any]) -> tuple[Any, Any]:
    res2, *rest = features
    tokens, positions, shapes = [], [], []
    for n, x in enumerate(rest[::-1]):
        x = F.conv2d(x, s[f"input_proj.{n}.0.weight"], s[f"input_proj.{n}.0.bias"])
        x = F.group_norm(x, 32, s[f"input_proj.{n}.1.weight"], s[f"input_proj.{n}.1.bias"])
        shapes.append(tuple(x.shape[2:]))
        tokens.append(x[0].flatten(1).T)
        positions.append(sine(*shapes[-1]) + s["transformer.level_embed"][n])
    x, position = torch.cat(tokens), torch.cat(positions)
    for n in range(6):
        name = f"transformer.encoder.layers.{n}"
        seen = deformable(s, f"{name}.self_attn", x + position, x, shapes)
        x = norm(s, f"{name}.norm1", x + seen)
        hidden = linear(s, f"{name}.linear1", x).relu()
        x = norm(s, f"{name}.norm2", x + linear(s, f"{name}.linear2", hidden))
    sizes = [h * w for h, w in shapes]
    p1, _, p3 = (
        level.T.reshape(1, 256, *shape) for level, shape in zip(x.split(sizes), shapes, strict=True)
    )

    def normed(name: str, x: Any, padding: int) -> Any:
        x = F.conv2d(x, s[f"{name}.weight"], padding=padding)
        return F.group_norm(x, 32, s[f"{name}.norm.weight"], s[f"{name}.norm.bias"])

    y = normed("lateral_convs.adapter_1", res2, 0) + F.interpolate(
        p3, scale_factor=2, mode="bilinear"
    )
    y = normed("output_convs.layer_1", y, 1).relu()
    return p1, F.conv2d(y, s["mask_features.weight"], s["mask_features.bias"])


def attention(s: State, name: str, query: Any, key: Any, value: Any) -> Any:
    weights, biases = s[f"{name}.in_proj_weight"].chunk(3), s[f"{name}.in_proj_bias"].chunk(3)
    q, k, v = (
        F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )
    heads = []
    for part in (slice(96 * m, 96 * m + 96) for m in range(4)):
        scores = (q[:, part] @ k[:, part].T / math.sqrt(96)).softmax(1)
        heads.append(scores @ v[:, part])
    return linear(s, f"{name}.out_proj", torch.cat(heads, 1))


def place(column: int, row: int) -> Any:
    k = torch.arange(96, dtype=torch.double)
    rate = (-2 * k * math.log(10_000) / 192).exp()
    axes = [torch.stack([(c * rate).sin(), (c * rate).cos()], 1).flatten() for c in (column, row)]
    return torch.cat(axes)


def mlp(s: State, name: str, x: Any) -> Any:
    for n in range(3):
        x = linear(s, f"{name}.layers.{n}", x)
        x = x.relu() if n < 2 else x
    return x


def below(s: State, prefix: str) -> State:
    return {k.removeprefix(prefix): v for k, v in s.items() if k.startswith(prefix)}


def chestsearch(state: State, image: Any, fixations: np.ndarray) -> tuple[Any, Any]:
    """Map logits (13, h, w) and stop logits (13,) after some fixations (t, 2), float32, 0 to 1."""
    s = {key: value.double() for key, value in state.items()}
    features = resnet(below(s, "encoder.backbone."), image.double()[None])
    p1, p4 = pixel_decoder(below(s, "encoder.pixel_decoder."), features)
    dim, sharp = (F.conv2d(p, s["input_proj.weight"], s["input_proj.bias"])[0] for p in (p1, p4))
    h, w = sharp.shape[1:]

    tokens, kinds = [], []
    for row in range(h // 8):
        for column in range(w // 8):
            tokens.append(dim[:, row, column] + place(8 * column + 4, 8 * row + 4))
            kinds.append(s["dorsal_ind_emb.weight"][0])
    for n, (x, y) in enumerate(fixations):
        column, row = int(np.float32(w) * x), int(np.float32(h) * y)
        position = place(column, row) if (column, row) != (0, 0) else 0
        tokens.append(sharp[:, row, column] + position)
        kinds.append(s["ventral_ind_emb.weight"][0] + s["fix_ind_emb.weight"][n])
    x, kind = torch.stack(tokens), torch.stack(kinds)
    for n in range(3):
        name = f"working_memory_encoder.layers.{n}"
        seen = attention(s, f"{name}.self_attn", x + kind, x + kind, x)
        x = norm(s, f"{name}.norm1", x + seen)
        hidden = linear(s, f"{name}.linear1", x).relu()
        x = norm(s, f"{name}.norm2", x + linear(s, f"{name}.linear2", hidden))

    query = s["query_embed.weight"]
    for n in range(6):
        name = f"transformer_cross_attention_layers_dorsal.{n}"
        seen = attention(s, f"{name}.multihead_attn", query, x + kind, x)
        query = norm(s, f"{name}.norm", query + seen)
        name = f"transformer_ffn_layers.{n}"
        hidden = linear(s, f"{name}.linear1", query).relu()
        query = norm(s, f"{name}.norm", query + linear(s, f"{name}.linear2", hidden))

    table = torch.stack(
        [torch.stack([place(column, row) for column in range(w)]) for row in range(h)]
    )
    maps = torch.einsum(
        "fd,dhw->fhw", mlp(s, "fixation_embed", query), sharp + table.permute(2, 0, 1)
    )
    count = torch.full((13, 1), len(fixations), dtype=torch.double)
    return maps, mlp(s, "termination_predictor", torch.cat([query, count], 1))[:, 0]


@pytest.fixture(scope="module")
def salted_network(salted: State) -> Any:
    from gazesearch.models.chestsearch.layout import ours_of_published
    from gazesearch.models.chestsearch.model import ChestSearch
    from gazesearch.models.chestsearch.variants import WACV2025

    with torch.device("meta"):
        network = ChestSearch(variant=WACV2025)
    network.load_state_dict(ours_of_published(salted, where="test"), assign=True)
    return network.eval()


@pytest.mark.parametrize(
    ("height", "width", "n"),
    [
        pytest.param(96, 96, 3, id="square"),
        pytest.param(96, 160, 6, id="wide"),
        pytest.param(160, 64, 1, id="tall"),
    ],
)
def test_both_implementations_agree(
    height: int, width: int, n: int, salted: State, salted_network: Any
) -> None:
    from gazesearch.models.chestsearch.inputs import published_cells

    rng = np.random.default_rng(height)
    image = torch.from_numpy(rng.normal(size=(3, height, width)).astype(np.float32))
    fixations = rng.uniform(size=(n, 2)).astype(np.float32)
    if n > 1:
        fixations[1] = 0.001  # the top left cell, which has no position
    with torch.inference_mode():
        features = salted_network.encode(image[None])
        told = salted_network(
            features,
            torch.zeros(13, dtype=torch.long),
            torch.arange(13),
            published_cells(torch.from_numpy(fixations), features.shape).expand(13, n),
        )
        maps, stops = chestsearch(salted, image, fixations)
    assert (told.map_logits - maps).abs().max() < 1e-4
    assert (told.stop_logits - stops).abs().max() < 1e-4


def test_other_sizes_must_be_multiples_of_32() -> None:
    from gazesearch.errors import BadSetting
    from gazesearch.models.chestsearch.model import ChestSearch

    with torch.device("meta"):
        network = ChestSearch()
        image = torch.zeros(1, 3, 224, 240)
    with pytest.raises(BadSetting, match="multiples of 32"):
        network.encode(image)
