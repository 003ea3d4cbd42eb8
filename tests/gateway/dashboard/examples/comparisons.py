"""The arms of the experiment against its control."""

import math
from collections.abc import Sequence

from experimentation.v1 import (
    analysis_pb2,
)
from tests.gateway.dashboard.examples.experiments import experiment


def comparisons(units: int) -> Sequence[analysis_pb2.ArmComparison]:
    """Returns the comparisons of so many units."""
    width = 0.06 * math.sqrt(33600 / units)
    better, unknown = analysis_pb2.COMPARISON_STATUS_BETTER, analysis_pb2.COMPARISON_STATUS_NO_DETECTABLE_CHANGE
    few = analysis_pb2.COMPARISON_STATUS_INSUFFICIENT_DATA
    drift = 0.03 * math.sin(units / 5000)
    return [
        _comparison(
            "bought", "green", 0.100, lift=0.091 + drift * 0.3, width=width, status=better if units > 28000 else unknown
        ),
        _comparison("bought", "amber", 0.100, lift=0.012 + drift, width=width, status=unknown),
        _comparison("order-value", "green", 41.2, lift=-0.004, width=width / 3, status=unknown),
        _comparison("errors", "green", 0.021, lift=0.05, width=width * 2, status=unknown),
        _comparison("items", "green", 2.31, lift=0.021, width=width / 2, status=few),
    ]


def _comparison(
    metric_id: str,
    arm_id: str,
    control: float,
    *,
    lift: float,
    width: float,
    status: "analysis_pb2.ComparisonStatus.ValueType",
) -> analysis_pb2.ArmComparison:
    metric = next(one for one in experiment().metrics if one.metric_id == metric_id)
    return analysis_pb2.ArmComparison(
        metric_id=metric_id,
        metric_role=metric.role,
        direction=metric.direction,
        metric_kind=metric.kind,
        arm_id=arm_id,
        arm_mean=control * (1 + lift),
        control_mean=control,
        arm_unit_count=11200,
        control_unit_count=11220,
        status=status,
        answer=_answer(analysis_pb2.ANSWER_KIND_ANY_TIME, "asymptotic confidence sequence", control, lift, width),
        cautions=["Few units have this metric yet."] if metric_id == "items" else [],
        other_answers=[
            _answer(analysis_pb2.ANSWER_KIND_FIXED, "Welch's t", control, lift, width * 0.7),
            _answer(analysis_pb2.ANSWER_KIND_BAYESIAN, "Beta-Binomial", control, lift, width * 0.68),
        ],
    )


def _answer(
    kind: "analysis_pb2.AnswerKind.ValueType", method: str, control: float, lift: float, width: float
) -> analysis_pb2.ComparisonAnswer:
    answer = analysis_pb2.ComparisonAnswer(
        kind=kind,
        method=method,
        difference=analysis_pb2.Interval(
            estimate=control * lift, low=control * (lift - width), high=control * (lift + width)
        ),
        relative_lift=analysis_pb2.Interval(estimate=lift, low=lift - width, high=lift + width),
        confidence_level=0.95,
    )
    z = 1.96 * abs(lift) / width
    if kind == analysis_pb2.ANSWER_KIND_BAYESIAN:
        answer.probability_better = 0.5 * (1 + math.erf(math.copysign(z, lift) / math.sqrt(2)))
    else:
        answer.p_value = math.erfc(z / math.sqrt(2))
    return answer
