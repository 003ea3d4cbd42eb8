"""What past experiments say of each metric: how often they won, and how large effects were once they are shrunken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from services.ai.domain.hypotheses.brief import Brief, segment_of, turned
from services.ai.domain.hypotheses.model import LiftRange
from services.ai.domain.hypotheses.shrinkage import (
    LEAST_EXPERIMENTS,
    Belief,
    Kinsman,
    belief_of_effects,
    updated,
)
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile, PastExperiment, PastOutcome

BAND: Final = (0.1, 0.9)
"""Quantiles of past effect sizes between which an effect may be expected."""
PRIOR_SIZE: Final = 4.0
"""Decided experiments that the record of all metrics counts for, where one metric has few of its own."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts how experiments ended."""

    won: int = 0
    lost: int = 0
    inconclusive: int = 0

    @property
    def total(self) -> int:
        """Returns how many there are."""
        return self.won + self.lost + self.inconclusive


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """Is what past experiments say of one metric.

    Attributes:
        experiments: Past experiments, each once where it has a row for all units.
        counts: How these ended; results of hypotheses are among them, as the experiments that tested them.
        belief: Of the effect of an experiment to come; above 0 is good.
        fitted: Whether the belief comes from past effects, or from the least lift that matters alone.
        band: Of sizes of effects, both 0 or more; None: too few were measured.
        base_rate: Expected share of won ones among those that are decided.
        win_rate: Expected share of won ones among all.
    """

    experiments: tuple[PastExperiment, ...]
    counts: Counts
    belief: Belief
    fitted: bool
    band: LiftRange | None
    base_rate: float
    win_rate: float


class History:
    """Holds the history of each metric of a brief."""

    def __init__(self, brief: Brief) -> None:
        self._metrics: Mapping[str, MetricProfile] = {metric.metric_id: metric for metric in brief.metrics}
        self.experiments = self._counted(brief.past)
        self._by_metric = {metric_id: self._of(metric) for metric_id, metric in self._metrics.items()}

    def __getitem__(self, metric_id: str) -> MetricHistory:
        return self._by_metric[metric_id]

    def kinsman(self, row: PastExperiment, correlation: float) -> Kinsman | None:
        """Returns a past effect as evidence; None: its error is not known."""
        if row.relative_lift is None or row.standard_error is None:
            return None
        gain = turned(row.relative_lift, self._metrics[row.metric_id].direction)
        return Kinsman(gain, row.standard_error, correlation)

    def _counted(self, past: Sequence[PastExperiment]) -> tuple[PastExperiment, ...]:
        """Returns each experiment once: segments only where there is no row for all units."""
        known = [(row, segment_of(row, self._metrics[row.metric_id])) for row in past if row.metric_id in self._metrics]
        whole = {(row.experiment_id, row.metric_id) for row, segment in known if not segment}
        return tuple(row for row, segment in known if not segment or (row.experiment_id, row.metric_id) not in whole)

    @cached_property
    def _counts(self) -> Counts:
        return _counts(self.experiments)

    @cached_property
    def _belief(self) -> Belief | None:
        return self._fitted(self.experiments)

    def _of(self, metric: MetricProfile) -> MetricHistory:
        rows = tuple(row for row in self.experiments if row.metric_id == metric.metric_id)
        own = self._fitted(rows) or self._belief
        # Without measured effects they are taken to be of the size that matters: a scale, and no direction.
        belief = own or Belief(0.0, metric.relative_mde or DEFAULT_RELATIVE_MDE)
        counts = _counts(rows)
        return MetricHistory(
            experiments=rows,
            counts=counts,
            belief=belief,
            fitted=own is not None,
            band=self._band(rows, belief),
            base_rate=_rate(counts.won, counts.lost, _rate(self._counts.won, self._counts.lost, 0.5)),
            win_rate=_rate(counts.won, counts.total - counts.won, self._overall_win_rate),
        )

    @property
    def _overall_win_rate(self) -> float:
        return _rate(self._counts.won, self._counts.total - self._counts.won, 1 / 3)

    def _fitted(self, rows: Sequence[PastExperiment]) -> Belief | None:
        measured = [one for row in rows if (one := self.kinsman(row, 1.0))]
        return belief_of_effects([one.lift for one in measured], [one.standard_error for one in measured])

    def _band(self, rows: Sequence[PastExperiment], belief: Belief) -> LiftRange | None:
        measured = [one for row in rows if (one := self.kinsman(row, 1.0))]
        if len(measured) < LEAST_EXPERIMENTS:
            return None
        low, high = np.quantile([abs(updated(belief, [one]).mean) for one in measured], BAND)
        return LiftRange(float(low), float(high))


def _counts(rows: Iterable[PastExperiment]) -> Counts:
    outcomes = [row.outcome for row in rows]
    return Counts(
        outcomes.count(PastOutcome.WON), outcomes.count(PastOutcome.LOST), outcomes.count(PastOutcome.INCONCLUSIVE)
    )


def _rate(hits: int, misses: int, prior: float) -> float:
    """Returns the mean of a beta-binomial posterior whose prior has a mean and the weight of `PRIOR_SIZE` trials."""
    return (PRIOR_SIZE * prior + hits) / (PRIOR_SIZE + hits + misses)
