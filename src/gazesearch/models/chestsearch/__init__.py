"""ChestSearch, the model of GazeSearch: as published, and mended (extra `model`)."""

from gazesearch.errors import require

for _needed in ("torch", "jaxtyping", "safetensors", "huggingface_hub"):
    require(_needed, extra="model")
