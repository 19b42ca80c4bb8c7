"""A release in a folder: what is there stays, what is missing comes, and a receipt says so."""

from __future__ import annotations

import json
import os
import shutil
import threading
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gazesearch.access.adopt import Adopted, adopt
from gazesearch.access.conditions import NOTICE
from gazesearch.access.fetch import WORKSHOP, Fetcher, Stopped
from gazesearch.access.hub import harmless_cause, hub_error, trouble_of
from gazesearch.access.release import Release, parts_of
from gazesearch.errors import BadSetting, DataError, HubError, UnreadableFile, require
from gazesearch.files import alone, ready_folder, write_text
from gazesearch.receipts import NAME, Receipt, ReceivedFile

THREADS: Final = 8
"""Files fetched at a time, as many as `huggingface_hub.snapshot_download` does."""

_SPARE: Final = 2**24  # bytes that must stay free on the disk
_NAMES_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """What a download did.

    Attributes:
        folder: the dataset's folder.
        receipt: as written there.
        fetched, kept, adopted: number of files that came, were there, and became links.
        bytes_fetched: size of those that came.
        other: files that `local` holds by name, but not with the hub's size and digest.
    """

    folder: Path
    receipt: Receipt
    fetched: int
    kept: int
    adopted: int
    bytes_fetched: int
    other: tuple[str, ...]

    def to_text(self) -> str:
        """What was done, and what comes next."""
        lines = [
            f"{self.folder}: {self.receipt.repo} at {self.receipt.revision[:12]}: "
            f"{self.fetched:,} files fetched ({self.bytes_fetched / 1e6:,.1f} MB), {self.kept:,} "
            f"were there, {self.adopted:,} linked; all by the hub's size and digest"
        ]
        if self.other:
            lines.append(
                f"{len(self.other):,} of your files have the name but not the content that the hub "
                "has: those were fetched"
            )
        lines.append(f"receipt: {self.folder / NAME}; check it: gazesearch verify {self.folder}")
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """The same for machines."""
        told: dict[str, Any] = {
            "folder": str(self.folder),
            "repo": self.receipt.repo,
            "revision": self.receipt.revision,
            "parts": self.receipt.parts,
            "fetched": self.fetched,
            "bytes_fetched": self.bytes_fetched,
            "kept": self.kept,
            "adopted": self.adopted,
            "other": self.other,
        }
        return json.dumps(told, indent=2) + "\n"


