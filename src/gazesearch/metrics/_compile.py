"""The one door to numba: `kernel` compiles a function once and keeps the machine code on disk."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Imported by name, so that mypy does not depend on whether a release of numba carries types.
_numba: Any = importlib.import_module("numba")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays to machine code, on first use.

    The code runs without the GIL, so that chunks of pairs share the cores, and in plain IEEE
    arithmetic (no fastmath): a score depends neither on vector width nor on the number of threads.
    """
    compiled: Any = _numba.njit(nogil=True, error_model="numpy")(function)
    # NUMBA_DISABLE_JIT, a debugger's switch, gives the function back as it is: nothing to keep.
    folder = None if _numba.config.DISABLE_JIT else cache_folder()
    if folder is not None:
        # numba looks at the folder when caching is enabled for a function, and never again.
        configured = _numba.config.CACHE_DIR
        _numba.config.CACHE_DIR = str(folder)
        try:
            compiled.enable_caching()
        finally:
            _numba.config.CACHE_DIR = configured
    result: Callable[P, R] = compiled
    return result


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of kernels, always inlined into them.

    A call would cost more than a row of a table, and hide from the compiler which arrays differ.
    """
    compiled: Any = _numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    result: Callable[P, R] = compiled
    return result


@cache
def cache_folder() -> Path | None:
    """Folder of the compiled kernels, under NUMBA_CACHE_DIR or the user's cache folder.

    numba renews a kernel when the kernel's own file changes, not when a helper in another file
    does: so the folder's name is a digest over all sources of the metrics.

    Returns:
        The folder, or None where it cannot be written: kernels are then compiled in each process.
    """
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    try:
        base = Path(os.environ.get("NUMBA_CACHE_DIR") or _user_cache())
        folder = base / "gazesearch" / "kernels" / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return folder


def _user_cache() -> Path:
    """Where the platform keeps files that can be made again."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
