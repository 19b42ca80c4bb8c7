"""The page of results, from the released files: `make results` (about five minutes).

    python docs/results.py DATA

DATA is the folder that holds `gazesearch/` with the released annotations and predictions. Writes
docs/results.md. Controls are fitted on train, choose on valid, and are scored on test once.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gazesearch
from gazesearch import metrics
from gazesearch.evaluation import compare, truth_of
from gazesearch.evaluation.against import score_named
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.models import controls

PAGE = Path(__file__).parent / "results.md"
CONTROLS = (
    "random-train-path",
    "medoid",
    "fixed-path",
    "same-image-path",
    "consensus",
    "image-memory-path",
)
LEAKY = ("same-image-path", "consensus", "image-memory-path")
DENSITIES = ("global-density", "finding-density", "history-density", "image-memory")
GROUPS = {"all records": "all", "image also in train": "image in train", "image unseen": "unseen"}


def main() -> None:
    folder = Path(sys.argv[1]) / "gazesearch"
    annotations = next(folder.glob("finding_visual_search*.json"))
    predictions = folder / "chestsearch_released_predictions.json"
    truth = truth_of(annotations, protocol="official")
    asked = [metrics.get(name) for name in gazesearch.protocols.METRICS]
    results = {"ChestSearch": gazesearch.evaluate(predictions, truth, metrics=asked)}
    for name in CONTROLS:
        start = time.perf_counter()
        results[name] = score_named(name, truth, asked=asked, rng=0, say=lambda _t, _d: None)
        print(f"{name}: {time.perf_counter() - start:.0f} s")
    sections = [
        head(annotations, predictions, truth),
        scanmatch(results),
        others(results),
        by_source(results),
        by_finding(results),
        bits(gazesearch.read_scanpaths(annotations)),
    ]
    PAGE.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def head(annotations, predictions, truth) -> str:
    return f"""# Results

<!-- Written by docs/results.py; run `make results` instead of editing. -->

Models that were trained with this package have [a page of their own](trained.md).
What the released ChestSearch predictions are worth on the released test split, beside controls that
never see an image. Protocol {truth.protocol}, first fixation `{truth.first_fixation}`;
{truth.rows.sum()} records, 366 of them of images that train has too. `make results` makes this page
from `{annotations.name}` and `{predictions.name}`; one table of it, in the terminal:

```console
$ gazesearch evaluate {predictions.name} --annotations {annotations.name} \\
    --protocol official --metrics scanmatch --against fixed-path --against consensus
```

