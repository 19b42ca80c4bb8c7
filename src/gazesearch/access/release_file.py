"""`release.toml`: what a publisher says of a dataset, read strictly."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, get_args, get_type_hints

from gazesearch.access.harmless import plain
from gazesearch.errors import DataError, first_line
from gazesearch.files import readable

NAME: Final = "release.toml"
_MAX_SIZE: Final = 2**20
Holds = Literal["annotations", "images", "weights", "documents"]
WRITTEN: Final = ("data", "pictures")
"""Folders of a release that no part may have: what is written for it stands there."""
FIELD_KINDS: Final = ("text", "country", "date_picker", "checkbox")


@dataclass(frozen=True, kw_only=True)
class About:
    """Title, authors, version: table `dataset` of the file."""

    title: str
    version: str
    published: date
    summary: str
    authors: tuple[str, ...]
    description: str = ""
    citation: str = ""
    homepage: str = ""
    tags: tuple[str, ...] = ()
    task_categories: tuple[str, ...] = ("other",)
    language: tuple[str, ...] = ("en",)
    changes: tuple[str, ...] = ()
    earlier_changes: str = ""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Who may have the files.

    Attributes:
        kind: `manual`: a person reviews every request; `none`: anybody.
        conditions: shown above the form, Markdown.
        fields: question and kind of answer, or the answers to choose from.
        button: text of the button.
    """

    kind: Literal["manual", "none"]
    conditions: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    button: str = "Request access"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A folder of the dataset.

    Attributes:
        path: the folder, below the dataset's.
        holds: what its files are.
        files: patterns of its files; `*` does not cross folders, `**/` does.
        licence: short name of the hub, or `other` with name and link.
        credentialed: derived from data under a credentialed data use agreement.
        provenance: where it comes from.
        unannotated: number of images that no annotation names.
        dicom: DICOM files are meant to be published.
    """

    path: str
    holds: Holds
    files: tuple[str, ...]
    licence: str
    credentialed: bool
    provenance: str
    licence_name: str = ""
    licence_link: str = ""
    unannotated: int = 0
    dicom: bool = False


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """What the release check looks for."""

    reader_names: tuple[str, ...] = field(default=(), repr=False)
    patient_ids: bool = False
    patient_id_patterns: tuple[str, ...] = ()
    dates: bool = False


@dataclass(frozen=True, kw_only=True)
class Responsible:
    """What the RAI fields of Croissant say; empty where not known."""

    collection: str = ""
    collection_types: tuple[str, ...] = ()
    annotation_protocol: str = ""
    annotators: str = ""
    annotations_per_item: str = ""
    preprocessing: str = ""
    uses: str = ""
    limitations: str = ""
    biases: str = ""
    social_impact: str = ""
    sensitive: str = ""
    maintenance: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """All that `release.toml` says."""

    dataset: About
    gate: Gate
    part: tuple[Part, ...]
    privacy: Privacy
    responsible: Responsible = field(default_factory=Responsible)
    repo: str = ""

    @property
    def credentialed(self) -> bool:
        """Whether any part is under a credentialed agreement."""
        return any(part.credentialed for part in self.part)


def template() -> str:
    """A `release.toml` to fill in."""
    return files("gazesearch.access").joinpath(NAME).read_text("utf-8")


def read_release(root: str | os.PathLike[str]) -> Release:
    """Read `release.toml` of a dataset's folder.

    Raises:
        UnreadableFile: there is none.
        DataError: it is not TOML, a key is unknown or missing, or a value is of the wrong kind.
    """
    path = Path(root) / NAME
    if not path.exists():
        raise DataError(
            f"{path}: no such file: write one with `gazesearch publish --template > {path}`"
        )
    try:
        told = tomllib.loads(readable(path, max_size=_MAX_SIZE).read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: is not TOML: {first_line(error)}") from error
    release: Release = _made(Release, told, str(path))
    for fault in _faults(release):
        raise DataError(f"{path}: {fault}")
    return release


_TABLES: Final = {"dataset": About, "gate": Gate, "privacy": Privacy, "responsible": Responsible}


def _made(kind: Any, told: Any, where: str) -> Any:
    """A dataclass from a table; every key known and of its kind."""
    if not isinstance(told, dict):
        raise DataError(f"{where}: must be a table")
    hints, known = get_type_hints(kind), {f.name: f for f in fields(kind)}
    if unknown := sorted(told.keys() - known.keys()):
        raise DataError(f"{where}: unknown key {plain(unknown[0])!r}: see --template")
    values: dict[str, Any] = {}
    for name, declared in known.items():
        place = f"{where}: {name}"
        if name not in told:
            if declared.default is MISSING and declared.default_factory is MISSING:
                raise DataError(f"{place}: is missing: see --template")
            continue
        value = told[name]
        if kind is Release and name == "part":
            if not isinstance(value, list) or not value:
                raise DataError(f"{place}: must be [[part]] tables")
            parts = [_made(Part, one, f"{where}: part {n}") for n, one in enumerate(value, 1)]
            values[name] = tuple(parts)
        elif kind is Release and name in _TABLES:
            values[name] = _made(_TABLES[name], value, place)
        else:
            values[name] = _value(hints[name], value, place)
    return kind(**values)


def _value(hint: Any, value: Any, place: str) -> Any:
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise DataError(f"{place}: must be a list of texts")
        return tuple(one for one in value if one.strip())
    if choices := get_args(hint) if hint not in (dict[str, Any],) else ():
        if value not in choices:
            raise DataError(f"{place}: must be one of {', '.join(map(str, choices))}")
        return value
    wanted = dict if hint == dict[str, Any] else hint
    if type(value) is not wanted:
        raise DataError(f"{place}: must be of kind {wanted.__name__}")
    return value


def _faults(release: Release) -> list[str]:
    """What cannot be right, whatever the files are."""
    faults = []
    for name in ("title", "summary"):
        if not getattr(release.dataset, name).strip():
            faults.append(f"dataset: {name}: is empty")
    if not release.dataset.authors:
        faults.append("dataset: authors: names nobody")
    if not re.fullmatch(r"\d+\.\d+\.\d+", release.dataset.version, re.ASCII):
        faults.append("dataset: version: must be three numbers, as 1.0.0")
    if release.gate.kind == "manual" and not release.gate.conditions.strip():
        faults.append("gate: conditions: are empty: say under which access is given")
    for question, kind in release.gate.fields.items():
        chosen = isinstance(kind, list) and kind and all(isinstance(one, str) for one in kind)
        if not chosen and kind not in FIELD_KINDS:
            known = ", ".join(FIELD_KINDS)
            faults.append(f"gate: fields: {plain(question)!r}: must be {known} or a list of texts")
    for n, part in enumerate(release.part, 1):
        pure = PurePosixPath(part.path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\\" in part.path:
            faults.append(f"part {n}: path: must be a folder below the dataset's")
        elif pure.parts[0] in WRITTEN:
            faults.append(f"part {n}: path: {pure.parts[0]}/ is written by publish: rename yours")
        if not part.files or any(".." in one or one.startswith("/") for one in part.files):
            faults.append(f"part {n}: files: must be patterns below the part's folder")
        if not part.provenance.strip():
            faults.append(f"part {n}: provenance: is empty: say where it comes from")
        if part.licence == "other" and not (part.licence_name and part.licence_link):
            faults.append(f"part {n}: licence: other needs licence_name and licence_link")
    if sum(part.holds == "annotations" for part in release.part) != 1:
        faults.append("part: exactly one must hold annotations")
    if len({part.path.strip("/") for part in release.part}) < len(release.part):
        faults.append("part: two have the same path")
    for pattern in release.privacy.patient_id_patterns:
        try:
            re.compile(pattern)
        except re.error:
            faults.append(f"privacy: patient_id_patterns: {plain(pattern)!r} is no pattern")
    return faults
