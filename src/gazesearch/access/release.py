"""What a dataset's repository holds at one revision: the files of the published layout."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gazesearch.access.check import checked_id
from gazesearch.access.conditions import REPO, with_card
from gazesearch.access.hub import asked, client, quiet
from gazesearch.errors import DataError, UnknownName, require
from gazesearch.receipts import ReceivedFile, is_digest, is_safe

PARTS: Final = ("annotations", "images", "checkpoints")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A dataset at one revision.

    Attributes:
        repo: id of the dataset.
        revision: commit, 40 hex digits.
        endpoint: address of the hub.
        conditions: what must be accepted before a download.
        files: those in `annotations/`, `images/` and `checkpoints/`, with sizes and digests.
    """

    repo: str
    revision: str
    endpoint: str
    conditions: str
    files: tuple[ReceivedFile, ...]

    def of_parts(self, parts: Collection[str]) -> tuple[ReceivedFile, ...]:
        """The files of some parts.

        Raises:
            DataError: the repository has none for one of them.
        """
        for part in parts:
            if not any(file.path.startswith(f"{part}/") for file in self.files):
                raise DataError(
                    f"{self.repo}: has no {part}/ at revision {self.revision[:12]}: leave "
                    f"{part} out, or check --repo"
                )
        return tuple(file for file in self.files if file.path.split("/")[0] in parts)


def find_release(repo: str = REPO, *, revision: str | None = None) -> Release:
    """Ask the hub for a dataset's files and conditions.

    Args:
        repo: id of the dataset, `owner/name`.
        revision: branch, tag or commit; None takes the newest.

    Raises:
        HubError: the hub cannot be reached, or access is not granted.
        DataError: a file has a name that is not safe on a disk, or no size and digest.
        MissingExtra: huggingface_hub is not installed.
    """
    require("huggingface_hub", extra="hub")
    repo = checked_id(repo)
    api = client()
    with quiet():
        info = asked(lambda: api.dataset_info(repo, revision=revision), repo, repo=repo)
        entries = asked(lambda: _tree(api, repo, info.sha), repo, repo=repo)
    if re.fullmatch(r"[0-9a-f]{40}", str(info.sha)) is None:
        raise DataError(f"{repo}: the hub names no commit of it: tell the publisher")
    card = info.card_data
    return Release(
        repo=repo,
        revision=info.sha,
        endpoint=_without_login(api.endpoint),
        conditions=with_card(card.get("extra_gated_prompt") if card is not None else None),
        files=tuple(_file(entry) for entry in entries if _is_wanted(entry)),
    )


def _without_login(address: str) -> str:
    """An address as a receipt may keep it."""
    before, mark, rest = address.partition("://")
    return before + mark + rest.rpartition("@")[2]


def _tree(api: Any, repo: str, revision: str) -> list[Any]:
    """All pages of what the repository holds."""
    return list(api.list_repo_tree(repo, recursive=True, revision=revision, repo_type="dataset"))


def parts_of(only: Sequence[str]) -> tuple[str, ...]:
    """The parts asked for; all for none.

    Raises:
        UnknownName: there is no such part.
    """
    for name in only:
        if name not in PARTS:
            raise UnknownName("part", name, PARTS)
    return tuple(part for part in PARTS if not only or part in only)


def _is_wanted(entry: Any) -> bool:
    """Whether an entry of the tree is a file of the layout; hidden ones are git's own."""
    path = str(entry.path)
    folder, _, rest = path.partition("/")
    name = path.rpartition("/")[2]
    return folder in PARTS and bool(rest) and hasattr(entry, "size") and not name.startswith(".")


def _file(entry: Any) -> ReceivedFile:
    if not is_safe(entry.path):
        raise DataError(f"{entry.path!r}: no safe name for a file: tell the publisher")
    if entry.lfs is not None:
        digest, size = f"sha256:{entry.lfs.sha256}", entry.lfs.size
    else:
        digest, size = f"git-sha1:{entry.blob_id}", entry.size
    if type(size) is not int or size < 0 or not is_digest(digest):
        raise DataError(f"{entry.path}: the hub lists no size and digest: tell the publisher")
    return ReceivedFile(path=entry.path, size=size, digest=digest)
