"""What turns pixels into features: pretrained, of Hugging Face, or small and new."""

from gazesearch.errors import require

for _needed in ("torch", "jaxtyping", "safetensors", "huggingface_hub"):
    require(_needed, extra="model")
