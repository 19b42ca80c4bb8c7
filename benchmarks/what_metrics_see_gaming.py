"""One path for all, optimised for a metric on train without an image, beside people."""

import time

import numpy as np

import gazesearch
from gazesearch import metrics
from gazesearch.evaluation import truth_of
from gazesearch.evaluation.people import other_people, typical_person
from gazesearch.models.controls import Ascent, FixedPath, RandomTrainPath
from gazesearch.prediction import Requests

PAIRS = [metric for metric in metrics.TABLE if metric.kind == "pair"]
TIMELESS = {"scanmatch_duration": "scanmatch", "multimatch_duration": "multimatch_position",
            "duration_error": "scanmatch"}  # fmt: skip


def gaming_released(folder, length):
    """On the released test split, beside the released predictions: no two people to compare."""
    released = gazesearch.read_scanpaths(next(folder.glob("finding_visual_search*.json")))
    truth = truth_of(released, protocol="official")
    model = folder / "chestsearch_released_predictions.json"
    return gaming(truth, length, 1, model=model)


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
        metric.name: {key: mean_and_ends(*pair, metric.name) for key, pair in told.items()}
        for metric in chosen
    }


def scored(answers, truth, metric):
    """Mean and interval; None where the metric needs what is not there."""
    try:
        scores = gazesearch.evaluate(answers, truth, metrics=[metric])
    except gazesearch.GazeSearchError:
        return None
    return mean_and_ends(scores, scores.intervals(), metric.name)


def requests(paths):
    """One request for each image and finding, as nobody in particular."""
    keys = list(paths.columns.members(("name", "task")))
    names, findings = zip(*keys, strict=True)
    return Requests.make(names, findings, screen_size=paths.info.screen_size)


def mean_and_ends(scores, intervals, name):
    ends = intervals[name]
    return {"mean": scores.summary(name).mean, "low": ends.low, "high": ends.high}
