"""NextGaze: a small network of the next fixation, made for likelihood (extra `model`)."""

from gazesearch.errors import require

for _needed in ("torch", "jaxtyping", "safetensors", "huggingface_hub"):
    require(_needed, extra="model")