Brackets hold 95% intervals by bootstrap over images, 10,000 resamples; p compares with ChestSearch
by exchange within images ([Statistics](guide/statistics.md)). What each control knows:
[Controls](guide/controls.md). Those with † remember which images they saw in train: they show what
the split gives away, and are no baseline for a model. On images that train lacks they are
their own image-free form."""


def scanmatch(results) -> str:
    found = compare(*results.values(), names=list(results))
    means = {(e.predictor, e.group): e for e in found.estimates if e.metric == "scanmatch"}
    tests = {(t.other, t.group): t for t in found.tests if t.metric == "scanmatch"}
    lines = [
        "| | " + " | ".join(GROUPS.values()) + " | p, all | p, unseen |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in results:
        cells = [interval(means[name, group]) for group in GROUPS]
        ps = [tests.get((name, group)) for group in ("all records", "image unseen")]
        cells += ["" if one is None else f"{one.p_value:.2g}" for one in ps]
        lines.append(f"| {shown(name)} | " + " | ".join(cells) + " |")
    fixed = tests["fixed-path", "image unseen"]
    text = (
        "On the 122 records whose image train lacks, ChestSearch less the fixed path is "
        f"{fixed.difference:+.3f} [{fixed.low:+.3f}, {fixed.high:+.3f}], p = {fixed.p_value:.2f}: "
        "no difference was found, and one under "
        f"{fixed.detectable_difference:.3f} would rarely be found with so few images. "
        "`image-memory-path` chose its weight on valid, whose images train has as well: "
        "a choice that is fit to show how far memory carries on this split, and for nothing else."
    )
    return "\n".join(["## ScanMatch\n", *lines, "", text])


def others(results) -> str:
    found = compare(*results.values(), names=list(results))
    parts = ["## MultiMatch, edit distance, time-delay embedding"]
    for group, title in (("all records", "all 488"), ("image unseen", "image unseen, 122")):
        means = {(e.predictor, e.metric): e for e in found.estimates if e.group == group}
        chosen = [metric for metric in found.metrics if metric.name != "scanmatch"]
        lines = [f"| {title} | " + " | ".join(f"{m.title} {arrow(m)}" for m in chosen) + " |"]
        lines.append("|---|" + "--:|" * len(chosen))
        for name in results:
            cells = (f"{means[name, metric.name].mean:.4f}" for metric in chosen)
            lines.append(f"| {shown(name)} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    parts.append(
        "The released predictions have no durations: ScanMatch and MultiMatch with durations "
        "cannot be computed for them, and are left out."
    )
    return "\n\n".join(parts)


def by_source(results) -> str:
    return "\n".join(["## By source\n", *grouped(results, "source")]) + (
        "\n\nThe source is told from the durations: whole milliseconds are REFLACX, finer ones EGD."
    )


def by_finding(results) -> str:
    chosen = {name: results[name] for name in ("ChestSearch", "fixed-path", "image-memory-path")}
    return "\n".join(["## By finding (ScanMatch)\n", *grouped(chosen, "finding")]) + (
        "\n\nWith few records a finding the intervals are wide, and too narrow still."
    )


def grouped(results, by) -> Iterator[str]:
    """ScanMatch, a row a group, a column a predictor."""
    found = compare(*results.values(), names=list(results), by=by)
    means = {(e.group, e.predictor): e for e in found.estimates if e.metric == "scanmatch"}
    yield "| | n | " + " | ".join(shown(name) for name in results) + " |"
    yield "|---|--:|" + "--:|" * len(results)
    for group in found.groups:
        cells = (interval(means[group, name]) for name in results)
        n = means[group, "ChestSearch"].asked
        yield f"| {group} | {n} | " + " | ".join(cells) + " |"


def bits(paths) -> str:
    lines = [
        "| | first fixation | all | image in train | unseen |",
        "|---|---|--:|--:|--:|",
    ]
    for rule in ("as-recorded", "replace"):
        truth = truth_of(paths, split="test", first_fixation=rule)
        seen = truth.seen() == True  # noqa: E712 - an array of objects
        for name in DENSITIES:
            start = time.perf_counter()
            model = controls.get(name).fit(truth.trained_on, valid=truth.chosen_on)
            found = next_fixation_bits(model, paths.where(split="test"), first_fixation=rule)
            means = (found.mean(), found.mean(seen), found.mean(~seen))
            lines.append(
                f"| {shown(name)} | {rule} | " + " | ".join(f"{m:.3f}" for m in means) + " |"
            )
            print(f"{name}, {rule}: {time.perf_counter() - start:.0f} s")
    text = (
        "Bits per fixation over a uniform density, fixations 2 to n of the test records, "
        "by densities that never see an image; widths and weights chosen on valid. "
        "A model that looks must pass the figure of its own first-fixation rule on unseen images."
    )
    return "\n".join(["## Bits that need no image\n", text, "", *lines])


def interval(found) -> str:
    return f"{found.mean:.4f} [{found.low:.3f}, {found.high:.3f}]"


def shown(name) -> str:
    known = name if name == "ChestSearch" else f"`{name}`"
    return f"{known} †" if name in LEAKY or name == "image-memory" else known


def arrow(metric) -> str:
    return "↑" if metric.higher_is_better else "↓"


if __name__ == "__main__":
    main()
