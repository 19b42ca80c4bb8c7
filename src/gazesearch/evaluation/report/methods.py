"""The methods paragraph, made from the settings that the results carry, and what it cites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from gazesearch import metrics as metrics_
from gazesearch.evaluation.comparison import Comparison
from gazesearch.evaluation.intervals import RESAMPLES
from gazesearch.evaluation.likelihood import FixationScores
from gazesearch.evaluation.report.commands import Command, Commands
from gazesearch.evaluation.report.content import Listed, Sentences
from gazesearch.evaluation.report.results import Result
from gazesearch.evaluation.scores import Scores
from gazesearch.metrics import Metric
from gazesearch.scanpaths import GAZESEARCH

Sentence = tuple[str, tuple[Command, ...]]

RULES: Final = {
    "replace": "the first fixation of every recorded scanpath was replaced by one at the centre",
    "prepend": "a fixation of 0 s at the centre was put before every recorded scanpath",
    "as-recorded": "recorded scanpaths were used as recorded, first fixation included",
}

BENCHMARK: Final = "Pham et al. 2025"

WORKS: Final = {
    "Bylinskii et al. 2019": "Bylinskii, Judd, Oliva, Torralba, Durand: What do different "
    "evaluation metrics tell us about saliency models? IEEE TPAMI 41, 2019.",
    "Cristino et al. 2010": "Cristino, Mathôt, Theeuwes, Gilchrist: ScanMatch: a novel method for "
    "comparing fixation sequences. Behavior Research Methods 42, 2010.",
    "Dewhurst et al. 2012": "Dewhurst, Nyström, Jarodzka, Foulsham, Johansson, Holmqvist: It "
    "depends on how you look at it: scanpath comparison in multiple dimensions with MultiMatch, a "
    "vector-based approach. Behavior Research Methods 44, 2012.",
    "Eiter and Mannila 1994": "Eiter, Mannila: Computing discrete Fréchet distance. Technical "
    "report CD-TR 94/64, Technische Universität Wien, 1994.",
    "Gneiting and Raftery 2007": "Gneiting, Raftery: Strictly proper scoring rules, prediction, "
    "and estimation. Journal of the American Statistical Association 102, 2007.",
    "Holm 1979": "Holm: A simple sequentially rejective multiple test procedure. Scandinavian "
    "Journal of Statistics 6, 1979.",
    "Huttenlocher et al. 1993": "Huttenlocher, Klanderman, Rucklidge: Comparing images using the "
    "Hausdorff distance. IEEE TPAMI 15, 1993.",
    "Jarodzka et al. 2010": "Jarodzka, Holmqvist, Nyström: A vector-based, multidimensional "
    "scanpath similarity measure. ETRA 2010.",
    "Judd et al. 2012": "Judd, Durand, Torralba: A benchmark of computational models of saliency "
    "to predict human fixations. MIT technical report, 2012.",
    "Kümmerer et al. 2015": "Kümmerer, Wallis, Bethge: Information-theoretic model comparison "
    "unifies saliency metrics. PNAS 112, 2015.",
    "Levenshtein 1966": "Levenshtein: Binary codes capable of correcting deletions, insertions, "
    "and reversals. Soviet Physics Doklady 10, 1966.",
    "Peters et al. 2005": "Peters, Iyer, Itti, Koch: Components of bottom-up gaze allocation in "
    "natural images. Vision Research 45, 2005.",
    BENCHMARK: "Pham, Nguyen, Ikebe, Awasthi, Deng, Wu, Nguyen, Le: GazeSearch: Radiology Findings "
    "Search Benchmark. WACV 2025, 96–106, arXiv:2411.05780. The scanpaths come from REFLACX "
    "(Bigolin Lanfredi et al. 2022) and EGD (Karargyris et al. 2021), the images from MIMIC-CXR "
    "(Johnson et al. 2019): cite them, too.",
    "Sakoe and Chiba 1978": "Sakoe, Chiba: Dynamic programming algorithm optimization for spoken "
    "word recognition. IEEE Transactions on Acoustics, Speech, and Signal Processing 26, 1978.",
    "Wang et al. 2011": "Wang, Chen, Wang, Jiang, Fang, Yao: Simulating human saccadic scanpaths "
    "on natural images. CVPR 2011.",
    "Yang et al. 2020": "Yang, Huang, Chen, Wei, Ahn, Zelinsky, Samaras, Hoai: Predicting "
    "goal-directed human attention using inverse reinforcement learning. CVPR 2020.",
}
"""What the declarations of metrics name as their source, in full."""


def methods(
    results: Sequence[Result], comparison: Comparison, commands: Commands, *, software: str
) -> Iterator[Sentences | Listed]:
    """Paragraphs ready for a paper, then the works that they cite."""
    tables = {one.name: one.scores for one in results if one.scores is not None}
    scoring = tuple(commands[f"scores {name}"] for name in tables)
    comparing = (commands["compare None"],)
    yield Sentences(sentences=tuple(_data(tables, comparison, scoring)))
    yield Sentences(sentences=tuple(_metrics(tables, comparison, scoring)))
    yield Sentences(sentences=tuple(_statistics(tables, comparison, comparing)))
    more = tuple(_likelihood(results, commands))
    if more:
        yield Sentences(sentences=more)
    yield Sentences(sentences=((software, ()),))
    yield Listed(title="Works cited", items=tuple(_works(results, comparison)))


def _data(
    tables: Mapping[str, Scores], comparison: Comparison, sources: tuple[Command, ...]
) -> Iterator[Sentence]:
    first = next(iter(tables.values()))
    records = len(set(first.keys["record"].tolist()))
    images, findings, people = (
        len({v for v in first.keys[key].tolist() if v is not None})
        for key in ("image", "finding", "subject")
    )
    split = "all records" if first.split == "all" else f"the {first.split} split"
    cited = f" ({BENCHMARK})" if first.dataset.name == GAZESEARCH.name else ""
    named = first.protocol.name
    chosen = f"protocol {named} v{first.protocol.version}" if named else "no named protocol"
    who = f" of {_count(people, 'person', 'people')}" if people > 1 else ""
    yield (
        f"We scored the scanpaths of {listing(list(tables))} against "
        f"{_count(records, 'recorded scanpath')}{who} on {_count(images, 'image')} and "
        f"{_count(findings, 'finding')}: {split} of {first.dataset.name}{cited}, frame "
        f"{first.dataset.frame} px, under {chosen} (digest of records and rules "
        f"{first.protocol.digest}).",
        sources,
    )
    rule = RULES[first.first_fixation]
    yield f"By the first-fixation rule {first.first_fixation}, {rule}.", sources
    for name, scores in tables.items():
        if scores.counts.missing:
            counted = scores.run.settings.get("allow_missing") is True
            how = "counted as each metric says" if counted else "left undefined"
            yield (
                f"{name} has no prediction for {scores.counts.missing:,} of {records:,} records, "
                f"which are {how}.",
                sources,
            )
        if scores.several_draws:
            yield f"{name} has several draws a record, whose scores are averaged.", sources
    if not any(scores.counts.missing for scores in tables.values()):
        yield "Every record has a prediction.", sources


def _metrics(
    tables: Mapping[str, Scores], comparison: Comparison, sources: tuple[Command, ...]
) -> Iterator[Sentence]:
    yield f"The metrics are {'; '.join(_listed(comparison.metrics))}.", sources
    undefined = {
        name: [
            f"{metric.title} {count:,}"
            for metric in comparison.metrics
            if (count := scores.summary(metric.name).undefined)
        ]
        for name, scores in tables.items()
    }
    if any(undefined.values()):
        told = "; ".join(f"{name}: {', '.join(some) or 'none'}" for name, some in undefined.items())
        yield f"Undefined values, which are in no mean: {told}.", sources
    else:
        yield "No value is undefined.", sources
    refused: dict[tuple[str, str], list[str]] = {}
    for name, scores in tables.items():
        for why in dict.fromkeys(scores.refused.values()):
            some = [title(m) for m, reason in scores.refused.items() if reason == why]
            refused.setdefault((", ".join(some), why), []).append(name)
    for (some_titles, why), names in refused.items():
        yield f"Not computed for {listing(names)}: {some_titles} ({why}).", sources


def title(metric_name: str) -> str:
    """A metric's title, of one that is not known its name."""
    return metrics_.get(metric_name).title if metric_name in metrics_.names() else metric_name


