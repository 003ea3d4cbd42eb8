"""What is known beforehand, to and from protobuf: metrics, traffic and past experiments, defaults filled in."""

from collections.abc import Iterable

from experimentation.v1 import common_pb2
from experimentation.v1 import metrics_pb2 as pb
from services.ai.convert import enums
from services.ai.domain.metrics import MetricProfile, PastExperiment, PastOutcome, SegmentBaseline, TrafficProfile
from shared.definition.model import MetricDirection, MetricKind, MetricRole
from shared.errors import invalid_field

_OPTIONAL = ("baseline", "standard_deviation", "trend", "pre_period_correlation", "relative_mde")


def metrics_from_proto(messages: Iterable[pb.MetricProfile], path: str) -> tuple[MetricProfile, ...]:
    """Returns the messages as metrics.

    Args:
        messages: Of a request.
        path: Of them in it, such as `metrics`.

    Raises:
        InvalidArgument: INVALID_FIELD: a kind is not given.
    """
    return tuple(metric_from_proto(message, f"{path}[{place}]") for place, message in enumerate(messages))


def metric_from_proto(message: pb.MetricProfile, path: str) -> MetricProfile:
    """Returns the message as a metric; see `metrics_from_proto`."""
    kind = enums.member(MetricKind, common_pb2.MetricKind, "METRIC_KIND", message.kind)
    if kind is None:
        raise invalid_field(f"{path}.kind", "must be given")
    known = {name: getattr(message, name) for name in _OPTIONAL if message.HasField(name)}  # type: ignore[arg-type]
    return MetricProfile(
        message.metric_id,
        kind,
        message.display_name,
        message.description,
        enums.member(MetricDirection, common_pb2.MetricDirection, "METRIC_DIRECTION", message.direction)
        or MetricDirection.MAXIMIZE,
        enums.member(MetricRole, common_pb2.MetricRole, "METRIC_ROLE", message.role),
        unit_count=message.unit_count,
        funnel_step=message.funnel_step,
        segments=tuple(SegmentBaseline(one.segment, one.baseline, one.unit_count) for one in message.segments),
        revenue=message.revenue,
        **known,
    )


def metric_to_proto(metric: MetricProfile) -> pb.MetricProfile:
    """Returns the metric as a message."""
    return pb.MetricProfile(
        metric_id=metric.metric_id,
        kind=enums.number(common_pb2.MetricKind, "METRIC_KIND", metric.kind),
        display_name=metric.display_name,
        description=metric.description,
        direction=enums.number(common_pb2.MetricDirection, "METRIC_DIRECTION", metric.direction),
        role=enums.number(common_pb2.MetricRole, "METRIC_ROLE", metric.role),
        baseline=metric.baseline,
        standard_deviation=metric.standard_deviation,
        trend=metric.trend,
        unit_count=metric.unit_count,
        pre_period_correlation=metric.pre_period_correlation,
        funnel_step=metric.funnel_step,
        segments=[
            pb.SegmentBaseline(segment=one.segment, baseline=one.baseline, unit_count=one.unit_count)
            for one in metric.segments
        ],
        relative_mde=metric.relative_mde,
        revenue=metric.revenue,
    )


def traffic_from_proto(message: pb.TrafficProfile) -> TrafficProfile:
    """Returns the message as traffic; a share of 0 is all of it."""
    return TrafficProfile(message.units_per_day, message.share or 1.0)


def traffic_to_proto(traffic: TrafficProfile) -> pb.TrafficProfile:
    """Returns the traffic as a message."""
    return pb.TrafficProfile(units_per_day=traffic.units_per_day, share=traffic.share)


def past_from_proto(message: pb.PastExperiment) -> PastExperiment:
    """Returns the message as a past experiment."""
    return PastExperiment(
        message.experiment_id,
        message.intervention,
        message.metric_id,
        message.relative_lift if message.HasField("relative_lift") else None,
        message.standard_error if message.HasField("standard_error") else None,
        enums.member(PastOutcome, pb.PastOutcome, "PAST_OUTCOME", message.outcome) or PastOutcome.INCONCLUSIVE,
        tuple(message.tags),
    )
