"""A published checkpoint made into a folder of ours, which loads faster and holds no pickle."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gazesearch.errors import GazeSearchError, UnreadableFile
from gazesearch.files import digest
from gazesearch.models.chestsearch.checkpoints import load, load_published, save
from gazesearch.models.weights import CONFIG_NAME, WEIGHTS_NAME, read_config


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A folder of converted weights.

    Attributes:
        folder: where they are.
        source: name and digest of the file that they came from.
        weights: digest of `model.safetensors`.
        size: bytes of `model.safetensors`.
        written: False if the folder held just these already and was left alone.
    """

    folder: Path
    source: dict[str, str]
    weights: str
    size: int
    written: bool


def convert(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> Converted:
    """Read a published checkpoint strictly and write `model.safetensors` and `config.json`.

    A folder that holds what the same file was converted to before is left as it is, unless that is
    damaged.

    Args:
        path: the checkpoint, `ckp_29999.pt`.
        folder: made if need be; nothing else of its content is touched.

    Raises:
        DataError: no published checkpoint, or hostile.
        UnreadableFile: a file is absent or too large, or the folder holds another model.
    """
    source, made = Path(path), Path(folder)
    held = [name for name in (CONFIG_NAME, WEIGHTS_NAME) if (made / name).exists()]
    origin = {source.name: digest(source)}
    if held and (CONFIG_NAME not in held or read_config(made).get("source") != origin):
        raise UnreadableFile(
            f"{made}: holds a {held[0]} that is not of this file: nothing was written; name "
            "another folder, or remove it"
        )
    whole = bool(held) and _loads(made)
    if not whole:
        save(load_published(source), made, source=origin)
    return Converted(
        folder=made,
        source=origin,
        weights=read_config(made)["weights"],
        size=(made / WEIGHTS_NAME).stat().st_size,
        written=not whole,
    )


def _loads(folder: Path) -> bool:
    try:
        load(folder)
    except GazeSearchError:
        return False
    return True
