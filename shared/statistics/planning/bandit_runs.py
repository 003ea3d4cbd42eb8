"""Many simulated bandits side by side, by sufficient statistics."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.planning.bandit_plan import (
    BanditPlan,
    ExpectedLoss,
    LikelihoodRatio,
    Never,
    ProbabilityBest,
    Stopping,
)
from shared.statistics.planning.baseline import Baseline, MetricKind
from shared.statistics.planning.beliefs import Beliefs, beliefs, evidence_for_leader, weights

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(slots=True)
class Runs:
    """Holds the repetitions while they go on; arrays are (repetitions,) or (repetitions, K)."""

    counts: Floats
    sums: Floats
    shares: Floats
    units: Floats
    value: Floats
    leader: NDArray[np.intp]
    learning: Flags

    @classmethod
    def start(cls, arms: Baseline, plan: BanditPlan, repetitions: int) -> "Runs":
        """Returns repetitions that have no units yet."""
        size = arms.shape[0]
        nothing = np.zeros((repetitions, size))
        return cls(
            counts=nothing,
            sums=nothing.copy(),
            shares=np.full((repetitions, size), 1 / size),
            units=np.full(repetitions, float(plan.batch_unit_count * plan.batch_count)),
            value=np.zeros(repetitions),
            leader=np.zeros(repetitions, dtype=np.intp),
            learning=np.ones(repetitions, dtype=np.bool_),
        )

    def add_batch(self, arms: Baseline, plan: BanditPlan, rng: np.random.Generator) -> None:
        """Allocates a batch, learns from it, and stops where the rule says so."""
        on = np.flatnonzero(self.learning)
        drawn = rng.multinomial(plan.batch_unit_count, self.shares[on])
        self.counts[on] += drawn
        self.sums[on] += rewards(arms, drawn, rng)
        self.value[on] += drawn @ arms.value
        seen = self.counts[on] > 0
        means = np.divide(plan.side * self.sums[on], self.counts[on], out=np.full(seen.shape, -np.inf), where=seen)
        self.leader[on] = means.argmax(axis=-1)
        self._update(on[(self.counts[on] >= plan.burn_in_unit_count).all(axis=-1)], arms, plan)

    def _update(self, mature: NDArray[np.intp], arms: Baseline, plan: BanditPlan) -> None:
        counts, sums = self.counts[mature], self.sums[mature]
        units, mean, scale = counts.sum(axis=-1), plan.side * sums / counts, _scale(arms, counts, sums)
        found = beliefs(mean, scale)
        self.shares[mature] = weights(plan.algorithm, found.probability_best, floor=plan.floor)
        stops = _stops(plan.stopping, found, evidence_for_leader(mean, scale), units)
        self.units[mature[stops]] = units[stops]
        self.learning[mature[stops]] = False


def rewards(arms: Baseline, counts: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Returns sums of the rewards of so many units of each arm."""
    if arms.kind[0] == MetricKind.PROPORTION:
        return np.asarray(rng.binomial(counts, arms.value), dtype=np.float64)
    return rng.normal(counts * arms.value, np.sqrt(counts * arms.variance))


def _scale(arms: Baseline, counts: Floats, sums: Floats) -> Floats:
    """Returns the means' standard errors: as seen for proportions (one success and failure added), or as planned."""
    variance = np.broadcast_to(arms.variance, counts.shape)
    if arms.kind[0] == MetricKind.PROPORTION:
        share = (sums + 1) / (counts + 2)
        variance = share * (1 - share)
    return np.sqrt(variance / np.maximum(counts, 1))


def _stops(stopping: Stopping, found: Beliefs, evidence: Floats, units: Floats) -> Flags:
    match stopping:
        case Never():
            return np.zeros(units.shape, dtype=np.bool_)
        case ProbabilityBest(threshold):
            return np.asarray(found.probability_best.max(axis=-1) >= threshold)
        case ExpectedLoss(tolerance):
            return np.asarray(found.expected_loss.min(axis=-1) <= tolerance)
        case LikelihoodRatio(error):
            return np.asarray(evidence > np.log(2 * units * (found.expected_loss.shape[-1] - 1) / error))
