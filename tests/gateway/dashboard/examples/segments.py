"""The experiment's primary metric in parts of its units."""

from collections.abc import Sequence

from experimentation.v1 import analysis_pb2


def segments() -> Sequence[analysis_pb2.SegmentComparison]:
    """Returns one that differs from the rest, one that does not, and one with too few units."""
    better, unknown = analysis_pb2.COMPARISON_STATUS_BETTER, analysis_pb2.COMPARISON_STATUS_NO_DETECTABLE_CHANGE
    few = _segment("device=watch", 40, None, analysis_pb2.COMPARISON_STATUS_INSUFFICIENT_DATA)
    return [
        _segment("device=mobile", 7_100, 0.142, better, interaction_p_value=0.0123),
        _segment("device=desktop", 4_060, 0.008, unknown, interaction_p_value=0.0123),
        few,
    ]


def _segment(
    name: str,
    units: int,
    lift: float | None,
    status: "analysis_pb2.ComparisonStatus.ValueType",
    *,
    interaction_p_value: float | None = None,
) -> analysis_pb2.SegmentComparison:
    answer = analysis_pb2.ComparisonAnswer(kind=analysis_pb2.ANSWER_KIND_FIXED, method="Welch's t")
    if lift is not None:
        answer.relative_lift.CopyFrom(analysis_pb2.Interval(estimate=lift, low=lift - 0.06, high=lift + 0.06))
        answer.difference.CopyFrom(
            analysis_pb2.Interval(estimate=lift / 10, low=lift / 10 - 0.006, high=lift / 10 + 0.006)
        )
        answer.p_value = 0.0004 if lift > 0.06 else 0.81
    return analysis_pb2.SegmentComparison(
        segment=name,
        arm_id="green",
        metric_id="bought",
        arm_mean=None if lift is None else 0.1 * (1 + lift),
        control_mean=None if lift is None else 0.1,
        arm_unit_count=units,
        control_unit_count=units + 20,
        status=status,
        answer=answer,
        cautions=[] if units > 100 else ["The units are few."],
        interaction_p_value=interaction_p_value,
    )
