"""One run's side of learning: asks the bandit's own publishing code for the next policy version after each batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.guardrails import guardrail_metrics, harmful_arms
from services.bandit.domain.learning import needs_versions
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, warm_prior
from shared.definition.model import Experiment
from shared.policy.snapshot import PolicySnapshot

Floats: TypeAlias = NDArray[np.float64]


class Seen(NamedTuple):
    """Holds what one run knows by now of each batch so far, each array of shape (batches, arms).

    Attributes:
        harms: Of how many units the guardrail metric is 1 and not 0; None where there is no guardrail.
    """

    counts: Floats
    sums: Floats
    raw_squares: Floats
    harms: Floats | None = None


class Learner:
    """Is the learner of one simulated experiment."""

    def __init__(
        self, experiment: Experiment, now: datetime, earlier: Mapping[str, ArmStatistics] = MappingProxyType({})
    ) -> None:
        """Publishes the first version.

        Args:
            experiment: The definition, running.
            now: The instant of publication.
            earlier: What an earlier experiment knew of the arms; it counts where the policy starts warm.
        """
        self._experiment = experiment
        self._prior = warm_prior(experiment.allocation_policy.controls.warm_start, earlier)
        self._guardrails = [metric.metric_id for metric in guardrail_metrics(experiment)]
        self._arm_ids = [arm.arm_id for arm in experiment.arms]
        self._needs_versions = needs_versions(experiment)
        first = next_snapshot(experiment, {}, None, frozen=False, now=now, prior=self._prior)
        if first is None:
            raise ValueError("a running experiment has a first version")
        self._served: list[tuple[int, PolicySnapshot]] = [(0, first)]

    @property
    def weights(self) -> list[float]:
        """Returns the weights that are served now, in the order of the arms."""
        return [arm.weight for arm in self._served[-1][1].arms]

    def learn(self, seen: Seen, now: datetime) -> None:
        """Publishes the next version, if one is due; it serves from the next batch on."""
        snapshot = next_snapshot(
            self._experiment,
            self._statistics(seen.counts.sum(axis=0), seen.sums.sum(axis=0), seen.raw_squares.sum(axis=0)),
            self._served[-1][1],
            frozen=False,
            now=now,
            versions=self._versions(seen) if self._needs_versions else (),
            harmful=self._harmful(seen),
            prior=self._prior,
        )
        if snapshot is not None:
            self._served.append((len(seen.counts), snapshot))

    def _harmful(self, seen: Seen) -> frozenset[str]:
        if seen.harms is None:
            return frozenset()
        # A harm is 1, so that the sum of squares is the sum.
        versions = self._versions(Seen(seen.counts, seen.harms, seen.harms))
        return harmful_arms(self._experiment, dict.fromkeys(self._guardrails, versions))

    def _statistics(self, counts: Floats, sums: Floats, raw_squares: Floats) -> dict[str, ArmStatistics]:
        means = sums / np.maximum(counts, 1)
        squares = np.maximum(raw_squares - sums * means, 0.0)
        columns = zip(self._arm_ids, counts.tolist(), sums.tolist(), means.tolist(), squares.tolist(), strict=True)
        return {arm_id: ArmStatistics(arm_id, *column) for arm_id, *column in columns}

    def _versions(self, seen: Seen) -> Sequence[VersionStatistics]:
        """Returns what is known of each version; one that was replaced before it had a batch has no units."""
        starts = [start for start, _ in self._served]
        ends = [*starts[1:], len(seen.counts)]
        versions = []
        for place, ((start, snapshot), end) in enumerate(zip(self._served, ends, strict=True)):
            replaced = self._served[place + 1][1].published_at if place + 1 < len(self._served) else None
            totals = (part[start:end].sum(axis=0) for part in (seen.counts, seen.sums, seen.raw_squares))
            propensities = {arm.arm_id: arm.weight for arm in snapshot.arms}
            statistics = self._statistics(*totals)
            versions.append(VersionStatistics(snapshot.policy_version, replaced, statistics, propensities))
        return versions
