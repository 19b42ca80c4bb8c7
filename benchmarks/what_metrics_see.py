"""What each metric sees: the numbers behind docs/metrics/.

    python benchmarks/what_metrics_see.py DATA [PART ...] [--images N] [--learn K] [--phantom N]
        [--keep FOLDER]

DATA is the folder with `osie/` and `gazesearch/`; parts are all by default. Writes
docs/metrics/measured.json, each part as it is done; then `make docs` makes the pages. Numbers only:
no image, no recorded path goes into the file.

ladders     each test path against a copy of itself, spoilt in seven ways, in growing strength
pairing     half of the people against the other half, on the same image and on another one
gaming-*    one path for all, optimised for the metric on train, which never sees an image
likelihood  models of known quality on a phantom, ranked by the metric and by likelihood
energy      the energy form of people and of one typical path repeated; of phantom predictors

--images takes the first N test images of OSIE for ladders and pairing, --learn every Kth train path
of OSIE for the optimiser, --phantom makes N images: by default all, all and 200, which takes
long (not timed); --keep FOLDER makes the phantom there, or takes the one that is there.
The file in the repository was made with `--learn 16 --phantom 60`, on two shared cores in about
forty minutes.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
from what_metrics_see_models import PREDICTORS, QUALITIES, known_models

import gazesearch
from gazesearch import Scanpaths, metrics
from gazesearch.datasets.phantom import write_phantom
from gazesearch.evaluation import evaluate_distribution, people_distribution, truth_of
from gazesearch.evaluation.corruptions import LADDERS, corrupted
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.evaluation.people import other_people, typical_person
from gazesearch.images import ImageFolder
from gazesearch.models.controls import Ascent, FixedPath, RandomTrainPath
from gazesearch.prediction import Requests

FILE = Path(__file__).parents[1] / "docs" / "metrics" / "measured.json"
PARTS = ("ladders", "pairing", "gaming-gazesearch", "gaming-phantom", "gaming-osie", "likelihood",
         "energy")  # fmt: skip
OBSERVERS = 4
SHUFFLES = 3  # other images that each image is paired with
DRAWS = 12  # of models of known quality, as each person
FEW_IMAGES, FEW_TRAIN = 8, 20  # for ladders of map metrics: images, and every so many train paths
LENGTHS = {"osie": 9, "gazesearch": 6, "phantom": 5}  # fixations of the optimised path
PAIRS = [metric for metric in metrics.TABLE if metric.kind == "pair"]
MAPS = [metric.name for metric in metrics.TABLE if metric.kind == "map"]
NO_MAPS = [metric.name for metric in metrics.TABLE if metric.kind != "map"]
TIMELESS = {"scanmatch_duration": "scanmatch", "multimatch_duration": "multimatch_position",
            "duration_error": "scanmatch"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--images", type=int)
    parser.add_argument("--learn", type=int, default=1)
    parser.add_argument("--phantom", type=int, default=200)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_intermixed_args()
    cluster_once()
    with tempfile.TemporaryDirectory() as scratch:
        root = asked.keep or Path(scratch)
        (root / "images").mkdir(parents=True, exist_ok=True)
        images = ImageFolder(root / "images")

        @cache
        def phantom():
            if (root / "dataset.json").exists():
                return gazesearch.load_dataset(root).scanpaths
            return write_phantom(root, images=asked.phantom, observers=OBSERVERS, rng=0).scanpaths

        @cache
        def osie():
            return gazesearch.read_scanpaths(asked.data / "osie" / "fixations.json")

        some = asked.images or 10_000
        for part in asked.parts or PARTS:
            start = time.perf_counter()
            if part == "ladders":
                found = {"osie": ladders(only_images(osie(), some)), "phantom": ladders(phantom())}
            elif part == "pairing":
                found = {"osie": pairing(only_images(osie(), some)), "phantom": pairing(phantom())}
            elif part == "gaming-gazesearch":
                found = gaming_released(asked.data / "gazesearch")
            elif part == "gaming-phantom":
                found = gaming(truth_of(phantom(), split="test"), LENGTHS["phantom"], 1)
            elif part == "gaming-osie":
                found = gaming(truth_of(osie(), split="test"), LENGTHS["osie"], asked.learn)
            elif part == "likelihood":
                found = likelihood(phantom(), images)
            else:
                found = energy(osie(), phantom(), images)
            keep(part, found)
            print(f"{part}: {time.perf_counter() - start:.0f} s", flush=True)


def cluster_once() -> None:
    """Remember the clusters of the sequence score: every step of a ladder asks for the same."""
    module = sys.modules["gazesearch.metrics.sequence_score"]
    make, known = module.fixation_clusters, {}

    def clusters(fixations, *, bandwidth=None):
        key = (np.asarray(fixations).tobytes(), bandwidth)
        if key not in known:
            known[key] = make(fixations, bandwidth=bandwidth)
        return known[key]

    module.fixation_clusters = clusters


def keep(part, found) -> None:
    """Put one part into the file; numbers to six digits, NaN as null."""
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    known[part] = rounded(found)
    known["versions"] = {"gazesearch": gazesearch.__version__, "numpy": np.__version__}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def rounded(value):
    if isinstance(value, dict):
        return {str(key): rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


# -- ladders


def ladders(paths):
    """Means of every metric along every ladder, strength 0 first; and what was scored."""
    truth = truth_of(paths, split="test")
    few = truth_of(thinned(only_images(paths, FEW_IMAGES), FEW_TRAIN), split="test")
    found = {"records": len(truth.scored), "images": len(set(truth.scored.image)), "ladders": {}}
    found["map images"] = len(set(few.scored.image))
    for name, ladder in LADDERS.items():
        steps = (0.0, *ladder.steps)
        columns = [step_means(truth, few, name, step) for step in steps]
        found["ladders"][name] = {
            "steps": steps,
            "means": {metric: [told[metric][0] for told in columns] for metric in columns[0]},
            "undefined": {metric: [told[metric][1] for told in columns] for metric in columns[0]},
        }
        print(f"  ladder {name}", flush=True)
    return found


def step_means(truth, few, ladder, strength):
    """Mean and share undefined by metric; maps on few images, for they take long.

    Metrics that the records do not allow are left out.
    """
    found = {}
    for used, asked in ((truth, NO_MAPS), (few, MAPS)):
        scores = gazesearch.evaluate(corrupted(used.scored, ladder, strength), used, metrics=asked)
        for metric in scores.metrics:
            one = scores.summary(metric.name)
            found[metric.name] = one.mean, one.undefined / max(1, one.n + one.undefined)
    return found


def thinned(paths, every):
    """All paths but those of train, and of these some."""
    train = np.flatnonzero(np.equal(paths.split, "train"))
    kept = np.full(len(paths), True)
    kept[train] = np.arange(len(train)) % every == 0
    return paths[kept]


def means(scores):
    return {metric.name: scores.summary(metric.name).mean for metric in scores.metrics}


def only_images(paths, count):
    """Train, and of test the records of the first few images."""
    names = list(dict.fromkeys(paths.where(split="test").image))[:count]
    keep_ = np.array(
        [
            split != "test" or name in names
            for split, name in zip(paths.split, paths.image, strict=True)
        ]
    )
    return paths[keep_]


# -- right and wrong images


def pairing(paths):
    """How often a path of the right image scores better than one of a wrong image."""
    test, train = paths.where(split="test"), paths.where(split="train")
    number = {who: k for k, who in enumerate(sorted(set(test.subject)))}
    first = np.array([number[who] % 2 == 0 for who in test.subject])
    asked, answers = test[first], test[~first]
    every = [metric for metric in metrics.names() if not metric.startswith("tfp")]
    groups = answers.columns.members(("name", "task"))
    by_finding = {}
    for image, finding in groups:
        by_finding.setdefault(finding, []).append(image)
    by_finding = {finding: names for finding, names in by_finding.items() if len(names) > 1}
    kept = [key for key in groups if key[1] in by_finding]
    asked = asked[np.array([f in by_finding for f in asked.finding], np.bool_)]
    truth = truth_of(Scanpaths.concat([train, asked]), split="test")
    right = gazesearch.evaluate(given(answers, groups, kept, by_finding, 0), truth, metrics=every)
    shifts = {k % len(names) for names in by_finding.values() for k in range(1, SHUFFLES + 1)}
    wrong = [
        gazesearch.evaluate(given(answers, groups, kept, by_finding, k), truth, metrics=every)
        for k in sorted(shifts - {0})
    ]
    found = {"images": len({image for image, _ in kept}), "metrics": {}}
    for metric in right.metrics:
        found["metrics"][metric.name] = auc(metric, right, wrong)
    return found


def given(answers, groups, kept, by_finding, shift):
    """The answers of the image `shift` places further on, of the same finding, as each image's.

    A finding with few images skips the shift that would come back to the right one.
    """
    rows, names = [], []
    for image, finding in kept:
        others = by_finding[finding]
        step = shift if shift % len(others) or not shift else shift + 1
        other = others[(others.index(image) + step) % len(others)]
        rows += groups[other, finding]
        names += [image] * len(groups[other, finding])
    table = answers[np.array(rows)]
    return Scanpaths.of(
        [path.fixations for path in table],
        image=names,
        finding=table.finding.tolist(),
        info=answers.info,
    )


def auc(metric, right, wrong):
    """Share of (right, wrong) pairs in which right is better, ties half; over images, 95%."""
    sign = 1 if metric.higher_is_better else -1
    mine, theirs = (values_by_key(tables, metric.name) for tables in ([right], wrong))
    shares = {}
    for key in mine.keys() & theirs.keys():
        one, other = sign * mine[key][:, None], sign * theirs[key]
        better = (one > other).mean() + 0.5 * (one == other).mean()
        shares.setdefault(key[0], []).append(better)
    values = np.array([np.mean(shares[image]) for image in sorted(shares)])
    picks = np.random.default_rng(0).integers(len(values), size=(10_000, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return {
        "auc": values.mean(), "low": low, "high": high, "images": len(values),
        "right": right.summary(metric.name).mean,
        "wrong": float(np.mean([other.summary(metric.name).mean for other in wrong])),
    }  # fmt: skip


def values_by_key(tables, name):
    """Defined values of a metric for each image and finding."""
    found = {}
    for scores in tables:
        rows = zip(scores.keys["image"], scores.keys["finding"], scores.values[name], strict=True)
        for image, finding, value in rows:
            if not np.isnan(value):
                found.setdefault((image, finding), []).append(value)
    return {key: np.array(values) for key, values in found.items()}


# -- one path for all


def gaming_released(folder):
    """On the released test split, beside the released predictions: no two people to compare."""
    released = gazesearch.read_scanpaths(next(folder.glob("finding_visual_search*.json")))
    truth = truth_of(released, protocol="official")
    model = folder / "chestsearch_released_predictions.json"
    return gaming(truth, LENGTHS["gazesearch"], 1, model=model)


def gaming(truth, length, every, model=None):
    """What a path for all reaches that was optimised for the metric on train, beside people."""
    train = truth.trained_on
    learned = train[np.arange(0, len(train), every)]
    found = {
        "records": len(truth.scored), "train": len(learned), "of": len(train), "length": length,
        "metrics": {},
    }  # fmt: skip
    for metric in PAIRS:
        if metric.name == "sequence_score":
            continue  # its clusters differ from image to image: nothing to optimise for all
        start = time.perf_counter()
        rows = one_path(metric, truth, learned, length)
        if model is not None:
            rows["model"] = scored(model, truth, metric)
        else:
            rows["people"] = scored(other_people(truth.scored), truth, metric)
            rows["typical"] = scored(typical_person(truth.scored, metric=metric), truth, metric)
        found["metrics"][metric.name] = rows
        print(f"  {metric.name}: {time.perf_counter() - start:.0f} s", flush=True)
    found["metrics"] |= maps(truth, model)
    return found


def one_path(metric, truth, train, length):
    """The optimised path and, for scale, random train paths; durations are the usual ones."""
    like = TIMELESS.get(metric.name, metric.name)
    fixed = FixedPath(metric=like, ascent=Ascent(length=length)).fit(train)
    chance = RandomTrainPath().fit(train)
    asked = requests(truth.scored)
    return {
        "fixed": scored(fixed.predict(asked), truth, metric),
        "random": scored(chance.sample(asked, 16, rng=0), truth, metric),
    }


def maps(truth, model):
    """Map metrics: the density of train paths, which needs no optimiser."""
    chosen = [metric for metric in metrics.TABLE if metric.kind == "map"]
    drawn = RandomTrainPath().fit(truth.trained_on).sample(requests(truth.scored), 64, rng=0)
    rows = {"fixed": gazesearch.evaluate(drawn, truth, metrics=chosen)}
    if model is not None:
        rows["model"] = gazesearch.evaluate(model, truth, metrics=chosen)
    told = {key: (scores, scores.intervals()) for key, scores in rows.items()}
    return {
        metric.name: {key: mean_of(*pair, metric.name) for key, pair in told.items()}
        for metric in chosen
    }


def scored(answers, truth, metric):
    """Mean and interval; None where the metric needs what is not there."""
    try:
        scores = gazesearch.evaluate(answers, truth, metrics=[metric])
    except gazesearch.GazeSearchError:
        return None
    return mean_of(scores, scores.intervals(), metric.name)


def mean_of(scores, intervals, name):
    ends = intervals[name]
    return {"mean": scores.summary(name).mean, "low": ends.low, "high": ends.high}


def requests(paths):
    """One request for each image and finding, as nobody in particular."""
    keys = list(paths.columns.members(("name", "task")))
    names, findings = zip(*keys, strict=True)
    return Requests.make(names, findings, screen_size=paths.info.screen_size)


# -- models of known quality


def likelihood(paths, images):
    """Bits of models of known quality, and what each form of each metric gives them."""
    truth = truth_of(paths, split="test")
    test = truth.scored
    models = known_models(truth, QUALITIES)
    found = {"records": len(test), "draws": DRAWS, "models": {}}
    for name, model in models.items():
        start = time.perf_counter()
        bits = next_fixation_bits(model, test, images=images).mean()
        drawn = model.sample(Requests.of(test), DRAWS, images=images, rng=1)
        told = evaluate_distribution(drawn, truth)
        others = [m.name for m in metrics.TABLE if m.kind != "pair"]
        plain = means(gazesearch.evaluate(drawn, truth, metrics=others))
        found["models"][name] = {"bits": bits, "pairs": forms(told), "others": plain}
        print(f"  {name}: {bits:.3f} bits, {time.perf_counter() - start:.0f} s", flush=True)
    return found


# -- the energy form


def energy(osie, phantom, images):
    """Plain and energy form: people and one typical path on OSIE; all predictors of a phantom."""
    test = osie.where(split="test")
    found = {"osie": {"people": forms(people_distribution(osie))}}
    typical = {}
    for metric in PAIRS:
        if metric.name != "sequence_score":
            answers = repeated(typical_person(test, metric=metric))
            typical |= forms(evaluate_distribution(answers, osie, metrics=[metric]))
    found["osie"]["typical"] = typical
    truth = truth_of(phantom, split="test")
    found["phantom"] = {}
    for name, model in known_models(truth, PREDICTORS).items():
        told = evaluate_distribution(model, truth, draws=DRAWS, images=images, rng=1)
        found["phantom"][name] = forms(told)
        print(f"  {name}", flush=True)
    found["phantom"]["people"] = forms(people_distribution(truth))
    return found


def repeated(answers):
    """Every path twice, as two draws."""
    columns = answers.columns.replaced("draw", [0] * len(answers))
    other = answers.columns.replaced("draw", [1] * len(answers))
    parts = [
        answers.with_parts(
            answers.fixations, answers.offsets, columns=one, integers=answers.integers
        )
        for one in (columns, other)
    ]
    return Scanpaths.concat(parts)


def forms(told):
    """Mean and interval of the energy form, and the other means, by metric."""
    ends = told.energy.intervals()
    return {
        metric.name: {
            "energy": mean_of(told.energy, ends, f"{metric.name}_energy"),
            **{
                form: told.tables[form].summary(f"{metric.name}_{form}").mean
                for form in ("mean", "best", "draws")
            },
        }
        for metric in told.metrics
    }


if __name__ == "__main__":
    main()