def download(
    release: Release,
    folder: str | os.PathLike[str],
    *,
    accepted: str,
    only: Sequence[str] = (),
    local: str | os.PathLike[str] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Downloaded:
    """Bring a release into a folder, in the published layout.

    Broken off in whatever way, the same call goes on. A file has its final name only when it is
    whole, with the size and digest that the hub lists. Files that have neither come from the hub
    nor are what it holds are never replaced.

    Args:
        release: of `find_release`.
        folder: the dataset's folder, made if need be.
        accepted: `release.conditions`, given back by whoever has read them.
        only: `annotations`, `images`, `checkpoints`; nothing takes all three.
        local: folder of files that the user holds; those with the right name, size and digest
            become links to them.
        progress: told what is done, and the fraction done.

    Raises:
        BadSetting: the conditions were not accepted, or another download is at work in the folder.
        HubError: the hub refuses, or files do not arrive.
        UnreadableFile: no room on the disk, or the folder cannot be written to.
        DataError: the folder holds other files under these names.
        MissingExtra: huggingface_hub is not installed.
    """
    require("huggingface_hub", extra="hub")
    if accepted != release.conditions:
        raise BadSetting("the conditions of this release were not accepted: read them first")
    parts = parts_of(only)
    try:
        root = ready_folder(folder)
        with _at_work(root):
            return _download(release, root, parts, local, progress)
    except OSError as error:
        if isinstance(error, HubError) or (trouble := trouble_of(error)).kind != "disk":
            raise
        raise hub_error(trouble, str(folder), repo=release.repo) from harmless_cause(error)


def _download(
    release: Release,
    root: Path,
    parts: Sequence[str],
    local: str | os.PathLike[str] | None,
    progress: Callable[[str, float], None] | None,
) -> Downloaded:
    say = progress or (lambda _text, _done: None)
    earlier = _earlier(root, release, parts)
    wanted = release.of_parts(parts)
    say("looking at what is there", 0.0)
    there = _there(root, wanted, earlier)
    missing = [file for file in wanted if file.path not in there]
    linked = Adopted((), ())
    if local is not None and missing:
        say("looking for files that you hold", 0.0)
        linked = adopt(missing, Path(local), root)
        there |= {file.path: file for file in linked.files}
        missing = [file for file in missing if file.path not in there]
    if "images" in parts:
        _mark_images(root, release)
    if missing:
        _fetch(release, root, missing, say)
    files = tuple(there.get(file.path, file) for file in wanted)
    receipt = _receipt(release, parts, files, earlier)
    receipt.write(root)
    return Downloaded(
        folder=root,
        receipt=receipt,
        fetched=len(missing),
        kept=len(wanted) - len(missing) - len(linked.files),
        adopted=len(linked.files),
        bytes_fetched=sum(file.size for file in missing),
        other=linked.other,
    )


@contextmanager
def _at_work(root: Path) -> Iterator[None]:
    """The hidden folder, where nobody else works meanwhile; it stays if half of a file is in it."""
    workshop = root / WORKSHOP
    workshop.mkdir(exist_ok=True)
    busy = f"{root}: another download into it is at work: wait for it, or choose another by --to"
    with alone(workshop / ".lock", busy=busy):
        try:
            yield
        except BaseException:
            if not _half_there(root):
                shutil.rmtree(workshop, ignore_errors=True)
            raise
        shutil.rmtree(workshop, ignore_errors=True)


def _earlier(root: Path, release: Release, parts: Collection[str]) -> Receipt | None:
    """The receipt of an earlier download into this folder."""
    if not (root / NAME).exists():
        return None
    earlier = Receipt.read(root)
    if earlier.repo != release.repo:
        raise DataError(f"{root}: holds {earlier.repo}: choose another folder by --to")
    if earlier.revision != release.revision and (rest := set(earlier.parts) - set(parts)):
        raise DataError(
            f"{root}: holds {', '.join(sorted(rest))} of revision {earlier.revision[:12]}, and "
            f"this is {release.revision[:12]}: leave --only out, or give --revision "
            f"{earlier.revision}"
        )
    return earlier


def _there(
    root: Path, wanted: Iterable[ReceivedFile], earlier: Receipt | None
) -> dict[str, ReceivedFile]:
    """Files that stand in the folder as the hub lists them."""
    of_hub = {file.path: file for file in earlier.files} if earlier is not None else {}
    there: dict[str, ReceivedFile] = {}
    strange: list[str] = []

    def look(file: ReceivedFile) -> None:
        place = root / file.path
        if not place.exists():
            return
        if file.is_in(place):
            target = place.resolve()
            outside = not target.is_relative_to(root.resolve())
            there[file.path] = replace(file, adopted=str(target) if outside else None)
        elif file.path not in of_hub or not of_hub[file.path].is_in(place):
            strange.append(file.path)

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            for _ in pool.map(look, wanted):
                pass
    except OSError as error:
        raise UnreadableFile(f"{error.filename}: cannot be read: {error.strerror}") from error
    if strange:
        names = ", ".join(sorted(strange)[:_NAMES_SHOWN])
        more = f" and {len(strange) - _NAMES_SHOWN} more" if len(strange) > _NAMES_SHOWN else ""
        raise DataError(
            f"{root}: {names}{more}: not what the hub holds, and not replaced: move away what is "
            "yours, or choose another folder by --to"
        )
    return there


def _mark_images(root: Path, release: Release) -> None:
    """A notice beside the images, and a file that keeps git from taking them."""
    folder = root / "images"
    notice = NOTICE.format(repo=release.repo, revision=release.revision)
    write_text(folder / "NOTICE.txt", notice)
    write_text(folder / ".gitignore", "*\n")


def _fetch(
    release: Release, root: Path, missing: Sequence[ReceivedFile], say: Callable[[str, float], None]
) -> None:
    total = sum(file.size for file in missing)
    free = shutil.disk_usage(root).free + _half_there(root)
    if total + _SPARE > free:
        raise UnreadableFile(
            f"{root}: needs {total + _SPARE:,} bytes, {free:,} are free: make room, or choose "
            "another folder by --to"
        )
    done, lock = 0, threading.Lock()

    def arrived(size: int) -> None:
        nonlocal done
        with lock:
            done += size
        say(f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB", min(done / max(total, 1), 1.0))

    fetcher = Fetcher(release, root, arrived=arrived)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client's own look at the disk, file by file
        with fetcher.opened(), ThreadPoolExecutor(THREADS) as pool:
            # The largest first: else one thread would end alone with a checkpoint.
            order = sorted(missing, key=lambda file: -file.size)
            _finished(fetcher, [pool.submit(fetcher.fetch, file) for file in order])


def _finished(fetcher: Fetcher, running: Sequence[Future[None]]) -> None:
    """Wait for all files; at the first that fails let the others end, and raise its error."""
    try:
        wait(running, return_when=FIRST_EXCEPTION)
        failed = [f.exception() for f in running if f.done() and f.exception() is not None]
        for error in failed:
            if error is not None and not isinstance(error, Stopped):
                raise error
    finally:
        fetcher.stop()
        for future in running:
            future.cancel()


def _half_there(root: Path) -> int:
    """Bytes of large files that an earlier run has left: they need no room any more."""
    parts = root / WORKSHOP / "parts"
    return sum(file.stat().st_size for file in parts.glob("*.part")) if parts.is_dir() else 0


def _receipt(
    release: Release,
    parts: Sequence[str],
    files: Sequence[ReceivedFile],
    earlier: Receipt | None,
) -> Receipt:
    """The receipt of this download, and of what an earlier one of the same revision brought."""
    kept = (
        [file for file in earlier.files if file.path.split("/")[0] not in parts] if earlier else []
    )
    had = earlier.parts if earlier is not None else ()
    return Receipt(
        repo=release.repo,
        revision=release.revision,
        endpoint=release.endpoint,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        parts=parts_of((*parts, *had)),
        conditions=release.conditions,
        files=tuple(sorted((*kept, *files), key=lambda file: file.path)),
    )