def _listed(metrics: Sequence[Metric]) -> Iterator[str]:
    """Titles with source and settings; those that share both stand together."""
    for inside, some in groupby(metrics, key=_source_and_settings):
        titles = listing([metric.title for metric in some])
        yield f"{titles} ({inside})" if inside else titles


def _source_and_settings(metric: Metric) -> str:
    settings = ", ".join(f"{key}={_plain(value)}" for key, value in _told(metric).items())
    known = metric.source if any(work in metric.source for work in WORKS) else ""
    return "; ".join(part for part in (known, settings) if part)


def _statistics(
    tables: Mapping[str, Scores], comparison: Comparison, sources: tuple[Command, ...]
) -> Iterator[Sentence]:
    what = comparison.clusters
    settings, seed = comparison.run.settings, comparison.run.seed
    whole = comparison.groups[0]
    images = max(e.images for e in comparison.estimates if e.group == whole)
    yield (
        "A mean is taken over draws, then people, then pairs of image and finding (search "
        "efficiency: over trials; fixation maps: over pairs of image and finding).",
        sources,
    )
    yield (
        f"Intervals are 95% percentile bootstrap intervals over {images:,} {what}, whose records "
        f"stay together ({settings['resamples']:,} resamples, seed {seed}).",
        sources,
    )
    if len(comparison.names) > 1:
        first, *others = comparison.names
        yield (
            f"{first} was tested against {listing(others)} by two-sided sign-flip tests, the two "
            f"exchanged within {what} ({settings['resamples']:,} resamples), on records that have "
            f"a value for both; p-values are corrected over the {len(comparison.metrics)} metrics "
            "of each pair and group (Holm 1979), not over pairs or groups.",
            sources,
        )


