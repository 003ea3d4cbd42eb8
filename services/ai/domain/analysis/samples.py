"""Arms as the statistics take them: units, means and deviations by metric, the control first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.ai.domain.analysis import contradictions
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, BanditData, SegmentAggregates
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricKind
from shared.statistics.adaptive.batches import Batches
from shared.statistics.aggregates.moments import Moments, pooled

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Holds the whole of an experiment: K arms, M metrics.

    Attributes:
        arm_ids: The control first.
        unit_count: Units that saw each arm, shape (K,).
        planned_shares: Shape (K,), summing to 1.
        moments: Of one variable, shape (M, K); no units where an arm was not measured.
    """

    arm_ids: tuple[str, ...]
    metrics: tuple[MetricProfile, ...]
    unit_count: Floats
    planned_shares: Floats
    moments: Moments

    @property
    def total(self) -> int:
        """Returns the units of all arms."""
        return int(self.unit_count.sum())

    def successes(self, place: int) -> Floats:
        """Returns how many units of each arm converted, of the proportion at a place, shape (K,)."""
        return np.asarray(np.rint(self.moments.mean[place, :, 0] * self.moments.count[place]))


def samples_of(aggregates: Aggregates) -> Samples:
    """Returns the samples of given sums.

    Raises:
        InvalidArgument: INVALID_FIELD: the data contradict themselves.
    """
    contradictions.check(aggregates)
    arms = sorted(aggregates.arms, key=lambda arm: not arm.control)
    shares = np.array([arm.planned_share for arm in arms])
    return _samples(
        arms, aggregates.metrics, shares / shares.sum() if shares.any() else np.full(len(arms), 1 / len(arms))
    )


def samples_in_segment(segment: SegmentAggregates, whole: Samples, place: int) -> Samples:
    """Returns a part of the units of a whole, with the metric at a place alone; what contradicts it was refused."""
    known = {arm.arm_id: arm for arm in segment.arms}
    arms = [known.get(arm_id, ArmAggregate(arm_id)) for arm_id in whole.arm_ids]
    return _samples(arms, (whole.metrics[place],), whole.planned_shares)


def samples_of_bandit(data: BanditData) -> Samples:
    """Returns the units of all versions together: fair to compare only where the weights never changed.

    Planned shares are the versions' weights by their units, equal ones where those are not known.

    Raises:
        InvalidArgument: INVALID_FIELD: the metrics or the data cannot be those of an experiment.
    """
    contradictions.check_bandit(data)
    counts = placed_counts(data)
    weights = [data.weights_of(version) for version in data.versions]
    expected = np.zeros(len(data.arm_ids))
    for row, vector in zip(counts, weights, strict=False):
        expected += row.sum() * np.array(vector or [1 / len(data.arm_ids)] * len(data.arm_ids))
    total = expected.sum()
    return Samples(
        arm_ids=data.arm_ids,
        metrics=data.metrics,
        unit_count=counts.sum(axis=0),
        planned_shares=expected / total if total > 0 else np.full(len(data.arm_ids), 1 / len(data.arm_ids)),
        moments=pooled(version_moments(data), axis=1),
    )


def placed_counts(data: BanditData) -> Floats:
    """Returns the units that each version placed in each arm, shape (B, K); one row without units where B is 0."""
    rows = [{arm.arm_id: arm.unit_count for arm in version.arms} for version in data.versions] or [{}]
    return np.array([[row.get(arm_id, 0) for arm_id in data.arm_ids] for row in rows], dtype=np.float64)


def version_moments(data: BanditData) -> Moments:
    """Returns what each version's units did, shape (M, B, K); no units where an arm was not measured."""
    rows = [{arm.arm_id: arm for arm in version.arms} for version in data.versions] or [{}]
    places = {metric.metric_id: place for place, metric in enumerate(data.metrics)}
    parts = np.zeros((len(data.metrics), len(rows), len(data.arm_ids), 3))
    for version, row in enumerate(rows):
        for arm, arm_id in enumerate(data.arm_ids):
            for found in row[arm_id].moments if arm_id in row else ():
                numbers = row[arm_id].unit_count, found.mean, found.square_deviation_sum
                parts[places[found.metric_id], version, arm] = numbers
    parts[parts[..., 0] == 0] = 0
    return Moments.of_values(parts[..., 0], parts[..., 1], parts[..., 2])


def batches_of(data: BanditData, place: int) -> Batches | None:
    """Returns the versions that gave one of the arms, for the metric at a place; None where there is none.

    Raises:
        InvalidArgument: INVALID_FIELD: an arm has units that it had no chance of.
    """
    unknown = (np.nan,) * len(data.arm_ids)
    weights = np.array([data.weights_of(version) or unknown for version in data.versions]).reshape(
        -1, len(data.arm_ids)
    )
    served = [row for row, vector in enumerate(weights) if vector.sum() != 0]
    moments = version_moments(data)
    chosen = Moments(*(part[place][served] for part in (moments.count, moments.mean, moments.products)))
    return Batches.of(chosen, weights[served]) if served else None


def _samples(arms: Sequence[ArmAggregate], metrics: tuple[MetricProfile, ...], planned_shares: Floats) -> Samples:
    parts = np.array([[_moments(metric, arm) for arm in arms] for metric in metrics])
    return Samples(
        arm_ids=tuple(arm.arm_id for arm in arms),
        metrics=metrics,
        unit_count=np.array([arm.unit_count for arm in arms], dtype=np.float64),
        planned_shares=planned_shares,
        moments=Moments.of_values(parts[..., 0], parts[..., 1], parts[..., 2]),
    )


def _moments(metric: MetricProfile, arm: ArmAggregate) -> tuple[float, float, float]:
    """Returns units, mean and squared deviations; what rounding made negative is 0."""
    sums = next((one for one in arm.sums if one.metric_id == metric.metric_id), None)
    if sums is None or arm.unit_count == 0:
        return 0.0, 0.0, 0.0
    mean = sums.value_sum / arm.unit_count
    squares = sums.value_sum if metric.kind is MetricKind.PROPORTION else sums.value_square_sum or 0.0
    return float(arm.unit_count), mean, max(squares - sums.value_sum * mean, 0.0)
