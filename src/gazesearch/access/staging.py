"""The staging folder: all that a release is made of, as it will stand in the repository."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gazesearch.access.card import CARD, card, changelog
from gazesearch.access.card_pictures import write_pictures
from gazesearch.access.croissant import FILE as CROISSANT
from gazesearch.access.croissant import croissant, validate
from gazesearch.access.harmless import plain
from gazesearch.access.release_check import (
    Checked,
    Listed,
    ReleaseRefused,
    check_release,
    check_written,
)
from gazesearch.access.release_file import Release
from gazesearch.audit import audit_dataset
from gazesearch.datasets.layout import Dataset
from gazesearch.errors import BadSetting, DataError, UnreadableFile
from gazesearch.files import digest, write_text
from gazesearch.formats import write_scanpaths
from gazesearch.scanpaths import Scanpaths
from gazesearch.scanpaths.columns import ABSENT
from gazesearch.scanpaths.rules import SPLITS

if TYPE_CHECKING:
    import pyarrow

SUMS: Final = "SHA256SUMS"
MARK: Final = ".gazesearch-staging"
"""Stands in a staging folder, so that no other folder is ever replaced."""
_CHUNK: Final = 2**22
Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A release that passed its check, on disk.

    Attributes:
        root: the folder; holds `files` and `MARK`, nothing else.
        files: size in bytes and sha256 of each file, by path, sorted.
        written: paths that were written for the release; the others come from the dataset.
        checked: what the release check saw.
        remarks: warnings of mlcroissant.
    """

    root: Path
    files: Mapping[str, tuple[int, str]]
    written: tuple[str, ...]
    checked: Checked
    remarks: tuple[str, ...]


def stage(
    source: Path,
    release: Release,
    dataset: Dataset,
    staging: Path,
    *,
    repo: str,
    progress: Progress | None = None,
) -> Staged:
    """Check a dataset, and put it and all that is written for it into a folder.

    The folder appears, or is replaced, when all is there. What is checked and what is put there are
    the same bytes: a file that changes in between stops the release.

    Raises:
        ReleaseRefused: the release check found something.
        DataError: a file changed meanwhile, or card or metadata do not pass their own tools.
        BadSetting: the folder is inside the dataset, or holds something else.
        UnreadableFile: it cannot be written to, or the disk is too small.
    """
    say = progress or (lambda _text, _done: None)
    _refuse_wrong_folder(source, staging)
    paths = dataset.scanpaths
    checked = check_release(source, release, paths, progress=say)
    if checked.violations:
        raise ReleaseRefused(checked)
    staging.parent.mkdir(parents=True, exist_ok=True)
    _refuse_full_disk(source, checked.files, staging.parent)
    made = Path(tempfile.mkdtemp(dir=staging.parent, prefix=f".{staging.name}.", suffix=".part"))
    try:
        files = _copied(source, checked.files, made, say)
        if changed := [name for name in files if files[name] != checked.digests[name]]:
            raise DataError(f"{plain(changed[0])}: changed while it was checked: run it again")
        written = _write(made, release, paths, files, checked.files, repo=repo, say=say)
        if violations := check_written({name: made / name for name in written}, release):
            raise ReleaseRefused(Checked(files=checked.files, violations=violations))
        remarks = validate(made / CROISSANT)
        told = {name: _measured(made / name) for name in written}
        (made / MARK).touch()
        made.chmod(0o755)
        if staging.exists():
            shutil.rmtree(staging)
        made.replace(staging)
    except OSError as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(f"{staging}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Staged(
        root=staging,
        files=dict(sorted({**files, **told}.items())),
        written=tuple(sorted(written)),
        checked=checked,
        remarks=remarks,
    )


def _write(
    root: Path,
    release: Release,
    paths: Scanpaths,
    files: Mapping[str, tuple[int, str]],
    listed: tuple[Listed, ...],
    *,
    repo: str,
    say: Progress,
) -> list[str]:
    """Parquet, pictures, card, changelog, digests, metadata; their paths."""
    say("writing the card", 0.0)
    splits, schemas = _tables(root, paths)
    audit = audit_dataset(paths)
    pictures = write_pictures(audit, paths, root)
    sizes = {part.path: (0, 0) for part in release.part}
    for one in listed:
        if one.part is not None:
            n, size = sizes[one.part.path]
            sizes[one.part.path] = (n + 1, size + files[one.path][0])
    text = card(release, audit, splits=splits, sizes=sizes, pictures=pictures, repo=repo)
    write_text(root / CARD, text)
    write_text(root / "CHANGELOG.md", changelog(release))
    written = [*schemas, *pictures, CARD, "CHANGELOG.md"]
    digests = {**files, **{name: _measured(root / name) for name in written}}
    lines = (f"{sha256}  {name}" for name, (_, sha256) in sorted(digests.items()))
    write_text(root / SUMS, "\n".join(lines) + "\n")
    described = {
        one.path: files[one.path]
        for one in listed
        if one.part is not None and one.part.holds == "annotations"
    }
    described |= {name: _measured(root / name) for name in (*schemas, SUMS)}
    text = croissant(release, repo=repo, files=described, tables=schemas)
    write_text(root / CROISSANT, text)
    say("writing the card", 1.0)
    return [*written, SUMS, CROISSANT]


def _tables(
    root: Path, paths: Scanpaths
) -> tuple[dict[str, tuple[int, int, int]], dict[str, pyarrow.Schema]]:
    """A Parquet file for each split; `all` where there are none."""
    from pyarrow import parquet

    splits, schemas = {}, {}
    parts = paths.group("split")
    for split in sorted(parts, key=[*SPLITS, ABSENT].index):
        part = parts[split]
        name = "all" if split is ABSENT else str(split)
        path = f"data/{name}.parquet"
        write_scanpaths(part, root / path)
        table = parquet.read_table(root / path)
        splits[name] = (len(part), table.nbytes, (root / path).stat().st_size)
        schemas[path] = table.schema
    return splits, schemas


def _copied(
    source: Path, listed: tuple[Listed, ...], root: Path, say: Progress
) -> dict[str, tuple[int, str]]:
    files = {}
    for done, one in enumerate(listed):
        say("copying files", done / len(listed))
        target = root / one.path
        target.parent.mkdir(parents=True, exist_ok=True)
        found, size = hashlib.sha256(), 0
        with (source / one.path).open("rb") as file, target.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
                copy.write(chunk)
                size += len(chunk)
        files[one.path] = (size, found.hexdigest())
    return files


def _measured(file: Path) -> tuple[int, str]:
    return file.stat().st_size, digest(file).removeprefix("sha256:")


def _refuse_wrong_folder(source: Path, staging: Path) -> None:
    inside = staging.resolve().is_relative_to(source.resolve())
    if inside or source.resolve().is_relative_to(staging.resolve()):
        raise BadSetting(f"{staging}: the staging folder must be outside the dataset's")
    if not staging.exists() or (staging / MARK).is_file():
        return
    if not staging.is_dir() or any(staging.iterdir()):
        raise BadSetting(f"{staging}: exists and is no staging folder: name another")


def _refuse_full_disk(source: Path, listed: tuple[Listed, ...], parent: Path) -> None:
    needed = sum((source / one.path).stat().st_size for one in listed)
    free = shutil.disk_usage(parent).free
    if needed + 2**24 > free:
        raise UnreadableFile(
            f"{parent}: {needed:,} bytes are needed and {free:,} are free: name another --staging"
        )