def _likelihood(results: Sequence[Result], commands: Commands) -> Iterator[Sentence]:
    for one in results:
        if one.fixations is not None:
            scores = one.fixations
            mixed = (
                f"a share of {scores.mix_uniform:.4g} uniform mass was mixed into its maps"
                if scores.mix_uniform
                else "no uniform mass was mixed in"
            )
            images = len(set(scores.keys["image"].tolist()))
            prior = (
                " and over a prior of the finding" if "information_gain" in scores.values else ""
            )
            maps = scores.counts.renormalised
            brought = f", and {_count(maps, 'map')} brought to sum 1" if maps else ""
            yield (
                f"{one.name} ({_origin(scores)}) was scored at each of "
                f"{scores.counts.fixations:,} fixations of {scores.counts.records:,} paths given "
                f"those before, in bits over a uniform map{prior} (Kümmerer et al. 2015); "
                f"{mixed}{brought}. {_interval(images)}",
                (commands[f"likelihood {one.name}"],),
            )
    for one in results:
        if one.draws is not None:
            few, most = one.draws.fewest, one.draws.most
            several = f"{few} to {most}" if few < most else f"{most}"
            images = len(set(one.draws.energy.keys["image"].tolist()))
            yield (
                f"{several} draws a record of {one.name} were scored as a distribution by the "
                "energy form of each similarity (Gneiting and Raftery 2007). "
                f"{_interval(images)}",
                (commands[f"distribution {one.name}"],),
            )


def _interval(images: int) -> str:
    """How the intervals are made that are not the comparison's."""
    return f"Intervals: bootstrap over {images:,} images, {RESAMPLES:,} resamples, seed 0."


def _origin(scores: FixationScores) -> str:
    """What the run record says of the model, without a name that is said already."""
    return scores.run.inputs["model"].removeprefix(f"{scores.model}: ")


def _works(results: Sequence[Result], comparison: Comparison) -> Iterator[str]:
    named = " ".join(metric.source for metric in comparison.metrics)
    if comparison.dataset == GAZESEARCH.name:
        named += BENCHMARK
    if len(comparison.names) > 1:
        named += "Holm 1979"
    if any(one.draws is not None for one in results):
        named += "Gneiting and Raftery 2007"
    if any(one.fixations is not None for one in results):
        named += "Kümmerer et al. 2015"
    for short, full in WORKS.items():
        if short in named:
            yield f"{short}. {full}"


def software_of(results: Sequence[Result]) -> str:
    """The sentence on versions; all that occur, where results were made by several."""
    found: dict[str, dict[str, None]] = {}
    for one in results:
        for part in one.parts:
            for package, version in part.run.versions.items():
                found.setdefault(package, {})[version] = None
    own = found.pop("gazesearch", {"of unknown version": None})
    others = ", ".join(f"{package} {' and '.join(some)}" for package, some in found.items())
    return f"Scores were made with GazeSearch {' and '.join(own)} ({others})."


def listing(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listing(["mine"]), listing(["a", "b", "c"])
    ('mine', 'a, b and c')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _told(metric: Metric) -> dict[str, object]:
    """Settings that say something; None is said where it stands for a width."""
    width = {"sigma_px": "1/14 of the screen's longer side"}
    told = {key: width.get(key) if v is None else v for key, v in metric.settings.items()}
    return {key: value for key, value in told.items() if value is not None}


def _plain(value: object) -> str:
    if isinstance(value, tuple | list):
        return " x ".join(map(str, value))
    return str(value)
