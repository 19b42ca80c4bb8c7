"""What trained models are worth: bits, paths and distributions beside controls and the truth.

    python benchmarks/trained.py phantom DATA RUN...        DATA: a phantom's folder; a run a seed
    python benchmarks/trained.py osie DATA RUN BLIND        BLIND: the same without images
    python benchmarks/trained.py ablations DATA RUN...      runs named WHAT-SEED: means over seeds
    python benchmarks/trained.py curves RUN...              bits on valid by epoch

Runs are folders of `gazesearch train`. How paths are decoded is chosen on valid, by ScanMatch with
durations, and for MultiMatch by the mean of its dimensions; then test is scored, once. Intervals
are 95%, by bootstrap over images. `--split valid` scores valid in place of test; `--fresh FOLDER`
scores bits and paths on the test images of another phantom, which may have more of them; train and
valid stay.
"""

import argparse
import csv
import time
from functools import partial
from pathlib import Path

import numpy as np

from gazesearch import Scanpaths, create_model, evaluate, load_dataset, metrics, read_scanpaths
from gazesearch.datasets.image_files import find_images
from gazesearch.datasets.phantom import Observer
from gazesearch.evaluation import compare, evaluate_distribution, truth_of
from gazesearch.evaluation.against import compare_with
from gazesearch.evaluation.likelihood import open_model, score_fixations
from gazesearch.models import controls, decoding
from gazesearch.models.median_durations import with_median_durations
from gazesearch.prediction import Requests

DENSITIES = ("global-density", "finding-density", "history-density")
PATHS = ("scanmatch", "scanmatch_duration")
MULTIMATCH = ("multimatch_shape", "multimatch_direction", "multimatch_length",
              "multimatch_position", "multimatch_duration")  # fmt: skip
METRICS = PATHS + MULTIMATCH
DRAWS, MANY = 16, 200
OSIE_WAYS = [(metric, durations) for metric in PATHS for durations in ("drawn", "median")]
FRESH = "fresh-"


class Shuffled:
    """Images under each other's names."""

    def __init__(self, images, names) -> None:
        names = sorted(names)
        self.images, self.other = images, dict(zip(names, names[1:] + names[:1], strict=True))

    def __getitem__(self, name):
        return self.images[self.other[name]]

    def __iter__(self):
        return iter(self.other)


class Both:
    """Images of two folders, the second one's under names of their own."""

    def __init__(self, first, second) -> None:
        self.first, self.second = first, second

    def __getitem__(self, name):
        fresh = name.startswith(FRESH)
        return self.second[name.removeprefix(FRESH)] if fresh else self.first[name]


def energies_of_controls(truth):
    return {
        name: energy_of(
            controls.get(name).fit(truth.trained_on, valid=truth.chosen_on, rng=0), truth
        )
        for name in (*DENSITIES, "random-train-path")
    }


def phantoms(data, fresh):
    """Recorded paths and images; test of `fresh`, where there is one."""
    table, images = load_dataset(data).scanpaths, find_images([data / "images"])
    if fresh is None:
        return table, images
    test = load_dataset(fresh).scanpaths.where(split="test")
    columns = test.columns.replaced("name", [FRESH + name for name in test.image])
    renamed = test.with_parts(test.fixations, test.offsets, columns=columns, integers=test.integers)
    kept = [table.where(split=split) for split in ("train", "valid")]
    return Scanpaths.concat([*kept, renamed]), Both(images, find_images([fresh / "images"]))


def requests_of(truth):
    """Each (image, finding) once, of nobody in particular."""
    rows = [group[0] for group in truth.scored.columns.members(("name", "task")).values()]
    asked = Requests.of(truth.scored[rows])
    return Requests.make(
        asked.image.tolist(), asked.finding.tolist(), screen_size=tuple(asked.screen_sizes[0])
    )


