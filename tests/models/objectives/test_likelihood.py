"""The likelihood objective: what it is worth, what counts, and that its gradients are right."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gazesearch.errors import UnknownName

torch = pytest.importorskip("torch", reason="needs the extra `model`")


def losses_of(asked: Any, answered: Any, **weights: float) -> tuple[Any, Any, Any]:
    """Of eight searches: places, ends, first fixations, unknown durations."""
    from gazesearch.models.objectives import LikelihoodObjective, Weights

    output, log_mass = answered(8)
    searches = asked(
        [3, 11, -1, -2, 0, 7, -1, 5],
        lengths=[1, 2, 3, 0, 0, 1, 2, 2],
        log_seconds=[-1.0, math.nan, math.nan, -1.5, -0.7, math.nan, math.nan, 0.2],
    )
    losses = LikelihoodObjective(weights=Weights(**weights))(output, log_mass, searches)
    return losses, output, log_mass


def test_each_term_is_a_mean_log_probability(asked: Any, answered: Any) -> None:
    losses, output, log_mass = losses_of(asked, answered, stop=2.0, duration=0.5)
    mass = log_mass.exp().detach().flatten(1).numpy()
    places = np.log([mass[row, cell] for row, cell in ((0, 3), (1, 11), (4, 0), (5, 7), (7, 5))])
    hazard = output.stop_logits.sigmoid().detach().numpy()
    decisions = np.log(hazard[[2, 6]]).tolist()
    decisions += np.log(1 - hazard[[0, 1, 5, 7]]).tolist()
    rows = [0, 3, 4, 7]
    mean, log_spread = output.duration.detach().numpy()[rows].T
    seconds = np.exp([-1.0, -1.5, -0.7, 0.2])
    # The density of a log-normal, from seconds to log seconds by a factor of the seconds.
    told = stats.lognorm(np.exp(log_spread), scale=np.exp(mean)).logpdf(seconds) + np.log(seconds)

    assert losses.map.item() == pytest.approx(-places.mean())
    assert losses.stop.item() == pytest.approx(-np.mean(decisions))
    assert losses.duration.item() == pytest.approx(-told.mean(), rel=1e-6)
    assert dataclasses.astuple(losses.counts) == (5, 6, 4)
    expected = -places.mean() - 2 * np.mean(decisions) - 0.5 * told.mean()
    assert losses.total.item() == pytest.approx(expected, rel=1e-6)


def test_probabilities_of_all_paths_add_up_to_one(asked: Any, answered: Any) -> None:
    """A world of two cells in which every path ends at the third fixation, if not before."""
    from gazesearch.models.network import Output
    from gazesearch.models.objectives import ENDED, LikelihoodObjective, Weights

    hazards = [0.3, 0.6, 1 - 1e-15]
    mass = np.array([0.25, 0.75])
    sum_of_all = 0.0
    for n in (1, 2, 3):
        for path in itertools.product((0, 1), repeat=n):
            searches = asked([*path, ENDED], lengths=list(range(n + 1)))
            output = Output(
                map_logits=torch.tensor(np.log([[mass]] * (n + 1))),
                stop_logits=torch.logit(torch.tensor([0.5, *hazards[:n]], dtype=torch.float64)),
                duration=None,
            )
            losses = LikelihoodObjective(weights=Weights())(output, output.map_logits, searches)
            nats = losses.map * losses.counts.map + losses.stop * losses.counts.stop
            sum_of_all += math.exp(-nats.item())
    assert sum_of_all == pytest.approx(1)


def test_nothing_that_counts_costs_nothing(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import LikelihoodObjective, PublishedObjective

    output, log_mass = answered(2)
    searches = asked([-2, -2], lengths=[0, 0])
    for objective in (LikelihoodObjective(), PublishedObjective()):
        losses = objective(output, log_mass, searches)
        assert losses.total.item() == 0
        # Every process must have a gradient of all that is trained, also where nothing counts.
        parts = torch.autograd.grad(
            losses.total, (output.map_logits, output.stop_logits), retain_graph=True
        )
        assert not any(part.any() for part in parts)


def test_unknown_durations_leave_no_trace_in_the_gradient(asked: Any, answered: Any) -> None:
    losses, output, _ = losses_of(asked, answered)
    (gradient,) = torch.autograd.grad(losses.total, output.duration)
    assert gradient[[0, 3, 4, 7]].all()
    assert not gradient[[1, 2, 5, 6]].any()


def test_gradients_are_right(asked: Any, answered: Any) -> None:
    from gazesearch.models.network import Output
    from gazesearch.models.objectives import LikelihoodObjective

    searches = asked([3, -1, 7], log_seconds=[-1.0, math.nan, 0.5])

    def terms(maps: Any, stops: Any, duration: Any) -> Any:
        output = Output(map_logits=maps, stop_logits=stops, duration=duration)
        log_mass = maps.flatten(1).log_softmax(1).view_as(maps)
        losses = LikelihoodObjective()(output, log_mass, searches)
        return losses.map, losses.stop, losses.duration, losses.total

    output, _ = answered(3)
    inputs = (output.map_logits, output.stop_logits, output.duration)
    assert torch.autograd.gradcheck(terms, inputs)


@pytest.mark.parametrize("name", ["likelihood", "wacv2025"])
def test_parts_of_a_step_add_up_to_the_whole(asked: Any, answered: Any, name: str) -> None:
    from gazesearch.models import objectives

    objective = objectives.get(name)
    output, log_mass = answered(7)
    searches = asked(
        [3, 1, -1, 0, 2, -1, -1],
        lengths=[0, 1, 2, 0, 1, 2, 3],
        xy=np.linspace(0, 0.99, 14).reshape(7, 2),
        log_seconds=[-1.0, math.nan, math.nan, -1.5, -0.7, math.nan, math.nan],
    )

    def losses_of_rows(rows: slice) -> Any:
        cut = {f.name: getattr(searches, f.name)[rows] for f in dataclasses.fields(searches)}
        some = {f.name: getattr(output, f.name)[rows] for f in dataclasses.fields(output)}
        return objective(
            dataclasses.replace(output, **some),
            log_mass[rows],
            dataclasses.replace(searches, **cut),
        )

    whole = losses_of_rows(slice(None))
    first, second = losses_of_rows(slice(5)), losses_of_rows(slice(5, None))
    counts = first.counts + second.counts
    assert counts == whole.counts
    parts = first.part_of(counts) + second.part_of(counts)
    assert parts.item() == pytest.approx(whole.total.item(), rel=1e-12)
    assert first.total.item() != pytest.approx(whole.total.item(), rel=1e-6)


def test_half_precision_is_summed_in_float32(asked: Any, answered: Any) -> None:
    from gazesearch.models.objectives import LikelihoodObjective

    output, log_mass = answered(1, dtype=torch.bfloat16)
    losses = LikelihoodObjective()(output, log_mass, asked([1], log_seconds=[0.3]))
    assert losses.map.dtype == losses.stop.dtype == losses.duration.dtype == torch.float32


def test_objectives_are_known_by_name() -> None:
    from gazesearch.models import objectives

    assert objectives.names() == ("likelihood", "wacv2025")
    assert [objectives.get(name).name for name in objectives.names()] == ["likelihood", "wacv2025"]
    with pytest.raises(UnknownName, match="did you mean likelihood"):
        objectives.get("likelyhood")
