"""Several paths each: models of known quality ranked, and the energy form of every metric."""

import time

from what_metrics_see_gaming import PAIRS, mean_and_ends
from what_metrics_see_models import PREDICTORS, QUALITIES, known_models

import gazesearch
from gazesearch import Scanpaths, metrics
from gazesearch.evaluation import evaluate_distribution, people_distribution, truth_of
from gazesearch.evaluation.likelihood import next_fixation_bits
from gazesearch.evaluation.people import typical_person
from gazesearch.prediction import Requests

DRAWS = 12  # of models of known quality, as each person


def means(scores):
    return {metric.name: scores.summary(metric.name).mean for metric in scores.metrics}


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
            "energy": mean_and_ends(told.energy, ends, f"{metric.name}_energy"),
            **{
                form: told.tables[form].summary(f"{metric.name}_{form}").mean
                for form in ("mean", "best", "draws")
            },
        }
        for metric in told.metrics
    }
