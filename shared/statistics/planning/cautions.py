"""What weakens a plan: few units, clusters or events, with which tests are not normal, and alpha that is not shared."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.statistics.estimates.clusters import FEW_CLUSTERS
from shared.statistics.estimates.means import FEW_UNITS, UNITS_PER_SQUARED_SKEWNESS
from shared.statistics.estimates.proportions import few_events
from shared.statistics.planning.baseline import Baseline, MetricKind
from shared.statistics.planning.plan import Plan
from shared.statistics.result.obstacles import Caution

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.int32]


def cautions(baseline: Baseline, plan: Plan, difference: Floats, unit_count: Floats) -> Flags:
    """Returns `Caution` as int32, for arms of the sizes that the plan gives them; NaN is no small size."""
    smallest = unit_count * min(plan.treatment_share, plan.shares[0])
    clustered = baseline.units_per_cluster > 1
    few_clusters = clustered & (smallest / baseline.units_per_cluster < FEW_CLUSTERS)
    skewed = smallest < UNITS_PER_SQUARED_SKEWNESS * baseline.skewness**2
    few_units = ~clustered & (smallest < FEW_UNITS)
    control = _event_count(baseline, baseline.value, unit_count * plan.shares[0])
    treatment = _event_count(baseline, baseline.value + difference, unit_count * plan.treatment_share)
    return np.asarray(
        np.where(few_units, Caution.FEW_UNITS, 0)
        | np.where(few_clusters, Caution.FEW_CLUSTERS, 0)
        | np.where(skewed, Caution.SKEWED, 0)
        | few_events(np.minimum(control, treatment))
        | (Caution.NONE if plan.is_alpha_shared else Caution.ALPHA_NOT_SHARED),
        dtype=np.int32,
    )


def _event_count(baseline: Baseline, value: Floats, unit_count: Floats) -> Floats:
    """Returns expected events, the rarer outcome of proportions; inf for metrics that are not made of events.

    A Poisson count of mean m and variance m has m^2 / m events a unit, whatever the exposure of a unit.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        poisson = value * baseline.value / baseline.variance
    kinds = [baseline.kind == MetricKind.PROPORTION, np.isin(baseline.kind, (MetricKind.COUNT, MetricKind.RATE))]
    return np.asarray(unit_count * np.select(kinds, [np.minimum(value, 1 - value), poisson], np.inf))
