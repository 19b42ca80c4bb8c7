"""Names and shapes of the published files, and the way from them to our parameters.

The way is a bijection on all that the model uses; the rest of a published checkpoint is a position
table (computed here) or never used there either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import torch
from torch import Tensor

from gazesearch.errors import DataError
from gazesearch.findings import FINDINGS
from gazesearch.models.chestsearch.model import QUERY_LAYERS, WIDTH, ChestSearch, position_of
from gazesearch.models.chestsearch.variants import WACV2025

Shapes = dict[str, tuple[int, ...]]

# First rule that fits. A stage's name is what a file with `backbone.stages.` is without it.
_RULES: Final = (
    (r"backbone\.(.*)", r"encoder.backbone.\1"),
    (r"pixel_decoder\.level_embed", r"encoder.pixel_decoder.transformer.level_embed"),
    (r"pixel_decoder\.layers\.(.*)", r"encoder.pixel_decoder.transformer.encoder.layers.\1"),
    (r"pixel_decoder\.lateral\.(.*)", r"encoder.pixel_decoder.lateral_convs.adapter_1.\1"),
    (r"pixel_decoder\.output\.(.*)", r"encoder.pixel_decoder.output_convs.layer_1.\1"),
    (r"pixel_decoder\.(.*)", r"encoder.pixel_decoder.\1"),
    (r"widen\.(.*)", r"input_proj.\1"),
    (r"dim_kind", r"dorsal_ind_emb.weight"),
    (r"sharp_kind", r"ventral_ind_emb.weight"),
    (r"order", r"fix_ind_emb.weight"),
    (r"finding_queries", r"query_embed.weight"),
    (r"memory_layers\.(\d)\.attention\.(.*)", r"working_memory_encoder.layers.\1.self_attn.\2"),
    (r"memory_layers\.(\d)\.norm\.(.*)", r"working_memory_encoder.layers.\1.norm1.\2"),
    (
        r"memory_layers\.(\d)\.feed_forward\.norm\.(.*)",
        r"working_memory_encoder.layers.\1.norm2.\2",
    ),
    (r"memory_layers\.(\d)\.feed_forward\.(.*)", r"working_memory_encoder.layers.\1.\2"),
    (
        r"query_layers\.(\d)\.attention\.(.*)",
        r"transformer_cross_attention_layers_dorsal.\1.multihead_attn.\2",
    ),
    (r"query_layers\.(\d)\.norm\.(.*)", r"transformer_cross_attention_layers_dorsal.\1.norm.\2"),
    (r"query_layers\.(\d)\.feed_forward\.(.*)", r"transformer_ffn_layers.\1.\2"),
    (r"map_head\.0\.(.*)", r"fixation_embed.layers.0.\1"),
    (r"map_head\.2\.(.*)", r"fixation_embed.layers.1.\1"),
    (r"map_head\.4\.(.*)", r"fixation_embed.layers.2.\1"),
    (r"stop_head\.0\.(.*)", r"termination_predictor.layers.0.\1"),
    (r"stop_head\.2\.(.*)", r"termination_predictor.layers.1.\1"),
    (r"stop_head\.4\.(.*)", r"termination_predictor.layers.2.\1"),
)

TABLES: Final = ("pixel_loc_emb.pos_w_embedding", "pixel_loc_emb.pos_h_embedding")
_TABLE_CELLS: Final = 56
_TABLE_TOLERANCE: Final = 1e-5

BACKBONE: Final = "encoder.backbone."
PIXEL_DECODER: Final = "encoder.pixel_decoder."


def published_name(ours: str) -> str:
    """The name in a published checkpoint of one of our parameters or buffers."""
    for pattern, theirs in _RULES:
        if match := re.fullmatch(pattern, ours):
            return match.expand(theirs)
    raise KeyError(ours)


@cache
def _names() -> dict[str, tuple[str, tuple[int, ...]]]:
    """Our name and the shape of all that the model uses, by published name."""
    with torch.device("meta"):
        model = ChestSearch(variant=WACV2025)
    return {
        published_name(name): (name, tuple(tensor.shape))
        for name, tensor in model.state_dict().items()
    }


def checkpoint_shapes() -> Shapes:
    """Every name of a published checkpoint, and its shape."""
    shapes = {name: shape for name, (_, shape) in _names().items()}
    shapes |= dict.fromkeys(TABLES, (_TABLE_CELLS, WIDTH // 2))
    return shapes | _unused_shapes()


def _unused_shapes() -> Shapes:
    """What a published checkpoint holds and its model never reads."""
    shapes: Shapes = {
        "query_pos.weight": (len(FINDINGS), WIDTH),
        "decoder_norm.weight": (WIDTH,),
        "decoder_norm.bias": (WIDTH,),
    }
    for layer in range(QUERY_LAYERS):
        start = f"transformer_self_attention_layers.{layer}."
        shapes |= {
            f"{start}self_attn.in_proj_weight": (3 * WIDTH, WIDTH),
            f"{start}self_attn.in_proj_bias": (3 * WIDTH,),
            f"{start}self_attn.out_proj.weight": (WIDTH, WIDTH),
            f"{start}self_attn.out_proj.bias": (WIDTH,),
            f"{start}norm.weight": (WIDTH,),
            f"{start}norm.bias": (WIDTH,),
        }
    return shapes


def part_shapes(prefix: str) -> Shapes:
    """Names and shapes of a part of a checkpoint, as its own file names them."""
    return {
        name.removeprefix(prefix): shape
        for name, (_, shape) in _names().items()
        if name.startswith(prefix)
    }


def ours_of_published(state: Mapping[str, Tensor], *, where: str) -> dict[str, Tensor]:
    """Our state dict from one that has been checked to hold all of `checkpoint_shapes`.

    Raises:
        DataError: a stored position table is not what it should be computed to.
    """
    for name in TABLES:
        difference = (state[name] - position_of(_TABLE_CELLS, like=state[name])).abs().max()
        if not difference <= _TABLE_TOLERANCE:
            raise DataError(
                f"{where}: {name}: differs by {difference:.2g} from the sines and cosines of 56 "
                "cells: no published checkpoint"
            )
    return {ours: state[name] for name, (ours, _) in _names().items()}


def ours_of_part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Our names for a part that has been checked to hold all of `part_shapes(prefix)`."""
    names = _names()
    return {names[prefix + name][0]: tensor for name, tensor in state.items()}
