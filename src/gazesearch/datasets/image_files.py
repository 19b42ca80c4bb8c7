"""Image files by name: single files, folders with all below them, lists, datasets.

An image of a folder is called by its path below that folder, with slashes; a single file by its
file name. `gazesearch show --images` and annotations find them by the same names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from gazesearch.errors import DataError, UnknownName, UnreadableFile
from gazesearch.files import readable
from gazesearch.images import ENDINGS, Image, ImageFolder, read_image

_MAX_LIST: Final = 2**28  # bytes of a list of files


@dataclass(frozen=True)
class _Place:
    """Where an image lies: the folder that its name counts from."""

    folder: Path
    named: bool  # whether the user named this very file: then it may be a link to anywhere


class ImageFiles:
    """Image files by name, read when asked for; an `ImageSource`."""

    def __init__(self, places: Iterable[tuple[str, _Place]]) -> None:
        """Gather files; see `find_images`."""
        self._places: dict[str, _Place] = {}
        for name, place in places:
            here, there = place.folder, self._places.setdefault(name, place).folder
            if here != there and not _same_file(here / name, there / name):
                raise DataError(
                    f"two images are called {name!r}, in {there} and in {here}: give a folder "
                    "above both, or rename one"
                )

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """Names, in the order in which they were given; those of a folder sorted."""
        return iter(self._places)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.read(name).pixels

    @property
    def folders(self) -> set[Path]:
        """Folders that were searched for images."""
        return {place.folder for place in self._places.values() if not place.named}

    def path(self, name: str) -> Path:
        """The file of an image.

        Raises:
            UnknownName: no image is called so.
        """
        return self.folder(name) / name

    def folder(self, name: str) -> Path:
        """The folder that an image's name counts from.

        Raises:
            UnknownName: no image is called so.
        """
        if name not in self._places:
            raise UnknownName("image", name, self._places)
        return self._places[name].folder

    def read(self, name: str) -> Image:
        """One image with its native size.

        Raises:
            UnknownName: no image is called so.
            DataError: it is no sound image, or a link that leads out of its folder.
            UnreadableFile: it is gone, or too large.
        """
        path, place = self.path(name), self._places[name]
        return read_image(path) if place.named else ImageFolder(place.folder).read(name)

    def digest(self) -> tuple[str, str]:
        """Digests of all names and file sizes, and of the times when the files were changed.

        Cheap for any number of files, as none is opened: it tells a list from another one.
        """
        digest, times = hashlib.sha256(), hashlib.sha256()
        for name in self:
            try:
                found = self.path(name).stat()
                size, changed = found.st_size, found.st_mtime_ns
            except (OSError, ValueError):
                size, changed = -1, 0
            digest.update(f"{name!r} {size}\n".encode("utf-8", "backslashreplace"))
            times.update(f"{changed}\n".encode())
        return f"sha256:{digest.hexdigest()}", f"sha256:{times.hexdigest()}"


def find_images(
    paths: Sequence[str | os.PathLike[str]] = (),
    *,
    listed: Sequence[str | os.PathLike[str]] = (),
) -> ImageFiles:
    """The images of files and folders.

    Args:
        paths: files, whatever their endings; folders, of which all `.png`, `.jpg` and `.jpeg` at
            any depth are taken, but nothing hidden and no linked folder; or datasets in the
            published layout, of which those in `images/` are.
        listed: text files with the path of an image a line, counted from the list's own folder.

    Raises:
        DataError: two files have one name, or a list is no text.
        UnreadableFile: a path that is absent, or a folder without images.
    """
    return ImageFiles(_places(map(Path, paths), map(Path, listed)))


def _places(paths: Iterable[Path], listed: Iterable[Path]) -> Iterator[tuple[str, _Place]]:
    for path in paths:
        if path.is_dir():
            yield from _below(_images_of(path))
        else:
            yield path.name, _Place(readable(path).parent, named=True)
    for path in listed:
        yield from _on(readable(path, max_size=_MAX_LIST))


def _images_of(folder: Path) -> Path:
    """The folder of images in a dataset's folder; any other folder itself."""
    is_dataset = (folder / "annotations").is_dir() and (folder / "images").is_dir()
    return folder / "images" if is_dataset else folder


def _below(folder: Path) -> Iterator[tuple[str, _Place]]:
    """Names of the images at any depth, sorted folder by folder."""
    empty, place = True, _Place(folder, named=False)
    for here, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                empty = False
                yield (Path(here) / name).relative_to(folder).as_posix(), place
    if empty:
        raise UnreadableFile(f"{folder}: holds no {', '.join(ENDINGS)} file, at any depth")


def _refuse(error: OSError) -> None:
    raise UnreadableFile(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _on(file: Path) -> Iterator[tuple[str, _Place]]:
    """The lines of a list: paths below its folder keep them as names, others are file names."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text (byte {error.start})") from error
    folder = file.parent.absolute()
    for line in filter(None, map(str.strip, lines)):
        path = Path(os.path.normpath(folder / line))
        if path.is_relative_to(folder):
            yield path.relative_to(folder).as_posix(), _Place(folder, named=True)
        else:
            yield path.name, _Place(path.parent, named=True)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
