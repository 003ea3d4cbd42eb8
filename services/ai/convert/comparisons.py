"""Comparisons of treatments with the control, as messages."""

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import common_pb2
from services.ai.convert import enums
from services.ai.domain.records import AnswerRecord, ComparisonRecord, EstimateRecord, SegmentRecord


def comparison_to_proto(record: ComparisonRecord) -> pb.ArmComparison:
    """Returns the comparison as a message."""
    return pb.ArmComparison(
        metric_id=record.metric_id,
        metric_role=enums.number(common_pb2.MetricRole, "METRIC_ROLE", record.metric_role),
        direction=enums.number(common_pb2.MetricDirection, "METRIC_DIRECTION", record.direction),
        metric_kind=enums.number(common_pb2.MetricKind, "METRIC_KIND", record.metric_kind),
        arm_id=record.arm_id,
        arm_mean=record.arm_mean,
        control_mean=record.control_mean,
        arm_unit_count=record.arm_unit_count,
        control_unit_count=record.control_unit_count,
        status=enums.number(pb.ComparisonStatus, "COMPARISON_STATUS", record.status),
        answer=_answer(record.answer),
        demoted=record.demoted,
        cautions=record.cautions,
        other_answers=map(_answer, record.other_answers),
    )


def segment_to_proto(record: SegmentRecord) -> pb.SegmentComparison:
    """Returns the comparison in a segment as a message."""
    one = record.comparison
    return pb.SegmentComparison(
        segment=record.segment,
        arm_id=one.arm_id,
        metric_id=one.metric_id,
        arm_mean=one.arm_mean,
        control_mean=one.control_mean,
        arm_unit_count=one.arm_unit_count,
        control_unit_count=one.control_unit_count,
        status=enums.number(pb.ComparisonStatus, "COMPARISON_STATUS", one.status),
        answer=_answer(one.answer),
        demoted=one.demoted,
        cautions=one.cautions,
        interaction_p_value=record.interaction_p_value,
    )


def _answer(record: AnswerRecord) -> pb.ComparisonAnswer:
    return pb.ComparisonAnswer(
        kind=enums.number(pb.AnswerKind, "ANSWER_KIND", record.kind),
        method=record.method,
        difference=_interval(record.difference),
        relative_lift=_interval(record.relative_lift),
        p_value=record.p_value,
        probability_better=record.probability_better,
        confidence_level=record.confidence_level,
    )


def _interval(record: EstimateRecord | None) -> pb.Interval | None:
    return None if record is None else pb.Interval(estimate=record.estimate, low=record.low, high=record.high)
