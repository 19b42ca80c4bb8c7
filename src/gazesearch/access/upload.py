"""A staged release into a repository of the hub: behind its gate, in one commit, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gazesearch.access.harmless import plain, without_tokens
from gazesearch.access.hub import known_token, token
from gazesearch.access.release_file import Release
from gazesearch.access.staging import Staged
from gazesearch.errors import HubError, require

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KEPT: Final = (".gitattributes",)
"""What the hub itself puts into a repository, and stays there."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """A release as it stands on the hub.

    Attributes:
        repo: `owner/name`.
        commit: 40 hex digits.
        url: page of the repository.
        new: whether there was anything to upload.
        private: whether only its owners see it.
        removed: paths that an earlier version had and this one has not.
    """

    repo: str
    commit: str
    url: str
    new: bool
    private: bool
    removed: tuple[str, ...]


def upload(
    staged: Staged,
    release: Release,
    repo: str,
    *,
    public: bool = False,
    message: str,
    progress: Progress | None = None,
) -> Uploaded:
    """Upload a staged release.

    In this order: the repository is made, private, if there is none; its gate is set and read back;
    large files go to the storage, where nobody sees them; one commit on top of the one that was
    found shows all files at once and takes away those that are no longer there; what the
    repository then holds is compared with what was staged; and last, if asked for, it is made
    public. Whatever fails leaves the repository as it was; the same call goes on, and uploads no
    large file twice.

    Raises:
        HubError: the hub refuses, does not answer, or holds something else in the end.
        MissingExtra: huggingface_hub is not installed.
    """
    hub = require("huggingface_hub", extra="hub")
    say = progress or (lambda _text, _done: None)
    with _one_line(repo), _without_bars():
        api: HfApi = hub.HfApi(token=_token(repo), library_name="gazesearch")
        say("asking the hub", 0.0)
        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        if release.gate.kind == "manual":
            api.update_repo_settings(repo, repo_type="dataset", gated="manual")
        found = api.dataset_info(repo)
        _refuse_wrong_gate(found, release, repo)
        there = [item for item in _tree(api, repo, found.sha) if item.path not in KEPT]
        if any(item.path == ".gitignore" for item in there):
            raise HubError(
                f"{repo}: has a .gitignore, which would leave files out: delete it there first"
            )
        if not _differences(staged, there):
            return _done(api, repo, found, new=False, removed=(), public=public)
        removed = tuple(sorted({item.path for item in there} - staged.files.keys()))
        additions = [
            hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(staged.root / name))
            for name in staged.files
        ]
        say("uploading large files", 0.1)
        api.preupload_lfs_files(repo, additions, repo_type="dataset", free_memory=False)
        say("committing", 0.8)
        made = api.create_commit(
            repo,
            [*additions, *(hub.CommitOperationDelete(path_in_repo=name) for name in removed)],
            repo_type="dataset",
            commit_message=message,
            parent_commit=found.sha,
        )
        say("comparing", 0.9)
        found = api.dataset_info(repo)
        _refuse_wrong_gate(found, release, repo)
        there = [item for item in _tree(api, repo, made.oid) if item.path not in KEPT]
        if wrong := _differences(staged, there):
            raise HubError(
                f"{repo}: {len(wrong):,} files there are not what was staged, first "
                f"{plain(wrong[0])}: run it again before you make it public"
            )
        return _done(api, repo, found, new=True, removed=removed, public=public)


def _done(
    api: HfApi,
    repo: str,
    found: Any,
    *,
    new: bool,
    removed: tuple[str, ...],
    public: bool,
) -> Uploaded:
    if public and found.private:
        api.update_repo_settings(repo, repo_type="dataset", private=False)
        found = api.dataset_info(repo)
    return Uploaded(
        repo=repo,
        commit=plain(found.sha, limit=60),
        url=f"{api.endpoint}/datasets/{repo}",
        new=new,
        private=bool(found.private),
        removed=removed,
    )


def _tree(api: HfApi, repo: str, revision: str | None) -> list[Any]:
    """All files of a revision; folders have no size."""
    items = api.list_repo_tree(repo, repo_type="dataset", revision=revision, recursive=True)
    return [item for item in items if hasattr(item, "size")]


def _differences(staged: Staged, there: list[Any]) -> list[str]:
    """Paths that differ between a staged release and a repository."""
    from huggingface_hub.utils.sha import git_hash

    held = {item.path: item for item in there}
    wrong = [name for name in held if name not in staged.files]
    for name, (size, sha256) in staged.files.items():
        item = held.get(name)
        if item is None or item.size != size:
            wrong.append(name)
        elif item.lfs is not None:
            if item.lfs.sha256 != sha256:
                wrong.append(name)
        elif item.blob_id != git_hash((staged.root / name).read_bytes()):
            wrong.append(name)
    return sorted(wrong)


def _refuse_wrong_gate(found: Any, release: Release, repo: str) -> None:
    if release.gate.kind == "manual" and found.gated != "manual":
        raise HubError(
            f"{repo}: its gate could not be set to manual (the hub says {plain(found.gated)}): "
            "nothing more was uploaded: set it on the repository's settings page"
        )


@contextmanager
def _without_bars() -> Iterator[None]:
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _token(repo: str) -> str:
    if (found := token()) is None:
        raise HubError(f"{repo}: not published: no login: {_MENDS[401]}")
    return found


@contextmanager
def _one_line(repo: str) -> Iterator[None]:
    """What goes wrong on the way, as one line without a token."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except HubError:
        raise
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        said = getattr(error, "server_message", None) or str(error).splitlines()[0]
        raise HubError(_line(repo, f"the hub says {status}: {said}", status)) from None
    except (OSError, ValueError, RuntimeError, huggingface_hub.errors.HTTPError) as error:
        cause = error.__cause__ or error
        said = f"{type(cause).__name__}: {(str(cause).splitlines() or [''])[0]}"
        raise HubError(_line(repo, said, None)) from None


_MENDS: Final = {
    401: "log in with `hf auth login`",
    403: "use a token that may write to it",
    404: "check the name and that your token sees it",
    412: "somebody else has changed it meanwhile: run it again",
}


def _line(repo: str, said: str, status: int | None) -> str:
    told = plain(without_tokens(said, known_token()), limit=300)
    mend = _MENDS.get(status or 0, "what is uploaded stays: run it again")
    return f"{repo}: not published: {told}: {mend}"
