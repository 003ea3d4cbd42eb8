"""One run's side of learning where units differ: asks the bandit's own publishing code for the next policy version."""

from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.context_placement import ContextPlacer
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics
from shared.definition.model import ContextualAlgorithm, Experiment
from shared.policy.snapshot import PolicySnapshot

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


class ContextLearner:
    """Is the learner of one simulated experiment; algorithms that do not go by contexts learn from sums, as they do."""

    def __init__(self, experiment: Experiment, now: datetime) -> None:
        """Publishes the first version."""
        self._experiment = experiment
        self._goes_by_context = isinstance(experiment.allocation_policy.algorithm, ContextualAlgorithm)
        first = next_snapshot(experiment, {}, None, frozen=False, now=now)
        if first is None:
            raise ValueError("a running experiment has a first version")
        self._serve(first)

    def weights(self, contexts: Floats) -> Floats:
        """Returns the weights that are served now in each context, shape (n, K)."""
        if self._placer is not None:
            return self._placer.weights(contexts)
        shares = np.array([arm.weight for arm in self._served.arms])
        return np.broadcast_to(shares, (len(contexts), shares.size))

    def learn(self, contexts: Floats, arms: Indexes, values: Floats, now: datetime) -> None:
        """Publishes the next version, if one is due; it serves from the next batch on.

        Args:
            contexts: Of all units so far, in the order in which they came, shape (n, columns).
            arms: That they got, shape (n,).
            values: That came of it, shape (n,).
            now: The instant of publication.
        """
        # The learner gets the latest trials first.
        trials = Trials(contexts[::-1], arms[::-1], values[::-1]) if self._goes_by_context else None
        statistics = {} if self._goes_by_context else self._statistics(arms, values)
        snapshot = next_snapshot(self._experiment, statistics, self._served, frozen=False, now=now, trials=trials)
        if snapshot is not None:
            self._serve(snapshot)

    def _serve(self, snapshot: PolicySnapshot) -> None:
        self._served = snapshot
        self._placer = None if snapshot.contextual_model is None else ContextPlacer(snapshot.contextual_model)

    def _statistics(self, arms: Indexes, values: Floats) -> dict[str, ArmStatistics]:
        size = len(self._experiment.arms)
        counts, sums = np.bincount(arms, minlength=size), np.bincount(arms, values, size)
        means = sums / np.maximum(counts, 1)
        squares = np.bincount(arms, (values - means[arms]) ** 2, size)
        columns = zip(counts.tolist(), sums.tolist(), means.tolist(), squares.tolist(), strict=True)
        return {
            arm.arm_id: ArmStatistics(arm.arm_id, *column)
            for arm, column in zip(self._experiment.arms, columns, strict=True)
        }
