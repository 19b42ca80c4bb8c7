"""ChestSearch, the published model of GazeSearch (extra `model`)."""

from gazesearch.errors import require

for _needed in ("torch", "jaxtyping", "safetensors"):
    require(_needed, extra="model")
