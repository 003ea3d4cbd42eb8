"""Sums that a request supplies, from protobuf."""

from datetime import datetime

from experimentation.v1 import analysis_pb2 as pb
from services.ai.convert import requests
from services.ai.convert.metrics import metrics_from_proto
from services.ai.domain.analysis.data import Aggregates, ArmAggregate, MetricSums, SegmentAggregates


def from_proto(message: pb.Aggregates, *, now: datetime) -> Aggregates:
    """Returns the message as sums; as of now where it does not say.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    given = message.HasField("multiple_exposure_count")
    return Aggregates(
        tuple(map(_arm, message.arms)),
        metrics_from_proto(message.metrics, "aggregates.metrics"),
        requests.instant(message.as_of, given=message.HasField("as_of")) or now,
        requests.instant(message.started_at, given=message.HasField("started_at")),
        message.multiple_exposure_count if given else None,
        tuple(SegmentAggregates(one.segment, tuple(map(_arm, one.arms))) for one in message.segments),
    )


def _arm(message: pb.ArmAggregate) -> ArmAggregate:
    return ArmAggregate(
        message.arm_id, message.control, message.planned_share, message.unit_count, tuple(map(_sums, message.sums))
    )


def _sums(message: pb.MetricSums) -> MetricSums:
    squares = message.value_square_sum if message.HasField("value_square_sum") else None
    return MetricSums(message.metric_id, message.value_sum, squares)
