"""Paths spoilt along ladders, and paths of the wrong image: what a metric notices."""

import numpy as np

import gazesearch
from gazesearch import Scanpaths, metrics
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.corruptions import LADDERS, corrupted

SHUFFLES = 3  # other images that each image is paired with
FEW_IMAGES, FEW_TRAIN = 8, 20  # for ladders of map metrics: images, and every so many train paths
MAPS = [metric.name for metric in metrics.TABLE if metric.kind == "map"]
NO_MAPS = [metric.name for metric in metrics.TABLE if metric.kind != "map"]


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
    if not by_finding:
        raise SystemExit("pairing: no finding is on two test images: take more images (--phantom)")
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
