"""A protocol in words: counts by part and finding, shared images, rules, digest."""

from __future__ import annotations

import json
from typing import Any

from gazesearch.protocols.protocol import PARTS, Protocol


def overview(protocol: Protocol) -> dict[str, Any]:
    """What a protocol takes and shares, as plain values."""
    images = {part: {record.image for record in protocol.records[part]} for part in PARTS}
    counts = protocol.counts()
    return {
        "name": protocol.name,
        "version": protocol.version,
        "about": protocol.about,
        "digest": protocol.digest,
        "dataset": protocol.dataset,
        "first_fixation": protocol.first_fixation,
        "metrics": list(protocol.metrics),
        "records": {part: len(protocol.records[part]) for part in PARTS},
        "images": {part: len(images[part]) for part in PARTS},
        "test_records_on_images_of": {
            part: sum(record.image in images[part] for record in protocol.records["test"])
            for part in ("train", "valid")
        },
        "findings": {
            finding: {part: counts[part][finding] for part in PARTS}
            for finding in dict.fromkeys(finding for part in PARTS for finding in counts[part])
        },
    }


def as_json(protocol: Protocol) -> str:
    """The overview as JSON."""
    return json.dumps(overview(protocol), indent=2, ensure_ascii=False) + "\n"


def as_text(protocol: Protocol) -> str:
    """The overview for a terminal."""
    found = overview(protocol)
    shared = found["test_records_on_images_of"]
    rows = [("records", found["records"]), ("images", found["images"]), *found["findings"].items()]
    width = max(len(label) for label, _ in rows)
    lines = [
        f"{protocol.name} v{protocol.version}: {protocol.about}",
        protocol.digest,
        f"{protocol.dataset}, first fixation {protocol.first_fixation}",
        f"metrics: {', '.join(protocol.metrics)}",
        f"test records on images of train: {shared['train']:,}, of valid: {shared['valid']:,}",
        "",
        " " * width + "".join(f"{part:>8}" for part in PARTS),
        *(label.ljust(width) + "".join(f"{n[part]:8,}" for part in PARTS) for label, n in rows),
    ]
    return "\n".join(lines) + "\n"
