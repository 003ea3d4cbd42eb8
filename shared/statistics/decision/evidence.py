"""What a decision rests on: the primary metric and the guardrails of one treatment, with good on the positive side."""

from dataclasses import dataclass
from enum import StrEnum

from shared.definition.model import Metric, MetricDirection, MetricRole
from shared.errors import invalid_field
from shared.statistics.health.finding import Finding
from shared.statistics.result import checks
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval, NotEstimable, Report


class Scale(StrEnum):
    """Says which of a report's two effects counts."""

    DIFFERENCE = "DIFFERENCE"
    LIFT = "LIFT"


class Standing(StrEnum):
    """Says how a guardrail stands to its margin: shown to be within, not known, or shown to be beyond."""

    SHOWN = "SHOWN"
    NOT_SHOWN = "NOT_SHOWN"
    VIOLATED = "VIOLATED"


@dataclass(frozen=True, slots=True)
class Primary:
    """Is what is known of the primary metric.

    Attributes:
        effect: In the good direction: above 0 is better than the control.
        indifferent: Whether a best-arm analysis says that it is safe to stop, since no arm is worth waiting for.
        scale: Of the effect.
        is_lower_better: Whether the effect is turned around: above 0 the metric falls.
    """

    effect: Interval | NotEstimable
    validity: Validity
    caution: Caution = Caution.NONE
    indifferent: bool = False
    scale: Scale = Scale.LIFT
    is_lower_better: bool = False


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Is what is known of a metric that must not get worse.

    Attributes:
        harm_shown: Whether it is shown to be worse than the control by any amount; VIOLATED says so too.
    """

    metric_id: str
    standing: Standing
    validity: Validity
    harm_shown: bool = False


@dataclass(frozen=True, slots=True)
class Treatment:
    """Is what is known of one treatment.

    Attributes:
        health: Findings about this treatment alone, such as a surprising lift.
    """

    arm_id: str
    primary: Primary
    guardrails: tuple[Guardrail, ...] = ()
    health: tuple[Finding, ...] = ()


def primary_from(report: Report, metric: Metric, *, scale: Scale = Scale.LIFT, indifferent: bool = False) -> Primary:
    """Returns the evidence of a report on the primary metric.

    Raises:
        InvalidArgument: INVALID_FIELD: the metric is not the primary one, which no other can stand in for.
    """
    _check_role(metric, MetricRole.PRIMARY)
    is_lower_better = metric.direction is MetricDirection.MINIMIZE
    effect = _effect(report, metric, scale)
    return Primary(effect, report.method.validity, report.caution, indifferent, scale, is_lower_better)


def guardrail_from(report: Report, metric: Metric, *, margin: float, scale: Scale = Scale.LIFT) -> Guardrail:
    """Returns the evidence of a report on a guardrail, whose margin is in the unit of the scale.

    Raises:
        InvalidArgument: INVALID_FIELD: the metric is not a guardrail, or the margin is not above 0.
    """
    _check_role(metric, MetricRole.GUARDRAIL)
    limit = -float(checks.positive("margin", margin))
    effect = _effect(report, metric, scale)
    if isinstance(effect, NotEstimable):
        return Guardrail(metric.metric_id, Standing.NOT_SHOWN, report.method.validity)
    within = Standing.SHOWN if effect.low > limit else Standing.NOT_SHOWN
    standing = Standing.VIOLATED if effect.high < limit else within
    return Guardrail(metric.metric_id, standing, report.method.validity, harm_shown=effect.high < 0)


def _check_role(metric: Metric, role: MetricRole) -> None:
    if metric.role is not role:
        raise invalid_field("metric.role", f"{metric.metric_id} is {metric.role}, must be {role}")


def _effect(report: Report, metric: Metric, scale: Scale) -> Interval | NotEstimable:
    effect = report.lift if scale is Scale.LIFT else report.difference
    if isinstance(effect, NotEstimable) or metric.direction is MetricDirection.MAXIMIZE:
        return effect
    return Interval(-effect.estimate, -effect.high, -effect.low)
