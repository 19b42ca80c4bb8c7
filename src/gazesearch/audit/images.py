"""The images of a dataset: there, readable, of a sound size, and none of them twice."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.audit.item import Item, Severity, first, number
from gazesearch.errors import DataError, MissingExtra, UnreadableFile, require
from gazesearch.files import digest
from gazesearch.images import ENDINGS, ImageFolder
from gazesearch.scanpaths import Scanpaths

Progress = Callable[[str, float], None]

HASH_SIDE: Final = 16
HASH_BITS: Final = 8
"""Images are taken for one where at most so many of the 16 x 16 bits of their hashes differ."""
_SHRUNK_PX: Final = 4 * HASH_SIDE
_ONE_SIZE: Final = 0.9
THREADS: Final = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """What is kept of an image that could be read: no pixel."""

    size: tuple[int, int]
    digest: str
    hash: NDArray[np.uint8] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Folder:
    """What a folder holds of the images that records name."""

    seen: Mapping[str, _Seen]
    missing: tuple[str, ...]
    unreadable: Mapping[str, str]
    surplus: tuple[str, ...]


def items(paths: Scanpaths, folder: str | os.PathLike[str], say: Progress) -> Iterator[Item]:
    """All of this file, in the order of a report.

    Raises:
        UnreadableFile: there is no such folder.
    """
    hashing, why_not = _hashing()
    held = _look(ImageFolder(folder), sorted(set(paths.image)), hashing, say)
    records = Counter(paths.image)
    splits: dict[str, set[str]] = {}
    for image, split in zip(paths.image, paths.split, strict=True):
        splits.setdefault(image, set()).add(split)
    yield missing(held, records)
    yield unreadable(held, records)
    yield surplus(held)
    yield sizes(held, _frames(paths))
    identical = _same_bytes(held)
    yield duplicates(identical, splits)
    yield similar(held, identical, splits, why_not)


def missing(held: _Folder, records: Mapping[str, int]) -> Item:
    """Images that records name and the folder lacks."""
    n = sum(records[name] for name in held.missing)
    return Item(
        name="missing_images",
        severity="error" if held.missing else "info",
        found=f"{number(len(held.missing), 'image')} of {number(n, 'record')} not in the folder.",
        effect="A model that looks at images has no prediction for these records: its score is "
        "over others than those of the benchmark.",
        figures={"images": len(held.missing), "records": n},
        examples=first(held.missing),
    )


def unreadable(held: _Folder, records: Mapping[str, int]) -> Item:
    """Images that are there, but are no sound PNG or JPEG."""
    n = sum(records[name] for name in held.unreadable)
    return Item(
        name="unreadable_images",
        severity="error" if held.unreadable else "info",
        found=f"{number(len(held.unreadable), 'image')} of {number(n, 'record')} cannot be read.",
        effect="A model that looks at images has no prediction for these records, or stops.",
        figures={"images": len(held.unreadable), "records": n},
        examples=first(held.unreadable.values()),
    )


def surplus(held: _Folder) -> Item:
    """Images of the folder that no record names."""
    return Item(
        name="surplus_images",
        severity="info",
        found=f"{number(len(held.surplus), 'image')} in the folder that no record names.",
        effect="No score depends on them, but a model that was trained on the folder saw them.",
        figures={"images": len(held.surplus)},
        examples=first(held.surplus),
    )


def sizes(held: _Folder, frames: Mapping[str, tuple[float, float]]) -> Item:
    """Images smaller than their frame, or of another size than nearly all the others."""
    of_images = Counter(seen.size for seen in held.seen.values())
    (common, times), *_ = of_images.most_common(1) or [((0, 0), 0)]
    one_size = times > 0 and times >= _ONE_SIZE * len(held.seen)
    wrong = {
        name
        for name, seen in held.seen.items()
        if (one_size and seen.size != common)
        or seen.size[0] < frames[name][0]
        or seen.size[1] < frames[name][1]
    }
    said = f"nearly all are {common[0]}x{common[1]}" if one_size else "sizes differ"
    return Item(
        name="image_sizes",
        severity="warning" if wrong else "info",
        found=f"{number(len(wrong), 'image')} smaller than the frame of the fixations, or of "
        f"another size than at least 90% of the images ({said}).",
        effect="Fixations may not lie where the image shows what was looked at, and a model sees "
        "less of it than the reader did.",
        figures={"images": len(wrong), "sizes": len(of_images)},
        examples=first(f"{name}: {'x'.join(map(str, held.seen[name].size))}" for name in wrong),
    )


def duplicates(identical: list[list[str]], splits: Mapping[str, set[str]]) -> Item:
    """Files of different names with the same bytes."""
    n = sum(map(len, identical))
    return Item(
        name="duplicate_images",
        severity=_graveness(identical, splits),
        found=f"{number(n, 'image')} whose file is another's to the last byte "
        f"({number(len(identical), 'group')}, {_crossing(identical, splits)} across splits).",
        effect="One image under two names counts twice, and leaks where the names stand in "
        "different splits.",
        figures={
            "images": n,
            "groups": len(identical),
            "groups_across_splits": _crossing(identical, splits),
        },
        examples=first(" = ".join(group) for group in identical),
    )


def similar(
    held: _Folder,
    identical: list[list[str]],
    splits: Mapping[str, set[str]],
    why_not: str | None,
) -> Item:
    """Images that look alike: one re-encoded, resized or a little brighter."""
    name = "similar_images"
    effect = (
        "If they are one image under two names, it counts twice, and leaks where the names stand "
        "in different splits: look at them."
    )
    if why_not is not None:
        found = f"Not looked for: {why_not}."
        return Item(name=name, severity="info", found=found, effect=effect)
    # One file of each group of equal ones: the others are reported as duplicates.
    repeated = {again for group in identical for again in group[1:]}
    names = [name for name in held.seen if name not in repeated]
    pairs = _alike(names, [held.seen[name].hash for name in names])
    return Item(
        name=name,
        severity="warning" if pairs else "info",  # they may be two images after all
        found=f"{number(len(pairs), 'pair')} of images of which at most {HASH_BITS} of the "
        f"{HASH_SIDE**2} bits of the perceptual hashes differ "
        f"({_crossing(pairs, splits)} across splits).",
        effect=effect,
        figures={
            "pairs": len(pairs),
            "pairs_across_splits": _crossing(pairs, splits),
            "most_bits": HASH_BITS,
        },
        examples=first(" ~ ".join(pair) for pair in pairs),
    )


def _hashing() -> tuple[Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None, str | None]:
    """The perceptual hash as packed bits, or why there is none."""
    try:
        imagehash = require("imagehash", extra="audit")
    except MissingExtra as error:
        return None, str(error)
    import PIL.Image

    def hashed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = PIL.Image.fromarray(pixels)
        bits = imagehash.phash(image, hash_size=HASH_SIDE, highfreq_factor=4).hash
        return np.packbits(np.asarray(bits, dtype=np.bool_))

    return hashed, None


def _look(
    folder: ImageFolder,
    names: list[str],
    hashing: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None,
    say: Progress,
) -> _Folder:
    """Read every image that records name, and list what else is there."""
    seen: dict[str, _Seen] = {}
    absent: list[str] = []
    broken: dict[str, str] = {}

    def look(name: str) -> _Seen | Exception:
        try:
            read = folder.read(name, size=(_SHRUNK_PX, _SHRUNK_PX))
            return _Seen(
                size=read.native_size,
                digest=digest(folder.root / name),
                hash=None if hashing is None else hashing(read.pixels),
            )
        except (DataError, UnreadableFile) as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        for done, (name, found) in enumerate(zip(names, pool.map(look, names), strict=True)):
            say("reading images", done / len(names))
            if isinstance(found, _Seen):
                seen[name] = found
            elif isinstance(found, DataError) or (folder.root / name).exists():
                broken[name] = str(found).replace(str((folder.root / name).resolve()), name)
            else:
                absent.append(name)
    files = (file for file in folder.root.rglob("*") if file.suffix.lower() in ENDINGS)
    there = {file.relative_to(folder.root).as_posix() for file in files if file.is_file()}
    asked = {Path(name).as_posix() for name in names}
    return _Folder(
        seen=seen,
        missing=tuple(absent),
        unreadable=broken,
        surplus=tuple(sorted(there - asked)),
    )


def _frames(paths: Scanpaths) -> dict[str, tuple[float, float]]:
    """Width and height of the frame that each image's fixations count in, px."""
    return {
        image: (width, height)
        for image, (width, height) in zip(paths.image, paths.screen_sizes.tolist(), strict=True)
    }


def _same_bytes(held: _Folder) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name, seen in held.seen.items():
        groups.setdefault(seen.digest, []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _alike(names: list[str], hashes: list[NDArray[np.uint8] | None]) -> list[list[str]]:
    """Pairs of names whose hashes differ in few bits."""
    pairs: list[list[str]] = []
    bits = np.array(hashes, dtype=np.uint8).reshape(len(names), HASH_SIDE**2 // 8)
    for row in range(len(names) - 1):
        differing = np.bitwise_count(bits[row] ^ bits[row + 1 :]).sum(axis=1)
        near = np.flatnonzero(differing <= HASH_BITS)
        pairs += [[names[row], names[row + 1 + int(other)]] for other in near]
    return pairs


def _graveness(groups: list[list[str]], splits: Mapping[str, set[str]]) -> Severity:
    leaks = any({"test", "train"} <= _splits(group, splits) for group in groups)
    return "error" if leaks else "warning" if groups else "info"


def _crossing(groups: list[list[str]], splits: Mapping[str, set[str]]) -> int:
    return sum(len(_splits(group, splits)) > 1 for group in groups)


def _splits(group: list[str], splits: Mapping[str, set[str]]) -> set[str]:
    return {split for name in group for split in splits[name]}
