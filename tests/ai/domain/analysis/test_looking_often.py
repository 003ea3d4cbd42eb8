"""Looking at a running experiment every day does not make the decision err more often than it says."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums
from services.ai.domain.analysis.engine import analyze
from services.ai.domain.analysis.plan import AnalysisPlan, PlannedSample
from services.ai.domain.looking import LookingPolicy
from shared.definition.model import MetricKind, MetricRole
from shared.statistics.decision.verdict import Verdict
from tests.ai.domain.analysis.examples import (
    NOW,
    REVENUE,
    TWO_WEEKS_AGO,
)


@pytest.mark.slow
def test_analyze_when_nothing_differs_and_somebody_looks_every_day_then_shipping_is_rare() -> None:
    """Of 200 experiments without an effect, looked at on four days, at most 2.5 % ship: Clopper and Pearson 1934."""
    rng, repetitions = np.random.default_rng(11), 200
    metric = replace(REVENUE, role=MetricRole.PRIMARY, relative_mde=None)
    shipped = {LookingPolicy.AT_END: 0, LookingPolicy.ANY_TIME: 0}
    for _ in range(repetitions):
        days = rng.normal(10.0, 5.0, size=(8, 2, 200))
        for looking in shipped:
            plan = AnalysisPlan(sample=PlannedSample(8 * 200), looking=looking, expected_delay=None)
            shipped[looking] += any(
                analyze(_until(days[:day], metric.metric_id, metric.kind, day), plan, now=NOW).verdict.verdict
                is Verdict.SHIP
                for day in (2, 4, 6, 8)
            )

    for count in shipped.values():
        assert stats.binomtest(count, repetitions, 0.025, alternative="greater").pvalue > 0.001


def _until(days: NDArray[np.float64], metric_id: str, kind: MetricKind, day: int) -> Aggregates:
    flat = days.transpose(1, 0, 2).reshape(2, -1)
    arms = tuple(
        ArmAggregate(arm_id, arm_id == "control", 0.0, row.size, (MetricSums(metric_id, row.sum(), (row**2).sum()),))
        for arm_id, row in zip(("control", "blue"), flat, strict=True)
    )
    metric = replace(REVENUE, role=MetricRole.PRIMARY, kind=kind)
    return Aggregates(arms, (metric,), as_of=TWO_WEEKS_AGO + timedelta(days=day), started_at=TWO_WEEKS_AGO)
