"""One file from the hub: fetched beside its place, compared with its digest, then put there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gazesearch.access.hub import (
    PAUSE_S,
    TRIES,
    Trouble,
    client,
    harmless_cause,
    hub_error,
    quiet,
    trouble_of,
)
from gazesearch.access.release import Release
from gazesearch.receipts import ReceivedFile

WORKSHOP: Final = ".gazesearch"
"""Hidden folder, in the dataset's, of what has not arrived whole."""

LARGE: Final = 2**25
"""Size in bytes from which a file goes on where it broke off, even in another process: 32 MiB."""

_BLOCK: Final = 2**24  # bytes asked for at a time of a large file


class Stopped(Exception):
    """Another file has failed: this one is left for the next run."""


class Fetcher:
    """Fetches files of a release into a folder; several threads may share one.

    A file arrives in a hidden folder beside. What has another size or digest than the hub's list
    says is thrown away and asked for again; only what is right is renamed to its place.
    """

    def __init__(self, release: Release, root: Path, *, arrived: Callable[[int], None]) -> None:
        """Prepare; use as a context.

        Args:
            release: where the files come from.
            root: the dataset's folder.
            arrived: told the bytes of each file, or block of a large one, that has arrived.
        """
        self._release, self._root, self._arrived = release, root, arrived
        self._small, self._large = root / WORKSHOP / "incoming", root / WORKSHOP / "parts"
        self._api: Any = client()
        self._stop = threading.Event()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The hidden folder, made and emptied of what is of no use."""
        shutil.rmtree(self._small, ignore_errors=True)  # a killed run's halves are of no use
        for folder in (self._small, self._large):
            folder.mkdir(parents=True, exist_ok=True)
        (self._root / WORKSHOP / ".gitignore").write_text("*\n", encoding="ascii")
        with quiet():
            yield

    def stop(self) -> None:
        """Let files that are on their way break off soon."""
        self._stop.set()

    def fetch(self, file: ReceivedFile) -> None:
        """Fetch one file and put it into its place.

        Raises:
            HubError: it cannot be had; one line with the mend.
            Stopped: `stop` was called.
        """
        for tried in range(TRIES):
            if tried:
                self._stop.wait(PAUSE_S * 2 ** (tried - 1))
            if self._stop.is_set():
                raise Stopped
            try:
                here = self._by_blocks(file) if file.size >= LARGE else self._whole(file)
            except Stopped:
                raise
            except Exception as error:
                trouble = trouble_of(error)
                if not trouble.again or tried == TRIES - 1:
                    raise hub_error(
                        trouble, file.path, repo=self._release.repo
                    ) from harmless_cause(error)
                continue
            try:
                if file.is_in(here):
                    place = self._root / file.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    here.replace(place)
                    return
                trouble = Trouble("damaged", _difference(here, file), again=True)
                here.unlink(missing_ok=True)
            except OSError as error:  # the disk's: the hub has done its part
                raise hub_error(
                    trouble_of(error), file.path, repo=self._release.repo
                ) from harmless_cause(error)
        raise hub_error(trouble, file.path, repo=self._release.repo)

    def _whole(self, file: ReceivedFile) -> Path:
        from huggingface_hub import hf_hub_download

        here = hf_hub_download(
            self._release.repo,
            file.path,
            repo_type="dataset",
            revision=self._release.revision,
            local_dir=self._small,
            token=self._api.token,
        )
        self._arrived(file.size)
        return Path(here)

    def _by_blocks(self, file: ReceivedFile) -> Path:
        """Go on with what an earlier run has left: `hf_hub_download` would begin anew."""
        from huggingface_hub import HfFileSystem

        part = self._large / f"{file.digest.partition(':')[2]}.part"
        hub = HfFileSystem(token=self._api.token, skip_instance_cache=True)
        name = f"datasets/{self._release.repo}/{file.path}"
        with (
            part.open("ab") as here,
            hub.open(name, "rb", revision=self._release.revision, cache_type="none") as there,
        ):
            if here.tell() > file.size:
                here.truncate(0)
                here.seek(0)
            self._arrived(here.tell())
            there.seek(here.tell())
            while (missing := file.size - here.tell()) > 0:
                if self._stop.is_set():
                    raise Stopped
                block = there.read(min(_BLOCK, missing))
                if not block:
                    break
                here.write(block)
                here.flush()
                self._arrived(len(block))
        return part


def _difference(here: Path, file: ReceivedFile) -> str:
    size = here.stat().st_size if here.exists() else 0
    if size != file.size:
        return f"{size:,} bytes instead of {file.size:,}"
    return "other bytes than the hub's digest says"
