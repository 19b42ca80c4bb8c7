"""Vision backbones of Hugging Face's transformers, such as RAD-DINO and DINOv3 (extra `train`).

A folder is read as `save_pretrained` writes it: `config.json`, `model.safetensors` and, where there
is one, `preprocessor_config.json`. Nothing is downloaded, and no code of a folder is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

from torch import Tensor

from gazesearch.errors import BadSetting, DataError, first_line, require
from gazesearch.files import readable
from gazesearch.models.backbones.backbone import Backbone, of_255
from gazesearch.models.chestsearch.inputs import MEAN, STD
from gazesearch.models.shapes import Float

CONFIG_NAME: Final = "config.json"
WEIGHTS_NAME: Final = "model.safetensors"
PIXELS_NAME: Final = "preprocessor_config.json"
_MAX_CONFIG: Final = 2**20  # bytes
_LEVELS: Final = 4
_NEW: Final = "hidden_states_norms."
_LEFT_OUT: Final = ("model_type", "out_features", "_out_features", "out_indices", "_out_indices")
_ELSEWHERE: Final = (
    "auto_map",
    "attn_implementation",
    "quantization",
    "use_kernels",
    "kernel_config",
)
"""What may have code or kernels fetched from elsewhere and run, whatever stands before or after."""


@final
class HuggingFace(Backbone):
    """Four levels of a transformer, evenly spaced, or the four stages of a pyramid.

    Attributes:
        description: what makes its architecture and its pixels, as plain values; of it and its
            weights the same backbone is made again.
    """

    kind = "huggingface"

    def __init__(self, description: Mapping[str, Any]) -> None:
        """Random weights.

        Args:
            description: `config`, as in the model's `config.json`; `image_mean` and `image_std`, of
                pixels from 0 to 1.

        Raises:
            DataError: no architecture that transformers has as a backbone, or no means of pixels.
            MissingExtra: transformers is not installed.
        """
        super().__init__()
        self.mean = _pixels(description, "image_mean", MEAN)
        self.std = _pixels(description, "image_std", STD)
        config = _config(description.get("config"))
        transformers = require("transformers", extra="train")
        try:
            self.network = transformers.AutoBackbone.from_config(config)
        except Exception as error:  # a configuration can be wrong in any way
            raise DataError(f"{CONFIG_NAME}: makes no backbone: {first_line(error)}") from error
        self.description = {
            "config": json.loads(config.to_json_string(use_diff=False)),
            "image_mean": [value / 255 for value in self.mean],
            "image_std": [value / 255 for value in self.std],
        }
        self.channels = tuple(int(width) for width in self.network.channels)
        self.strides = _strides(config, len(self.channels))

    def levels(self, inputs: Float[Tensor, "i 3 H W"]) -> list[Tensor]:
        """The feature maps of the chosen layers, the finest first.

        Raises:
            BadSetting: a side is no multiple of the coarsest stride.
        """
        coarsest = max(self.strides)
        if any(side % coarsest for side in inputs.shape[2:]):
            raise BadSetting(
                f"images of {tuple(inputs.shape[2:])}: sides must be multiples of {coarsest} px"
            )
        return list(self.network(inputs).feature_maps)


def load(folder: str | os.PathLike[str]) -> HuggingFace:
    """The backbone in a folder.

    Raises:
        DataError: the folder holds no backbone of transformers, or not all of its weights.
        MissingExtra: transformers is not installed.
        UnreadableFile: a file is absent or too large.
    """
    where = Path(folder)
    pixels = _json(where / PIXELS_NAME) if (where / PIXELS_NAME).exists() else {}
    made = HuggingFace({**pixels, "config": _json(where / CONFIG_NAME)})
    readable(where / WEIGHTS_NAME, max_size=16 * 2**30)
    try:  # by the class itself: the automatic one asks the Hub
        network, told = type(made.network).from_pretrained(
            os.fspath(where),
            config=made.network.config,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as error:  # weights can be broken in any way
        raise DataError(f"{where}: cannot be read as weights: {first_line(error)}") from error
    # What a pyramid's levels are normed by is no part of the weights of its classifier.
    missing = [name for name in told["missing_keys"] if not name.startswith(_NEW)]
    if missing := sorted(missing):
        raise DataError(
            f"{where / WEIGHTS_NAME}: lacks {', '.join(missing[:5])}: weights of another model"
        )
    made.network = network.float()
    return made


def _config(values: Any) -> Any:
    """A configuration of transformers that asks for evenly spaced levels.

    Raises:
        DataError: it names no architecture that is known there.
    """
    kind = values.get("model_type") if isinstance(values, Mapping) else None
    transformers = require("transformers", extra="train")
    if not isinstance(kind, str) or "timm" in kind:  # which would look for weights elsewhere
        raise DataError(f"{CONFIG_NAME}: model_type {str(kind)[:60]!r}: no backbone known here")
    rest = {key: v for key, v in _own(values).items() if key not in _LEFT_OUT}
    try:
        config = transformers.AutoConfig.for_model(kind, **rest)
        layers = len(config.stage_names) - 1
        count = min(_LEVELS, layers)
        config.out_indices = [layers * (n + 1) // count for n in range(count)]
    except Exception as error:  # a configuration can be wrong in any way
        raise DataError(
            f"{CONFIG_NAME}: model_type {kind[:60]!r}: no backbone: {first_line(error)}"
        ) from error
    return config


def _own(values: Any) -> Any:
    """A configuration without anything that would be fetched and run, at whatever depth."""
    if isinstance(values, list):
        return [_own(value) for value in values]
    if not isinstance(values, Mapping):
        return values
    return {
        key: _own(value)
        for key, value in values.items()
        if not any(word in key for word in _ELSEWHERE)
    }


def _strides(config: Any, levels: int) -> tuple[int, ...]:
    """px along a side of a cell of each level: of patches, or doubled from stage to stage."""
    patch = getattr(config, "patch_size", None)
    if hasattr(config, "num_hidden_layers") and not hasattr(config, "depths"):
        return (int(patch[0] if isinstance(patch, Sequence) else patch or 16),) * levels
    first = int(patch[0] if isinstance(patch, Sequence) else patch or 4)
    return tuple(first * 2**n for n in range(levels))


def _pixels(description: Mapping[str, Any], name: str, usual: Any) -> tuple[float, float, float]:
    try:
        return of_255(description.get(name, usual))
    except (TypeError, ValueError) as error:
        raise DataError(f"{PIXELS_NAME}: {name}: must be three numbers") from error


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(readable(file, max_size=_MAX_CONFIG).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: is not JSON: {first_line(error)}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file}: is no JSON object")
    return found
