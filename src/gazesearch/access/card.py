"""The dataset card: front matter that the hub reads, and a page for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gazesearch.access.harmless import markdown, prose
from gazesearch.access.release_file import Part, Release
from gazesearch.audit import SEVERITIES, Audit
from gazesearch.audit.report import shown
from gazesearch.errors import DataError, first_line, require

CARD: Final = "README.md"
_SIZES: Final = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
NAMES_SHOWN: Final = 60


def front_matter(release: Release, splits: Mapping[str, tuple[int, int, int]]) -> dict[str, Any]:
    """What the hub reads of a card.

    Args:
        release: what the publisher says.
        splits: records, bytes in memory and bytes of the Parquet file of each split.
    """
    about, gate = release.dataset, release.gate
    others = {(p.licence_name, p.licence_link) for p in release.part if p.licence == "other"}
    records = sum(n for n, _, _ in splits.values())
    told: dict[str, Any] = {
        "pretty_name": about.title,
        "license": _one(dict.fromkeys(part.licence for part in release.part)),
    }
    if len(others) == 1:
        ((told["license_name"], told["license_link"]),) = others
    told |= {
        "license_by_part": {part.path: part.licence_name or part.licence for part in release.part},
        "language": list(about.language),
        "task_categories": list(about.task_categories),
        "tags": list(about.tags),
        "size_categories": [next((name for top, name in _SIZES if records < top), "n>1T")],
        "configs": [
            {
                "config_name": "scanpaths",
                "data_files": [
                    {"split": split, "path": f"data/{split}.parquet"} for split in splits
                ],
            }
        ],
        "dataset_info": {
            "config_name": "scanpaths",
            "splits": [
                {"name": split, "num_bytes": size, "num_examples": n}
                for split, (n, size, _) in splits.items()
            ],
            "download_size": sum(size for _, _, size in splits.values()),
            "dataset_size": sum(size for _, size, _ in splits.values()),
        },
    }
    if gate.kind == "manual":
        told |= {
            "extra_gated_heading": "Access on request",
            "extra_gated_prompt": prose(gate.conditions),
            "extra_gated_fields": {name: _answer(kind) for name, kind in gate.fields.items()},
            "extra_gated_button_content": gate.button,
        }
    return told


def _answer(kind: Any) -> Any:
    return {"type": "select", "options": kind} if isinstance(kind, list) else kind


def _one(licences: Iterable[str]) -> str | list[str]:
    found = list(licences)
    return found[0] if len(found) == 1 else found


def card(
    release: Release,
    audit: Audit,
    *,
    splits: Mapping[str, tuple[int, int, int]],
    sizes: Mapping[str, tuple[int, int]],
    pictures: Mapping[str, str],
    repo: str,
) -> str:
    """The whole card, front matter first.

    Args:
        release: what the publisher says.
        audit: of the annotations.
        splits: as in `front_matter`.
        sizes: files and bytes of each part, by its path.
        pictures: path and words of each picture.
        repo: `owner/name` on the hub.

    Raises:
        DataError: what was written is not what the hub's own reader reads back.
    """
    hub = require("huggingface_hub", extra="hub")
    data = hub.DatasetCardData(**front_matter(release, splits))
    body = "\n\n".join(_body(release, audit, sizes=sizes, pictures=pictures, repo=repo))
    text = f"---\n{data.to_yaml(line_break=chr(10))}\n---\n\n{body}\n"
    validate_card(text, release)
    return text


def validate_card(text: str, release: Release) -> None:
    """Read a card as the hub's client does, and compare it with what was meant.

    Raises:
        DataError: it cannot be read, or says something else.
    """
    hub = require("huggingface_hub", extra="hub")
    try:
        told = hub.DatasetCard(text).data.to_dict()
    except Exception as error:  # of PyYAML and of the client alike
        raise DataError(f"{CARD}: its front matter cannot be read: {first_line(error)}") from error
    wanted = {"pretty_name": release.dataset.title}
    if release.gate.kind == "manual":
        wanted["extra_gated_prompt"] = prose(release.gate.conditions)
    for name, value in wanted.items():
        if told.get(name) != value:
            raise DataError(f"{CARD}: {name}: is read back as another text: mend release.toml")


def _body(
    release: Release,
    audit: Audit,
    *,
    sizes: Mapping[str, tuple[int, int]],
    pictures: Mapping[str, str],
    repo: str,
) -> Iterator[str]:
    about = release.dataset
    yield f"# {markdown(about.title)}"
    yield markdown(about.summary, limit=1000)
    yield f"Version {about.version}, {about.published:%Y-%m-%d}. {_people(about.authors)}."
    if about.description.strip():
        yield prose(about.description)
    yield "## What is in it"
    yield _table(("part", "files", "size", "licence", "credentialed", "where it comes from"), (
        (f"{part.path}/", *_amount(sizes[part.path]), part.licence_name or part.licence,
         "yes" if part.credentialed else "no", part.provenance)
        for part in release.part
    ))  # fmt: skip
    yield "`SHA256SUMS` has digests, `croissant.json` describes them in Croissant; " \
        "`data/` holds the annotations as Parquet, one row a scanpath."  # fmt: skip
    yield "## How to get it"
    yield from _access(release, repo)
    yield "## Counts"
    for name in ("counts", "by_split", "by_finding"):
        item = audit[name]
        yield markdown(item.found, limit=1000)
        if item.table is not None:
            rows = [tuple(map(shown, row)) for row in item.table.rows[:NAMES_SHOWN]]
            yield _table(item.table.columns, rows)
    for path, says in pictures.items():
        yield f"![{markdown(says)}]({path})\n\n*{markdown(says)}*"
    yield "## What the audit found"
    yield "By `gazesearch audit`, the gravest first; what was looked at without a finding is " \
        "left out."  # fmt: skip
    grave = sorted(audit.at_least("warning"), key=lambda one: -SEVERITIES.index(one.severity))
    if grave:
        yield _table(("severity", "item", "found", "what it does to a benchmark"), (
            (item.severity, item.title, item.found, item.effect) for item in grave
        ))  # fmt: skip
    else:
        yield "Nothing of severity warning or error."
    yield "## What it tells of people"
    yield _privacy(release)
    if told := responsible(release):
        yield "## Responsible use"
        yield _table(("question", "what the publisher says"), told)
    yield from _ending(release)


def responsible(release: Release) -> Sequence[tuple[str, str]]:
    """What the publisher says for responsible use: label and text, where there is one."""
    told = release.responsible
    labels = {
        "Collected": told.collection,
        "Annotated": told.annotation_protocol,
        "Annotators": told.annotators,
        "Annotations of an item": told.annotations_per_item,
        "Prepared": told.preprocessing,
        "Meant for": told.uses,
        "Limits": told.limitations,
        "Biases": told.biases,
        "Social impact": told.social_impact,
        "Personal or sensitive": told.sensitive,
        "Maintenance": told.maintenance,
    }
    return [(label, text) for label, text in labels.items() if text.strip()]


def _access(release: Release, repo: str) -> Iterator[str]:
    if release.gate.kind == "manual":
        yield prose(release.gate.conditions)
        yield "A person reviews every request. The form asks for:"
        yield (
            "\n".join(f"- {markdown(question)}" for question in release.gate.fields) or "- nothing"
        )
    else:
        yield "Nothing needs to be asked for."
    yield (
        "```python\nfrom huggingface_hub import snapshot_download\nfrom gazesearch import "
        f'load_dataset\n\nroot = snapshot_download("{repo}", repo_type="dataset")\n'
        "dataset = load_dataset(root)\n```"
    )


def _privacy(release: Release) -> str:
    privacy = release.privacy
    told = [
        f"Identifiers of patients or studies: {'yes' if privacy.patient_ids else 'none'}.",
        f"Dates: {'yes' if privacy.dates else 'none'}.",
        "Names of the people whose gaze was recorded, speech, reports and what cameras write into "
        "image files (EXIF): none.",
        "Checked by `gazesearch publish` when this version was made.",
    ]
    return "\n".join(f"- {line}" for line in told)


def _ending(release: Release) -> Iterator[str]:
    about = release.dataset
    yield "## Licences"
    yield "\n".join(f"- `{_code(part.path)}/`: {_licence(part)}" for part in release.part)
    if about.citation.strip():
        yield "## Citation"
        yield f"```text\n{_code(prose(about.citation))}\n```"
    if about.homepage:
        yield f"Home page: <{about.homepage}>" if _is_link(about.homepage) else ""
    yield "What changed from version to version stands in `CHANGELOG.md`."


def _licence(part: Part) -> str:
    name = markdown(part.licence_name or part.licence)
    return f"[{name}]({part.licence_link})" if _is_link(part.licence_link) else name


def _is_link(text: str) -> bool:
    safe = text.isascii() and text.isprintable() and not set(text) & set(" <>()[]\"'`\\|")
    return safe and text.startswith(("https://", "http://"))


def _code(text: str) -> str:
    return text.replace("`", "'").replace("&lt;", "<")


def _people(names: Sequence[str]) -> str:
    return ", ".join(map(markdown, names))


def _amount(size: tuple[int, int]) -> tuple[str, str]:
    files, n = size
    for unit in ("bytes", "kB", "MB", "GB"):
        if n < 1000 or unit == "GB":
            break
        n = round(n / 1000)
    return f"{files:,}", f"{n:,} {unit}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, *rows]
    cells = [[markdown(cell, limit=2000) or " " for cell in line] for line in lines]
    texts = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([texts[0], "|" + " --- |" * len(columns), *texts[1:]])


def changelog(release: Release) -> str:
    """`CHANGELOG.md`: this version above the earlier ones."""
    about = release.dataset
    lines = [f"# Changelog of {markdown(about.title)}", ""]
    lines += [f"## {about.version}, {about.published:%Y-%m-%d}", ""]
    lines += [f"- {markdown(change, limit=1000)}" for change in about.changes]
    if about.earlier_changes.strip():
        lines += ["", prose(about.earlier_changes)]
    return "\n".join(lines) + "\n"
