"""From comparisons, health and the plan to one typed verdict (`shared.statistics.decision`)."""

import sys
from collections.abc import Sequence
from typing import Final

from services.ai.domain.analysis.bandit_state import BanditState
from services.ai.domain.analysis.comparisons import ArmComparison
from services.ai.domain.analysis.health import ArmFinding
from services.ai.domain.analysis.plan import LONGEST_DAYS, AnalysisPlan
from services.ai.domain.analysis.sample_size import SampleState, stated_mde
from services.ai.domain.metrics import DEFAULT_RELATIVE_MDE, MetricProfile
from shared.definition.model import Metric, MetricRole
from shared.statistics.decision.evidence import (
    Guardrail,
    Primary,
    Scale,
    Standing,
    Treatment,
    guardrail_from,
    primary_from,
)
from shared.statistics.decision.experiment import ExperimentVerdict, judge
from shared.statistics.decision.rule import DecisionRule, Progress
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval

UNKNOWN_UNIT_COUNT: Final = 10**15
"""Stands for the units that it takes where they cannot be computed: an end that no experiment reaches."""


def rule_of(plan: AnalysisPlan, sample: SampleState, metric: MetricProfile, *, one_look: bool) -> DecisionRule:
    """Returns the rule by which the experiment is decided; with one look, at the planned end alone."""
    return DecisionRule(
        planned_unit_count=sample.required_unit_count or UNKNOWN_UNIT_COUNT,
        maximum_day_count=plan.maximum_day_count or max(LONGEST_DAYS, plan.minimum_day_count),
        minimum_day_count=plan.minimum_day_count,
        early_stop=not one_look,
        indifference=stated_mde(metric, plan),
    )


def margin_of(metric: MetricProfile) -> float:
    """Returns by how much a guardrail may get worse, relative to the control."""
    return DEFAULT_RELATIVE_MDE if metric.relative_mde is None else metric.relative_mde


def verdict_on(
    comparisons: Sequence[ArmComparison],
    health: Sequence[ArmFinding],
    *,
    rule: DecisionRule,
    progress: Progress,
    bandit: BanditState | None,
) -> ExperimentVerdict:
    """Returns the verdict on the treatments that are compared.

    A treatment that is shown to be better than all other arms is judged alone: none of them may be better yet.
    """
    arm_ids = list(dict.fromkeys(one.arm_id for one in comparisons))
    best = bandit.best_arm_id if bandit else ""
    return judge(
        [
            _treatment(arm_id, comparisons, health, indifferent=bool(bandit and bandit.indifferent))
            for arm_id in ([best] if best in arm_ids else arm_ids)
        ],
        health=[one.finding for one in health if not one.arm_id],
        rule=rule,
        progress=progress,
        best_arm_id=best,
    )


def _treatment(
    arm_id: str, comparisons: Sequence[ArmComparison], health: Sequence[ArmFinding], *, indifferent: bool
) -> Treatment:
    own = [one for one in comparisons if one.arm_id == arm_id]
    primary = next(one for one in own if one.role is MetricRole.PRIMARY)
    return Treatment(
        arm_id,
        _primary(primary, indifferent=indifferent),
        guardrails=tuple(_guardrail(one) for one in own if one.role is MetricRole.GUARDRAIL),
        health=tuple(one.finding for one in health if one.arm_id == arm_id),
    )


def _primary(one: ArmComparison, *, indifferent: bool) -> Primary:
    return primary_from(one.report, _metric(one), scale=_scale(one), indifferent=indifferent)


def _guardrail(one: ArmComparison) -> Guardrail:
    """Returns how a guardrail stands; where no lift can be estimated, it holds only if it is not worse at all."""
    if Caution.BEFORE_BURN_IN in one.report.caution:
        return Guardrail(one.metric.metric_id, Standing.NOT_SHOWN, one.report.method.validity)
    scale = _scale(one)
    margin = margin_of(one.metric) if scale is Scale.LIFT else sys.float_info.min
    return guardrail_from(one.report, _metric(one), margin=margin, scale=scale)


def _metric(one: ArmComparison) -> Metric:
    return Metric(one.metric.metric_id, one.metric.kind, one.role, one.metric.direction)


def _scale(one: ArmComparison) -> Scale:
    return Scale.LIFT if isinstance(one.report.lift, Interval) else Scale.DIFFERENCE
