"""The pages that come from the code: command line, metrics, what each sees, Python names.

python docs/generate.py           write them
python docs/generate.py --check   say which differ, exit status 1 if any does
"""

import ast
import inspect
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import metric_pages

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py; run `make docs` instead of editing. -->"
WIDTH = 100  # columns of a help text


def cli_page() -> str:
    """Help of every command, as it is printed."""
    import typer

    from gazesearch.cli import app

    def helps(command, name, parent=None) -> Iterator[str]:
        width = {"terminal_width": WIDTH, "max_content_width": WIDTH}
        settings = command.context_settings | width
        context = command.context_class(command, info_name=name, parent=parent, **settings)
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        yield f"## {context.command_path}\n\n```text\n{text}\n```"
        for child, subcommand in sorted(getattr(command, "commands", {}).items()):
            if not subcommand.hidden:
                yield from helps(subcommand, child, context)

    introduction = (
        "Errors are one line each and end with exit status 2; `audit --fail-on`, "
        "`submit-check`, `leaderboard check` and `publish` end with 1 if they found what they are "
        "there to find. "
        "`GAZESEARCH_DEBUG=1` shows the traceback."
    )
    sections = helps(typer.main.get_command(app), "gazesearch")
    return "\n\n".join(["# Command line", NOTE, introduction, *sections])


def metrics_page() -> str:
    """What the table of metrics declares, in three tables that fit a page."""
    from gazesearch import metrics

    direction = ["| name | | lowest | highest | unit | needs |", "|---|:-:|--:|--:|---|---|"]
    gaps = ["| name | undefined when | missing |", "|---|---|---|"]
    origins = ["| name | settings | source |", "|---|---|---|"]
    for metric in metrics.TABLE:
        name = f"`{metric.name}`"
        arrow = "↑" if metric.higher_is_better else "↓"
        low, high = map(_number, metric.bounds)
        needs = ", ".join(metric.needs)
        settings = ", ".join(f"`{key}={value!r}`" for key, value in metric.settings.items())
        direction.append(f"| {name} | {arrow} | {low} | {high} | {metric.unit} | {needs} |")
        gaps.append(f"| {name} | {metric.undefined_when} | {metric.missing} |")
        origins.append(f"| {name} | {settings} | {metric.source} |")
    parts = [
        "# Metrics",
        NOTE,
        "↑ means that higher is better, ↓ that lower is.",
        "\n".join(direction),
        "## Undefined and missing",
        "An undefined value is NaN, and every mean says how many there were. "
        "*Missing* is what a record without a prediction counts as under `--allow-missing`.",
        "\n".join(gaps),
        "## Settings and sources",
        "Settings are given with their defaults; "
        '`metrics.get("scanmatch", bins=(12, 8))` takes others.',
        "\n".join(origins),
    ]
    return "\n\n".join(parts)


def api_page() -> str:
    """One line for every public name."""
    import gazesearch

    introduction = (
        "The public names. What is not in this list may change without notice. "
        "`help(gazesearch.evaluate)` in Python shows the whole text of a name."
    )
    modules = (gazesearch, gazesearch.metrics)
    return "\n\n".join(["# Python", NOTE, introduction, *map(_names, modules)])


def _names(module: ModuleType) -> str:
    """Table of a module's public names, functions with brackets."""
    lines = [f"## `{module.__name__}`", "", "| name | |", "|---|---|"]
    for name in module.__all__:
        value = getattr(module, name)
        shown = f"`{name}()`" if inspect.isfunction(value) else f"`{name}`"
        lines.append(f"| {shown} | {_first_line(module, name)} |")
    return "\n".join(lines)


def _first_line(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    documents_itself = inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value)
    text = inspect.getdoc(value) if documents_itself else _text_below(name)
    return (text or "").partition("\n")[0].replace("|", "\\|")


def _text_below(name: str) -> str | None:
    """The text under the assignment of a constant, wherever in the package it stands."""
    import gazesearch

    for file in sorted(Path(gazesearch.__file__).parent.rglob("*.py")):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        for statement, below in itertools.pairwise(body):
            targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
            named = any(isinstance(t, ast.Name) and t.id == name for t in targets)
            match below:
                case ast.Expr(ast.Constant(str(text))) if named:
                    return text
    return None


def _number(value: float) -> str:
    return f"{value:g}".replace("inf", "∞").replace("-", "−")


PAGES = {"cli.md": cli_page, "metrics.md": metrics_page, "api.md": api_page}


def stale() -> list[str]:
    """Names of pages that differ from what the code says."""
    return [name for name, text in _written().items() if not _same(DOCS / name, text)]


def _written() -> dict[str, str]:
    # Help texts wrap at the terminal's width and colour by its kind: neither may reach a page.
    os.environ.update(COLUMNS=str(WIDTH), TERMINAL_WIDTH=str(WIDTH), NO_COLOR="1")
    texts = {name: page() for name, page in PAGES.items()} | metric_pages.pages()
    return {name: text.rstrip() + "\n" for name, text in texts.items()}


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


def main() -> int:
    if "--check" in sys.argv[1:]:
        names = stale()
        for name in names:
            print(f"docs/{name} is not what the code says: run `make docs`")
        return int(bool(names))
    for name, text in _written().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
