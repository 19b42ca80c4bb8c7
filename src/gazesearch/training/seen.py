"""What a frozen backbone sees of images, kept on disk: looked at once, not once an epoch.

A folder holds parts of some images each, safetensors files that are read through a memory map. A
part says what it is of: the backbone's weights, how images are prepared for it, whether they were
mirrored, the images' digests, and the digest of its own numbers. What does not fit is not used: it
is made anew. Features of gated images are gated too: the folder is kept out of git.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from gazesearch.errors import BadSetting
from gazesearch.evaluation.scoring import Progress
from gazesearch.files import ready_folder, write_text, written_whole
from gazesearch.models.network import SearchNetwork
from gazesearch.prediction import ImageSource, image_of
from gazesearch.training.looking import backbone_of, looked_at

Kept = Literal["float16", "float32"]

_FORMAT: Final = "gazesearch-seen-1"
_PART: Final = 32  # images in a part: what is lost when building is broken off


class Seen:
    """Levels of images, mirrored or not, from the folder that `look` filled.

    Attributes:
        built: how many images were looked at for it; the others were there.
    """

    def __init__(self, places: Mapping[tuple[str, bool], tuple[Any, int]], *, built: int) -> None:
        """Name what is where: the open part and the row in it."""
        self._places = dict(places)
        self.built = built

    def levels(
        self,
        names: Sequence[str],
        mirrored: Iterable[bool],
        shifts: NDArray[np.int64] | None = None,
    ) -> list[Tensor]:
        """What the backbone sees of some images, (i, channels, rows, columns) float32 a level.

        Raises:
            BadSetting: of shifted images, which were not looked at.
        """
        if shifts is not None and shifts.any():
            raise BadSetting("kept features cannot be shifted: kept = 'no'")
        places = [self._places[name, bool(m)] for name, m in zip(names, mirrored, strict=True)]
        count = len(list(places[0][0].keys()))
        return [
            torch.cat([part.get_slice(f"{n}")[row : row + 1].float() for part, row in places])
            for n in range(count)
        ]


def look(
    network: SearchNetwork,
    images: ImageSource,
    names: Sequence[str],
    *,
    folder: str | os.PathLike[str],
    mirrored: bool = False,
    kept: Kept = "float16",
    images_at_once: int = 4,
    progress: Progress | None = None,
) -> Seen:
    """Features of images, from the folder where they are there, else computed and put there.

    Broken off, it goes on where it stopped. Nothing but what is derived from images is kept.

    Args:
        network: whose `see` is asked; its `backbone` must not be trained meanwhile.
        images: by name.
        names: the images.
        folder: may hold features of other images and of other backbones.
        mirrored: whether they are looked at mirrored as well.
        kept: "float16", or "float32", which takes twice the room and loses nothing.
        images_at_once: how many are looked at together.
        progress: called with what is being done and the fraction done.

    Raises:
        BadSetting: a value does not fit into float16.
        DataError, UnreadableFile: an image is none, or the folder cannot be written to.
    """
    if kept not in get_args(Kept):
        raise BadSetting(f"kept={kept!r}: must be 'float16' or 'float32'")
    say = progress or (lambda _text, _done: None)
    backbone = backbone_of(network)
    looks = (False, True) if mirrored else (False,)
    digests = {name: _digest(image_of(images, name)) for name in dict.fromkeys(names)}
    where = ready_folder(folder)
    if not (where / ".gitignore").exists():
        write_text(where / ".gitignore", "*\n")
    made_by = {
        "format": _FORMAT,
        "backbone": weights_digest(backbone),
        "preparation": _preparation(network),
        "map_shape": json.dumps(list(network.map_shape)),  # finer levels are pooled to its cells
        "kept": kept,
    }
    places: dict[tuple[str, bool], tuple[Any, int]] = {}
    built = 0
    for flipped in looks:
        header = made_by | {"mirrored": json.dumps(flipped)}
        shelf = where / hashlib.sha256(json.dumps(header).encode()).hexdigest()[:16]
        there = _opened(shelf, header)
        missing = list(dict.fromkeys(d for d in digests.values() if d not in there))
        name_of = {digest: name for name, digest in digests.items()}
        for start in range(0, len(missing), _PART):
            some = missing[start : start + _PART]
            say("looking at images", start / len(missing))
            _build(
                network,
                [image_of(images, name_of[d]) for d in some],
                [name_of[d] for d in some],
                shelf / f"{some[0].removeprefix('sha256:')[:16]}.safetensors",
                header | {"images": json.dumps(some)},
                flipped=flipped,
                images_at_once=images_at_once,
            )
            built += len(some)
        if missing:
            there = _opened(shelf, header)
        places |= {(name, flipped): there[digest] for name, digest in digests.items()}
    return Seen(places, built=built)


def weights_digest(module: nn.Module) -> str:
    """`sha256:` of the names, shapes and numbers of a module's parameters and buffers."""
    total = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        plain = tensor.detach().cpu().contiguous()
        total.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        total.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return f"sha256:{total.hexdigest()}"


