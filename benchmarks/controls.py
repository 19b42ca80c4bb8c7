"""What every control reaches on the released test split: ScanMatch, and bits over uniform.

    python benchmarks/controls.py DATA

DATA is the folder with `finding_visual_search*.json` and, if at hand, the released predictions
`chestsearch_released_predictions.json`. Fitted on train, chosen on valid, scored on test once.
About two minutes on two cores.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import gazesearch
from gazesearch import Scanpaths, metrics, with_first_fixation
from gazesearch.evaluation import evaluate
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models import controls
from gazesearch.prediction import Requests

PATHS = (
    "same-image-path",
    "medoid",
    "fixed-path",
    "mean-path",
    "consensus",
    "image-memory-path",
)
DENSITIES = (
    "uniform",
    "centre-gaussian",
    "global-density",
    "finding-density",
    "history-density",
    "image-memory",
)
CHOSEN = ("weight", "widths", "weights", "chosen_on")


def main(folder: Path) -> None:
    recorded = gazesearch.read_scanpaths(next(folder.glob("finding_visual_search*.json")))
    test = recorded.where(split="test")
    train_images = set(recorded.where(split="train").image)
    seen = np.array([image in train_images for image in test.image])
    groups = [np.ones(len(test), np.bool_), seen, ~seen]

    print("ScanMatch, first fixation `replace`\n")
    print("| control | all | seen | unseen | s |\n|---|--:|--:|--:|--:|", flush=True)
    for name, values, seconds in scanmatch(recorded, folder):
        means = " | ".join(f"{values[rows].mean():.4f}" for rows in groups)
        print(f"| {name} | {means} | {seconds:.0f} |", flush=True)

    print("\nBits over uniform, fixations 2..n\n")
    print("| density | rule | all | seen | unseen | s |\n|---|---|--:|--:|--:|--:|", flush=True)
    for rule in ("as-recorded", "replace"):
        used = with_first_fixation(recorded, rule)
        train, valid = used.where(split="train"), used.where(split="valid")
        notes = []
        for name in DENSITIES:
            start = time.perf_counter()
            model = controls.get(name).fit(train, valid=valid)
            bits = next_fixation_bits(model, test, first_fixation=rule)
            means = " | ".join(f"{bits.mean(rows):.3f}" for rows in groups)
            print(f"| {name} | {rule} | {means} | {time.perf_counter() - start:.0f} |", flush=True)
            notes += chosen(model)
        print(*notes, sep="\n", file=sys.stderr)


def scanmatch(recorded: Scanpaths, folder: Path) -> Iterator[tuple[str, np.ndarray, float]]:
    """Name, ScanMatch of each test record, seconds."""
    used = with_first_fixation(recorded, "replace")
    train, valid, test = (used.where(split=split) for split in ("train", "valid", "test"))
    released = folder / "chestsearch_released_predictions.json"
    if released.is_file():
        scores = evaluate(released, recorded, metrics=["scanmatch"])
        yield "ChestSearch, released", scores.values["scanmatch"], 0.0
    for name in PATHS:
        start = time.perf_counter()
        model = controls.get(name).fit(train, valid=valid)
        predicted = model.predict(Requests.of(test))
        values = metrics.paired(
            ["scanmatch"], test, predicted, screen_size=recorded.info.screen_size
        )
        yield name, values["scanmatch"], time.perf_counter() - start
        for line in chosen(model):
            print(line, file=sys.stderr)
    yield "random-train-path, expected", expected(train, test), 0.0


def expected(train: Scanpaths, test: Scanpaths) -> np.ndarray:
    """Mean ScanMatch with every train path of the finding: what a random one reaches."""
    values = np.empty(len(test))
    for finding, paths in train.group("task").items():
        rows = np.flatnonzero(test.finding == finding)
        table = metrics.pairwise("scanmatch", test[rows], paths, train.info.screen_size)
        values[rows] = table.mean(axis=1)
    return values


def chosen(model: controls.Control) -> list[str]:
    """What was chosen on valid."""
    if not getattr(model, "chosen_on", 0):
        return []
    told = ", ".join(f"{name}={getattr(model, name)}" for name in CHOSEN if hasattr(model, name))
    return [f"{model.name}: {told}"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
