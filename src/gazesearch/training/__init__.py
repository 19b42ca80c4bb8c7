"""Training: recorded paths in, a trained model out (extra `train`)."""

from gazesearch.errors import require

for _needed in ("torch", "jaxtyping", "safetensors", "huggingface_hub"):
    require(_needed, extra="train")
