"""Whether a downloaded folder is complete and unaltered, told from its receipt, without network."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gazesearch.access.download import THREADS
from gazesearch.access.release import PARTS
from gazesearch.errors import GazeSearchError
from gazesearch.receipts import Receipt, ReceivedFile

_SHOWN: Final = 5
_OURS: Final = ("images/NOTICE.txt", "images/.gitignore")


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a folder is, against its receipt.

    Attributes:
        folder: the dataset's folder.
        receipt: what was downloaded.
        missing, altered: files of the receipt that are not there, or have another size or digest.
        surplus: files in the three folders that no receipt names; nobody's fault.
        adopted: number of files that are links to files of the user.
        annotated: number of images that annotations name; None without sound annotations.
        images: number of images of the receipt; None where images were not asked for.
        not_annotated: how many of these no annotation names; None if either is None.
        without_image: images that annotations name and the receipt lacks.
    """

    folder: Path
    receipt: Receipt
    missing: tuple[str, ...]
    altered: tuple[str, ...]
    surplus: tuple[str, ...]
    adopted: int
    annotated: int | None
    images: int | None
    not_annotated: int | None
    without_image: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is missing or altered."""
        return not self.missing and not self.altered

    def to_text(self) -> str:
        """A line for each thing there is to know."""
        receipt = self.receipt
        size = sum(file.size for file in receipt.files)
        lines = [
            f"{self.folder}: {receipt.repo} at {receipt.revision[:12]}, {', '.join(receipt.parts)}"
            f", downloaded {receipt.made}",
            f"files: {len(receipt.files):,}, {size:,} bytes, {self.adopted:,} of them links",
            _listed("missing", self.missing),
            _listed("altered", self.altered),
            _listed("surplus", self.surplus),
        ]
        if self.not_annotated is not None:
            lines.append(
                f"images without annotation: {self.not_annotated:,} of {self.images:,} "
                "(of the release 1,249 of 3,577: expected)"
            )
            lines.append(_listed("annotated images that are not there", self.without_image))
        lines.append("complete and unaltered" if self.is_sound else "NOT complete and unaltered")
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """The same for machines."""
        told: dict[str, Any] = {
            "folder": str(self.folder),
            "repo": self.receipt.repo,
            "revision": self.receipt.revision,
            "parts": self.receipt.parts,
            "files": len(self.receipt.files),
            "sound": self.is_sound,
            "missing": self.missing,
            "altered": self.altered,
            "surplus": self.surplus,
            "adopted": self.adopted,
            "images": self.images,
            "annotated": self.annotated,
            "not_annotated": self.not_annotated,
            "without_image": self.without_image,
        }
        return json.dumps(told, indent=2) + "\n"


def verify(
    folder: str | os.PathLike[str], *, progress: Callable[[str, float], None] | None = None
) -> Verification:
    """Compare a folder with the receipt of its download.

    Args:
        folder: the dataset's folder.
        progress: told what is done, and the fraction done.

    Raises:
        UnreadableFile: there is no receipt.
        DataError: the receipt is damaged.
    """
    root = Path(folder)
    receipt = Receipt.read(root)
    say = progress or (lambda _text, _done: None)
    states: dict[str, str] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(lambda file: _state(root, file), receipt.files)
        for i, (file, state) in enumerate(zip(receipt.files, answers, strict=True)):
            states[file.path] = state
            say(file.path, i / len(receipt.files))
    altered = tuple(path for path, state in states.items() if state == "altered")
    annotated = None if altered and _annotations(altered) else _annotated(root)
    images = _images(receipt) if "images" in receipt.parts else None
    idle: set[str] | None = None
    lacking: set[str] = set()
    if annotated is not None and images is not None:
        idle, lacking = images - annotated, annotated - images
    return Verification(
        folder=root,
        receipt=receipt,
        missing=tuple(path for path, state in states.items() if state == "missing"),
        altered=altered,
        surplus=tuple(_surplus(root, states.keys() | set(_OURS))),
        adopted=sum(file.adopted is not None for file in receipt.files),
        annotated=None if annotated is None else len(annotated),
        images=None if images is None else len(images),
        not_annotated=None if idle is None else len(idle),
        without_image=tuple(sorted(lacking)),
    )


def _state(root: Path, file: ReceivedFile) -> str:
    place = root / file.path
    try:
        if not place.exists():
            return "missing"
        return "sound" if file.is_in(place) else "altered"
    except OSError:
        return "altered"


def _annotations(paths: tuple[str, ...]) -> bool:
    return any(path.startswith("annotations/") for path in paths)


def _annotated(root: Path) -> set[str] | None:
    """Images that annotations name; None if there are none that can be read."""
    from gazesearch.datasets import load_dataset  # numpy and pyarrow: not for access check

    try:
        return set(load_dataset(root).scanpaths.image)
    except GazeSearchError:
        return None


def _images(receipt: Receipt) -> set[str]:
    return {
        file.path.removeprefix("images/")
        for file in receipt.files
        if file.path.startswith("images/")
    }


def _surplus(root: Path, known: set[str]) -> Iterator[str]:
    for part in PARTS:
        for file in sorted((root / part).rglob("*")):
            path = file.relative_to(root).as_posix()
            if path not in known and not file.is_dir():
                yield path


def _listed(name: str, paths: tuple[str, ...]) -> str:
    if not paths:
        return f"{name}: none"
    more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return f"{name}: {len(paths):,}: {', '.join(map(repr, paths[:_SHOWN]))}{more}"
