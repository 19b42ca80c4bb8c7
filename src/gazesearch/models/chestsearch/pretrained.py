"""A model as a folder, or as one on the Hugging Face Hub: saved, loaded, pushed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Self

from huggingface_hub import ModelHubMixin, snapshot_download

from gazesearch.errors import UnreadableFile, first_line
from gazesearch.files import write_text
from gazesearch.models.chestsearch.checkpoints import load, save
from gazesearch.models.chestsearch.model import ChestSearch
from gazesearch.models.chestsearch.variants import WACV2025, Variant
from gazesearch.models.weights import CONFIG_NAME, WEIGHTS_NAME

CARD_NAME: Final = "README.md"


class Pretrained(ModelHubMixin):
    """A model that is made of a network: `save_pretrained`, `from_pretrained`, `push_to_hub`.

    A folder holds `model.safetensors`, `config.json` and a card. It is read by `checkpoints.load`
    alone: by digest, strictly, without pickle. Of what `config.json` says only the variant's name
    has an effect; the mixin would make arguments of it.

    Attributes:
        network: what is saved.
    """

    network: ChestSearch

    def __init__(self, network: ChestSearch) -> None:
        self.network = network

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | os.PathLike[str],
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        local_files_only: bool = False,
    ) -> Self:
        """The model of a folder, or of a repository on the Hub.

        Args:
            pretrained_model_name_or_path: a folder, for which no network is used; else the id of a
                repository, `owner/name`.
            revision: branch, tag or commit of the repository.
            token: access token; None takes the one that the machine is logged in with.
            cache_dir: where downloads are kept.
            local_files_only: take what was downloaded before, and ask nobody.

        Raises:
            DataError: what is there is no model, or damaged.
            UnreadableFile: neither such a folder nor such a repository, or no access to it.
        """
        folder = Path(pretrained_model_name_or_path)
        if not folder.is_dir():
            name = os.fspath(pretrained_model_name_or_path)
            try:
                downloaded = snapshot_download(
                    name,
                    revision=revision,
                    token=token,
                    cache_dir=cache_dir,
                    local_files_only=local_files_only,
                    allow_patterns=[CONFIG_NAME, WEIGHTS_NAME],
                )
            except Exception as error:  # its client has errors of many unrelated kinds
                raise UnreadableFile(
                    f"{name}: no such folder, and not to be had from the Hub: {first_line(error)}"
                ) from error
            folder = Path(downloaded)
        return cls(load(folder))

    def push_to_hub(self, repo_id: str, *, private: bool | None = True, **options: Any) -> str:
        """Upload the folder, with the mixin's options; returns the address of the commit.

        A new repository is private unless told otherwise: the published weights and all that was
        trained from them are under terms that a public copy would break.
        """
        pushed: str = super().push_to_hub(repo_id, private=private, **options)
        return pushed

    def _save_pretrained(self, save_directory: Path) -> None:
        save(self.network, save_directory, source=self.network.source)
        card = save_directory / CARD_NAME
        if not card.exists():
            write_text(card, card_of(self.network.variant))


def card_of(variant: Variant) -> str:
    """The model card of a variant: what it is, how to load it, its terms, whom to cite."""
    kind = "the published network" if variant == WACV2025 else "the published network, mended"
    durations = "durations included" if variant.durations else "without durations"
    return f"""---
library_name: gazesearch
license: other
license_name: terms-of-its-sources
tags:
- chestsearch
- scanpath
- chest-x-ray
---

# ChestSearch, variant `{variant.name}`

Where a radiologist looks next on a chest X-ray in search of one of 13 findings: {kind},
{durations}. For research; not a medical device.

```python
from gazesearch.models.chestsearch.predictor import ChestSearchModel

model = ChestSearchModel.from_pretrained("this folder, or the id of this repository")
```

`config.json` names the files that the weights came from, with their digests.

## Terms

The code that reads these weights is under the Apache License 2.0. The weights are under the terms
of what they were made from: the published checkpoint of ChestSearch and the images of GazeSearch
are gated by their owners, and the images derive from MIMIC-CXR, which is used under the PhysioNet
Credentialed Health Data Use Agreement. Do not pass on what those terms keep back.

## Citation

Pham, Nguyen, Ikebe, Awasthi, Deng, Wu, Nguyen, Le: GazeSearch: Radiology Findings Search Benchmark,
WACV 2025 (https://arxiv.org/abs/2411.05780). The network is HAT's: Yang et al., Unifying top-down
and bottom-up scanpath prediction using transformers, CVPR 2024. The scanpaths come from REFLACX and
EGD, the images from MIMIC-CXR: cite them too.
"""
