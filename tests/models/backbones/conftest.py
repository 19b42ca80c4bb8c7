"""Shapes in signatures of backbones, checked as tests run."""

import importlib.util

if all(importlib.util.find_spec(name) for name in ("torch", "jaxtyping", "beartype")):
    import torch
    from jaxtyping import install_import_hook

    torch.set_num_threads(1)
    install_import_hook(
        [
            f"gazesearch.models.backbones.{name}"
            for name in ("backbone", "tiny", "efficientnet_lite", "resnet50", "hugging_face")
        ],
        "beartype.beartype",
    )
