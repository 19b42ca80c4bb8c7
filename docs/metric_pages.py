"""The pages of docs/metrics/: what each metric sees, from the numbers in measured.json.

docs/generate.py writes and checks them; `python benchmarks/what_metrics_see.py DATA` measures.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from metric_definitions import DEFINITIONS, OPENING
from metric_figures import ladders_svg

FOLDER = Path(__file__).parent / "metrics"
NOTE = (
    "<!-- Written by docs/generate.py from measured.json; run `make docs` instead of editing. -->"
)
SOURCES = {"osie": "OSIE", "phantom": "phantom-v1", "gazesearch": "GazeSearch, released test"}
SHARPENED = ("truth, temperature 0.5", "truth, temperature 0.25")
FLAT = 1e-6  # change along a ladder, in parts of the value at its start, that is none


def pages() -> dict[str, str]:
    """Text of every page and figure, by name below docs/."""
    from gazesearch import metrics

    measured = json.loads((FOLDER / "measured.json").read_text(encoding="utf-8"))
    found = {"metrics/overview.md": overview(metrics.TABLE, measured)}
    for metric in metrics.TABLE:
        found[f"metrics/{metric.name}.md"] = page(metric, measured)
        found[f"metrics/{metric.name}.svg"] = ladders_svg(metric, measured["ladders"])
    return found


def page(metric, measured) -> str:
    sections = [
        f"# {metric.title}",
        NOTE,
        head(metric),
        "## Definition",
        DEFINITIONS[metric.name],
        *ladder_section(metric, measured),
        *pairing_section(metric, measured),
        *gaming_section(metric, measured),
        *likelihood_section(metric, measured),
        *energy_section(metric, measured),
        "How all this was measured: [What each metric sees](overview.md).",
    ]
    return "\n\n".join(sections)


def head(metric) -> str:
    low, high = (f"{v:g}".replace("inf", "∞").replace("-", "−") for v in metric.bounds)
    unit = f" {metric.unit}" if metric.unit else ""
    settings = ", ".join(f"`{key}={value!r}`" for key, value in metric.settings.items())
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            f"| name | `{metric.name}` |",
            f"| better | {'higher' if metric.higher_is_better else 'lower'} |",
            f"| range | {low} to {high}{unit} |",
            f"| undefined when | {metric.undefined_when} |",
            f"| needs | {', '.join(metric.needs) or 'places only'} |",
            f"| settings | {settings or 'none'} |",
            f"| source | {metric.source} |",
        ]
    )


# -- ladders


def verdict(metric, steps, means) -> str:
    """What a ladder shows: "worse at every step", "not seen", or where it is not monotone."""
    if any(value is None for value in means):
        return "undefined"
    sign = 1 if metric.higher_is_better else -1
    falls = [sign * (one - two) for one, two in itertools.pairwise(means)]
    scale = FLAT * max(1.0, *(abs(value) for value in means))
    if all(abs(fall) <= scale for fall in falls):
        return "not seen"
    rises = [k for k, fall in enumerate(falls) if fall < -scale]
    if not rises:
        return "worse at every step" if all(f > scale for f in falls) else "never better"
    where = ", ".join(f"{steps[k]:g} to {steps[k + 1]:g}" for k in rises)
    return f"**not monotone**: better from {where}"


def ladder_section(metric, measured) -> Iterator[str]:
    from gazesearch.evaluation.corruptions import LADDERS

    found = measured["ladders"]
    yield "## What spoils it"
    yield (
        "A path against a copy of itself that is spoilt more and more; mean over all paths, "
        "strength 0 first."
    )
    yield f"![{metric.title} along seven ladders]({metric.name}.svg)"
    lines = ["| ladder | strength | OSIE | phantom-v1 |", "|---|---|---|---|"]
    for name, ladder in LADDERS.items():
        cells = []
        for source in ("osie", "phantom"):
            one = found[source]["ladders"][name]
            means = one["means"].get(metric.name)
            said = "" if means is None else verdict(metric, one["steps"], means)
            cells.append(said + undefined(metric, one))
        values = ", ".join(f"{step:g}" for step in (0.0, *ladder.steps))
        lines.append(f"| {name}: {ladder.title} | {values} {ladder.unit} | {' | '.join(cells)} |")
    yield "\n".join(lines)
    yield "The values:"
    lines = ["| ladder | source | mean at each strength |", "|---|---|---|"]
    for name in LADDERS:
        for source in ("osie", "phantom"):
            means = found[source]["ladders"][name]["means"].get(metric.name)
            if means is not None:
                lines.append(f"| {name} | {SOURCES[source]} | {', '.join(map(short, means))} |")
    yield "\n".join(lines)


def undefined(metric, ladder) -> str:
    """How many values a ladder loses, if any: then its later means are of the paths left."""
    shares = ladder["undefined"].get(metric.name, [0.0])
    if max(shares) - shares[0] < 5e-4:
        return ""
    return f"; {100 * shares[-1]:.1f}% undefined at the end, the mean is of the rest"


# -- right and wrong image


def pairing_section(metric, measured) -> Iterator[str]:
    yield "## Does it tell the right image from a wrong one?"
    lines = ["| | right is better | right image | wrong image | images |", "|---|--:|--:|--:|--:|"]
    for source in ("osie", "phantom"):
        one = measured["pairing"][source]["metrics"].get(metric.name)
        if one is not None:
            lines.append(
                f"| {SOURCES[source]} | {one['auc']:.3f} [{one['low']:.3f}, {one['high']:.3f}] | "
                f"{short(one['right'])} | {short(one['wrong'])} | {one['images']} |"
            )
    if len(lines) == 2:
        yield "Not measured: it has no value for a single image."
        return
    yield "\n".join(lines)
    yield "0.5 is chance. On the phantom, the wrong image is one searched for the same finding."


# -- gaming


def gaming_section(metric, measured) -> Iterator[str]:
    yield "## What needs no image"
    found = {
        source: measured.get(f"gaming-{source}") for source in ("osie", "phantom", "gazesearch")
    }
    columns = {
        "random": "random train path", "fixed": "one path for all", "people": "people",
        "typical": "typical person", "model": "ChestSearch",
    }  # fmt: skip
    lines = [f"| | {' | '.join(columns.values())} | of the way |", "|---|" + "--:|" * 6]
    for source, told in found.items():
        rows = told["metrics"].get(metric.name) if told else None
        if rows:
            cells = [ends(rows.get(key)) for key in columns]
            share = "" if of_the_way(rows) is None else f"{100 * of_the_way(rows):.0f}%"
            lines.append(f"| {SOURCES[source]} | {' | '.join(cells)} | {share} |")
    if len(lines) == 2:
        yield "Not measured."
        return
    yield "\n".join(lines)
    yield GAMED["map" if metric.kind == "map" else "time" if metric.needs else "pair"]
    told = found["osie"]
    if metric.kind == "pair" and told and told["train"] < told["of"]:
        yield f"On OSIE the optimiser learned from {told['train']:,} of {told['of']:,} train paths."


GAMED = {
    "pair": "One path for all (on GazeSearch and the phantom: for all of a finding) was optimised "
    "for this metric on train and never saw an image. *Of the way*: how far it gets from a random "
    "train path to the average other person; 100% and more means that it scores like a person or "
    "better. Empty where people score no better than a random train path (intervals overlap).",
    "time": "One path for all never saw an image; its places were optimised on train, its durations "
    "are the usual ones, not optimised. *Of the way*: from a random train path to the average "
    "other person.",
    "map": "In place of one path: 64 train paths drawn at random, the density of train. People "
    "pool into the reference map, so that none is left to compare with.",
}


def of_the_way(rows) -> float | None:
    """How far the optimised path gets from a random train path to people.

    None where the intervals of these two overlap: there is no way to go.
    """
    if not all(rows.get(key) and rows[key]["mean"] is not None for key in ("random", "people")):
        return None
    if rows["random"]["high"] >= rows["people"]["low"] and (
        rows["people"]["high"] >= rows["random"]["low"]
    ):
        return None
    random, fixed, people = (rows[key]["mean"] for key in ("random", "fixed", "people"))
    return (fixed - random) / (people - random)


# -- likelihood


def taus(metric, measured, *, sharpened: bool) -> dict[str, float]:
    """Kendall's tau of each form of the metric with bits per fixation over the known models."""
    from scipy.stats import kendalltau

    models = measured["likelihood"]["models"]
    used = [one for name, one in models.items() if sharpened or name not in SHARPENED]
    sign = 1 if metric.higher_is_better else -1
    found = {}
    for form in ("mean", "best", "energy"):
        values = [form_of(metric, one, form) for one in used]
        if all(value is not None for value in values) and len(set(values)) > 1:
            bits = [one["bits"] for one in used]
            found[form] = float(kendalltau([sign * v for v in values], bits).statistic)
    return found


