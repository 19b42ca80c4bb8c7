"""The columns of `FixationScores`, scored batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gazesearch.errors import DataError
from gazesearch.evaluation.likelihood import measures
from gazesearch.evaluation.likelihood.checked import Checked
from gazesearch.evaluation.likelihood.table import FixationCounts, FixationScores
from gazesearch.evaluation.likelihood.termination import Termination
from gazesearch.evaluation.truth import Truth
from gazesearch.files import RunRecord
from gazesearch.models.histories import Steps, cells_under
from gazesearch.prediction import ConditionalModel, Floats, LogNormal, NextFixation

MAX_LOG_S: Final = 100.0
"""Mean and spread of log seconds beyond which nothing is meant, and scores would overflow."""


class Columns:
    """Columns of the two tables as they grow, batch by batch."""

    def __init__(self, truth: Truth) -> None:
        self._truth, self._scored = truth, truth.scored
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._priors: dict[tuple[str, str, bool], Floats] = {}
        self._renormalised = 0

    def take(
        self,
        step: Steps,
        told: NextFixation,
        name: str,
        *,
        priors: Mapping[str, ConditionalModel],
        share: float,
    ) -> None:
        """Score a batch and forget its maps."""
        if len(told.log_mass) != len(step):
            raise DataError(f"{name}: {len(told.log_mass)} maps for {len(step)} histories")
        there = step.position <= self._scored.lengths[step.record]
        if told.log_stop is not None:
            self._decisions(step, told.log_stop, there, name)
        if not there.any():
            return
        duration = told.duration
        log_mass = told.log_mass
        if not there.all():
            step, log_mass = _some(step, there), log_mass[there]
            if duration is not None:
                duration = LogNormal(mean=duration.mean[there], spread=duration.spread[there])
        self._add(record=step.record, position=step.position)
        bits = self._maps(step, log_mass, name, share)
        for measure, prior in priors.items():
            self._add(**{measure: bits - self._before(measure, prior, step)})
        if duration is not None:
            self._durations(step, duration, name)

    def _before(self, measure: str, prior: ConditionalModel, step: Steps) -> Floats:
        """Bits over uniform by a prior, whose map depends on the finding and on nothing else.

        Of first fixations it is another map. Each is made once.
        """
        bits = np.empty(len(step))
        kinds = list(zip(step.requests.finding.tolist(), step.position == 1, strict=True))
        for finding, first in dict.fromkeys(kinds):
            rows = np.array([kind == (finding, first) for kind in kinds])
            key = (measure, finding, bool(first))
            if key not in self._priors:
                one = _some(step, np.flatnonzero(rows)[:1])
                self._priors[key] = prior.next_fixation(one.requests, one.histories).log_mass
            log_mass = self._priors[key]  # (1, h, w)
            by_cell = np.append(log_mass.ravel(), np.nan)  # the last one for off the screen
            cells = cells_under(step.xy[rows], step.requests.screen_sizes[rows], log_mass.shape[1:])
            bits[rows] = (by_cell[cells] + np.log(log_mass.size)) / np.log(2)
        return bits

    def _maps(self, step: Steps, log_mass: Floats, name: str, share: float) -> Floats:
        maps = Checked.of(log_mass, step, name).mixed(share)
        self._renormalised += maps.renormalised
        cells = _cells(step, maps.mass)
        bits = measures.log_likelihood(maps.log_mass, cells)
        expected = measures.expected_log_likelihood(maps.log_mass, maps.mass)
        expected = np.where(cells < 0, np.nan, expected)
        self._add(
            log_likelihood=bits,
            expected_log_likelihood=expected,
            overconfidence=expected - bits,
            conditional_nss=measures.conditional_nss(maps.mass, cells),
            conditional_auc=measures.conditional_auc(maps.log_mass, cells),
        )
        return bits

    def _durations(self, step: Steps, told: LogNormal, name: str) -> None:
        sane = (np.abs(told.mean) <= MAX_LOG_S).all() and (told.spread <= MAX_LOG_S).all()
        if not (sane and (told.spread > 0).all()):  # NaN too
            raise DataError(
                f"{name}: a duration's mean and spread of log seconds must be within "
                f"{MAX_LOG_S:g} of 0, the spread above it"
            )
        flat = self._scored.offsets[:-1][step.record] + step.position - 1
        duration_s = self._scored.durations[flat]
        self._add(
            duration_log_score=measures.duration_log_score(told, duration_s),
            duration_crps=measures.duration_crps(told, duration_s),
        )

    def _decisions(
        self, step: Steps, log_stop: Floats, there: NDArray[np.bool_], name: str
    ) -> None:
        decided = step.position > 1
        told = log_stop[decided]
        if not (told <= 1e-9).all():  # NaN too
            raise DataError(f"{name}: log_stop must be log probabilities, 0 or below")
        self._add(
            decision_record=step.record[decided],
            decision_position=step.position[decided],
            decision_log_stop=np.minimum(told, 0.0),
            decision_stopped=~there[decided],
        )

    def _add(self, **parts: NDArray[Any]) -> None:
        for name, part in parts.items():
            self._parts.setdefault(name, []).append(part)

    def _whole(self, name: str, dtype: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype), *self._parts.get(name, [])])

    def table(
        self, name: str, *, share: float, refused: Mapping[str, str], run: RunRecord
    ) -> FixationScores:
        """The tables of all batches."""
        truth = self._truth
        record, position = self._whole("record", np.int64), self._whole("position", np.int64)
        known = {one.name for one in measures.FIXATIONS if one.name in self._parts}
        values = {
            one.name: self._whole(one.name, np.float64)
            for one in measures.FIXATIONS
            if one.name in known or one.name == "log_likelihood"
        }
        return FixationScores(
            keys=self._keys(record) | {"position": position},
            values=values,
            termination=self._termination(),
            counts=FixationCounts(
                records=len(self._scored), fixations=len(record), renormalised=self._renormalised
            ),
            model=name,
            mix_uniform=share,
            refused=refused,
            notes=self._notes(values["log_likelihood"], position),
            protocol=truth.protocol,
            split=truth.split,
            first_fixation=truth.first_fixation,
            dataset=truth.used.info,
            run=run,
        )

    def _termination(self) -> Termination | None:
        if "decision_log_stop" not in self._parts:
            return None
        record = self._whole("decision_record", np.int64)
        position = self._whole("decision_position", np.int64)
        return Termination(
            keys=self._keys(record) | {"after": position - 1, "position": position},
            log_stop=self._whole("decision_log_stop", np.float64),
            stopped=self._whole("decision_stopped", np.bool_),
        )

    def _keys(self, record: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        truth = self._truth
        columns = {
            "image": self._scored.image,
            "finding": self._scored.finding,
            "subject": self._scored.subject,
            "split": self._scored.split,
            "length": truth.lengths[truth.rows],
            "source": truth.sources[truth.rows],
            "image_in_train": truth.seen(),
        }
        return {"record": record} | {name: column[record] for name, column in columns.items()}

    def _notes(self, bits: Floats, position: NDArray[np.int64]) -> tuple[str, ...]:
        notes = [f"references: {note}" for note in self._truth.notes]
        impossible = int(np.isneginf(bits[position > 1]).sum())
        if impossible:
            notes.append(
                f"{impossible:,} fixations fell where the model has no mass: its log-likelihood is "
                "-inf; --mix-uniform (mix_uniform) is the explicit way out"
            )
        off = int(np.isnan(bits).sum())
        if off:
            notes.append(f"{off:,} fixations off the screen are in no cell, and in no mean")
        if self._renormalised:
            notes.append(
                f"{self._renormalised:,} maps were off by more than 1e-6, and were brought to sum 1"
            )
        return tuple(notes)


def _cells(step: Steps, log_mass: Floats) -> NDArray[np.int64]:
    h, w = log_mass.shape[1:]
    return cells_under(step.xy, step.requests.screen_sizes, (h, w))


def _some(step: Steps, rows: NDArray[Any]) -> Steps:
    return replace(
        step,
        record=step.record[rows],
        position=step.position[rows],
        xy=step.xy[rows],
        requests=step.requests[rows],
        histories=step.histories[rows],
    )