def _preparation(network: SearchNetwork) -> str:
    """What tells one way to prepare images from another: what it makes of a pattern."""
    y, x = np.mgrid[:97, :131]
    pattern = np.stack([(3 * x + 5 * y) % 256, (x * y) % 256, (7 * x) % 256], axis=2)
    prepared = network.prepared(pattern.astype(np.uint8), where="pattern")
    shape = f"{tuple(prepared.shape)}".encode()
    return f"sha256:{hashlib.sha256(shape + prepared.numpy().tobytes()).hexdigest()}"


def _digest(image: NDArray[Any]) -> str:
    plain = np.ascontiguousarray(image)
    kind = f"{plain.dtype.str} {plain.shape}\n".encode()
    return f"sha256:{hashlib.sha256(kind + plain.tobytes()).hexdigest()}"


def _build(
    network: SearchNetwork,
    images: Sequence[NDArray[Any]],
    names: Sequence[str],
    file: Path,
    header: dict[str, str],
    *,
    flipped: bool,
    images_at_once: int,
) -> None:
    """Look at some images and write what was seen as one part."""
    dtype = torch.float16 if header["kept"] == "float16" else torch.float32
    seen: list[list[Tensor]] = []
    for start in range(0, len(images), images_at_once):
        part = slice(start, start + images_at_once)
        inputs = torch.stack(
            [
                network.prepared(image, where=name)
                for image, name in zip(images[part], names[part], strict=True)
            ]
        )
        seen.append(looked_at(network, inputs.flip(3) if flipped else inputs))
    levels = [torch.cat(level).cpu().to(dtype).contiguous() for level in zip(*seen, strict=True)]
    if not all(level.isfinite().all() for level in levels):
        raise BadSetting("features of the backbone do not fit into float16: keep them as float32")
    content = _content_digest(header, levels)
    with written_whole(file) as temporary:
        save_file(
            {f"{n}": level for n, level in enumerate(levels)},
            temporary,
            metadata=header | {"content": content},
        )


def _opened(shelf: Path, header: Mapping[str, str]) -> dict[str, tuple[Any, int]]:
    """Part and row of each image of a shelf, by digest; parts that are not sound are removed."""
    there: dict[str, tuple[Any, int]] = {}
    for file in sorted(shelf.glob("*.safetensors")):
        part = _sound(file, header)
        if part is None:
            file.unlink(missing_ok=True)  # another run that shares the folder may be faster
            continue
        opened, images = part
        there |= {digest: (opened, row) for row, digest in enumerate(images)}
    return there


def _sound(file: Path, header: Mapping[str, str]) -> tuple[Any, list[str]] | None:
    """An open part and its images' digests; None where it is damaged or of something else."""
    try:
        opened: Any = safe_open(file, framework="pt")
        told = opened.metadata() or {}
        images = json.loads(told.get("images", "[]"))
        levels = [opened.get_tensor(f"{n}") for n in range(len(list(opened.keys())))]
    except (SafetensorError, OSError, ValueError):
        return None
    sound = (
        all(told.get(name) == value for name, value in header.items())
        and bool(levels)
        and isinstance(images, list)
        and all(isinstance(digest, str) for digest in images)
        and all(len(level) == len(images) for level in levels)
        and told.get("content") == _content_digest({**header, "images": told["images"]}, levels)
    )
    return (opened, images) if sound else None


def _content_digest(header: Mapping[str, str], levels: Sequence[Tensor]) -> str:
    total = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for level in levels:
        total.update(f"{level.dtype} {tuple(level.shape)}\n".encode())
        total.update(level.numpy().tobytes())
    return f"sha256:{total.hexdigest()}"
