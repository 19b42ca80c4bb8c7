"""The house: what is imported, installed, documented and promised."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gazesearch

ROOT = Path(__file__).resolve().parents[1]

HEAVY = (
    "fastapi",
    "huggingface_hub",
    "matplotlib",
    "numba",
    "pandas",
    "polars",
    "pyarrow",
    "ray",
    "scipy.stats",
    "sklearn",
    "starlette",
    "torch",
    "uvicorn",
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# -- what is imported


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("import gazesearch", id="import"),
        pytest.param(
            "import sys; sys.argv = ['gazesearch', '--help']\n"
            "from gazesearch.cli import main\n"
            "try:\n    main()\n"
            "except SystemExit as end:\n    assert not end.code, end.code",
            id="help",
        ),
    ],
)
def test_nothing_heavy_is_loaded(statement: str) -> None:
    ending = f"\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", statement + ending],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "tests",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ""


# -- what is installed


def test_the_wheel_is_tested() -> None:
    if Path(sys.prefix) != ROOT / "build" / "wheel":
        pytest.skip("not run by `make test`")
    installed = Path(gazesearch.__file__).resolve()
    assert installed.is_relative_to(ROOT / "build" / "wheel")
    assert "site-packages" in installed.parts


def test_types_are_shipped() -> None:
    assert importlib.resources.files("gazesearch").joinpath("py.typed").is_file()


def test_the_core_brings_no_torch() -> None:
    brought: set[str] = set()
    waiting = ["gazesearch"]
    while waiting:
        for line in importlib.metadata.requires(waiting.pop()) or ():
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                if name not in brought:
                    waiting.append(name)
                brought.add(name)
    assert {"numpy", "numba", "llvmlite"} <= brought
    assert not {name for name in brought if name.startswith(("torch", "nvidia"))}


def test_the_models_bring_neither_torchvision_nor_detectron2() -> None:
    brought = {
        canonicalize_name(requirement.name)
        for requirement in map(Requirement, importlib.metadata.requires("gazesearch") or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": "model"})
    }
    assert {"torch", "safetensors"} <= brought
    assert not brought & {"torchvision", "detectron2", "mask2former", "timm"}


# -- what is documented


@pytest.mark.parametrize("name", gazesearch.__all__)
def test_public_names_are_documented(name: str) -> None:
    value = getattr(gazesearch, name)
    if inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value):
        assert value.__doc__, f"{name} has no docstring"
    assert re.search(rf"`{name}(\(\))?`", text_of("docs/api.md"))


def test_generated_pages_say_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    readme = text_of("README.md")
    assert len(readme.splitlines()) < 120
    assert "make demo" in readme
    assert "make test" in readme
    assert readme.count("img.shields.io") + readme.count("badge.svg") <= 3


def test_the_makefile_has_at_most_ten_targets() -> None:
    (targets,) = re.findall(r"^\.PHONY: (.*)$", text_of("Makefile"), flags=re.MULTILINE)
    assert {"demo", "test", "check", "docs"} <= set(targets.split())
    assert len(targets.split()) <= 10
    for target in targets.split():
        assert re.search(rf"^{target}:", text_of("Makefile"), flags=re.MULTILINE), target


# -- what is to be cited


def test_the_citation_names_this_version_and_the_four_datasets() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert citation["version"] == gazesearch.__version__
    titles = [reference["title"] for reference in citation["references"]]
    for opening in ("GazeSearch", "REFLACX", "Creation and validation of a chest", "MIMIC-CXR"):
        assert sum(title.startswith(opening) for title in titles) == 1
    assert all(reference["authors"] and reference["year"] for reference in citation["references"])
