"""The release check: what stops a dataset from being published."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from gazesearch.access.harmless import plain
from gazesearch.access.look_inside import Seen, look_inside
from gazesearch.access.private import Searcher
from gazesearch.access.release_file import NAME, Part, Release
from gazesearch.access.weights_inside import is_text, wrong_in_weights
from gazesearch.errors import DataError
from gazesearch.files import digest
from gazesearch.scanpaths import Scanpaths

SHOWN: Final = 20
ROOT_FILES: Final = ("dataset.json", "LICENSE", "CITATION.cff")
"""Files beside the parts that belong to the layout: published without being listed."""
OF_AUTHORS: Final = ("LICENSE", "CITATION.cff")
"""Those in which authors and dates of publication stand, as on the card."""
MENDS: Final = {
    "unlisted": "list it in a part of release.toml, or take it out of the folder",
    "link": "put the file itself there",
    "missing": "add it, or mend release.toml",
    "pixels": "gate the repository (gate: kind = manual), or take them out",
    "dicom": "take DICOM files and headers out; with a gate, a part may say dicom = true",
    "dictation": "take speech, reports and remarks out: publish codes instead",
    "date": "take it out, or say dates = true, and the card will say so",
    "patient_id": "take it out or recode it, or say patient_ids = true, and the card will say so",
    "reader_name": "publish numbers for people",
    "exif": "write the image anew, pixels only",
    "closed": "publish it in an open form (JSON, CSV, Parquet, PNG, JPEG), or as weights",
    "secret": "take it out, and revoke it: it has been copied",
}
"""Kinds of violation, and how each is mended."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing that may not be published. What is private itself stands nowhere in it.

    Attributes:
        kind: a key of `MENDS`.
        file: path below the dataset's folder.
        place: where in the file; empty for the file itself.
        what: what was found.
    """

    kind: str
    file: str
    what: str
    place: str = ""

    def __str__(self) -> str:
        where = plain(self.file) + (f", {plain(self.place)}" if self.place else "")
        return f"{self.kind}: {where}: {plain(self.what)}: {MENDS[self.kind]}"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A file that is to be published: its path below the folder, and its part (None: the root)."""

    path: str
    part: Part | None


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a release check found.

    Attributes:
        files: what is to be published of the folder.
        violations: what stops it; empty if nothing does.
        digests: size in bytes and sha256 of each file when it was looked at, by path.
    """

    files: tuple[Listed, ...]
    violations: tuple[Violation, ...]
    digests: Mapping[str, tuple[int, str]] = field(default_factory=dict, repr=False)

    def to_table(self) -> str:
        """The first violations of each kind, a line each, and counts."""
        if not self.violations:
            return f"release check: {len(self.files):,} files, nothing found\n"
        lines: list[str] = []
        for kind in MENDS:
            of_kind = [one for one in self.violations if one.kind == kind]
            lines += map(str, of_kind[:SHOWN])
            if len(of_kind) > SHOWN:
                lines.append(f"{kind}: {len(of_kind):,} in all, {SHOWN} shown")
        return "\n".join(lines) + "\n"


class ReleaseRefused(DataError):
    """The release check found something; nothing was uploaded.

    Attributes:
        checked: what it found.
    """

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        super().__init__(checked.to_table().rstrip())


def check_release(
    root: str | os.PathLike[str],
    release: Release,
    scanpaths: Scanpaths,
    *,
    progress: Progress | None = None,
) -> Checked:
    """Look at every file of a folder for what may not be published as `release` says.

    Args:
        root: the dataset's folder.
        release: what `release.toml` says.
        scanpaths: its annotations, which name images.
        progress: called with what is being done and the fraction done.
    """
    folder = Path(root)
    files, found = _listing(folder, release)
    found += _missing(folder, release, files, scanpaths)
    searcher = Searcher(release.privacy)
    digests = {}
    for done, listed in enumerate(files):
        if progress is not None:
            progress("looking into files", done / len(files))
        file = folder / listed.path
        digests[listed.path] = (file.stat().st_size, digest(file).removeprefix("sha256:"))
        found += dict.fromkeys(_look(file, listed, release, searcher))
    return Checked(files=tuple(files), violations=tuple(found), digests=digests)


def check_written(files: dict[str, Path], release: Release) -> tuple[Violation, ...]:
    """Look at what was written for the release (card, metadata): names, identifiers, secrets."""
    searcher = Searcher(release.privacy, but_names=release.dataset.authors)
    found = [
        Violation(kind=kind, file=name, what=what, place=seen.place)
        for name, file in files.items()
        for seen in look_inside(file)
        if seen.kind in ("text", "field")
        for kind, what in _of_authors(seen, searcher)
    ]
    return tuple(dict.fromkeys(found))


def _of_authors(seen: Seen, searcher: Searcher) -> Iterator[tuple[str, str]]:
    for kind, what in searcher.in_words(str(seen.value)):
        if kind != "reader_name" or "reader" in what:  # titles, addresses of authors
            yield kind, what


def _listing(folder: Path, release: Release) -> tuple[list[Listed], list[Violation]]:
    """Files that a part lists, and those that none does. No link is followed."""
    files, found = [], []
    patterns = [(part, [_pattern(one) for one in part.files]) for part in release.part]
    for base, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(base, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(base, name)
            below = path.relative_to(folder).as_posix()
            if below == NAME:
                continue
            if path.is_symlink() or not path.is_file():
                found.append(Violation(kind="link", file=below, what="is a link or no file"))
            elif below in ROOT_FILES:
                files.append(Listed(path=below, part=None))
            elif (part := _part_of(below, patterns)) is None:
                found.append(Violation(kind="unlisted", file=below, what="no part lists it"))
            else:
                files.append(Listed(path=below, part=part))
    return files, found


def _part_of(below: str, patterns: Sequence[tuple[Part, list[re.Pattern[str]]]]) -> Part | None:
    """The part that lists a path. Hidden files are listed by no `*`."""
    hidden = any(step.startswith(".") for step in PurePosixPath(below).parts)
    for part, wanted in patterns:
        start = part.path.strip("/") + "/"
        if below.startswith(start) and not hidden:
            rest = below.removeprefix(start)
            if any(pattern.fullmatch(rest) for pattern in wanted):
                return part
    return None


def _pattern(text: str) -> re.Pattern[str]:
    """A glob pattern below a folder: `*` and `?` stay in a folder, `**/` goes through any."""
    steps = re.split(r"(\*\*/|\*|\?)", text)
    special = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(special.get(step, re.escape(step)) for step in steps), re.DOTALL)


def _missing(
    folder: Path, release: Release, files: Sequence[Listed], scanpaths: Scanpaths
) -> list[Violation]:
    """Images that annotations name and that are not there, or the other way round."""
    parts = [part for part in release.part if part.holds == "images"]
    found = [
        Violation(kind="missing", file=part.path, what="its part has no file")
        for part in release.part
        if not any(one.part == part for one in files)
    ]
    if not parts:
        return found
    there = {
        one.path.removeprefix(one.part.path.strip("/") + "/")
        for one in files
        if one.part in parts and one.part is not None
    }
    named = set(map(str, scanpaths.image))
    found += [
        Violation(kind="missing", file=name, what="annotations name it, and there is no such image")
        for name in sorted(named - there)
    ]
    surplus, said = len(there - named), sum(part.unannotated for part in parts)
    if surplus != said:
        first = min(there - named, default="")
        what = f"{surplus:,} images have no annotation, and release.toml says {said:,}"
        found.append(Violation(kind="unlisted", file=f"{parts[0].path}/{first}", what=what))
    return found


def _look(file: Path, listed: Listed, release: Release, searcher: Searcher) -> Iterator[Violation]:
    """All violations of a file."""
    part, known = listed.part, set[tuple[Any, ...]]()

    def violation(kind: str, what: str, place: str = "") -> Violation:
        return Violation(kind=kind, file=listed.path, what=what, place=place)

    # A date in a name that release.toml spells out, as of an export, is meant to stand there.
    meant = part is not None and Path(listed.path).name in part.files
    for kind, what in searcher.in_name(listed.path):
        if kind != "date" or not meant:
            yield violation(kind, what, "its name")
    if part is not None and part.holds == "weights" and not is_text(file):
        yield from (violation(kind, what) for kind, what in wrong_in_weights(file, searcher))
        return
    authors = Searcher(release.privacy, but_names=release.dataset.authors)
    data = part is not None and part.holds != "documents"
    for seen in look_inside(file):
        place = seen.place + (f"field {seen.field}" if seen.field else "")
        key = (seen.kind, seen.value, place)
        if key in known:
            continue
        known.add(key)
        if listed.path in OF_AUTHORS and seen.kind in ("text", "field", "number"):
            wrong = _of_authors(seen, authors)
        else:
            wrong = _judged(seen, part, release, searcher, data=data)
        yield from (violation(kind, what, place) for kind, what in wrong)


def _judged(
    seen: Seen, part: Part | None, release: Release, searcher: Searcher, *, data: bool
) -> Iterator[tuple[str, str]]:
    """What is wrong with one thing that stands in a file."""
    match seen.kind:
        case "field":
            yield from searcher.in_field(str(seen.value))
        case "text":
            yield from searcher.in_text(str(seen.value), seen.field, data=data)
        case "number" if not isinstance(seen.value, str):
            yield from searcher.in_number(seen.value, seen.field)
        case "metadata":
            yield "exif", str(seen.value)
        case "sound":
            yield "dictation", str(seen.value)
        case "closed":
            yield "closed", str(seen.value)
        case "dicom" if release.credentialed:
            if release.gate.kind == "none" or part is None or not part.dicom:
                yield "dicom", str(seen.value)
        case "pixels" if release.credentialed:
            of_images = part is not None and part.holds == "images"
            if not of_images:
                yield "pixels", f"{seen.value} outside the parts that hold images"
            elif part is not None and part.credentialed and release.gate.kind == "none":
                yield "pixels", f"{seen.value} of a credentialed part, and there is no gate"
