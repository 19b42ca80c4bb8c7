"""Intervals of the means of `Scores`: what is resampled is exactly what is averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import gazesearch
from gazesearch import Scanpaths, Scores, errors
from gazesearch.evaluation.clusters import Layout, statistic

Scored = Callable[..., Scores]


def redrawn(scores: Scores, images: list[str]) -> Scores:
    """The table of a resample, written out: every image drawn is one of its own."""
    rows, keys = [], {name: [] for name in ("image", "record", "prediction")}
    for copy, image in enumerate(images):
        of_image = np.flatnonzero(scores.keys["image"] == image)
        rows += of_image.tolist()
        keys["image"] += [f"{copy} {image}"] * len(of_image)
        for name in ("record", "prediction"):
            keys[name] += (scores.keys[name][of_image] + 10_000 * copy).tolist()
    columns = {name: column[rows] for name, column in scores.keys.items()}
    return replace(
        scores,
        keys=columns
        | {name: np.array(values, columns[name].dtype) for name, values in keys.items()},
        values={name: column[rows] for name, column in scores.values.items()},
    )


@pytest.mark.parametrize("draws", [1, 3])
def test_the_mean_of_a_resample_is_the_summary_of_its_table(scored: Scored, draws: int) -> None:
    """Draws, people, maps, trials and curves: each mean is taken from sums over images."""
    scores = scored(draws=draws)
    assert all(np.isnan(scores.values[name]).any() for name in ("duration_error", "scanpath_ratio"))
    layout = Layout.of(scores, np.ones(len(scores), np.bool_))
    names = sorted(set(scores.keys["image"]))
    rng = np.random.default_rng(0)
    for _ in range(5):
        drawn = rng.integers(0, len(names), len(names))
        table = redrawn(scores, [names[number] for number in drawn])
        times = np.bincount(drawn, minlength=len(names)).astype(float)
        for metric in scores.metrics:
            one = statistic(scores, metric, layout)
            found = one.of((times @ one.sums)[None])[0]
            assert found == pytest.approx(table.summary(metric.name).mean, rel=1e-12), metric.name


@pytest.mark.parametrize("by", ["finding", "length", "subject"])
def test_every_group_has_the_mean_of_its_summary(scored: Scored, by: str) -> None:
    scores = scored()
    for mask in scores.groups(by).values():  # type: ignore[arg-type]
        for metric in scores.metrics:
            expected = scores.summary(metric.name, mask).mean
            found = statistic(scores, metric, Layout.of(scores, mask)).value
            assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_an_interval_surrounds_its_mean_and_widens_for_fewer_images(scored: Scored) -> None:
    few, many = scored(images=12), scored(images=96)
    for metric in many.metrics:
        widths = []
        for scores in (few, many):
            found = scores.intervals(resamples=1000)[metric.name]
            assert found.low < scores.summary(metric.name).mean < found.high or (
                metric.name == "tfp_mismatch"  # a sum of absolute values: its resamples lie above
            )
            widths.append(found.high - found.low)
        assert widths[0] > widths[1], metric.name


def test_patients_are_resampled_where_images_have_them(scored: Scored) -> None:
    scores = scored()
    each_its_own = {image: f"patient of {image}" for image in scores.keys["image"]}
    assert scores.intervals(patients=each_its_own) == scores.intervals()
    two = {image: str(int(image.split(".")[0]) % 2) for image in scores.keys["image"]}
    found = scores.intervals(patients=two)["scanmatch"]
    ends = [
        scores.summary("scanmatch", np.array([two[i] == name for i in scores.keys["image"]])).mean
        for name in "01"
    ]
    assert (found.low, found.high, found.images) == pytest.approx((min(ends), max(ends), 2))


def test_an_image_without_a_patient_is_named(scored: Scored) -> None:
    with pytest.raises(errors.DataError, match=r"patients: 23 images have none .the first: 0\.jpg"):
        scored().intervals(patients={"1.jpg": "a"})


def test_one_image_has_no_interval() -> None:
    recorded = Scanpaths.of(
        [[[1, 1], [2, 2]], [[5, 5], [9, 9]]],
        image=["a.jpg"] * 2, finding=["edema", "fracture"], screen_size=(10, 10),
    )  # fmt: skip
    scores = gazesearch.evaluate(recorded, recorded, metrics=["scanmatch", "multimatch_shape"])
    found = scores.intervals()
    assert np.isnan([found["scanmatch"].low, found["scanmatch"].high]).all()
    assert found["scanmatch"].images == 1
    assert found["multimatch_shape"].images == 0  # two fixations: undefined throughout
    assert "1.0000 [no interval]" in scores.to_table()
    assert '"low": null' in scores.to_json()


def test_the_order_of_the_rows_decides_nothing(scored: Scored) -> None:
    scores = scored()
    order = np.random.default_rng(0).permutation(len(scores))
    mixed = replace(
        scores,
        keys={name: column[order] for name, column in scores.keys.items()},
        values={name: column[order] for name, column in scores.values.items()},
    )
    for name, found in scores.intervals(resamples=500).items():
        other = mixed.intervals(resamples=500)[name]
        assert (other.low, other.high) == pytest.approx((found.low, found.high), abs=1e-12)


def test_a_generator_is_a_seed_too(scored: Scored) -> None:
    scores = scored(metrics=["length_error"])
    found = [scores.intervals(rng=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "options", [{"rng": -1}, {"rng": 0.5}, {"rng": True}, {"resamples": 99}, {"resamples": 1e4}]
)
def test_a_setting_out_of_its_range_is_refused(scored: Scored, options: dict[str, object]) -> None:
    with pytest.raises(errors.BadSetting, match=next(iter(options))):
        scored(metrics=["length_error"]).intervals(**options)  # type: ignore[arg-type]


def test_tables_show_the_interval_beside_the_mean(scored: Scored) -> None:
    scores = scored(draws=1)
    found = scores.intervals()["length_error"]
    cell = f"{scores.summary('length_error').mean:.4f} [{found.low:.3f}, {found.high:.3f}]"
    assert cell in scores.to_table()
    assert cell in scores.to_markdown()
    assert f"{found.low},{found.high},24" in scores.to_csv()