def form_of(metric, model, form) -> float | None:
    """Mean of one form of a metric for a model; other than pairs have only the mean."""
    if metric.kind != "pair":
        return model["others"].get(metric.name) if form == "mean" else None
    one = model["pairs"].get(metric.name)
    if one is None:
        return None
    return one["energy"]["mean"] if form == "energy" else one[form]


def likelihood_section(metric, measured) -> Iterator[str]:
    yield "## Does it rank models as likelihood does?"
    plain, all_ = (taus(metric, measured, sharpened=flag) for flag in (False, True))
    if not plain:
        yield "Not measured."
        return
    models = measured["likelihood"]["models"]
    lines = [
        "| Kendall's τ with bits per fixation | mean of draws | best of "
        f"{measured['likelihood']['draws']} | energy form |",
        "|---|--:|--:|--:|",
    ]
    for label, found in (
        (f"truth spoilt by other densities ({len(models) - len(SHARPENED)} models)", plain),
        (f"and two that are too sure of themselves ({len(models)} models)", all_),
    ):
        cells = (f"{found[f]:.2f}" if f in found else "" for f in ("mean", "best", "energy"))
        lines.append(f"| {label} | {' | '.join(cells)} |")
    yield "\n".join(lines)
    yield (
        "1 is the same order, 0 none. All models stop and dwell as the truth does; only where they "
        "look is spoilt."
    )


