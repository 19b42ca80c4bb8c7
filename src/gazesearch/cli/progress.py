"""A progress bar for whatever takes over two seconds, on a terminal only."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE_S: Final = 2.0


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Yield a function that takes what is being done and the fraction done, 0 to 1."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _text, _done: None
        return
    # rich is slow to import: a short command never pays for it.
    state: tuple[str, float] = ("", 0.0)
    bar = None
    lock = threading.Lock()

    def show() -> None:
        nonlocal bar
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        with lock:
            bar = Progress(
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            bar.update(bar.add_task(state[0], total=1.0), completed=state[1])
            bar.start()

    def say(text: str, done: float) -> None:
        nonlocal state
        with lock:
            state = (text, done)
            if bar is not None:
                bar.update(bar.task_ids[0], description=text, completed=done)

    timer = threading.Timer(PATIENCE_S, show)
    timer.daemon = True
    timer.start()
    try:
        yield say
    finally:
        timer.cancel()
        timer.join(timeout=1.0)
        if bar is not None:
            bar.stop()
