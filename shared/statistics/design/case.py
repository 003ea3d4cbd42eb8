"""A design before its judges: with the thresholds, and with the numbers that more than one rule needs."""

from dataclasses import dataclass, replace
from functools import cached_property

from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.design.model import Design, DesignMetric
from shared.statistics.design.thresholds import Thresholds
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.plan import NonInferiority, Plan, Scale, StandardError
from shared.statistics.planning.power import power
from shared.statistics.planning.sample_size import sample_size
from shared.statistics.result.method import Alternative


@dataclass(frozen=True)
class Case:
    """Is what rules judge; numbers are computed once, when a rule first asks for them."""

    design: Design
    thresholds: Thresholds

    @property
    def primary(self) -> DesignMetric | None:
        """Returns the first primary metric."""
        return next(iter(self.design.metrics_of(MetricRole.PRIMARY)), None)

    @property
    def smallest_arm_units(self) -> float:
        """Returns how many units the smallest arm gets."""
        return self.design.unit_count * min(self.design.plan.shares)

    @cached_property
    def primary_power(self) -> float | None:
        """Returns the power of the first primary metric at its smallest lift, or None where it cannot be computed."""
        baseline, difference = self._planned(self.primary)
        if baseline is None or difference is None or self.design.unit_count < 1:
            return None
        answer = power(baseline, self.design.plan, difference=difference, unit_count=self.design.unit_count)
        return None if answer.obstacle else float(answer.value)

    @cached_property
    def required_units(self) -> float | None:
        """Returns the units that all arms together need for the plan's power, or None where it cannot be computed."""
        baseline, difference = self._planned(self.primary)
        if baseline is None or difference is None:
            return None
        answer = sample_size(baseline, self.design.plan, difference=difference)
        return None if answer.obstacle else float(answer.arms.sum())

    def guardrail_power(self, metric: DesignMetric) -> float | None:
        """Returns the power to show a guardrail non-inferior where the treatment does nothing to it."""
        baseline = planned_baseline(metric)
        if baseline is None or metric.margin is None or not metric.margin > 0 or self.design.unit_count < 1:
            return None
        plan = guardrail_plan(self.design.plan, metric)
        answer = power(baseline, plan, difference=0.0, unit_count=self.design.unit_count)
        return None if answer.obstacle else float(answer.value)

    def _planned(self, metric: DesignMetric | None) -> tuple[Baseline | None, float | None]:
        if metric is None or metric.minimum_lift is None or not metric.minimum_lift > 0:
            return None, None
        baseline = planned_baseline(metric)
        return baseline, None if baseline is None else good_difference(metric, baseline)


def planned_baseline(metric: DesignMetric) -> Baseline | None:
    """Returns the baseline that the analysis is going to have: with the covariate, where one is used."""
    if metric.baseline is None or not metric.covariate_used or metric.covariate_correlation is None:
        return metric.baseline
    return metric.baseline.with_covariates(metric.covariate_correlation**2)


def good_difference(metric: DesignMetric, baseline: Baseline) -> float:
    """Returns the smallest effect worth detecting, in the metric's unit and in its good direction."""
    size = (metric.minimum_lift or 0.0) * abs(float(baseline.value))
    return size if metric.direction is MetricDirection.MAXIMIZE else -size


def guardrail_plan(plan: Plan, metric: DesignMetric) -> Plan:
    """Returns the plan under which a guardrail is tested: alpha is not shared, since all of them must pass."""
    alternative = Alternative.GREATER if metric.direction is MetricDirection.MAXIMIZE else Alternative.LESS
    return replace(
        plan,
        claim=NonInferiority(metric.margin or 0.0, Scale.RELATIVE),
        alternative=alternative,
        multiplicity=Multiplicity.NONE,
        primary_count=1,
        standard_error=StandardError.UNPOOLED,
    )