# -- energy form


def energy_section(metric, measured) -> Iterator[str]:
    if metric.kind != "pair":
        return
    from gazesearch.evaluation.properness import properness

    known = properness(metric.name)
    said = {"known": "known to be proper", "known not": "known not to be proper"}
    unit = f" {metric.unit}" if metric.unit else ""
    yield "## As a distribution"
    text = (
        f"Its energy form is **{said.get(known.verdict, 'not known to be proper')}**: "
        f"{'shown by ' if known.counterexample else ''}{known.why}."
    )
    if known.counterexample:
        people, drawn = known.counterexample.split(" | ")
        text += (
            f" Where people make `{people}`, draws of `{drawn}` score {known.gain:.4g}{unit} better "
            "than draws of people's own paths: equal shares of the paths named, a letter a fixation "
            "([how to check it](../guide/distributions.md#is-it-a-proper-score))."
        )
    yield text
    osie = measured["energy"]["osie"]
    if metric.name not in osie["people"]:
        return
    lines = ["| OSIE, test | plain | energy form |", "|---|--:|--:|"]
    for key, label in (
        ("people", "people, leave one out"),
        ("typical", "the typical person, repeated"),
    ):
        one = osie[key][metric.name]
        lines.append(f"| {label} | {short(one['mean'])} | {ends(one['energy'])} |")
    yield "\n".join(lines)
    yield winners(metric, osie)
    phantom = dict(measured["energy"]["phantom"])
    phantom |= {name: one["pairs"] for name, one in measured["likelihood"]["models"].items()}
    lines = ["| phantom-v1, test | plain | energy form |", "|---|--:|--:|"]
    sign = -1 if metric.higher_is_better else 1
    ranked = sorted(phantom, key=lambda name: sign * phantom[name][metric.name]["energy"]["mean"])
    for name in ranked:
        one = phantom[name][metric.name]
        lines.append(f"| {name} | {short(one['mean'])} | {ends(one['energy'])} |")
    yield "\n".join(lines)


