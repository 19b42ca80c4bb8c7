"""What `gazesearch doctor` reports: versions, extras, cores, GPU, cache folders."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any

from gazesearch.files import package_versions


def checkup() -> dict[str, Any]:
    """Everything, by topic."""
    from gazesearch.metrics._compile import cache_folder

    kernels = cache_folder()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": _cores(),
        "gpu": _gpu(),
        "versions": package_versions(),
        "extras": _extras(),
        "kernel_cache": "not writable: kernels are compiled in each process"
        if kernels is None
        else str(kernels),
        "kernels_compiled": 0 if kernels is None else len(list(kernels.rglob("*.nbc"))),
        "shared_data": os.environ.get("GAZESEARCH_SHARED_DATA", "not set"),
    }


def as_text(found: dict[str, Any]) -> str:
    """The same, a line each."""
    lines = [f"system: {found['system']}, {found['cores']} cores", f"gpu: {found['gpu']}"]
    lines.append("versions: " + ", ".join(f"{k} {v}" for k, v in found["versions"].items()))
    for extra, missing in found["extras"].items():
        state = f"lacks {', '.join(missing)}" if missing else "complete"
        hint = f": pip install 'gazesearch[{extra}]'" if missing else ""
        lines.append(f"extra {extra}: {state}{hint}")
    lines.append(f"kernel cache: {found['kernel_cache']} ({found['kernels_compiled']} compiled)")
    lines.append(f"GAZESEARCH_SHARED_DATA: {found['shared_data']}")
    return "\n".join(lines) + "\n"


def _extras() -> dict[str, list[str]]:
    """For each extra the distributions that are not installed."""
    needs: dict[str, list[str]] = {
        extra: []
        for extra in metadata("gazesearch").get_all("Provides-Extra", [])
        if extra != "all"
    }
    for requirement in requires("gazesearch") or ():
        spec, _, marker = requirement.partition(";")
        name = spec.split("[")[0].split("<")[0].split(">")[0].split("=")[0].split("!")[0].strip()
        for extra in needs:
            wanted = f'"{extra}"' in marker or f"'{extra}'" in marker
            if wanted and name != "gazesearch" and not _installed(name):
                needs[extra].append(name)
    return needs


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _gpu() -> str:
    """What the driver's own tool says, so that torch need not be imported."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none found (no nvidia-smi)"
    try:
        listed = subprocess.run(
            [tool, "--list-gpus"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return f"{Path(tool).name} does not answer"
    return listed.stdout.strip().replace("\n", "; ") or "none found"
