"""Files that the user holds already: found by name, compared by size and digest, linked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gazesearch.errors import UnreadableFile
from gazesearch.receipts import ReceivedFile


@dataclass(frozen=True)
class Adopted:
    """What was found.

    Attributes:
        files: those that now are links to files of the user, with `adopted` set.
        other: names of which files were found, but none with the hub's size and digest.
    """

    files: tuple[ReceivedFile, ...]
    other: tuple[str, ...]


def adopt(wanted: Iterable[ReceivedFile], folder: Path, root: Path) -> Adopted:
    """Link files of a folder, at any depth, to where the dataset needs them.

    MIMIC-CXR-JPG keeps its images as `files/p10/p10000032/s50414267/NAME.jpg`; only the name
    counts. Linked folders are not entered. Nothing in `folder` is changed.

    Args:
        wanted: the files that are missing.
        folder: where to look.
        root: the dataset's folder; what lies in it is not looked at.

    Raises:
        UnreadableFile: `folder` is none, or links cannot be made.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"{folder}: no such folder: --local takes one that holds your files")
    by_name: dict[str, list[ReceivedFile]] = {}
    for file in wanted:
        by_name.setdefault(Path(file.path).name, []).append(file)
    found: dict[str, ReceivedFile] = {}
    other: set[str] = set()
    for held in _files_below(folder, skip=root.resolve()):
        for file in by_name.get(held.name, ()):
            if file.path in found:
                continue
            if _is_in(held, file):
                found[file.path] = replace(file, adopted=str(held.resolve()))
                _link(held.resolve(), root / file.path)
            else:
                other.add(file.path)
    return Adopted(tuple(found.values()), tuple(sorted(other - found.keys())))


def _files_below(folder: Path, *, skip: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        place = Path(here)
        folders[:] = sorted(name for name in folders if (place / name).resolve() != skip)
        if place.resolve() != skip:
            yield from (place / name for name in sorted(files))


def _is_in(held: Path, file: ReceivedFile) -> bool:
    try:
        return file.is_in(held)
    except OSError:  # unreadable or gone: as good as not there
        return False


def _link(target: Path, place: Path) -> None:
    """Make a link under another name and rename it: there is never nothing in its place."""
    temporary = place.with_name(f".{place.name}.link")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(place)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UnreadableFile(
            f"{place}: cannot be made a link ({error.strerror}): leave --local out to download it"
        ) from error
