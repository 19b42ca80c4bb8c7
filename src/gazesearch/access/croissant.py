"""Croissant 1.1 metadata with the fields of responsible AI, checked by mlcroissant."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gazesearch.access.harmless import plain
from gazesearch.access.release_file import Release
from gazesearch.errors import DataError, require

if TYPE_CHECKING:
    import pyarrow

FILE: Final = "croissant.json"
VERSION: Final = "http://mlcommons.org/croissant/1.1"
RAI: Final = "http://mlcommons.org/croissant/RAI/1.0"
_TERMS: Final = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field",
    "fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated",
    "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS},
}
_KINDS: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".parquet": "application/x-parquet",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".dcm": "application/dicom",
}


def croissant(
    release: Release,
    *,
    repo: str,
    files: Mapping[str, tuple[int, str]],
    tables: Mapping[str, pyarrow.Schema],
) -> str:
    """The metadata as JSON-LD.

    Files are named relative to the metadata, so that a copy on disk is described as well as the
    repository. Images and weights are sets of files; their digests stand in `SHA256SUMS`.

    Args:
        release: what the publisher says.
        repo: `owner/name` on the hub.
        files: size in bytes and `sha256` of annotations, Parquet files and `SHA256SUMS`, by path.
        tables: the schema of each Parquet file, by path.
    """
    about = release.dataset
    page = f"https://huggingface.co/datasets/{repo}"
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [VERSION, RAI],
        "name": _safe(about.title),
        "description": _safe(about.summary),
        "url": page,
        "version": about.version,
        "datePublished": about.published.isoformat(),
        "license": list(dict.fromkeys(_licences(release))),
        "creator": [{"@type": "sc:Person", "name": _safe(name)} for name in about.authors],
        "keywords": [_safe(tag) for tag in about.tags],
        "inLanguage": list(about.language),
        "citeAs": _safe(about.citation),
        "sameAs": about.homepage,
        "distribution": list(_distribution(release, page, files)),
        "recordSet": [_records(path, schema) for path, schema in tables.items()],
        **_responsible(release),
    }
    kept = {name: value for name, value in told.items() if value not in ("", [])}
    return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"


def validate(file: Path) -> tuple[str, ...]:
    """Read the metadata with mlcroissant.

    Returns:
        Its warnings.

    Raises:
        DataError: mlcroissant finds an error in it.
        MissingExtra: mlcroissant is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, and those of what it imports
        mlcroissant = require("mlcroissant", extra="hub")
        log = logging.getLogger("absl")
        level = log.level
        log.setLevel(logging.ERROR)
        try:
            dataset = mlcroissant.Dataset(jsonld=str(file))
        except Exception as error:  # its ValidationError, and whatever rdflib and its parsers raise
            reason = plain(" ".join(str(error).split()), limit=500)
            raise DataError(f"{file}: mlcroissant refuses it: {reason}") from error
        finally:
            log.setLevel(level)
    return tuple(sorted(dataset.metadata.ctx.issues.warnings))


def _safe(text: str) -> str:
    """Text as it is, but for characters that are not seen."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text).strip()


def _licences(release: Release) -> Iterator[str]:
    for part in release.part:
        yield part.licence_link or f"https://spdx.org/licenses/{part.licence}"


def _distribution(
    release: Release, page: str, files: Mapping[str, tuple[int, str]]
) -> Iterator[dict[str, Any]]:
    yield {
        "@type": "cr:FileObject",
        "@id": "repository",
        "name": "repository",
        "description": "The repository; asks for access where the dataset is gated.",
        "contentUrl": page,
        "encodingFormat": "git+https",
        # The digest of a repository is its commit, which does not exist before this file does.
        "sha256": "https://github.com/mlcommons/croissant/issues/80",
    }
    for path, (size, sha256) in files.items():
        yield {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "contentSize": f"{size} B",
            "encodingFormat": _KINDS.get(Path(path).suffix.lower(), "text/plain"),
            "sha256": sha256,
        }
    for part in release.part:
        if part.holds in ("images", "weights"):
            endings = {Path(pattern).suffix.lower() for pattern in part.files}
            kinds = sorted({_KINDS.get(ending, "application/octet-stream") for ending in endings})
            yield {
                "@type": "cr:FileSet",
                "@id": part.path,
                "name": part.path,
                "description": _safe(
                    f"{part.provenance} Licence: {part.licence_name or part.licence}."
                    + (" Under a credentialed data use agreement." if part.credentialed else "")
                ),
                "containedIn": {"@id": "repository"},
                "includes": [f"{part.path.strip('/')}/{pattern}" for pattern in part.files],
                "encodingFormat": kinds[0] if len(kinds) == 1 else kinds,
            }


def _records(path: str, schema: pyarrow.Schema) -> dict[str, Any]:
    name = f"scanpaths_{Path(path).stem}"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "Scanpaths, a record each: x and y in px of the frame, durations as in the "
        "annotations.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column.name}",
                "name": column.name,
                "source": {"fileObject": {"@id": path}, "extract": {"column": column.name}},
                **_kind(column.type),
            }
            for column in schema
        ],
    }


def _kind(kind: Any) -> dict[str, Any]:
    import pyarrow as pa

    array: dict[str, Any] = {}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        fixed = pa.types.is_fixed_size_list(kind)
        array = {"isArray": True, "arrayShape": str(kind.list_size) if fixed else "-1"}
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        name = "sc:Boolean"
    elif pa.types.is_integer(kind):
        name = "sc:Integer"
    else:
        name = "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
    return {"dataType": name, **array}


def _responsible(release: Release) -> dict[str, Any]:
    told = release.responsible
    fields = {
        "dataCollection": told.collection,
        "dataCollectionType": list(told.collection_types),
        "dataAnnotationProtocol": told.annotation_protocol,
        "annotatorDemographics": told.annotators,
        "annotationsPerItem": told.annotations_per_item,
        "dataPreprocessingProtocol": told.preprocessing,
        "dataUseCases": told.uses,
        "dataLimitations": told.limitations,
        "dataBiases": told.biases,
        "dataSocialImpact": told.social_impact,
        "personalSensitiveInformation": told.sensitive,
        "dataReleaseMaintenancePlan": told.maintenance,
    }
    return {f"rai:{name}": value for name, value in fields.items() if value not in ("", [])}
