"""Recipes: what they may say, and what is said of them when they may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gazesearch.errors import BadSetting, DataError, UnknownName, UnreadableFile
from gazesearch.training import recipe as recipes
from gazesearch.training.recipe import read_recipe
from gazesearch.training.settings import Recipe, Schedule


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_opens_with_its_command_time_hardware_and_score(name: str) -> None:
    read = read_recipe(name)
    assert read.name == name
    comment = recipes.recipe_text(name).partition("\n\n")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert f"gazesearch train {name} " in comment
    for word in ("time", "hardware", "bits on valid"):
        assert word in comment.lower(), word


def test_a_recipe_says_only_what_is_unusual(tmp_path: Path) -> None:
    read = read_recipe(written(tmp_path, "seed = 3\n[schedule]\nepochs = 2\nwarm_up = 0\n"))
    assert read == Recipe(seed=3, schedule=Schedule(epochs=2, warm_up=0.0))


def test_json_brings_a_recipe_back(tmp_path: Path) -> None:
    whole = replace(
        read_recipe(recipes.names()[0]), schedule=Schedule(records=3, patience=2, rate="constant")
    )
    assert recipes.recipe_of_json(whole.to_json(), where="here") == whole


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("sed = 1", UnknownName, "setting of .*mine.toml 'sed': did you mean seed?"),
        ("[schedule]\nepoch = 1", UnknownName, "mine.toml: schedule 'epoch': did you mean epochs?"),
        ("[shedule]\nepochs = 1", UnknownName, "'shedule': did you mean schedule?"),
        ("[schedule]\nepochs = 0", BadSetting, "schedule: epochs = 0: must be 1 or more"),
        ("[schedule]\nepochs = 2.5", BadSetting, "schedule: epochs = 2.5: must be a whole number"),
        ("[schedule]\nepochs = true", BadSetting, "epochs = True: must be a whole number"),
        ("[schedule]\nwarm_up = 1", BadSetting, "warm_up = 1.0: must be a share from 0"),
        ("[schedule]\nrate = 'cosin'", UnknownName, "schedule: rate 'cosin': did you mean cosine?"),
        ("[optimiser]\nrate = nan", BadSetting, "optimiser: rate = nan: must be finite"),
        ("[optimiser]\nrate = 0", BadSetting, "rate = 0.0: must be above 0"),
        ("[optimiser]\nbetas = [0.9]", BadSetting, "betas = .*: must be a list of 2"),
        ("[optimiser]\nrates = {a = -1}", BadSetting, "rates: a = -1: must be a number from 0"),
        ("[data]\ndataset = 'osi'", UnknownName, "data: dataset 'osi': did you mean osie?"),
        ("data = 3", BadSetting, "data: 3: must be a table of settings"),
        ("seed = -1", BadSetting, "seed = -1: must be 0 or more"),
        ("seed = 9223372036854775808", BadSetting, "seed = .*: must be below"),
        ("[optimiser]\nrates = {a = true}", BadSetting, "rates: a = True: must be a number from 0"),
        ("seed =", DataError, "is no TOML"),
        (f"seed = {'1' * 5000}", DataError, "is no TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, error: type, said: str) -> None:
    with pytest.raises(error, match=said) as told:
        read_recipe(written(tmp_path, text))
    assert len(str(told.value).splitlines()) == 1


def test_single_settings_are_changed_by_name() -> None:
    whole = Recipe()
    told = ["schedule.epochs=3", "network.settings.panels = 8", "schedule.rate=constant"]
    read = recipes.changed(whole, told)
    assert (read.schedule.epochs, read.schedule.rate) == (3, "constant")
    assert read.network.settings == {"panels": 8}
    assert read.data == whole.data
    assert recipes.changed(whole, ["name=😀"]).name == "😀"
    with pytest.raises(BadSetting, match="must be a whole number"):
        recipes.changed(whole, [f"seed={'1' * 5000}"])
    with pytest.raises(UnknownName, match="schedule 'epoch': did you mean epochs"):
        recipes.changed(whole, ["schedule.epoch=3"])
    with pytest.raises(BadSetting, match="--set 'epochs': must be NAME=VALUE"):
        recipes.changed(whole, ["epochs"])


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown recipe 'phantm-tiny': did you mean phantom"):
        read_recipe("phantm-tiny")
    with pytest.raises(UnreadableFile, match="no such file"):
        read_recipe(tmp_path / "none.toml")