def winners(metric, osie) -> str:
    """Which of people and the typical path each form puts first."""
    sign = 1 if metric.higher_is_better else -1
    people, typical = osie["people"][metric.name], osie["typical"][metric.name]
    plain = sign * people["mean"] > sign * typical["mean"]
    energy = sign * people["energy"]["mean"] > sign * typical["energy"]["mean"]
    first = {True: "people", False: "the one safe path"}
    if plain == energy:
        return f"Both forms put {first[plain]} first."
    return f"Plain, it puts {first[plain]} first; as energy form, {first[energy]}."


# -- overview


def overview(table, measured) -> str:
    found, gaming = measured["ladders"]["osie"], measured["gaming-osie"]
    lines = [
        "| | does not see | right image | gaming | τ, mean | τ, energy | energy form |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for metric in table:
        source = found if "target boxes" not in metric.needs else measured["ladders"]["phantom"]
        told = measured["pairing"]["osie"]["metrics"].get(metric.name)
        told = told or measured["pairing"]["phantom"]["metrics"].get(metric.name)
        rows = gaming["metrics"].get(metric.name)
        share = of_the_way(rows) if rows else None
        tau = taus(metric, measured, sharpened=True)
        cells = [
            f"[{metric.title}]({metric.name}.md) {'↑' if metric.higher_is_better else '↓'}",
            ", ".join(blind(metric, source)),
            f"{told['auc']:.2f}" if told else "",
            "" if share is None else f"{100 * share:.0f}%",
            *(f"{tau[form]:.2f}" if form in tau else "" for form in ("mean", "energy")),
            proper(metric),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n\n".join(["# What each metric sees", NOTE, OPENING, "\n".join(lines), how(measured)])


def blind(metric, source) -> Iterator[str]:
    """Ladders that leave the metric as it was."""
    for name, one in source["ladders"].items():
        means = one["means"].get(metric.name)
        if means is not None and verdict(metric, one["steps"], means) == "not seen":
            yield name


def proper(metric) -> str:
    if metric.kind != "pair":
        return ""
    from gazesearch.evaluation.properness import properness

    return {"known": "proper", "known not": "not proper"}.get(
        properness(metric.name).verdict, "not known"
    )


def how(measured) -> str:
    ladder, pairing, told = measured["ladders"], measured["pairing"], measured["likelihood"]
    return f"""## How it was measured

`python benchmarks/what_metrics_see.py DATA` makes [measured.json](measured.json), `make docs` these pages.

- **Ladders**: {ladder["osie"]["records"]:,} test paths on {ladder["osie"]["images"]} images of OSIE and
  {ladder["phantom"]["records"]:,} on {ladder["phantom"]["images"]} of a phantom, each against a spoilt copy of itself
  (`gazesearch.evaluation.corruptions`); map metrics on {ladder["osie"]["map images"]} images each. What is random is the same at every
  strength. *Not monotone* stands where a stronger corruption scores better than a weaker one.
- **Right image**: half of the people are recorded paths, the other half answers; {pairing["osie"]["images"]} images of OSIE,
  {pairing["phantom"]["images"]} of a phantom; each image also gets the answers of up to three others. 95% intervals by bootstrap over images.
- **Gaming**: `FixedPath(metric=...)`, coordinate ascent over 16 x 12 regions from the three best train paths, of one length
  ({measured["gaming-osie"]["length"]} fixations on OSIE, {measured["gaming-gazesearch"]["length"]} on GazeSearch, {measured["gaming-phantom"]["length"]} on the phantom), fitted on train alone. On GazeSearch the official protocol,
  where nobody but one reader saw a record, so that there are no people to compare with. Other lengths may reach more.
- **Likelihood**: {len(told["models"])} models on {told["records"]:,} phantom test paths, {told["draws"]} draws for each.
- **Energy form**: people and typical persons of OSIE's 70 test images."""


def ends(one) -> str:
    if not one or one["mean"] is None:
        return ""
    if one["low"] is None:
        return short(one["mean"])
    return f"{short(one['mean'])} [{short(one['low'])}, {short(one['high'])}]"


def short(value) -> str:
    if value is None:
        return "undefined"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
