"""`publish`: check a dataset, write its card and metadata, upload it behind its gate."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gazesearch.access.check import checked_id
from gazesearch.access.harmless import plain
from gazesearch.access.release_file import read_release
from gazesearch.access.staging import Staged, stage
from gazesearch.access.upload import Uploaded, upload
from gazesearch.datasets.layout import load_dataset
from gazesearch.errors import BadSetting

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What was made, and where it went.

    Attributes:
        staged: the staging folder and its files.
        uploaded: None for a dry run.
    """

    staged: Staged
    uploaded: Uploaded | None

    def to_table(self) -> str:
        """What goes, or would go, file by file: the first of each folder, and sizes."""
        files = self.staged.files
        folders: dict[str, list[str]] = {}
        for name in files:
            folders.setdefault(name.rpartition("/")[0], []).append(name)
        lines = [f"{len(files):,} files, {sum(size for size, _ in files.values()):,} bytes"]
        for folder, names in sorted(folders.items()):
            size = sum(files[name][0] for name in names)
            if folder and len(names) > 5:
                lines.append(f"  {plain(folder)}/: {len(names):,} files, {size:,} bytes")
            else:
                lines += [f"  {plain(name)}: {files[name][0]:,} bytes" for name in names]
        lines += [f"mlcroissant remarks: {plain(remark)}" for remark in self.staged.remarks]
        lines.append(f"staged in {plain(self.staged.root)}")
        return "\n".join([*lines, *self._where()]) + "\n"

    def _where(self) -> list[str]:
        done = self.uploaded
        if done is None:
            return ["dry run: nothing was uploaded"]
        lines = [f"  removed there: {plain(name)}" for name in done.removed]
        lines.append(f"{done.url}: {'published' if done.new else 'holds all this already'}, "
                     f"commit {done.commit}")  # fmt: skip
        if done.private:
            lines.append("private: look at it, then say --public")
        return lines


def publish(
    root: str | os.PathLike[str],
    *,
    repo: str | None = None,
    dry_run: bool = False,
    staging: str | os.PathLike[str] | None = None,
    public: bool = False,
    progress: Progress | None = None,
) -> Published:
    """Publish a dataset in the published layout on the Hugging Face Hub.

    Nothing is uploaded unless every check passes. A repository that is made is private until
    `public` is said; its gate stands before its first file.

    Args:
        root: the dataset's folder, with `release.toml` in it.
        repo: `owner/name`; None takes what `release.toml` says.
        dry_run: write everything into the staging folder, and upload nothing.
        staging: the staging folder; None takes `<root>.release` beside the dataset.
        public: show the repository to everybody when all is there; its files stay behind the gate.
        progress: called with what is being done and the fraction done.

    Raises:
        ReleaseRefused: the release check found something.
        DataError: `release.toml`, the annotations, card or metadata are not what they must be.
        BadSetting: no repository is named, or the staging folder cannot be one.
        UnreadableFile: a file cannot be read or written.
        HubError: the hub refuses, cannot be reached, or holds something else in the end.
        MissingExtra: the extra `hub` is not installed.
    """
    source = Path(root)
    release = read_release(source)
    name = repo or release.repo
    if name:
        checked_id(name)
    elif not dry_run:
        raise BadSetting("no repository is named: say --repo OWNER/NAME, or --dry-run")
    staged = stage(
        source,
        release,
        load_dataset(source),
        Path(staging) if staging is not None else _beside(source),
        repo=name or "OWNER/NAME",
        progress=progress,
    )
    if dry_run:
        return Published(staged=staged, uploaded=None)
    message = f"{release.dataset.title} {release.dataset.version}"
    uploaded = upload(staged, release, name, public=public, message=message, progress=progress)
    return Published(staged=staged, uploaded=uploaded)


def _beside(source: Path) -> Path:
    whole = source.resolve()
    return whole.with_name(f"{whole.name}.release")
