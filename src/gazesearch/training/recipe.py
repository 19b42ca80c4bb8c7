"""Recipes: a training's settings, read from TOML.

Names that are not known are refused with the nearest one that is, and values outside their range
with what they must be.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from gazesearch.errors import BadSetting, DataError, UnknownName, first_line
from gazesearch.files import readable
from gazesearch.training.settings import Recipe

MAX_SIZE: Final = 2**20  # of a recipe's file


def names() -> tuple[str, ...]:
    """Names of the recipes that come with the package."""
    files = resources.files("gazesearch.training").joinpath("recipes").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def read_recipe(recipe: str | os.PathLike[str]) -> Recipe:
    """A recipe from a TOML file, or by the name of one that comes with the package.

    A run's own `recipe.json` is one too.

    Raises:
        UnknownName: no recipe is called so, or a setting is not known.
        BadSetting: a value is of another type than it must be, or outside its range.
        DataError: it is no TOML.
        UnreadableFile: there is no such file.
    """
    text = recipe_text(recipe)
    if Path(recipe).suffix == ".json":
        return recipe_of_json(text, where=str(recipe))
    return recipe_of(_told(text, str(recipe)), where=str(recipe))


def recipe_text(recipe: str | os.PathLike[str]) -> str:
    """The text of a recipe, as `read_recipe` finds it."""
    name = str(recipe)
    if name in names():
        inside = resources.files("gazesearch.training").joinpath("recipes", f"{name}.toml")
        return inside.read_text(encoding="utf-8")
    if not Path(recipe).suffix and not os.path.exists(recipe):  # noqa: PTH110
        raise UnknownName("recipe", name, names())
    try:
        return readable(recipe, max_size=MAX_SIZE).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{recipe}: is not UTF-8 text (byte {error.start})") from error


def _told(text: str, where: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of whole numbers without end
        raise DataError(f"{where}: is no TOML: {first_line(error)}") from error


def recipe_of_json(text: str, *, where: str) -> Recipe:
    """Read what `Recipe.to_json` wrote.

    Raises: as `read_recipe`.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: is not JSON: {first_line(error)}") from error
    return recipe_of(told, where=where)


def recipe_of(told: Any, *, where: str) -> Recipe:
    """A recipe of nested settings.

    Raises: as `read_recipe`.
    """
    made = settings_of(Recipe, told, where=f"{where}: ")
    assert isinstance(made, Recipe)
    return made


def changed(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """A recipe with some settings changed.

    Args:
        recipe: the recipe.
        settings: each a name with the section before it, and a value, as `schedule.epochs=3`.

    Raises: as `read_recipe`.

    >>> changed(Recipe(), ["schedule.epochs=3", "schedule.rate=constant"]).schedule.epochs
    3
    """
    told = asdict(recipe)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise BadSetting(f"--set {setting!r}: must be NAME=VALUE")
        try:
            change = tomllib.loads(setting)
        except (ValueError, RecursionError):
            try:  # a text without its quotes
                change = tomllib.loads(f"{name} = {json.dumps(value, ensure_ascii=False)}")
            except (ValueError, RecursionError):
                raise BadSetting(f"--set {setting!r}: must be NAME=VALUE") from None
        _put_in(told, change)
    return recipe_of(told, where="--set")


def _put_in(told: dict[str, Any], change: Mapping[str, Any]) -> None:
    for name, value in change.items():
        if isinstance(value, Mapping) and isinstance(told.get(name), Mapping):
            told[name] = dict(told[name])
            _put_in(told[name], value)
        else:
            told[name] = value


def settings_of(kind: Any, told: Any, *, where: str) -> Any:
    """A settings dataclass of what a file says.

    Args:
        kind: the dataclass.
        told: values by name.
        where: what messages begin with.

    Raises:
        UnknownName: a setting is not known, or names nothing.
        BadSetting: a value is of another type than it must be, or outside its range.
    """
    if not isinstance(told, Mapping):
        raise BadSetting(f"{where}{told!r}: must be a table of settings")
    hints = typing.get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    for name in told:
        if name not in known:
            section = where.rstrip(": ")
            raise UnknownName(f"setting of {section}", name, known)
    values = {name: _value(hints[name], value, f"{where}{name}") for name, value in told.items()}
    try:
        return kind(**values)
    except BadSetting as error:
        raise BadSetting(f"{where}{error}") from None


def _value(hint: Any, value: Any, where: str) -> Any:
    """A value, if it is of the type of its setting."""
    origin, inside = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return settings_of(hint, value, where=f"{where}: ")
    if origin is Literal:
        if value not in inside:
            raise UnknownName(where, value, inside)
        return value
    if origin in (types.UnionType, typing.Union):
        options = [option for option in inside if option is not type(None)]
        if value is None:
            return None
        return _value(options[0], value, where)
    if origin is tuple and inside[1:] == (...,):
        if not isinstance(value, list | tuple):
            raise BadSetting(f"{where} = {value!r}: must be a list")
        return tuple(_value(inside[0], item, where) for item in value)
    if origin is tuple:
        if not isinstance(value, list | tuple) or len(value) != len(inside):
            raise BadSetting(f"{where} = {value!r}: must be a list of {len(inside)}")
        return tuple(_value(i, v, where) for i, v in zip(inside, value, strict=True))
    if origin is not None:  # a table with names of its own
        if not isinstance(value, Mapping):
            raise BadSetting(f"{where} = {value!r}: must be a table")
        return dict(value)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise BadSetting(f"{where} = {value!r}: must be {_WORDS[hint]}")
    if hint is float and not math.isfinite(value):
        raise BadSetting(f"{where} = {value!r}: must be finite")
    return value


_WORDS: Final = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