def paired(mine, theirs, *, first=False, resamples=10_000):
    """Difference of mean bits a fixation, with its interval over images."""
    assert np.array_equal(mine.keys["record"], theirs.keys["record"])
    rows = (mine.keys["position"] == 1) == first
    less = (mine.values["log_likelihood"] - theirs.values["log_likelihood"])[rows]
    _, image = np.unique(mine.keys["image"][rows].astype(str), return_inverse=True)
    sums, counts = np.bincount(image, less), np.bincount(image)
    drawn = np.random.default_rng(0).integers(len(sums), size=(resamples, len(sums)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return f"{less.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def row(name, found, *, more=""):
    ends, stop = found.intervals()["log_likelihood"], found.termination
    mean = found.summary("log_likelihood").mean
    print(
        f"  {name:18} {mean:.3f} [{ends.low:.3f}, {ends.high:.3f}] bits, "
        f"stop {stop.summary().mean if stop else np.nan:.4f}, calibration "
        f"{stop.calibration().error if stop else np.nan:.4f}, "
        f"CRPS {found.summary('duration_crps').mean:.4f} s {more}",
        flush=True,
    )
    return mean


def ways():
    """Decoders to choose from."""

    def typical(metric, temperature):
        return lambda m, q, i: decoding.typical(
            m, q, draws=64, metric=metric, temperature=temperature, images=i, rng=1,
            durations="median",
        )  # fmt: skip

    return {
        "greedy": lambda m, q, i: decoding.greedy(m, q, images=i),
        "sample": lambda m, q, i: decoding.sample(m, q, DRAWS, images=i, rng=1),
        **{
            f"typical of 64 by {name} at {temperature}": typical(metric, temperature)
            for name, metric in {"ScanMatch": "scanmatch", "MultiMatch": MULTIMATCH}.items()
            for temperature in (1.0, 0.6)
        },
    }


def chosen_ways(model, valid, images):
    """For ScanMatch and for MultiMatch, the decoder that is best on valid."""
    means = {}
    for name, decode in ways().items():
        scores = evaluate(decode(model, requests_of(valid), images), valid, metrics=list(METRICS))
        means[name] = {metric: scores.summary(metric).mean for metric in METRICS}
        print(f"  valid, {name:34} {numbers(means[name])}", flush=True)
    return {
        PATHS: max(means, key=lambda name: means[name]["scanmatch_duration"]),
        MULTIMATCH: max(means, key=lambda name: sum(means[name][m] for m in MULTIMATCH)),
    }


def numbers(means):
    return " ".join(f"{means[metric]:.4f}" for metric in means)


def energy_of(model, truth, images=None):
    return evaluate_distribution(
        model, truth, metrics=list(PATHS), draws=DRAWS, images=images, rng=1
    ).energy


def phantom(data, runs, split, fresh=None) -> None:
    table, images = phantoms(data, fresh)
    truth, valid = (truth_of(table, split=name) for name in (split, "valid"))
    print(f"{split}: {len(truth.scored)} paths; bits of fixations 2..n over uniform")
    true = score_fixations(Observer(), truth, images=images)
    top = row("the truth", true)
    known = {n: score_fixations(open_model(n, truth).model, truth) for n in DENSITIES}
    floors = {name: row(name, found) for name, found in known.items()}
    best = max(floors, key=floors.get)
    others = [name for name in controls.names() if not controls.remembers_images(name)]
    if fresh is not None:  # drawing from densities for many images takes long
        others = [name for name in others if name not in DENSITIES]
    theirs = {} if fresh else energies_of_controls(truth)
    for run in runs:
        print(run.name)
        model = create_model("nextgaze", weights=run)
        found = score_fixations(model, truth, images=images)
        mean = row(run.name, found)
        share = (mean - floors[best]) / (top - floors[best])
        print(f"  less {best}: {paired(found, known[best])}; {share:.1%} of the gap", flush=True)
        chosen = chosen_ways(model, valid, images)
        for asked, way in chosen.items():
            scores = evaluate(
                ways()[way](model, requests_of(truth), images), truth, metrics=list(asked)
            )
            print(f"  {way}, {split}:")
            print(compare_with(scores, others, truth, name=run.name).to_markdown(), flush=True)
        if fresh is not None:
            continue
        shuffled = Shuffled(images, set(truth.scored.image))
        row("images shuffled", score_fixations(model, truth, images=shuffled))
        for asked, way in chosen.items():
            scores = evaluate(
                ways()[way](model, requests_of(truth), shuffled), truth, metrics=list(asked)
            )
            print(f"  images shuffled: {numbers({m: scores.summary(m).mean for m in asked})}")
        energies = [energy_of(model, truth, images), *theirs.values()]
        print(compare(*energies, names=[run.name, *theirs]).to_markdown(), flush=True)


def osie(data, runs, split) -> None:
    table = read_scanpaths(data / "fixations.json", dataset="osie")
    images = find_images([data / "images"])
    truth, valid = (truth_of(table, split=name) for name in (split, "valid"))
    model, blind = (create_model("nextgaze", weights=run) for run in runs)
    print(f"{split}: {len(truth.scored)} paths")
    found = {m: score_fixations(m, truth, images=images) for m in (model, blind)}
    for told, name in zip(found.values(), ("model", "without images"), strict=True):
        first = told.summary("log_likelihood", first=True).mean
        row(name, told, more=f"first fixation {first:.3f} bits")
    print(f"  later, less without images: {paired(found[model], found[blind])}")
    print(f"  first, less without images: {paired(found[model], found[blind], first=True)}")
    row("history-density", score_fixations(open_model("history-density", truth).model, truth))
    drawn = {where: many(model, where, images) for where in (valid, truth)}
    means = {}
    for way in OSIE_WAYS:
        scores = evaluate(typical_of(model, drawn[valid], images, *way), valid, metrics=list(PATHS))
        means[way] = [scores.summary(name).mean for name in PATHS]
        print(f"  valid, typical by {way}: {means[way]}", flush=True)
    chosen = max(means, key=lambda way: sum(means[way]))
    print(f"  typical of {MANY} by {chosen}, {split}:")
    paths = typical_of(model, drawn[truth], images, *chosen)
    scores = evaluate(paths, truth, metrics=list(METRICS))
    others = ["fixed-path", "medoid", "random-train-path", "people"]
    print(compare_with(scores, others, truth, name="model").to_markdown(), flush=True)
    first = drawn[truth].columns["draw"] < DRAWS
    told = evaluate_distribution(drawn[truth][first], truth, metrics=list(PATHS))
    print(told.to_markdown(), flush=True)


def many(model, truth, images):
    return decoding.sample(model, requests_of(truth), MANY, images=images, rng=1)


def typical_of(model, drawn, images, metric, durations):
    """Of the draws of each request the one that is most like the others."""
    width, height = drawn.screen_sizes[0].tolist()
    rows = []
    for start in range(0, len(drawn), MANY):
        some = drawn[start : start + MANY]
        alike = np.nan_to_num(metrics.pairwise(metric, some, some, (width, height)))
        np.fill_diagonal(alike, 0.0)
        rows.append(start + int((alike + alike.T).sum(axis=1).argmax()))
    found = drawn[np.array(rows)]
    return found if durations == "drawn" else with_median_durations(model, found, images=images)


def ablations(data, runs, split) -> None:
    table = load_dataset(data).scanpaths
    images = find_images([data / "images"])
    truth = truth_of(table, split=split)
    found = {}
    for run in runs:
        model = create_model("nextgaze", weights=run)
        likelihood = score_fixations(model, truth, images=images)
        asked = PATHS if model.predicts_durations else PATHS[:1]
        told = evaluate_distribution(
            model, truth, metrics=list(asked), draws=DRAWS, images=images, rng=1
        )
        values = {
            "bits": likelihood.summary("log_likelihood").mean,
            "stop": likelihood.termination.summary().mean,
            **{metric: told.mean.summary(f"{metric}_mean").mean for metric in asked},
            **{f"energy {m}": told.energy.summary(f"{m}_energy").mean for m in asked},
        }
        if model.predicts_durations:
            values["CRPS"] = likelihood.summary("duration_crps").mean
        print(f"{run.name}: " + " ".join(f"{k} {v:.4f}" for k, v in values.items()), flush=True)
        found.setdefault(run.name.rpartition("-")[0], []).append(values)
    for name, seeds in found.items():
        print(name, len(seeds), "seeds, mean [least, most]:")
        for key in seeds[0]:
            values = [one[key] for one in seeds]
            print(f"  {key} {np.mean(values):.4f} [{min(values):.4f}, {max(values):.4f}]")


def curves(runs) -> None:
    for run in runs:
        with (run / "logs" / "epochs.csv").open() as file:
            bits = [float(line["valid_bits"]) for line in csv.DictReader(file)]
        print(f"{run.name}: " + " ".join(f"{value:.3f}" for value in bits))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("phantom", "osie", "ablations", "curves"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--fresh", type=Path)
    asked = parser.parse_args()
    start = time.perf_counter()
    if asked.what == "curves":
        curves(asked.paths)
    else:
        score = {"phantom": partial(phantom, fresh=asked.fresh), "osie": osie,
                 "ablations": ablations}[asked.what]  # fmt: skip
        score(asked.paths[0], asked.paths[1:], asked.split)
        print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
